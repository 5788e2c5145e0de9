//! Takes invisible text (render mode 3) out of content streams, and leaves every other byte as it
//! is.
//!
//! Content is not parsed into operations and written anew: operators that show text are found by
//! their place and blanked. ISO 32000-1, 7.8.2 (content streams), 9.3.6 (render modes), 9.4.3 (text
//! showing).

use std::collections::BTreeMap;
use std::ops::Range;

/// The render mode of invisible text.
const INVISIBLE: i64 = 3;

/// What a content stream holds without its invisible text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stripped<'a> {
    pub(super) content: Vec<u8>,
    /// Whether anything was taken out.
    pub(super) changed: bool,
    /// Names of the objects that it draws, and whether text in them is invisible from the start. Of
    /// one that is drawn in both ways, what can be seen has to stay.
    pub(super) drawn: BTreeMap<&'a [u8], bool>,
}

/// Takes invisible text out. `invisible` is what the render mode makes of text at the start: forms
/// inherit it.
pub(super) fn strip(content: &[u8], invisible: bool) -> Stripped<'_> {
    let mut out = Stripped { content: content.to_vec(), changed: false, drawn: BTreeMap::new() };
    let mut scanner = Scanner { bytes: content, at: 0 };
    let (mut invisible, mut saved) = (invisible, Vec::new());
    // Where the first operand begins, and the last one. All of them could be millions.
    let mut operands: Option<(usize, Range<usize>)> = None;
    while let Some(token) = scanner.next() {
        let text = &content[token.clone()];
        if !is_operator(text) {
            let start = operands.map_or(token.start, |(start, _)| start);
            operands = Some((start, token));
            continue;
        }
        let (start, last) = match operands.take() {
            Some((start, last)) => (start, content.get(last)),
            None => (token.start, None),
        };
        match text {
            b"q" => saved.push(invisible),
            b"Q" => invisible = saved.pop().unwrap_or(invisible),
            b"Tr" => invisible = last.and_then(integer).map_or(invisible, |mode| mode == INVISIBLE),
            b"Do" => {
                if let Some([b'/', name @ ..]) = last {
                    *out.drawn.entry(name).or_insert(true) &= invisible;
                }
            }
            b"BI" => scanner.skip_inline_image(),
            b"Tj" | b"TJ" | b"'" | b"\"" if invisible => {
                out.content[start..token.end].fill(b' ');
                // These two go to the next line first: that stays.
                if matches!(text, b"'" | b"\"") {
                    let end = token.end.min(start + 2);
                    out.content[start..end].copy_from_slice(&b"T*"[..end - start]);
                }
                out.changed = true;
            }
            _ => {}
        }
    }
    out
}

fn integer(text: &[u8]) -> Option<i64> {
    let value: f32 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(value as i64)
}

/// Whether a token is an operator: it starts like neither number nor name, string, array or
/// dictionary.
fn is_operator(token: &[u8]) -> bool {
    match token.first() {
        Some(b'\'' | b'"') => true,
        Some(c) => c.is_ascii_alphabetic() && !matches!(token, b"true" | b"false" | b"null"),
        None => false,
    }
}

