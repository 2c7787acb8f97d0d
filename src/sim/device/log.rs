//! Every byte a device received, within a bound.

/// Bytes kept at most: more than an hour of the busiest host at 19200 baud
/// would send, little enough for many devices in one test.
pub const LOG_MAX: usize = 1 << 20;

/// The newest bytes received, and how many there were.
#[derive(Debug, Default)]
pub struct Log {
    bytes: Vec<u8>,
    total: u64,
}

impl Log {
    /// Adds bytes; the older half goes when there are too many.
    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let newest = &bytes[bytes.len().saturating_sub(LOG_MAX / 2)..];
        if self.bytes.len() + newest.len() > LOG_MAX {
            let surplus = self.bytes.len() + newest.len() - LOG_MAX;
            self.bytes.drain(..surplus.max(self.bytes.len() / 2).min(self.bytes.len()));
        }
        self.bytes.extend(newest);
    }

    /// The newest bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes there ever were.
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_keeps_the_newest() {
        let mut log = Log::default();
        for i in 0..100u8 {
            log.push(&[i; 50_000]);
            assert!(log.bytes().len() <= LOG_MAX);
        }
        assert_eq!(log.total(), 5_000_000);
        assert_eq!(log.bytes().last(), Some(&99));
        log.push(&vec![7; 3 * LOG_MAX]);
        assert!(log.bytes().len() <= LOG_MAX);
    }
}
