//! The knowledge tables are complete and agree with the collected facts.
//!
//! What can be said without the collection is always tested. The comparisons
//! read `../shared/protocol`, or the folder `SUNKEEP_PROTOCOL`; without it
//! they pass with a note.

// Helpers of tests are tests: a missing cell is a failure to be seen.
#![allow(clippy::unwrap_used)]

mod facts;
mod properties;

use properties::{CORRECTED, PROPERTIES, READ_ONLY, WIDTHS};
use sunkeep::vedirect::register::{self, Family, Register, Type};
use sunkeep::vedirect::text;

/// Everything of an MPPT is in this family too.
const FAMILY: Family = Family::MpptRs;

fn resolve(name: &str) -> &'static Register {
    register::by_name(FAMILY, name).unwrap_or_else(|| panic!("no register {name}"))
}

fn registers_of(property: &str) -> Vec<&'static Register> {
    let (_, names) = PROPERTIES.iter().find(|(known, _)| *known == property).unwrap();
    names.iter().map(|name| resolve(name)).collect()
}

#[test]
fn all_123_properties_have_their_equivalent() {
    assert_eq!(PROPERTIES.len(), 123);
    for (property, names) in PROPERTIES {
        assert!(!names.is_empty(), "{property}");
        for name in *names {
            assert_eq!(resolve(name).name, *name, "{property}: our own name, no alias");
        }
    }
    let mut properties: Vec<_> = PROPERTIES.iter().map(|(property, _)| property).collect();
    properties.sort_unstable();
    properties.dedup();
    assert_eq!(properties.len(), 123);
}

#[test]
fn the_mistakes_of_the_original_are_not_ours() {
    for (property, wrong, right) in CORRECTED {
        let ids: Vec<_> = registers_of(property).iter().map(|row| row.id).collect();
        assert!(ids.contains(right) && !ids.contains(wrong), "{property}");
    }
    for (property, width) in WIDTHS {
        assert_eq!(registers_of(property)[0].kind.width(), *width, "{property}");
    }
    for property in READ_ONLY {
        assert!(!registers_of(property)[0].writable, "{property}");
    }
}

#[test]
fn history_is_part_of_the_catalogue() {
    for day in 0..31 {
        for name in [format!("history_day_{day:02}"), format!("history_tracker_day_{day:02}")] {
            assert_eq!(resolve(&name).kind, Type::Record, "{name}");
        }
    }
    assert_eq!(resolve("history_total").kind, Type::Record);
}

#[test]
fn labels_without_a_register_are_few_and_known() {
    let registers: Vec<_> = Family::PRODUCTS.into_iter().flat_map(register::of_family).collect();
    let alone: Vec<_> = text::LABELS
        .iter()
        .filter(|row| !registers.iter().any(|register| register.name == row.name))
        .map(|row| row.label)
        .collect();
    let expected = ["V2", "V3", "I2", "I3", "Alarm", "Relay", "H13", "H14", "HSDS", "BMV", "HC#"];
    assert_eq!(alone, expected);
}
