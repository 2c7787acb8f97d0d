//! Row by row against the collected facts, where they are at hand.

use std::path::PathBuf;

use sunkeep::vedirect::product;
use sunkeep::vedirect::register::{self, Family, Register, Type, Wear};
use sunkeep::vedirect::state::{self, Meaning, bits::BIT_FIELDS, values::ENUMERATIONS};
use sunkeep::vedirect::text::{self, Form};

use crate::properties::{CORRECTED, PROPERTIES, READ_ONLY};

/// The text of a fact file, or a note on why nothing is compared.
fn facts(file: &str) -> Option<String> {
    let folder = std::env::var_os("SUNKEEP_PROTOCOL").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/protocol"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(folder.join(file)).ok();
    if text.is_none() {
        println!("{file} is not in {}: nothing compared", folder.display());
    }
    text
}

/// The rows of a CSV file as cells, header left out.
fn rows(file: &str) -> Vec<Vec<String>> {
    facts(file).unwrap_or_default().lines().skip(1).map(split).collect()
}

/// One CSV line; quotes as in RFC 4180, no line breaks inside.
fn split(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        let cell = cells.last_mut().unwrap();
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cell.push(char),
        }
    }
    cells
}

fn hex(text: &str) -> u32 {
    u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

fn family(name: &str) -> Family {
    match name {
        "mppt_vecan" => Family::Mppt,
        "blue_smart_charger" => Family::PhoenixCharger,
        name => Family::by_name(name).unwrap(),
    }
}

fn kind(name: &str) -> Type {
    match name {
        "void" => Type::Void,
        "un8" => Type::U8,
        "un16" => Type::U16,
        "un24" => Type::U24,
        "un32" => Type::U32,
        "sn16" => Type::I16,
        "sn32" => Type::I32,
        "string" => Type::Text,
        "record" => Type::Record,
        other => panic!("type {other}"),
    }
}

/// Symbol of the facts to ours; K is shown in °C.
fn symbol(unit: &str) -> &str {
    match unit {
        "K" | "degC" | "C" => "°C",
        "%/degC" => "%/°C",
        "Ohm" => "Ω",
        "count" => "",
        other => other,
    }
}

fn wear(cell: &str, writable: bool) -> Wear {
    match cell {
        "yes" | "yes(likely)" => Wear::Stored,
        "no" | "no(likely)" => Wear::Volatile,
        _ if writable => Wear::Unknown,
        _ => Wear::None,
    }
}

/// The raw number in the sentinel column, or the disabling zero of the notes.
fn sentinel(row: &[String]) -> Option<u32> {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_hexdigit).collect::<String>();
    match row[7].strip_prefix("0x") {
        Some(text) => Some(hex(&digits(text))),
        None if row[9].starts_with("0=disabled") => Some(0),
        None => None,
    }
}

fn check_register(row: &[String]) {
    let id = hex(&row[1]) as u16;
    let found: Vec<&Register> =
        register::all().filter(|r| r.family == family(&row[0]) && r.id == id).collect();
    let [found] = found[..] else { panic!("{row:?}") };
    assert_eq!(found.vendor_name, row[2]);
    assert_eq!(found.kind, kind(&row[3]), "{row:?}");
    assert_eq!(found.scale, row[4].parse().unwrap_or(1.0), "{row:?}");
    assert_eq!(found.unit.symbol(), symbol(&row[5]), "{row:?}");
    assert_eq!(found.offset, if row[5] == "K" { -273.15 } else { 0.0 }, "{row:?}");
    assert_eq!(found.readable, row[6].contains('r') || row[6] == "?", "{row:?}");
    assert_eq!(found.writable, row[6].contains('w'), "{row:?}");
    assert_eq!(found.sentinel, sentinel(row), "{row:?}");
    assert_eq!(found.wear, wear(&row[8], found.writable), "{row:?}");
    assert_eq!(found.source, row[11].replace(';', " "), "{row:?}");
    let limits = row[9]
        .split_once("..")
        .and_then(|(min, max)| Some((min.parse::<f64>().ok()?, max.parse::<f64>().ok()?)));
    if limits.is_some() {
        assert_eq!(found.range, limits, "{row:?}");
    }
    if let Some(renamed) = enumeration(&row[9]) {
        let name = match found.meaning {
            Meaning::Plain => "",
            Meaning::Enumeration(names) => names.name,
            Meaning::BitField(names) => names.name,
        };
        assert_eq!(name, renamed, "{row:?}");
    }
}

