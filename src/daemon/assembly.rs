//! Puts the control loop together from what the last run has left.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use super::beginning::{Beginning, Ran};
use super::control_loop::{self, ControlLoop};
use super::hands::Hands;
use super::inbox::Inbox;
use super::{MAX_AGE, Options, SNAPSHOT_EVERY, alive, counts, deadline, gap, keys, rules};
use crate::arbiter::Saved;
use crate::clock::Now;
use crate::engine::{Engine, Setup};
use crate::journal::{Entry, Kind};
use crate::rules::Memory;
use crate::snapshot::Snapshot;
use crate::store::query::JournalReader;
use crate::store::{self, Store};

pub(super) fn assemble(
    mut options: Options,
    mut hands: Hands,
    store: Store,
    inbox: Inbox,
    alive: alive::Alive,
    watch: deadline::Watch,
) -> ControlLoop {
    let now = options.clock.now();
    let saved = |key| store.state(key);
    let memory = saved(keys::KEY_RULES)
        .and_then(|json| serde_json::from_str::<Memory>(&json).ok())
        .unwrap_or_default()
        .after_restart();
    let trips = saved(keys::KEY_TRIPS).and_then(|json| serde_json::from_str(&json).ok());
    let originals = saved(keys::KEY_ORIGINALS);
    let originals = originals.and_then(|json| serde_json::from_str(&json).ok());
    let strays = hands.remember(originals.unwrap_or_default());
    let identities = saved(keys::KEY_IDENTITIES);
    let identities = identities.and_then(|json| serde_json::from_str(&json).ok());
    let (arbiter, ended) = remembered_arbiter(&options, &store);
    let beginning = Beginning::of(&options, &store);
    let ran = Ran::now(&options);
    let mut snapshot = Snapshot::new();
    snapshot.limit_rates(options.config.rates.clone());
    options.rules.bind(&mut snapshot);
    let mut devices = BTreeMap::new();
    for device in &options.config.devices {
        let (family, declared) = (device.family, device.serial_number.clone());
        let known = control_loop::Device { family, declared, ..Default::default() };
        devices.insert(device.name.as_str().into(), known);
    }
    let setup = Setup {
        rules: options.rules.without_trials(),
        memory,
        policies: options.config.policies().cloned().collect(),
        interlocks: options.config.interlocks.clone(),
        saved: arbiter,
        mode: beginning.mode,
        first_intent: store.last_intent() + 1,
    };
    let ledger = counts::remembered(now, options.speed, &store);
    close_open_intents(now, &options.config.data, &store);
    let names = snapshot.points().map(|(_, point)| point.name.as_str().into()).collect();
    let instead = options.config.instead.clone();
    let mut control = ControlLoop {
        engine: Engine::new(now.monotonic, setup),
        clock: options.clock,
        snapshot,
        hands,
        alive,
        store,
        inbox,
        devices,
        names,
        tail: VecDeque::new(),
        steps: 0,
        next_manual: 1 << 62,
        manual: BTreeMap::new(),
        ledger,
        charges: BTreeMap::new(),
        identities: identities.unwrap_or_default(),
        dropped: 0,
        entries: 0,
        max_age: MAX_AGE.mul_f64(options.pace),
        snapshot_every: SNAPSHOT_EVERY.mul_f64(options.speed),
        snapshot_due: now.monotonic,
        saved: BTreeMap::new(),
        memory_every: rules::MEMORY_EVERY.mul_f64(options.speed),
        memory_due: now.monotonic,
        config_problem: (!instead.is_empty()).then_some((now, instead)),
        rules_problem: String::new(),
        speed: options.speed,
        watch,
        starts: options.starts,
        mode_since: now,
        mode_why: beginning.why.clone(),
        without_rules: beginning.without_rules,
        remind_due: now.monotonic + control_loop::REMIND_EVERY,
    };
    control.engine.restore_trips(trips.unwrap_or_default());
    control.begin(&beginning, &ran);
    control.save_loss(now);
    control.tell_ended_overrides(&ended);
    control.tell_strays(&strays);
    control
}

/// What the arbiter knew when the last run ended, and the outputs whose override
/// has ended since.
fn remembered_arbiter(options: &Options, store: &Store) -> (Saved, Vec<String>) {
    let kept = store.state(keys::KEY_ARBITER);
    let kept = kept.map(|json| serde_json::from_str::<gap::Kept>(&json));
    let lost = store.state_lost() || matches!(kept, Some(Err(_)));
    match kept {
        Some(Ok(kept)) => kept.now(options.clock.now(), options.speed),
        // A lost count starts exhausted: what it counted may have been done.
        _ if lost => (Saved::exhausted(options.config.policies()), Vec::new()),
        _ => Default::default(),
    }
}

/// An intent that the last run left without a result becomes *unknown*; what is
/// really there is read back now.
fn close_open_intents(now: Now, data: &Path, store: &Store) {
    // No journal to read is no journal with open intents.
    let open = JournalReader::open(data).and_then(|journal| journal.open_intents());
    for recorded in open.unwrap_or_default() {
        let reason = "the last run ended before the act was confirmed; it is read back now";
        let entry = Entry {
            at: now,
            kind: Kind::Result,
            what: "unknown".to_owned(),
            reason: reason.to_owned(),
            used: Vec::new(),
            conditions: Vec::new(),
            ..recorded.entry
        };
        // A full queue is counted by the store and shown in the status.
        store.send(store::Command::Journal { ticket: 0, entry, durable: true });
    }
}
