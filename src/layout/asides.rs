//! Boxes: text on a ground of its own or in a frame, with other text beside it, reads as one.

use super::lines::Segment;
use crate::geometry::{Pt, Rect, RectExt, Size};
use crate::page::{Placement, PlacementKind, Rule};

/// A box of fewer lines is a label or a button.
const LEAST_LINES: usize = 3;
/// A box that covers more of the page than this is its ground.
const MOST_PAGE: f32 = 0.5;
/// A box is at least this many ems wide.
const LEAST_WIDTH: f32 = 7.0;
/// Boxes looked at on one page; charts and maps have thousands of fills.
const MOST: usize = 200;

/// A box and the segments in it, as indices.
#[derive(Debug)]
pub(super) struct Aside {
    pub(super) rect: Rect<Pt>,
    pub(super) segments: Vec<usize>,
}

/// Finds the boxes that have text beside them: read line by line with it, both would be lost.
/// `solid` are tables and figures: a box that touches one is left alone.
pub(super) fn find(
    placements: &[Placement],
    rules: &[Rule],
    segments: &[Segment],
    solid: &[Rect<Pt>],
    page: Size<Pt>,
    em: f32,
) -> Vec<Aside> {
    let fills = placements.iter().filter(|p| p.kind == PlacementKind::Fill).map(|p| p.rect);
    let mut regions: Vec<Rect<Pt>> = fills.chain(frames(rules, em)).collect();
    regions.retain(|r| {
        let area = r.width() * r.height();
        r.width() >= LEAST_WIDTH * em && area <= MOST_PAGE * page.width * page.height
    });
    // The outer ones first: a box in a box belongs to it.
    regions.sort_by(|a, b| (b.width() * b.height()).total_cmp(&(a.width() * a.height())));
    regions.truncate(MOST);
    let mut out: Vec<Aside> = Vec::new();
    for r in regions {
        let free = out.iter().all(|known| !known.rect.intersects(&r))
            && solid.iter().all(|s| !s.intersects(&r));
        if free {
            out.extend(aside(r, segments, em));
        }
    }
    out
}

fn aside(r: Rect<Pt>, segments: &[Segment], em: f32) -> Option<Aside> {
    let (mut inside, mut lines, mut beside) = (Vec::new(), Vec::<f32>::new(), 0usize);
    for (n, s) in segments.iter().enumerate() {
        if r.contains(s.rect.center()) {
            // Text that sticks out is not in the box: a band behind a heading, a marked line.
            if s.rect.min.x < r.min.x - 0.5 * em || s.rect.max.x > r.max.x + 0.5 * em {
                return None;
            }
            inside.push(n);
            if lines.iter().all(|y| (y - s.rect.mid_y()).abs() > 0.5 * em) {
                lines.push(s.rect.mid_y());
            }
        } else if s.rect.overlap_y(&r) > 0.5 * s.rect.height() {
            beside += 1;
        }
    }
    (lines.len() >= LEAST_LINES && beside > 1).then_some(Aside { rect: r, segments: inside })
}

/// Rectangles of four ruling lines whose ends meet, with no other line that parts them.
fn frames(rules: &[Rule], em: f32) -> Vec<Rect<Pt>> {
    let near = 0.5 * em;
    let (flat, upright): (Vec<&Rule>, Vec<&Rule>) =
        rules.iter().filter(|r| r.length() >= 3.0 * em).take(MOST).partition(|r| r.is_horizontal());
    let mut out: Vec<Rect<Pt>> = Vec::new();
    for top in &flat {
        let t = top.rect;
        for bottom in flat.iter().map(|b| b.rect) {
            let level =
                (bottom.min.x - t.min.x).abs() <= near && (bottom.max.x - t.max.x).abs() <= near;
            if !level || bottom.min.y < t.max.y + 3.0 * em {
                continue;
            }
            let side = |x: f32| {
                upright.iter().any(|u| {
                    (u.rect.mid_x() - x).abs() <= near
                        && (u.rect.min.y - t.mid_y()).abs() <= near
                        && (u.rect.max.y - bottom.mid_y()).abs() <= near
                })
            };
            if side(t.min.x) && side(t.max.x) {
                out.push(t.around(&bottom));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rect;
    use crate::layout::lines::segments;
    use crate::layout::testing::line;

    fn page(frame: &[Rule], fills: &[Placement]) -> Vec<Aside> {
        let mut words = Vec::new();
        for n in 0..6 {
            words.extend(line("the text of the page", 50.0, 100.0 + 12.0 * n as f32));
            words.extend(line("in a box", 320.0, 106.0 + 12.0 * n as f32));
        }
        let all: Vec<u32> = (0..words.len() as u32).collect();
        let segments = segments(&words, &all, &[]);
        find(fills, frame, &segments, &[], Size::new(600.0, 800.0), 10.0)
    }

    #[test]
    fn a_frame_or_a_ground_makes_a_box() {
        let sides = [
            rect(310.0, 95.0, 450.0, 95.5),
            rect(310.0, 190.0, 450.0, 190.5),
            rect(310.0, 95.0, 310.5, 190.0),
            rect(450.0, 95.0, 450.5, 190.0),
        ];
        let frame: Vec<Rule> = sides.iter().map(|&rect| Rule { rect }).collect();
        assert_eq!(page(&frame, &[])[0].segments.len(), 6);
        assert_eq!(page(&frame[..3], &[]).len(), 0, "three sides are no frame");
        let fill = |r| Placement { rect: r, kind: PlacementKind::Fill, pixels: None };
        assert_eq!(page(&[], &[fill(rect(310.0, 95.0, 450.0, 190.0))]).len(), 1);
        // Lines stick out of it.
        assert_eq!(page(&[], &[fill(rect(310.0, 95.0, 340.0, 190.0))]).len(), 0);
        // The ground of everything.
        assert_eq!(page(&[], &[fill(rect(0.0, 0.0, 600.0, 800.0))]).len(), 0);
    }
}
