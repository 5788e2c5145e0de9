//! Ruling lines in a raster.

use image::{GrayImage, imageops};

use super::components::runs;
use crate::geometry::{Px, Rect, RectExt, rect};

/// A piece of a rule is at least this long in inches: longer than the strokes of body type and the
/// serifs along a baseline, short enough for lines that noise and a slight slant break up.
const SHORTEST_RUN: f32 = 0.2;
/// The same as a multiple of the text height, for large type.
const SHORTEST_RUN_IN_TEXT: f32 = 2.5;
/// A rule is at least this long, in inches and in text heights.
const SHORTEST: f32 = 0.35;
const SHORTEST_IN_TEXT: f32 = 4.0;
/// Rules are thinner than this in inches (4 pt); thicker things are bars.
const THICKEST: f32 = 0.055;
/// Pieces in line with each other are one rule across a gap of this, in inches.
const GAP: f32 = 0.06;
/// What is left of the skew: a rule may rise by this share of its length.
const SLOPE: f32 = 0.012;
/// Beside a rule is paper. Along text that forms a line by chance, or inside of pictures, at
/// least this share of the pixels beside it is ink.
const CROWDED: f32 = 0.3;

/// Rules of two masks are the same if they are no further apart than this, in inches: two of their pixels.
const SAME: f32 = 0.015;
/// One is more than the pieces of it if it is so many times as long.
const LONGER: f32 = 1.25;

/// Rules that have this many others within this distance in inches are hatching.
const HATCHED: usize = 3;
const HATCHING: f32 = 0.1;

/// The ruling lines of an upright page, horizontal ones first, as the boxes they cover in pixels
/// of its masks: that of its ink, and one of hairlines, in which faint rules hold together and those beside
/// letters and shades are lost. `text_height` is the height of common letters, where there are any.
pub(crate) fn find_rules(
    ink: &GrayImage,
    hairlines: &GrayImage,
    ppi: f32,
    text_height: Option<f32>,
) -> Vec<Rect<Px>> {
    let found = |ink: &GrayImage, hairlines: &GrayImage| {
        let sure = horizontal(ink, ppi, text_height);
        together(sure, horizontal(hairlines, ppi, text_height), ppi)
    };
    let mut rules = found(ink, hairlines);
    let turned = found(&transposed(ink), &transposed(hairlines));
    rules.extend(turned.into_iter().map(|r| rect(r.min.y, r.min.x, r.max.y, r.max.x)));
    rules
}

/// Horizontal rules that were found in two masks, each once: the first's, unless the second shows that they are
/// pieces of a longer one, which then covers them too.
fn together(first: Vec<Rect<Px>>, second: Vec<Rect<Px>>, ppi: f32) -> Vec<Rect<Px>> {
    let mut rules = first;
    for rule in second {
        let is_piece = |other: &Rect<Px>| {
            let apart = (rule.mid_y() - other.mid_y()).abs();
            apart <= SAME * ppi + SLOPE * rule.width() && rule.overlap_x(other) > 0.0
        };
        let known: f32 = rules.iter().filter(|r| is_piece(r)).map(|r| r.overlap_x(&rule)).sum();
        if rule.width() > LONGER * known {
            let whole =
                rules.extract_if(.., |r| is_piece(r)).fold(rule, |whole, r| whole.union(&r));
            rules.push(whole);
        }
    }
    rules
}

fn transposed(mask: &GrayImage) -> GrayImage {
    imageops::flip_horizontal(&imageops::rotate90(mask))
}

/// A rule, or a piece of one.
#[derive(Clone, Copy, Debug)]
struct Piece {
    left: u32,
    right: u32,
    top: u32,
    /// First row below.
    bottom: u32,
    area: u32,
    /// Rows in which it begins and ends.
    row_at_left: u32,
    row_at_right: u32,
}

impl Piece {
    fn length(&self) -> u32 {
        self.right - self.left
    }

    fn thickness(&self) -> f32 {
        self.area as f32 / self.length().max(1) as f32
    }

    fn join(&mut self, other: &Self) {
        if other.left < self.left {
            (self.left, self.row_at_left) = (other.left, other.row_at_left);
        }
        if other.right > self.right {
            (self.right, self.row_at_right) = (other.right, other.row_at_right);
        }
        self.top = self.top.min(other.top);
        self.bottom = self.bottom.max(other.bottom);
        self.area += other.area;
    }
}

