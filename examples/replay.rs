//! Runs the engine over a recording: what would this rule have done?
//!
//! `cargo run --example replay [RECORDING]`; without one, a simulated shunt is
//! recorded first. The engine is the one that runs a site: a step is a plain
//! function of time and snapshot, so hours pass in no time. Nothing is switched.

use std::collections::VecDeque;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use sunkeep::arbiter::{Level, OutputId, Saved, Want};
use sunkeep::clock::{Clock, VirtualClock};
use sunkeep::config;
use sunkeep::engine::{Effect, Engine, Event, Mode, Outcome, Setup};
use sunkeep::problem::{Problem, Source, render};
use sunkeep::recording::{self, Chunk, Direction};
use sunkeep::rules::{Memory, RuleSet};
use sunkeep::sim::device::{Device, Kind, Measured, Options};
use sunkeep::snapshot::Snapshot;
use sunkeep::vedirect::decoder::{Decoder, Frame};
use sunkeep::vedirect::text;

const SITE: &str = "devices.shunt = { port = 'a recording' }
outputs.load = { gpio = 17, active = 'high', safe = 'on', max_on = 'unlimited' }";

const RULE: &str = "rule(\"preserve the battery\")
    .turn_off(load)
    .when(shunt.soc below 30).clear_when(shunt.soc above 45);";

fn main() -> anyhow::Result<()> {
    let file = std::env::args().nth(1);
    let recording = file.map_or_else(|| Ok(record()), std::fs::read_to_string)?;
    run(&recording, &mut std::io::stdout())
}

/// Replays a recording and prints what the engine wants written and done.
pub fn run(recording: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let clock = VirtualClock::new("2026-11-23T16:00:00Z".parse()?);
    let (mut decoder, mut snapshot, mut measured) = (Decoder::new(), Snapshot::new(), Vec::new());
    let mut engine = engine(&mut snapshot)?;
    // Nobody reads the output back here; the load was on when it began.
    let (output, actual) = (OutputId(0), Some(Want::Level(Level::On)));
    engine.handle(clock.now(), Event::Feedback { output, actual });
    for chunk in recording.lines().skip(1).map(recording::parse_line) {
        let Some(chunk) = chunk? else { continue };
        clock.advance(chunk.at.saturating_sub(clock.now().monotonic));
        let mut bytes = chunk.bytes.as_slice();
        while let Some(frame) = decoder.next(&mut bytes) {
            let Frame::Text(block) = frame else { continue };
            text::measure(&block, &mut measured);
            let max_age = Duration::from_secs(10);
            for point in measured.drain(..) {
                snapshot.accept(clock.now(), "shunt", &point, max_age);
            }
        }
        // An effect may have others: an intent that is written down is carried out.
        let mut effects = VecDeque::from(engine.step(clock.now(), &snapshot));
        while let Some(effect) = effects.pop_front() {
            if let Some(event) = obey(effect, out)? {
                engine.handle(clock.now(), event);
            }
            effects.extend(engine.step(clock.now(), &snapshot));
        }
    }
    Ok(())
}

/// Does what the engine wants, which is to print it, and says that it is done.
fn obey(effect: Effect, out: &mut dyn Write) -> anyhow::Result<Option<Event>> {
    match effect {
        Effect::Record { entry, ticket } => {
            let at = entry.at.wall.strftime("%H:%M:%S");
            let (kind, subject, what) = (entry.kind, &entry.subject, &entry.what);
            writeln!(out, "{at} {kind:6} {subject} {what}  {}", entry.reason)?;
            Ok(ticket.map(|ticket| Event::Recorded { ticket, result: Ok(()) }))
        }
        Effect::Apply { output, want } | Effect::Renew { output, want } => {
            writeln!(out, "         apply  output {} {want}", output.index())?;
            Ok(Some(Event::Applied { output, want, outcome: Outcome::Verified }))
        }
    }
}

/// The engine of the site above, armed.
fn engine(snapshot: &mut Snapshot) -> anyhow::Result<Engine> {
    let source = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
    let sources = [source("site.toml", SITE), source("replay.rhai", RULE)];
    let told = |problems: Vec<Problem>| anyhow::anyhow!(render(&problems, &sources, false));
    let config = config::parse(&sources[0], Path::new("")).map_err(told)?;
    let mut rules = RuleSet::compile(&sources[1..], &config.world()).map_err(told)?;
    rules.bind(snapshot);
    let setup = Setup {
        rules,
        memory: Memory::default(),
        interlocks: config.interlocks.clone(),
        policies: config.outputs.into_iter().map(|output| output.policy).collect(),
        saved: Saved::default(),
        mode: Mode::Run,
        first_intent: 1,
    };
    Ok(Engine::new(Duration::ZERO, setup))
}

/// Two hours of a shunt whose battery goes from 40 % to 20 % and back to 60 %.
pub fn record() -> String {
    let options = Options { period: Duration::from_secs(5), ..Options::default() };
    let mut shunt = Device::new(Kind::SmartShunt, options);
    let mut recording = format!("{}\n# simulated\n", recording::HEADER);
    for second in (0_u32..7200).step_by(5) {
        let Measured::Monitor(mut monitor) = shunt.measured().clone() else { break };
        let minute = f64::from(second) / 60.0;
        monitor.state_of_charge = Some((40.0 - minute / 2.0).max(minute - 60.0).max(20.0));
        shunt.measure(Measured::Monitor(monitor));
        let at = Duration::from_secs(second.into());
        let chunk = Chunk { at, direction: Direction::FromDevice, bytes: shunt.transmit(at) };
        recording += &recording::format_line(&chunk);
    }
    recording
}
