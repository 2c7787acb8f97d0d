//! `sunkeep run`: the daemon on real ports.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::site::{self, ConfigArgs};
use crate::actuator::gpio::{Backend, Pins};
use crate::actuator::pin_table;
use crate::clock::SystemClock;
use crate::config::{Actuator, Config, last_good};
use crate::daemon::{Daemon, Options, Starts};
use crate::problem::Source;

/// Run the site: reads the devices, evaluates the rules, acts when armed.
///
/// A new installation observes: it journals what it would do and touches nothing.
/// `sunkeep arm` lets it act.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    config: ConfigArgs,
    /// Record every byte of every port into this folder, one file a device.
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
    /// Move no real pin: try a configuration on a desk. With a socket, whoever
    /// listens there keeps the levels, also when this program is killed.
    #[arg(long, value_name = "SOCKET", num_args = 0..=1, require_equals = true)]
    simulate_pins: Option<Option<PathBuf>>,
    /// Where to write down which pins are driven, for `safe-outputs`. Without it,
    /// the file `pins` in the data folder.
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    /// Stop after this time.
    #[arg(long = "for", value_name = "TIME", value_parser = site::duration)]
    duration: Option<Duration>,
}

impl Run {
    /// Runs until SIGTERM, SIGINT or the end of `--for`.
    ///
    /// # Errors
    /// When it cannot start.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let loaded = last_good::load_or_last_good(&self.config.config);
        let (config, source) = match loaded {
            Ok(loaded) => loaded,
            Err(report) => return Ok(wrong(&report.render(site::color()))),
        };
        if !config.instead.is_empty() {
            tracing::error!("{}; the last good copy of it runs", config.instead);
        }
        // Counted before rules are compiled: one of them may be what crashes.
        let starts = Starts::count(&config.data);
        let rules = match starts.crash_loop() {
            Some(_) => config.no_rules(),
            None => match config.load_rules() {
                Ok(rules) => rules,
                Err(report) => {
                    // An answer, not a crash.
                    starts.lasted();
                    return Ok(wrong(&report.render(site::color())));
                }
            },
        };
        if let Some(folder) = &self.record {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let pins = self.pins(&config);
        let options = Options {
            config,
            rules,
            clock: Arc::new(SystemClock::new()),
            pins,
            pace: 1.0,
            record: self.record.clone(),
            mode: None,
            speed: 1.0,
            starts: Some(starts),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.serve(options, &source))
    }

    fn pins(&self, config: &Config) -> Pins {
        let uses_pins =
            config.outputs.iter().any(|output| matches!(output.actuator, Actuator::Gpio(_)));
        if self.simulate_pins.is_some() && uses_pins {
            tracing::warn!("pins are simulated: no relay will move");
        }
        let table = self.pins.clone().unwrap_or_else(|| config.data.join(pin_table::FILE));
        match &self.simulate_pins {
            None => Pins::new(Backend::Auto).with_table(table),
            Some(None) => Pins::new(Backend::Simulated),
            Some(Some(witness)) => Pins::witnessed(witness),
        }
    }

    async fn serve(&self, options: Options, source: &Source) -> anyhow::Result<ExitCode> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let config = options.config.clone();
        let daemon = Daemon::start(options)?;
        if config.instead.is_empty()
            && let Err(error) = last_good::keep(&config, &self.config.config, source)
        {
            tracing::warn!(%error, "no copy of the configuration is kept");
        }
        let end = async {
            match self.duration {
                Some(duration) => tokio::time::sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        let died = async {
            while !daemon.is_dead() {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        };
        let dead = tokio::select! {
            _ = terminate.recv() => false,
            _ = interrupt.recv() => false,
            () = end => false,
            () = died => true,
        };
        if dead {
            anyhow::bail!("the engine's thread has ended by itself; this is a bug in sunkeep");
        }
        tracing::info!("stopping: outputs go to their exit level");
        let summary = daemon.stop().await;
        tracing::info!(steps = summary.steps, dropped = summary.dropped, "stopped");
        Ok(ExitCode::SUCCESS)
    }
}

fn wrong(report: &str) -> ExitCode {
    eprint!("{report}");
    ExitCode::from(2)
}
