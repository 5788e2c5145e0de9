//! Two readings of one page put together, word by word.
//!
//! Voting over several recognisers aligns what they read and lets each place be won by the likeliest
//! (ROVER, Fiscus 1997). Pages tell the places themselves: words of both readings that stand on each
//! other are rivals, however many each has there. Where they agree, nothing is to be decided; where one has
//! nothing, the other's words stay if they are sure enough; else a logistic curve over what is known of both
//! gives the probability that the second is right (`scripts/rivals.py` fits it).

use std::collections::HashSet;

use crate::document::Word;
use crate::geometry::{Pt, Rect, RectExt};

/// Boxes of the same letters share more than this of the narrower one's width …
const SHARED_WIDTH: f32 = 0.3;
/// … and of the lower one's height: those of lines one below the other share less.
const SHARED_HEIGHT: f32 = 0.5;
/// A word that only the second reading has is one from this probability. Below, most are marks, parts of
/// pictures and dirt.
const ALONE: f32 = 0.8;
/// Words alike to the last letter, and what the readings agree on at this length, are no chance.
const LEAST_KNOWN: usize = 3;

/// What one reading has in a place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Claim {
    /// Its words, without the spaces between.
    pub(super) text: String,
    /// The probability that all of them are right.
    pub(super) probability: f32,
    /// How many they are.
    pub(super) words: usize,
    /// The share of its letters that stand in words which both readings have elsewhere on the page.
    pub(super) known: f32,
}

/// Puts a second reading into a first. `prefer` says whether the second's claim is the better one.
///
/// Words of the first stay, or a rival comes into their place, or they are dirt that the second does not see
/// at all; order and lines are the first's.
pub(super) fn merge(
    first: Vec<Word>,
    second: Vec<Word>,
    prefer: &dyn Fn(&Claim, &Claim) -> bool,
) -> Vec<Word> {
    let places = places(&first, &second);
    let agreed = agreed(&first, &second, &places);
    let claim = |words: &[Word], of: &[usize]| Claim::of(words, of, &agreed);

    let mut takes: Vec<Option<&Place>> = vec![None; first.len()];
    let mut alone = Vec::new();
    for place in &places {
        match (place.first.first(), place.second.first()) {
            (Some(&at), Some(_)) => {
                let (a, b) = (claim(&first, &place.first), claim(&second, &place.second));
                if a.text != b.text && prefer(&a, &b) {
                    takes[at] = Some(place);
                    for &other in &place.first[1..] {
                        takes[other] = Some(place);
                    }
                }
            }
            (None, Some(&at)) if is_word(&second[at]) => alone.push(at),
            (Some(&at), None) if is_dirt(&first, at) => takes[at] = Some(place),
            _ => {}
        }
    }

    let mut merged = Vec::with_capacity(first.len() + alone.len());
    for (at, word) in first.iter().enumerate() {
        match takes[at] {
            None => merged.push(word.clone()),
            Some(place) if place.first[0] == at => {
                merged.extend(place.second.iter().map(|&at| in_line_of(&second[at], word)));
            }
            Some(_) => {}
        }
    }
    add(&mut merged, alone.into_iter().map(|at| &second[at]));
    merged
}

/// Words of both readings that stand on each other, in the order of each.
#[derive(Debug, Default)]
struct Place {
    first: Vec<usize>,
    second: Vec<usize>,
}

/// Every word is in one place.
fn places(first: &[Word], second: &[Word]) -> Vec<Place> {
    let mut group: Vec<usize> = (0..first.len() + second.len()).collect();
    fn root(group: &mut [usize], mut at: usize) -> usize {
        while group[at] != at {
            group[at] = group[group[at]];
            at = group[at];
        }
        at
    }
    let mut by_top: Vec<usize> = (0..second.len()).collect();
    by_top.sort_by(|&a, &b| second[a].rect.min.y.total_cmp(&second[b].rect.min.y));
    let highest = second.iter().map(|w| w.rect.height()).fold(0.0, f32::max);
    for (a, word) in first.iter().enumerate() {
        let from = by_top.partition_point(|&b| second[b].rect.min.y < word.rect.min.y - highest);
        let near = by_top[from..].iter().take_while(|&&b| second[b].rect.min.y < word.rect.max.y);
        for &b in near {
            if are_rivals(&word.rect, &second[b].rect) {
                let (x, y) = (root(&mut group, a), root(&mut group, first.len() + b));
                group[x.max(y)] = x.min(y);
            }
        }
    }
    let mut places: Vec<Place> = Vec::new();
    let mut at_root = vec![usize::MAX; group.len()];
    for at in 0..group.len() {
        let root = root(&mut group, at);
        if at_root[root] == usize::MAX {
            at_root[root] = places.len();
            places.push(Place::default());
        }
        let place = &mut places[at_root[root]];
        match at.checked_sub(first.len()) {
            None => place.first.push(at),
            Some(at) => place.second.push(at),
        }
    }
    places
}

