//! How fast, how small and how gentle: figures of the whole program, in one table.
//!
//! `cargo bench --bench figures`, or `.ci/figures`, which adds what only the system
//! can tell. A real `sunkeep run` reads pseudo-terminals and moves pins that belong
//! to this process, which writes down when. Beside it a bare floor: a program that
//! reads the same terminal and writes to the same socket, and does nothing else.
//! Nothing here is asserted: a loaded machine is slow, and that is no fault.
//!
//! `SUNKEEP_SHORT=1` takes a tenth of the samples, `SUNKEEP_BINARY` names another program.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that fails says why")]

mod burden;
mod floor;
mod latency;
#[path = "../../tests/process/line.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod line;
#[path = "../../tests/support/running.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod running;
mod table;
#[path = "../../tests/support/witness.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod witness;
mod year;

use table::Table;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Edges of each kind.
    edges: usize,
    /// Starts of the daemon.
    starts: usize,
    /// Seconds for which the load is measured.
    seconds: u64,
    /// Virtual days of writes.
    days: u64,
}

const LONG: Plan = Plan { edges: 300, starts: 21, seconds: 60, days: 365 };
const SHORT: Plan = Plan { edges: 60, starts: 5, seconds: 10, days: 30 };

/// The program that is measured; `SUNKEEP_BINARY` is another one than was built here.
fn sunkeep() -> std::process::Command {
    let own = env!("CARGO_BIN_EXE_sunkeep");
    let binary = std::env::var("SUNKEEP_BINARY").unwrap_or_else(|_| own.to_owned());
    std::process::Command::new(binary)
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let [_, verb, port, socket] = &words[..]
        && verb == floor::VERB
    {
        return floor::run(port, socket);
    }
    let plan = if std::env::var_os("SUNKEEP_SHORT").is_some() { SHORT } else { LONG };
    let mut table = Table::default();
    floor::measure(plan, &mut table);
    latency::measure(plan, &mut table);
    burden::measure(plan, &mut table);
    year::measure(plan, &mut table);
    table.print();
}
