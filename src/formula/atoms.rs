//! Glyphs as atoms of a formula: what they stand for, and where they stand.

use super::encodings::{Encoding, MAPSTO_BAR, piece};
use super::grid::FULL_SIZE;
use super::node::Node;
use super::symbols::{self, Class};
use crate::geometry::{Pt, Rect, RectExt};
use crate::page::Glyph;

/// How far the axis, on which bars of fractions and large signs are centred, is above the baseline,
/// in ems (TeX's fonts and OpenType's MATH tables: 0.25).
pub(super) const AXIS: f32 = 0.25;
/// A bracket higher than this many ems is centred on the axis rather than set on the baseline.
const TALL: f32 = 1.25;
/// Signs that are built of others overlap by more than this, in ems (a kern of three eighteenths).
const OVERLAP: f32 = 0.1;

/// A part of a formula: at first one glyph, later a fraction, a root, a bracket with what is in it.
#[derive(Clone, Debug)]
pub(super) struct Atom {
    pub(super) node: Node,
    /// The character that it is, as long as it is one.
    pub(super) char: Option<char>,
    pub(super) ink: Rect<Pt>,
    /// Where it begins and ends with the room that its font gives it.
    pub(super) left: f32,
    pub(super) right: f32,
    pub(super) baseline: f32,
    /// The middle of what is centred on the axis.
    pub(super) axis: Option<f32>,
    pub(super) size: f32,
}

impl Atom {
    /// The baseline of the line in which it stands, judged by itself.
    pub(super) fn line(&self) -> f32 {
        self.axis.map_or(self.baseline, |axis| axis + AXIS * self.size)
    }

    pub(super) fn class(&self) -> Option<Class> {
        match &self.node {
            Node::Sign { class, .. } => Some(*class),
            _ => None,
        }
    }

    /// Whether it is a bracket that has grown with what it holds.
    pub(super) fn is_tall_bracket(&self) -> bool {
        self.axis.is_some() && matches!(self.class(), Some(Class::Open | Class::Close | Class::Bar))
    }
}

/// The em of the largest atoms; large operators do not count, which some fonts draw by a size of their own.
pub(super) fn largest<'a>(atoms: impl IntoIterator<Item = &'a Atom>) -> f32 {
    let (mut plain, mut any) = (0.0f32, 0.0f32);
    for atom in atoms {
        any = any.max(atom.size);
        if atom.class() != Some(Class::Op) {
            plain = plain.max(atom.size);
        }
    }
    if plain > 0.0 { plain } else { any }
}

/// A glyph as an atom; `None` for one that nothing is known of.
pub(super) fn atom(glyph: &Glyph) -> Option<Atom> {
    let font = glyph.font.as_deref().unwrap_or_default();
    let encoding = Encoding::of(font);
    let c = if glyph.mapped {
        piece(glyph.char).unwrap_or(glyph.char)
    } else {
        encoding.char(glyph.char as u32)?
    };
    if c.is_whitespace() || c.is_control() {
        return None;
    }
    let node = match c {
        // The same glyph; between two terms it is the sign of sets.
        '\\' if encoding == Encoding::Oms => {
            Node::Sign { latex: "\\setminus".to_owned(), class: Class::Bin }
        }
        _ => node(c, encoding, glyph)?,
    };
    let mut atom = Atom {
        node,
        char: Some(c),
        ink: glyph.ink,
        left: glyph.advance.0,
        right: glyph.advance.1,
        baseline: glyph.baseline,
        axis: None,
        size: glyph.size,
    };
    let bracket = matches!(atom.class(), Some(Class::Open | Class::Close | Class::Bar));
    let tall = glyph.ink.height() > TALL * glyph.size || encoding == Encoding::Omx;
    if atom.class() == Some(Class::Op)
        || bracket && tall
        || matches!(c, '⋮' | '⋱')
        || symbols::piece_of(c).is_some()
    {
        atom.axis = Some(glyph.ink.mid_y());
    }
    Some(atom)
}

fn font_is_symbol(glyph: &Glyph) -> bool {
    glyph
        .font
        .as_deref()
        .is_some_and(|name| name.starts_with("Symbol") || name.contains("StandardSym"))
}

