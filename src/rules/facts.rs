//! What rules may ask besides readings: read-backs, counters, windows, the clock.
//!
//! The host keeps it, prepares it once a step before any rule is asked, and
//! stores what must survive a restart: today's counters, the cron minutes that
//! have been served, and windows. How long a process was away only the wall clock
//! can tell: windows go on once it is trusted, with a gap, and begin anew when it
//! was not trusted before.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::arbiter::{Level, OutputId};
use crate::clock::Now;
use crate::snapshot::Snapshot;

use super::calendar::cron::Cron;
use super::calendar::{self, Fired, Local};
use super::condition::{Truth, Word};
use super::expression::Expression;
use super::look::Bound;
use super::window::{Fold, Pane, Window};
use super::world::Site;

/// Longer steps than this are a sleep or a stop, not a step: nothing is counted
/// for what went by unseen.
const STEP_MAX: Duration = Duration::from_secs(10);

/// What the rules of a set ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    /// Windows, each once.
    pub windows: Vec<Pane>,
    /// Cron patterns, each once.
    pub crons: Vec<Cron>,
    /// Devices whose energy is asked for, each once.
    pub energies: Vec<Energy>,
    /// Names of outputs, by [`OutputId`].
    pub outputs: Vec<String>,
    /// Where the site is.
    pub site: Option<Site>,
}

impl Needs {
    /// The inputs that a number is made of.
    pub fn inputs_of(&self, expression: &Expression) -> Vec<usize> {
        let mut out = Vec::new();
        let behind = |expression: &Expression| match expression {
            Expression::Window(window, _) => Some(self.windows[*window].input),
            Expression::EnergyToday(energy) => {
                let energy = &self.energies[*energy];
                energy.yield_today.or(energy.power)
            }
            _ => None,
        };
        expression.inputs(&behind, &mut out);
        out
    }
}

/// Where a device's energy of today comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Energy {
    /// The device.
    pub device: String,
    /// Index of the input with the device's own count.
    pub yield_today: Option<usize>,
    /// Index of the input with its power, counted up where it has no count.
    pub power: Option<usize>,
}

/// Something counted since local midnight.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tally {
    name: String,
    /// Seconds, or kilowatt-seconds.
    #[serde(serialize_with = "coarsely")]
    sum: f64,
}

/// A counter is stored when its next minute begins, not at every step: storage wears.
fn coarsely<S: Serializer>(sum: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((sum / 60.0).floor() * 60.0)
}

/// An instant by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Dated {
    monotonic: Duration,
    /// Milliseconds of Unix time.
    wall: i64,
}

/// Windows of an earlier run, and the last instant of that run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Asleep {
    dated: Dated,
    windows: Vec<Window>,
}

/// Numbers that are worked out anew in each step; NaN where there is none.
#[derive(Clone, Debug, Default)]
pub struct Scratch(pub Vec<f64>);

impl PartialEq for Scratch {
    /// It is no memory: what follows does not depend on it.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Everything besides readings, as it is in this step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    #[serde(skip)]
    levels: Vec<Option<Level>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    windows: Vec<Window>,
    /// Windows of an earlier run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asleep: Option<Asleep>,
    /// The last step of this run with a wall clock that could be believed, if there
    /// are windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dated: Option<Dated>,
    #[serde(skip)]
    local: Option<Local>,
    #[serde(skip)]
    energies: Scratch,
    #[serde(skip)]
    last: Option<Duration>,
    #[serde(skip)]
    now: Option<Now>,
    /// The local date of the counters.
    #[serde(default)]
    date: Option<i32>,
    #[serde(default)]
    on_time: Vec<Tally>,
    #[serde(default)]
    energy: Vec<Tally>,
    #[serde(default)]
    crons: Vec<Fired>,
}

impl Facts {
    /// What is left of them after a restart.
    #[must_use]
    pub fn after_restart(self) -> Self {
        let Self { date, on_time, energy, crons, windows, dated, asleep, .. } = self;
        // What has no date yet cannot be told from what is long ago; what had one
        // before still has it.
        let asleep = dated.map_or(asleep, |dated| Some(Asleep { dated, windows }));
        Self { date, on_time, energy, crons, asleep, ..Self::default() }
    }

    /// Notes an output's level as it was read back.
    pub fn note_output(&mut self, output: OutputId, level: Option<Level>) {
        let index = usize::from(output.0);
        if self.levels.len() <= index {
            self.levels.resize(index + 1, None);
        }
        self.levels[index] = level;
    }

    /// Puts everything into the order of a rule set.
    pub fn align(&mut self, needs: &Needs) {
        let mut old = std::mem::take(&mut self.windows);
        let window = |pane: &Pane| match old.iter().position(|window| window.is_of(pane)) {
            Some(index) => old.swap_remove(index).moved(pane),
            None => Window::new(pane.clone()),
        };
        self.windows = needs.windows.iter().map(window).collect();
        self.crons = calendar::align(&needs.crons, &self.crons);
        self.on_time = tallies(needs.outputs.iter(), &self.on_time);
        self.energy = tallies(needs.energies.iter().map(|energy| &energy.device), &self.energy);
        self.energies = Scratch(vec![f64::NAN; needs.energies.len()]);
        self.levels.resize(needs.outputs.len(), None);
    }