/// Finds tokens.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    /// The place of the next token. An array or dictionary is one token.
    fn next(&mut self) -> Option<Range<usize>> {
        self.skip_space();
        let start = self.at;
        match *self.bytes.get(start)? {
            b'(' => self.skip_string(),
            b'[' | b'<' => self.skip_nested(),
            b'/' => {
                self.at += 1;
                self.skip_regular();
            }
            c if is_delimiter(c) => self.at += 1,
            _ => self.skip_regular(),
        }
        Some(start..self.at)
    }

    fn skip_space(&mut self) {
        while let Some(&c) = self.bytes.get(self.at) {
            if c == b'%' {
                while self.bytes.get(self.at).is_some_and(|c| !matches!(c, b'\n' | b'\r')) {
                    self.at += 1;
                }
            } else if is_space(c) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    fn skip_regular(&mut self) {
        while self.bytes.get(self.at).is_some_and(|&c| !is_space(c) && !is_delimiter(c)) {
            self.at += 1;
        }
    }

    fn skip_string(&mut self) {
        let mut depth = 0;
        while let Some(&c) = self.bytes.get(self.at) {
            self.at += 1;
            match c {
                b'\\' => self.at += 1,
                b'(' => depth += 1,
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        self.at = self.at.min(self.bytes.len());
    }

    /// An array, a dictionary or a hexadecimal string, with all that is in it.
    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(&c) = self.bytes.get(self.at) {
            let doubled = self.bytes.get(self.at + 1) == Some(&c);
            match c {
                b'(' => {
                    self.skip_string();
                    continue;
                }
                b'%' => {
                    self.skip_space();
                    continue;
                }
                b'[' => depth += 1,
                b']' => depth = depth.saturating_sub(1),
                b'<' if doubled => {
                    depth += 1;
                    self.at += 1;
                }
                b'>' if doubled => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                b'<' => {
                    while self.bytes.get(self.at).is_some_and(|&c| c != b'>') {
                        self.at += 1;
                    }
                }
                _ => {}
            }
            self.at = (self.at + 1).min(self.bytes.len());
            if depth == 0 {
                break;
            }
        }
    }

    /// From behind `BI` to behind `EI`. Image data can hold anything: an `EI` counts where white
    /// space stands before it, and white space or the end behind it.
    fn skip_inline_image(&mut self) {
        // Token by token: to look for `ID` in all that follows would take for ever where there are
        // many images without one.
        loop {
            let Some(token) = self.next() else { return };
            let text = &self.bytes[token.clone()];
            if text.starts_with(b"ID") {
                self.at = token.start + 2;
                break;
            }
            if text == b"EI" {
                return;
            }
        }
        let rest = &self.bytes[self.at..];
        let end = (0..rest.len().saturating_sub(2)).find(|&at| {
            is_space(rest[at])
                && &rest[at + 1..at + 3] == b"EI"
                && rest.get(at + 3).is_none_or(|&c| is_space(c))
        });
        self.at += end.map_or(rest.len(), |at| at + 3);
    }
}

fn is_space(c: u8) -> bool {
    matches!(c, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_delimiter(c: u8) -> bool {
    matches!(c, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(content: &str) -> String {
        String::from_utf8(strip(content.as_bytes(), false).content).unwrap()
    }

    #[test]
    fn only_invisible_text_goes() {
        assert_eq!(
            stripped("BT (a) Tj 3 Tr (b\\)(c)) Tj [(d]) -3 <41>]TJ 0 Tr (e) Tj ET"),
            format!("BT (a) Tj 3 Tr {} 0 Tr (e) Tj ET", " ".repeat(28))
        );
        assert_eq!(
            stripped("q 3 Tr BT (a) Tj ET Q BT (b) Tj ET"),
            "q 3 Tr BT        ET Q BT (b) Tj ET"
        );
        let visible = "/F 1 Tf << /A [(x) <</B 3>>] >> BDC % 3 Tr\n(a) Tj EMC";
        assert_eq!(strip(visible.as_bytes(), false).content, visible.as_bytes());
        assert!(!strip(visible.as_bytes(), false).changed);
    }

    #[test]
    fn a_new_line_stays_where_its_text_goes() {
        assert_eq!(stripped("3 Tr (ab) ' 1 2 (c) \" (d)'"), "3 Tr T*     T*        T*  ");
    }

    #[test]
    fn image_data_is_no_content() {
        let content = "BI /W 1 ID 3 Tr EIx (\u{1} EI (a) Tj 3 Tr (b) Tj";
        assert_eq!(stripped(content), "BI /W 1 ID 3 Tr EIx (\u{1} EI (a) Tj 3 Tr       ");
    }

    #[test]
    fn an_image_without_data_ends_where_it_says() {
        assert_eq!(stripped("BI /W 1 EI 3 Tr (a) Tj"), "BI /W 1 EI 3 Tr       ");
        let many = "BI EI ".repeat(100_000) + "3 Tr (a) Tj";
        assert!(strip(many.as_bytes(), false).changed);
        assert!(!strip(b"BI /W 1 3 Tr (a) Tj", false).changed);
    }

    #[test]
    fn forms_are_told_with_the_mode_they_inherit() {
        let drawn =
            |content: &'static [u8]| strip(content, false).drawn.into_iter().collect::<Vec<_>>();
        assert_eq!(
            drawn(b"q 3 Tr /Text Do Q /Image Do /Image Do"),
            [(b"Image".as_slice(), false), (b"Text".as_slice(), true)]
        );
        assert!(strip(b"(a) Tj", true).changed);
        for both in [b"3 Tr /A Do 0 Tr /A Do", b"0 Tr /A Do 3 Tr /A Do"] {
            assert_eq!(drawn(both), [(b"A".as_slice(), false)]);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken(content in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let out = strip(&content, true);
            proptest::prop_assert_eq!(out.content.len(), content.len());
        }

        #[test]
        fn what_was_stripped_once_has_no_more(content in "[ 0-3a-c()<>\\[\\]/'\"TjrJqQ]{0,80}") {
            let once = strip(content.as_bytes(), true);
            let twice = strip(&once.content, true).content;
            proptest::prop_assert_eq!(once.content, twice);
        }
    }
}