fn node(c: char, encoding: Encoding, glyph: &Glyph) -> Option<Node> {
    if c == MAPSTO_BAR || c == '\u{338}' || symbols::piece_of(c).is_some() {
        return Some(Node::Sign { latex: String::new(), class: Class::Ord });
    }
    if let Some((letter, alphabet)) = symbols::math_letter(c) {
        let latex = symbols::symbol(letter).map_or_else(|| letter.to_string(), |s| s.0.to_owned());
        return Some(Node::Letter { latex, alphabet });
    }
    // The Symbol font's phi has the shape that TeX names so, and its phi1 the other one.
    if font_is_symbol(glyph)
        && let Some(latex) = symbols::in_symbol_font(c)
    {
        return Some(Node::Letter { latex: latex.to_owned(), alphabet: None });
    }
    if let Some((latex, class)) = symbols::symbol(c) {
        let is_bold_letter = glyph.bold && class == Class::Ord && latex.starts_with('\\');
        return Some(if is_bold_letter {
            Node::Letter { latex: latex.to_owned(), alphabet: Some("\\boldsymbol") }
        } else {
            Node::Sign { latex: latex.to_owned(), class }
        });
    }
    if let Some(command) = symbols::accent(c) {
        return Some(Node::Sign { latex: command.to_owned(), class: Class::Accent });
    }
    if c.is_numeric() {
        let alphabet = (encoding == Encoding::Other && glyph.bold).then_some("\\mathbf");
        return Some(Node::Letter { latex: c.to_string(), alphabet });
    }
    if !c.is_alphabetic() {
        return None;
    }
    let latex = c.to_string();
    let alphabet = match encoding {
        Encoding::Oms | Encoding::Script => Some("\\mathcal"),
        Encoding::Msb => Some("\\mathbb"),
        Encoding::Fraktur => Some("\\mathfrak"),
        Encoding::Oml if glyph.bold => Some("\\boldsymbol"),
        Encoding::Oml => None,
        _ if glyph.bold && glyph.italic => Some("\\boldsymbol"),
        _ if glyph.bold => Some("\\mathbf"),
        _ if glyph.italic => None,
        _ => return Some(Node::Word { text: latex }),
    };
    Some(Node::Letter { latex, alphabet })
}

/// Puts together what the font or the program built of several glyphs.
pub(super) fn assemble(mut atoms: Vec<Atom>) -> Vec<Atom> {
    atoms = brackets(atoms);
    atoms.sort_by(|a, b| a.left.total_cmp(&b.left));
    atoms = overlapping(atoms);
    atoms = dots(atoms);
    words(atoms)
}

/// Brackets of pieces, one above the other.
fn brackets(atoms: Vec<Atom>) -> Vec<Atom> {
    let is_piece = |a: &Atom| match a.char {
        Some(c) => symbols::piece_of(c).is_some() || matches!(c, '|' | '‖') && a.axis.is_some(),
        None => false,
    };
    let (mut pieces, mut out): (Vec<Atom>, Vec<Atom>) = atoms.into_iter().partition(is_piece);
    pieces.sort_by(|a, b| a.ink.min.y.total_cmp(&b.ink.min.y));
    let mut stacks: Vec<Vec<Atom>> = Vec::new();
    for piece in pieces {
        let fits = |stack: &Vec<Atom>| {
            stack.last().is_some_and(|above| {
                let gap = piece.ink.min.y - above.ink.max.y;
                (above.left - piece.left).abs() < 0.3 * piece.size && gap < 0.3 * piece.size
            })
        };
        match stacks.iter_mut().find(|stack| fits(stack)) {
            Some(stack) => stack.push(piece),
            None => stacks.push(vec![piece]),
        }
    }
    for stack in stacks {
        let ends = stack.iter().find(|a| a.char != Some('⎪')).or(stack.first());
        let Some(c) = ends.and_then(|a| a.char) else { continue };
        let c = symbols::piece_of(c).unwrap_or(c);
        let Some((latex, class)) = symbols::symbol(c) else { continue };
        let Some(mut whole) = stack.into_iter().reduce(|a, b| Atom {
            ink: a.ink.around(&b.ink),
            left: a.left.min(b.left),
            right: a.right.max(b.right),
            ..a
        }) else {
            continue;
        };
        whole.node = Node::Sign { latex: latex.to_owned(), class };
        whole.char = Some(c);
        whole.axis = Some(whole.ink.mid_y());
        out.push(whole);
    }
    out
}

