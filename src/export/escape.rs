//! Text as markdown that reads back as the same text.
//!
//! Only what would be taken as markup *where it stands* gets a backslash: a `*` between spaces, an
//! `_` inside a word or a single backtick stays as it is. The rules are those of CommonMark with
//! tables, strike-through, task lists and dollar math.

/// Where a piece of text will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A paragraph of its own, on one line.
    Line,
    /// After the marker of a list item.
    Item,
    /// After the hashes of a heading.
    Heading,
    /// In a cell of a pipe table.
    Cell,
}

/// White space runs become one space, ends are trimmed, control characters are left out.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !c.is_control() {
            out.push(c);
        }
    }
    if out.ends_with(' ') {
        out.pop();
    }
    out
}

/// The text on one line, escaped for its place.
pub(crate) fn escape(text: &str, place: Place) -> String {
    let folded = fold(text);
    if !folded.bytes().any(|b| b.is_ascii_punctuation()) {
        return folded;
    }
    let mut marks = Marks::new(&folded);
    marks.backticks();
    for c in ['*', '_', '~'] {
        marks.delimiters(c);
    }
    marks.math();
    marks.links();
    marks.angles();
    marks.entities();
    match place {
        Place::Line => marks.line_start(false),
        Place::Item => marks.line_start(true),
        Place::Heading => marks.closing_hashes(),
        Place::Cell => marks.all('|'),
    }
    marks.backslashes();
    marks.write()
}

/// Text for an HTML element.
pub(crate) fn escape_html(text: &str) -> String {
    let folded = fold(text);
    let mut out = String::with_capacity(folded.len());
    for c in folded.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(c),
        }
    }
    out
}

/// Characters, and which of them need a backslash.
struct Marks {
    chars: Vec<char>,
    marked: Vec<bool>,
}

