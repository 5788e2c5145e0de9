//! LaTeX of formulas from the glyphs of a text layer.
//!
//! A PDF says where each glyph stands, how large it is and which character it is: enough to tell
//! what is a script of what. Glyphs become atoms ([`atoms`]), lines of the page make fractions and
//! roots of them ([`containers`]), what remains is put into a tree by baselines and sizes
//! ([`tree`], [`grid`]) and written out ([`latex`]).

mod answer;
mod atoms;
mod containers;
mod encodings;
mod grid;
mod latex;
mod node;
mod symbols;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use answer::clean;

use crate::geometry::{Pt, Rect, bounds};
use crate::page::{Glyph, Rule};
use atoms::Atom;
use node::Node;

/// Of the glyphs of a formula at least this share has to be known, or the LaTeX is not worth having.
const KNOWN: f32 = 0.9;
/// Gap before the number of a formula, in ems.
const NUMBER_GAP: f32 = 1.5;
/// Glyphs of the longest formula; more is a page that was taken for one.
const MOST: usize = 1500;
/// A line that belongs to a formula is at most this thick, in ems.
const THICK: f32 = 0.2;

/// LaTeX of a formula set apart; `None` where its signs are not known, or it is none.
///
/// `rules` are the lines of the page, of which those within the formula count.
pub(crate) fn latex(glyphs: &[&Glyph], rules: &[Rule]) -> Option<String> {
    let visible = glyphs.iter().filter(|g| !g.mapped || !g.char.is_whitespace());
    let count = visible.clone().count();
    let atoms: Vec<Atom> = visible.filter_map(|glyph| atoms::atom(glyph)).collect();
    if atoms.is_empty() || count > MOST || (atoms.len() as f32) < KNOWN * count as f32 {
        return None;
    }
    let em = atoms::largest(&atoms);
    let around = bounds(atoms.iter().map(|a| a.ink))?;
    let lines: Vec<Rect<Pt>> = rules
        .iter()
        .filter(|rule| rule.is_horizontal() && rule.rect.height() < THICK * em)
        .map(|rule| rule.rect)
        .filter(|r| around.inflate(0.5 * em, 0.5 * em).contains_box(r))
        .collect();
    let mut atoms = atoms::assemble(plain_letters(atoms));
    let number = take_number(&mut atoms, em);
    atoms::complete_brackets(&mut atoms);
    let atoms = containers::accents(atoms);
    let atoms = containers::build(atoms, &lines, em);
    let row = tree::parse_display(atoms);
    let mut out = latex::latex(&row);
    if out.is_empty() {
        return None;
    }
    match number.as_slice() {
        [] => {}
        [number] => out.push_str(&format!(" \\tag{{{number}}}")),
        several => {
            let several: Vec<String> = several.iter().map(|n| format!("({n})")).collect();
            out.push_str(&format!(" \\qquad {}", several.join(", ")));
        }
    }
    Some(out)
}

/// Where a formula has no slanted letter at all, its font has none: single letters are variables, and
/// only the names of functions are words.
fn plain_letters(mut atoms: Vec<Atom>) -> Vec<Atom> {
    let slanted = |a: &Atom| matches!(&a.node, Node::Letter { latex, alphabet: None } if latex.chars().all(char::is_alphabetic));
    if atoms.iter().any(slanted) {
        return atoms;
    }
    atoms.sort_by(|a, b| a.left.total_cmp(&b.left));
    let is_beside = |a: &Atom, b: &Atom| {
        (a.baseline - b.baseline).abs() < 0.05 * a.size && (b.left - a.right).abs() < 0.1 * a.size
    };
    let letter = |a: &Atom| match &a.node {
        Node::Word { text } => text.chars().next(),
        _ => None,
    };
    let mut n = 0;
    while n < atoms.len() {
        let mut end = n + 1;
        while end < atoms.len()
            && letter(&atoms[end]).is_some()
            && is_beside(&atoms[end - 1], &atoms[end])
        {
            end += 1;
        }
        let name: String = atoms[n..end].iter().filter_map(letter).collect();
        // Four letters in a row are a word; fewer only where they name a function.
        if name.chars().count() < 4 && !symbols::is_function(&name) {
            for atom in &mut atoms[n..end] {
                if let Node::Word { text } = &atom.node {
                    atom.node = Node::Letter { latex: text.clone(), alphabet: None };
                }
            }
        }
        n = end;
    }
    atoms
}

/// Takes the numbers out that stand at the right of a formula, without their brackets.
fn take_number(atoms: &mut Vec<Atom>, em: f32) -> Vec<String> {
    let mut order: Vec<usize> = (0..atoms.len()).collect();
    order.sort_by(|&a, &b| atoms[a].ink.min.x.total_cmp(&atoms[b].ink.min.x));
    let (mut reach, mut start) = (f32::MIN, None);
    for (at, &n) in order.iter().enumerate() {
        if at > 0 && atoms[n].ink.min.x - reach > NUMBER_GAP * em {
            start = Some(at);
        }
        reach = reach.max(atoms[n].ink.max.x);
    }
    let Some(start) = start else { return Vec::new() };
    let mut last: Vec<usize> = order.split_off(start);
    last.sort_by(|&a, &b| {
        let (a, b) = (&atoms[a], &atoms[b]);
        let level = (a.baseline - b.baseline).abs() < 0.3 * em;
        if level { a.left.total_cmp(&b.left) } else { a.baseline.total_cmp(&b.baseline) }
    });
    let text: String = last.iter().map(|&n| plain(&atoms[n])).collect();
    let numbers: Vec<&str> = text.split(')').filter(|part| !part.is_empty()).collect();
    let is_number = |part: &&str| {
        part.strip_prefix('(').is_some_and(|number| {
            number.chars().count() <= 8
                && number.chars().any(|c| c.is_ascii_digit())
                && number.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
        })
    };
    if !text.ends_with(')') || !numbers.iter().all(is_number) {
        return Vec::new();
    }
    let numbers = numbers.iter().map(|part| part.trim_start_matches('(').to_owned()).collect();
    last.sort_unstable();
    for n in last.into_iter().rev() {
        atoms.remove(n);
    }
    numbers
}

/// What a plain atom reads as.
fn plain(atom: &Atom) -> &str {
    match &atom.node {
        Node::Sign { latex, .. } | Node::Letter { latex, .. } => latex,
        Node::Word { text } => text,
        _ => "",
    }
}
