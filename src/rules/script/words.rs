//! The words of a script: `s`, `mem`, a little arithmetic, and those of `wishing`.
//!
//! The engine is raw: what is not registered here or in `operators` does not
//! exist for a script. No word sees a file, the network or a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, ImmutableString};

use crate::arbiter::Level;
use crate::problem::nearest;
use crate::vedirect::state::Enumeration;

use super::super::look::Bound;
use super::host::{Shared, lock};
use super::notes::Note;
use super::operators::{self, Answer};
use super::taken::{Channel, ModeParts, Register};
use super::wishing;

/// The readings, as a script holds them.
#[derive(Clone, Copy, Debug)]
pub struct Readings;

/// The readings of one device.
#[derive(Clone, Debug)]
pub struct DeviceReadings(ImmutableString);

/// The memory, as a script holds it.
#[derive(Clone, Copy, Debug)]
pub struct Mem;

/// What `want` and `nothing` give back: the script has answered.
#[derive(Clone, Copy, Debug)]
pub struct Answered;

/// `on` and `off`.
#[derive(Clone, Copy, Debug)]
pub struct Switch(pub Level);

/// A state that has a name, such as `float`.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// Its number.
    pub number: i32,
    /// The names of all its kind.
    pub names: &'static Enumeration,
}

impl Named {
    /// Whether this state has that name.
    ///
    /// # Errors
    /// No state has it: a slip.
    pub fn is(self, name: &str) -> Result<bool, String> {
        let known = self.names.values.iter().map(|(_, known)| *known);
        if known.clone().any(|known| known.eq_ignore_ascii_case(name)) {
            let own = self.names.name_of(self.number);
            return Ok(own.is_some_and(|own| own.eq_ignore_ascii_case(name)));
        }
        let near = nearest(name, known).map(|near| format!("; did you mean \"{near}\"?"));
        Err(format!("no state is named \"{name}\"{}", near.unwrap_or_default()))
    }

    fn name(self) -> String {
        self.names.name_of(self.number).map_or_else(|| self.number.to_string(), str::to_owned)
    }
}

/// Registers every word.
pub fn register(engine: &mut Engine, host: &Shared, inputs: &[Bound]) {
    operators::register(engine);
    readings(engine, host, inputs);
    memory(engine, host);
    wishing::register(engine, host);
    numbers(engine);
    engine.register_fn("to_string", |state: Named| state.name());
    engine.register_fn("sleep", |_: Dynamic| -> Answer<()> { Err("a rule cannot wait".into()) });
    // Nobody listens; a rule speaks through its reasons.
    engine.register_fn("print", |_: Dynamic| ImmutableString::new());
    engine.register_fn("debug", |_: Dynamic| ImmutableString::new());
}

/// `s.soc` and `s.shunt.soc`.
fn readings(engine: &mut Engine, host: &Shared, inputs: &[Bound]) {
    // By quantity: the devices that are asked for it.
    let mut quantities: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::new();
    let mut devices: BTreeSet<&str> = BTreeSet::new();
    for (index, bound) in inputs.iter().enumerate() {
        let name = bound.input.name.as_str();
        match name.split_once('.') {
            Some((device, quantity)) => {
                devices.insert(device);
                quantities.entry(quantity).or_default().push((device, index));
            }
            None => reading(engine, host, index, name),
        }
    }
    for device in devices {
        let handle = DeviceReadings(device.into());
        engine.register_get(device, move |_: &mut Readings| handle.clone());
    }
    for (quantity, devices) in quantities {
        quantity_of(engine, host, quantity, &devices);
    }
    let refused = Arc::clone(host);
    engine.register_indexer_get(move |_: &mut Readings, name: &str| -> Answer<Dynamic> {
        Err(lock(&refused).refuse(format!("there is no input `{name}`")).into())
    });
    let refused = Arc::clone(host);
    engine.register_indexer_get(
        move |device: &mut DeviceReadings, name: &str| -> Answer<Dynamic> {
            Err(lock(&refused).refuse(unread(&device.0, name)).into())
        },
    );
}

fn reading(engine: &mut Engine, host: &Shared, index: usize, name: &str) {
    let (host, own): (_, Arc<str>) = (Arc::clone(host), name.into());
    engine.register_get(name, move |_: &mut Readings| -> Answer<Dynamic> {
        lock(&host).value(index, &own).map_err(Into::into)
    });
}

