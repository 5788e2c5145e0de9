//! Whether letters follow each other as they do in some language.
//!
//! A text whose letters were swapped (a font with a wrong table of characters) keeps its words'
//! lengths and its mixture of frequent and rare letters, but not which letter follows which. Tables
//! of letter pairs in some 120 languages price a text in bits for each letter; a real one costs
//! clearly less than guessing, and less than the same text with its letters swapped.
//!
//! The tables are counts over the Universal Declaration of Human Rights, made by
//! `scripts/letter_models.py`. They tell text from no text, not one language from another.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript};

static DATA: &[u8] = include_bytes!("letters.bin");

/// Bits in one step of a stored cost.
const STEP: f32 = 0.75;
/// Steps for a letter that a language does not have: one more than the highest stored.
const FOREIGN: u32 = 16;
/// Runs shorter than this are abbreviations and symbols. (Kana come in short runs between Han.)
const MIN_RUN: usize = 3;
/// All-capital runs up to this length are abbreviations and codes, not words.
const MAX_ABBREVIATION: usize = 5;
/// Letters from which pairs tell: on 40 letters the costs of text and of swapped text do not meet.
const MIN_LETTERS: usize = 40;
/// Han characters from which their frequencies tell.
const MIN_HAN: usize = 200;
/// Text may cost this much more than guessing: lists of foreign names do. Swapped text costs 0.2
/// to 3 bits more.
const MAX_EXCESS: f32 = 0.1;
/// Text that costs this much less than guessing needs no second test.
const CLEARLY_LESS: f32 = -0.5;
/// Swapping its letters makes text dearer by at least this: by 1.5 to 4 bits where it is text, by
/// less than 1.4 (mostly nothing) where the letters were swapped already.
const MIN_LOSS: f32 = 1.4;
/// The same for the frequencies of Han characters: 0.6 to 0.9 in Chinese, nothing when swapped.
const MIN_HAN_LOSS: f32 = 0.3;
/// Swaps tried; their costs scatter by a few tenths of a bit.
const SWAPS: u64 = 4;

/// How well the letters of one script fit the language of that script that they fit best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    pub(crate) script: Script,
    /// Letters counted.
    pub(crate) letters: usize,
    /// Cost of a letter, in bits.
    pub(crate) bits: f32,
    /// What it costs to guess letters of that language, in bits.
    chance: f32,
    /// What a letter costs in the same text with its letters swapped; `None` where it was not
    /// needed.
    swapped: Option<f32>,
}

impl Fit {
    /// Whether this is hardly text of any known language; `None` where it is too short to tell.
    pub(crate) fn is_doubtful(&self) -> Option<bool> {
        let loss = self.swapped.map(|swapped| swapped - self.bits);
        match self.script {
            Script::Han if self.letters < MIN_HAN => None,
            Script::Han => loss.map(|loss| loss < MIN_HAN_LOSS),
            _ if self.letters < MIN_LETTERS => None,
            // Kana come in runs too short to compare with guessing.
            Script::Hiragana => loss.map(|loss| loss < MIN_LOSS),
            _ => Some(
                self.bits - self.chance > MAX_EXCESS || loss.is_some_and(|loss| loss < MIN_LOSS),
            ),
        }
    }
}

/// The fit of each script in these words for which there are tables, the one with most letters
/// first. Han is left out where there is kana.
pub(crate) fn fits<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<Fit> {
    let mut cutter = Cutter::default();
    for word in words {
        cutter.word(word);
    }
    let mut pools = cutter.pools;
    if pools.get(&Script::Hiragana).is_some_and(|kana| kana.letters >= MIN_LETTERS) {
        pools.remove(&Script::Han);
    }
    let mut fits: Vec<Fit> = pools.iter().filter_map(|(&script, pool)| pool.fit(script)).collect();
    fits.sort_by_key(|fit| (std::cmp::Reverse(fit.letters), fit.script.short_name()));
    fits
}

/// Pairs of letters of one script. `None` stands for the edge of a word.
#[derive(Debug, Default)]
struct Pool {
    letters: usize,
    pairs: BTreeMap<(Option<char>, Option<char>), u32>,
}

impl Pool {
    fn add(&mut self, run: &[char]) {
        self.letters += run.len();
        let edge = std::iter::once(None);
        let chars: Vec<Option<char>> =
            edge.clone().chain(run.iter().copied().map(Some)).chain(edge).collect();
        for pair in chars.windows(2) {
            *self.pairs.entry((pair[0], pair[1])).or_default() += 1;
        }
    }

