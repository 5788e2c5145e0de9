//! From atoms to a tree: brackets first, then rows, then what stands on the line and what above and
//! below it.
//!
//! After Zanibbi, Blostein & Cordy, *Recognizing mathematical expressions using tree
//! transformation* (PAMI 2002): a dominant baseline, and regions around each of its signs. A PDF
//! gives baselines and sizes exactly, so that they decide where images leave only boxes.

use super::atoms::{AXIS, Atom, largest};
use super::containers;
use super::grid::{self, FULL_SIZE};
use super::node::{Grid, Node, Row};
use super::symbols::{self, Class};
use crate::geometry::{RectExt, bounds};

/// Brackets of a pair agree at top and bottom within this many ems.
const SAME_REACH: f32 = 0.35;
/// Full-sized signs this many ems off the line still stand on it.
const LEVEL: f32 = 0.2;
/// Small ones have to be as close to it.
const SMALL_LEVEL: f32 = 0.06;
/// What is centred on the axis may be off it by so many ems.
const CENTRED: f32 = 0.22;
/// Room from which a space is written, in ems (TeX's widest space within a formula is 5/18).
const QUAD: f32 = 0.85;
/// Words this far apart are parted by a space, in ems.
const WORD_SPACE: f32 = 0.15;

/// Formulas are nested no deeper; what is, was made to be.
const DEEPEST: usize = 24;

/// The tree of these atoms, as a row.
pub(super) fn parse(atoms: Vec<Atom>) -> Row {
    parse_at(atoms, 0)
}

/// The same within others, so many deep.
pub(super) fn parse_at(mut atoms: Vec<Atom>, depth: usize) -> Row {
    atoms.sort_by(|a, b| a.left.total_cmp(&b.left));
    if depth > DEEPEST {
        return atoms.into_iter().map(|a| a.node).collect();
    }
    atoms = containers::bare_fractions(fences(atoms, depth));
    match grid::rows(&atoms) {
        Some(rows) => vec![grid::grid(rows, depth)],
        None => line(atoms, depth),
    }
}

/// The same for a whole display, whose rows have no brackets of their own.
pub(super) fn parse_display(mut atoms: Vec<Atom>) -> Row {
    atoms.sort_by(|a, b| a.left.total_cmp(&b.left));
    atoms = containers::bare_fractions(fences(atoms, 0));
    match grid::rows(&atoms) {
        Some(rows) => vec![grid::display(rows)],
        None => line(atoms, 0),
    }
}

/// The baseline that most of what is full-sized stands on.
pub(super) fn baseline(atoms: &[Atom]) -> Option<f32> {
    let em = largest(atoms);
    let full = || atoms.iter().filter(|a| a.size >= FULL_SIZE * em);
    let mut lines: Vec<f32> = full().filter(|a| a.axis.is_none()).map(|a| a.baseline).collect();
    if lines.is_empty() {
        // Only what is centred: where its line is follows from sizes, less exactly.
        lines = full().map(Atom::line).collect();
    }
    let near = |y: f32| lines.iter().filter(|l| (**l - y).abs() < 0.1 * em).count();
    // The first of equals, from the left.
    lines.iter().copied().rev().max_by_key(|y| near(*y))
}

/// Makes one atom of each pair of tall brackets with what is between, the innermost first.
fn fences(mut atoms: Vec<Atom>, depth: usize) -> Vec<Atom> {
    let outer = largest(&atoms);
    while let Some((first, last)) = innermost(&atoms) {
        atoms = fence(atoms, (first, Some(last)), outer, depth);
    }
    // What is left has no partner: cases on the left, evaluation bars on the right.
    while let Some(lone) = atoms.iter().position(Atom::is_tall_bracket) {
        let closes = match atoms[lone].class() {
            Some(Class::Open) => false,
            Some(Class::Close) => true,
            _ => lone > 0,
        };
        if closes {
            let start = (0..lone)
                .rev()
                .find(|&n| atoms[n].class() == Some(Class::Rel) && atoms[n].size >= outer * 0.8)
                .map_or(0, |n| n + 1);
            atoms = fence_back(atoms, start, lone, depth);
        } else {
            atoms = fence(atoms, (lone, None), outer, depth);
        }
    }
    atoms
}

