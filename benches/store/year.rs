//! A year of one point, asked for at 15 minutes.

use std::sync::Arc;
use std::time::Duration;

use sunkeep::clock::{Clock, SystemClock};
use sunkeep::sim::random::Random;
use sunkeep::store::query::HistoryReader;
use sunkeep::store::{Command, Keep, Options, Tier};

use crate::day::{SECONDS, at, frames, home, open};

const DAYS: u64 = 365;

/// Writes a year of three points and prints how long two questions take.
pub fn report() {
    let dir = home("year");
    let keep = Keep { full: Duration::from_secs(400 * SECONDS), ..Keep::default() };
    let flush_every = Duration::from_secs(3600);
    let options = Options { keep, flush_every, flush_samples: 20_000, ..Options::default() };
    let store = open(&dir, options);
    let names: Vec<Arc<str>> = (0..3).map(|n| Arc::from(format!("shunt.point_{n}"))).collect();
    let (mut random, mut walk) = (Random::new(3), [1300.0, 50.0, 700.0]);
    for second in 0..DAYS * SECONDS {
        for level in &mut walk {
            *level = (*level + random.between(-2.0, 2.0)).round().clamp(0.0, 2000.0);
        }
        let values = walk.map(|level| level / 100.0);
        let frame = frames(&names, &values, second * 1000, &mut random);
        for frame in frame {
            store.send(Command::Samples(frame));
        }
        while store.counters().samples_written + 30_000 < second * 3 {
            std::thread::yield_now();
        }
    }
    assert!(store.close());
    let reader = HistoryReader::open(&dir).expect("the history");
    let range = at(0).wall..at(DAYS * SECONDS * 1000).wall;
    let clock = SystemClock::new();
    let best = |ask: &dyn Fn() -> usize| {
        let once = |_| {
            let before = clock.now().monotonic;
            let rows = ask();
            assert_eq!(rows as u64, DAYS * 96);
            clock.now().monotonic - before
        };
        (0..5).map(once).min().unwrap_or_default()
    };
    let rollup =
        || reader.series("shunt.point_0", range.clone(), Tier::Quarter).map_or(0, |r| r.len());
    let step = Duration::from_secs(900);
    let full = || reader.aggregate("shunt.point_0", range.clone(), step).map_or(0, |r| r.len());
    println!("  a year of one point at 15 minutes, best of 5");
    println!("    from the table             {:8.1} ms", best(&rollup).as_secs_f64() * 1e3);
    println!("    from every reading         {:8.1} ms", best(&full).as_secs_f64() * 1e3);
}
