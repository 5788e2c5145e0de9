//! The marks of a snippet. `scripts/code_model.py` has the same rules (`marks`).

use std::collections::BTreeSet;

/// Longer marks are names that somebody made up, in characters.
const LONGEST: usize = 24;
/// A run of signs is cut into pieces of so many.
const SIGNS: usize = 3;

/// Every mark of the lines, once.
pub(super) fn of<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for line in lines {
        let line: String = line.chars().map(plain).collect();
        of_line(&tokens(&line), &mut out);
    }
    out.retain(|mark| mark.len() <= LONGEST);
    out
}

/// Quotes and dashes as keyboards have them.
fn plain(c: char) -> char {
    match c {
        '“' | '”' | '„' => '"',
        '‘' | '’' | '‚' | '´' => '\'',
        '–' | '—' => '-',
        c => c,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    Signs,
}

struct Token<'a> {
    text: &'a str,
    kind: Kind,
    /// Whether white space, or what is no ASCII, stands before it.
    apart: bool,
}

/// Words, numbers and runs of up to three signs. Runs with anything but ASCII in them are left out.
fn tokens(line: &str) -> Vec<Token<'_>> {
    let mut out: Vec<Token<'_>> = Vec::new();
    let (mut rest, mut apart) = (line, false);
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_sign = |c: char| !c.is_whitespace() && !is_word(c);
        let run = |is: &dyn Fn(char) -> bool, most: usize| {
            rest.char_indices()
                .take(most)
                .take_while(|(_, c)| is(*c))
                .map(|(at, c)| at + c.len_utf8())
                .last()
        };
        let (kind, end) = if first.is_ascii_digit() {
            (Kind::Number, run(&|c| c.is_ascii_digit(), usize::MAX))
        } else if is_word(first) {
            (Kind::Word, run(&is_word, usize::MAX))
        } else {
            (Kind::Signs, run(&is_sign, SIGNS))
        };
        // White space.
        let Some(end) = end else {
            rest = &rest[first.len_utf8()..];
            apart = true;
            continue;
        };
        let (text, after) = rest.split_at(end);
        rest = after;
        if text.is_ascii() {
            out.push(Token { text, kind, apart });
            apart = false;
        } else {
            apart = true;
        }
    }
    out
}

fn of_line(tokens: &[Token<'_>], out: &mut BTreeSet<String>) {
    let mut previous: Option<&Token<'_>> = None;
    for (n, token) in tokens.iter().enumerate() {
        let text = token.text;
        if token.kind != Kind::Number {
            out.insert(text.to_owned());
            if n == 0 {
                out.insert(format!("^{text}"));
            }
            if n + 1 == tokens.len() {
                out.insert(format!("{text}$"));
            }
        }
        if let Some(before) = previous {
            let gap = if token.apart { " " } else { "" };
            let before_text = before.text;
            match (before.kind, token.kind) {
                (Kind::Word, Kind::Word) => {
                    out.insert(format!("{before_text} a"));
                    out.insert(format!("a {text}"));
                    out.insert(format!("{before_text} {text}"));
                }
                (Kind::Word, Kind::Signs) => {
                    out.insert(format!("{before_text}{gap}{text}"));
                    out.insert(format!("a{gap}{text}"));
                }
                (Kind::Signs, Kind::Word) => {
                    out.insert(format!("{before_text}{gap}{text}"));
                    out.insert(format!("{before_text}{gap}a"));
                }
                _ => {}
            }
        }
        previous = Some(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_words_signs_and_what_follows_what() {
        let marks: Vec<String> = of(["  if (x1 == “é”) {"].into_iter()).into_iter().collect();
        // What the script says of the same line.
        let wanted = [
            "(", "(a", "(x1", ")", "==", "^if", "a (", "a ==", "if", "if (", "x1", "x1 ==", "{",
            "{$",
        ];
        let mut wanted: Vec<String> = wanted.map(str::to_owned).to_vec();
        wanted.sort();
        assert_eq!(marks, wanted);
    }
}
