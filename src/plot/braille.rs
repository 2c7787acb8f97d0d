//! A grid of dots, two wide and four high in each character.

/// Dots of a canvas, and which line drew last in each character.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Characters wide.
    pub columns: usize,
    /// Characters high.
    pub rows: usize,
    cells: Vec<(u8, usize)>,
}

/// The bit of each dot of a character, by row, then column.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

impl Canvas {
    /// An empty canvas.
    #[must_use]
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { columns, rows, cells: vec![(0, 0); columns * rows] }
    }

    /// Sets a dot; those outside are left out.
    pub fn set(&mut self, x: i64, y: i64, line: usize) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
        if x >= self.columns * 2 || y >= self.rows * 4 {
            return;
        }
        let cell = &mut self.cells[y / 4 * self.columns + x / 2];
        *cell = (cell.0 | BITS[y % 4][x % 2], line);
    }

    /// Sets the dots from one to another.
    pub fn stroke(&mut self, from: (i64, i64), to: (i64, i64), line: usize) {
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        let steps = across.abs().max(down.abs()).max(1);
        for step in 0..=steps {
            self.set(from.0 + across * step / steps, from.1 + down * step / steps, line);
        }
    }

    /// The character at a place and the line it belongs to; `None` where nothing is.
    #[must_use]
    pub fn at(&self, column: usize, row: usize) -> Option<(char, usize)> {
        let (bits, line) = self.cells[row * self.columns + column];
        let drawn = char::from_u32(0x2800 + u32::from(bits)).filter(|_| bits != 0);
        drawn.map(|drawn| (drawn, line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_stand_where_they_were_set() {
        let mut canvas = Canvas::new(2, 1);
        canvas.set(0, 0, 3);
        canvas.set(1, 3, 3);
        canvas.set(3, 0, 4);
        for outside in [(-1, 0), (4, 0), (0, 4), (0, -1)] {
            canvas.set(outside.0, outside.1, 9);
        }
        assert_eq!(canvas.at(0, 0), Some(('⢁', 3)));
        assert_eq!(canvas.at(1, 0), Some(('⠈', 4)));
        canvas.stroke((0, 0), (0, 3), 5);
        assert_eq!(canvas.at(0, 0), Some(('⣇', 5)));
        assert_eq!(Canvas::new(1, 1).at(0, 0), None);
    }
}
