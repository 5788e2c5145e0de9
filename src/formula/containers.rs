//! What a line of the page holds together: fractions, roots, lines above and below.
//!
//! Shorter lines stand within longer ones, so they are taken by length; each makes one atom of the
//! atoms that belong to it (Zanibbi, Blostein & Cordy 2002 nest regions in the same way).

use super::atoms::{AXIS, Atom, largest};
use super::grid::FULL_SIZE;
use super::node::Node;
use super::symbols::{self, Class};
use super::tree;
use crate::geometry::{Pt, Rect, RectExt, bounds, rect};

/// What stands above or below a fraction's bar begins within this many ems of it: in displays TeX
/// sets a low letter under the bar half an em away.
const REACH: f32 = 0.62;
/// And goes on without a gap of more ems; lines of a display are parted by more.
const GAP: f32 = 0.26;
/// A line above or below something is as close to it (three times its own width in TeX).
const CLOSE: f32 = 0.22;
/// And has nothing else on its other side within this many ems.
const CLEAR: f32 = 0.36;
/// Ends of lines and brackets agree within this many ems.
const TOUCH: f32 = 0.15;

/// Puts what belongs to each line into one atom. `lines` are the boxes of horizontal lines.
pub(super) fn build(mut atoms: Vec<Atom>, lines: &[Rect<Pt>], em: f32) -> Vec<Atom> {
    let mut lines = lines.to_vec();
    lines.sort_by(|a, b| a.width().total_cmp(&b.width()));
    for n in 0..lines.len() {
        let others: Vec<Rect<Pt>> =
            lines.iter().enumerate().filter(|(k, _)| *k != n).map(|(_, r)| *r).collect();
        atoms = hold(atoms, &lines[n], &others, em);
    }
    atoms
}

fn hold(atoms: Vec<Atom>, line: &Rect<Pt>, others: &[Rect<Pt>], em: f32) -> Vec<Atom> {
    if let Some(sign) = atoms.iter().position(|a| is_root_of(a, line, em)) {
        return root(atoms, sign, line, em);
    }
    let over = beside(&atoms, line, others, em, true);
    let under = beside(&atoms, line, others, em, false);
    let gap = |taken: &[usize], above: bool| {
        let gaps = taken.iter().map(|&i| distance(&atoms[i].ink, line, above));
        gaps.fold(f32::MAX, f32::min)
    };
    let (gap_over, gap_under) = (gap(&over, true), gap(&under, false));
    // Numbers of a fraction are centred on its bar; what merely stands in the next row seldom is.
    let centred = |taken: &[usize]| {
        let around = bounds(taken.iter().map(|&i| atoms[i].ink));
        around.is_some_and(|r| (r.mid_x() - line.mid_x()).abs() < 2.0 * TOUCH * em)
    };
    let (taken, command) = if gap_under < CLOSE * em && gap_over > CLEAR * em && !centred(&over) {
        (under, Some("\\overline"))
    } else if gap_over < CLOSE * em && gap_under > CLEAR * em && !centred(&under) {
        (over, Some("\\underline"))
    } else if over.is_empty() || under.is_empty() {
        return atoms;
    } else {
        let (over, rest) = split(atoms, &over);
        // Places have moved: what is below is looked for once more.
        let under = beside(&rest, line, others, em, false);
        let (under, mut rest) = split(rest, &under);
        rest.push(fraction(over, under, line));
        return rest;
    };
    let (body, mut rest) = split(atoms, &taken);
    let Some(ink) = bounds(body.iter().map(|a| a.ink)) else { return rest };
    let first = body.iter().max_by(|a, b| a.size.total_cmp(&b.size)).cloned();
    if let (Some(first), Some(command)) = (first, command) {
        rest.push(Atom {
            node: Node::Accent { command, body: tree::parse(body) },
            char: None,
            ink: ink.around(line),
            left: line.min.x.min(ink.min.x),
            right: line.max.x.max(ink.max.x),
            axis: None,
            baseline: first.line(),
            size: first.size,
        });
    }
    rest
}

/// How far a box is above (or below) a line; negative where they overlap.
fn distance(ink: &Rect<Pt>, line: &Rect<Pt>, above: bool) -> f32 {
    if above { line.min.y - ink.max.y } else { ink.min.y - line.max.y }
}