/// Our name of an enumeration that registers refer to by name.
fn enumeration(cell: &str) -> Option<&str> {
    let plain = cell.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    // A lighting event packs three numbers; its anchor is one of them.
    if !plain || cell.is_empty() || cell == "lighting_anchor" { None } else { Some(renamed(cell)) }
}

fn renamed(name: &str) -> &str {
    match name {
        "battery_voltage" => "system_voltage",
        "ar" => "alarm_reason",
        "err" => "charger_error",
        "mon" => "monitor_mode",
        "bmv_aux" => "auxiliary_input",
        other => other,
    }
}

#[test]
fn registers_agree_with_the_facts() {
    let rows = rows("registers.csv");
    rows.iter().for_each(|row| check_register(row));
    assert!(rows.is_empty() || rows.len() == register::all().count());
}

#[test]
fn enumerations_agree_with_the_facts() {
    let mut named = 0;
    for row in rows("enums.csv") {
        let (name, number) = (renamed(&row[0]), row[2].parse::<i32>().unwrap());
        let values = ENUMERATIONS.iter().copied().chain([&state::CHARGER_ERROR]);
        let known = match values.into_iter().find(|e| e.name == name) {
            Some(e) if e.values.iter().any(|(value, _)| *value == number) => true,
            Some(e) => e.flags.iter().any(|(bit, _)| 1 << bit == number),
            None => {
                let field = BIT_FIELDS.iter().find(|field| field.name == name).unwrap();
                field.bits.iter().any(|(bit, _)| i32::from(*bit) == number)
            }
        };
        assert!(known, "{row:?}");
        named += 1;
    }
    assert!(named == 0 || named == 385, "{named}");
}

#[test]
fn labels_agree_with_the_facts() {
    for row in rows("labels.csv") {
        if row[0] == "Checksum" {
            continue;
        }
        let label = text::find(row[0].as_bytes(), None).unwrap_or_else(|| panic!("{row:?}"));
        let (scale, unit) = row[2].split_once(' ').unwrap_or((&row[2], ""));
        if let (Ok(scale), Form::Number(parts)) = (scale.parse::<f64>(), label.form) {
            assert_eq!(scale * f64::from(parts), 1.0, "{row:?}");
            assert_eq!(label.unit.symbol(), symbol(unit), "{row:?}");
        }
    }
}

#[test]
fn products_agree_with_the_facts() {
    let rows = rows("products.csv");
    for row in &rows {
        let found = product::find(hex(&row[0]) as u16).unwrap_or_else(|| panic!("{row:?}"));
        assert_eq!((found.name, found.family), (row[1].as_str(), family(&row[2])), "{row:?}");
    }
    assert!(rows.is_empty() || rows.len() == product::all().len());
}

#[test]
fn properties_agree_with_the_facts() {
    let rows = rows("seed_properties.csv");
    for row in &rows {
        let (_, names) = PROPERTIES.iter().find(|(name, _)| *name == row[0]).unwrap();
        let ours: Vec<u16> =
            names.iter().map(|name| register::by_name(Family::MpptRs, name).unwrap().id).collect();
        let corrected = |id: u16| {
            let right = CORRECTED.iter().find(|(name, wrong, _)| *name == row[0] && *wrong == id);
            right.map_or(id, |(_, _, right)| *right)
        };
        for id in row[1].split(' ').chain(row[3].split(' ')).filter(|id| !id.is_empty()) {
            assert!(ours.contains(&corrected(hex(id) as u16)), "{row:?}");
        }
        let written = !row[3].is_empty() && !READ_ONLY.contains(&row[0].as_str());
        let writable = |name: &&str| register::by_name(Family::MpptRs, name).unwrap().writable;
        assert!(!written || names.iter().all(writable), "{row:?}");
    }
    assert!(rows.is_empty() || rows.len() == PROPERTIES.len());
}

#[test]
fn the_deny_list_agrees_with_the_facts() {
    let Some(text) = facts("control.toml") else {
        return;
    };
    let control: toml::Table = text.parse().unwrap();
    let mut listed: Vec<u16> = control["deny"]["registers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| hex(id.as_str().unwrap()) as u16)
        .collect();
    let mut ours = register::DENIED.to_vec();
    listed.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, listed);
}
