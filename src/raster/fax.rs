//! CCITT fax codings of TIFF: Group 3 (one- and two-dimensional), its variant without line ends,
//! and Group 4.
//!
//! The code tables are those of the `fax` crate; its decoders stop at the first damaged line and
//! know neither two-dimensional Group 3 nor lines without ends.

use fax::maps::{Mode, black, mode, white};
use fax::{BitReader, ByteReader};

/// How lines are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Modified Huffman, lines begin at bytes (TIFF compression 2).
    Huffman,
    /// Lines end with EOL (TIFF compression 3).
    Group3 { two_dimensional: bool },
    /// TIFF compression 4.
    Group4,
}

/// Runs are kept as the positions where the colour changes, beginning with white.
type Changes = Vec<u32>;

/// Zero bytes past the end: codes are looked up by up to 13 bits at a time.
const PADDING: usize = 4;

/// Decodes at most `rows` lines of `width` pixels and hands each one on as gray (0 and 255).
///
/// Returns how many lines there were: a damaged Group 4 strip ends at the damage, the other
/// codings go on with the next line that begins.
pub(super) fn decode(
    bytes: &[u8],
    width: u32,
    rows: u32,
    coding: Coding,
    black_is_zero: bool,
    mut push: impl FnMut(&[u8]),
) -> u32 {
    let padded = bytes.iter().copied().chain(std::iter::repeat_n(0, PADDING));
    let Ok(bits) = ByteReader::new(padded.map(Ok::<u8, std::convert::Infallible>));
    let mut bits = Lines { bits, width, reference: Vec::new(), current: Vec::new() };
    // The coding's white is zero; where zero means black, it is the other way round.
    let (white, black) = if black_is_zero { (0, 255) } else { (255, 0) };
    let mut gray = vec![white; width as usize];
    for row in 0..rows {
        if !bits.next(coding) {
            return row;
        }
        gray.fill(white);
        for run in bits.reference.chunks(2) {
            let end = run.get(1).copied().unwrap_or(width).min(width);
            let start = run[0].min(end);
            gray[start as usize..end as usize].fill(black);
        }
        push(&gray);
    }
    rows
}

struct Lines<B> {
    bits: B,
    width: u32,
    /// The line before; the line just decoded after [`next`](Self::next).
    reference: Changes,
    current: Changes,
}

impl<B: BitReader> Lines<B> {
    /// Decodes a line into `reference`; `false` at the end of the data.
    fn next(&mut self, coding: Coding) -> bool {
        self.current.clear();
        let whole = match coding {
            Coding::Group4 => {
                if !self.two_dimensional() {
                    return false;
                }
                true
            }
            Coding::Huffman => {
                let odd = self.bits.bits_to_byte_boundary();
                if self.bits.consume(odd).is_err() || self.bits.peek(8).is_none() {
                    return false;
                }
                self.one_dimensional()
            }
            Coding::Group3 { two_dimensional } => {
                let mut ends = 0;
                let mut flat = true;
                while self.line_end() {
                    ends += 1;
                    if two_dimensional {
                        flat = self.bits.peek(1) == Some(1);
                        let _ = self.bits.consume(1);
                    }
                }
                // Six ends in a row end the page; two are enough to know.
                if ends > 1 || self.bits.peek(1).is_none() {
                    return false;
                }
                if flat { self.one_dimensional() } else { self.two_dimensional() }
            }
        };
        if !whole && !self.find_line_end() {
            return false;
        }
        std::mem::swap(&mut self.reference, &mut self.current);
        true
    }

    /// Takes an EOL with the fill bits before it, where one is next. (No code of a run begins with
    /// nine zeros.)
    fn line_end(&mut self) -> bool {
        if self.bits.peek(9) != Some(0) {
            return false;
        }
        while self.bits.peek(1) == Some(0) {
            if self.bits.consume(1).is_err() {
                return false;
            }
        }
        self.bits.peek(1) == Some(1) && self.bits.consume(1).is_ok()
    }

    /// After damage: moves on until an EOL is next.
    fn find_line_end(&mut self) -> bool {
        loop {
            match self.bits.peek(9) {
                None => return false,
                Some(0) => return true,
                Some(_) if self.bits.consume(1).is_err() => return false,
                Some(_) => {}
            }
        }
    }

