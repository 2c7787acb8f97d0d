//! What the owner declares: site, devices, inputs, outputs.
//!
//! A TOML file becomes a checked [`Config`] or a [`Report`] of *all* problems,
//! each with its line, column and excerpt. Nothing starts on half a
//! configuration. Safety is declared here, with each output, and holds whatever
//! any rule says.

mod derived;
mod devices;
mod duration;
mod files;
mod inputs;
mod interlocks;
pub mod last_good;
mod limits;
mod logs;
mod modes;
mod notes;
mod outputs;
mod pins;
mod probes;
pub mod reader;
mod setpoints;
mod site;
mod switches;

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use toml::de::DeTable;

use crate::actuator::plan::Plan;
use crate::arbiter::{OutputId, Policy, Want};
use crate::probe::Probe;
use crate::problem::{Located, Problem, Source, render, sort};
use crate::rules::{self, Alert, Input, Interlock, Mode, RuleSet, World, refuse_name};
use crate::snapshot::Rates;
use crate::store::{Keep, LogRule};
use crate::trial::{self, Premises};

pub use devices::Device;
use files::folders;
pub use files::read;
pub use inputs::quantities;
pub use outputs::{Actuator, Output};
pub use pins::pins_of;
use reader::{Placed, Reader, Section};
pub use setpoints::Setpoint;
pub use site::Site;
pub use switches::Setting;

/// A checked configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where the site is.
    pub site: Option<Site>,
    /// The folder of `history.db` and `journal.db`.
    pub data: PathBuf,
    /// The folder of the rule files.
    pub rules: PathBuf,
    /// VE.Direct devices, in the order of the file.
    pub devices: Vec<Device>,
    /// Temperature sensors of the board; each is an input too.
    pub probes: Vec<Probe>,
    /// Aliases that rules use, in the order of the file; then the probes.
    pub inputs: Vec<Input>,
    /// Outputs, in the order of the file; the index is the [`crate::arbiter::OutputId`].
    pub outputs: Vec<Output>,
    /// The pin that completed steps toggle, for a watchdog relay outside.
    pub heartbeat: Option<u8>,
    /// Set-points, in the order of the file; they follow the outputs in every table.
    pub setpoints: Vec<Setpoint>,
    /// Wishes under one name.
    pub modes: Vec<Mode>,
    /// Where messages to people go.
    pub alerts: Vec<Alert>,
    /// How fast points may change, in their unit a second.
    pub rates: Rates,
    /// What must hold for outputs and set-points to be away from safe.
    pub interlocks: Vec<Interlock>,
    /// How long the history is kept.
    pub keeping: Keep,
    /// Logs on a schedule.
    pub logs: Vec<LogRule>,
    /// Why this is the last good copy and not what the file says; empty when it is.
    pub instead: String,
    /// All of these as rules know them, with what conditions of this file ask for.
    world: World,
}

/// Why a configuration or its rules cannot be used.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Everything that is wrong, in the order of the files.
    pub problems: Vec<Problem>,
    /// The files, for the excerpts.
    pub sources: Vec<Source>,
}

