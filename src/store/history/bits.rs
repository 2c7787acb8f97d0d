//! Whole numbers in as few bits as they need.
//!
//! Differences between neighbouring readings are small, most of them zero. Each
//! block of them is written in the Rice code that suits it best: a quotient in
//! ones, a zero, and so many low bits. Plain functions on bytes; damaged bytes
//! are an error, never a panic and never more memory than was asked for.

/// Numbers that share one width. Shorter blocks follow the data more closely,
/// longer ones carry fewer headers.
const BLOCK: usize = 64;

/// Bits of a block's header.
const HEADER: u32 = 5;

/// The header of a block of zeros, which needs no more bits at all.
const ALL_ZERO: u64 = 31;

/// The largest number of low bits: a code fits into one aligned load.
const LOW_MAX: u32 = 30;

/// From this quotient on a number is written in full behind so many ones.
const ESCAPE: u32 = 20;

/// Bytes that are not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the packed readings are damaged")]
pub struct Damaged;

/// Folds the sign into the lowest bit: small numbers stay small.
#[must_use]
pub const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// The number that [`zigzag`] folded.
#[must_use]
pub const fn unzigzag(folded: u64) -> i64 {
    (folded >> 1).cast_signed() ^ -((folded & 1).cast_signed())
}

/// Writes a number in groups of seven bits.
pub fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        // The low seven bits, with a sign that more follows.
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes a length and the bytes.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Bytes read from left to right.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// The next number in groups of seven bits.
    ///
    /// # Errors
    /// The bytes end, or hold more than 64 bits.
    pub fn varint(&mut self) -> Result<u64, Damaged> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    /// A count of things that must not exceed `most`.
    ///
    /// # Errors
    /// It does, or the bytes end.
    pub fn count(&mut self, most: usize) -> Result<usize, Damaged> {
        usize::try_from(self.varint()?).ok().filter(|count| *count <= most).ok_or(Damaged)
    }

    /// The next byte.
    ///
    /// # Errors
    /// There is none.
    pub fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.0.split_first().ok_or(Damaged)?;
        self.0 = rest;
        Ok(*first)
    }

    /// A length and so many bytes.
    ///
    /// # Errors
    /// There are fewer.
    pub fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let length = self.count(self.0.len())?;
        let (head, tail) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = tail;
        Ok(head)
    }
}

/// Appends the numbers in blocks, each in its best code.
pub fn pack(out: &mut Vec<u8>, numbers: &[u64]) {
    let mut bits = Bits { out, held: 0, count: 0 };
    for block in numbers.chunks(BLOCK) {
        if block.iter().all(|number| *number == 0) {
            bits.put(ALL_ZERO, HEADER);
            continue;
        }
        let low = best_width(block);
        bits.put(u64::from(low), HEADER);
        for &number in block {
            bits.put_code(number, low);
        }
    }
    bits.finish();
}

/// Hands `each` the `count` numbers that [`pack`] wrote.
///
/// # Errors
/// The bytes end before that.
#[inline]
pub fn unpack(bytes: &[u8], count: usize, mut each: impl FnMut(u64)) -> Result<(), Damaged> {
    let end = bytes.len() * 8;
    let mut at = 0;
    let mut left = count;
    while left > 0 {
        if at >= end {
            return Err(Damaged);
        }
        let block = left.min(BLOCK);
        left -= block;
        let header = load(bytes, at) & ((1 << HEADER) - 1);
        at += HEADER as usize;
        if header == ALL_ZERO {
            (0..block).for_each(|_| each(0));
            continue;
        }
        let low = header as u32;
        for _ in 0..block {
            let word = load(bytes, at);
            let ones = word.trailing_ones();
            if ones < ESCAPE {
                let rest = (word >> (ones + 1)) & ((1 << low) - 1);
                each(u64::from(ones) << low | rest);
                at += (ones + 1 + low) as usize;
            } else {
                at += ESCAPE as usize;
                each(load(bytes, at) & u64::from(u32::MAX) | load(bytes, at + 32) << 32);
                at += 64;
            }
        }
        if at > end {
            return Err(Damaged);
        }
    }
    Ok(())
}

