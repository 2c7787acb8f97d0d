//! `sunkeep rules`: what a rule file may say, for people and for their editors; and
//! another chance for a rule that its errors have disabled.
//!
//! It opens no port and starts nothing.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::arm;
use super::site::{ConfigArgs, DEFAULT_CONFIG};
use crate::config;
use crate::control::Ask;
use crate::rules::{Place, VOCABULARY, World};

/// Show what a rule file may say, or enable a rule again.
#[derive(Clone, Debug, Args)]
pub struct Rules {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Print definitions for the rhai language server: save them beside the rules,
    /// under a name that ends in `.d.rhai`.
    Definitions {
        /// The site whose names are told too, if the file is there.
        #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
        config: PathBuf,
    },
    /// Give a rule that was disabled after three errors in ten minutes another chance.
    Enable {
        /// The rule's name.
        rule: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

impl Rules {
    /// Prints what was asked for.
    ///
    /// # Errors
    /// When a configuration is there and not sound, or no daemon answers.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let config = match &self.what {
            What::Definitions { config } => config,
            What::Enable { rule, config } => {
                return arm::tell(config, &Ask::Enable { rule: rule.clone() });
            }
        };
        let named = config.as_os_str() != DEFAULT_CONFIG;
        let world = if named || config.exists() {
            match config::load(config) {
                Ok((config, _)) => config.world(),
                Err(report) => anyhow::bail!("{report}"),
            }
        } else {
            World::default()
        };
        print!("{}", definitions(&world));
        Ok(ExitCode::SUCCESS)
    }
}

/// The language and a site's names, as rhai's definition files spell them.
fn definitions(world: &World) -> String {
    let mut text = String::from("module static;\n");
    let mut told: Vec<String> = Vec::new();
    for entry in VOCABULARY {
        let declaration = match entry.place {
            Place::Number => format!("fn get {}(number: number) -> Duration", entry.name),
            _ => entry.declaration.to_owned(),
        };
        // `is_on` of a test is given the same as that of a condition.
        let given = declaration.split(')').next().unwrap_or_default().to_owned();
        if !told.contains(&given) {
            told.push(given);
            // Writing into a String cannot fail.
            let _ = write!(text, "\n/// {}\n{declaration};\n", entry.meaning);
        }
    }
    // What has a dot in its name is a property of a device.
    let named = world.inputs.iter().filter(|input| !input.name.contains('.'));
    let inputs = named.map(|input| (input.name.as_str(), "Input"));
    let devices = world.devices.iter().map(|name| (name.as_str(), "Device"));
    let outputs = world.outputs.iter().map(|name| (name.as_str(), "Output"));
    let setpoints = world.setpoints.iter().map(|point| (point.name.as_str(), "Setpoint"));
    let modes = world.modes.iter().map(|mode| (mode.name.as_str(), "Mode"));
    let alerts = world.alerts.iter().map(|alert| (alert.name.as_str(), "Channel"));
    let names = inputs.chain(devices).chain(outputs).chain(setpoints).chain(modes).chain(alerts);
    for (name, kind) in names {
        let _ = write!(text, "\nconst {name}: {kind};\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_declare_the_words_and_the_sites_names() {
        let world = World { outputs: vec!["heater".into()], ..World::default() };
        let text = definitions(&world);
        for line in [
            "module static;",
            "fn rule(name: String) -> Rule;",
            "op below(Value, Value) -> Condition;",
            "const daylight: Condition;",
            "const heater: Output;",
            "fn get min(number: number) -> Duration;",
            "fn min(input: Input, time: Duration) -> Value;",
            "fn min(a: number, b: number) -> number;",
            "fn alert(rule: Rule, channel: Channel, text: String) -> Rule;",
            "fn alert(channel: Channel, text: String);",
        ] {
            let found = text.lines().filter(|found| *found == line).count();
            assert_eq!(found, 1, "{line} in:\n{text}");
        }
    }

    fn is_name(text: &str) -> bool {
        let mut letters = text.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    }

    /// What a definition file may say, as the grammar of the language server has it
    /// (rhaiscript/lsp, `rhai.ungram`): types are names or `?` here.
    fn is_definition(line: &str) -> bool {
        let is_type = |text: &str| text == "?" || is_name(text);
        let typed = |text: &str| {
            text.split_once(": ").is_some_and(|(name, kind)| is_name(name) && is_type(kind))
        };
        let Some(line) = line.strip_suffix(';') else { return false };
        if let Some(rest) = line.strip_prefix("const ") {
            return typed(rest);
        }
        let (head, answer) = line.split_once(" -> ").unwrap_or((line, "?"));
        let Some((head, given)) = head.strip_suffix(')').and_then(|head| head.split_once('('))
        else {
            return false;
        };
        let given: Vec<&str> = given.split(", ").filter(|given| !given.is_empty()).collect();
        is_type(answer)
            && match head.split_once(' ') {
                Some(("op", name)) => is_name(name) && given.into_iter().all(is_type),
                Some(("fn", name)) => {
                    is_name(name.strip_prefix("get ").unwrap_or(name))
                        && given.into_iter().all(typed)
                }
                _ => false,
            }
    }

    #[test]
    fn every_definition_follows_the_grammar_of_the_language_server() {
        let world = World { outputs: vec!["heater".into()], ..World::default() };
        let text = definitions(&world);
        let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("/// "));
        assert_eq!(lines.next(), Some("module static;"));
        let wrong: Vec<&str> = lines.filter(|line| !is_definition(line)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(!is_definition("fn abs(number) -> number;") && !is_definition("op below(a: b);"));
    }
}
