//! From the last byte of a block to the edge of a pin.
//!
//! A block is written but for its last byte, and the daemon given time to read that;
//! then the clock runs from the last byte to the moment in which the pin's owner is
//! told. The daemon looks at its pin before it decides: that question is when the
//! step begins.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::Plan;
use crate::line::Line;
use crate::running::Running;
use crate::table::Table;
use crate::witness::Witness;

const SITE: &str = r#"
[devices.shunt]
port = "PORT"

[inputs.soc]
from = "shunt.soc"
max_age = "60s"

[outputs.heater]
gpio = 17
active = "high"
safe = "off"
min_on = "1ms"
min_off = "1ms"
max_on = "1h"
max_starts_per_hour = 360
"#;

const RULE: &str = r#"
rule("heat").turn_on(heater)
    .when(soc above 60).lasting(0.sec).clear_when(soc below 40).lasting(0.sec);
"#;

/// So long the daemon may take for all but the last byte.
const PAUSE: Duration = Duration::from_millis(20);

/// An edge that has not come after this time does not come: a busy machine read two
/// frames as one, and one does not suffice. It is sent again and does not count.
const PATIENCE: Duration = Duration::from_secs(5);

/// So often in a row at most.
const REPEATS_MAX: usize = 20;

/// So long the journal may take with what an edge leaves behind.
const SETTLED: Duration = Duration::from_millis(60);

/// A block of a shunt that says so much charge, and fields of the usual length.
fn block(soc: u32) -> Vec<u8> {
    let text = format!(
        "\r\nPID\t0xA389\r\nV\t12870\r\nI\t-1250\r\nP\t-16\r\nCE\t-13000\r\nSOC\t{}\
         \r\nTTG\t3200\r\nAlarm\tOFF\r\nAR\t0\r\nBMV\tSmartShunt 500A/50mV\r\nFW\t0416\
         \r\nMON\t0\r\nChecksum\t",
        soc * 10
    );
    let mut block = text.into_bytes();
    let sum = block.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    block.push(0_u8.wrapping_sub(sum));
    block
}

/// Edges of one site: no relay may be started more often in an hour.
const STARTS_MAX: usize = 350;

/// What is measured of each edge.
#[derive(Default)]
struct Times {
    step: Vec<Duration>,
    to_safe: Vec<Duration>,
    away: Vec<Duration>,
}

/// Both edges, many times.
pub fn measure(plan: Plan, table: &mut Table) {
    let mut times = Times::default();
    while times.away.len() < plan.edges {
        let count = STARTS_MAX.min(plan.edges - times.away.len());
        Site::new().measure(count, &mut times);
    }
    table.spread("last byte of a block to the step that decides", times.step);
    table.spread("last byte of a block to the edge to safe", times.to_safe);
    table.spread("last byte to an edge away from safe, synced intent", times.away);
}

/// A shunt on a bare line, and a heater whose pin is ours.
struct Site {
    // Before the folder, in which its socket is.
    witness: Witness,
    line: Line,
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("rules")).unwrap();
        std::fs::write(path("rules/heat.rhai"), RULE).unwrap();
        let port = path("port").display().to_string();
        std::fs::write(path("site.toml"), SITE.replace("PORT", &port)).unwrap();
        let (witness, line) = (Witness::listen(&path("pins")), Line::plug(&path("port")));
        Self { witness, line, folder }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = crate::sunkeep();
        command.args(words).arg("--config").arg(self.folder.path().join("site.toml"));
        command
    }

    fn start(&self) -> Running {
        let pins = format!("--simulate-pins={}", self.folder.path().join("pins").display());
        let mut daemon = Running::start(self.command(&["run", &pins]));
        daemon.wait_for("mode", &["started"]);
        daemon.wait_for("device", &["shunt", "port open"]);
        assert!(self.command(&["arm"]).output().unwrap().status.success());
        // Two frames before anything is believed.
        (0..4).for_each(|_| self.line.say(&block(20)));
        std::thread::sleep(PAUSE);
        daemon
    }

    /// So many times on and off.
    fn measure(&self, count: usize, times: &mut Times) {
        let daemon = self.start();
        for _ in 0..count {
            let (before, edge) = self.edge(80);
            times.away.push(edge - before);
            let (before, edge) = self.edge(20);
            times.to_safe.push(edge - before);
            times.step.push(self.witness.question_after(before).unwrap() - before);
        }
        assert!(daemon.end(Signal::TERM).success());
    }

    /// The last byte of a block that says so much charge, and the edge that follows.
    fn edge(&self, soc: u32) -> (Duration, Duration) {
        let moves = self.witness.moves().len();
        let block = block(soc);
        let (last, most) = block.split_last().unwrap();
        for _ in 0..REPEATS_MAX {
            if soc == 80 {
                // Leaving safe takes two frames that agree.
                self.line.say(&block);
                std::thread::sleep(PAUSE);
            }
            self.line.say(most);
            std::thread::sleep(PAUSE);
            let before = self.witness.now();
            self.line.say(&[*last]);
            if let Some(edge) = self.witness.moved_within(moves + 1, PATIENCE) {
                // What follows an edge, such as its journal, is not the next one's affair.
                std::thread::sleep(SETTLED);
                return (before, edge.at);
            }
        }
        panic!("no edge after {REPEATS_MAX} times: {:?}", self.witness.moves().last());
    }
}