/// At least 57 bits from bit `at` on; zeros behind the end.
#[inline]
fn load(bytes: &[u8], at: usize) -> u64 {
    let byte = at / 8;
    let word = match bytes.get(byte..).and_then(|rest| rest.first_chunk()) {
        Some(eight) => u64::from_le_bytes(*eight),
        None => {
            let mut eight = [0; 8];
            let rest = bytes.get(byte..).unwrap_or_default();
            eight[..rest.len()].copy_from_slice(rest);
            u64::from_le_bytes(eight)
        }
    };
    word >> (at % 8)
}

/// The number of low bits that makes a block shortest, near the one its mean suggests.
fn best_width(block: &[u64]) -> u32 {
    let sum = block.iter().fold(0_u64, |sum, number| sum.saturating_add(*number));
    let guess = (sum / block.len() as u64).checked_ilog2().unwrap_or(0);
    let near = guess.saturating_sub(1).min(LOW_MAX)..=(guess + 1).min(LOW_MAX);
    near.min_by_key(|low| block.iter().map(|number| code_bits(*number, *low)).sum::<u64>())
        .unwrap_or(0)
}

fn code_bits(number: u64, low: u32) -> u64 {
    match number >> low {
        quotient if quotient < u64::from(ESCAPE) => quotient + 1 + u64::from(low),
        _ => u64::from(ESCAPE) + 64,
    }
}

/// Bits on their way into bytes, the lowest first.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits<'_> {
    /// Appends the low `count` bits, at most 32.
    fn put(&mut self, bits: u64, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    fn put_code(&mut self, number: u64, low: u32) {
        let quotient = number >> low;
        if quotient < u64::from(ESCAPE) {
            // `quotient` ones and a zero.
            self.put((1 << quotient) - 1, quotient as u32 + 1);
            self.put(number & ((1 << low) - 1), low);
        } else {
            self.put((1 << ESCAPE) - 1, ESCAPE);
            self.put(number & u64::from(u32::MAX), 32);
            self.put(number >> 32, 32);
        }
    }

    fn finish(self) {
        if self.count > 0 {
            self.out.push(self.held as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(numbers: &[u64]) -> usize {
        let mut bytes = Vec::new();
        pack(&mut bytes, numbers);
        let mut found = Vec::new();
        unpack(&bytes, numbers.len(), |number| found.push(number)).unwrap();
        assert_eq!(found, numbers);
        bytes.len()
    }

    #[test]
    fn zeros_cost_next_to_nothing() {
        assert_eq!(round_trip(&[0; 6400]), 100 * HEADER as usize / 8 + 1);
    }

    #[test]
    fn the_largest_numbers_fit_between_the_smallest() {
        round_trip(&[0, u64::MAX, 1, u64::MAX - 1, 0, 1 << 31, (1 << 32) + 5]);
    }

    #[test]
    fn varints_end_where_they_should() {
        for number in [0, 1, 127, 128, 300, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            bytes.push(7);
            let mut input = Input(&bytes);
            assert_eq!((input.varint(), input.byte()), (Ok(number), Ok(7)));
        }
        assert_eq!(Input(&[0x80; 20]).varint(), Err(Damaged));
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back(numbers: Vec<u64>, shift in 0_u32..64) {
            let small: Vec<u64> = numbers.iter().map(|number| number >> shift).collect();
            round_trip(&small);
        }

        #[test]
        fn signs_fold_and_unfold(number: i64) {
            prop_assert_eq!(unzigzag(zigzag(number)), number);
        }

        #[test]
        fn damaged_bytes_never_panic(bytes: Vec<u8>, count in 0_usize..1000) {
            let _ = unpack(&bytes, count, drop);
        }
    }
}
