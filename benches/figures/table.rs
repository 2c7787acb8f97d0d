//! Figures with their names, as they are printed at the end.

use std::time::Duration;

/// What was measured so far.
#[derive(Default)]
pub struct Table(Vec<(String, String)>);

impl Table {
    /// Adds a line.
    pub fn add(&mut self, name: &str, value: impl ToString) {
        eprintln!("measured: {name}");
        self.0.push((name.to_owned(), value.to_string()));
    }

    /// Adds the middle and the slow end of many times.
    pub fn spread(&mut self, name: &str, mut times: Vec<Duration>) {
        times.sort_unstable();
        let at = |share: f64| span(times[((times.len() - 1) as f64 * share) as usize]);
        let (count, worst) = (times.len(), span(times[times.len() - 1]));
        let line = format!("p50 {}  p99 {}  max {worst}  ({count} times)", at(0.5), at(0.99));
        self.add(name, line);
    }

    /// Writes everything to standard output.
    pub fn print(&self) {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        println!("{cores} cores, load at the end {}", load.trim_end());
        for (name, value) in &self.0 {
            println!("{name:<52} {value}");
        }
    }
}

fn span(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..10_000 => format!("{micros} µs"),
        micros => format!("{} ms", micros / 1000),
    }
}
