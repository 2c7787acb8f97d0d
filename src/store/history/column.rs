//! The readings of one point, packed.
//!
//! Device values are whole steps of a decimal unit, so a column of numbers is
//! the first as a count of steps and then differences. What is no decimal is
//! kept bit for bit. Texts are numbers of a small dictionary. A reading comes
//! back exactly as it went in. Pure: bytes in, bytes out.

use super::bits::{Damaged, Input, pack, put_bytes, put_varint, unpack, unzigzag, zigzag};
use crate::snapshot::Quality;
use crate::units::Value;

/// The most readings of a column: an hour at 100 a second is a third of this.
pub const READINGS_MAX: usize = 1 << 20;

/// Registers have three decimals at most, the sum of two a few more.
const DECIMALS_MAX: u8 = 6;

/// The scheme byte of numbers that are no decimals.
const EXACT: u8 = 255;

/// Whole numbers above this have no exact neighbours.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// What kind of thing a reading is, and how far it was believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Status(u8);

const NOTHING: u8 = 0;
const NUMBER: u8 = 1;
const TEXT: u8 = 2;

const QUALITIES: [Quality; 4] =
    [Quality::Good, Quality::Suspect, Quality::Stale, Quality::NotAvailable];

impl Status {
    fn new(value: Option<&Value>, quality: Quality) -> Self {
        let kind = match value {
            None => NOTHING,
            Some(Value::Number(_)) => NUMBER,
            Some(Value::Text(_)) => TEXT,
        };
        let quality = QUALITIES.iter().position(|known| *known == quality).unwrap_or_default();
        // Two bits each.
        Self(kind << 2 | quality as u8)
    }

    fn kind(self) -> u8 {
        self.0 >> 2
    }

    fn quality(self) -> Quality {
        QUALITIES[usize::from(self.0 & 3)]
    }
}

/// The readings of one point, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Runs of one status, with their lengths.
    runs: Vec<(Status, u32)>,
    numbers: Vec<f64>,
    texts: Vec<u32>,
    words: Vec<Box<str>>,
}

impl Column {
    /// Appends a reading.
    pub fn push(&mut self, value: Option<&Value>, quality: Quality) {
        let status = Status::new(value, quality);
        match self.runs.last_mut() {
            Some((last, count)) if *last == status => *count += 1,
            _ => self.runs.push((status, 1)),
        }
        match value {
            None => {}
            Some(Value::Number(number)) => self.numbers.push(*number),
            Some(Value::Text(text)) => {
                let place = self.words.iter().position(|word| word == text);
                let place = place.unwrap_or_else(|| {
                    self.words.push(text.clone());
                    self.words.len() - 1
                });
                // Readings are counted in 32 bits, so are their words.
                self.texts.push(u32::try_from(place).unwrap_or(u32::MAX));
            }
        }
    }

    /// The readings in order.
    pub fn readings(&self) -> impl Iterator<Item = (Option<Value>, Quality)> {
        let (mut numbers, mut texts) = (self.numbers.iter(), self.texts.iter());
        let statuses = self.runs.iter().flat_map(|(status, count)| {
            std::iter::repeat_n(*status, usize::try_from(*count).unwrap_or(usize::MAX))
        });
        statuses.map(move |status| {
            let value = match status.kind() {
                NUMBER => numbers.next().copied().and_then(Value::number),
                TEXT => texts.next().and_then(|place| self.word(*place)),
                _ => None,
            };
            (value, status.quality())
        })
    }

    /// Hands `each` the numbers that are believed, with their places in the column.
    #[inline]
    pub fn believed(&self, mut each: impl FnMut(usize, f64)) {
        let (mut place, mut next) = (0, 0);
        for (status, count) in &self.runs {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            if status.kind() == NUMBER {
                let numbers = self.numbers.get(next..next + count).unwrap_or_default();
                if status.quality() != Quality::Suspect {
                    numbers.iter().enumerate().for_each(|(n, number)| each(place + n, *number));
                }
                next += count;
            }
            place += count;
        }
    }

    fn word(&self, place: u32) -> Option<Value> {
        let word = self.words.get(usize::try_from(place).ok()?)?;
        Some(Value::Text(word.clone()))
    }