/// The narrowest pair of brackets that belong together.
fn innermost(atoms: &[Atom]) -> Option<(usize, usize)> {
    let mut open: Vec<usize> = Vec::new();
    let mut best: Option<(usize, usize)> = None;
    for (n, atom) in atoms.iter().enumerate().filter(|(_, a)| a.is_tall_bracket()) {
        let pairs = |&k: &usize| {
            let (a, b) = (&atoms[k], atom);
            let em = a.size.max(b.size);
            let bars = a.class() == Some(Class::Bar) && a.char == b.char;
            let reach = (a.ink.min.y - b.ink.min.y).abs().max((a.ink.max.y - b.ink.max.y).abs());
            reach < SAME_REACH * em
                && (bars || a.class() == Some(Class::Open) && b.class() == Some(Class::Close))
        };
        let partner = match atom.class() {
            Some(Class::Open) => None,
            _ => open.iter().rposition(pairs),
        };
        match partner {
            Some(at) => {
                let pair = (open[at], n);
                open.truncate(at);
                if best.is_none_or(|(a, b)| b - a > pair.1 - pair.0) {
                    best = Some(pair);
                }
            }
            None if atom.class() != Some(Class::Close) => open.push(n),
            None => {}
        }
    }
    best
}

fn sign_of(atom: &Atom) -> String {
    match &atom.node {
        Node::Sign { latex, .. } => latex.clone(),
        _ => ".".to_owned(),
    }
}

/// The bracket at `first`, its partner at `last` if it has one, and what is between (or all that
/// follows on its height), as one atom.
fn fence(
    atoms: Vec<Atom>,
    (first, last): (usize, Option<usize>),
    outer: f32,
    depth: usize,
) -> Vec<Atom> {
    let open = atoms[first].clone();
    let close = last.map(|n| atoms[n].clone());
    let em = open.size;
    let (mut inside, mut rest) = (Vec::new(), Vec::new());
    for (n, atom) in atoms.into_iter().enumerate() {
        if n == first || Some(n) == last {
            continue;
        }
        let y = atom.ink.mid_y();
        let between = n > first
            && last.is_none_or(|last| n < last)
            && y > open.ink.min.y - 0.4 * em
            && y < open.ink.max.y + 0.4 * em;
        if between { inside.push(atom) } else { rest.push(atom) }
    }
    let right = match &close {
        Some(close) => close.right,
        None => inside.iter().map(|a| a.right).fold(open.right, f32::max),
    };
    let ink = inside.iter().chain(&close).map(|a| a.ink).fold(open.ink, |a, b| a.around(&b));
    let (sign, end) = (sign_of(&open), close.as_ref().map_or(".".to_owned(), sign_of));
    let at = rest.iter().position(|a| a.left > open.left).unwrap_or(rest.len());
    let whole = Atom {
        node: fenced((&sign, &end), inside, outer, depth),
        char: None,
        ink,
        left: open.left,
        right,
        baseline: open.ink.mid_y() + AXIS * em,
        axis: Some(open.ink.mid_y()),
        size: em.max(outer * FULL_SIZE),
    };
    rest.insert(at, whole);
    rest
}

fn fenced((open, close): (&str, &str), inside: Vec<Atom>, outer: f32, depth: usize) -> Node {
    let binomial = (open, close) == ("(", ")")
        && grid::rows(&inside).is_some_and(|rows| grid::is_binomial(&rows, outer));
    let mut body = parse_at(inside, depth + 1);
    if let [Node::Grid { kind, rows }] = body.as_mut_slice()
        && *kind == Grid::Plain
    {
        if binomial && let [over, under] = rows.as_slice() {
            return Node::Binomial { over: over.concat(), under: under.concat() };
        }
        let brackets = match (open, close) {
            ("(", ")") => Some(Grid::Round),
            ("[", "]") => Some(Grid::Square),
            ("\\{", "\\}") => Some(Grid::Curly),
            ("|", "|") => Some(Grid::Bars),
            ("\\|", "\\|") => Some(Grid::DoubleBars),
            ("\\{", ".") => Some(Grid::Cases),
            _ => None,
        };
        if let Some(brackets) = brackets {
            return Node::Grid { kind: brackets, rows: std::mem::take(rows) };
        }
    }
    Node::Fenced { open: open.to_owned(), body, close: close.to_owned() }
}

/// What stands from `start` to a closing bracket that nothing opens.
fn fence_back(mut atoms: Vec<Atom>, start: usize, last: usize, depth: usize) -> Vec<Atom> {
    let rest = atoms.split_off(last + 1);
    let Some(close) = atoms.pop() else { return rest };
    let inside = atoms.split_off(start);
    let ink = inside.iter().map(|a| a.ink).fold(close.ink, |a, b| a.around(&b));
    let left = inside.first().map_or(close.left, |a| a.left);
    let end = sign_of(&close);
    atoms.push(Atom {
        node: Node::Fenced { open: ".".to_owned(), body: parse_at(inside, depth + 1), close: end },
        char: None,
        ink,
        left,
        right: close.right,
        baseline: close.baseline,
        axis: close.axis,
        size: close.size,
    });
    atoms.extend(rest);
    atoms
}

