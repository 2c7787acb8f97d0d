//! `sunkeep override`: a person's wish, above all rules and for a while.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::arm::tell;
use super::site::{self, ConfigArgs};
use crate::arbiter::Level;
use crate::control::Ask;

/// Switch an output yourself, for a while: no rule decides over it meanwhile.
///
/// Interlocks, minimum and longest times and budgets hold all the same. It ends by
/// itself, after 30 minutes unless you say otherwise, also when the machine is
/// restarted meanwhile; `auto` ends it at once.
#[derive(Debug, Args)]
pub struct Override {
    #[command(flatten)]
    config: ConfigArgs,
    /// The output's name.
    output: String,
    /// What it shall have.
    want: Want,
    /// How long, at most a day: 90s, 10min, 2h; 30min unless said
    #[arg(long = "for", value_name = "TIME", value_parser = site::duration)]
    lasting: Option<Duration>,
}

/// What a person can want of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Want {
    /// Switched on
    On,
    /// Switched off
    Off,
    /// As the rules say
    Auto,
}

impl Override {
    /// Asks the daemon.
    ///
    /// # Errors
    /// When no daemon answers, or it refuses.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let want = match self.want {
            Want::On => Some(Level::On),
            Want::Off => Some(Level::Off),
            Want::Auto => None,
        };
        // Less than a second is none: let the daemon say so.
        let seconds = self.lasting.map(|lasting| lasting.as_secs());
        let (output, owner) = (self.output.clone(), String::new());
        tell(&self.config, &Ask::Override { output, want, seconds, owner })
    }
}