impl Marks {
    fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let marked = vec![false; chars.len()];
        Self { chars, marked }
    }

    fn at(&self, i: usize) -> Option<char> {
        self.chars.get(i).copied()
    }

    fn before(&self, i: usize) -> Option<char> {
        i.checked_sub(1).and_then(|i| self.at(i))
    }

    /// Start and end of every longest run of `c`.
    fn runs(&self, c: char) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for (i, _) in self.chars.iter().enumerate().filter(|&(_, &x)| x == c) {
            match runs.last_mut() {
                Some(last) if last.1 == i => last.1 = i + 1,
                _ => runs.push((i, i + 1)),
            }
        }
        runs
    }

    fn mark(&mut self, from: usize, to: usize) {
        self.marked[from..to].fill(true);
    }

    fn all(&mut self, c: char) {
        for (x, mark) in self.chars.iter().zip(&mut self.marked) {
            *mark |= *x == c;
        }
    }

    /// A code span needs two runs of one length. Backslashes do not count inside code spans, so
    /// it is all of them or none.
    fn backticks(&mut self) {
        let mut lengths: Vec<usize> = self.runs('`').iter().map(|(a, b)| b - a).collect();
        lengths.sort_unstable();
        if lengths.windows(2).any(|pair| pair[0] == pair[1]) {
            self.all('`');
        }
    }

    /// Emphasis and strike-through: a run that can open before a run that can close.
    fn delimiters(&mut self, c: char) {
        let runs: Vec<(usize, usize, bool, bool)> = self
            .runs(c)
            .into_iter()
            .filter(|(from, to)| c != '~' || to - from <= 2)
            .map(|(from, to)| {
                let reach = match c {
                    '*' => Reach::InWords,
                    '~' if to - from == 2 => Reach::Anywhere,
                    _ => Reach::BetweenWords,
                };
                let (before, after) = (self.before(from), self.at(to));
                (from, to, may_open(before, after, reach), may_open(after, before, reach))
            })
            .collect();
        for (i, &(from, to, opens, closes)) in runs.iter().enumerate() {
            let closed = opens && runs[i + 1..].iter().any(|run| run.3);
            let opened = closes && runs[..i].iter().any(|run| run.2);
            if closed || opened {
                self.mark(from, to);
            }
        }
    }

    /// `$…$`: no space inside the dollars, and no digit after the closing one ("$5 or A$6" are
    /// prices).
    fn math(&mut self) {
        let dollars: Vec<usize> = (0..self.chars.len()).filter(|&i| self.chars[i] == '$').collect();
        let text = |c: Option<char>| c.is_some_and(|c| c != ' ');
        let opens = |i: usize| text(self.at(i + 1));
        let closes =
            |i: usize| text(self.before(i)) && !self.at(i + 1).is_some_and(|c| c.is_ascii_digit());
        let first = dollars.iter().copied().find(|&i| opens(i));
        let last = dollars.iter().copied().rfind(|&i| closes(i));
        if let (Some(first), Some(last)) = (first, last)
            && first < last
        {
            self.all('$');
        }
    }

    /// `[text](target)`.
    fn links(&mut self) {
        let Some(open) = self.chars.iter().position(|&c| c == '[') else { return };
        let Some(end) = self.chars.iter().rposition(|&c| c == ')') else { return };
        for i in open + 1..end {
            if self.chars[i] == ']' && self.at(i + 1) == Some('(') {
                self.marked[i] = true;
            }
        }
    }

    /// Tags, comments and `<address>` links: they all need a closing `>`.
    fn angles(&mut self) {
        let Some(end) = self.chars.iter().rposition(|&c| c == '>') else { return };
        for i in 0..end {
            if self.chars[i] != '<' {
                continue;
            }
            let tag = self.at(i + 1).is_some_and(opens_tag);
            let address = self.chars[i..end].iter().take_while(|&&c| c != ' ').any(|&c| c == '@');
            self.marked[i] |= tag || address;
        }
    }

    /// `&name;`, `&#123;`, `&#x1F;`.
    fn entities(&mut self) {
        for i in 0..self.chars.len() {
            if self.chars[i] != '&' {
                continue;
            }
            let mut end = i + 1;
            if self.at(end) == Some('#') {
                end += 1;
            }
            let body = end;
            while self.at(end).is_some_and(|c| c.is_ascii_alphanumeric()) {
                end += 1;
            }
            self.marked[i] |= end > body && self.at(end) == Some(';');
        }
    }

    /// What begins a block when it stands first on a line.
    fn line_start(&mut self, item: bool) {
        let Some(first) = self.at(0) else { return };
        let run = self.chars.iter().take_while(|&&c| c == first).count();
        let stops = |c: Option<char>| c.is_none_or(|c| c == ' ');
        let begins = match first {
            '#' => run <= 6 && stops(self.at(run)),
            '>' => true,
            '<' => self.at(1).is_some_and(opens_tag),
            '[' => self.begins_definition() || (item && self.begins_task()),
            '-' | '+' | '*' if stops(self.at(1)) => true,
            // With the item's dash, the rule below a table's header.
            '|' | ':' if item => self.chars.iter().all(|c| matches!(c, '|' | ':' | '-' | ' ')),
            '-' | '*' | '_' => {
                // A rule, or (after a list's own dash) one that the dash completes.
                let only = self.chars.iter().all(|&c| c == first || c == ' ');
                only && (item || self.chars.iter().filter(|&&c| c == first).count() >= 3)
            }
            _ => false,
        };
        self.marked[0] |= begins;
        if matches!(first, '`' | '~') && run >= 3 {
            self.mark(0, run);
        }
        let digits = self.chars.iter().take_while(|c| c.is_ascii_digit()).count();
        if (1..=9).contains(&digits)
            && matches!(self.at(digits), Some('.' | ')'))
            && stops(self.at(digits + 1))
        {
            self.marked[digits] = true;
        }
    }

    /// `[label]: target`.
    fn begins_definition(&self) -> bool {
        self.chars.windows(2).any(|pair| pair == [']', ':'])
    }

    /// `[ ] task`, `[x] task`.
    fn begins_task(&self) -> bool {
        matches!(self.at(1), Some(' ' | 'x' | 'X')) && self.at(2) == Some(']')
    }

    /// Hashes that end a heading are left out of it.
    fn closing_hashes(&mut self) {
        let hashes = self.chars.iter().rev().take_while(|&&c| c == '#').count();
        let start = self.chars.len() - hashes;
        if hashes > 0 && self.before(start).is_none_or(|c| c == ' ') {
            // All of them: a run that is only escaped in part still counts for some readers.
            self.mark(start, start + hashes);
        }
    }

    /// A backslash counts before ASCII punctuation only (which escaping may have put there).
    fn backslashes(&mut self) {
        for i in 0..self.chars.len() {
            if self.chars[i] == '\\' && self.at(i + 1).is_some_and(|c| c.is_ascii_punctuation()) {
                self.marked[i] = true;
            }
        }
        // At the end of a cell it would stand before the closing bar if spaces were trimmed.
        if let Some(last) = self.chars.len().checked_sub(1)
            && self.chars[last] == '\\'
        {
            self.marked[last] = true;
        }
    }

    fn write(self) -> String {
        let mut out = String::with_capacity(self.chars.len() + 8);
        for (c, marked) in self.chars.into_iter().zip(self.marked) {
            if marked {
                out.push('\\');
            }
            out.push(c);
        }
        out
    }
}

