//! The servers that `docker compose up` brings, held to what the README says of them. No container is
//! started here.

use serde_json::Value;

fn compose() -> Value {
    serde_saphyr::from_str(include_str!("../../docker-compose.yml")).unwrap()
}

#[test]
fn every_service_is_pinned_checked_and_open_to_this_machine_alone() {
    let compose = compose();
    let services = compose["services"].as_object().unwrap();
    assert_eq!(services.keys().collect::<Vec<_>>(), ["redis", "postgres"]);
    for (name, service) in services {
        let image = service["image"].as_str().unwrap();
        let (_, tag) = image.split_once(':').unwrap_or_else(|| panic!("{name} has no tag"));
        assert!(tag.starts_with(|sign: char| sign.is_ascii_digit()), "{image}");
        let check = &service["healthcheck"];
        assert!(check["test"].as_array().is_some_and(|test| test[0] == "CMD"), "{name}");
        assert!(check["interval"].is_string() && check["retries"].is_u64(), "{name}");
        let ports = service["ports"].as_array().unwrap();
        assert_eq!(ports.len(), 1, "{name}");
        assert!(ports[0].as_str().unwrap().starts_with("127.0.0.1:"), "{name}");
        assert!(service["volumes"].is_null(), "{name} keeps nothing");
    }
    assert!(services["postgres"]["environment"]["POSTGRES_PASSWORD"].is_string());
}

#[test]
fn the_addresses_in_the_readme_lead_to_them() {
    let compose = compose();
    let place = |service: &str| {
        let port = compose["services"][service]["ports"][0].as_str().unwrap();
        port.rsplit_once(':').unwrap().0.to_owned()
    };
    let environment = &compose["services"]["postgres"]["environment"];
    let setting = |name: &str| environment[name].as_str().unwrap().to_owned();
    let redis = format!("--redis-url redis://{}", place("redis"));
    let postgres = format!(
        "--store-url postgres://{}:{}@{}/{}",
        setting("POSTGRES_USER"),
        setting("POSTGRES_PASSWORD"),
        place("postgres"),
        setting("POSTGRES_DB"),
    );
    for text in [include_str!("../../README.md"), include_str!("../../docker-compose.yml")] {
        for expected in [
            "docker compose up --wait",
            &redis,
            &postgres,
            "docker compose down -v",
            "cacheduel doctor",
        ] {
            assert!(text.contains(expected), "there is no {expected}");
        }
    }
}
