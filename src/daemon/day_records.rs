//! Asks chargers for what they remember of their days.
//!
//! Soon after the start and then once a day, about noon: a charger's day ends when
//! its panels go dark, so by noon its "yesterday" is everybody's. Only days that are
//! not kept yet are asked for, up to a month back: a site that was down for a week
//! has its gap filled. What is asked are reads; a device that does not answer is
//! asked again later.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::task::JoinHandle;

use super::Options;
use super::desk::Desk;
use super::inbox::{Inbox, Input};
use crate::clock::{Clock, Now};
use crate::config;
use crate::session::{Outcome, ReadResult, Task};
use crate::store::query::HistoryReader;
use crate::store::{DeviceDay, Field};
use crate::units::Value;
use crate::vedirect::record::Record;
use crate::vedirect::register::{Decoded, Family};

/// The device is identified and has said its live values by then.
const FIRST_AFTER: Duration = Duration::from_secs(20);

/// How often it is looked whether the time has come, and how soon a device that did
/// not answer is asked again.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Records that a charger keeps: today and 30 days.
const RECORDS: u16 = 31;

/// Hours of the site's day in which a charger's today is the site's.
const DAYTIME: std::ops::Range<i8> = 11..17;

const SERIAL_NUMBER: u16 = 0x010A;

/// One task for each charger, for as long as the program runs.
pub(super) fn start<'a>(
    options: &'a Options,
    desk: &'a Arc<Desk>,
    inbox: &'a Inbox,
) -> impl Iterator<Item = JoinHandle<()>> + 'a {
    let charger = |device| Charger::new(device, options, desk.clone(), inbox.clone());
    options.config.devices.iter().filter_map(charger).map(|charger| tokio::spawn(charger.run()))
}

/// One charger and where its days go.
struct Charger {
    device: String,
    /// Today's record; yesterday's follows.
    first: u16,
    data: PathBuf,
    zone: TimeZone,
    desk: Arc<Desk>,
    inbox: Inbox,
    clock: Arc<dyn Clock>,
}

impl Charger {
    /// `None` for a device of a family that remembers no days.
    fn new(
        device: &config::Device,
        options: &Options,
        desk: Arc<Desk>,
        inbox: Inbox,
    ) -> Option<Self> {
        let first = match device.family {
            // A device of no declared kind is asked; it refuses if it has none.
            None | Some(Family::Mppt) => 0x1050,
            Some(Family::MpptRs) => 0x10A0,
            Some(_) => return None,
        };
        let (config, clock) = (&options.config, options.clock.clone());
        let (device, data, zone) = (device.name.clone(), config.data.clone(), config.zone());
        Some(Self { device, first, data, zone, desk, inbox, clock })
    }

    /// Runs for as long as the program.
    async fn run(self) {
        let mut asked_on: Option<Option<Date>> = None;
        tokio::time::sleep(self.clock.real(FIRST_AFTER)).await;
        loop {
            let now = self.clock.now();
            let today = today(now, &self.zone);
            let due = asked_on.is_none() || (today.is_some() && asked_on != Some(today));
            if due && self.ask(now, today).await {
                asked_on = Some(today);
            }
            tokio::time::sleep(self.clock.real(LOOK_EVERY)).await;
        }
    }

    /// Asks for all days that are missing; whether the device had something to say.
    async fn ask(&self, now: Now, today: Option<Date>) -> bool {
        let serial = match self.read(SERIAL_NUMBER).await {
            Some(ReadResult::Value(Decoded::Value(Value::Text(serial)))) => serial.to_string(),
            Some(ReadResult::Refused(_)) => String::new(),
            _ => return false,
        };
        let known = self.known(&serial).await;
        let read = |index| self.read(self.first + index);
        let Some(records) = missing(read, &known).await else { return false };
        for (index, record) in (0..).zip(records) {
            let day = day(&self.device, &serial, now, today, index, &record);
            if let Some(day) = day {
                self.inbox.deliver(Input::DeviceDay(day)).await;
            }
        }
        true
    }

    async fn read(&self, register: u16) -> Option<ReadResult> {
        match self.desk.submit(&self.device, Task::Read { register })?.await {
            Ok(Outcome::Read(result)) => Some(result),
            _ => None,
        }
    }

    /// Numbers of the days that need not be asked for again.
    async fn known(&self, serial: &str) -> BTreeSet<u32> {
        let (data, device, serial) = (self.data.clone(), self.device.clone(), serial.to_owned());
        let days = tokio::task::spawn_blocking(move || {
            HistoryReader::open(&data).and_then(|reader| reader.device_days(Some(&device)))
        });
        // No history to read is no history of days.
        let days = days.await.ok().and_then(Result::ok).unwrap_or_default();
        let whole = |day: &&DeviceDay| day.serial == serial && day.complete && day.date.is_some();
        days.iter().filter(whole).map(|day| day.sequence).collect()
    }
}

