//! Regions of a page that are plain blocks of lines, told from everything else (tables, forms,
//! pictures with labels) by white space alone: a recursive XY-cut.

use crate::geometry::{Px, Rect, RectExt, bounds, rect};

/// White space of this height, in text heights, parts blocks: more than stands between the lines
/// of a paragraph.
const GAP_BELOW: f32 = 1.5;
/// White space of this width parts columns: more than stands between words, justified ones too.
const GAP_BESIDE: f32 = 1.6;
/// Cuts within cuts; pages need six or so.
const MOST_DEPTH: usize = 24;
/// Lines of a block are no higher than this many letters: higher ones are two that touch.
const LINE: f32 = 1.9;
/// What is higher than this many letters of its block is no letter: a frame, a picture, a drop cap.
const LETTER: f32 = 2.4;
/// A column of white between the words of so many lines in a row parts columns, or cells.
const RIVER: usize = 3;
/// Blocks one below the other go together where they overlap in width by this share, …
const SAME_COLUMN: f32 = 0.8;
/// … their letters are alike in size, …
const SAME_SIZE: f32 = 1.25;
/// … and they stand this near, in text heights.
const NEAR: f32 = 4.0;
/// Joined blocks hold no more than this share of the page's letters, so that they can be recognised
/// at the same time, …
const LARGE: f32 = 0.35;
/// … but so many letters (five lines) are not worth parting.
const SMALL_PAGE: usize = 400;
/// Plain blocks must hold this share of the page's letters: a page of tables is better seen whole.
const MOSTLY: f32 = 0.6;
/// Marks in the margin of a block are no wider than this, in text heights.
const MARK: f32 = 3.0;
/// A page with more lone specks than this, as a share of its letters, is noisy: what looks for words
/// in a block reads specks as words, what looks for blocks in a page knows them.
const NOISY: f32 = 0.08;
/// Ink of less than this, in text heights, says nothing about where text stands.
const LEAST_INK: f32 = 0.25;
/// What is lower than this, in text heights, is a speck or a mark; lone where no letter is within …
const SPECK: f32 = 0.4;
/// … this many text heights. (Accents, points and dots are nearer.)
const LONE: f32 = 0.8;
/// Fewer letters than this are no block.
const LEAST_LETTERS: usize = 3;

/// A part of a page that can be read by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Region {
    pub(crate) rect: Rect<Px>,
    /// How many letters it holds.
    pub(crate) letters: usize,
    /// Their usual height; 0 where it is not a plain block.
    height: f32,
}

impl Region {
    /// The usual height of its letters.
    pub(crate) fn height(&self) -> f32 {
        self.height
    }

    /// The same in pixels that are so many times smaller.
    pub(crate) fn larger(&self, k: f32) -> Self {
        let r = self.rect;
        let rect = rect(r.min.x * k, r.min.y * k, r.max.x * k, r.max.y * k);
        Self { rect, height: self.height * k, ..*self }
    }
}

/// A page in parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Parting {
    /// Plain blocks of lines, from top to bottom. Empty where the page is not mostly such blocks.
    pub(crate) blocks: Vec<Region>,
    /// What else there is: tables, panels with letters in white, pictures, page numbers.
    pub(crate) rest: Vec<Rect<Px>>,
}

/// Finds plain blocks of lines.
///
/// `letters` are the boxes of what could be letters, `others` those of all other ink: marks, dots,
/// frames, pictures.
pub(crate) fn find_blocks(letters: &[Rect<Px>], others: &[Rect<Px>], text_height: f32) -> Parting {
    if lone_specks(letters, others, text_height) as f32 > NOISY * letters.len() as f32 {
        return Parting::default();
    }
    let least = LEAST_INK * text_height;
    let marks = others.iter().filter(|r| r.width().max(r.height()) >= least).map(|r| (*r, false));
    let ink: Vec<Ink> = letters.iter().map(|r| (*r, true)).chain(marks).collect();
    let mut leaves = Vec::new();
    cut(ink, text_height, 0, &mut leaves);
    let mut blocks = Vec::new();
    let mut rest = Vec::new();
    for leaf in &leaves {
        let region = region(leaf, text_height);
        if region.height > 0.0 { blocks.push(region) } else { rest.push(region) }
    }
    take_in(&mut blocks, &mut rest, text_height);
    let most = ((LARGE * letters.len() as f32) as usize).max(SMALL_PAGE);
    let mut blocks = joined(blocks, &rest, text_height, most);
    take_in(&mut blocks, &mut rest, text_height);
    let (blocks, few): (Vec<Region>, Vec<Region>) =
        blocks.into_iter().partition(|b| b.letters >= LEAST_LETTERS);
    let held: usize = blocks.iter().map(|b| b.letters).sum();
    if (held as f32) < MOSTLY * letters.len() as f32 {
        return Parting::default();
    }
    let rest = rest.into_iter().chain(few).map(|r| r.rect);
    let mark = |r: &Rect<Px>| r.width().max(r.height()) >= SPECK * text_height;
    Parting { blocks, rest: rest.filter(mark).collect() }
}

