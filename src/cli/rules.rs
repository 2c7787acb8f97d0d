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
    for entry in VOCABULARY {
        // Units are properties of numbers, which definition files cannot declare; some
        // words of tests and scripts have the names of other words.
        let first = VOCABULARY.iter().find(|other| other.name == entry.name);
        let told = first.is_some_and(|first| first.place != entry.place);
        if entry.place != Place::Number && !told {
            let (meaning, declaration) = (entry.meaning, entry.declaration);
            // Writing into a String cannot fail.
            let _ = write!(text, "\n/// {meaning}\n{declaration};\n");
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
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
        assert!(!text.contains("get min"), "{text}");
    }
}
