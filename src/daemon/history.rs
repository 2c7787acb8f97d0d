//! What the configuration says about the history, in the words of the store.

use super::Options;
use super::inbox::{Inbox, Input};
use crate::config::{self, Config};
use crate::store::{self, Aggregate, BootInfo, Cadence, Keep, LogRule, Store, StoreError};

/// Opens the store; what it has to say comes back through the inbox.
pub(super) fn open(options: &Options, inbox: &Inbox) -> Result<Store, StoreError> {
    let inbox = inbox.clone();
    let bounds = bounds(&options.config, options.speed);
    let boot = BootInfo::of_this_process(options.clock.now());
    Store::open(&options.config.data, boot, bounds, move |report| {
        inbox.deliver_blocking(Input::Stored(report));
    })
}

/// What the store is opened with. A clock that runs fast stretches its intervals:
/// the disk does not get faster with the clock.
fn bounds(config: &Config, speed: f64) -> store::Options {
    let keeping = &config.keeping;
    store::Options {
        flush_every: store::FLUSH_EVERY.mul_f64(speed),
        seal_every: store::SEAL_EVERY.mul_f64(speed),
        zone: config.zone(),
        keep: Keep {
            full: keeping.full_rate,
            minutes: keeping.minutes,
            quarters: keeping.quarters,
            days: keeping.days,
            bytes: keeping.max_size,
        },
        logs: config.logs.iter().map(log).collect(),
        ..store::Options::default()
    }
}

fn log(log: &config::Log) -> LogRule {
    LogRule {
        name: log.name.clone(),
        points: log.points.clone(),
        cadence: match log.cadence {
            config::Cadence::Every(every) => Cadence::Every(every),
            config::Cadence::OnChange(band) => Cadence::OnChange(band),
        },
        aggregates: log.aggregates.iter().map(|aggregate| as_stored(*aggregate)).collect(),
        file: log.file,
        table: log.table,
        keep: log.keep,
        sync_every: log.sync,
    }
}

fn as_stored(aggregate: config::Aggregate) -> Aggregate {
    match aggregate {
        config::Aggregate::Min => Aggregate::Min,
        config::Aggregate::Mean => Aggregate::Mean,
        config::Aggregate::Max => Aggregate::Max,
        config::Aggregate::Last => Aggregate::Last,
        config::Aggregate::Count => Aggregate::Count,
    }
}
