//! Opens the store as the configuration declares it.

use super::Options;
use super::inbox::{Inbox, Input};
use crate::config::Config;
use crate::store::{self, BootInfo, Store, StoreError};

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
    store::Options {
        flush_every: store::FLUSH_EVERY.mul_f64(speed),
        seal_every: store::SEAL_EVERY.mul_f64(speed),
        zone: config.zone(),
        keep: config.keeping.clone(),
        logs: config.logs.clone(),
        ..store::Options::default()
    }
}