    /// Appends the packed column.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.runs.len() as u64);
        for (status, count) in &self.runs {
            put_varint(out, u64::from(*count) << 4 | u64::from(status.0));
        }
        if !self.words.is_empty() {
            put_varint(out, self.words.len() as u64);
            self.words.iter().for_each(|word| put_bytes(out, word.as_bytes()));
            let mut packed = Vec::new();
            let folded: Vec<u64> = steps(self.texts.iter().map(|place| i64::from(*place)));
            pack(&mut packed, &folded);
            put_bytes(out, &packed);
        }
        if !self.numbers.is_empty() {
            encode_numbers(&self.numbers, out);
        }
    }

    /// Unpacks a column.
    ///
    /// # Errors
    /// The bytes are not what [`Column::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut input = Input(bytes);
        let mut column = Self::default();
        let mut counts = [0_usize; 3];
        for _ in 0..input.count(bytes.len())? {
            let run = input.varint()?;
            let (status, count) = (Status((run & 15) as u8), run >> 4);
            let count = u32::try_from(count).map_err(|_| Damaged)?;
            let of_kind = counts.get_mut(usize::from(status.kind())).ok_or(Damaged)?;
            *of_kind += count as usize;
            if counts.iter().sum::<usize>() > READINGS_MAX {
                return Err(Damaged);
            }
            column.runs.push((status, count));
        }
        if counts[usize::from(TEXT)] > 0 {
            column.decode_texts(&mut input, counts[usize::from(TEXT)])?;
        }
        if counts[usize::from(NUMBER)] > 0 {
            column.numbers = decode_numbers(&mut input, counts[usize::from(NUMBER)])?;
        }
        Ok(column)
    }

    fn decode_texts(&mut self, input: &mut Input<'_>, count: usize) -> Result<(), Damaged> {
        for _ in 0..input.count(input.0.len())? {
            let word = std::str::from_utf8(input.bytes()?).map_err(|_| Damaged)?;
            self.words.push(word.into());
        }
        let mut place = 0_i64;
        unpack(input.bytes()?, count, |folded| {
            place = place.wrapping_add(unzigzag(folded));
            // A place that does not exist is found out when it is asked for.
            self.texts.push(u32::try_from(place).unwrap_or(u32::MAX));
        })
    }

    /// How many readings there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.runs.iter().map(|(_, count)| usize::try_from(*count).unwrap_or(usize::MAX)).sum()
    }
}

/// Folded differences, the first from zero.
fn steps(numbers: impl Iterator<Item = i64>) -> Vec<u64> {
    let mut before = 0_i64;
    numbers
        .map(|number| zigzag(number.wrapping_sub(std::mem::replace(&mut before, number))))
        .collect()
}

fn encode_numbers(numbers: &[f64], out: &mut Vec<u8>) {
    match (0..=DECIMALS_MAX).find_map(|decimals| Some((decimals, whole(numbers, decimals)?))) {
        Some((decimals, whole)) => {
            out.push(decimals);
            put_varint(out, zigzag(whole[0]));
            pack(out, &steps(whole.iter().map(|number| number.wrapping_sub(whole[0]))));
        }
        None => {
            out.push(EXACT);
            let mut before = 0;
            let changes = numbers.iter().map(|number| {
                let bits = number.to_bits();
                // Neighbours share their upper bits: what is left is small when turned round.
                (bits ^ std::mem::replace(&mut before, bits)).reverse_bits()
            });
            pack(out, &changes.collect::<Vec<u64>>());
        }
    }
}

/// The numbers as counts of decimal steps, if that is exactly what they are.
fn whole(numbers: &[f64], decimals: u8) -> Option<Vec<i64>> {
    let scale = scale(decimals);
    let step = |number: &f64| {
        let steps = (number * scale).round();
        // A negative zero comes back as zero: the numbers are equal, and one of them
        // must not make an hour of decimals eight bytes each.
        let same = steps / scale == *number;
        (same && steps.abs() < WHOLE_MAX).then_some(steps as i64)
    };
    numbers.iter().map(step).collect()
}

fn scale(decimals: u8) -> f64 {
    10_f64.powi(i32::from(decimals))
}