fn quantity_of(engine: &mut Engine, host: &Shared, quantity: &str, devices: &[(&str, usize)]) {
    let devices: Vec<(String, usize)> =
        devices.iter().map(|(device, index)| ((*device).to_owned(), *index)).collect();
    let (host, own): (_, Arc<str>) = (Arc::clone(host), quantity.into());
    engine.register_get(quantity, move |device: &mut DeviceReadings| -> Answer<Dynamic> {
        let mut host = lock(&host);
        match devices.iter().find(|(known, _)| device.0 == known.as_str()) {
            Some((device, index)) => {
                host.value(*index, &format!("{device}.{own}")).map_err(Into::into)
            }
            None => Err(host.refuse(unread(&device.0, &own)).into()),
        }
    });
}

fn unread(device: &str, quantity: &str) -> String {
    format!("`{device}.{quantity}` is not read as `s.{device}.{quantity}` in this rule")
}

/// `mem.count`, `mem.count = 1`, and `get`, `set`, `has` and `forget` by name.
fn memory(engine: &mut Engine, host: &Shared) {
    let held = Arc::clone(host);
    engine.register_indexer_get(move |_: &mut Mem, name: &str| -> Answer<Dynamic> {
        let mut host = lock(&held);
        let known = host.mem.get(name).map(Note::value);
        known.ok_or_else(|| {
            let text =
                format!("`mem.{name}` has no value yet; read it as `mem.get(\"{name}\", 0)`");
            host.refuse(text).into()
        })
    });
    let held = Arc::clone(host);
    let set = move |_: &mut Mem, name: &str, value: Dynamic| -> Answer<()> {
        let mut host = lock(&held);
        let noted = Note::new(&value).and_then(|note| host.mem.set(name, Some(note)));
        noted.map_err(|text| host.refuse(text).into())
    };
    engine.register_indexer_set(set.clone());
    engine.register_fn("set", set);
    let held = Arc::clone(host);
    engine.register_fn("get", move |_: &mut Mem, name: &str, default: Dynamic| {
        lock(&held).mem.get(name).map_or(default, Note::value)
    });
    let held = Arc::clone(host);
    engine.register_fn("has", move |_: &mut Mem, name: &str| lock(&held).mem.get(name).is_some());
    let held = Arc::clone(host);
    engine.register_fn("forget", move |_: &mut Mem, name: &str| -> Answer<()> {
        let mut host = lock(&held);
        let forgotten = host.mem.set(name, None);
        forgotten.map_err(|text| host.refuse(text).into())
    });
}

/// What arithmetic with measurements needs beyond operators.
fn numbers(engine: &mut Engine) {
    engine.register_fn("abs", |number: f64| number.abs());
    engine.register_fn("abs", |number: i64| number.saturating_abs());
    engine.register_fn("round", |number: f64| number.round());
    engine.register_fn("min", |a: f64, b: f64| a.min(b));
    engine.register_fn("max", |a: f64, b: f64| a.max(b));
    engine.register_fn("min", |a: i64, b: i64| a.min(b));
    engine.register_fn("max", |a: i64, b: i64| a.max(b));
    engine.register_fn("min", |a: f64, b: i64| a.min(b as f64));
    engine.register_fn("max", |a: f64, b: i64| a.max(b as f64));
    engine.register_fn("min", |a: i64, b: f64| b.min(a as f64));
    engine.register_fn("max", |a: i64, b: f64| b.max(a as f64));
    engine.register_iterator::<Array>();
    engine.register_fn("len", |list: Array| list.len() as i64);
}

/// What a script's value is, in words.
pub fn kind(value: &Dynamic) -> String {
    if let Some(state) = value.clone().try_cast::<Named>() {
        return format!("the state \"{}\"", state.name());
    }
    if let Some(Register(setpoint)) = value.clone().try_cast::<Register>() {
        return format!("the set-point `{}`", setpoint.name);
    }
    if let Some(ModeParts(mode)) = value.clone().try_cast::<ModeParts>() {
        return format!("the mode `{}`", mode.name);
    }
    if let Some(Channel(alert)) = value.clone().try_cast::<Channel>() {
        return format!("the alert channel `{}`", alert.name);
    }
    match value.type_name() {
        "i64" | "f64" => format!("the number {value}"),
        "string" => format!("the text \"{}\"", shortened(&value.to_string())),
        "bool" => format!("`{value}`"),
        "()" => "nothing".to_owned(),
        "array" => "a list".to_owned(),
        "map" => "a map".to_owned(),
        "Fn" => "a function".to_owned(),
        name => match name.rsplit("::").next().unwrap_or_default() {
            "Readings" => "all readings (name one, as in `s.soc`)",
            "DeviceReadings" => "a device (name one of its values)",
            "Mem" => "the memory (name a value, as in `mem.count`)",
            "Answered" => "an answer",
            "Switch" => "`on` or `off`",
            "OutputRef" => "an output",
            _ => "something else",
        }
        .to_owned(),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