    /// Brings everything up to this step.
    pub fn prepare(
        &mut self,
        now: Now,
        snapshot: &Snapshot,
        needs: &Needs,
        inputs: &[Bound],
        values: &[f64],
    ) {
        self.local = match &needs.site {
            Some(site) if now.wall_trusted => Some(Local::at(self.local.take(), site, now.wall)),
            _ => None,
        };
        self.now = Some(now);
        self.wake(now);
        for (window, pane) in self.windows.iter_mut().zip(&needs.windows) {
            window.feed(now.monotonic, values[pane.input]);
        }
        for (fired, cron) in self.crons.iter_mut().zip(&needs.crons) {
            fired.step(cron, self.local.as_ref(), now.monotonic);
        }
        self.count(now, needs, values);
        let own = |energy: &Energy| {
            energy.yield_today.is_some_and(|input| {
                let point = inputs[input].point;
                point.is_some_and(|point| snapshot.reading(point).is_some())
            })
        };
        for (index, energy) in needs.energies.iter().enumerate() {
            self.energies.0[index] = match energy.yield_today {
                Some(input) if own(energy) => values[input],
                _ => self.counted(index, energy, values),
            };
        }
    }

    /// Lets windows of an earlier run go on, once it is known how long they slept.
    fn wake(&mut self, now: Now) {
        if !now.wall_trusted || self.windows.is_empty() {
            return;
        }
        let wall = now.wall.as_millisecond();
        self.dated = Some(Dated { monotonic: now.monotonic, wall });
        let Some(Asleep { dated, windows }) = self.asleep.take() else { return };
        // A clock that went back says nothing about the time in between.
        let Ok(ago) = u64::try_from(wall.saturating_sub(dated.wall)) else { return };
        let ago = Duration::from_millis(ago);
        for window in &mut self.windows {
            if let Some(old) = windows.iter().find(|old| old.is_same(window)) {
                *window = old.clone().after(dated.monotonic, ago, now.monotonic, window);
            }
        }
    }

    /// Adds this step to the counters of the day.
    fn count(&mut self, now: Now, needs: &Needs, values: &[f64]) {
        let date = self.local.as_ref().map(Local::date);
        // What was counted before the clock was set counts for the day it is set to.
        if date.is_some() && self.date.is_some() && date != self.date {
            for tally in self.on_time.iter_mut().chain(&mut self.energy) {
                tally.sum = 0.0;
            }
        }
        self.date = date.or(self.date);
        let last = self.last.replace(now.monotonic);
        let passed = last.map_or(Duration::ZERO, |last| now.monotonic.saturating_sub(last));
        if passed > STEP_MAX {
            return;
        }
        let seconds = passed.as_secs_f64();
        for (tally, level) in self.on_time.iter_mut().zip(&self.levels) {
            if *level == Some(Level::On) {
                tally.sum += seconds;
            }
        }
        for (tally, energy) in self.energy.iter_mut().zip(&needs.energies) {
            let power = energy.power.map_or(f64::NAN, |input| values[input]);
            if power > 0.0 {
                tally.sum += power / 1000.0 * seconds;
            }
        }
    }

    fn counted(&self, index: usize, energy: &Energy, values: &[f64]) -> f64 {
        let known = energy.power.is_some_and(|input| !values[input].is_nan());
        match &self.local {
            Some(_) if known => self.energy[index].sum / 3600.0,
            _ => f64::NAN,
        }
    }

    /// A window's answer, or NaN.
    pub fn window(&self, index: usize, fold: Fold) -> f64 {
        self.windows.get(index).map_or(f64::NAN, |window| window.answer(fold))
    }

    /// How much of a window is covered, 0 to 1.
    pub fn covered(&self, index: usize) -> f64 {
        self.windows.get(index).map_or(0.0, Window::covered)
    }

    /// Seconds that an output was on today, or NaN.
    pub fn on_time(&self, output: OutputId) -> f64 {
        match (&self.local, self.on_time.get(usize::from(output.0))) {
            (Some(_), Some(tally)) => tally.sum,
            _ => f64::NAN,
        }
    }

    /// Kilowatt-hours of today, or NaN.
    pub fn energy(&self, index: usize) -> f64 {
        self.energies.0.get(index).copied().unwrap_or(f64::NAN)
    }

    /// The answer to a word without a number.
    pub fn ask(&self, word: &Word) -> Truth {
        match word {
            Word::IsOn(output) => self
                .levels
                .get(usize::from(output.0))
                .copied()
                .flatten()
                .map_or(Truth::Unknown, |level| Truth::from(level == Level::On)),
            Word::Clock(clock) => match (&self.local, self.now) {
                (Some(local), Some(now)) => local.ask(clock, &self.crons, now.wall),
                _ => Truth::Unknown,
            },
            Word::Never => Truth::No,
        }
    }
}

fn tallies<'a>(names: impl Iterator<Item = &'a String>, old: &[Tally]) -> Vec<Tally> {
    names
        .map(|name| {
            let known = old.iter().find(|tally| tally.name == *name).cloned();
            known.unwrap_or_else(|| Tally { name: name.clone(), sum: 0.0 })
        })
        .collect()
}