/// The atoms right above (or below) a line and within its ends, without gap and without another line
/// between.
fn beside(
    atoms: &[Atom],
    line: &Rect<Pt>,
    others: &[Rect<Pt>],
    em: f32,
    above: bool,
) -> Vec<usize> {
    let within = |ink: &Rect<Pt>| {
        ink.min.x > line.min.x - 2.0 * TOUCH * em && ink.max.x < line.max.x + 2.0 * TOUCH * em
    };
    let mut near: Vec<(f32, usize)> = atoms
        .iter()
        .enumerate()
        .filter(|(_, a)| within(&a.ink))
        .map(|(n, a)| (distance(&a.ink, line, above), n))
        .filter(|(distance, _)| *distance > -TOUCH * em)
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut reached = 0.0f32;
    let mut taken = Vec::new();
    for (distance, n) in near {
        let limit = if taken.is_empty() { REACH } else { GAP };
        let barred = others.iter().any(|other| {
            let at =
                if above { line.mid_y() - other.mid_y() } else { other.mid_y() - line.mid_y() };
            // Lines above roots and letters part nothing: they go with what is below them.
            other.overlap_x(&atoms[n].ink) > 0.0
                && at > 0.0
                && at < distance + 0.5 * atoms[n].ink.height()
                && at > reached
                && other.width() >= line.width() - TOUCH * em
        });
        if distance - reached > limit * em || barred {
            break;
        }
        reached = reached.max(distance + atoms[n].ink.height());
        taken.push(n);
    }
    taken.sort_unstable();
    taken
}

/// The atoms at these places, which ascend, and the others.
fn split(atoms: Vec<Atom>, taken: &[usize]) -> (Vec<Atom>, Vec<Atom>) {
    let mut inside = Vec::new();
    let mut rest = Vec::new();
    for (n, atom) in atoms.into_iter().enumerate() {
        if taken.binary_search(&n).is_ok() { inside.push(atom) } else { rest.push(atom) }
    }
    (inside, rest)
}

fn fraction(over: Vec<Atom>, under: Vec<Atom>, line: &Rect<Pt>) -> Atom {
    let size = largest(over.iter().chain(&under));
    let ink = bounds(over.iter().chain(&under).map(|a| a.ink)).unwrap_or(*line).around(line);
    Atom {
        node: Node::Fraction { over: tree::parse(over), under: tree::parse(under) },
        char: None,
        ink,
        left: line.min.x,
        right: line.max.x,
        axis: Some(line.mid_y()),
        baseline: line.mid_y() + AXIS * size,
        size,
    }
}

/// Whether a line goes on from the top of a root's sign.
fn is_root_of(sign: &Atom, line: &Rect<Pt>, em: f32) -> bool {
    sign.class() == Some(Class::Radical)
        && (line.min.x - sign.ink.max.x).abs() < 2.0 * TOUCH * em
        && (line.mid_y() - sign.ink.min.y).abs() < TOUCH * em
}

