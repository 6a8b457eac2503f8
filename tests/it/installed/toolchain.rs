//! The oldest toolchain that `Cargo.toml` promises.

use std::process::Command;

use serde_json::Value;

/// `1.94` or `1.94.1`, so that they can be compared.
fn release(text: &str) -> Vec<u32> {
    text.split('.').map(|part| part.parse().unwrap()).chain([0]).take(3).collect()
}

#[test]
fn no_dependency_wants_a_newer_toolchain_than_is_promised() {
    let mut cargo = Command::new(env!("CARGO"));
    let cargo = cargo.args(["metadata", "--locked", "--offline", "--format-version=1"]);
    let cargo = cargo.args(["--filter-platform", &host()]);
    let told = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let metadata: Value = serde_json::from_slice(&told.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let wanting = |package: &Value| package["rust_version"].as_str().map(release);
    let promised = release(env!("CARGO_PKG_RUST_VERSION"));
    let newer: Vec<_> = packages.iter().filter(|it| wanting(it) > Some(promised.clone())).collect();
    assert!(newer.is_empty(), "{newer:#?}");
    let told = packages.iter().filter(|it| wanting(it).is_some()).count();
    assert!(told > 100, "only {told} of {} packages name a toolchain", packages.len());
}

/// The machine that this is, as rustc names it: of others the packages need not be here.
fn host() -> String {
    let told = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}
