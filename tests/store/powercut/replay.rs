//! A disk that loses its power.
//!
//! What was synced is on it. Of what was written since, each sector is there or
//! not, by chance: writes are reordered and torn. Files appear, vanish and change
//! their names in order, as a journaling file system does it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sunkeep::sim::random::Random;

use super::super::*;
use super::recorded::{Deed, Record};
use super::work::Mark;

/// What a disk writes as a whole.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
struct File {
    /// What is surely there.
    synced: Vec<u8>,
    /// What may be there.
    pending: Vec<Deed>,
}

/// All files of the folder, and what was told meanwhile.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: BTreeMap<String, File>,
    told: Vec<u8>,
}

impl Disk {
    /// Takes one call.
    pub fn apply(&mut self, record: &Record) {
        if record.file == "marks" {
            if let Deed::Write(_, text) = &record.deed {
                self.told.extend_from_slice(text);
            }
            return;
        }
        match &record.deed {
            Deed::Remove => drop(self.files.remove(&record.file)),
            Deed::Rename(to) => {
                if let Some(file) = self.files.remove(&record.file) {
                    self.files.insert(to.clone(), file);
                }
            }
            Deed::Calls(_) => {}
            Deed::Sync => {
                // A folder is synced too; its entries are in order anyway.
                if let Some(file) = self.files.get_mut(&record.file) {
                    for deed in std::mem::take(&mut file.pending) {
                        act(&mut file.synced, &deed, |_| true);
                    }
                }
            }
            Deed::Make => drop(self.files.entry(record.file.clone()).or_default()),
            deed => self.files.entry(record.file.clone()).or_default().pending.push(deed.clone()),
        }
    }

    /// What was told before the cut; half a line tells nothing.
    pub fn marks(&self) -> Vec<Mark> {
        let told = String::from_utf8_lossy(&self.told);
        told.split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'))
            .filter_map(Mark::parse)
            .collect()
    }

    /// Writes what a cut leaves into a folder.
    pub fn after_cut(&self, dir: &Path, seed: u64) {
        let mut random = Random::new(seed);
        // Nothing, a part, or all of what was not synced.
        let share = [0.0, 0.5, 0.9, 1.0][(random.bits() % 4) as usize];
        for (name, file) in &self.files {
            let mut bytes = file.synced.clone();
            for deed in &file.pending {
                if !matches!(deed, Deed::Write(..)) && random.unit() >= share {
                    continue;
                }
                act(&mut bytes, deed, |_| random.unit() < share);
            }
            std::fs::write(dir.join(name), bytes).unwrap();
        }
    }
}

/// Does a deed to the bytes of a file, of a write those sectors that `keep` allows.
fn act(bytes: &mut Vec<u8>, deed: &Deed, mut keep: impl FnMut(usize) -> bool) {
    match deed {
        Deed::Write(offset, data) => {
            for (n, sector) in data.chunks(SECTOR).enumerate() {
                let at = offset + n * SECTOR;
                if keep(n) {
                    let end = at + sector.len();
                    bytes.resize(bytes.len().max(end), 0);
                    bytes[at..end].copy_from_slice(sector);
                }
            }
        }
        Deed::Resize(length) => bytes.resize(*length, 0),
        Deed::Extend(length) => bytes.resize(bytes.len().max(*length), 0),
        Deed::Empty => bytes.clear(),
        _ => {}
    }
}

/// What was found after a cut.
pub struct Found {
    /// A file was not usable, or tells things that do not fit together.
    pub corrupt: bool,
    /// Entries that had been acknowledged and are not there.
    pub acts_lost: usize,
    /// How much of the readings is missing at the end.
    pub lost: Duration,
}

/// Opens what a cut left, as the next start does.
pub fn check(dir: &Path, marks: &[Mark]) -> Found {
    let (tell, reports) = mpsc::channel();
    let report = move |report| drop(tell.send(report));
    let store = Store::open(dir, boot("after"), options(), report).unwrap();
    assert!(store.close());
    let trouble = reports.try_iter().any(|report| matches!(report, Report::Notice(_)));
    let there: BTreeSet<String> = words(dir).into_iter().collect();
    let acts = marks.iter().filter_map(|mark| match mark {
        Mark::Acknowledged(what) => Some(what),
        Mark::Sampled(_) => None,
    });
    let acts_lost = acts.clone().filter(|what| !there.contains(*what)).count();
    let sampled = marks.iter().filter_map(|mark| match mark {
        Mark::Sampled(second) => Some(*second),
        Mark::Acknowledged(_) => None,
    });
    let last = sampled.max();
    // Half a file from before anything was promised may be set aside.
    let promised = acts.clone().next().is_some();
    let (seconds, gap) = seconds_there(dir);
    let missing = last.map_or(0, |last| (last + 1).saturating_sub(seconds));
    Found { corrupt: (trouble && promised) || gap, acts_lost, lost: Duration::from_secs(missing) }
}

/// How many seconds of readings are there from the start on, and whether anything
/// is missing, twice, or summed up wrongly in between.
fn seconds_there(dir: &Path) -> (u64, bool) {
    let always = Timestamp::MIN..Timestamp::MAX;
    let reader = HistoryReader::open(dir).unwrap().in_zone(TimeZone::UTC);
    let mut next = 0;
    let mut gap = false;
    reader
        .replay(Some(&["a.v"]), always.clone(), |reading| {
            gap |= reading.at != at(next * 1000);
            next += 1;
            true
        })
        .unwrap();
    for tier in [Tier::Minute, Tier::Quarter, Tier::Day] {
        let rows = reader.series("a.v", always.clone(), tier).unwrap();
        gap |= rows.iter().map(|row| u64::from(row.count)).sum::<u64>() != next;
    }
    (next, gap)
}