fn root(atoms: Vec<Atom>, sign: usize, line: &Rect<Pt>, em: f32) -> Vec<Atom> {
    /// The number of a root is at most this large, as a share of what is under it.
    const INDEX: f32 = 0.8;
    let radical = atoms[sign].clone();
    let foot = radical.ink.max.y;
    let (mut body, mut index, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (n, atom) in atoms.into_iter().enumerate() {
        let ink = &atom.ink;
        let under = ink.mid_x() > line.min.x
            && ink.mid_x() < line.max.x
            && ink.min.y > line.min.y - TOUCH * em
            && ink.mid_y() < foot + TOUCH * em;
        let before = atom.size < INDEX * radical.size
            && ink.max.x > radical.ink.min.x + 0.05 * em
            && ink.mid_x() < radical.ink.mid_x()
            && ink.mid_x() > radical.ink.min.x - 0.5 * em
            && ink.max.y < radical.ink.mid_y() + 0.3 * em
            && ink.max.y > radical.ink.min.y - 0.3 * em;
        if n == sign {
            continue;
        } else if under {
            body.push(atom);
        } else if before {
            index.push(atom);
        } else {
            rest.push(atom);
        }
    }
    let held: Vec<Rect<Pt>> = body.iter().chain(&index).map(|a| a.ink).collect();
    let size = if body.is_empty() { radical.size } else { largest(&body) };
    let baseline = tree::baseline(&body).unwrap_or(foot);
    let around = held.into_iter().fold(radical.ink.around(line), |a, b| a.around(&b));
    rest.push(Atom {
        node: Node::Root { index: tree::parse(index), body: tree::parse(body) },
        char: None,
        ink: around,
        left: around.min.x,
        right: around.max.x,
        axis: None,
        baseline,
        size,
    });
    rest
}

/// Sets accents on what they stand above.
pub(super) fn accents(atoms: Vec<Atom>) -> Vec<Atom> {
    let mut atoms: Vec<Option<Atom>> = atoms.into_iter().map(Some).collect();
    for n in 0..atoms.len() {
        let Some(mark) = atoms[n].clone() else { continue };
        let Some(command) = mark.char.and_then(symbols::accent) else { continue };
        let underline = matches!(mark.char, Some('―' | '_' | '¯' | '‾'));
        let is_beside = |a: &Atom, above: bool| {
            let em = a.size.max(mark.size);
            let gap =
                if above { a.ink.min.y - mark.ink.max.y } else { mark.ink.min.y - a.ink.max.y };
            let shared = a.ink.overlap_x(&mark.ink);
            gap > -0.12 * em
                && gap < 0.32 * em
                && shared > 0.45 * a.ink.width().min(mark.ink.width())
                // Limits stand above operators, not accents.
                && a.class() != Some(Class::Op)
                && a.class() != Some(Class::Rel)
        };
        let beside = |above: bool| -> Vec<usize> {
            (0..atoms.len())
                .filter(|&k| k != n && atoms[k].as_ref().is_some_and(|a| is_beside(a, above)))
                .collect()
        };
        let (mut held, mut command) = (beside(true), command);
        if held.is_empty() && underline {
            (held, command) = (beside(false), "\\underline");
        }
        if held.is_empty() {
            continue;
        }
        let em = mark.size;
        let body: Vec<Atom> = held.iter().filter_map(|&k| atoms[k].take()).collect();
        let wide = body.len() > 1 || mark.ink.width() > 0.9 * em;
        let command = match command {
            "\\hat" if wide => "\\widehat",
            "\\tilde" if wide => "\\widetilde",
            "\\bar" if wide => "\\overline",
            "\\vec" if wide => "\\overrightarrow",
            command => command,
        };
        let Some(ink) = bounds(body.iter().map(|a| a.ink)) else { continue };
        let Some(first) = body.first().cloned() else { continue };
        let right = body.iter().map(|a| a.right).fold(f32::MIN, f32::max);
        let size = body.iter().map(|a| a.size).fold(0.0, f32::max);
        atoms[n] = Some(Atom {
            node: Node::Accent { command, body: tree::parse(body) },
            char: None,
            ink: ink.around(&mark.ink),
            left: first.left,
            right,
            axis: None,
            baseline: first.line(),
            size,
        });
    }
    atoms.into_iter().flatten().collect()
}

/// Fractions whose bar the file has lost: what stands above and below the line, centred on each other,
/// where nothing stands on it.
pub(super) fn bare_fractions(atoms: Vec<Atom>) -> Vec<Atom> {
    /// How far the baselines of numbers are above and below the line, in ems (TeX: 0.68 and 0.69).
    const OFF: std::ops::Range<f32> = 0.5..0.95;
    /// Parts of one number stand no further apart, in ems.
    const APART: f32 = 0.7;
    /// Numbers are centred on each other within this many ems.
    const CENTRED: f32 = 0.35;
    let em = largest(&atoms);
    let relation = |a: &&Atom| a.class() == Some(Class::Rel) && a.size >= FULL_SIZE * em;
    let Some(main) = atoms.iter().find(relation).map(|a| a.baseline) else { return atoms };
    let runs = |below: bool| -> Vec<Rect<Pt>> {
        let mut runs: Vec<Rect<Pt>> = Vec::new();
        for atom in &atoms {
            let off = if below { atom.line() - main } else { main - atom.line() } / em;
            let full = atom.size >= FULL_SIZE * em;
            if full && !OFF.contains(&off) || !full && !(0.2..1.4).contains(&off) {
                continue;
            }
            match runs.last_mut() {
                // Scripts go with what they follow.
                Some(run) if atom.ink.min.x - run.max.x < if full { APART } else { 0.2 } * em => {
                    *run = run.around(&atom.ink);
                }
                _ if full => runs.push(atom.ink),
                _ => {}
            }
        }
        runs
    };
    let (over, under) = (runs(false), runs(true));
    let is_on_line = |a: &Atom| a.size >= FULL_SIZE * em && (a.line() - main).abs() < 0.3 * em;
    let mut bars: Vec<Rect<Pt>> = Vec::new();
    for a in &over {
        let pair = under.iter().find(|b| (a.mid_x() - b.mid_x()).abs() < CENTRED * em);
        let Some(around) = pair.map(|b| a.around(b)) else { continue };
        let free = atoms.iter().all(|atom| !is_on_line(atom) || atom.ink.overlap_x(&around) <= 0.0);
        if free {
            let y = main - AXIS * em;
            let (left, right) = (around.min.x - 0.1 * em, around.max.x + 0.1 * em);
            bars.push(rect(left, y, right, y));
        }
    }
    let mut rest = atoms;
    for bar in bars {
        let (inside, outside): (Vec<Atom>, Vec<Atom>) =
            rest.into_iter().partition(|a| (bar.min.x..bar.max.x).contains(&a.ink.mid_x()));
        let (over, under) = inside.into_iter().partition(|a| a.ink.mid_y() < bar.min.y);
        rest = outside;
        rest.push(fraction(over, under, &bar));
    }
    rest.sort_by(|a, b| a.left.total_cmp(&b.left));
    rest
}
