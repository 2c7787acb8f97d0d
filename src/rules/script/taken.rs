//! What a script takes along from the file around it.
//!
//! A closure holds the names of the world that it uses. Set-points, modes and
//! channels are taken along with what is declared of them, so that a running
//! script needs no configuration; inputs are not taken, they are read from `s`.

use std::sync::Arc;

use rhai::{Array, Dynamic, FnPtr, Map};

use crate::arbiter::OutputId;
use crate::rules::world::{Alert, Mode, Setpoint};

use super::super::language::acting::{AlertRef, ModeRef, SetpointRef};
use super::super::language::builder::{
    Build, Built, DeviceRef, InputRef, OutputRef, RuleRef, Span, TermRef,
};

/// A set-point, as a running script holds it.
#[derive(Clone, Debug)]
pub struct Register(pub Arc<Setpoint>);

/// A mode, as a running script holds it.
#[derive(Clone, Debug)]
pub struct ModeParts(pub Arc<Mode>);

/// An alert channel, as a running script holds it.
#[derive(Clone, Debug)]
pub struct Channel(pub Arc<Alert>);

/// What a script may ask for, going by what it took along.
#[derive(Debug, Default)]
pub struct Reach {
    /// Outputs and set-points, those of its modes included.
    pub outputs: Vec<OutputId>,
    /// Names of modes and channels.
    pub others: Vec<String>,
}

impl Reach {
    /// Whether it can ask for nothing at all.
    pub fn is_empty(&self) -> bool {
        self.outputs.is_empty() && self.others.is_empty()
    }

    /// Each once, in order.
    pub fn tidied(mut self) -> Self {
        self.outputs.sort_unstable();
        self.outputs.dedup();
        self.others.sort_unstable();
        self.others.dedup();
        self
    }
}

/// A value that no longer changes when the file's variable does.
pub fn apart(build: &Build, value: &Dynamic) -> Dynamic {
    let value = value.clone().flatten();
    if let Ok(list) = value.as_array_ref() {
        return list.iter().map(|value| apart(build, value)).collect::<Array>().into();
    }
    if let Ok(map) = value.as_map_ref() {
        return map.iter().map(|(k, v)| (k.clone(), apart(build, v))).collect::<Map>().into();
    }
    let world = &build.world;
    if let Some(SetpointRef(output)) = value.clone().try_cast()
        && let Some(setpoint) = world.setpoints.iter().find(|known| known.output == output)
    {
        return Dynamic::from(Register(Arc::new(setpoint.clone())));
    }
    if let Some(ModeRef(index, _)) = value.clone().try_cast() {
        return Dynamic::from(ModeParts(Arc::new(world.modes[index].clone())));
    }
    if let Some(AlertRef(index, _)) = value.clone().try_cast() {
        return Dynamic::from(Channel(Arc::new(world.alerts[index].clone())));
    }
    value
}

/// Why a value of the file cannot be taken along into a script; what can be asked
/// for goes to `reach`.
pub fn untakable(name: &str, value: &Dynamic, reach: &mut Reach) -> Option<(String, String)> {
    if let Ok(list) = value.as_array_ref() {
        return list.iter().find_map(|value| untakable(name, value, reach));
    }
    if let Ok(map) = value.as_map_ref() {
        return map.values().find_map(|value| untakable(name, value, reach));
    }
    if let Some(OutputRef(output)) = value.clone().try_cast() {
        reach.outputs.push(output);
    } else if let Some(Register(setpoint)) = value.clone().try_cast() {
        reach.outputs.push(setpoint.output);
    } else if let Some(ModeParts(mode)) = value.clone().try_cast() {
        reach.outputs.extend(mode.wants.iter().map(|(output, _)| *output));
        reach.others.push(mode.name.clone());
    } else if let Some(Channel(alert)) = value.clone().try_cast() {
        reach.others.push(alert.name.clone());
    }
    if value.is::<InputRef>() || value.is::<DeviceRef>() {
        let message = format!("inside `decide`, `{name}` is read from `s`");
        return Some((message, format!("write `s.{name}`")));
    }
    let what = match value {
        value if value.is::<Built>() => "a condition",
        value if value.is::<TermRef>() => "calculated from inputs",
        value if value.is::<Span>() => "a duration",
        value if value.is::<RuleRef>() => "a rule",
        value if value.is::<FnPtr>() => "a function in a variable",
        _ => return None,
    };
    Some((format!("`{name}` is {what}, which a script does not see"), String::new()))
}

/// A taken value in words that stay the same from one start to the next.
pub fn spell(build: &Build, value: &Dynamic, text: &mut String) {
    if let Ok(list) = value.as_array_ref() {
        text.push_str("\n[");
        return list.iter().for_each(|value| spell(build, value, text));
    }
    if let Ok(map) = value.as_map_ref() {
        return map.iter().for_each(|(name, value)| {
            text.push_str(&format!("\n#{name}"));
            spell(build, value, text);
        });
    }
    let handle = value.is::<Register>() || value.is::<ModeParts>() || value.is::<Channel>();
    let kind = if handle { super::words::kind(value) } else { build.kind(value) };
    text.push_str(&format!("\n{kind}"));
}
