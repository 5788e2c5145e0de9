//! Inputs made from seeds, without knowledge of what they do: the same number gives the same input.

/// A small generator of numbers (SplitMix64): seeded, and the same on every machine.
#[derive(Debug)]
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`, which is at least 1.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Longer inputs show nothing new, and take longer.
const LONGEST: usize = 16 * 1024;

/// What parsers stumble over.
const TOKENS: [&str; 64] = [
    "\0",
    "\n",
    "\r\n",
    "\n\n",
    "\u{feff}",
    "\u{202e}",
    "\u{301}",
    "é",
    "中",
    "😀",
    "\\",
    "\\u0000",
    "\\ud800",
    "\"",
    "'",
    "`",
    "[",
    "]",
    "{",
    "}",
    "[[[[",
    "{\"a\":",
    "null",
    "true",
    "-0",
    "1e999",
    "-1",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "4294967296",
    "65536",
    "NaN",
    "inf",
    "-inf",
    "1e38",
    "-1e38",
    "1e-45",
    "0",
    "../",
    "/",
    "%00",
    "%2e",
    "=",
    "==",
    ",",
    ",,",
    "-",
    "--",
    ":",
    ";",
    "<",
    "<script>",
    "</",
    "&",
    "&#0;",
    "|",
    "*",
    "_",
    "**",
    "$",
    "(",
    ")",
    " ",
];

/// One input from the seeds: a few changes to one of them.
pub(crate) fn mutated(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut data = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(6) {
        change(&mut data, seeds, numbers);
    }
    data.truncate(LONGEST);
    data
}

fn change(data: &mut Vec<u8>, seeds: &[Vec<u8>], numbers: &mut Numbers) {
    let at = numbers.below(data.len() + 1);
    let length = 1 + numbers.below(data.len().saturating_sub(at).clamp(1, 64));
    let end = (at + length).min(data.len());
    match numbers.below(9) {
        0 if at < data.len() => data[at] ^= 1 << numbers.below(8),
        1 if at < data.len() => data[at] = numbers.below(256) as u8,
        2 => drop(data.drain(at..end)),
        3 => {
            let again = data[at..end].to_vec();
            let times = [1, 1, 2, 200][numbers.below(4)];
            data.splice(at..at, again.repeat(times));
        }
        4 | 5 => {
            let token = TOKENS[numbers.below(TOKENS.len())];
            data.splice(at..at, token.bytes());
        }
        6 => {
            let token = TOKENS[numbers.below(TOKENS.len())];
            data.splice(at..end, token.bytes());
        }
        7 => {
            // What stands somewhere in another seed.
            let other = &seeds[numbers.below(seeds.len())];
            let from = numbers.below(other.len() + 1);
            let to = (from + 1 + numbers.below(256)).min(other.len());
            data.splice(at..end, other[from..to].iter().copied());
        }
        _ => data.truncate(at),
    }
}
