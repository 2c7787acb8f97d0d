//! Whoever keeps pins when the daemon is dead: levels outlive their writer, as
//! they do in the kernel of a Raspberry Pi.
//!
//! It listens on a Unix socket for `sunkeep run --simulate-pins=SOCKET`, writes
//! down every move with its time, and can be told to kill its client in the
//! middle of an act, to refuse pins, to weld a relay, or to hang as a driver may.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sunkeep::clock::{Clock, SystemClock};

/// One change of a level, or a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Since the witness began to listen.
    pub at: Duration,
    /// BCM number.
    pub pin: u8,
    /// Electrical level.
    pub high: bool,
    /// The pin was claimed with this level, as a starting daemon does.
    pub claim: bool,
}

/// Kills a process after so many more questions, before or after obeying the last.
#[derive(Clone, Copy, Debug)]
pub struct Trap {
    /// Whom.
    pub pid: u32,
    /// Questions it may still ask.
    pub questions: u64,
    /// The last order is carried out although its giver dies of it.
    pub obey: bool,
}

#[derive(Default)]
struct Book {
    levels: BTreeMap<u8, bool>,
    moves: Vec<Move>,
    trap: Option<Trap>,
    refused: Vec<u8>,
    welded: Vec<u8>,
    hung: Option<u8>,
    /// When the last questions were asked, oldest first, at most [`QUESTIONS`].
    questions: VecDeque<Duration>,
}

/// Questions whose time is kept.
const QUESTIONS: usize = 4096;

/// How long a test waits for a move that takes a moment.
const PATIENCE: Duration = Duration::from_secs(120);

struct Shared {
    clock: SystemClock,
    book: Mutex<Book>,
    moved: Condvar,
    ended: AtomicBool,
}

/// Pins of a board that cannot die.
pub struct Witness {
    socket: PathBuf,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Witness {
    /// Listens at `socket`.
    pub fn listen(socket: &Path) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let shared = Arc::new(Shared {
            clock: SystemClock::new(),
            book: Mutex::default(),
            moved: Condvar::new(),
            ended: AtomicBool::new(false),
        });
        let serving = shared.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.ended.load(Ordering::SeqCst) {
                    return;
                }
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        Self { socket: socket.to_owned(), shared, thread: Some(thread) }
    }

    /// The level of a pin; `None` while nobody has ever claimed it.
    pub fn high(&self, pin: u8) -> Option<bool> {
        self.shared.book().levels.get(&pin).copied()
    }

    /// Every change since the beginning.
    pub fn moves(&self) -> Vec<Move> {
        self.shared.book().moves.clone()
    }

    /// The time on the clock of its moves.
    pub fn now(&self) -> Duration {
        self.shared.clock.now().monotonic
    }

    /// Every change, as soon as there are so many.
    #[track_caller]
    pub fn wait_for_moves(&self, count: usize) -> Vec<Move> {
        let few = |book: &mut Book| book.moves.len() < count;
        let book = self.shared.book();
        let (book, waited) = self.shared.moved.wait_timeout_while(book, PATIENCE, few).unwrap();
        assert!(!waited.timed_out(), "{count} moves were expected: {:?}", book.moves);
        book.moves.clone()
    }

    /// The move with this number, if it comes within a time.
    pub fn moved_within(&self, count: usize, limit: Duration) -> Option<Move> {
        let few = |book: &mut Book| book.moves.len() < count;
        let book = self.shared.book();
        let (book, _) = self.shared.moved.wait_timeout_while(book, limit, few).unwrap();
        book.moves.get(count.checked_sub(1)?).copied()
    }

    /// When a pin came to a level after this time, as soon as it has.
    #[track_caller]
    pub fn wait_for_move(&self, pin: u8, high: bool, after: Duration) -> Duration {
        let is = |m: &Move| m.pin == pin && m.high == high && m.at >= after;
        let missing = |book: &mut Book| !book.moves.iter().any(is);
        let book = self.shared.book();
        let (book, _) = self.shared.moved.wait_timeout_while(book, PATIENCE, missing).unwrap();
        let found = book.moves.iter().find(|found| is(found));
        found.unwrap_or_else(|| panic!("GPIO {pin} does not come to {high}: {:?}", book.moves)).at
    }

    /// The longest time without a question between two times: a step asks for its pins.
    pub fn longest_silence(&self, since: Duration, until: Duration) -> Duration {
        let book = self.shared.book();
        let asked = book.questions.iter().copied().filter(|at| since < *at && *at < until);
        let mut times: Vec<Duration> = asked.collect();
        times.insert(0, since);
        times.push(until);
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    /// The first question that was asked after this time, if it was lately.
    pub fn question_after(&self, time: Duration) -> Option<Duration> {
        self.shared.book().questions.iter().find(|at| **at >= time).copied()
    }

    /// Lays a trap for whoever asks.
    pub fn trap(&self, trap: Trap) {
        self.shared.book().trap = Some(trap);
    }

    /// From now on this pin cannot be claimed.
    pub fn refuse(&self, pin: u8) {
        self.shared.book().refused.push(pin);
    }

    /// From now on this pin stays where it is, whatever it is told.
    pub fn weld(&self, pin: u8) {
        self.shared.book().welded.push(pin);
    }

    /// From now on whoever writes to this pin waits; `None`: nobody waits any more.
    pub fn hang(&self, pin: Option<u8>) {
        self.shared.book().hung = pin;
        self.shared.moved.notify_all();
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // One more caller, so that the listening thread looks up.
        let _ = UnixStream::connect(&self.socket);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    fn serve(&self, mut stream: UnixStream) {
        let Ok(reader) = stream.try_clone() else { return };
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            let Some(answer) = self.answer(&line) else { return };
            if stream.write_all(format!("{answer}\n").as_bytes()).is_err() {
                return;
            }
        }
    }

    /// `None`: whoever asked is dead.
    fn answer(&self, line: &str) -> Option<String> {
        let mut book = self.book();
        let at = self.clock.now().monotonic;
        if book.questions.len() == QUESTIONS {
            book.questions.pop_front();
        }
        book.questions.push_back(at);
        let sprung = book.spring();
        if sprung.is_some_and(|trap| !trap.obey) {
            return None;
        }
        let mut words = line.split(' ');
        let (verb, pin) = (words.next()?, words.next()?.parse().ok()?);
        let wanted = words.next().map(|word| word == "1");
        if verb == "write" {
            book = self.moved.wait_while(book, |book| book.hung == Some(pin)).unwrap();
        }
        if verb == "claim" && book.refused.contains(&pin) {
            return Some("the pin belongs to somebody else".to_owned());
        }
        if let Some(high) = wanted
            && !book.welded.contains(&pin)
        {
            let before = book.levels.insert(pin, high);
            let claim = verb == "claim";
            if claim || before != Some(high) {
                book.moves.push(Move { at, pin, high, claim });
                self.moved.notify_all();
            }
        }
        let level = book.levels.get(&pin).map_or("not claimed", |high| ["0", "1"][*high as usize]);
        sprung.is_none().then(|| level.to_owned())
    }
}

impl Book {
    /// Kills whoever the trap is for, if this was the last question.
    fn spring(&mut self) -> Option<Trap> {
        let trap = self.trap.as_mut()?;
        if trap.questions > 0 {
            trap.questions -= 1;
            return None;
        }
        let pid = i32::try_from(trap.pid).ok().and_then(Pid::from_raw).unwrap();
        // A child that has just ended by itself is waited for by its parent.
        let _ = kill_process(pid, Signal::KILL);
        self.trap.take()
    }
}