/// The site's date while a charger's today is the site's.
fn today(now: Now, zone: &TimeZone) -> Option<Date> {
    let local = now.wall.to_zoned_datetime(zone.clone());
    (now.wall_trusted && DAYTIME.contains(&local.hour())).then(|| local.date())
}

/// Reads records from today back to the first day that is kept already. `None`: the
/// device did not answer, nothing is known.
async fn missing<F>(read: impl Fn(u16) -> F, known: &BTreeSet<u32>) -> Option<Vec<Record>>
where
    F: Future<Output = Option<ReadResult>>,
{
    let mut records = Vec::new();
    for index in 0..RECORDS {
        match read(index).await? {
            ReadResult::Value(Decoded::Record(record)) => {
                let kept = sequence(&record).is_some_and(|number| known.contains(&number));
                records.push(record);
                if kept && index > 0 {
                    break;
                }
            }
            // A day that does not exist yet is refused.
            ReadResult::Refused(_) | ReadResult::Value(_) => break,
            _ => return None,
        }
    }
    Some(records)
}

fn sequence(record: &Record) -> Option<u32> {
    match record {
        Record::Day(day) => day.day_sequence.map(u32::from),
        Record::TrackerDay(day) => day.day_sequence.map(u32::from),
        Record::Total(_) => None,
    }
}

fn day(
    device: &str,
    serial: &str,
    now: Now,
    today: Option<Date>,
    index: i64,
    record: &Record,
) -> Option<DeviceDay> {
    let errors = match record {
        Record::Day(day) => day.errors.iter().collect(),
        _ => Vec::new(),
    };
    let field = |(name, unit, value): (&str, crate::units::Unit, Option<f64>)| Field {
        name: name.to_owned(),
        unit: unit.symbol().to_owned(),
        value,
    };
    Some(DeviceDay {
        device: device.to_owned(),
        serial: serial.to_owned(),
        sequence: sequence(record)?,
        date: today.map(|today| today.saturating_sub(index.days())),
        complete: index > 0,
        fetched: now.wall,
        errors,
        fields: record.fields().into_iter().map(field).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vedirect::hex::Flags;

    /// A charger in the tenth day of its life; yesterday's number is 9.
    async fn record(index: u16) -> Option<ReadResult> {
        if index >= 10 {
            return Some(ReadResult::Refused(Flags(0x04)));
        }
        let mut bytes = [0; 34];
        bytes[32..].copy_from_slice(&(10 - index).to_le_bytes());
        let record = Record::decode(0x1050, &bytes).unwrap();
        Some(ReadResult::Value(Decoded::Record(record)))
    }

    async fn numbers(known: &[u32]) -> Vec<u32> {
        let known = known.iter().copied().collect();
        let records = missing(record, &known).await.unwrap();
        records.iter().filter_map(sequence).collect()
    }

    #[tokio::test]
    async fn only_days_that_are_not_kept_are_asked_for() {
        assert_eq!(numbers(&[]).await, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(numbers(&[9]).await, [10, 9]);
        assert_eq!(numbers(&[6, 5]).await, [10, 9, 8, 7, 6]);
    }

    #[tokio::test]
    async fn a_device_that_does_not_answer_is_asked_again() {
        let silent = |_| std::future::ready(None);
        assert!(missing(silent, &BTreeSet::new()).await.is_none());
    }

    #[test]
    fn dates_count_back_from_noon_and_nights_have_none() {
        let at = |wall: &str| Now {
            monotonic: Duration::ZERO,
            wall: wall.parse().unwrap(),
            wall_trusted: true,
        };
        let noon = at("2026-12-03T12:00:00Z");
        let today = today(noon, &TimeZone::UTC);
        let record = Record::decode(0x1050, &[1; 34]).unwrap();
        let yesterday = day("mppt", "HQ1", noon, today, 1, &record).unwrap();
        assert_eq!(yesterday.date, Some("2026-12-02".parse().unwrap()));
        assert!(yesterday.complete && yesterday.number("yield").is_some());
        assert_eq!(super::today(at("2026-12-03T02:00:00Z"), &TimeZone::UTC), None);
        let unset = Now { wall_trusted: false, ..noon };
        assert_eq!(super::today(unset, &TimeZone::UTC), None);
    }
}
