//! What a script's values are, in words; and the inputs that they name.

use std::sync::Arc;

use rhai::{Dynamic, Position};

use super::acting::{AlertRef, ModeRef, SetpointRef};
use super::builder::{Build, DeviceRef, InputRef, OutputRef, TermRef};
use crate::rules::script::Switch;

impl Build {
    /// A quantity of a device as an input.
    pub fn property(&mut self, at: Position, device: &DeviceRef, quantity: &str) -> InputRef {
        if let Some(index) = self.point(&device.0, quantity) {
            return InputRef(Some(index));
        }
        let world = Arc::clone(&self.world);
        let help = crate::problem::nearest(quantity, world.words()).map_or_else(
            || "`sunkeep registers` lists the names".to_owned(),
            |near| format!("did you mean `{}.{near}`?", device.0),
        );
        self.complain(at, format!("no device reports `{quantity}`"), help);
        InputRef(None)
    }

    /// The input of a device's quantity, each once; `None`: there is no such quantity.
    pub fn point(&mut self, device: &str, quantity: &str) -> Option<usize> {
        let name = format!("{device}.{quantity}");
        let known = self.inputs.iter().position(|input| input.name == name);
        known.or_else(|| {
            self.inputs.push(self.world.point(device, quantity)?);
            Some(self.inputs.len() - 1)
        })
    }

    /// What a script's value is, in words.
    pub fn kind(&self, value: &Dynamic) -> String {
        if let Some(InputRef(Some(index))) = value.clone().try_cast::<InputRef>() {
            return format!("the input `{}`", self.inputs[index].name);
        }
        if let Some(OutputRef(id)) = value.clone().try_cast::<OutputRef>() {
            return format!("the output `{}`", self.world.outputs[usize::from(id.0)]);
        }
        if let Some(DeviceRef(name)) = value.clone().try_cast::<DeviceRef>() {
            return format!("the device `{name}`");
        }
        if let Some(Switch(level)) = value.clone().try_cast::<Switch>() {
            return format!("`{level}`");
        }
        if let Some(SetpointRef(output)) = value.clone().try_cast::<SetpointRef>() {
            return format!("the set-point `{}`", self.world.target(output));
        }
        if let Some(ModeRef(_, name)) = value.clone().try_cast::<ModeRef>() {
            return format!("the mode `{name}`");
        }
        if let Some(AlertRef(_, name)) = value.clone().try_cast::<AlertRef>() {
            return format!("the alert channel `{name}`");
        }
        if let Some(TermRef(Some(term))) = value.clone().try_cast::<TermRef>() {
            return format!("`{}`", term.text);
        }
        match value.type_name() {
            "i64" | "f64" => format!("the number {value}"),
            "string" => format!("the text \"{value}\""),
            "char" => format!("'{value}' (a text stands in double quotes)"),
            "bool" => format!("`{value}`"),
            "array" => "a list".to_owned(),
            "()" => "nothing".to_owned(),
            name if name.ends_with("Built") => "a condition".to_owned(),
            name if name.ends_with("SunRef") => "sunrise or sunset".to_owned(),
            name if name.ends_with("Span") => "a duration".to_owned(),
            name if name.ends_with("RuleRef") => "a rule".to_owned(),
            _ => "something else".to_owned(),
        }
    }
}

/// Words in a sentence: `a`, `b` and `c`.
pub fn list(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        None => "not declared yet".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
