use std::collections::HashSet;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;
use crate::model::{Body, Share, Size, Version};
use crate::workload::{BodySize, Entity};

const ENTITIES: [Entity; 8] = [
    Entity::Product,
    Entity::UserProfile,
    Entity::Permissions,
    Entity::ProductListing,
    Entity::Dashboard,
    Entity::Counter,
    Entity::ApiResponse,
    Entity::Page,
];

fn rows(entity: Entity, size: BodySize) -> Rows {
    rows_with(entity, size, 0.0)
}

/// Rows of which a share is not there at first.
fn rows_with(entity: Entity, size: BodySize, absent: f64) -> Rows {
    let keys = Some(1_000);
    let dataset = DatasetOptions { entity, namespace: None, keys, size, absent: Share(absent) };
    Rows::new(&dataset, 7, 3, 1_000)
}

fn fixed(entity: Entity, size: u64) -> Rows {
    rows(entity, BodySize::Fixed(Size(size)))
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).is_ok()
}

proptest! {
    #[test]
    fn a_body_is_json_of_exactly_the_size_asked_for(
        which in 0..ENTITIES.len(), extra in 0_u64..9_000, key: u64, writer: u64
    ) {
        let entity = ENTITIES[which];
        let minimum = entity.fields_max() as u64;
        let body = fixed(entity, minimum + extra).body(Key(key), Writer(writer));
        prop_assert_eq!(body.len() as u64, minimum + extra);
        prop_assert!(is_json(&body), "{}", String::from_utf8_lossy(&body));
    }

    #[test]
    fn a_smaller_size_gives_the_smallest_body(which in 0..ENTITIES.len(), key: u64, writer: u64) {
        let entity = ENTITIES[which];
        let minimum = entity.fields_max() as u64;
        let body = fixed(entity, 0).body(Key(key), Writer(writer));
        prop_assert!(body.len() as u64 <= minimum, "{}", body.len());
        prop_assert!(is_json(&body));
    }

    /// A codec parses a body and writes it again: the checksum over it must still hold.
    #[test]
    fn a_body_survives_being_parsed_and_written_again(
        which in 0..ENTITIES.len(), size in 0_u64..9_000, key: u64, writer: u64
    ) {
        let body = fixed(ENTITIES[which], size).body(Key(key), Writer(writer));
        let parsed: serde_json::Value = serde_json::from_slice(&body).unwrap();
        prop_assert_eq!(serde_json::to_vec(&parsed).unwrap(), body);
    }

    /// Below, above and around what the fields take, with numbers of every length.
    #[test]
    fn a_promise_is_as_long_as_what_is_made_of_it(
        which in 0..ENTITIES.len(), size in 0_u64..1_500, key: u64, writer: u64,
        bits in (0_u32..64, 0_u32..64),
    ) {
        let rows = fixed(ENTITIES[which], size);
        let (key, writer) = (Key(key >> bits.0), Writer(writer >> bits.1));
        let (promised, written) = (rows.promised().draft(key, writer), rows.draft(key, writer));
        prop_assert_eq!(promised.size(), written.size());
        prop_assert_eq!(promised.in_full(), written.in_full());
        prop_assert_eq!(promised.aggregate, written.aggregate);
        prop_assert!(matches!(promised.body, Some(Body::Promised(_))));
        prop_assert!(matches!(written.body, Some(Body::Text(_))));
        prop_assert_eq!(promised.body, written.body);
    }

    #[test]
    fn every_writer_writes_something_of_its_own(
        which in 0..ENTITIES.len(), key: u64, one: u64, other: u64
    ) {
        prop_assume!(one != other);
        let entity = ENTITIES[which];
        let (rows, again) = (fixed(entity, 700), fixed(entity, 700));
        let body = rows.body(Key(key), Writer(one));
        prop_assert_eq!(&body, &again.body(Key(key), Writer(one)));
        prop_assert_ne!(body, rows.body(Key(key), Writer(other)));
    }

    #[test]
    fn a_key_draws_one_size_from_the_range(key: u64, min in 400_u64..2_000, extra in 0_u64..3_000) {
        let size = BodySize::Uniform { min: Size(min), max: Size(min + extra) };
        let rows = rows(Entity::Product, size);
        let length = rows.body(Key(key), Writer(1)).len() as u64;
        prop_assert!((min..=min + extra).contains(&length));
        prop_assert_eq!(length, rows.body(Key(key), Writer(2)).len() as u64);
    }
}

