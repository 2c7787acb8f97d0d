//! Bad weather from a seed: values swing over the thresholds, and every few
//! minutes something breaks, or is mended. The judge looks all the time.
//!
//! `SUNKEEP_SEEDS` says how many seeds, `SUNKEEP_HOURS` how many virtual hours
//! each, `SUNKEEP_SEED` which one alone.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sunkeep::engine::Mode;

use crate::board::Mover;
use crate::disk::LATENCY;
use crate::judge::Figures;
use crate::site::{MPPT, RELAYS, RULES, SHUNT};
use crate::world::{Cable, Truth, World};

const SEEDS: u64 = 6;
const HOURS: u64 = 1;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}

/// What is wrong at the moment, and how to put it right.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Pulled(usize),
    Swapped,
    Silent(usize),
    Deaf(usize),
    Noise(usize, f64),
    HistoryOnly,
    Restart(usize),
    DiskBroken,
    DiskSlow(u64),
    WallJump(i64),
    WallUnset,
    Killed,
    Ended,
    Hung,
    PinFails(usize),
    Welded(usize),
    Foreign(usize),
    ForeignLoad,
    Disarmed,
    Reload(usize),
    Clamped,
}

/// A world and what is wrong with it.
struct Storm {
    world: World,
    faults: Vec<(Duration, Fault)>,
    next_fault: Duration,
    /// What broke when.
    story: Vec<(Duration, Fault)>,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let world = World::armed(seed);
        Self { world, faults: Vec::new(), next_fault: Duration::from_secs(600), story: Vec::new() }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.world.dice.bits() % bound
    }

    /// Some seconds, short mostly, hours now and then.
    fn span(&mut self) -> Duration {
        let most = [5, 30, 120, 900, 5000][self.below(5) as usize];
        Duration::from_secs(1 + self.below(most))
    }

    fn run(&mut self, hours: u64) {
        let end = Duration::from_secs(hours * 3600);
        while self.world.now < end {
            self.swing();
            let span = Duration::from_secs(5 + self.below(40));
            self.world.pass(span);
            self.mend();
            if self.world.now >= self.next_fault {
                let fault = self.pick();
                self.strike(fault);
                let pause = Duration::from_secs(20 + self.below(500));
                self.next_fault = self.world.now + pause;
            }
        }
    }

    /// Values wander, and jump over a threshold now and then.
    fn swing(&mut self) {
        let Truth { mut soc, mut cells, mut voltage } = self.world.truth;
        let dice = &mut self.world.dice;
        soc += dice.between(-3.0, 3.0);
        cells += dice.between(-1.0, 1.0);
        voltage += dice.between(-0.2, 0.2);
        match dice.bits() % 24 {
            0 => soc = dice.between(10.0, 35.0),
            1 => soc = dice.between(40.0, 90.0),
            2 => cells = dice.between(-15.0, 2.0),
            3 => cells = dice.between(5.0, 20.0),
            4 => voltage = dice.between(13.8, 14.8),
            5 => voltage = dice.between(11.5, 13.4),
            _ => {}
        }
        let truth = Truth {
            soc: soc.clamp(1.0, 100.0),
            cells: cells.clamp(-30.0, 40.0),
            voltage: voltage.clamp(10.5, 15.0),
        };
        self.world.show(truth);
    }

    fn pick(&mut self) -> Fault {
        let port = self.below(2) as usize;
        let relay = self.below(RELAYS.len() as u64) as usize;
        match self.below(21) {
            0 => Fault::Pulled(port),
            1 => Fault::Swapped,
            2 => Fault::Silent(port),
            3 => Fault::Deaf(port),
            4 => Fault::Noise(port, [1e-4, 1e-3, 1e-2][self.below(3) as usize]),
            5 => Fault::HistoryOnly,
            6 => Fault::Restart(port),
            7 => Fault::DiskBroken,
            8 => Fault::DiskSlow(1 + self.below(40)),
            9 => Fault::WallJump([1_767_000_000, -259_200, 3600, -3600][self.below(4) as usize]),
            10 => Fault::WallUnset,
            11 | 12 => Fault::Killed,
            13 => Fault::Ended,
            14 => Fault::Hung,
            15 => Fault::PinFails(relay),
            16 => Fault::Welded(relay),
            17 => Fault::Foreign(relay),
            18 => Fault::ForeignLoad,
            19 => Fault::Disarmed,
            20 if self.below(3) == 0 => Fault::Clamped,
            _ => Fault::Reload(self.below(RULES.len() as u64) as usize),
        }
    }

    fn strike(&mut self, fault: Fault) {
        let span = self.span();
        self.story.push((self.world.now, fault));
        let world = &mut self.world;
        match fault {
            Fault::Pulled(port) => world.cables[port].to = None,
            Fault::Swapped => {
                (world.cables[MPPT].to, world.cables[SHUNT].to) = (Some(SHUNT), Some(MPPT));
            }
            Fault::Silent(device) => world.devices[device].faults_mut().silent = true,
            Fault::Deaf(port) => world.cables[port].deaf = true,
            Fault::Noise(port, share) => world.cables[port].noise = share,
            Fault::HistoryOnly => world.cables[SHUNT].history_only = true,
            Fault::Restart(device) => world.devices[device].restart(world.now),
            Fault::DiskBroken => world.disk.broken = true,
            Fault::DiskSlow(seconds) => world.disk.latency = Duration::from_secs(seconds),
            Fault::WallJump(by) => world.wall_ahead = (world.wall_ahead + by).max(0),
            Fault::WallUnset => (world.wall_ahead, world.wall_trusted) = (0, false),
            Fault::Killed => world.kill(),
            Fault::Ended => world.end(),
            Fault::Hung => world.hung_until = world.now + span.min(Duration::from_secs(30)),
            Fault::PinFails(relay) => world.board.failing[relay] = true,
            Fault::Welded(relay) => world.board.welded[relay] = true,
            Fault::Foreign(relay) => {
                let high = RELAYS[relay].safe_high ^ world.board.is_safe(relay);
                let _ = world.board.write(relay, high, Mover::Foreign);
            }
            Fault::ForeignLoad => world.foreign_load(),
            Fault::Disarmed => world.mode(Mode::Observe),
            Fault::Reload(set) => world.reload(set),
            Fault::Clamped => world.clamp(),
        }
        self.faults.push((self.world.now + span, fault));
        if fault == Fault::Killed {
            // The helper of the system runs within two seconds.
            let delay = Duration::from_millis(self.below(1900));
            self.world.pass(delay);
            self.world.board.all_safe(Mover::Guard);
        }
    }

    fn mend(&mut self) {
        let now = self.world.now;
        let over: Vec<Fault> = self
            .faults
            .iter()
            .filter(|(until, _)| *until <= now)
            .map(|(_, fault)| *fault)
            .collect();
        self.faults.retain(|(until, _)| *until > now);
        for fault in over {
            let world = &mut self.world;
            match fault {
                Fault::Pulled(_) | Fault::Swapped => {
                    for port in 0..2 {
                        world.cables[port] = Cable { to: Some(port), ..world.cables[port] };
                    }
                }
                Fault::Silent(device) => world.devices[device].faults_mut().silent = false,
                Fault::Deaf(port) => world.cables[port].deaf = false,
                Fault::Noise(port, _) => world.cables[port].noise = 0.0,
                Fault::HistoryOnly => world.cables[SHUNT].history_only = false,
                Fault::DiskBroken => world.disk.broken = false,
                Fault::DiskSlow(_) => world.disk.latency = LATENCY,
                Fault::WallUnset => {
                    (world.wall_ahead, world.wall_trusted) = (1_793_500_000, true);
                }
                Fault::Killed | Fault::Ended if world.life.is_none() => world.begin(),
                Fault::PinFails(relay) => world.board.failing[relay] = false,
                Fault::Welded(relay) => world.board.welded[relay] = false,
                Fault::Disarmed => world.mode(Mode::Run),
                Fault::Clamped => world.devices[MPPT].faults_mut().clamps.clear(),
                _ => {}
            }
        }
    }
}