/// Extends brackets of which only a piece is known: they are centred on the axis, where relations
/// on their outer side stand.
pub(super) fn complete_brackets(atoms: &mut [Atom]) {
    /// A whole bracket is no further off, in ems.
    const OFF: f32 = 0.3;
    let em = largest(atoms.iter());
    let relations: Vec<(f32, f32)> = atoms
        .iter()
        .filter(|a| a.class() == Some(Class::Rel) && a.size >= FULL_SIZE * em)
        .map(|a| (a.ink.mid_x(), a.ink.mid_y()))
        .collect();
    // What a bracket covers, and what it should cover.
    let mut longer: Vec<((f32, f32), (f32, f32))> = Vec::new();
    for atom in atoms.iter().filter(|a| a.is_tall_bracket()) {
        let outside = |x: f32| match atom.class() {
            Some(Class::Open) => x < atom.ink.min.x,
            Some(Class::Close) => x > atom.ink.max.x,
            _ => false,
        };
        let middle = atom.ink.mid_y();
        let axis = relations
            .iter()
            .filter(|(x, _)| outside(*x))
            .map(|(_, y)| *y)
            .min_by(|a, b| (a - middle).abs().total_cmp(&(b - middle).abs()));
        let reach = atom.ink.inflate(0.0, 0.4 * atom.size);
        if let Some(axis) = axis.filter(|y| (reach.min.y..reach.max.y).contains(y))
            && (middle - axis).abs() > OFF * atom.size
        {
            let half = (axis - atom.ink.min.y).max(atom.ink.max.y - axis);
            longer.push(((atom.ink.min.y, atom.ink.max.y), (axis - half, axis + half)));
        }
    }
    // The partner has no relation beside it, but the same piece.
    for atom in atoms.iter_mut().filter(|a| a.is_tall_bracket()) {
        let close = |a: f32, b: f32| (a - b).abs() < 0.05 * em;
        let known = longer.iter().find(|((top, bottom), _)| {
            close(*top, atom.ink.min.y) && close(*bottom, atom.ink.max.y)
        });
        if let Some(&(_, (top, bottom))) = known {
            atom.ink.min.y = top;
            atom.ink.max.y = bottom;
            atom.axis = Some(0.5 * (top + bottom));
        }
    }
}

/// Signs that are printed over each other: ≠ as a stroke and =, ↦ as a bar and an arrow.
fn overlapping(atoms: Vec<Atom>) -> Vec<Atom> {
    let mut out: Vec<Atom> = Vec::with_capacity(atoms.len());
    for atom in atoms {
        let joined = out.last().and_then(|last| joined(last, &atom));
        match (joined, out.last_mut()) {
            (Some(node), Some(last)) => {
                last.node = node;
                last.char = None;
                last.ink = last.ink.around(&atom.ink);
                last.right = last.right.max(atom.right);
                last.baseline = if last.axis.is_some() { last.baseline } else { atom.baseline };
            }
            _ => out.push(atom),
        }
    }
    out
}

/// What two atoms are together, where the second stands on the first.
fn joined(first: &Atom, second: &Atom) -> Option<Node> {
    let (a, b) = (first.char?, second.char?);
    let em = first.size.max(second.size);
    let gap = second.left - first.right;
    let rel = |latex: &str| Some(Node::Sign { latex: latex.to_owned(), class: Class::Rel });
    if a == '\u{338}' && gap < 0.5 * em {
        return match b {
            '=' => rel("\\neq"),
            '∈' => rel("\\notin"),
            _ => match &second.node {
                Node::Sign { latex, class: Class::Rel } => rel(&format!("\\not{latex}")),
                _ => None,
            },
        };
    }
    // TeX strikes ∈ out with a slash.
    if matches!((a, b), ('∈', '/') | ('/', '∈')) && gap < -0.3 * em {
        return rel("\\notin");
    }
    let level = (first.baseline - second.baseline).abs() < 0.05 * em;
    if matches!((a, b), ('∼', '=') | ('=', '∼')) && gap < -0.5 * em && !level {
        return rel("\\cong");
    }
    if a == MAPSTO_BAR && b == '→' {
        return rel("\\mapsto");
    }
    if gap > -OVERLAP * em || !level {
        return None;
    }
    match (a, b) {
        ('−', '→') => rel("\\longrightarrow"),
        ('←', '−') => rel("\\longleftarrow"),
        ('=', '⇒') => rel("\\Longrightarrow"),
        ('⇐', '=') => rel("\\Longleftarrow"),
        ('⇐', '⇒') => rel("\\Longleftrightarrow"),
        ('∫', '∫') => Some(Node::Sign { latex: "\\iint".to_owned(), class: Class::Op }),
        _ => None,
    }
}