/// Where an atom stands relative to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    On,
    Above,
    Below,
}

/// Atoms of one line as a row.
fn line(atoms: Vec<Atom>, depth: usize) -> Row {
    let Some(base) = baseline(&atoms) else { return Row::new() };
    let em = largest(&atoms);
    let (atoms, mut limits) = limits(atoms, base, em);
    let mut row = Row::new();
    let mut end: Option<f32> = None;
    let mut scripts: Vec<Atom> = Vec::new();
    for (n, atom) in atoms.into_iter().enumerate() {
        // A script of a script may come back to the line.
        let follows = atom.size < FULL_SIZE * largest(&scripts)
            && scripts.iter().any(|s| (atom.left - s.right).abs() < 0.2 * em);
        if place(&atom, base, em) != Place::On || follows {
            scripts.push(atom);
            continue;
        }
        close_scripts(&mut row, &mut scripts, (base, em), &mut end, depth);
        let gap = end.map_or(0.0, |end| atom.left - end) / em;
        end = Some(atom.right);
        match (row.last_mut(), &atom.node) {
            (Some(Node::Word { text: before }), Node::Word { text })
                if gap > WORD_SPACE
                    && gap < QUAD
                    && !symbols::is_function(text)
                    && !symbols::is_function(before) =>
            {
                before.push(' ');
                before.push_str(text);
                continue;
            }
            _ => {}
        }
        // Text keeps the spaces around it.
        let is_text = |text: &str| text.chars().count() > 1 && !symbols::is_function(text);
        let apart = (WORD_SPACE..QUAD).contains(&gap);
        let mut atom = atom;
        match (row.last_mut(), &mut atom.node) {
            (Some(Node::Word { text }), _) if apart && is_text(text) => text.push(' '),
            (Some(_), Node::Word { text }) if apart && is_text(text) => text.insert(0, ' '),
            _ => {}
        }
        if gap > QUAD {
            row.push(Node::Space(if gap > 1.8 { "\\qquad" } else { "\\quad" }));
        }
        let node = match limits.iter().position(|l| l.0 == n) {
            Some(at) => {
                let (_, below, above) = limits.swap_remove(at);
                let right = below.iter().chain(&above).map(|a| a.right).fold(atom.right, f32::max);
                end = Some(right);
                Node::Scripted {
                    base: Some(Box::new(atom.node)),
                    sub: substack(parse_at(below, depth + 1)),
                    sup: substack(parse_at(above, depth + 1)),
                }
            }
            None => atom.node,
        };
        row.push(node);
    }
    close_scripts(&mut row, &mut scripts, (base, em), &mut end, depth);
    row
}

/// Rows of a limit are a substack.
fn substack(mut row: Row) -> Row {
    if let [Node::Grid { kind, .. }] = row.as_mut_slice()
        && *kind == Grid::Plain
    {
        *kind = Grid::Substack;
    }
    row
}

fn place(atom: &Atom, base: f32, em: f32) -> Place {
    let off = match atom.axis {
        Some(axis) => {
            let off = axis - (base - AXIS * em);
            if off.abs() < CENTRED * em {
                return Place::On;
            }
            off
        }
        None => {
            let off = atom.baseline - base;
            let level = if atom.size >= FULL_SIZE * em { LEVEL } else { SMALL_LEVEL };
            if off.abs() < level * em {
                return Place::On;
            }
            off
        }
    };
    if off < 0.0 { Place::Above } else { Place::Below }
}