    /// A run of a colour, make-up codes and all.
    fn run(&mut self, is_white: bool) -> Option<u32> {
        let mut length = 0;
        loop {
            let part = if is_white {
                white::decode(&mut self.bits)
            } else {
                black::decode(&mut self.bits)
            }?;
            length += u32::from(part);
            if part < 64 {
                return Some(length);
            }
            if length > self.width {
                return None;
            }
        }
    }

    fn one_dimensional(&mut self) -> bool {
        let (mut at, mut is_white) = (0, true);
        while at < self.width {
            let Some(run) = self.run(is_white) else { return false };
            at += run;
            self.current.push(at.min(self.width));
            is_white = !is_white;
        }
        true
    }

    fn two_dimensional(&mut self) -> bool {
        let width = self.width;
        let (mut at, mut is_white, mut at_start) = (0, true, true);
        let mut from = 0;
        while at < width {
            // b1: the first change of the line above to the right of here and to the colour that
            // is not the present one; b2: the change after it.
            while from > 0 && self.reference[from - 1] > at {
                from -= 1;
            }
            while self.reference.get(from).is_some_and(|&c| c < at || (c == at && !at_start)) {
                from += 1;
            }
            let b1 = from + usize::from((from % 2 == 0) != is_white);
            let change = |i: usize| self.reference.get(i).copied().unwrap_or(width);
            match mode::decode(&mut self.bits) {
                Some(Mode::Pass) => at = change(b1 + 1),
                Some(Mode::Vertical(delta)) => {
                    let Some(a1) = change(b1).checked_add_signed(i32::from(delta)) else {
                        return false;
                    };
                    at = a1.clamp(at, width);
                    self.current.push(at);
                    is_white = !is_white;
                }
                Some(Mode::Horizontal) => {
                    let (Some(first), Some(second)) = (self.run(is_white), self.run(!is_white))
                    else {
                        return false;
                    };
                    let middle = (at + first).min(width);
                    at = (middle + second).min(width);
                    self.current.extend([middle, at]);
                }
                Some(Mode::Extension | Mode::EOF) | None => return false,
            }
            at_start = false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines with runs at both edges, an empty one, a full one and shapes that drift.
    fn lines() -> Vec<Vec<u8>> {
        let width = 100_usize;
        let mut all = vec![vec![255_u8; width], vec![0; width]];
        for shift in 0..30_usize {
            let mut line = vec![255; width];
            line[..shift].fill(0);
            line[40 + shift % 5..45 + 2 * (shift % 7)].fill(0);
            line[70] = 0;
            line[99 - shift % 3..].fill(0);
            all.push(line);
        }
        all
    }

    fn decoded(bytes: &[u8], coding: Coding, rows: u32) -> Vec<Vec<u8>> {
        let mut got = Vec::new();
        decode(bytes, 100, rows, coding, false, |row| got.push(row.to_vec()));
        got
    }

    fn color(gray: u8) -> fax::Color {
        if gray == 0 { fax::Color::Black } else { fax::Color::White }
    }

    #[test]
    fn group_4_comes_back() {
        let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
        for line in lines() {
            encoder.encode_line(line.iter().map(|&g| color(g)), 100).unwrap();
        }
        let bytes = encoder.finish().unwrap().finish();
        assert_eq!(decoded(&bytes, Coding::Group4, 99), lines());
    }

    #[test]
    fn zero_as_black_inverts() {
        let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
        encoder.encode_line(std::iter::repeat_n(fax::Color::White, 100), 100).unwrap();
        let bytes = encoder.finish().unwrap().finish();
        let mut got = Vec::new();
        decode(&bytes, 100, 1, Coding::Group4, true, |row| got.extend_from_slice(row));
        assert_eq!(got, vec![0; 100]);
    }

    #[test]
    fn noise_ends() {
        let noise: Vec<u8> =
            (0..4000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for coding in [
            Coding::Huffman,
            Coding::Group3 { two_dimensional: false },
            Coding::Group3 { two_dimensional: true },
            Coding::Group4,
        ] {
            assert!(decoded(&noise, coding, 5000).len() <= 5000);
            assert!(decoded(&[], coding, 10).len() <= 10);
        }
    }
}
