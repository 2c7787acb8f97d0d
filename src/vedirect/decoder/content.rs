//! What a shape's fields usually say, for streams that suffer damage.
//!
//! Two flipped bits cancel in the checksum, and in `OFF` or in a counter they
//! keep the shape as well. So each field remembers its last few values; once
//! it has said nothing else for a while it is *settled*, and another value in
//! it is news that a second block must confirm.

use super::value::Class;

/// Values remembered a field; the states of a relay or a charger are fewer.
const VALUES: usize = 8;

/// A text is settled after so many blocks without a new value.
const SETTLED_TEXT: u16 = 16;

/// Numbers drift. A new one costs a block if it lasts for one block only, so
/// they must be quiet for as long as makes that one block in 2000.
const SETTLED_NUMBER: u16 = 2000;

#[derive(Clone, Copy, Debug, Default)]
struct Field {
    /// Hashes of values; 0 is no value.
    values: [u32; VALUES],
    /// Which of them the next new value replaces.
    next: usize,
    /// Blocks since the last new value.
    quiet: u16,
}

impl Field {
    fn is_news(&self, hash: u32, class: Class) -> bool {
        let settled = match class {
            Class::Number | Class::Absent => SETTLED_NUMBER,
            Class::Hex(_) | Class::Text | Class::Foreign => SETTLED_TEXT,
        };
        self.quiet >= settled && !self.values.contains(&hash)
    }

    fn learn(&mut self, hash: u32) {
        if self.values.contains(&hash) {
            self.quiet = self.quiet.saturating_add(1);
            return;
        }
        self.values[self.next] = hash;
        self.next = (self.next + 1) % VALUES;
        self.quiet = 0;
    }
}

/// The fields of one shape, in its order.
#[derive(Debug)]
pub struct Content {
    fields: Vec<Field>,
    /// When the last block came, if it had news.
    pub doubtful: Option<u64>,
}

impl Content {
    /// Knows nothing yet of `count` fields, so nothing is news.
    pub fn new(count: usize) -> Self {
        Self { fields: vec![Field::default(); count], doubtful: None }
    }

    /// What settled fields say for the first time: equal for equal news.
    pub fn news<'a>(&self, values: impl Iterator<Item = (&'a [u8], Class)>) -> Option<u32> {
        let mut news = None;
        for (index, (field, (value, class))) in self.fields.iter().zip(values).enumerate() {
            let hash = hash(value);
            if field.is_news(hash, class) {
                let place = u32::try_from(index).unwrap_or(u32::MAX);
                news = Some(mix(mix(news.unwrap_or(0), place), hash));
            }
        }
        news
    }

    /// Remembers the values of a block that was delivered.
    pub fn learn<'a>(&mut self, values: impl Iterator<Item = (&'a [u8], Class)>) {
        for (field, (value, _)) in self.fields.iter_mut().zip(values) {
            field.learn(hash(value));
        }
    }
}

/// FNV-1a; never 0.
fn hash(value: &[u8]) -> u32 {
    let hash = value.iter().fold(0x811C_9DC5, |hash, byte| mix(hash, u32::from(*byte)));
    hash.max(1)
}

const fn mix(hash: u32, more: u32) -> u32 {
    (hash ^ more).wrapping_mul(0x0100_0193)
}