/// Whether a `<` before `c` can begin a tag, comment, declaration or instruction.
pub(super) fn opens_tag(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')
}

/// Where a delimiter counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// `_` and `~`: at the edges of words only.
    BetweenWords,
    /// `*`: inside words too, but not towards punctuation.
    InWords,
    /// `~~`: some readers ask for no more than text on its inner side.
    Anywhere,
}

/// Whether a delimiter run between these characters can open (or, with the two exchanged, close)
/// emphasis. Where readers differ on what counts as punctuation, the answer is yes.
fn may_open(before: Option<char>, after: Option<char>, reach: Reach) -> bool {
    let Some(after) = after.filter(|c| !c.is_whitespace()) else { return false };
    match reach {
        Reach::Anywhere => true,
        _ if before.is_none_or(|c| !in_word(c)) => true,
        Reach::InWords => !after.is_ascii_punctuation(),
        Reach::BetweenWords => false,
    }
}

/// Whether no reader takes the character for punctuation. (Circled and squared letters count as
/// letters and as symbols.)
fn in_word(c: char) -> bool {
    c.is_alphanumeric() && !matches!(c, '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(text: &str, place: Place) {
        assert_eq!(escape(text, place), text);
    }

    #[test]
    fn nothing_is_escaped_without_need() {
        for text in [
            "snake_case and __init",
            "2 * 3 * 4",
            "p < 0.05 *",
            "a < b, c > d",
            "AT&T, R&D",
            "costs $5 or US$10",
            "see [1] and (2)",
            "one ` backtick",
            "C# and #hashtag",
            "1.5 times, 3) no",
            "-5 degrees, +46 8 123",
            "C:\\Users",
            "a | b",
            "~5 to ~10",
            "--",
            "e.g. this!",
        ] {
            same(text, Place::Line);
        }
        same("1. Introduction", Place::Heading);
        same("- dash", Place::Cell);
        same("[ ]", Place::Line);
    }

    #[test]
    fn markup_is_escaped_where_it_would_count() {
        for (text, place, wanted) in [
            ("# #", Place::Line, r"\# #"),
            ("# #", Place::Heading, r"# \#"),
            ("*bold* text", Place::Line, r"\*bold\* text"),
            ("5*3*2", Place::Line, r"5\*3\*2"),
            ("_a_", Place::Line, r"\_a\_"),
            ("a|b", Place::Cell, r"a\|b"),
            ("<b>x</b>", Place::Line, r"\<b>x\</b>"),
            ("1. x", Place::Line, r"1\. x"),
            ("2003. x", Place::Item, r"2003\. x"),
            ("+ x", Place::Line, r"\+ x"),
            ("- x", Place::Item, r"\- x"),
            ("> x", Place::Line, r"\> x"),
            ("`x`", Place::Line, r"\`x\`"),
            ("[x](y)", Place::Line, r"[x\](y)"),
            ("[x]: y", Place::Line, r"\[x]: y"),
            ("[ ] todo", Place::Item, r"\[ ] todo"),
            ("&amp; &#38;", Place::Line, r"\&amp; \&#38;"),
            ("$x$", Place::Line, r"\$x\$"),
            ("---", Place::Line, r"\---"),
            ("--", Place::Item, r"\--"),
            ("a \\* b", Place::Line, r"a \\* b"),
        ] {
            assert_eq!(escape(text, place), wanted, "{text:?} in {place:?}");
        }
    }

    #[test]
    fn white_space_and_control_characters_are_folded() {
        assert_eq!(fold(" a\u{a0}\n\tb\u{0}c "), "a bc");
        assert_eq!(escape_html("a < b\n& c"), "a &lt; b &amp; c");
    }
}
