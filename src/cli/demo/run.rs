//! Runs the demo's daemon and shows it, on a screen or line by line.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::Demo;
use super::world::{Premises, World};
use crate::control::{Ask, JournalLine, Reply, Status};
use crate::daemon::{Daemon, Options, Summary};
use crate::engine::Mode;

/// How often the screen is drawn and the journal looked at.
const FRAME: Duration = Duration::from_millis(100);

/// Conversations keep their real pace, tenfold quickened: an answer has 100 ms.
const WIRE_PACE: f64 = 10.0;

/// How a demo ended.
pub(super) struct Outcome {
    pub simulated: Duration,
    pub summary: Summary,
}

/// Runs until the end of `--for`, `q` or a signal.
pub(super) async fn run(demo: &Demo, world: World, premises: Premises) -> anyhow::Result<Outcome> {
    let daemon = Daemon::start(Options {
        config: premises.config,
        rules: premises.rules,
        clock: premises.clock,
        pins: premises.pins,
        pace: demo.speed / WIRE_PACE,
        record: None,
        mode: Some(Mode::Run),
        starts: None,
        speed: demo.speed,
    })?;
    let shown = show(demo, &world, &daemon).await;
    let simulated = world.elapsed();
    let summary = daemon.stop().await;
    shown.map(|()| Outcome { simulated, summary })
}

async fn show(demo: &Demo, world: &World, daemon: &Daemon) -> anyhow::Result<()> {
    let mut display = Display::new(demo)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let started = tokio::time::Instant::now();
    let mut frames = tokio::time::interval(FRAME);
    let mut unplug_at = demo.unplug_at;
    loop {
        tokio::select! {
            _ = frames.tick() => {}
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        }
        if demo.duration.is_some_and(|limit| started.elapsed() >= limit) {
            return Ok(());
        }
        if unplug_at.is_some_and(|at| started.elapsed() >= at) {
            unplug_at = None;
            display.say("the shunt's cable is pulled");
            world.toggle_cable()?;
        }
        anyhow::ensure!(!daemon.is_dead(), "the engine's thread has ended by itself");
        if let Reply::Status(status) = daemon.ask(Ask::Status).await {
            display.draw(demo, world, &status)?;
        }
        match display.key()? {
            Some('q') => return Ok(()),
            Some('u') => world.toggle_cable()?,
            _ => {}
        }
    }
}

/// Where the demo is shown.
enum Display {
    Lines {
        seen: u64,
    },
    #[cfg(feature = "tui")]
    Screen(Box<ratatui::DefaultTerminal>),
}

impl Display {
    fn new(demo: &Demo) -> anyhow::Result<Self> {
        #[cfg(feature = "tui")]
        if !demo.headless && std::io::IsTerminal::is_terminal(&std::io::stdout()) {
            return Ok(Self::Screen(Box::new(ratatui::try_init()?)));
        }
        println!(
            "a simulated site at 63° north, {:.0} times faster than life{}",
            demo.speed,
            if demo.duration.is_some() { "" } else { "; Ctrl-C ends it" }
        );
        Ok(Self::Lines { seen: 0 })
    }

    fn say(&self, text: &str) {
        if let Self::Lines { .. } = self {
            println!("*** {text}");
        }
    }

    fn draw(&mut self, demo: &Demo, world: &World, status: &Status) -> anyhow::Result<()> {
        match self {
            Self::Lines { seen } => {
                let fresh = usize::try_from(status.entries - *seen).unwrap_or(usize::MAX);
                let skip = status.journal.len().saturating_sub(fresh);
                status.journal.iter().skip(skip).for_each(print_line);
                *seen = status.entries;
            }
            #[cfg(feature = "tui")]
            Self::Screen(terminal) => {
                let scene = super::screen::Scene {
                    sky: world.sky(),
                    speed: demo.speed,
                    unplugged: world.is_unplugged(),
                };
                terminal.draw(|frame| super::screen::draw(frame, status, &scene))?;
            }
        }
        // Without a screen nobody looks at the sky.
        let _ = (demo, world);
        Ok(())
    }

    /// The key pressed since the last look, if any.
    fn key(&self) -> anyhow::Result<Option<char>> {
        #[cfg(feature = "tui")]
        if let Self::Screen(_) = self {
            use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
            if event::poll(Duration::ZERO)?
                && let Event::Key(key) = event::read()?
            {
                return Ok(match key.code {
                    KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                        Some('q')
                    }
                    KeyCode::Char(c) => Some(c),
                    KeyCode::Esc => Some('q'),
                    _ => None,
                });
            }
        }
        Ok(None)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        #[cfg(feature = "tui")]
        if let Self::Screen(_) = self {
            ratatui::restore();
        }
    }
}

fn print_line(entry: &JournalLine) {
    let time = entry.time.get(5..16).unwrap_or(&entry.time).replace('T', " ");
    println!("{time}  {:7} {} {}  {}", entry.kind, entry.subject, entry.what, entry.reason);
}
