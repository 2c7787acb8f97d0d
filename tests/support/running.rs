//! A daemon as a child process, and waiting for what it logs.
//!
//! Every wait has a limit and ends as soon as the line is there; nothing sleeps.
//! However a daemon ends here, it must have kept within its memory.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sunkeep::clock::{Clock, SystemClock};

/// How long a test waits for something that takes a second at most. Machines
/// that build at the same time are slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the contract gives a daemon to end.
const EXIT_LIMIT: Duration = Duration::from_secs(10);

/// What the contract gives a daemon of memory, whatever happens, in KiB.
const MEMORY_MAX: u64 = 64 << 10;

/// A running daemon and the lines it logs.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    unused: Vec<String>,
    log: String,
}

impl Running {
    /// Starts `command`, which logs to its standard error.
    pub fn start(mut command: Command) -> Self {
        command.env("NO_COLOR", "1").env("RUST_LOG", "info").stdin(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, unused: Vec::new(), log: String::new() }
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a journal line of this kind with all these words. Each line is
    /// found once, whatever the order in which two things happened.
    #[track_caller]
    pub fn wait_for(&mut self, kind: &str, words: &[&str]) {
        let kind = format!("kind=\"{kind}\"");
        let fits =
            |line: &String| line.contains(&kind) && words.iter().all(|word| line.contains(word));
        loop {
            if let Some(found) = self.unused.iter().position(fits) {
                self.unused.remove(found);
                return;
            }
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.log += &format!("{line}\n");
                    self.unused.push(line);
                }
                Err(why) => panic!("no {kind} {words:?} ({why}) in:\n{}", self.log),
            }
        }
    }

    /// Everything it has said so far, as far as somebody waited for it.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// Reads its log for so long; says whether it is alive after that.
    pub fn lives_on(&mut self, span: Duration) -> bool {
        let clock = SystemClock::new();
        while let Some(left) = span.checked_sub(clock.now().monotonic) {
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.log += &format!("{line}\n");
                    self.unused.push(line);
                }
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        true
    }

    /// Processor time it has used, all threads together.
    #[track_caller]
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap();
        // The name in brackets may contain spaces; user and system time are the
        // 12th and 13th word after it, in hundredths of a second.
        let (_, after) = stat.rsplit_once(')').unwrap();
        let words: Vec<u64> = after.split(' ').map(|word| word.parse().unwrap_or(0)).collect();
        Duration::from_millis((words[12] + words[13]) * 10)
    }

    /// The most memory it ever had, in KiB; `None` when it has ended.
    fn memory_peak(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    #[track_caller]
    fn check_memory(&self) {
        if let Some(peak) = self.memory_peak() {
            assert!(peak < MEMORY_MAX, "it has used {peak} KiB of memory");
        }
    }

    /// Sends a signal and waits for the end, within what the contract allows.
    #[track_caller]
    pub fn end(self, signal: Signal) -> ExitStatus {
        self.check_memory();
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).unwrap();
        self.ended()
    }

    /// Waits for an end that somebody else brings about.
    #[track_caller]
    pub fn ended(mut self) -> ExitStatus {
        let clock = SystemClock::new();
        // The log ends with the process.
        while let Some(left) = EXIT_LIMIT.checked_sub(clock.now().monotonic) {
            match self.lines.recv_timeout(left) {
                Ok(line) => self.log += &format!("{line}\n"),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
                Err(RecvTimeoutError::Timeout) => break,
            }
        }
        panic!("still running after {EXIT_LIMIT:?}:\n{}", self.log);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_memory();
        }
        // It may have ended by itself, and then cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
