//! List items: their markers and their nesting.

use crate::document::ListMarker;

/// Glyphs that stand for a bullet, private-use ones of symbol fonts among them.
const BULLETS: &str = "•◦▪▫■□●○◆◇►▶➢➤✓✔✗★☆‣⁃∙·–—-*+\u{F0B7}\u{F0A7}\u{F0A8}\u{F0D8}\u{F0FC}\u{F076}\u{F02D}\u{F06E}¢»«";
/// What is a bullet only when it stands alone before a space (a dash may start a line otherwise).
const NEED_SPACE: &str = "–—-*+·¢»«";

/// Splits the marker off the text of an item; `None` when the text starts no item.
pub(super) fn split_marker(text: &str) -> Option<(ListMarker, &str)> {
    let text = text.trim_start();
    let first = text.chars().next()?;
    if let Some((marker, rest)) = text.split_once(char::is_whitespace)
        && marker.chars().count() == 2
        && marker.chars().all(|c| "+«»*•¢°·".contains(c))
        && !rest.trim().is_empty()
    {
        // What OCR makes of a bullet.
        return Some((ListMarker::Bullet, rest.trim_start()));
    }
    if BULLETS.contains(first) {
        let rest = &text[first.len_utf8()..];
        let spaced = rest.starts_with(char::is_whitespace);
        if (spaced || !NEED_SPACE.contains(first) && !rest.is_empty()) && !rest.trim().is_empty() {
            return Some((ListMarker::Bullet, rest.trim_start()));
        }
        return None;
    }
    let (marker, rest) = text.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    if rest.is_empty() {
        return None;
    }
    if matches!(marker, "o" | "O") && rest.chars().next().is_some_and(char::is_uppercase) {
        return Some((ListMarker::Bullet, rest));
    }
    let core = marker.strip_prefix('(').unwrap_or(marker);
    let core =
        core.strip_suffix(['.', ')', ':']).filter(|c| !c.is_empty() && c.len() < marker.len())?;
    // "(a" without its closing bracket or "1:" before a number are no markers.
    if marker.starts_with('(') && !marker.ends_with(')') || marker.ends_with(':') {
        return None;
    }
    if core.chars().all(|c| c.is_ascii_digit()) && core.len() <= 3 {
        return Some((ListMarker::Number(marker.to_owned()), rest));
    }
    let letter = core.chars().count() == 1 && core.chars().all(char::is_alphabetic);
    let roman = !core.is_empty() && core.len() <= 5 && core.chars().all(|c| "ivxIVX".contains(c));
    // "A. Miller" is a name: a capital with a full stop is no marker by itself.
    let initial = marker.ends_with('.') && core.chars().all(char::is_uppercase) && !roman;
    if (letter && !initial) || roman {
        return Some((ListMarker::Letter(marker.to_owned()), rest));
    }
    None
}

/// Whether a line starts a list item.
pub(super) fn starts_item(text: &str) -> bool {
    split_marker(text).is_some()
}

/// Nesting depth of consecutive items from the left sides of their markers, in ems.
pub(super) fn depths(lefts: &[f32], em: f32) -> Vec<u8> {
    /// Items set in by less than this many ems are on one level.
    const STEP: f32 = 0.6;
    let mut stack: Vec<f32> = Vec::new();
    lefts
        .iter()
        .map(|&left| {
            while stack.last().is_some_and(|&top| left < top - STEP * em) {
                stack.pop();
            }
            if stack.last().is_none_or(|&top| left > top + STEP * em) {
                stack.push(left);
            }
            u8::try_from(stack.len() - 1).unwrap_or(u8::MAX)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_of_all_kinds() {
        for text in
            ["• one", "– one", "+» one", "* one", "3. one", "(3) one", "b) one", "iv. one", "●one"]
        {
            assert_eq!(split_marker(text).map(|m| m.1), Some("one"), "{text}");
        }
    }

    #[test]
    fn text_that_only_looks_like_an_item() {
        for text in ["2019 was", "A. Miller", "-5 degrees", "a word", "1.5 metres", "•", "I. "] {
            assert_eq!(split_marker(text), None, "{text}");
        }
    }

    #[test]
    fn nesting_follows_the_indent() {
        assert_eq!(depths(&[50.0, 70.0, 70.5, 90.0, 50.0, 70.0], 10.0), [0, 1, 1, 2, 0, 1]);
    }
}
