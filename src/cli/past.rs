//! Looking back: which points are meant, and what a command found out about them.

use anyhow::{Context, bail};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::declared::Declared;
use super::when;
use crate::problem::nearest;
use crate::store::StoredPoint;
use crate::store::query::HistoryReader;

/// Opens the history of a site.
///
/// # Errors
/// When it is not there or cannot be read.
pub fn open(declared: &Declared) -> anyhow::Result<HistoryReader> {
    let reader = HistoryReader::open(&declared.data)
        .with_context(|| format!("cannot read the history in {}", declared.data.display()))?;
    Ok(reader.in_zone(declared.zone.clone()))
}

/// Finds the points that words mean: full names, short names of the configuration, or
/// what follows the device where only one has it.
///
/// # Errors
/// Names every word that means nothing here, with the nearest right one.
pub fn find(
    words: &[String],
    stored: &[StoredPoint],
    declared: &Declared,
) -> anyhow::Result<Vec<StoredPoint>> {
    let mut found: Vec<StoredPoint> = Vec::new();
    let mut problems = Vec::new();
    for word in words {
        match one(word, stored, declared) {
            Ok(point) if found.iter().any(|known| known.name == point.name) => {}
            Ok(point) => found.push(point.clone()),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(found)
}

fn one<'a>(
    word: &str,
    stored: &'a [StoredPoint],
    declared: &Declared,
) -> Result<&'a StoredPoint, String> {
    // A quantity that changed its unit is there twice: the newer one counts.
    let named = |name: &str| {
        let all = stored.iter().filter(|point| &*point.name == name);
        all.max_by_key(|point| point.heard.map(|(_, last)| last))
    };
    if let Some(point) = named(word).or_else(|| named(declared.inputs.get(word)?)) {
        return Ok(point);
    }
    if let Some(from) = declared.inputs.get(word) {
        return Err(format!("`{word}` is {from}, and that was never heard"));
    }
    let ending =
        |point: &&StoredPoint| point.name.split_once('.').is_some_and(|(_, rest)| rest == word);
    let mut endings: Vec<&StoredPoint> = stored.iter().filter(ending).collect();
    endings.dedup_by(|a, b| a.name == b.name);
    match endings.as_slice() {
        [point] => Ok(point),
        [] => Err(unknown(word, stored, declared)),
        several => {
            let names: Vec<&str> = several.iter().map(|point| &*point.name).collect();
            Err(format!("`{word}` is told by several: say {}", names.join(" or ")))
        }
    }
}

fn unknown(word: &str, stored: &[StoredPoint], declared: &Declared) -> String {
    let full = stored.iter().map(|point| &*point.name);
    let short = full.clone().filter_map(|name| Some(name.split_once('.')?.1));
    let known = declared.inputs.keys().map(String::as_str).chain(full).chain(short);
    match nearest(word, known) {
        Some(near) => format!("no point `{word}` in the history: did you mean `{near}`?"),
        None => format!(
            "no point `{word}` in the history: `sunkeep history` lists those that are there"
        ),
    }
}

/// Says when a point was heard, to somebody who found nothing.
#[must_use]
pub fn heard(point: &StoredPoint, zone: &TimeZone) -> String {
    let time = |at: Timestamp| when::local(at, zone, "%Y-%m-%d %H:%M");
    match point.heard {
        Some((first, last)) => {
            format!("{} was heard from {} to {}", point.name, time(first), time(last))
        }
        None => format!("{} never had a number while the clock was set", point.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn declared() -> Declared {
        let inputs = [("soc", "shunt.soc"), ("wind", "mast.wind")];
        Declared {
            kept: BTreeMap::new(),
            largest: String::new(),
            data: "data".into(),
            zone: TimeZone::UTC,
            place: None,
            inputs: inputs
                .map(|(name, from)| (name.to_owned(), from.to_owned()))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
            outputs: Vec::new(),
        }
    }

    #[track_caller]
    fn check(word: &str, expected: Result<&str, &str>) {
        let point =
            |name: &&str| StoredPoint { name: (*name).into(), unit: "V".into(), heard: None };
        let names = ["shunt.soc", "shunt.battery_voltage", "mppt.battery_voltage", "mppt.pv_power"];
        let stored: Vec<StoredPoint> = names.iter().map(point).collect();
        let found = find(&[word.to_owned()], &stored, &declared());
        let found =
            found.map(|points| points[0].name.to_string()).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn points_have_full_short_and_device_less_names() {
        check("shunt.soc", Ok("shunt.soc"));
        check("soc", Ok("shunt.soc"));
        check("pv_power", Ok("mppt.pv_power"));
    }

    #[test]
    fn what_is_not_there_is_told_with_the_nearest_right_word() {
        check("pv_pwer", Err("no point `pv_pwer` in the history: did you mean `pv_power`?"));
        check("shunt.sco", Err("no point `shunt.sco` in the history: did you mean `shunt.soc`?"));
        check(
            "battery_voltage",
            Err(
                "`battery_voltage` is told by several: say shunt.battery_voltage or mppt.battery_voltage",
            ),
        );
        check("wind", Err("`wind` is mast.wind, and that was never heard"));
        check(
            "zebra",
            Err("no point `zebra` in the history: `sunkeep history` lists those that are there"),
        );
    }
}