fn are_rivals(a: &Rect<Pt>, b: &Rect<Pt>) -> bool {
    let narrower = a.width().min(b.width());
    let lower = a.height().min(b.height());
    a.overlap_x(b) > SHARED_WIDTH * narrower && a.overlap_y(b) > SHARED_HEIGHT * lower
}

/// Words that both readings have in the same place, as they are compared.
fn agreed(first: &[Word], second: &[Word], places: &[Place]) -> HashSet<String> {
    let mut agreed = HashSet::new();
    for place in places {
        if let (&[a], &[b]) = (place.first.as_slice(), place.second.as_slice())
            && first[a].text == second[b].text
        {
            let key = key(&first[a].text);
            if key.chars().count() >= LEAST_KNOWN {
                agreed.insert(key);
            }
        }
    }
    agreed
}

/// A word without the marks around it, in lower case.
fn key(text: &str) -> String {
    text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

impl Claim {
    fn of(words: &[Word], of: &[usize], agreed: &HashSet<String>) -> Self {
        let words = || of.iter().map(|&at| &words[at]);
        let (mut letters, mut known) = (0, 0);
        for word in words() {
            let length = word.text.chars().count();
            letters += length;
            known += if agreed.contains(&key(&word.text)) { length } else { 0 };
        }
        Self {
            text: words().map(|word| word.text.as_str()).collect(),
            probability: words().map(|word| word.confidence.unwrap_or_default()).product(),
            words: of.len(),
            known: known as f32 / letters.max(1) as f32,
        }
    }
}

/// Whether a word that one reading alone has is to be believed.
fn is_word(word: &Word) -> bool {
    word.confidence >= Some(ALONE) && word.text.chars().any(char::is_alphanumeric)
}

/// Whether a word that the first reading alone has is none.
fn is_dirt(first: &[Word], at: usize) -> bool {
    let line = |at: usize| first.get(at).and_then(|word| word.line);
    let begins = at == 0 || line(at - 1) != line(at);
    let bullet = begins && line(at).is_some() && line(at + 1) == line(at);
    first[at].confidence < Some(DIRT) && !bullet
}

/// A word of the second reading where the first has this one.
fn in_line_of(word: &Word, there: &Word) -> Word {
    Word { line: there.line, style: there.style.clone(), angle: there.angle, ..word.clone() }
}

/// Adds words that the first reading lacks: into the line that they stand in, else as lines of their own.
fn add<'a>(words: &mut Vec<Word>, new: impl Iterator<Item = &'a Word>) {
    let mut next = words.iter().filter_map(|word| word.line).max().map_or(0, |line| line + 1);
    let mut own: Option<(Option<u32>, u32)> = None;
    for word in new {
        // The neighbour in its line after which it comes.
        let beside = |other: &Word| {
            other.rect.overlap_y(&word.rect)
                > SHARED_HEIGHT * other.rect.height().min(word.rect.height())
        };
        let gap = |other: &Word| {
            (word.rect.min.x - other.rect.max.x).max(other.rect.min.x - word.rect.max.x)
        };
        let near = (0..words.len())
            .filter(|&at| beside(&words[at]) && gap(&words[at]) < NEAR * word.rect.height())
            .min_by(|&a, &b| gap(&words[a]).total_cmp(&gap(&words[b])));
        match near {
            Some(at) => {
                let is_after = words[at].rect.min.x <= word.rect.min.x;
                let word = in_line_of(word, &words[at]);
                words.insert(at + usize::from(is_after), word);
            }
            None => {
                let line = match own {
                    Some((of, line)) if of == word.line => line,
                    _ => {
                        next += 1;
                        next - 1
                    }
                };
                own = Some((word.line, line));
                words.push(Word { line: Some(line), ..word.clone() });
            }
        }
    }
}

