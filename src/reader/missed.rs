//! Text that the recogniser's own layout analysis passed over: letters that no word covers.

use crate::geometry::{Px, Rect, RectExt, rect};
use crate::recognizer::OcrWord;

/// Letters within this many text heights of each other belong together: words of a line, lines of
/// a block.
const NEAR: (f32, f32) = (1.6, 1.0);
/// Groups of fewer letters are specks and signs.
const LEAST: usize = 2;
/// Letters that stand alone are those of a column (figures in a table) where so many of them …
const LEAST_IN_COLUMN: usize = 2;
/// … have their middles within this many text heights of one line down, …
const ALIGNED: f32 = 0.6;
/// … no further apart than this, in text heights, …
const NEXT_ROW: f32 = 4.0;
/// … and are as high as letters at least: bullets and specks are lower.
const FULL: f32 = 0.85;
/// More missed letters than this are a halftone or a texture, not text.
const MOST: usize = 3000;
/// Words read in a second look that are less certain than this were no words.
pub(super) const CERTAIN: f32 = 0.5;
/// White around a part that is read by itself, in text heights: Tesseract wants some.
const MARGIN: f32 = 0.7;

/// Parts of the image with letters that no word covers and that stand in no figure.
pub(super) fn parts(
    letters: &[Rect<Px>],
    words: &[OcrWord],
    figures: &[Rect<Px>],
    size: (u32, u32),
) -> Vec<Rect<Px>> {
    let mut heights: Vec<f32> = letters.iter().map(|l| l.height()).collect();
    heights.sort_by(f32::total_cmp);
    let Some(&height) = heights.get(heights.len() / 2) else { return Vec::new() };
    let covered = |letter: &Rect<Px>| {
        let middle = letter.center();
        words.iter().any(|w| w.rect.inflate(0.3 * height, 0.3 * height).contains(middle))
            || figures.iter().any(|f| f.contains(middle))
    };
    let mut groups: Vec<(Rect<Px>, usize)> =
        letters.iter().filter(|l| !covered(l)).map(|l| (*l, 1)).collect();
    if groups.len() > MOST {
        return Vec::new();
    }
    groups.sort_by(|a, b| a.0.min.y.total_cmp(&b.0.min.y).then(a.0.min.x.total_cmp(&b.0.min.x)));
    let mut n = 0;
    while n < groups.len() {
        let grown = groups[n].0.inflate(NEAR.0 * height, NEAR.1 * height);
        match (n + 1..groups.len()).find(|&k| grown.intersects(&groups[k].0)) {
            Some(k) => {
                let (other, count) = groups.remove(k);
                groups[n] = (groups[n].0.around(&other), groups[n].1 + count);
                // It may reach earlier groups now.
                n = 0;
            }
            None => n += 1,
        }
    }
    let (width, depth) = (size.0 as f32, size.1 as f32);
    let (groups, alone): (Vec<_>, Vec<_>) = groups.into_iter().partition(|g| g.1 >= LEAST);
    let columns = columns(alone.into_iter().map(|g| g.0).collect(), height);
    groups
        .into_iter()
        .map(|g| g.0)
        .chain(columns)
        .map(|r| {
            let m = MARGIN * height;
            rect(
                (r.min.x - m).max(0.0),
                (r.min.y - m).max(0.0),
                (r.max.x + m).min(width),
                (r.max.y + m).min(depth),
            )
        })
        .collect()
}

/// Letters that stand alone, one below the other: figures of a table. From top to bottom.
fn columns(mut alone: Vec<Rect<Px>>, height: f32) -> Vec<Rect<Px>> {
    alone.retain(|r| r.height() >= FULL * height && r.width() <= 2.0 * height);
    alone.sort_by(|a, b| a.min.y.total_cmp(&b.min.y).then(a.min.x.total_cmp(&b.min.x)));
    let mut columns: Vec<(Rect<Px>, usize)> = Vec::new();
    for r in alone {
        let column = columns.iter_mut().find(|(column, _)| {
            (column.mid_x() - r.mid_x()).abs() <= ALIGNED * height
                && r.min.y - column.max.y <= NEXT_ROW * height
        });
        match column {
            Some((column, count)) => (*column, *count) = (column.around(&r), *count + 1),
            None => columns.push((r, 1)),
        }
    }
    columns.retain(|c| c.1 >= LEAST_IN_COLUMN);
    columns.into_iter().map(|c| c.0).collect()
}

/// Adds the words of a second look at a part, where no word stands yet.
pub(super) fn add(words: &mut Vec<OcrWord>, found: Vec<OcrWord>, origin: Rect<Px>) {
    let next = |of: fn(&OcrWord) -> u32| words.iter().map(of).max().map_or(0, |n| n + 1);
    let (block, paragraph, line) = (next(|w| w.block), next(|w| w.paragraph), next(|w| w.line));
    let known = words.len();
    for word in found {
        let at = word.rect.translate(origin.min.to_vector());
        let text = word.text.chars().any(char::is_alphanumeric);
        let new = words[..known].iter().all(|w| at.share_in(&w.rect) < 0.3);
        if word.confidence >= CERTAIN && text && new {
            words.push(OcrWord {
                rect: at,
                block: word.block + block,
                paragraph: word.paragraph + paragraph,
                line: word.line + line,
                ..word
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(x: f32, y: f32) -> Rect<Px> {
        rect(x, y, x + 10.0, y + 20.0)
    }

    fn word(text: &str, r: Rect<Px>) -> OcrWord {
        OcrWord {
            text: text.to_owned(),
            rect: r,
            confidence: 0.9,
            block: 0,
            paragraph: 0,
            line: 0,
            size: None,
            angle: 0.0,
            joined: false,
            bold: None,
        }
    }

    #[test]
    fn a_column_without_words_is_one_part() {
        let mut letters: Vec<_> = (0..10).map(|i| letter(12.0 * i as f32, 0.0)).collect();
        letters.extend(
            (0..5).flat_map(|i| [letter(400.0, 30.0 * i as f32), letter(412.0, 30.0 * i as f32)]),
        );
        let words = [word("recognised", rect(0.0, 0.0, 120.0, 20.0))];
        let parts = parts(&letters, &words, &[], (1000, 1000));
        assert_eq!(parts.len(), 1);
        assert!(parts[0].min.x > 300.0 && parts[0].max.y > 140.0);
    }

    #[test]
    fn figures_that_stand_alone_are_a_column() {
        let mut letters: Vec<_> = (0..10).map(|i| letter(12.0 * i as f32, 0.0)).collect();
        letters.extend((0..4).map(|i| letter(300.0, 60.0 * i as f32)));
        // A bullet and a lonely letter.
        letters.extend([rect(600.0, 0.0, 608.0, 8.0), letter(800.0, 10.0)]);
        let words = [word("recognised", rect(0.0, 0.0, 120.0, 20.0))];
        let parts = parts(&letters, &words, &[], (1000, 1000));
        assert_eq!(parts.len(), 1);
        assert!(parts[0].min.x > 250.0 && parts[0].max.x < 350.0 && parts[0].max.y > 200.0);
    }

    #[test]
    fn what_is_read_already_is_not_read_twice() {
        let mut words = vec![word("here", rect(0.0, 0.0, 40.0, 20.0))];
        let found = vec![
            word("here", rect(-10.0, 0.0, 30.0, 20.0)),
            word("there", rect(90.0, 0.0, 130.0, 20.0)),
        ];
        add(&mut words, found, rect(10.0, 0.0, 200.0, 30.0));
        let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(texts, ["here", "there"]);
        assert_eq!(words[1].line, 1);
    }
}