/// What stands below and above large operators and functions that take limits: for each, its place
/// among the atoms that are left.
#[allow(clippy::type_complexity)]
fn limits(atoms: Vec<Atom>, base: f32, em: f32) -> (Vec<Atom>, Vec<(usize, Vec<Atom>, Vec<Atom>)>) {
    let takes = |a: &Atom| match &a.node {
        Node::Sign { class: Class::Op, .. } => true,
        Node::Word { text } => symbols::takes_limits(text),
        _ => false,
    };
    let operators: Vec<usize> = (0..atoms.len())
        .filter(|&n| takes(&atoms[n]) && place(&atoms[n], base, em) == Place::On)
        .collect();
    let mut owner: Vec<Option<(usize, bool)>> = vec![None; atoms.len()];
    for above in [false, true] {
        let is_beyond = |n: usize, op: usize| {
            let (ink, of) = (&atoms[n].ink, &atoms[op].ink);
            let gap = if above { of.min.y - ink.max.y } else { ink.min.y - of.max.y };
            atoms[n].size < FULL_SIZE * em && gap > -0.06 * em
        };
        let candidates: Vec<usize> = (0..atoms.len())
            .filter(|&n| operators.iter().any(|&op| n != op && is_beyond(n, op)))
            .collect();
        // Runs of what stands side by side, each shared out among the operators it is under.
        let mut runs: Vec<Vec<usize>> = Vec::new();
        let mut reach = f32::MIN;
        for n in candidates {
            match runs.last_mut() {
                Some(run) if atoms[n].ink.min.x - reach < 0.45 * em => run.push(n),
                _ => runs.push(vec![n]),
            }
            reach = if runs.last().is_some_and(|run| run.len() == 1) {
                atoms[n].ink.max.x
            } else {
                reach.max(atoms[n].ink.max.x)
            };
        }
        for run in runs {
            let Some(around) = bounds(run.iter().map(|&n| atoms[n].ink)) else { continue };
            let inside: Vec<usize> = operators
                .iter()
                .copied()
                .filter(|&op| {
                    let x = atoms[op].ink.mid_x();
                    x > around.min.x - 0.1 * em && x < around.max.x + 0.1 * em
                })
                .collect();
            if let [op] = inside.as_slice() {
                let slack = (0.5 * atoms[*op].ink.width()).max(0.3 * em);
                if (around.mid_x() - atoms[*op].ink.mid_x()).abs() < slack {
                    run.iter().filter(|&&n| is_beyond(n, *op)).for_each(|&n| {
                        owner[n] = Some((*op, above));
                    });
                }
                continue;
            }
            for n in run {
                let away = |op: usize| (atoms[op].ink.mid_x() - atoms[n].ink.mid_x()).abs();
                let nearest = inside.iter().min_by(|a, b| away(**a).total_cmp(&away(**b)));
                owner[n] = nearest.filter(|op| is_beyond(n, **op)).map(|op| (*op, above));
            }
        }
    }
    let mut left = Vec::new();
    let mut places = vec![0usize; atoms.len()];
    let mut found: Vec<(usize, Vec<Atom>, Vec<Atom>)> =
        operators.iter().map(|&op| (op, Vec::new(), Vec::new())).collect();
    for (n, atom) in atoms.into_iter().enumerate() {
        match owner[n] {
            Some((op, above)) => {
                if let Some(of) = found.iter_mut().find(|f| f.0 == op) {
                    if above { of.2.push(atom) } else { of.1.push(atom) }
                }
            }
            None => {
                places[n] = left.len();
                left.push(atom);
            }
        }
    }
    found.retain(|f| !f.1.is_empty() || !f.2.is_empty());
    for of in &mut found {
        of.0 = places[of.0];
    }
    (left, found)
}

/// Gives the last node of the row the scripts that came after it.
fn close_scripts(
    row: &mut Row,
    scripts: &mut Vec<Atom>,
    (base, em): (f32, f32),
    end: &mut Option<f32>,
    depth: usize,
) {
    if scripts.is_empty() {
        return;
    }
    let group = std::mem::take(scripts);
    let right = group.iter().map(|a| a.right).fold(f32::MIN, f32::max);
    *end = Some(end.map_or(right, |end| end.max(right)));
    let (below, above) = sort_scripts(group, base, em);
    let (sub, sup) = (parse_at(below, depth + 1), parse_at(above, depth + 1));
    let node = match row.pop() {
        // Limits and scripts at once: the scripts go to what is there already.
        Some(Node::Scripted { base, sub: under, sup: over }) => {
            Node::Scripted { base, sub: [under, sub].concat(), sup: [over, sup].concat() }
        }
        Some(space @ Node::Space(_)) => {
            row.push(space);
            Node::Scripted { base: None, sub, sup }
        }
        base => Node::Scripted { base: base.map(Box::new), sub, sup },
    };
    row.push(node);
}

/// Scripts below and above the line. What is smaller than scripts are is a script of a script, and goes
/// with the one it follows.
fn sort_scripts(group: Vec<Atom>, base: f32, em: f32) -> (Vec<Atom>, Vec<Atom>) {
    let size = largest(&group);
    let (mut below, mut above): (Vec<Atom>, Vec<Atom>) = (Vec::new(), Vec::new());
    for atom in group {
        let gap = |side: &[Atom]| side.last().map(|last| (atom.left - last.right).abs());
        let own = place(&atom, base, em) == Place::Above;
        let up = if atom.size >= FULL_SIZE * size || atom.axis.is_some() {
            own
        } else {
            match (gap(&below), gap(&above)) {
                (Some(b), Some(a)) if (a - b).abs() > 0.05 * em => a < b,
                (Some(_), None) => false,
                (None, Some(_)) => true,
                _ => own,
            }
        };
        if up { above.push(atom) } else { below.push(atom) }
    }
    (below, above)
}