/// How many small marks have no letter near.
fn lone_specks(letters: &[Rect<Px>], others: &[Rect<Px>], text: f32) -> usize {
    let mut letters = letters.to_vec();
    letters.sort_by(|a, b| a.min.y.total_cmp(&b.min.y));
    let tallest = letters.iter().map(|l| l.height()).fold(0.0, f32::max);
    let lone = |mark: &&Rect<Px>| {
        let near = mark.inflate(LONE * text, LONE * text);
        let first = letters.partition_point(|l| l.min.y < near.min.y - tallest);
        let mut around = letters[first..].iter().take_while(|l| l.min.y <= near.max.y);
        !around.any(|l| l.intersects(&near))
    };
    let small = |r: &&Rect<Px>| r.width().max(r.height()) < SPECK * text;
    others.iter().filter(small).filter(lone).count()
}

/// A box of ink, and whether it could be a letter.
type Ink = (Rect<Px>, bool);

/// Cuts at the widest white space, across or down, until none is wide enough.
fn cut(mut ink: Vec<Ink>, text: f32, depth: usize, leaves: &mut Vec<Vec<Ink>>) {
    let across = widest_gap(&mut ink, |r| (r.min.x, r.max.x)).map(|(w, at)| (w / GAP_BESIDE, at));
    let down = widest_gap(&mut ink, |r| (r.min.y, r.max.y)).map(|(h, at)| (h / GAP_BELOW, at));
    let is_down = down.map_or(0.0, |d| d.0) >= across.map_or(0.0, |a| a.0);
    let best = if is_down { down } else { across };
    let Some((_, at)) = best.filter(|(gap, _)| *gap >= text && depth < MOST_DEPTH) else {
        if !ink.is_empty() {
            leaves.push(ink);
        }
        return;
    };
    let (before, after): (Vec<Ink>, Vec<Ink>) =
        ink.into_iter().partition(|(r, _)| if is_down { r.min.y < at } else { r.min.x < at });
    cut(before, text, depth + 1, leaves);
    cut(after, text, depth + 1, leaves);
}

/// The widest gap between the spans of the boxes, and where it ends.
fn widest_gap(ink: &mut [Ink], span: fn(&Rect<Px>) -> (f32, f32)) -> Option<(f32, f32)> {
    ink.sort_by(|a, b| span(&a.0).0.total_cmp(&span(&b.0).0));
    let mut reach = span(&ink.first()?.0).1;
    let mut best: Option<(f32, f32)> = None;
    for (r, _) in ink.iter() {
        let (start, end) = span(r);
        if start - reach > best.map_or(0.0, |b| b.0) {
            best = Some((start - reach, start));
        }
        reach = reach.max(end);
    }
    best
}

/// A leaf as a region; a plain block where its letters stand in lines, one below the other, with
/// nothing else among them.
fn region(leaf: &[Ink], text: f32) -> Region {
    let rect = bounds(leaf.iter().map(|i| i.0)).unwrap_or_default();
    let letters: Vec<Rect<Px>> = leaf.iter().filter(|i| i.1).map(|i| i.0).collect();
    let plain = is_plain(leaf, &letters, text);
    Region { rect, letters: letters.len(), height: plain.unwrap_or(0.0) }
}

/// The usual height of letters of a plain block.
fn is_plain(leaf: &[Ink], letters: &[Rect<Px>], text: f32) -> Option<f32> {
    if letters.is_empty() {
        return None;
    }
    let mut heights: Vec<f32> = letters.iter().map(|l| l.height()).collect();
    heights.sort_by(f32::total_cmp);
    let height = heights[heights.len() / 2];
    if leaf.iter().any(|(r, _)| r.height() > LETTER * height.max(text)) {
        return None;
    }
    let lines = lines(letters);
    if lines.iter().any(|line| line.height > LINE * height) {
        return None;
    }
    // Letters set below each other, or a column of figures: no lines to go by.
    let wide = lines.iter().filter(|l| l.width >= 2.0 * height).count();
    if 2 * wide <= lines.len() {
        return None;
    }
    (!has_river(&lines, text)).then_some(height)
}

struct Line {
    /// From the top of the usual letter to its bottom.
    height: f32,
    width: f32,
    /// White between words, wide enough to part columns.
    gaps: Vec<(f32, f32)>,
    text: f32,
}

/// Lines by the middles of letters: what rises or hangs does not bridge them.
fn lines(letters: &[Rect<Px>]) -> Vec<Line> {
    let core = |r: &Rect<Px>| (r.min.y + 0.3 * r.height(), r.max.y - 0.3 * r.height());
    let mut sorted = letters.to_vec();
    sorted.sort_by(|a, b| core(a).0.total_cmp(&core(b).0));
    let mut lines: Vec<Vec<Rect<Px>>> = Vec::new();
    let mut reach = f32::MIN;
    for letter in sorted {
        let (top, bottom) = core(&letter);
        match lines.last_mut().filter(|_| top <= reach) {
            Some(line) => line.push(letter),
            None => lines.push(vec![letter]),
        }
        reach = reach.max(bottom);
    }
    lines.into_iter().map(Line::of).collect()
}

