//! What each kind of row looks like. A kind's fixed facts come from the key (`stable`), the others
//! from the revision; `revision` names the writer, so that no two revisions are alike.

use super::json::{Json, Sink};
use super::text::word;
use crate::workload::chance::Stream;
use crate::workload::options::Entity;

const CATEGORIES: [&str; 6] = ["kitchen", "garden", "office", "travel", "toys", "tools"];
const MATERIALS: [&str; 6] = ["oak", "steel", "linen", "glass", "wool", "bamboo"];
const COLOURS: [&str; 6] = ["white", "black", "green", "blue", "amber", "natural"];
const FIRST_NAMES: [&str; 8] =
    ["Ada", "Bruno", "Clara", "Dimitri", "Elena", "Farid", "Greta", "Hugo"];
const LAST_NAMES: [&str; 8] =
    ["Albrecht", "Bianchi", "Costa", "Dubois", "Eriksen", "Fischer", "Greco", "Horvat"];
const CITIES: [&str; 8] =
    ["Antwerp", "Bergen", "Cork", "Dresden", "Eindhoven", "Florence", "Ghent", "Helsinki"];
const LANGUAGES: [&str; 4] = ["de", "en", "fr", "pt"];
const ROLES: [&str; 6] = ["viewer", "editor", "approver", "auditor", "support", "administrator"];
const SCOPES: [&str; 4] = ["own", "team", "tenant", "region"];
const RESOURCES: [&str; 8] =
    ["orders", "invoices", "projects", "reports", "accounts", "tickets", "contracts", "files"];
