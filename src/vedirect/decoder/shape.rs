//! The shapes of a port's blocks: which labels, in which order, with which
//! classes of values.
//!
//! A checksum of 8 bits lets one damaged block in 256 through. A device sends
//! very few different shapes, so damage that changes a label, a sign or the
//! end of a line is seen here. While a stream suffers damage, known shapes
//! must also have a [`Content`] that is not news. Known shapes and held blocks
//! are few and bounded; the ones used longest ago make room.

use super::TEXT_MAX;
use super::content::Content;
use super::frame::Block;
use super::trust::Trust;
use super::value::{Class, scan};

/// Most bytes of a label (vendor's buffer of 9 with its terminator).
pub const LABEL_MAX: usize = 8;

/// Most bytes of a value (vendor's buffer of 33 with its terminator).
pub const VALUE_MAX: usize = 32;

/// Most fields of a block. The vendor names 22; a later firmware may add some.
pub const FIELDS_MAX: usize = 32;

/// Known shapes. A BMV has two; each text that turns into a number adds one.
const KNOWN_MAX: usize = 16;

/// Held blocks: two for a BMV, and room for damaged ones beside them.
const HELD_MAX: usize = 8;

/// At the end of a recording, a held block that saw this many others pass ...
const OLD: u64 = 64;

/// ... is given up if so many others were damaged: one in 256 of these has a
/// right checksum by chance. In a cleaner recording it is a rarity, and real.
const MANY_DAMAGED: u64 = 16;

/// Why fields are no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Not of the form of a block.
    Damaged,
    /// A label or value too long, or too many fields.
    TooLong,
}

/// What to do with a well-formed block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its shape is known, and its content as far as it must be: deliver.
    Known,
    /// It confirms a held block, now in `earlier`: deliver both.
    Confirms,
    /// It is held; an older one may have been `dropped` for it.
    Held {
        /// A held block was given up.
        dropped: bool,
    },
}

#[derive(Debug)]
struct Shape {
    /// CR LF label TAB of every field, one behind the other.
    template: Vec<u8>,
    /// Where each field's part of the template ends, and its class.
    fields: Vec<(usize, Class)>,
    /// Some class is still [`Class::Absent`].
    learning: bool,
    content: Content,
    /// Stamp of the last use.
    used: u64,
}

impl Shape {
    /// The shape of `fields`, if they have the form of a block.
    fn parse(fields: &[u8]) -> Result<Self, Flaw> {
        let mut shape = Self {
            template: Vec::new(),
            fields: Vec::new(),
            learning: false,
            content: Content::new(0),
            used: 0,
        };
        let mut rest = fields;
        while !rest.is_empty() {
            let line = rest.strip_prefix(b"\r\n").ok_or(Flaw::Damaged)?;
            let label = line.iter().position(|b| !is_label_byte(*b)).ok_or(Flaw::Damaged)?;
            if label == 0 || line[label] != b'\t' {
                return Err(Flaw::Damaged);
            }
            let (value, class) = scan(&line[label + 1..]);
            if label > LABEL_MAX || value > VALUE_MAX || shape.fields.len() == FIELDS_MAX {
                return Err(Flaw::TooLong);
            }
            if shape.labels().any(|known| known.eq_ignore_ascii_case(&line[..label])) {
                return Err(Flaw::Damaged);
            }
            shape.template.extend_from_slice(&rest[..label + 3]);
            shape.fields.push((shape.template.len(), class));
            shape.learning |= class == Class::Absent;
            rest = &line[label + 1 + value..];
        }
        shape.content = Content::new(shape.fields.len());
        if shape.fields.is_empty() { Err(Flaw::Damaged) } else { Ok(shape) }
    }

    fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.fields.iter().map(move |(end, _)| {
            let label = &self.template[start + 2..end - 1];
            start = *end;
            label
        })
    }

    /// Whether `fields` have this shape.
    fn matches(&self, fields: &[u8]) -> bool {
        let mut rest = fields;
        let mut start = 0;
        for (end, expected) in &self.fields {
            let prefix = &self.template[start..*end];
            let Some((head, tail)) = rest.split_at_checked(prefix.len()) else {
                return false;
            };
            if head != prefix && !head.eq_ignore_ascii_case(prefix) {
                return false;
            }
            let (value, class) = scan(tail);
            let agrees = class == *expected || class == Class::Absent || *expected == Class::Absent;
            if !agrees || value > VALUE_MAX {
                return false;
            }
            start = *end;
            rest = &tail[value..];
        }
        rest.is_empty()
    }

    /// What is new in `fields`, which have this shape.
    fn news(&self, fields: &[u8]) -> Option<u32> {
        self.content.news(values(fields, &self.fields))
    }

    fn learn_content(&mut self, fields: &[u8]) {
        self.content.learn(values(fields, &self.fields));
    }

    /// Takes over the classes of values that were absent until now.
    fn learn_classes(&mut self, fields: &[u8]) {
        let Ok(seen) = Self::parse(fields) else {
            return;
        };
        for ((_, class), (_, seen)) in self.fields.iter_mut().zip(seen.fields) {
            if *class == Class::Absent {
                *class = seen;
            }
        }
        self.learning = self.fields.iter().any(|(_, class)| *class == Class::Absent);
    }
}

/// The values of `fields` with the classes their shape has.
fn values<'a>(
    fields: &'a [u8],
    classes: &'a [(usize, Class)],
) -> impl Iterator<Item = (&'a [u8], Class)> {
    let values = Block::new(fields).fields().map(|(_, value)| value);
    values.zip(classes.iter().map(|(_, class)| *class))
}