#[test]
fn sizes_spread_over_their_range() {
    let rows = rows(Entity::Page, BodySize::Uniform { min: Size(1_000), max: Size(1_099) });
    let sizes: HashSet<usize> = (0..2_000).map(|key| rows.initial(Key(key)).size()).collect();
    assert_eq!(sizes.len(), 100);
}

#[test]
fn a_revision_keeps_what_a_product_is_and_changes_what_it_costs() {
    let rows = fixed(Entity::Product, 1_024);
    let parsed = |writer| {
        serde_json::from_slice::<serde_json::Value>(&rows.body(Key(12), Writer(writer))).unwrap()
    };
    let (loaded, written) = (parsed(0), parsed(9));
    for field in ["id", "sku", "name", "category", "tags", "attributes"] {
        assert_eq!(loaded[field], written[field], "{field}");
    }
    for field in ["price_cents", "description", "revision"] {
        assert_ne!(loaded[field], written[field], "{field}");
    }
    assert_eq!(written["id"], 12);
    assert_eq!(written["revision"], 9);
}

#[test]
fn lists_hold_what_belongs_in_them() {
    for (entity, list, field) in [
        (Entity::Permissions, "permissions", "actions"),
        (Entity::ProductListing, "products", "price_cents"),
    ] {
        let rows = fixed(entity, 4_096);
        let parsed = |writer| {
            serde_json::from_slice::<serde_json::Value>(&rows.body(Key(7), Writer(writer))).unwrap()
        };
        let items = parsed(0)[list].as_array().unwrap().clone();
        assert!(items.len() >= 20, "{entity:?}: {}", items.len());
        assert!(items.iter().all(|item| !item[field].is_null()), "{entity:?}");
        let (first, last) = (&items[0], &items[items.len() - 1]);
        assert_ne!(first, last);
        assert_ne!(parsed(0)[list], parsed(9)[list], "a revision changes them");
    }
}

#[test]
fn bodies_compress_as_prose_does() {
    for entity in ENTITIES {
        let body = fixed(entity, 8_192).body(Key(3), Writer::LOAD);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&body).unwrap();
        let ratio = body.len() as f64 / encoder.finish().unwrap().len() as f64;
        assert!((2.0..8.0).contains(&ratio), "{entity:?}: {ratio}");
    }
}

#[test]
fn a_draft_is_intact() {
    let rows = fixed(Entity::UserProfile, 512);
    assert!(rows.initial(Key(5)).at(Version::INITIAL).is_intact(Key(5)));
    assert!(rows.draft(Key(5), Writer(8)).at(Version(1)).is_intact(Key(5)));
    assert!(rows.promised().draft(Key(5), Writer(8)).at(Version(1)).is_intact(Key(5)));
}

#[test]
fn child_amounts_are_fixed_and_differ() {
    let rows = fixed(Entity::Dashboard, 512);
    assert_eq!((rows.keys(), rows.children()), (1_000, 3));
    let amounts: Vec<i64> = (0..1_000).map(|key| rows.child_amount(Key(key), 2)).collect();
    assert!(amounts.iter().all(|amount| (1..=100).contains(amount)));
    assert_eq!(amounts.iter().collect::<HashSet<_>>().len(), 100);
    assert_eq!(amounts[7], fixed(Entity::Dashboard, 64).child_amount(Key(7), 2));
}

#[test]
fn a_row_that_was_never_loaded_has_no_children() {
    let rows = rows_with(Entity::Product, BodySize::default(), 0.25);
    assert_eq!((rows.keys(), rows.loaded()), (1_000, 750));
    assert_eq!(rows.aggregate(Key(749)).unwrap().rows, 3);
    assert_eq!(rows.aggregate(Key(750)), Some(Aggregate { rows: 0, total: 0 }));
}
