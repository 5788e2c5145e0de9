//! The tree as LaTeX.

use super::node::{Grid, Node, Row};
use super::symbols::{self, Class};

/// LaTeX of a row.
pub(super) fn latex(row: &[Node]) -> String {
    let mut out = String::new();
    // Whether something stands before that a sign between two terms can go on from.
    let mut term = false;
    for (n, node) in row.iter().enumerate() {
        let spaced = match node {
            Node::Sign { class: Class::Rel, .. } => true,
            Node::Sign { class: Class::Bin, .. } => term && n + 1 < row.len(),
            _ => false,
        };
        if spaced && !out.ends_with(' ') && !out.is_empty() {
            out.push(' ');
        }
        push(&mut out, &one(node));
        if spaced || matches!(node, Node::Sign { class: Class::Punct, .. } | Node::Space(_)) {
            out.push(' ');
        }
        term = match node {
            Node::Sign { class, .. } => matches!(class, Class::Ord | Class::Close | Class::Bar),
            Node::Space(_) => term,
            _ => true,
        };
    }
    out.truncate(out.trim_end().len());
    out
}

/// Appends, with a space where a command would go on into a letter.
fn push(out: &mut String, piece: &str) {
    let command = out
        .rfind('\\')
        .is_some_and(|at| at + 1 < out.len() && out[at + 1..].chars().all(|c| c.is_alphabetic()));
    if command && piece.starts_with(|c: char| c.is_alphanumeric()) {
        out.push(' ');
    }
    out.push_str(piece);
}

fn one(node: &Node) -> String {
    match node {
        Node::Sign { latex, .. } => latex.clone(),
        Node::Letter { latex, alphabet: None } => latex.clone(),
        Node::Letter { latex, alphabet: Some(command) } => format!("{command}{{{latex}}}"),
        Node::Word { text } => word(text),
        Node::Fraction { over, under } => format!("\\frac{{{}}}{{{}}}", latex(over), latex(under)),
        Node::Binomial { over, under } => {
            format!("\\binom{{{}}}{{{}}}", latex(over), latex(under))
        }
        Node::Root { index, body } if index.is_empty() => format!("\\sqrt{{{}}}", latex(body)),
        Node::Root { index, body } => format!("\\sqrt[{}]{{{}}}", latex(index), latex(body)),
        Node::Accent { command, body } => format!("{command}{{{}}}", latex(body)),
        Node::Fenced { open, body, close } => {
            format!("\\left{open} {} \\right{close}", latex(body))
        }
        Node::Grid { kind, rows } => grid(*kind, rows),
        Node::Scripted { base, sub, sup } => scripted(base.as_deref(), sub, sup),
        Node::Space(space) => (*space).to_owned(),
    }
}

fn word(text: &str) -> String {
    if symbols::is_function(text) {
        format!("\\{text}")
    } else if symbols::takes_limits(text) {
        format!("\\operatorname*{{{text}}}")
    } else if text.chars().count() == 1 {
        format!("\\mathrm{{{text}}}")
    } else {
        format!("\\text{{{text}}}")
    }
}

fn grid(kind: Grid, rows: &[Vec<Row>]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|cells| {
            let cells: Vec<String> = cells.iter().map(|cell| latex(cell)).collect();
            match kind {
                Grid::Aligned => cells.join(" &"),
                _ => cells.join(" & "),
            }
        })
        .map(|row| row.trim().to_owned())
        .collect();
    let rows = rows.join(" \\\\ ");
    let name = kind.name();
    match kind {
        Grid::Substack => format!("\\substack{{{rows}}}"),
        _ => format!("\\begin{{{name}}} {rows} \\end{{{name}}}"),
    }
}

fn scripted(base: Option<&Node>, sub: &[Node], sup: &[Node]) -> String {
    let mut out = base.map_or_else(|| "{}".to_owned(), one);
    // A letter keeps its scripts outside of the alphabet's braces; what is more than one sign needs
    // braces of its own.
    if matches!(base, Some(Node::Sign { latex, .. }) if latex.starts_with('^')) {
        out = format!("{{{out}}}");
    }
    let is_prime =
        |node: &Node| matches!(node, Node::Sign { latex, .. } if latex.starts_with('\''));
    let primes = sup.iter().take_while(|node| is_prime(node)).count();
    let (marks, rest) = sup.split_at(primes);
    if rest.is_empty() {
        out.extend(marks.iter().map(one));
    }
    if !sub.is_empty() {
        out.push_str(&format!("_{{{}}}", latex(sub)));
    }
    if !rest.is_empty() {
        let marks = "\\prime ".repeat(marks.iter().map(|m| one(m).len()).sum());
        out.push_str(&format!("^{{{marks}{}}}", latex(rest)));
    }
    out
}