/// Why a block is held.
#[derive(Debug)]
enum Doubt {
    Shape(Shape),
    /// It has a known shape and this news.
    News(u32),
}

#[derive(Debug)]
struct Held {
    doubt: Doubt,
    fields: Vec<u8>,
    /// Stamp of the time it was held.
    since: u64,
}

/// The shapes of one port.
#[derive(Debug, Default)]
pub struct Shapes {
    known: Vec<Shape>,
    /// Where to look first: blocks of several shapes take turns.
    next: usize,
    stamp: u64,
    /// Oldest first.
    held: Vec<Held>,
}

impl Shapes {
    /// Blocks that wait for a second one.
    pub fn held(&self) -> u64 {
        self.held.len() as u64
    }

    /// What to do with `fields`, whose checksum is right. A held block that
    /// they confirm is moved to `earlier`.
    pub fn judge(
        &mut self,
        fields: &[u8],
        trust: Trust,
        earlier: &mut Vec<u8>,
    ) -> Result<Outcome, Flaw> {
        if let Some(outcome) = self.recognise(fields, trust, earlier) {
            return Ok(outcome);
        }
        for index in 0..self.held.len() {
            if matches!(&self.held[index].doubt, Doubt::Shape(shape) if shape.matches(fields)) {
                let held = self.held.remove(index);
                copy(&held.fields, earlier);
                if let Doubt::Shape(shape) = held.doubt {
                    self.remember(shape, fields);
                }
                return Ok(Outcome::Confirms);
            }
        }
        let shape = Shape::parse(fields)?;
        Ok(self.hold(Doubt::Shape(shape), fields))
    }

    /// What to do with `fields` if they have a known shape.
    #[inline]
    pub fn recognise(
        &mut self,
        fields: &[u8],
        trust: Trust,
        earlier: &mut Vec<u8>,
    ) -> Option<Outcome> {
        let index = self.find(fields)?;
        Some(match trust {
            Trust::Clean => Outcome::Known,
            Trust::Damaged => self.weigh(index, fields, earlier),
        })
    }

    /// What to do with `fields` of the known shape at `index`, by their content.
    #[cold]
    fn weigh(&mut self, index: usize, fields: &[u8], earlier: &mut Vec<u8>) -> Outcome {
        let stamp = self.stamp;
        let shape = &mut self.known[index];
        let Some(news) = shape.news(fields) else {
            shape.content.doubtful = None;
            shape.learn_content(fields);
            return Outcome::Known;
        };
        let before = shape.content.doubtful.replace(stamp);
        let confirmed = self.held.iter().position(|held| {
            let is_same = matches!(held.doubt, Doubt::News(held) if held == news);
            is_same && shape.matches(&held.fields)
        });
        // News twice in a row are a value that changes all the time.
        let confirmed = confirmed.or_else(|| {
            let is_before = |held: &Held| Some(held.since) == before;
            self.held
                .iter()
                .position(|held| matches!(held.doubt, Doubt::News(_)) && is_before(held))
        });
        if before.is_none() && confirmed.is_none() {
            return self.hold(Doubt::News(news), fields);
        }
        shape.learn_content(fields);
        let Some(held) = confirmed.map(|index| self.held.remove(index)) else {
            return Outcome::Known;
        };
        shape.learn_content(&held.fields);
        copy(&held.fields, earlier);
        Outcome::Confirms
    }

    /// The known shape that `fields` have.
    #[inline]
    fn find(&mut self, fields: &[u8]) -> Option<usize> {
        for step in 0..self.known.len() {
            let index = (self.next + step) % self.known.len();
            let shape = &mut self.known[index];
            if shape.matches(fields) {
                self.stamp += 1;
                shape.used = self.stamp;
                if shape.learning {
                    shape.learn_classes(fields);
                }
                self.next = index + 1;
                return Some(index);
            }
        }
        None
    }

    fn hold(&mut self, doubt: Doubt, fields: &[u8]) -> Outcome {
        let dropped = self.held.len() == HELD_MAX;
        if dropped {
            self.held.remove(0);
        }
        self.held.push(Held { doubt, fields: fields.to_vec(), since: self.stamp });
        Outcome::Held { dropped }
    }

    /// Gives up the held blocks that are probably damaged ones, given how many
    /// were `damaged` in all, and says how many these are.
    pub fn sift(&mut self, damaged: u64) -> u64 {
        let before = self.held.len();
        let stamp = self.stamp;
        self.held.retain(|held| damaged < MANY_DAMAGED || stamp - held.since < OLD);
        (before - self.held.len()) as u64
    }

    /// Moves the oldest held block to `earlier`; false if there is none.
    pub fn release(&mut self, earlier: &mut Vec<u8>) -> bool {
        if self.held.is_empty() {
            return false;
        }
        copy(&self.held.remove(0).fields, earlier);
        true
    }

    fn remember(&mut self, mut shape: Shape, fields: &[u8]) {
        if self.known.len() == KNOWN_MAX {
            let oldest = (0..KNOWN_MAX).min_by_key(|index| self.known[*index].used);
            self.known.remove(oldest.unwrap_or(0));
        }
        self.stamp += 1;
        shape.used = self.stamp;
        shape.learn_classes(fields);
        self.known.push(shape);
    }
}

/// Copies at most [`TEXT_MAX`] bytes, for which `to` has room.
fn copy(from: &[u8], to: &mut Vec<u8>) {
    debug_assert!(from.len() <= TEXT_MAX);
    to.clear();
    to.extend_from_slice(from);
}

const fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_graphic()
}