fn decode_numbers(input: &mut Input<'_>, count: usize) -> Result<Vec<f64>, Damaged> {
    let mut numbers = Vec::with_capacity(count);
    let decimals = input.byte()?;
    if decimals == EXACT {
        let mut bits = 0_u64;
        unpack(input.0, count, |change| {
            bits ^= change.reverse_bits();
            numbers.push(f64::from_bits(bits));
        })?;
    } else if decimals <= DECIMALS_MAX {
        let mut whole = unzigzag(input.varint()?);
        let scale = scale(decimals);
        unpack(input.0, count, |folded| {
            whole = whole.wrapping_add(unzigzag(folded));
            numbers.push(whole as f64 / scale);
        })?;
    } else {
        return Err(Damaged);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn column(values: &[Option<Value>]) -> Column {
        let mut column = Column::default();
        for (n, value) in values.iter().enumerate() {
            column.push(value.as_ref(), QUALITIES[n / 3 % 4]);
        }
        column
    }

    /// Bytes of a column that comes back as it went.
    #[track_caller]
    fn check(values: &[Option<Value>]) -> usize {
        let column = column(values);
        let mut bytes = Vec::new();
        column.encode(&mut bytes);
        let found = Column::decode(&bytes).unwrap();
        let bits = |column: &Column| {
            column.numbers.iter().map(|n| (n + 0.0).to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(bits(&found), bits(&column));
        assert!(found.readings().eq(column.readings()));
        assert_eq!(found.count(), values.len());
        bytes.len()
    }

    fn numbers(values: impl IntoIterator<Item = f64>) -> Vec<Option<Value>> {
        values.into_iter().map(Value::number).collect()
    }

    #[test]
    fn readings_of_every_kind_come_back_exactly() {
        let text = |text: &str| Some(Value::Text(text.into()));
        check(&[None, Value::number(-0.0), Value::number(13.81), text("0159"), text("")]);
        check(&[text("HQ1"), None, text("HQ1"), text("HQ2"), text("HQ1")]);
        check(&numbers([0.1 + 0.2, f64::MIN_POSITIVE, 1e300, -273.15]));
        check(&[]);
    }

    #[test]
    fn a_negative_zero_among_decimals_costs_no_more_than_zero() {
        let hour = |zero: f64| numbers((0..3600).map(|n| if n == 7 { zero } else { 0.1 }));
        assert_eq!(check(&hour(-0.0)), check(&hour(0.0)));
    }

    #[test]
    fn a_constant_hour_takes_a_few_dozen_bytes() {
        let hour: Vec<_> = std::iter::repeat_n(Value::number(13.81), 3600).collect();
        let mut column = Column::default();
        hour.iter().for_each(|value| column.push(value.as_ref(), Quality::Good));
        let mut bytes = Vec::new();
        column.encode(&mut bytes);
        assert!(bytes.len() < 50, "{}", bytes.len());
    }

    #[test]
    fn values_out_of_range_are_kept_but_not_believed() {
        let mut column = Column::default();
        for (number, quality) in
            [(1.0, Quality::Good), (900.0, Quality::Suspect), (2.0, Quality::Good)]
        {
            column.push(Value::number(number).as_ref(), quality);
        }
        let mut believed = Vec::new();
        column.believed(|place, number| believed.push((place, number)));
        assert_eq!(believed, [(0, 1.0), (2, 2.0)]);
        assert_eq!(column.readings().count(), 3);
    }

    proptest! {
        #[test]
        fn any_numbers_come_back(values in proptest::collection::vec(any::<f64>(), 0..200)) {
            check(&numbers(values.into_iter().filter(|number| number.is_finite())));
        }

        #[test]
        fn any_decimals_come_back_as_decimals(
            steps in proptest::collection::vec(-100_000_i32..100_000, 1..200), decimals in 0_u8..4
        ) {
            let values = steps.iter().map(|step| f64::from(*step) / scale(decimals));
            let column = column(&numbers(values));
            prop_assert!(whole(&column.numbers, decimals).is_some());
        }

        #[test]
        fn damaged_columns_never_panic(bytes: Vec<u8>) {
            if let Ok(column) = Column::decode(&bytes) {
                column.readings().for_each(drop);
                column.believed(|_, _| {});
            }
        }
    }
}