/// Three dots in a row, level, on the axis, upright or slanting.
fn dots(atoms: Vec<Atom>) -> Vec<Atom> {
    let is_dot = |a: &Atom| matches!(a.char, Some('.' | '·' | '⋅'));
    let mut taken = vec![false; atoms.len()];
    let mut out = Vec::with_capacity(atoms.len());
    for (n, first) in atoms.iter().enumerate() {
        if taken[n] || !is_dot(first) {
            continue;
        }
        let near = |a: &Atom, from: &Atom, (dx, dy): (f32, f32)| {
            a.char == from.char
                && (a.ink.mid_x() - from.ink.mid_x() - dx).abs() < 0.12 * from.size
                && (a.ink.mid_y() - from.ink.mid_y() - dy).abs() < 0.12 * from.size
        };
        // The second dot gives the step, the third has to keep it.
        let three = (0..atoms.len())
            .filter(|&k| k != n && !taken[k] && is_dot(&atoms[k]))
            .find_map(|second| {
                let b = &atoms[second];
                let step = (b.ink.mid_x() - first.ink.mid_x(), b.ink.mid_y() - first.ink.mid_y());
                let length = step.0.hypot(step.1) / first.size;
                if !(0.15..0.75).contains(&length) || step.0 < -0.05 * first.size {
                    return None;
                }
                let third = (0..atoms.len())
                    .find(|&k| k != n && k != second && !taken[k] && near(&atoms[k], b, step))?;
                Some((second, third, step))
            });
        let Some((second, third, (dx, dy))) = three else { continue };
        let latex = if dx.abs() < 0.2 * dy.abs() {
            "\\vdots"
        } else if dy.abs() > 0.2 * dx.abs() {
            "\\ddots"
        } else if first.char == Some('.') {
            "\\ldots"
        } else {
            "\\cdots"
        };
        for k in [n, second, third] {
            taken[k] = true;
        }
        let ink = first.ink.around(&atoms[second].ink).around(&atoms[third].ink);
        let slanting = matches!(latex, "\\vdots" | "\\ddots");
        out.push(Atom {
            node: Node::Sign { latex: latex.to_owned(), class: Class::Ord },
            char: None,
            left: first.left.min(atoms[third].left),
            right: first.right.max(atoms[third].right),
            axis: slanting.then_some(ink.mid_y()),
            ink,
            ..first.clone()
        });
    }
    out.extend(atoms.into_iter().zip(taken).filter(|(_, taken)| !taken).map(|(a, _)| a));
    out.sort_by(|a, b| a.left.total_cmp(&b.left));
    out
}

/// Letters set upright that stand side by side, as words.
fn words(atoms: Vec<Atom>) -> Vec<Atom> {
    /// Letters of a word stand no further apart, in ems.
    const GAP: f32 = 0.1;
    let mut out: Vec<Atom> = Vec::with_capacity(atoms.len());
    for atom in atoms {
        if let Node::Word { text } = &atom.node {
            let last = out.iter_mut().rev().find(|last| {
                matches!(last.node, Node::Word { .. })
                    && (last.baseline - atom.baseline).abs() < 0.05 * atom.size
                    && (last.size - atom.size).abs() < 0.05 * atom.size
                    && (atom.left - last.right).abs() < GAP * atom.size
            });
            if let Some(last) = last
                && let Node::Word { text: before } = &mut last.node
            {
                before.push_str(text);
                last.char = None;
                last.ink = last.ink.around(&atom.ink);
                last.right = atom.right;
                continue;
            }
        }
        out.push(atom);
    }
    out
}
