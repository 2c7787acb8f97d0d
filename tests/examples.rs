//! The programs in `examples/` do what their headers say.
//!
//! They are included as modules, so that this test needs no build of them
//! beforehand; `main` of each only reads arguments and calls `run`.

#[allow(dead_code, reason = "`main` is for the command line")]
#[path = "../examples/decode_capture.rs"]
mod decode_capture;
#[allow(dead_code, reason = "`main` is for the command line")]
#[path = "../examples/registers.rs"]
mod registers;
#[allow(dead_code, reason = "`main` is for the command line")]
#[path = "../examples/replay.rs"]
mod replay;

use std::io::Write;

/// What an example prints.
#[track_caller]
fn printed(run: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> String {
    let mut out = Vec::new();
    run(&mut out).expect("the example ends well");
    String::from_utf8(out).expect("text")
}

/// Expects these texts, in this order.
#[track_caller]
fn check(printed: &str, expected: &[&str]) {
    let mut rest = printed;
    for text in expected {
        let Some((_, after)) = rest.split_once(text) else {
            panic!("`{text}` is not there, or not in its place:\n{printed}");
        };
        rest = after;
    }
}

#[test]
fn a_capture_becomes_blocks_and_frames_in_units() {
    check(
        &printed(|out| decode_capture::run(decode_capture::WORKED, out)),
        &[
            "HEX   battery_absorption_voltage is 14.2 V",
            "TEXT  ",
            "battery_voltage 13.26 V, battery_current 1.5 A",
            "TEXT  ",
            "battery_voltage 13.27 V",
            "2 blocks and 1 frames in ",
            " 0 damaged",
        ],
    );
}

#[test]
fn an_empty_capture_is_no_error() {
    check(&printed(|out| decode_capture::run(b"", out)), &["0 blocks and 0 frames in 0 bytes"]);
}

#[test]
fn a_register_is_read_written_and_put_back() {
    check(
        &printed(|out| registers::run(None, out)),
        &[
            "product 0xA053, serial number HQ2310SKMP1",
            "battery_float_voltage is 13.8 V",
            "battery_float_voltage to 13.90: written and read back",
            "battery_float_voltage to 13.80: written and read back",
        ],
    );
}

#[test]
fn a_replayed_evening_switches_the_load_off_and_on_again() {
    let printed = printed(|out| replay::run(&replay::record(), out));
    check(
        &printed,
        &[
            "intent load off  shunt.soc is 29.",
            "apply  output 0 off",
            "result load verified off",
            "safe   load on",
            "apply  output 0 on",
            "result load verified on",
        ],
    );
    assert_eq!(printed.matches("apply").count(), 2, "one edge each way:\n{printed}");
}

#[test]
fn a_replay_gives_the_same_decisions_each_time() {
    let recording = replay::record();
    let first = printed(|out| replay::run(&recording, out));
    assert_eq!(first, printed(|out| replay::run(&recording, out)));
}