/// A word that only the first reading has is none below this probability: of 200 such words on 46 pages not one
/// was right. (One that begins a line may be its bullet, which the second reading knows nothing of.)
const DIRT: f32 = 0.3;
/// Words of a line stand no further apart than so many of their heights.
const NEAR: f32 = 2.0;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::{Style, WordOrigin};
    use crate::geometry::rect;

    fn word(text: &str, x: f32, y: f32, confidence: f32, line: u32) -> Word {
        Word {
            text: text.to_owned(),
            rect: rect(x, y, x + 5.0 * text.chars().count() as f32, y + 10.0),
            confidence: Some(confidence),
            origin: WordOrigin::Ocr,
            style: Style::default(),
            angle: 0.0,
            joined: false,
            line: Some(line),
        }
    }

    /// A line of words, six points to a letter or space.
    fn line(text: &str, y: f32, confidence: f32, line: u32) -> Vec<Word> {
        let mut x = 0.0;
        let mut words = Vec::new();
        for part in text.split(' ') {
            words.push(word(part, x, y, confidence, line));
            x += 5.0 * (part.chars().count() + 1) as f32;
        }
        words
    }

    fn texts(words: &[Word]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }

    fn likelier(a: &Claim, b: &Claim) -> bool {
        b.probability > a.probability
    }

    #[test]
    fn the_likelier_word_stays_in_the_place_of_its_rival() {
        let first = line("the harb0ur was empty", 0.0, 0.6, 3);
        let mut second = line("the harbour wos empty", 1.0, 0.9, 0);
        second[2].confidence = Some(0.3);
        let merged = merge(first, second, &likelier);
        assert_eq!(texts(&merged), ["the", "harbour", "was", "empty"]);
        assert!(merged.iter().all(|word| word.line == Some(3)));
    }

    #[test]
    fn several_words_may_stand_in_the_place_of_one() {
        let first = line("a thatwas b cut off", 0.0, 0.5, 0);
        let second = line("a that as b cutoff", 0.0, 0.9, 0);
        assert_eq!(
            texts(&merge(first.clone(), second.clone(), &likelier)),
            // Where the letters are the same, so are the words: the first's.
            ["a", "that", "as", "b", "cut", "off"]
        );
        let never = |_: &Claim, _: &Claim| false;
        assert_eq!(texts(&merge(first, second, &never)), ["a", "thatwas", "b", "cut", "off"]);
    }

    #[test]
    fn what_one_reading_alone_has_is_added_where_it_stands_if_it_is_sure() {
        let first = vec![
            word("left", 0.0, 0.0, 0.9, 0),
            word("right", 60.0, 0.0, 0.9, 0),
            word("below", 0.0, 30.0, 0.9, 1),
        ];
        let second = vec![
            word("middle", 25.0, 0.0, 0.9, 0),
            word("unsure", 25.0, 30.0, 0.5, 1),
            word("|", 50.0, 30.0, 0.99, 1),
            word("new", 0.0, 90.0, 0.9, 2),
            word("line", 20.0, 90.0, 0.9, 2),
        ];
        let merged = merge(first, second, &likelier);
        assert_eq!(texts(&merged), ["left", "middle", "right", "below", "new", "line"]);
        let lines: Vec<u32> = merged.iter().filter_map(|word| word.line).collect();
        assert_eq!(lines, [0, 0, 0, 1, 2, 2]);
    }

    #[test]
    fn dirt_that_the_second_does_not_see_goes_but_not_the_bullet_of_a_line() {
        let mut first = [line("e an item ~", 0.0, 0.9, 0), line("~", 40.0, 0.1, 1)].concat();
        (first[0].confidence, first[3].confidence) = (Some(0.2), Some(0.2));
        let second: Vec<Word> = first[1..3].to_vec();
        assert_eq!(texts(&merge(first, second, &likelier)), ["e", "an", "item"]);
    }

    #[test]
    fn what_both_have_elsewhere_is_known() {
        let first = [line("the basin filled", 0.0, 0.9, 0), line("basin x", 20.0, 0.5, 1)].concat();
        let second =
            [line("the basin filled", 0.0, 0.9, 0), line("bosin x", 20.0, 0.5, 1)].concat();
        let seen = std::cell::RefCell::new(Vec::new());
        merge(first, second, &|a, b| {
            seen.borrow_mut().push((a.text.clone(), a.known, b.known));
            false
        });
        assert_eq!(seen.into_inner(), [("basin".to_owned(), 1.0, 0.0)]);
    }

    fn page() -> impl Strategy<Value = Vec<Word>> {
        let one = ("[a-c]{1,6}", 0_u8..12, 0_u8..6, 0_u8..10).prop_map(|(text, x, y, p)| {
            word(&text, f32::from(x) * 7.0, f32::from(y) * 9.0, f32::from(p) / 10.0, u32::from(y))
        });
        prop::collection::vec(one, 0..20)
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_none_doubled(first in page(), second in page()) {
            // Each word of a reading can be told from the others.
            let name = |words: Vec<Word>, mark: char| -> Vec<Word> {
                let named = |(at, word): (usize, Word)| Word { text: format!("{}{mark}{at}", word.text), ..word };
                words.into_iter().enumerate().map(named).collect()
            };
            let (first, second) = (name(first, 'F'), name(second, 'S'));
            let merged = merge(first.clone(), second.clone(), &likelier);
            let mut seen = HashSet::new();
            prop_assert!(merged.iter().all(|word| seen.insert(word.text.clone())));
            for place in places(&first, &second) {
                let has = |words: &[Word], of: &[usize]| of.iter().filter(|&&at| seen.contains(&words[at].text)).count();
                let (a, b) = (has(&first, &place.first), has(&second, &place.second));
                let dirt = place.second.is_empty() && place.first.iter().all(|&at| is_dirt(&first, at));
                let unsure = place.first.is_empty() && place.second.iter().all(|&at| !is_word(&second[at]));
                let whole = (a, b) == (place.first.len(), 0) || (a, b) == (0, place.second.len()) || dirt || unsure;
                prop_assert!(whole, "{a} and {b} of {place:?}");
            }
            // With nothing else, a reading is as it was.
            prop_assert_eq!(merge(first.clone(), first.clone(), &likelier), first);
        }
    }
}