impl Report {
    /// The problems with excerpts, as a terminal shows them.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        render(&self.problems, &self.sources, color)
    }

    /// The problems with line and column, as `--json` prints them.
    #[must_use]
    pub fn located(&self) -> Vec<Located> {
        self.problems.iter().map(|problem| problem.locate(&self.sources)).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Report {}

/// Reads and checks a configuration file.
///
/// # Errors
/// Reports every problem of the file; or that it cannot be read.
pub fn load(path: &Path) -> Result<(Config, Source), Report> {
    let source = read(path)?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    match parse(&source, folder).and_then(|config| folders(config, &source)) {
        Ok(config) => Ok((config, source)),
        Err(problems) => Err(Report { problems, sources: vec![source] }),
    }
}

/// Checks the text of a configuration; relative folders are beside `folder`.
///
/// # Errors
/// Returns every problem of the text.
pub fn parse(source: &Source, folder: &Path) -> Result<Config, Vec<Problem>> {
    let reader = Reader::new(&source.name);
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    for error in &errors {
        let end = source.text.len();
        reader.complain(error.span().unwrap_or(end..end), error.message(), "");
    }
    // Half a document would only bring complaints about what is missing.
    let config = errors.is_empty().then(|| {
        let root = Section::root(&reader, document.get_ref());
        let config = config(&root, source, folder);
        root.done();
        guarded(config, &root, &reader, source)
    });
    let mut problems = reader.into_problems();
    sort(&mut problems);
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

/// Adds the interlocks. What they may name must be right first, or every mistake
/// would be reported twice.
fn guarded(config: Config, root: &Section<'_>, reader: &Reader, source: &Source) -> Config {
    if reader.has_problems() {
        return config;
    }
    let mut world = config.world.clone();
    let interlocks = interlocks::interlocks(root, source, &config, &mut world);
    Config { interlocks, world, ..config }
}

fn config(root: &Section<'_>, source: &Source, folder: &Path) -> Config {
    let path = |key, default: &str| {
        let given = root.text(key).map(|text| text.value);
        folder.join(given.as_deref().unwrap_or(default))
    };
    let mut names = Names::default();
    let devices = devices::devices(root, &mut names);
    let mut inputs = inputs::inputs(root, &devices, &mut names);
    let (probes, measured): (Vec<_>, Vec<_>) = probes::probes(root, &mut names).into_iter().unzip();
    inputs.plain.extend(measured);
    let outputs = outputs::outputs(root, &devices, &mut names);
    let setpoints = setpoints::setpoints(root, &devices, &outputs, &mut names);
    let modes = modes::modes(root, &outputs, &setpoints, &mut names);
    let alerts = modes::alerts(root, &mut names);
    let keeping = logs::keeping(root);
    let logs = logs::logs(root, &devices, &inputs.plain);
    let config = Config {
        site: root.section("site").and_then(|section| site::site(&section)),
        data: path("data", "data"),
        rules: path("rules", "rules"),
        devices,
        probes,
        inputs: inputs.plain,
        heartbeat: pins::heartbeat(root, &outputs),
        outputs,
        setpoints,
        modes,
        alerts,
        rates: Rates { named: inputs.rates, by_unit: true },
        interlocks: Vec::new(),
        keeping,
        logs,
        instead: String::new(),
        world: World::default(),
    };
    let mut world = config.declared();
    derived::derive(inputs.drafts, inputs.broken, source, &mut world);
    // A point that a calculation uses is an input without a name of its own.
    let named = world.inputs.iter().filter(|input| !input.name.contains('.'));
    let inputs = named.cloned().collect();
    Config { inputs, world, ..config }
}

/// Every name that rules can use; one name means one thing.
#[derive(Debug, Default)]
struct Names(Vec<String>);

impl Names {
    /// Takes a name, or complains.
    fn take(&mut self, section: &Section<'_>, name: &Placed<String>) {
        if let Some(reason) = refuse_name(&name.value) {
            let message = format!("`{}` cannot be a name", name.value);
            section.complain(name.span.clone(), message, reason);
        } else if self.0.contains(&name.value) {
            let message = format!("the name `{}` is used twice", name.value);
            let help = "inputs, devices and outputs share their names in rules";
            section.complain(name.span.clone(), message, help);
        }
        self.0.push(name.value.clone());
    }
}

impl Config {
    /// What rules may talk about.
    #[must_use]
    pub fn world(&self) -> World {
        self.world.clone()
    }

    fn declared(&self) -> World {
        World {
            inputs: self.inputs.clone(),
            devices: self.devices.iter().map(|device| device.name.clone()).collect(),
            quantities: quantities(&self.devices),
            outputs: self.outputs.iter().map(|output| output.policy.name.clone()).collect(),
            site: self.site.as_ref().map(Site::place),
            setpoints: self.declared_setpoints().collect(),
            modes: self.modes.clone(),
            alerts: self.alerts.clone(),
            needs: rules::Needs::default(),
        }
    }

    fn declared_setpoints(&self) -> impl Iterator<Item = crate::rules::Setpoint> {
        let theirs = self.setpoints.iter().enumerate().filter(|(_, setpoint)| !setpoint.fixed);
        theirs.map(|(index, setpoint)| {
            // The configuration refuses more than a u16 counts.
            let place = u16::try_from(self.outputs.len() + index).unwrap_or(u16::MAX);
            setpoint.declared(OutputId(place))
        })
    }

    /// The policies of outputs and set-points, in the order of their numbers.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        let outputs = self.outputs.iter().map(|output| &output.policy);
        outputs.chain(self.setpoints.iter().map(|setpoint| &setpoint.policy))
    }

    /// The registers of all outputs and set-points, each with its safe state.
    pub fn plans(&self) -> impl Iterator<Item = (&Plan, Want)> {
        let outputs = self.outputs.iter().filter_map(|output| match &output.actuator {
            Actuator::Register(plan) => Some((plan, output.policy.safe)),
            Actuator::Gpio(_) => None,
        });
        let setpoints = self.setpoints.iter();
        outputs.chain(setpoints.map(|setpoint| (&setpoint.plan, setpoint.policy.safe)))
    }

    /// Reads and compiles every `*.rhai` file of the rules folder, and runs the
    /// tests in them: all of it holds, or nothing is loaded.
    ///
    /// A folder that does not exist holds no rules.
    ///
    /// # Errors
    /// Reports every problem of every file.
    pub fn load_rules(&self) -> Result<RuleSet, Report> {
        self.prove(self.rule_files()?)
    }

    /// A set without rules, which still answers the conditions of this file.
    #[must_use]
    pub fn no_rules(&self) -> RuleSet {
        RuleSet::compile(&[], &self.world).unwrap_or_else(|_| RuleSet::empty())
    }

    /// Compiles rule files and runs the tests in them.
    ///
    /// # Errors
    /// Reports every problem, failed tests included.
    pub fn prove(&self, sources: Vec<Source>) -> Result<RuleSet, Report> {
        let rules = match RuleSet::compile(&sources, &self.world) {
            Ok(rules) => rules,
            Err(problems) => return Err(Report { problems, sources }),
        };
        let outcomes = trial::run(&rules, &self.premises(), &sources, None);
        let problems = trial::problems(&outcomes);
        if problems.is_empty() { Ok(rules) } else { Err(Report { problems, sources }) }
    }

    /// What the tests beside rules need to know.
    #[must_use]
    pub fn premises(&self) -> Premises {
        Premises {
            policies: self.policies().cloned().collect(),
            interlocks: self.interlocks.clone(),
            zone: self.zone(),
        }
    }

    /// The site's time zone; the machine's if none is named, or there is no such one.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        let zone = self.site.as_ref().and_then(|site| site.timezone.as_deref());
        let zone = zone.and_then(|name| TimeZone::get(name).ok());
        zone.unwrap_or_else(TimeZone::system)
    }
}
