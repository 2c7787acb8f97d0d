//! Loads rules anew while the daemon runs, off the engine's thread.
//!
//! ```text
//!  folder changed, or `sunkeep reload`
//!      └► read ► compile ► checks ► the rules' own tests ► dry run ── all well ─► engine
//!                                   anything wrong: the old rules run on, and it is said
//! ```
//!
//! The folder is looked at once a second, so that a hundred changes a second
//! cause at most one load a second. A load may take long: nothing waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;

use super::inbox::{Inbox, Input};
use crate::clock::Now;
use crate::config::{Config, Report};
use crate::control::Reply;
use crate::problem::Problem;
use crate::rules::{Memory, RuleSet, digest};
use crate::snapshot::Snapshot;

/// How often the folder is looked at.
const POLL: Duration = Duration::from_secs(1);

/// An editor or a copy may still be writing: a change is taken up when the folder
/// has not changed since the look before, or after this many looks anyway.
const LOOKS_MAX: u32 = 5;

/// Reloads that people may have asked for and wait for.
const ASKERS_MAX: usize = 8;

/// Whoever asked for a reload.
pub(super) type Asker = oneshot::Sender<Reply>;

/// The way to ask for a reload.
pub(super) type Asks = SyncSender<Asker>;

/// What a dry run needs to know of the running engine.
pub(super) struct Present {
    pub now: Now,
    pub snapshot: Snapshot,
    pub memory: Memory,
    pub rules: usize,
}

/// The digest of the rules that count as loaded. After a crash loop none are, and
/// those in the folder are left alone until a person asks for them.
pub(super) fn loaded(options: &super::Options) -> u64 {
    let crash_loop = options.starts.as_ref().and_then(super::Starts::crash_loop);
    match crash_loop {
        Some(_) => digest(&options.config.rule_files().unwrap_or_default()),
        None => options.rules.digest(),
    }
}

/// Starts the thread that watches the rules folder; it ends when nobody can ask
/// it any more.
pub(super) fn start(config: Config, loaded: u64, inbox: Inbox) -> std::io::Result<Asks> {
    let (asks, asked) = sync_channel(ASKERS_MAX);
    let watch = Watch::new(fingerprint(&config.rules));
    let loader = Loader { config, tried: loaded, inbox };
    std::thread::Builder::new()
        .name("rules".to_owned())
        .spawn(move || loader.run(watch, &asked))?;
    Ok(asks)
}

struct Loader {
    config: Config,
    /// Digest of the files that were loaded or refused last.
    tried: u64,
    inbox: Inbox,
}

