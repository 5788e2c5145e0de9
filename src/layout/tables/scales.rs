//! Scales of charts: numbers whose place says their value. What stands beside a scale is drawn, and
//! its labels make no table, however well they align.

use crate::document::{Table, Word};
use crate::geometry::{Pt, Rect, RectExt, bounds, rect};

/// Numbers of a scale.
const LEAST: usize = 4;
/// Steps of a scale differ by no more than this share.
const UNEVEN: f32 = 0.12;
/// Labels of a scale are flush, left or right or in the middle, within this share of their height.
const FLUSH: f32 = 0.35;
/// The drawing reaches this many heights of its labels beyond the scale: half a label, and the
/// labels of the other scale.
const BEYOND: f32 = 2.5;
/// The drawing begins within this many heights of a label beside the scale.
const BESIDE: f32 = 4.0;
/// A table that happens to have a scale among its columns has this share of its cells filled.
const FULL: f32 = 0.9;

/// A page with more numbers is one of tables.
const MOST: usize = 2000;

/// A scale of a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::layout) struct Scale {
    rect: Rect<Pt>,
    /// Whether it runs up, not across.
    upright: bool,
}

/// The scales among the words.
pub(in crate::layout) fn scales(words: &[Word], free: &[u32]) -> Vec<Scale> {
    let labels: Vec<(Rect<Pt>, f32)> = free
        .iter()
        .map(|&i| &words[i as usize])
        .filter_map(|w| Some((w.rect, value(&w.text)?)))
        .collect();
    if labels.len() > MOST {
        return Vec::new();
    }
    // Turned so that it runs down and falls, as an upright one does.
    let turn = |r: Rect<Pt>| rect(r.min.y, -r.max.x, r.max.y, -r.min.x);
    let back = |r: Rect<Pt>| rect(-r.max.y, r.min.x, -r.min.y, r.max.x);
    let across = labels.iter().map(|l| (turn(l.0), l.1)).collect();
    let upright = upright(labels).into_iter().map(|rect| Scale { rect, upright: true });
    let across = upright_from_zero(across).into_iter();
    upright.chain(across.map(|r| Scale { rect: back(r), upright: false })).collect()
}

fn upright(labels: Vec<(Rect<Pt>, f32)>) -> Vec<Rect<Pt>> {
    // Years and ranks count down by one as well; a scale ends at zero or passes it, or it has larger
    // steps.
    find(labels, |lowest, step| lowest.abs() < 0.01 * step || lowest < 0.0 || step > 1.5)
}

/// Heads of columns may count evenly too: a scale that runs across begins at zero or next to it.
fn upright_from_zero(labels: Vec<(Rect<Pt>, f32)>) -> Vec<Rect<Pt>> {
    find(labels, |lowest, step| lowest.abs() < 1.01 * step)
}

/// Numbers below each other that fall as evenly as they are set, the lowest and the step being those
/// of a scale.
fn find(mut labels: Vec<(Rect<Pt>, f32)>, is_scale: fn(f32, f32) -> bool) -> Vec<Rect<Pt>> {
    labels.sort_by(|a, b| a.0.mid_y().total_cmp(&b.0.mid_y()));
    let mut used = vec![false; labels.len()];
    let mut out = Vec::new();
    for first in 0..labels.len() {
        if used[first] {
            continue;
        }
        // Each next label below the one before it, flush with it.
        let below = |k: usize, from: usize| {
            let (a, b) = (&labels[from].0, &labels[k].0);
            b.min.y > a.mid_y() && is_flush(a, b)
        };
        for second in (first + 1..labels.len()).filter(|&k| below(k, first)).take(2) {
            let mut run = vec![first, second];
            let step = |a: usize, b: usize| {
                (labels[b].0.mid_y() - labels[a].0.mid_y(), labels[a].1 - labels[b].1)
            };
            let (dy, dv) = step(first, second);
            if dv <= 0.0 {
                continue;
            }
            for k in second + 1..labels.len() {
                let last = run[run.len() - 1];
                if !below(k, last) {
                    continue;
                }
                let (y, v) = step(last, k);
                if y > (1.0 + UNEVEN) * dy {
                    break;
                }
                if (y - dy).abs() <= UNEVEN * dy && (v - dv).abs() <= 0.01 * dv {
                    run.push(k);
                }
            }
            let lowest = labels[run[run.len() - 1]].1;
            if run.len() >= LEAST && is_scale(lowest, dv) {
                run.iter().for_each(|&k| used[k] = true);
                out.extend(bounds(run.iter().map(|&k| labels[k].0)));
                break;
            }
        }
    }
    out
}

/// A plain number, perhaps of percent.
fn value(text: &str) -> Option<f32> {
    let text = text.trim_end_matches('%').replace(['−', '–'], "-").replace(',', "");
    text.starts_with(|c: char| c.is_ascii_digit() || c == '-').then(|| text.parse().ok()).flatten()
}

fn is_flush(a: &Rect<Pt>, b: &Rect<Pt>) -> bool {
    let within = FLUSH * a.height().max(b.height());
    let near = |x: f32, y: f32| (x - y).abs() <= within;
    near(a.min.x, b.min.x) || near(a.max.x, b.max.x) || near(a.mid_x(), b.mid_x())
}

/// Whether what was taken for a table stands beside a scale, in its height, or ends with one.
pub(in crate::layout) fn is_chart(rect: &Rect<Pt>, table: &Table, scales: &[Scale]) -> bool {
    let filled = table.cells.iter().filter(|c| !c.words.is_empty()).count() as f32;
    if filled >= FULL * (table.rows * table.columns) as f32 && table.rows > LEAST {
        return false;
    }
    scales.iter().any(|Scale { rect: scale, upright }| {
        if !upright {
            return rect.contains(scale.center()) && rect.max.y <= scale.max.y + scale.height();
        }
        // Heights of labels: a scale is as high as its steps, so take the width of its labels too.
        let label = scale.width().min(scale.height() / LEAST as f32);
        let drawn = scale.inflate(BESIDE * label, BEYOND * label);
        drawn.overlap_y(rect) >= 0.7 * rect.height() && drawn.overlap_x(rect) > 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::testing::word;

    fn column(texts: &[&str]) -> Vec<Word> {
        let at = |n: usize| 100.0 + 20.0 * n as f32;
        texts
            .iter()
            .enumerate()
            .map(|(n, text)| word(text, 50.0 - 5.0 * text.len() as f32, at(n), 50.0))
            .collect()
    }

    fn found(texts: &[&str]) -> usize {
        let words = column(texts);
        let all: Vec<u32> = (0..words.len() as u32).collect();
        scales(&words, &all).len()
    }

    #[test]
    fn numbers_that_fall_evenly_to_zero_are_a_scale() {
        assert_eq!(found(&["30", "20", "10", "0"]), 1);
        assert_eq!(found(&["4.0%", "2.0%", "0.0%", "-2.0%", "-4.0%"]), 1);
        assert_eq!(found(&["1,450", "1,400", "1,350", "1,300"]), 1);
    }

    #[test]
    fn years_ranks_and_values_are_none() {
        assert_eq!(found(&["2020", "2019", "2018", "2017", "2016"]), 0);
        assert_eq!(found(&["1", "2", "3", "4"]), 0);
        assert_eq!(found(&["30", "21", "10", "0"]), 0);
        assert_eq!(found(&["0", "10", "20", "30"]), 0);
    }
}
