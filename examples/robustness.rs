//! How many blocks the decoder loses on a bad cable, as a table.
//!
//! `cargo run --release --example robustness [blocks] [damage per byte] [seeds]`;
//! the default is 45 000 blocks, 0.001 and seeds 1 to 12. A stream is made from
//! its seed, damaged, decoded and compared block by block.

#[path = "../tests/support/score.rs"]
mod score;
#[path = "../tests/support/stream.rs"]
mod stream;

use score::Score;
use stream::{Device, Hex};

fn main() {
    let argument = |index| std::env::args().nth(index);
    let blocks = argument(1).and_then(|text| text.parse().ok()).unwrap_or(45_000);
    let rate = argument(2).and_then(|text| text.parse().ok()).unwrap_or(1e-3);
    let seeds: u64 = argument(3).and_then(|text| text.parse().ok()).unwrap_or(12);
    println!("{blocks} blocks a row, damage {rate} per byte, seeds 1 to {seeds} together");
    println!(
        "device hex          undamaged   lost      %   text only   lost      %  false  at end  worst seed"
    );
    for device in [Device::Mppt, Device::Bmv] {
        for hex in [Hex::None, Hex::AfterBlock, Hex::InsideBlock] {
            let mut total = Score::default();
            let mut worst = 0;
            for seed in 1..=seeds {
                let score = score::run(device, hex, blocks, rate, seed);
                worst = worst.max(score.false_blocks + score.false_at_end);
                total.add(&score);
            }
            print_row(device, hex, &total, worst);
        }
    }
}

fn print_row(device: Device, hex: Hex, score: &Score, worst: usize) {
    println!(
        "{:<6} {:<12} {:>9} {:>6} {:>6.3}   {:>9} {:>6} {:>6.3} {:>6} {:>7} {:>6}",
        format!("{device:?}"),
        format!("{hex:?}"),
        score.undamaged,
        score.lost,
        score.lost_percent(),
        score.text_undamaged,
        score.text_lost,
        score.text_lost_percent(),
        score.false_blocks,
        score.false_at_end,
        worst,
    );
}