impl Loader {
    fn run(mut self, mut watch: Watch, asked: &Receiver<Asker>) {
        // The files may have changed between the start of the process and now.
        self.load(None);
        loop {
            match asked.recv_timeout(POLL) {
                Ok(asker) => {
                    watch.loaded(fingerprint(&self.config.rules));
                    self.load(Some(asker));
                }
                Err(RecvTimeoutError::Timeout) => {
                    if watch.look(fingerprint(&self.config.rules)) {
                        self.load(None);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Loads what is in the folder. Unasked, the same texts are not loaded twice.
    fn load(&mut self, asker: Option<Asker>) {
        let (question, present) = channel();
        self.inbox.deliver_blocking(Input::Present(question));
        // Nobody answers only when the engine is ending.
        let Ok(present) = present.recv() else { return };
        let sources = match sources(&self.config, present.rules) {
            Ok(sources) => sources,
            Err(report) => {
                // When the folder is back, what is in it counts as new.
                self.tried = 0;
                return self.refused(&report, asker);
            }
        };
        let texts = digest(&sources);
        if texts == self.tried && asker.is_none() {
            return;
        }
        self.tried = texts;
        let proven = catch_unwind(AssertUnwindSafe(|| prepare(&self.config, sources, &present)));
        match proven {
            Ok(Ok(rules)) => {
                self.inbox.deliver_blocking(Input::Rules { rules: Box::new(rules), asker });
            }
            Ok(Err(report)) => self.refused(&report, asker),
            Err(_) => {
                let report = folder_problem(&self.config, "loading them failed; this is a bug");
                self.refused(&report, asker);
            }
        }
    }

    fn refused(&self, report: &Report, asker: Option<Asker>) {
        let first = report.located().into_iter().next();
        let first = first.map_or_else(String::new, |problem| {
            format!("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message)
        });
        let problem = match report.problems.len() {
            0 | 1 => first,
            more => format!("{first} (and {} more)", more - 1),
        };
        let text = report.to_string();
        self.inbox.deliver_blocking(Input::RulesRefused { problem, text, asker });
    }
}

/// The rule files; a folder that has gone is no wish to run without rules.
fn sources(config: &Config, running: usize) -> Result<Vec<crate::problem::Source>, Report> {
    if running > 0 && !config.rules.is_dir() {
        return Err(folder_problem(config, "the rules folder has gone"));
    }
    config.rule_files()
}

fn folder_problem(config: &Config, message: &str) -> Report {
    let problem = Problem::new(&config.rules.display().to_string(), 0..0, message);
    Report { problems: vec![problem], sources: Vec::new() }
}

/// Compiles, checks, tests and tries rules: what comes back can run.
///
/// # Errors
/// Reports every problem; then nothing of it may be used.
fn prepare(
    config: &Config,
    sources: Vec<crate::problem::Source>,
    present: &Present,
) -> Result<RuleSet, Report> {
    let rules = config.prove(sources.clone())?.without_trials();
    let problems = dry_run(&rules, present);
    if problems.is_empty() { Ok(rules) } else { Err(Report { problems, sources }) }
}

/// One step on the last snapshot, with copies: a rule that panics or stumbles
/// over what is known now does it here.
fn dry_run(rules: &RuleSet, present: &Present) -> Vec<Problem> {
    let (mut rules, mut snapshot) = (rules.clone(), present.snapshot.clone());
    rules.bind(&mut snapshot);
    let (mut memory, mut verdicts) = (present.memory.clone(), Vec::new());
    rules.evaluate(present.now, &snapshot, &mut memory, &mut verdicts);
    let faults = verdicts.iter().filter_map(|verdict| Some((verdict.rule, verdict.fault()?)));
    let problem = |(rule, fault): (usize, &str)| {
        let rule = &rules.rules()[rule];
        let message = format!("rule \"{}\" fails on what is known now: {fault}", rule.name);
        Problem::new(&rule.file, rule.span.clone(), message)
    };
    faults.map(problem).collect()
}

/// Names, sizes and times of the rule files, sorted. `None`: no such folder.
type Fingerprint = Option<Vec<(std::ffi::OsString, u64, Option<SystemTime>)>>;

fn fingerprint(folder: &Path) -> Fingerprint {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let rhai = entries.filter(|entry| entry.path().extension().is_some_and(|e| e == "rhai"));
    let mut files: Vec<_> = rhai
        .map(|entry| {
            let meta = std::fs::metadata(entry.path());
            let size = meta.as_ref().map_or(0, std::fs::Metadata::len);
            (entry.file_name(), size, meta.and_then(|meta| meta.modified()).ok())
        })
        .collect();
    files.sort();
    Some(files)
}

/// Decides when a folder that changes is worth a load.
struct Watch {
    loaded: Fingerprint,
    last: Fingerprint,
    looks: u32,
}

impl Watch {
    fn new(present: Fingerprint) -> Self {
        Self { loaded: present.clone(), last: present, looks: 0 }
    }

    /// One look; true: load now.
    fn look(&mut self, present: Fingerprint) -> bool {
        if present == self.loaded {
            (self.last, self.looks) = (present, 0);
            return false;
        }
        let calm = present == self.last;
        self.looks += 1;
        if calm || self.looks >= LOOKS_MAX {
            self.loaded(present);
            return true;
        }
        self.last = present;
        false
    }

    fn loaded(&mut self, present: Fingerprint) {
        *self = Self::new(present);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(size: u64) -> Fingerprint {
        Some(vec![("a.rhai".into(), size, None)])
    }

    #[test]
    fn a_change_is_taken_up_when_it_has_settled() {
        let mut watch = Watch::new(files(1));
        assert!(!watch.look(files(1)));
        assert!(!watch.look(files(2)), "it may still be being written");
        assert!(watch.look(files(2)));
        assert!(!watch.look(files(2)), "once is enough");
    }

    #[test]
    fn a_folder_that_never_rests_is_loaded_now_and_then() {
        let mut watch = Watch::new(files(0));
        let loads = (1..=100).filter(|&size| watch.look(files(size))).count();
        assert_eq!(loads, 100 / LOOKS_MAX as usize);
    }

    #[test]
    fn a_change_that_was_taken_back_is_none() {
        let mut watch = Watch::new(files(1));
        assert!(!watch.look(files(2)));
        assert!(!watch.look(files(1)));
        assert!(!watch.look(files(1)));
    }

    #[test]
    fn a_folder_that_goes_is_a_change() {
        let mut watch = Watch::new(files(1));
        assert!(!watch.look(None));
        assert!(watch.look(None));
    }
}