fn horizontal(mask: &GrayImage, ppi: f32, text_height: Option<f32>) -> Vec<Rect<Px>> {
    let text = text_height.unwrap_or(0.0);
    let shortest_run = (SHORTEST_RUN * ppi).max(SHORTEST_RUN_IN_TEXT * text) as u32;
    let shortest = (SHORTEST * ppi).max(SHORTEST_IN_TEXT * text);
    let thickest = (THICKEST * ppi).max(2.0);
    let mut pieces = long_runs(mask, shortest_run.max(4));
    pieces.retain(|p| p.thickness() <= thickest);
    let pieces = in_line(pieces, (GAP * ppi).max(2.0) as u32);
    let mut rules: Vec<Rect<Px>> = pieces
        .into_iter()
        .filter(|p| {
            let length = p.length() as f32;
            let height = (p.bottom - p.top) as f32;
            length >= shortest
                && p.thickness() <= thickest
                && height <= p.thickness() * 1.5 + 2.0 + SLOPE * length
                && !is_crowded(mask, p)
        })
        .map(|p| rect(p.left as f32, p.top as f32, p.right as f32, p.bottom as f32))
        .collect();
    let all = rules.clone();
    rules.retain(|r| {
        let near = |other: &&Rect<Px>| {
            (r.mid_y() - other.mid_y()).abs() < HATCHING * ppi && r.overlap_x(other) > 0.0
        };
        // One of those near is the rule itself.
        all.iter().filter(near).count() <= HATCHED
    });
    rules
}

/// Opening by a horizontal line: runs of at least `shortest` pixels, those of neighbouring rows
/// that touch joined.
fn long_runs(mask: &GrayImage, shortest: u32) -> Vec<Piece> {
    let mut done = Vec::new();
    let mut open: Vec<Piece> = Vec::new();
    for (y, row) in mask.as_raw().chunks_exact(mask.width().max(1) as usize).enumerate() {
        let y = y as u32;
        // One row may be missing: noise.
        let (closed, still): (Vec<_>, Vec<_>) = open.into_iter().partition(|p| p.bottom + 1 < y);
        done.extend(closed);
        open = still;
        for (from, to) in runs(row).filter(|(from, to)| to - from >= shortest) {
            let mut piece = Piece {
                left: from,
                right: to,
                top: y,
                bottom: y + 1,
                area: to - from,
                row_at_left: y,
                row_at_right: y,
            };
            // A slanted line goes on in the next row beside where it ended.
            open.retain(|p| {
                let touches = p.left <= to + 1 && from <= p.right + 1;
                if touches {
                    piece.join(p);
                }
                !touches
            });
            open.push(piece);
        }
    }
    done.extend(open);
    done
}

/// Joins pieces that lie in line.
fn in_line(mut pieces: Vec<Piece>, gap: u32) -> Vec<Piece> {
    pieces.sort_by_key(|p| (p.left, p.top));
    let mut rules: Vec<Piece> = Vec::new();
    for piece in pieces {
        let before = rules.iter_mut().find(|r| {
            let apart = piece.row_at_left.abs_diff(r.row_at_right);
            piece.left <= r.right + gap
                && piece.right > r.right
                && apart as f32 <= r.thickness().max(piece.thickness()) + 1.0
        });
        match before {
            Some(rule) => rule.join(&piece),
            None => rules.push(piece),
        }
    }
    rules
}

/// Whether ink stands all along a piece, above or below it.
fn is_crowded(mask: &GrayImage, piece: &Piece) -> bool {
    let width = mask.width() as usize;
    let share = |row: Option<u32>| {
        let Some(row) = row.filter(|r| *r < mask.height()) else { return 0.0 };
        let row = &mask.as_raw()[row as usize * width..][..width];
        let part = &row[piece.left as usize..piece.right as usize];
        part.iter().filter(|&&p| p > 0).count() as f32 / part.len().max(1) as f32
    };
    // Beyond a ragged edge; the emptier of two rows, because one may graze the rule itself.
    let emptier = |a: Option<u32>, b: Option<u32>| share(a).min(share(b));
    emptier(piece.top.checked_sub(2), piece.top.checked_sub(3)) > CROWDED
        || emptier(piece.bottom.checked_add(1), piece.bottom.checked_add(2)) > CROWDED
}

