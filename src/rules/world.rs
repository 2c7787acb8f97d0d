//! What a rule file may talk about: inputs, devices and outputs by name.
//!
//! The configuration makes a [`World`]; the rules are compiled against it. It
//! holds declarations only, no values and no hardware.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::arbiter::{OutputId, Want};
use crate::snapshot::Point;
use crate::units::Unit;
use crate::vedirect::state::Meaning;

use super::derived::Derived;
use super::facts::Needs;

/// How old a reading may be where nothing else is declared. TEXT arrives every
/// second, a BMV's history block every two; ten seconds ride out some lost blocks.
pub const MAX_AGE: Duration = Duration::from_secs(10);

/// A value that rules can ask about.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name in rules: an alias (`soc`) or the point itself (`shunt.soc`).
    pub name: String,
    /// The point it reads, `device.quantity`; its own name if it is derived.
    pub point: String,
    /// What it is made of, if it reads no point: of inputs that stand before it.
    pub derived: Option<Arc<Derived>>,
    /// Older than this it is unknown.
    pub max_age: Duration,
    /// How long a rule with `if_unknown("hold")` goes on without it.
    pub grace: Duration,
    /// Unit of its numbers.
    pub unit: Unit,
    /// Names of its numbers, if any.
    pub meaning: Meaning,
    /// Inclusive; a value outside is unknown.
    pub valid: Option<(f64, f64)>,
}

impl Input {
    /// Its point, as a snapshot is told of it.
    #[must_use]
    pub fn declaration(&self) -> Point {
        let Self { point, unit, meaning, max_age, valid, .. } = self.clone();
        Point { name: point, unit, meaning, max_age, valid }
    }
}

/// A quantity that some device reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// Its name within the device, such as `pv_power`.
    pub name: String,
    /// Unit of its numbers.
    pub unit: Unit,
    /// Names of its numbers, if any.
    pub meaning: Meaning,
}

/// Where the site is: what the clock on its wall shows, and when its sun rises.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// Its time zone.
    pub zone: TimeZone,
}

/// Everything that has a name in rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// Declared inputs.
    pub inputs: Vec<Input>,
    /// Names of devices; any quantity of any of them is an input too.
    pub devices: Vec<String>,
    /// What devices can report, sorted by name: `state` for any device, and
    /// `inverter.state` where one device's differs.
    pub quantities: Vec<Quantity>,
    /// Names of outputs, in the order of their [`crate::arbiter::OutputId`].
    pub outputs: Vec<String>,
    /// Where the site is; without it no rule can ask the wall clock or the sun.
    pub site: Option<Site>,
    /// Set-points.
    pub setpoints: Vec<Setpoint>,
    /// Modes.
    pub modes: Vec<Mode>,
    /// Alert channels.
    pub alerts: Vec<Alert>,
    /// What conditions of the configuration ask for besides inputs.
    pub needs: Needs,
}

/// A register that rules may set.
#[derive(Clone, Debug, PartialEq)]
pub struct Setpoint {
    /// Its name in rules.
    pub name: String,
    /// Its place behind the outputs.
    pub output: OutputId,
    /// Unit of its values.
    pub unit: Unit,
    /// Both ends included.
    pub range: (f64, f64),
    /// Resolution of the register; 0: none known.
    pub step: f64,
}

/// Wishes that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// Its name in rules.
    pub name: String,
    /// What each output and set-point shall have.
    pub wants: Vec<(OutputId, Want)>,
}

/// Where messages to people go.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its name in rules.
    pub name: String,
    /// Said again this often while it lasts; `None`: once.
    pub repeat: Option<Duration>,
}

impl World {
    /// The declaration of `device.quantity`, if such a quantity exists.
    #[must_use]
    pub fn point(&self, device: &str, quantity: &str) -> Option<Input> {
        if quantity.contains('.') {
            return None;
        }
        let name = format!("{device}.{quantity}");
        let found = self.quantity(&name).or_else(|| self.quantity(quantity))?;
        Some(Input {
            point: name.clone(),
            name,
            derived: None,
            max_age: MAX_AGE,
            grace: MAX_AGE,
            unit: found.unit,
            meaning: found.meaning,
            valid: None,
        })
    }

    /// The name of an output or set-point.
    #[must_use]
    pub fn target(&self, output: OutputId) -> &str {
        let setpoint = || self.setpoints.iter().find(|setpoint| setpoint.output == output);
        let name = self.outputs.get(output.index()).map(String::as_str);
        name.or_else(|| setpoint().map(|setpoint| setpoint.name.as_str())).unwrap_or("")
    }

    /// What is known about a quantity.
    #[must_use]
    pub fn quantity(&self, name: &str) -> Option<&Quantity> {
        let at = self.quantities.binary_search_by(|known| known.name.as_str().cmp(name)).ok()?;
        Some(&self.quantities[at])
    }

    /// Names of quantities, for "did you mean".
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let names = self.quantities.iter().map(|known| known.name.as_str());
        names.filter(|name| !name.contains('.'))
    }

    /// Whether a word is an input, a device, an output or another declared name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// All names usable as a variable in a rule file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let inputs = self.inputs.iter().map(|input| input.name.as_str());
        inputs
            .chain(self.devices.iter().map(String::as_str))
            .chain(self.outputs.iter().map(String::as_str))
            .chain(self.setpoints.iter().map(|setpoint| setpoint.name.as_str()))
            .chain(self.modes.iter().map(|mode| mode.name.as_str()))
            .chain(self.alerts.iter().map(|alert| alert.name.as_str()))
    }
}
