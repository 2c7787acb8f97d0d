//! How many blocks a bad cable may cost: the figures the decoder is held to.
//!
//! A failure names its seed and the one command to repeat it; the example
//! `robustness` prints the same figures for more seeds as a table.

#[path = "support/score.rs"]
mod score;
#[path = "support/stream.rs"]
mod stream;

use stream::{Device, Hex};

#[track_caller]
fn check_robustness(device: Device, hex: Hex) {
    for seed in 1..=3 {
        let score = score::run(device, hex, 45_000, 1e-3, seed);
        let again = format!(
            "{device:?}, {hex:?}, seed {seed}: {score:?}\n\
             repeat: cargo run --release --example robustness 45000 0.001 {seed}"
        );
        assert!(score.lost_percent() <= 0.05, "{again}");
        assert!(score.false_blocks + score.false_at_end <= 1, "{again}");
    }
}

#[test]
fn plain_streams_survive_a_bad_cable() {
    check_robustness(Device::Mppt, Hex::None);
    check_robustness(Device::Bmv, Hex::None);
}

#[test]
fn hex_after_blocks_survives_a_bad_cable() {
    check_robustness(Device::Mppt, Hex::AfterBlock);
    check_robustness(Device::Bmv, Hex::AfterBlock);
}

#[test]
fn hex_inside_blocks_survives_a_bad_cable() {
    check_robustness(Device::Mppt, Hex::InsideBlock);
    check_robustness(Device::Bmv, Hex::InsideBlock);
}
