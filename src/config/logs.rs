//! `[store]` and `[log.NAME]`: how long the history is kept, and logs on a schedule.
//!
//! What is kept in full, as sums, and in files is declared here; the store does it.

use std::time::Duration;

use crate::problem::nearest;
use crate::rules::{Input, World, refuse_name};
use crate::store::{Aggregate, Cadence, Keep, LogRule};

use super::devices::Device;
use super::inputs::quantities;
use super::reader::{Placed, Section, duration};

/// A year with its leap day.
const YEAR: Duration = Duration::from_secs(366 * 86_400);

const AGGREGATES: [(&str, Aggregate); 5] = [
    ("min", Aggregate::Min),
    ("mean", Aggregate::Mean),
    ("max", Aggregate::Max),
    ("last", Aggregate::Last),
    ("count", Aggregate::Count),
];

/// Where lines go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Into {
    File,
    Table,
}

/// The shortest and the longest interval of a log.
const EVERY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(86_400));

/// A history file smaller than this has no room for a day.
const ROOM_FOR_A_DAY: u64 = 16_000_000;

/// Logs of one site; each is a file a day.
const LOGS_MAX: usize = 32;

/// Reads `[store]`.
pub(super) fn keeping(root: &Section<'_>) -> Keep {
    let default = Keep::default();
    let Some(section) = root.section("store") else { return default };
    let keeping = Keep {
        full: long(&section, "full_rate", section.text("full_rate"), default.full),
        minutes: long(&section, "minutes", section.text("minutes"), default.minutes),
        quarters: long(&section, "quarters", section.text("quarters"), default.quarters),
        days: long(&section, "days", section.text("days"), default.days),
        bytes: size(&section, section.text("max_size"), ROOM_FOR_A_DAY).unwrap_or(default.bytes),
        free: size(&section, section.text("min_free"), 0).unwrap_or(default.free),
    };
    section.done();
    keeping
}

/// Reads all logs.
pub(super) fn logs(root: &Section<'_>, devices: &[Device], inputs: &[Input]) -> Vec<LogRule> {
    let world = World { quantities: quantities(devices), ..World::default() };
    let mut logs = Vec::new();
    for (name, section) in root.sections("log") {
        if let Some(reason) = refuse_name(&name.value) {
            let message = format!("`{}` cannot be a name", name.value);
            section.complain(name.span.clone(), message, reason);
        }
        let points = points(&section, devices, inputs, &world);
        let log = log(&section, name, points);
        section.done();
        logs.push(log);
    }
    if logs.len() > LOGS_MAX {
        let message = format!("there are {} logs, {LOGS_MAX} are the most", logs.len());
        root.complain(root.header("log"), message, "one log may have many points");
    }
    logs
}

fn log(section: &Section<'_>, name: Placed<String>, points: Vec<String>) -> LogRule {
    let into = section.texts("into");
    let into = into.map_or(vec![Into::File], |words| {
        let known = [("file", Into::File), ("table", Into::Table)];
        words.iter().filter_map(|word| section.one_of("into", word, &known)).collect()
    });
    let aggregates = section.texts("aggregates");
    let aggregates = aggregates.map_or(vec![Aggregate::Last], |words| {
        words.iter().filter_map(|word| section.one_of("aggregates", word, &AGGREGATES)).collect()
    });
    LogRule {
        name: name.value,
        points,
        cadence: cadence(section),
        aggregates,
        file: into.contains(&Into::File),
        table: into.contains(&Into::Table),
        keep: long(section, "keep", section.text("keep"), YEAR),
        sync_every: section.duration("sync").unwrap_or(Duration::from_secs(600)),
    }
}

fn cadence(section: &Section<'_>) -> Cadence {
    let every = section.duration("every");
    let band = section.number("on_change", 0.0, 1e9);
    let (shortest, longest) = EVERY;
    match (section.has("every"), section.has("on_change")) {
        (true, true) => {
            let help = "a log has lines at an interval, or when something changes";
            section.complain(
                section.header("on_change"),
                "`every` and `on_change` are both there",
                help,
            );
        }
        (false, false) => {
            section.missing("every", "for example `every = \"1min\"`, or `on_change = 0.1`")
        }
        _ => {}
    }
    if every.is_some_and(|every| every < shortest || every > longest) {
        section.complain(section.header("every"), "`every` must be from 1 s to 1 day", "");
    }
    match band {
        Some(band) => Cadence::OnChange(band.value),
        None => Cadence::Every(every.unwrap_or(longest)),
    }
}

/// The points of a log: of devices that exist, with quantities that exist. An input
/// stands for its point.
fn points(
    section: &Section<'_>,
    devices: &[Device],
    inputs: &[Input],
    world: &World,
) -> Vec<String> {
    let Some(words) = section.texts("points") else {
        if !section.has("points") {
            section.missing("points", "for example [\"shunt.soc\", \"mppt.*\"]");
        }
        return Vec::new();
    };
    if words.is_empty() {
        section.complain(section.header("points"), "`points` is empty", "");
    }
    let point = |word: &Placed<String>| {
        if let Some(input) = inputs.iter().find(|input| input.name == word.value) {
            return Some(input.point.clone());
        }
        let Some((device, quantity)) = word.value.split_once('.') else {
            let message = format!("there is no input `{}`", word.value);
            let help = match nearest(&word.value, inputs.iter().map(|input| input.name.as_str())) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "name a point, such as \"shunt.soc\", or all of a device: \"shunt.*\""
                    .to_owned(),
            };
            section.complain(word.span.clone(), message, &help);
            return None;
        };
        super::devices::known(section, devices, device, &word.span)?;
        if quantity != "*" && world.point(device, quantity).is_none() {
            let help = match nearest(quantity, world.words()) {
                Some(near) => format!("did you mean \"{device}.{near}\"?"),
                None => "`sunkeep registers` lists the names".to_owned(),
            };
            section.complain(word.span.clone(), format!("no device reports `{quantity}`"), &help);
        }
        Some(word.value.clone())
    };
    words.iter().filter_map(point).collect()
}

/// A duration that may be many years.
fn long(
    section: &Section<'_>,
    key: &str,
    text: Option<Placed<String>>,
    default: Duration,
) -> Duration {
    let Some(text) = text else { return default };
    let years = text.value.trim().trim_end_matches('s').strip_suffix("year");
    let years = years.and_then(|count| count.trim().parse::<u32>().ok());
    let found = years.filter(|years| *years <= 100).map(|years| YEAR * years);
    found.or_else(|| duration(&text.value)).unwrap_or_else(|| {
        let message = format!("`{key}` is not a duration: \"{}\"", text.value);
        section.complain(text.span, message, "write \"12h\", \"90days\" or \"10years\"");
        default
    })
}

/// A size such as `"500MB"`.
fn size(section: &Section<'_>, text: Option<Placed<String>>, least: u64) -> Option<u64> {
    let text = text?;
    let units = [("GB", 1_000_000_000.0), ("MB", 1_000_000.0)];
    let bytes = units.iter().find_map(|(unit, bytes)| {
        let count: f64 = text.value.trim().strip_suffix(unit)?.trim().parse().ok()?;
        // `as` saturates.
        Some((count * bytes) as u64)
    });
    match bytes {
        Some(bytes) if bytes >= least => return Some(bytes),
        Some(_) => {
            let help = format!("{}MB is the least", least / 1_000_000);
            section.complain(text.span, format!("\"{}\" is too small", text.value), &help);
        }
        None => {
            let message = format!("\"{}\" is not a size", text.value);
            section.complain(text.span, message, "write \"500MB\" or \"2GB\"");
        }
    }
    None
}