    fn fit(&self, script: Script) -> Option<Fit> {
        let chars: Vec<char> = self
            .pairs
            .keys()
            .flat_map(|&(before, after)| before.into_iter().chain(after))
            .collect::<BTreeSet<char>>()
            .into_iter()
            .collect();
        let place =
            |c: Option<char>| c.and_then(|c| chars.binary_search(&c).ok()).map_or(0, |at| at + 1);
        let pairs: Vec<(usize, usize, u32)> =
            self.pairs.iter().map(|(&(a, b), &n)| (place(a), place(b), n)).collect();
        let known: Vec<(&Table, Vec<Option<u16>>)> = tables()
            .iter()
            .filter(|table| table.script == script)
            .map(|table| {
                let edge = std::iter::once(Some(0));
                (table, edge.chain(chars.iter().map(|&c| table.place(c))).collect())
            })
            .collect();
        let cost = |order: Option<&[usize]>| -> Option<(f32, f32)> {
            let at = |c: usize| order.map_or(c, |order| order[c]);
            known
                .iter()
                .map(|(table, places)| {
                    let placed = pairs.iter().map(|&(a, b, n)| (places[at(a)], places[at(b)], n));
                    (table.mean(placed) * STEP, table.chance())
                })
                .min_by(|a, b| a.0.total_cmp(&b.0))
        };
        let (bits, chance) = cost(None)?;
        let sure =
            bits - chance < CLEARLY_LESS && script != Script::Hiragana && script != Script::Han;
        let swapped = (!sure).then(|| {
            let costs = (0..SWAPS).filter_map(|seed| cost(Some(&swap(chars.len(), seed))));
            costs.map(|(bits, _)| bits).sum::<f32>() / SWAPS as f32
        });
        Some(Fit { script, letters: self.letters, bits, chance, swapped })
    }
}

/// An order of 1 to `n` by chance, the same for each seed; 0, the edge, stays.
fn swap(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..=n).collect();
    // Knuth's linear congruential generator (MMIX), its upper half.
    let mut state = seed;
    for i in (2..=n).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(i, 1 + (state >> 33) as usize % i);
    }
    order
}

/// Cuts words into runs of letters of one script.
#[derive(Default)]
struct Cutter {
    pools: HashMap<Script, Pool>,
    run: Vec<char>,
    script: Option<Script>,
}

impl Cutter {
    fn word(&mut self, word: &str) {
        let capitals = word.chars().filter(|c| c.is_uppercase()).count();
        if (1..=MAX_ABBREVIATION).contains(&capitals) && !word.chars().any(char::is_lowercase) {
            return;
        }
        for c in word.nfc().flat_map(char::to_lowercase) {
            if c.is_alphabetic() || is_combining_mark(c) {
                self.letter(c);
            } else {
                self.close();
            }
        }
        self.close();
    }

    fn letter(&mut self, c: char) {
        match c.script() {
            Script::Han => {
                self.close();
                let pool = self.pools.entry(Script::Han).or_default();
                pool.letters += 1;
                *pool.pairs.entry((None, Some(c))).or_default() += 1;
                return;
            }
            // Signs that go with any script.
            Script::Common | Script::Inherited => {}
            own => {
                let own = if own == Script::Katakana { Script::Hiragana } else { own };
                if self.script.is_some_and(|script| script != own) {
                    self.close();
                }
                self.script = Some(own);
            }
        }
        if c.script() == Script::Hangul {
            self.run.extend(std::iter::once(c).nfd());
        } else {
            self.run.push(c);
        }
    }

    fn close(&mut self) {
        if let Some(script) = self.script.take()
            && (self.run.len() >= MIN_RUN || script == Script::Hiragana)
        {
            self.pools.entry(script).or_default().add(&self.run);
        }
        self.run.clear();
    }
}

/// The letters of a language and what each costs after each other.
struct Table {
    /// Of the language.
    tag: &'static str,
    script: Script,
    letters: HashMap<char, u16>,
    /// Two to a byte, the lower half first; a row for each letter before, the edge of a word at 0.
    /// For Han one row.
    costs: &'static [u8],
}

impl Table {
    fn place(&self, c: char) -> Option<u16> {
        self.letters.get(&c).copied()
    }

    /// What guessing costs, in bits.
    fn chance(&self) -> f32 {
        (self.letters.len() as f32 + 1.0).log2()
    }

    fn cost(&self, before: u16, after: u16) -> u32 {
        let row = if self.script == Script::Han { 0 } else { usize::from(before) };
        let at = row * (self.letters.len() + 1) + usize::from(after);
        self.costs.get(at / 2).map_or(FOREIGN, |two| u32::from(two >> (4 * (at % 2)) & 15))
    }

    /// Mean cost of these pairs, in steps.
    fn mean(&self, pairs: impl Iterator<Item = (Option<u16>, Option<u16>, u32)>) -> f32 {
        let (mut sum, mut count) = (0_u64, 0_u64);
        for (before, after, n) in pairs {
            let cost = before.zip(after).map_or(FOREIGN, |(a, b)| self.cost(a, b));
            sum += u64::from(cost) * u64::from(n);
            count += u64::from(n);
        }
        sum as f32 / count.max(1) as f32
    }
}

/// The letters of a language where it is written in this script (ISO 15924), in no order; `None`
/// without a table of it.
pub(super) fn alphabet(language: &str, script: &str) -> Option<impl Iterator<Item = char>> {
    let own = |table: &&Table| table.tag == language && table.script.short_name() == script;
    tables().iter().find(own).map(|table| table.letters.keys().copied())
}