impl Line {
    fn of(mut letters: Vec<Rect<Px>>) -> Self {
        letters.sort_by(|a, b| a.min.x.total_cmp(&b.min.x));
        let mut heights: Vec<f32> = letters.iter().map(|l| l.height()).collect();
        heights.sort_by(f32::total_cmp);
        let mut tops: Vec<f32> = letters.iter().map(|l| l.min.y).collect();
        let mut bottoms: Vec<f32> = letters.iter().map(|l| l.max.y).collect();
        tops.sort_by(f32::total_cmp);
        bottoms.sort_by(f32::total_cmp);
        let middle = letters.len() / 2;
        let mut gaps = Vec::new();
        let mut reach = letters[0].max.x;
        for letter in &letters {
            if letter.min.x > reach {
                gaps.push((reach, letter.min.x));
            }
            reach = reach.max(letter.max.x);
        }
        Self {
            height: bottoms[middle] - tops[middle],
            width: reach - letters[0].min.x,
            gaps,
            text: heights[middle],
        }
    }
}

/// Whether white runs down between the words of several lines in a row.
fn has_river(lines: &[Line], text: f32) -> bool {
    let mut open: Vec<(f32, f32, usize)> = Vec::new();
    for line in lines {
        let least = GAP_BESIDE * 0.75 * line.text.max(text);
        let mut next = Vec::new();
        for &(left, right) in line.gaps.iter().filter(|g| g.1 - g.0 >= least) {
            next.push((left, right, 1));
            for &(l, r, count) in &open {
                let (l, r) = (l.max(left), r.min(right));
                if r - l >= least {
                    next.push((l, r, count + 1));
                }
            }
        }
        if next.iter().any(|g| g.2 >= RIVER) {
            return true;
        }
        open = next;
    }
    false
}

/// Marks that stand in the margin of a block, and short words in its lines, are part of it: bullets
/// and numbers of a list, the last word of a line.
fn take_in(blocks: &mut [Region], rest: &mut Vec<Region>, text: f32) {
    let belongs = |block: &Region, mark: &Region| {
        let beside = (mark.rect.min.x - block.rect.max.x).max(block.rect.min.x - mark.rect.max.x);
        mark.rect.min.y >= block.rect.min.y - 0.5 * block.height
            && mark.rect.max.y <= block.rect.max.y + 0.5 * block.height
            && mark.rect.width() <= MARK * text
            && beside <= NEAR * text
    };
    while let Some((n, k)) =
        (0..blocks.len()).flat_map(|n| (0..rest.len()).map(move |k| (n, k))).find(|&(n, k)| {
            let (block, mark) = (&blocks[n], &rest[k]);
            let union = block.rect.around(&mark.rect);
            // Other marks of the same margin are taken in as well.
            belongs(block, mark)
                && rest
                    .iter()
                    .enumerate()
                    .all(|(i, r)| i == k || !r.rect.intersects(&union) || belongs(block, r))
                && blocks.iter().enumerate().all(|(i, r)| i == n || !r.rect.intersects(&union))
        })
    {
        let mark = rest.remove(k);
        blocks[n].rect = blocks[n].rect.around(&mark.rect);
        blocks[n].letters += mark.letters;
    }
}

/// Blocks of one column and one size go together, where nothing stands between them.
fn joined(mut blocks: Vec<Region>, rest: &[Region], text: f32, most: usize) -> Vec<Region> {
    blocks.sort_by(|a, b| {
        a.rect.min.y.total_cmp(&b.rect.min.y).then(a.rect.min.x.total_cmp(&b.rect.min.x))
    });
    let mut n = 0;
    while n < blocks.len() {
        let a = blocks[n];
        let next = (n + 1..blocks.len()).find(|&k| {
            let b = blocks[k];
            let narrow = a.rect.width().min(b.rect.width());
            let sizes = a.height.max(b.height) / a.height.min(b.height);
            let union = a.rect.around(&b.rect);
            let free = |r: &Region| !r.rect.intersects(&union);
            a.rect.overlap_x(&b.rect) >= SAME_COLUMN * narrow
                && sizes <= SAME_SIZE
                && a.letters + b.letters <= most
                && b.rect.min.y - a.rect.max.y <= NEAR * text
                && rest.iter().all(free)
                && blocks.iter().enumerate().all(|(i, r)| i == n || i == k || free(r))
        });
        match next {
            Some(k) => {
                let b = blocks.remove(k);
                let whole = a.letters + b.letters;
                let share = a.letters as f32 / whole as f32;
                blocks[n] = Region {
                    rect: a.rect.around(&b.rect),
                    letters: whole,
                    height: a.height * share + b.height * (1.0 - share),
                };
            }
            None => n += 1,
        }
    }
    blocks
}

#[cfg(test)]
mod tests;
