//! Weeks of the simulated site, written straight into a store.
//!
//! The plant of the demo in virtual time, without ports and daemons: what a month
//! leaves in the two databases, in seconds. For tests, benches and pictures. Two
//! plain rules live here: the heater keeps the cells above freezing, the load goes
//! when the battery is low. Everything repeats from its seed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::plant::{Controls, Plant, Site, State};
use crate::clock::Now;
use crate::journal::{Entry, Kind};
use crate::snapshot::Quality;
use crate::store::{BootInfo, Command, Options, Sample, Store, StoreError};
use crate::units::{Unit, Value};

/// What past to make.
#[derive(Clone, Debug)]
pub struct Past {
    /// The plant; its first day is a day of the year.
    pub site: Site,
    /// The weather.
    pub seed: u64,
    /// When it begins: solar midnight at the site.
    pub start: Timestamp,
    /// How long it lasts.
    pub span: Duration,
    /// Between two readings of a point.
    pub every: Duration,
    /// Spans, since the start, in which nothing was heard.
    pub silent: Vec<std::ops::Range<Duration>>,
}

impl Past {
    /// A month of a relay station at 63.4° north and 145.7° west in late winter, a
    /// reading every 20 seconds, with a day and a half of a cable that fell off.
    #[must_use]
    pub fn month() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self {
            site: Site { latitude: 63.4, first_day: 46.0, ..Site::default() },
            seed: 7,
            // 145.7° west is 9 h 42 min 48 s behind the sun of Greenwich.
            start: Timestamp::from_second(1_771_148_568).unwrap_or_default(),
            span: hours(28 * 24),
            every: Duration::from_secs(20),
            silent: std::iter::once(hours(17 * 24 + 4)..hours(18 * 24 + 16)).collect(),
        }
    }

    /// The zone of the place.
    #[must_use]
    pub fn zone() -> TimeZone {
        TimeZone::get("America/Anchorage").unwrap_or(TimeZone::UTC)
    }

    /// When it is over.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.start + self.span
    }

    /// Writes it into the databases of a folder.
    ///
    /// # Errors
    /// When the store cannot be opened, or a disk fails.
    pub fn write(&self, dir: &Path, options: Options) -> Result<(), String> {
        let boot = BootInfo {
            id: format!("past-{}", self.start.as_second()),
            started: self.now(Duration::ZERO),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let opened = Store::open(dir, boot, options, |_| {});
        let store = opened.map_err(|error: StoreError| error.with_cause())?;
        self.live(&store)?;
        store.flush()?;
        if store.close() { Ok(()) } else { Err("the disk hangs".to_owned()) }
    }

    fn now(&self, at: Duration) -> Now {
        Now { monotonic: at, wall: self.start + at, wall_trusted: true }
    }

    fn live(&self, store: &Store) -> Result<(), String> {
        let mut plant = Plant::new(self.site.clone(), self.seed);
        let names = Names::new();
        let mut rules = Rules { store, tickets: 0, load_on: true, heater_on: false };
        let mut at = Duration::ZERO;
        let mut sent = 0;
        rules.tell(self.now(at), Kind::Mode, "", "run", "started")?;
        while at < self.span {
            at += self.every;
            let controls = Controls {
                load_on: rules.load_on,
                heater_on: rules.heater_on,
                ..Controls::default()
            };
            let state = plant.step(self.every, controls).clone();
            let now = self.now(at);
            let silence = self.silent.iter().find(|silent| silent.contains(&at));
            if let Some(silence) = silence {
                if at < silence.start + self.every {
                    rules.tell(now, Kind::Alarm, "shunt", "silent", "no frame for 30 s")?;
                }
                continue;
            }
            let samples = names.samples(&state, now);
            sent += samples.len();
            if !store.send(Command::Samples(samples)) {
                return Err("the store refused readings".to_owned());
            }
            rules.step(&state, now)?;
            // Its queue is bounded, and virtual time is faster than a disk.
            if sent >= 20_000 {
                store.flush()?;
                sent = 0;
            }
        }
        rules.tell(self.now(at), Kind::Mode, "", "stopping", "asked to stop")
    }
}

/// What a point reads of the plant.
type Read = fn(&State) -> f64;

/// The points it has.
struct Names(Vec<(Arc<str>, Unit, Read)>);

impl Names {
    fn new() -> Self {
        let points: [(&str, Unit, Read); 7] = [
            ("shunt.soc", Unit::Percent, |state| state.state_of_charge),
            ("shunt.battery_voltage", Unit::Volt, |state| state.flow.voltage),
            ("shunt.battery_current", Unit::Ampere, |state| state.flow.battery),
            ("shunt.battery_temperature", Unit::Celsius, |state| state.cells),
            ("mppt.pv_power", Unit::Watt, |state| state.flow.panel),
            ("mppt.pv_voltage", Unit::Volt, |state| state.panel_voltage),
            ("mppt.state", Unit::None, |state| f64::from(state.flow.stage.number())),
        ];
        Self(points.map(|(name, unit, read)| (name.into(), unit, read)).to_vec())
    }

    fn samples(&self, state: &State, at: Now) -> Vec<Sample> {
        let sample = |(point, unit, read): &(Arc<str>, Unit, Read)| Sample {
            point: point.clone(),
            unit: *unit,
            // As many places as the devices tell.
            value: Value::number((read(state) * 100.0).round() / 100.0),
            quality: Quality::Good,
            at,
        };
        self.0.iter().map(sample).collect()
    }
}

/// Two rules, and what they journal.
struct Rules<'a> {
    store: &'a Store,
    tickets: u64,
    load_on: bool,
    heater_on: bool,
}

impl Rules<'_> {
    fn step(&mut self, state: &State, now: Now) -> Result<(), String> {
        let soc = state.state_of_charge;
        let load = if self.load_on { soc >= 30.0 } else { soc > 45.0 };
        if load != self.load_on {
            self.load_on = load;
            self.tell(now, Kind::Result, "load_output", verified(load), "read back")?;
        }
        let heat = match self.heater_on {
            true => state.cells < 6.0 && soc > 50.0,
            false => state.cells < 2.0 && soc > 60.0,
        };
        if heat != self.heater_on {
            self.heater_on = heat;
            self.tell(now, Kind::Result, "heater", verified(heat), "read back")?;
        }
        Ok(())
    }

    fn tell(
        &mut self,
        at: Now,
        kind: Kind,
        subject: &str,
        what: &str,
        reason: &str,
    ) -> Result<(), String> {
        self.tickets += 1;
        let entry = Entry::plain(at, kind, subject, what, reason);
        let sent =
            self.store.send(Command::Journal { ticket: self.tickets, entry, durable: false });
        if sent { Ok(()) } else { Err("the store refused an entry".to_owned()) }
    }
}

const fn verified(on: bool) -> &'static str {
    if on { "verified on" } else { "verified off" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Tier;
    use crate::store::query::HistoryReader;

    #[test]
    fn a_week_is_there_afterwards_and_repeats() {
        let week = Past {
            span: Duration::from_secs(7 * 86_400),
            every: Duration::from_secs(300),
            ..Past::month()
        };
        let rows = || {
            let dir = tempfile::tempdir().unwrap();
            week.write(dir.path(), Options::default()).unwrap();
            let reader = HistoryReader::open(dir.path()).unwrap();
            reader.series("shunt.soc", week.start..week.end(), Tier::Quarter).unwrap()
        };
        let first = rows();
        assert_eq!(first.len(), 7 * 96);
        assert_eq!(first, rows());
        assert!(first.iter().any(|row| row.max - row.min > 1.0), "nothing happens");
    }
}
