//! All logs of a site, as the writer keeps them.
//!
//! Each batch that is on the disk is shown to every log; its lines go into files
//! here and back to the writer for the table. A log whose files fail says so once.

use std::path::Path;

use super::{Files, Line, Log};
use crate::store::{Options, Sample};

/// Every log with its files.
#[derive(Debug, Default)]
pub struct Logs(Vec<Kept>);

#[derive(Debug)]
struct Kept {
    log: Log,
    files: Files,
    failed: bool,
}

/// What became of a batch in one log.
pub struct Outcome {
    /// The log's name.
    pub log: String,
    /// Lines for the table.
    pub rows: Vec<Line>,
    /// Lines that are not in the files.
    pub lost: usize,
    /// The files fail now, or work again: why, or nothing.
    pub news: Option<Option<String>>,
}

impl Logs {
    /// The logs that were declared.
    pub fn new(data: &Path, options: &Options) -> Self {
        let kept = |rule: &super::LogRule| Kept {
            log: Log::new(rule.clone(), options.zone.clone()),
            files: Files::new(data, rule.clone(), options.zone.clone()),
            failed: false,
        };
        Self(options.logs.iter().map(kept).collect())
    }

    /// Shows a batch to every log.
    pub fn take(&mut self, samples: &[Sample]) -> Vec<Outcome> {
        let each = |kept: &mut Kept| {
            let lines = kept.log.take(samples);
            kept.write(lines)
        };
        self.0.iter_mut().map(each).collect()
    }

    /// Ends every interval and file.
    pub fn finish(&mut self) -> Vec<Outcome> {
        let each = |kept: &mut Kept| {
            let lines = kept.log.finish().into_iter().collect();
            let outcome = kept.write(lines);
            if let Err(error) = kept.files.end() {
                tracing::warn!(log = outcome.log, error = error.with_cause(), "not synced");
            }
            outcome
        };
        self.0.iter_mut().map(each).collect()
    }
}

impl Kept {
    fn write(&mut self, lines: Vec<Line>) -> Outcome {
        let rule = &self.log.rule;
        let written = if rule.file { self.files.append(&lines) } else { Ok(()) };
        let error = written.err().map(|error| error.with_cause());
        let lost = if error.is_some() { lines.len() } else { 0 };
        let was = std::mem::replace(&mut self.failed, error.is_some());
        // Nothing to write is no proof that it works again.
        if lines.is_empty() {
            self.failed = was;
        }
        let news = (self.failed != was).then_some(error);
        let rows = if rule.table { lines } else { Vec::new() };
        Outcome { log: rule.name.clone(), rows, lost, news }
    }
}
