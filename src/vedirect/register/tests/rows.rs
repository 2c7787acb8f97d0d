//! Every row of the catalogue: found by all its names, worked both ways.

use super::*;

#[test]
fn families_inherit_and_shadow() {
    assert_eq!(find(SmartShunt, 0x0FFF).unwrap().family, Bmv);
    assert_eq!(find(MpptRs, 0xED8D).unwrap().family, MpptRs);
    assert_eq!(find(MpptRs, 0xEDF6).unwrap().family, Mppt);
    assert_eq!(find(Mppt, 0x0200).unwrap().family, Mppt);
    assert_eq!(find(PhoenixInverter, 0x0120).unwrap().family, Family::Common);
    assert!(find(Bmv, 0xEDF6).is_none());
    assert_eq!(row(Mppt, "bat_float_v").id, 0xEDF6);
    assert_eq!(row(Mppt, "history_day_30").id, 0x106E);
    assert_eq!(row(MpptRs, "history_tracker_day_00").id, 0x10A0);
}

#[test]
fn every_row_is_found_by_id_and_names() {
    assert_eq!(all().count(), 407);
    for family in [Family::Common].into_iter().chain(Family::PRODUCTS) {
        let rows = of_family(family);
        for row in &rows {
            for name in [row.name, row.vendor_name, &format!("0x{:04X}", row.id)] {
                let found = by_name(family, name).unwrap();
                assert_eq!((found.family, found.id), (row.family, row.id), "{family:?} {name}");
            }
            let usable = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            assert!(row.name.bytes().all(usable), "{}", row.name);
        }
        let mut names: Vec<_> = rows.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), rows.len(), "names of {family:?} are unique");
    }
    assert_eq!(
        all()
            .filter(|row| row.denied)
            .map(|row| row.id)
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        DENIED.len()
    );
}

/// A raw number that is allowed for a row: within its range and meaning.
fn sample(row: &Register) -> u32 {
    match row.meaning {
        Meaning::Enumeration(names) => names
            .values
            .iter()
            .map(|(n, _)| row_bits(row, *n))
            .find(|raw| row.sentinel != Some(*raw))
            .unwrap(),
        Meaning::BitField(names) => 1 << names.bits[0].0,
        Meaning::Plain => match row.range {
            Some((min, _)) => ((min - row.offset) / row.scale).round() as i64 as u32 & mask(row),
            None => 7,
        },
    }
}

fn row_bits(row: &Register, number: i32) -> u32 {
    number.cast_unsigned() & mask(row)
}

fn mask(row: &Register) -> u32 {
    (u64::MAX >> (64 - 8 * row.kind.width())) as u32
}

#[test]
fn every_row_works_both_ways() {
    let bytes = |row: &Register, raw: u32| raw.to_le_bytes()[..row.kind.width()].to_vec();
    for row in all() {
        let name = format!("{:?} {}", row.family, row.name);
        match row.kind {
            Type::Void => {
                assert!(row.decode(&[]).is_err(), "{name}");
                assert_eq!(row.encode(&Value::Number(0.0)).unwrap().as_slice(), b"", "{name}");
                continue;
            }
            Type::Text => {
                assert!(row.decode(b"ab\0").is_ok(), "{name}");
                assert_eq!(row.encode(&Value::Text("ab".into())).is_ok(), row.writable, "{name}");
                continue;
            }
            Type::Record => {
                assert!(matches!(row.decode(&[0; 36]), Ok(Decoded::Record(_))), "{name}");
                assert_eq!(row.measurement(&[0; 36]), Ok(None), "{name}");
                assert!(row.encode(&Value::Number(0.0)).is_err(), "{name}");
                continue;
            }
            _ => {}
        }
        let raw = sample(row);
        let Ok(Decoded::Value(value)) = row.decode(&bytes(row, raw)) else {
            panic!("{name} does not decode {raw:#x}");
        };
        assert!(row.decode(&[0; 5]).is_err(), "{name}");
        match row.encode(&value) {
            Ok(payload) => assert_eq!(payload.as_slice(), bytes(row, raw), "{name}"),
            Err(error) => assert!(!row.writable, "{name}: {error}"),
        }
        let Some(sentinel) = row.sentinel.filter(|_| row.layout == Layout::Whole) else {
            continue;
        };
        assert_eq!(row.decode(&bytes(row, sentinel)), Ok(Decoded::NotAvailable), "{name}");
        assert_eq!(row.measurement(&bytes(row, sentinel)).unwrap().unwrap().value, None, "{name}");
        if row.writable {
            let number = Value::Number(row.scaled_for_test(sentinel));
            assert!(row.encode(&number).is_err(), "{name} wrote its sentinel");
            let released = row.encode(&Value::Text("release".into()));
            assert_eq!(released.is_ok(), row.release, "{name}");
        }
    }
}

#[test]
fn every_source_is_explained() {
    for row in all() {
        for key in row.source.split_whitespace() {
            assert!(SOURCES.iter().any(|(known, _)| *known == key), "{}: {key}", row.name);
        }
        assert!(!row.source.is_empty(), "{}", row.name);
    }
}
