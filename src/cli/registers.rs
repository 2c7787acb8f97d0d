//! `sunkeep registers`: the catalogue as a table or as JSON.
//!
//! It asks no device: whether one has a register, only `sunkeep get` can tell.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::vedirect::register::{self, Family, Register, SOURCES, Type, Wear};
use crate::vedirect::state::Meaning;
use serde_json::{Value, json};

/// List the registers that can be read and written by name or number.
#[derive(Debug, clap::Args)]
pub struct Registers {
    /// Only this family, inherited registers included: common, mppt, mppt_rs,
    /// bmv, smartshunt, phoenix_inverter, phoenix_charger, orion_xs, multi_rs.
    #[arg(long, value_parser = family)]
    pub family: Option<Family>,
    /// One JSON array, with enumerations and notes, for scripts.
    #[arg(long)]
    pub json: bool,
}

impl Registers {
    /// Prints the list to standard output.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let rows = match self.family {
            Some(family) => register::of_family(family),
            None => register::all().collect(),
        };
        let mut out = io::stdout().lock();
        let written = if self.json { print_json(&rows, &mut out) } else { print(&rows, &mut out) };
        match written {
            // `| head` has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            other => other?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn family(name: &str) -> Result<Family, String> {
    Family::by_name(name).ok_or_else(|| {
        let names: Vec<_> = Family::PRODUCTS.iter().map(|family| family.name()).collect();
        format!("no such family; known are common, {}", names.join(", "))
    })
}

fn print(rows: &[&Register], out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<16} {:<6} {:<42} {:<6} {:<10} {:<6} {:<8} NOTE",
        "FAMILY", "ID", "NAME", "TYPE", "UNIT", "ACCESS", "WEAR"
    )?;
    for row in rows {
        let id = format!("0x{:04X}", row.id);
        let denied = if row.denied { "[denied to rules] " } else { "" };
        writeln!(
            out,
            "{:<16} {id:<6} {:<42} {:<6} {:<10} {:<6} {:<8} {denied}{}",
            row.family.name(),
            row.name,
            kind(row.kind),
            row.unit,
            access(row),
            wear(row.wear),
            row.note
        )?;
    }
    writeln!(out, "{} registers", rows.len())
}

fn print_json(rows: &[&Register], out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<_> = rows.iter().map(|row| to_json(row)).collect();
    serde_json::to_writer_pretty(&mut *out, &rows)?;
    writeln!(out)
}

fn to_json(row: &Register) -> Value {
    let sources: Vec<_> = row
        .source
        .split_whitespace()
        .filter_map(|key| SOURCES.iter().find(|(known, _)| *known == key))
        .map(|(_, title)| title)
        .collect();
    json!({
        "family": row.family.name(),
        "register": format!("0x{:04X}", row.id),
        "name": row.name,
        "vendor_name": row.vendor_name,
        "type": kind(row.kind),
        "scale": row.scale,
        "offset": row.offset,
        "unit": row.unit.symbol(),
        "access": access(row),
        "sentinel": row.sentinel,
        "release": row.release,
        "wear": wear(row.wear),
        "values": values(row.meaning),
        "range": row.range,
        "denied": row.denied,
        "note": row.note,
        "sources": sources,
    })
}

/// Names of numbers as `{"5": "float"}`, of bits as `{"bit 2": "..."}`.
fn values(meaning: Meaning) -> Value {
    match meaning {
        Meaning::Plain => Value::Null,
        Meaning::Enumeration(names) => {
            names.values.iter().map(|(number, name)| (number.to_string(), json!(name))).collect()
        }
        Meaning::BitField(names) => {
            names.bits.iter().map(|(bit, name)| (format!("bit {bit}"), json!(name))).collect()
        }
    }
}

const fn access(row: &Register) -> &'static str {
    match (row.readable, row.writable) {
        (true, true) => "rw",
        (true, false) => "r",
        (false, true) => "w",
        (false, false) => "-",
    }
}

const fn kind(kind: Type) -> &'static str {
    match kind {
        Type::Void => "action",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U24 => "u24",
        Type::U32 => "u32",
        Type::I16 => "i16",
        Type::I32 => "i32",
        Type::Text => "text",
        Type::Record => "record",
    }
}

const fn wear(wear: Wear) -> &'static str {
    match wear {
        Wear::None => "",
        Wear::Volatile => "volatile",
        Wear::Stored => "stored",
        Wear::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(family: Family) -> String {
        let mut out = Vec::new();
        print(&register::of_family(family), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_warns_of_wear_and_denial() {
        let text = listing(Family::Mppt);
        let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap();
        assert!(line("battery_float_voltage").contains("stored"));
        assert!(line("charge_current_limit").contains("volatile"));
        assert!(line(" battery_type ").contains("[denied to rules]"));
    }

    #[test]
    fn json_carries_what_a_script_needs() {
        let row = register::by_name(Family::Mppt, "load_output_control").unwrap();
        let json = to_json(row);
        assert_eq!(json["register"], "0xEDAB");
        assert_eq!(json["values"]["4"], "on");
        assert_eq!(json["wear"], "stored");
        assert_eq!(json["denied"], false);
    }

    #[test]
    fn unknown_families_are_told_the_known_ones() {
        assert!(family("orion").unwrap_err().contains("orion_xs"));
        assert_eq!(family("mppt-rs"), Ok(Family::MpptRs));
    }
}