/// One seed, with the way to repeat it.
fn weather(seed: u64, hours: u64) -> Figures {
    let mut storm = Storm::new(seed);
    let told = std::panic::catch_unwind(AssertUnwindSafe(|| storm.run(hours)));
    if let Err(panic) = told {
        let World { disk, judge, .. } = &storm.world;
        println!("{:#?}\n{:#?}", storm.story.iter().rev().take(12).collect::<Vec<_>>(), disk.tail);
        println!("{:?}", judge.moves.iter().rev().take(12).collect::<Vec<_>>());
        println!(
            "seed {seed} at {:?} with {:?}; repeat with: \
             SUNKEEP_SEED={seed} SUNKEEP_HOURS={hours} cargo test --test faults weather",
            storm.world.now, storm.faults
        );
        std::panic::resume_unwind(panic);
    }
    storm.world.judge.figures
}

#[test]
fn no_weather_makes_the_site_do_what_it_must_never_do() {
    let hours = number("SUNKEEP_HOURS").unwrap_or(HOURS);
    let seeds = match number("SUNKEEP_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..number("SUNKEEP_SEEDS").unwrap_or(SEEDS) + 1,
    };
    let count = seeds.end - seeds.start;
    let next = AtomicU64::new(seeds.start);
    let worker = || {
        let mut sum = Figures::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return sum;
            }
            sum.add(weather(seed, hours));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut sum = Figures::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            sum.add(worker.join().expect("the seed says what was wrong"));
        }
    });
    println!(
        "{count} seeds x {hours} virtual hours: {} pins left safe, {} writes to flash and {} of \
         what is lent, {} limits, {} deaths; nothing that must never be",
        sum.edges, sum.load_writes, sum.float_writes, sum.limits, sum.deaths
    );
    let busy = sum.edges > count && sum.load_writes > count && sum.float_writes > count;
    assert!(busy, "nothing was going on: {sum:?}");
}
