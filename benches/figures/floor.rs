//! The least that any program must spend between a terminal and a socket: what the
//! daemon takes more than this is its own.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use sunkeep::clock::{Clock, SystemClock};
use tokio::io::AsyncReadExt;
use tokio_serial::SerialPortBuilderExt;

use crate::Plan;
use crate::line::Line;
use crate::table::Table;
use crate::witness::Witness;

/// The word with which this program becomes the floor.
pub const VERB: &str = "--floor";

/// What a journal entry takes in its file, about.
const PAGE: [u8; 4096] = [7; 4096];

/// The bare reader: after each byte it moves the pin and hears the answer.
pub fn run(port: &str, socket: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut pin = BufReader::new(UnixStream::connect(socket).unwrap());
    let mut ask = |question: &str| {
        pin.get_mut().write_all(question.as_bytes()).unwrap();
        let mut answer = String::new();
        pin.read_line(&mut answer).unwrap();
    };
    runtime.block_on(async {
        let mut port = tokio_serial::new(port, 19_200).open_native_async().unwrap();
        ask("claim 17 0\n");
        let (mut byte, mut high) = ([0], false);
        while port.read(&mut byte).await.is_ok_and(|count| count > 0) {
            high = !high;
            ask(if high { "write 17 1\n" } else { "write 17 0\n" });
        }
    });
}

/// From a byte to an edge, and the disk's own time.
pub fn measure(plan: Plan, table: &mut Table) {
    let folder = tempfile::tempdir().unwrap();
    let witness = Witness::listen(&folder.path().join("pins"));
    let line = Line::plug(&folder.path().join("port"));
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(VERB).arg(folder.path().join("port")).arg(folder.path().join("pins"));
    let mut bare = command.stdin(Stdio::null()).spawn().unwrap();
    witness.wait_for_moves(1);
    let mut times = Vec::new();
    for edge in 0..plan.edges {
        std::thread::sleep(Duration::from_millis(5));
        let before = witness.now();
        line.say(b"\n");
        times.push(witness.wait_for_moves(edge + 2)[edge + 1].at - before);
    }
    bare.kill().unwrap();
    bare.wait().unwrap();
    table.spread("floor: byte in, edge out, nothing between", times);

    let clock = SystemClock::new();
    let file = std::fs::File::create(folder.path().join("disk")).unwrap();
    let sync = |number: usize| {
        let before = clock.now().monotonic;
        file.write_all_at(&PAGE, (number * PAGE.len()) as u64).unwrap();
        file.sync_data().unwrap();
        clock.now().monotonic - before
    };
    table.spread("floor: 4 KiB written and synced", (0..plan.edges).map(sync).collect());
}
