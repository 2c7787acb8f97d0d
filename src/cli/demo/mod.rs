//! `sunkeep demo`: a simulated winter site keeps itself alive.
//!
//! Everything but sun, battery and cold is real: two simulated devices speak
//! VE.Direct bytes over pseudo terminals to the serial driver, the shipped rules
//! decide, the load output is switched by register writes with read-back, and
//! journal and history are written. Only time is compressed.

mod run;
#[cfg(feature = "tui")]
mod screen;
mod summary;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::site;

/// How many times faster than life: a day in 36 s.
const SPEED: f64 = 2400.0;

/// Watch a simulated winter site keep itself alive: no configuration, no root, no hardware.
#[derive(Clone, Debug, Args)]
pub struct Demo {
    /// Print journal lines instead of the live screen.
    #[arg(long)]
    headless: bool,
    /// Stop after this (real) time; without it the demo runs until `q` or Ctrl-C.
    #[arg(long = "for", value_name = "TIME", value_parser = site::duration)]
    duration: Option<Duration>,
    /// Keep journal, history, configuration and rules in this folder.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Pull the shunt's cable after this (real) time.
    #[arg(long, value_name = "TIME", value_parser = site::duration)]
    unplug_at: Option<Duration>,
    /// Weather of another winter.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many times faster than life.
    #[arg(long, default_value_t = SPEED, value_parser = speed)]
    speed: f64,
}

/// Slower than life makes no demo; faster than this the devices cannot follow.
fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if (1.0..=5000.0).contains(&speed) { Ok(speed) } else { Err("from 1 to 5000".to_owned()) }
}

impl Demo {
    /// Runs the demo.
    ///
    /// # Errors
    /// When no pseudo terminal can be had or the folder cannot be written.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let (world, premises) = world::World::build(self)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let folder = world.folder().to_owned();
        let outcome = runtime.block_on(run::run(self, world, premises))?;
        print!("{}", summary::text(&folder, &outcome)?);
        Ok(ExitCode::SUCCESS)
    }
}