fn tables() -> &'static [Table] {
    static TABLES: OnceLock<Vec<Table>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut tables = Vec::new();
        let mut rest = DATA;
        while let Some((table, after)) = parse(rest) {
            tables.push(table);
            rest = after;
        }
        tables
    })
}

/// One table: length of the tag (1 byte), number of letters and bytes of them (2 each), the tag,
/// the letters, the costs.
fn parse(data: &'static [u8]) -> Option<(Table, &'static [u8])> {
    let (sizes, rest) = data.split_at_checked(5)?;
    let number = |at: usize| usize::from(u16::from_le_bytes([sizes[at], sizes[at + 1]]));
    let (tag, rest) = rest.split_at_checked(usize::from(sizes[0]))?;
    let (text, rest) = rest.split_at_checked(number(3))?;
    let han = tag == b"Hani";
    let size = number(1) + 1;
    let (costs, rest) =
        rest.split_at_checked((if han { size } else { size * size }).div_ceil(2))?;
    let text = std::str::from_utf8(text).ok()?;
    let letters: HashMap<char, u16> = text.chars().zip(1..).collect();
    let mut scripts: BTreeMap<&str, (usize, Script)> = BTreeMap::new();
    for c in text.chars() {
        let script = if c.script() == Script::Katakana { Script::Hiragana } else { c.script() };
        scripts.entry(script.short_name()).or_insert((0, script)).0 += 1;
    }
    let script = scripts.values().max_by_key(|(count, _)| *count)?.1;
    let tag = std::str::from_utf8(tag).ok()?;
    Some((Table { tag, script, letters, costs }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: &[&str] = &[
        "The harbour office keeps a ledger of every vessel that calls here, written by hand since \
         the lamps were lit, and the rhythm of it seldom changes from one year to the next",
        "Fakturan ska betalas inom trettio dagar från det datum då den skickades till kunden. \
         Därefter tillkommer ränta enligt lag, om inget annat har avtalats mellan parterna",
        "Настройка сети производится после установки системы, если компьютер подключён к ней; \
         в противном случае этот шаг можно пропустить и вернуться к нему позднее",
        "Η σύνδεση με το δίκτυο ρυθμίζεται μετά την εγκατάσταση του συστήματος, εφόσον ο \
         υπολογιστής είναι συνδεδεμένος και ο χρήστης το επιθυμεί",
        "يجب دفع الفاتورة خلال ثلاثين يوما من تاريخ استلامها وإلا أضيفت إليها فائدة حسب القانون \
         المعمول به في البلاد",
        "インストールが終わったあとで、ネットワークの設定をおこないます。つながっていないときは、\
         このだんかいをとばして、あとからもどることができます",
        "इस दस्तावेज़ में बताया गया है कि प्रणाली को कैसे स्थापित किया जाता है और उसके बाद किन बातों का \
         ध्यान रखना चाहिए",
    ];

    fn main_fit(text: &str) -> Fit {
        fits(text.split_whitespace())[0]
    }

    /// The text with the letters of its main script swapped among each other.
    fn swapped(text: &str, seed: u64) -> String {
        let script = main_fit(text).script;
        let own = |c: char| {
            let s = if c.script() == Script::Katakana { Script::Hiragana } else { c.script() };
            s == script
        };
        let lower = text.to_lowercase();
        let mut letters: Vec<char> = lower.chars().filter(|&c| own(c)).collect();
        letters.sort_unstable();
        letters.dedup();
        let order = swap(letters.len(), seed);
        lower
            .chars()
            .map(|c| letters.binary_search(&c).map_or(c, |at| letters[order[at + 1] - 1]))
            .collect()
    }

    #[test]
    fn text_of_many_scripts_fits() {
        for text in TEXTS {
            let fit = main_fit(text);
            assert_eq!(fit.is_doubtful(), Some(false), "{text}: {fit:?}");
        }
    }

    #[test]
    fn text_with_its_letters_swapped_does_not() {
        for text in TEXTS {
            for seed in [77, 78, 79] {
                let text = swapped(text, seed);
                let fit = main_fit(&text);
                assert_eq!(fit.is_doubtful(), Some(true), "{text}: {fit:?}");
            }
        }
    }

    #[test]
    fn cyrillic_read_as_western_letters_does_not_fit() {
        let fit = main_fit("Íàñòðîéêà ñåòè ïðîèçâîäèòñÿ ïîñëå óñòàíîâêè ñèñòåìû, åñëè êîìïüþòåð");
        assert_eq!(fit.is_doubtful(), Some(true), "{fit:?}");
    }

    #[test]
    fn numbers_and_abbreviations_tell_nothing() {
        assert!(fits("12 345 ISO 9001 NATO USA kg m2".split(' ')).is_empty());
        let fit = main_fit("short text");
        assert_eq!(fit.is_doubtful(), None);
    }

    #[test]
    fn all_tables_are_read() {
        assert!(tables().len() > 100);
        assert!(tables().iter().all(|t| t.letters.len() > 10));
    }
}
