//! What is not wrong, but probably not meant: inputs that nothing asks for,
//! outputs, set-points and channels that no rule drives, devices that are written
//! whoever they are.
//!
//! Only `check` says so. A site may well declare what its rules will need next
//! month, so nothing is refused. Words are looked for in the text of the rules,
//! comments left out: a warning that is missing is better than a wrong one.

use toml::de::{DeTable, DeValue};

use crate::arbiter::OutputId;
use crate::problem::{Problem, Source, sort};
use crate::rules::RuleSet;

use super::{Config, Report};

impl Config {
    /// Warnings about a configuration and its rules that are fit to run.
    ///
    /// # Errors
    /// Reports that a rule file cannot be read any more.
    pub fn notes(&self, source: Source, rules: &RuleSet) -> Result<Report, Report> {
        let files = self.rule_files()?;
        let words: String = files.iter().map(|file| without_comments(&file.text, "//")).collect();
        let settings = without_comments(&source.text, "#");
        let document = DeTable::parse_recoverable(&source.text).0;
        let mut problems = Vec::new();
        for input in &self.inputs {
            let name = input.name.as_str();
            // Its own declaration is the first mention.
            if mentions(&words, name) == 0 && mentions(&settings, name) < 2 {
                let probe = self.probes.iter().any(|probe| probe.name == name);
                let table = if probe { "probes" } else { "inputs" };
                let span = key(&document, table, name);
                let message = format!("no rule asks for `{name}`");
                let problem = Problem::warning(&source.name, span, message);
                problems.push(problem.help("nothing is wrong with that, if it is meant so"));
            }
        }
        for (index, output) in self.outputs.iter().enumerate() {
            // The configuration refuses more outputs than a u16 counts.
            let id = OutputId(index as u16);
            let name = output.policy.name.as_str();
            let driven = rules.rules().iter().any(|rule| rule.action.drives(id));
            if !driven {
                let span = key(&document, "outputs", name);
                let message = format!("no rule drives `{name}`: it keeps its default");
                let problem = Problem::warning(&source.name, span, message);
                problems.push(problem.help(format!("a rule drives it with `.turn_on({name})`")));
            }
        }
        problems.extend(self.idle(rules).into_iter().map(|(table, name, does)| {
            let span = key(&document, table, name);
            let message = format!("no rule {does} `{name}`");
            let problem = Problem::warning(&source.name, span, message);
            problem.help("nothing is wrong with that, if it is meant so")
        }));
        problems.extend(self.anonymous().map(|device| {
            let span = key(&document, "devices", device);
            let message = format!("`{device}` is written, and has no `serial_number`");
            let problem = Problem::warning(&source.name, span, message);
            problem.help(
                "whatever is there when it is armed counts as it; `sunkeep scan` shows the number",
            )
        }));
        sort(&mut problems);
        Ok(Report { problems, sources: vec![source] })
    }

    /// Set-points and channels that no rule has a use for: the table that declares
    /// each, its name, and what a rule would do with it.
    fn idle(&self, rules: &RuleSet) -> Vec<(&'static str, &str, &'static str)> {
        let used = |name: &str| rules.rules().iter().any(|rule| rule.action.names(name));
        let driven = |id: OutputId| rules.rules().iter().any(|rule| rule.action.drives(id));
        let setpoints = self.setpoints.iter().enumerate().filter(|(index, setpoint)| {
            // The configuration refuses more than a u16 counts.
            !setpoint.fixed && !driven(OutputId((self.outputs.len() + index) as u16))
        });
        let setpoints =
            setpoints.map(|(_, point)| ("setpoints", point.policy.name.as_str(), "sets"));
        let alerts = self.alerts.iter().map(|alert| ("alerts", alert.name.as_str(), "tells"));
        setpoints.chain(alerts.filter(|(_, name, _)| !used(name))).collect()
    }

    /// Devices that outputs and set-points write, and that need not say who they are.
    fn anonymous(&self) -> impl Iterator<Item = &str> {
        let written = |name: &str| self.plans().any(|(plan, _)| *plan.device == *name);
        let devices = self.devices.iter().filter(|device| device.serial_number.is_none());
        devices.map(|device| device.name.as_str()).filter(move |name| written(name))
    }
}

/// Where `[table.name]` names it.
fn key(document: &toml::Spanned<DeTable<'_>>, table: &str, name: &str) -> std::ops::Range<usize> {
    let tables = document.get_ref().iter().find(|(key, _)| key.get_ref() == table);
    let Some((_, value)) = tables else {
        return 0..0;
    };
    let DeValue::Table(entries) = value.get_ref() else {
        return 0..0;
    };
    let entry = entries.iter().find(|(key, _)| key.get_ref() == name);
    entry.map_or(0..0, |(key, _)| key.span())
}

/// The text up to the comment of each line.
fn without_comments(text: &str, sign: &str) -> String {
    text.lines().flat_map(|line| [line.split(sign).next().unwrap_or(""), "\n"]).collect()
}

/// How often a word stands in a text.
fn mentions(text: &str, word: &str) -> usize {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !inside(c)).filter(|found| *found == word).count()
}