#[cfg(test)]
mod tests {
    use imageproc::drawing::{draw_filled_circle_mut, draw_filled_rect_mut, draw_line_segment_mut};
    use imageproc::rect::Rect as Area;

    use super::*;

    const INK: image::Luma<u8> = image::Luma([255]);

    fn bar(mask: &mut GrayImage, x: i32, y: i32, w: u32, h: u32) {
        draw_filled_rect_mut(mask, Area::at(x, y).of_size(w, h), INK);
    }

    /// Lines of letters with serifs that nearly touch along the baseline.
    fn text(mask: &mut GrayImage, top: i32) {
        for line in 0..6 {
            for letter in 0..60 {
                let (x, y) = (100 + letter * 13, top + line * 28);
                bar(mask, x + 4, y, 3, 14);
                bar(mask, x, y + 13, 12, 2);
            }
        }
    }

    #[test]
    fn a_grid_is_found() {
        let mut mask = GrayImage::new(1000, 800);
        for i in 0..4 {
            bar(&mut mask, 100, 200 + i * 60, 700, 2);
            bar(&mut mask, 100 + i * 233, 200, 2, 182);
        }
        text(&mut mask, 500);
        let rules = find_rules(&mask, &mask, 150.0, Some(14.0));
        let horizontal = rules.iter().filter(|r| r.width() > r.height()).count();
        assert_eq!((horizontal, rules.len()), (4, 8), "{rules:?}");
        assert_eq!(rules[0], rect(100.0, 200.0, 801.0, 202.0));
    }

    #[test]
    fn rules_too_faint_to_be_ink_are_found_among_hairlines() {
        let (mut ink, mut hairlines) = (GrayImage::new(1000, 400), GrayImage::new(1000, 400));
        // One that noise breaks into pieces, one of which is long enough; one that is in the first alone, as it
        // is the edge of a shade; one that both have.
        for x in (100..900).step_by(40) {
            bar(&mut ink, x, 100, if x == 500 { 80 } else { 25 }, 1);
        }
        bar(&mut hairlines, 100, 100, 800, 2);
        bar(&mut ink, 100, 200, 800, 2);
        bar(&mut hairlines, 100, 201, 800, 30);
        bar(&mut ink, 100, 300, 800, 2);
        bar(&mut hairlines, 98, 299, 804, 3);
        let rules = find_rules(&ink, &hairlines, 150.0, None);
        let mut rows: Vec<f32> = rules.iter().map(|r| r.min.y).collect();
        rows.sort_by(f32::total_cmp);
        assert_eq!(rows, [100.0, 200.0, 300.0], "{rules:?}");
        assert!(rules.iter().all(|r| r.width() >= 800.0), "{rules:?}");
    }

    /// The first mask has its beginning, and the second the rest.
    #[test]
    fn a_rule_of_which_each_mask_has_a_part_is_whole() {
        let first = vec![rect(0.0, 10.0, 100.0, 12.0)];
        let rules = together(first, vec![rect(90.0, 10.0, 300.0, 13.0)], 150.0);
        assert_eq!(rules, [rect(0.0, 10.0, 300.0, 13.0)]);
    }

    #[test]
    fn a_slanted_broken_line_is_one_rule() {
        let mut mask = GrayImage::new(1000, 400);
        for thickness in 0..3 {
            let y = 200.0 + thickness as f32;
            draw_line_segment_mut(&mut mask, (100.0, y), (480.0, y + 3.0), INK);
            draw_line_segment_mut(&mut mask, (486.0, y + 3.0), (900.0, y + 6.0), INK);
        }
        let rules = find_rules(&mask, &mask, 150.0, None);
        assert_eq!(rules.len(), 1, "{rules:?}");
        assert!(rules[0].width() > 790.0);
    }

    #[test]
    fn letters_bars_and_pictures_are_no_rules() {
        let mut mask = GrayImage::new(1000, 900);
        text(&mut mask, 50);
        // A bar, a disc, and a capital I of a large heading.
        bar(&mut mask, 100, 300, 500, 30);
        draw_filled_circle_mut(&mut mask, (500, 550), 120, INK);
        bar(&mut mask, 800, 400, 12, 40);
        // Hatching: thin lines close together.
        for i in 0..30 {
            bar(&mut mask, 100, 700 + i * 4, 300, 2);
        }
        let rules = find_rules(&mask, &mask, 150.0, Some(14.0));
        assert_eq!(rules, []);
    }
}