const ACTIONS: [&str; 4] =
    [r#""read""#, r#""read","write""#, r#""read","export""#, r#""read","write","delete""#];

/// The body of row `id` as revision `revision`, in the size that `json` asks for.
pub fn write<S: Sink>(
    entity: Entity,
    id: u64,
    revision: u64,
    stable: Stream,
    mut json: Json<S>,
) -> S {
    json.raw(r#"{"id":"#).number(id);
    json.raw(r#","revision":"#).number(revision);
    match entity {
        Entity::Product => product(id, stable, json),
        Entity::UserProfile => user_profile(id, stable, json),
        Entity::Permissions => permissions(id, stable, json),
        Entity::ProductListing => product_listing(stable, json),
        Entity::Dashboard => dashboard(stable, json),
        Entity::Counter => counter(json),
        Entity::ApiResponse => api_response(json),
        Entity::Page => page(stable, json),
    }
}

fn product<S: Sink>(id: u64, mut stable: Stream, mut json: Json<S>) -> S {
    let stable = &mut stable;
    json.raw(r#","sku":"P-"#).number(id.wrapping_add(100_000)).raw(r#"","name":""#);
    json.raw(word(stable)).raw(" ").raw(word(stable)).raw(" ").raw(word(stable));
    json.raw(r#"","category":""#).raw(one_of(&CATEGORIES, stable));
    json.raw(r#"","price_cents":"#).fresh_number(199, 50_000);
    json.raw(r#","currency":"EUR","stock":"#).fresh_number(0, 500);
    json.raw(r#","rating":4."#).fresh_number(0, 10);
    json.raw(r#","tags":[""#).raw(word(stable)).raw(r#"",""#).raw(word(stable));
    json.raw(r#""],"attributes":{"colour":""#).raw(one_of(&COLOURS, stable));
    json.raw(r#"","material":""#).raw(one_of(&MATERIALS, stable));
    json.raw(r#"","weight_grams":"#).number(50 + stable.below(9_000));
    json.raw(r#"},"description":""#);
    json.finish("\"}")
}

fn user_profile<S: Sink>(id: u64, mut stable: Stream, mut json: Json<S>) -> S {
    let stable = &mut stable;
    let (first, last) = (one_of(&FIRST_NAMES, stable), one_of(&LAST_NAMES, stable));
    json.raw(r#","name":""#).raw(first).raw(" ").raw(last);
    json.raw(r#"","email":""#).raw(first).raw(".").raw(last).raw(".").number(id);
    json.raw(r#"@example.com","city":""#).raw(one_of(&CITIES, stable));
    json.raw(r#"","joined":""#).number(2010 + stable.below(15));
    json.raw("-").number(10 + stable.below(3)).raw("-").number(10 + stable.below(19));
    json.raw(r#"","roles":["reader","editor"],"preferences":{"language":""#);
    json.raw(one_of(&LANGUAGES, stable)).raw(r#"","newsletter":"#);
    json.boolean().raw(r#","items_per_page":"#).fresh_number(10, 90);
    json.raw(r#"},"logins":"#).fresh_number(1, 5_000).raw(r#","biography":""#);
    json.finish("\"}")
}

fn permissions<S: Sink>(id: u64, mut stable: Stream, mut json: Json<S>) -> S {
    const CLOSING: &str = r#"],"note":""}"#;
    let stable = &mut stable;
    json.raw(r#","user":{"login":""#).raw(one_of(&LAST_NAMES, stable)).raw(".").number(id);
    json.raw(r#"","tenant":""#).raw(word(stable)).raw(r#"","two_factor":"#);
    json.boolean().raw(r#"},"roles":["#);
    for (index, scope) in ["tenant", "team"].into_iter().enumerate() {
        json.raw(if index > 0 { r#",{"name":""# } else { r#"{"name":""# });
        json.raw(one_of(&ROLES, stable)).raw(r#"","scope":""#).raw(scope).raw("\"}");
    }
    json.raw(r#"],"permissions":["#);
    json.items(180, CLOSING, |json, _| {
        json.raw(r#"{"resource":""#).raw(one_of(&RESOURCES, stable)).raw("/");
        json.number(stable.below(1_000_000)).raw(r#"","actions":["#);
        json.raw(one_of(&ACTIONS, stable)).raw(r#"],"scope":""#).raw(one_of(&SCOPES, stable));
        json.raw(r#"","granted_by":"#).fresh_number(1, 100_000);
        json.raw(r#","conditions":{"limit_cents":"#).fresh_number(1_000, 1_000_000);
        json.raw(r#","office_hours":"#).boolean().raw("}}");
    });
    json.raw(r#"],"note":""#);
    json.finish("\"}")
}

fn product_listing<S: Sink>(mut stable: Stream, mut json: Json<S>) -> S {
    const CLOSING: &str = r#"],"note":""}"#;
    let stable = &mut stable;
    json.raw(r#","category":""#).raw(one_of(&CATEGORIES, stable));
    json.raw(r#"","title":""#).raw(word(stable)).raw(" ").raw(word(stable));
    json.raw(r#"","page":"#).number(1 + stable.below(40));
    json.raw(r#","sort":"popular","facets":{"in_stock":"#).fresh_number(0, 2_000);
    json.raw(r#","price_cents":{"min":"#).fresh_number(99, 900);
    json.raw(r#","max":"#).fresh_number(1_000, 90_000).raw(r#"}},"products":["#);
    json.items(170, CLOSING, |json, _| {
        json.raw(r#"{"id":"#).number(stable.below(1_000_000));
        json.raw(r#","name":""#).raw(word(stable)).raw(" ").raw(word(stable));
        json.raw(r#"","colour":""#).raw(one_of(&COLOURS, stable));
        json.raw(r#"","price_cents":"#).fresh_number(199, 50_000);
        json.raw(r#","rating":"#).fresh_number(1, 4).raw(".").fresh_number(0, 10);
        json.raw(r#","reviews":"#).fresh_number(0, 5_000);
        json.raw(r#","available":"#).boolean().raw("}");
    });
    json.raw(r#"],"note":""#);
    json.finish("\"}")
}

fn dashboard<S: Sink>(mut stable: Stream, mut json: Json<S>) -> S {
    const CLOSING: &str = r#"],"note":""}"#;
    json.raw(r#","title":""#).raw(word(&mut stable)).raw(" ").raw(word(&mut stable));
    json.raw(r#"","totals":{"visits":"#).fresh_number(1_000, 1_000_000);
    json.raw(r#","orders":"#).fresh_number(10, 50_000);
    json.raw(r#","revenue_cents":"#).fresh_number(10_000, 100_000_000);
    json.raw(r#"},"series":["#);
    json.items(80, CLOSING, |json, minute| {
        json.raw(r#"{"minute":"#).number(minute).raw(r#","visits":"#).fresh_number(10, 900);
        json.raw(r#","orders":"#).fresh_number(0, 40).raw("}");
    });
    json.raw(r#"],"note":""#);
    json.finish("\"}")
}

fn counter<S: Sink>(mut json: Json<S>) -> S {
    json.raw(r#","count":"#).fresh_number(0, 1_000_000).raw(r#","label":""#);
    json.finish("\"}")
}

fn api_response<S: Sink>(mut json: Json<S>) -> S {
    const CLOSING: &str = r#"],"message":""}"#;
    json.raw(r#","status":"ok","page":1,"total":"#).fresh_number(100, 10_000);
    json.raw(r#","items":["#);
    json.items(110, CLOSING, |json, index| {
        json.raw(r#"{"position":"#).number(index + 1).raw(r#","id":"#).fresh_number(1, 1_000_000);
        json.raw(r#","title":""#).fresh_word().raw(" ").fresh_word();
        json.raw(r#"","score":"#).fresh_number(0, 100).raw(r#","available":true}"#);
    });
    json.raw(r#"],"message":""#);
    json.finish("\"}")
}

fn page<S: Sink>(mut stable: Stream, mut json: Json<S>) -> S {
    const CLOSING: &str = r#"],"footer":""}"#;
    let stable = &mut stable;
    let (section, name) = (word(stable), word(stable));
    json.raw(r#","path":"/"#).raw(section).raw("/").raw(name);
    json.raw(r#"","title":""#).raw(name).raw(" ").raw(section);
    json.raw(r#"","language":""#).raw(one_of(&LANGUAGES, stable)).raw(r#"","sections":["#);
    json.items(240, CLOSING, |json, _| {
        json.raw(r#"{"heading":""#).fresh_word().raw(" ").fresh_word();
        json.raw(r#"","text":""#).prose(190).raw("\"}");
    });
    json.raw(r#"],"footer":""#);
    json.finish("\"}")
}

fn one_of<const N: usize>(choices: &[&'static str; N], chance: &mut Stream) -> &'static str {
    choices[chance.below(N as u64) as usize]
}
