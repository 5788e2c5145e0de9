//! LaTeX as models answer with it.

/// Most characters of a formula; more is no formula.
const MOST: usize = 4000;

/// The formula in an answer, without fences, dollars and brackets of display around it; `None` where
/// nothing is left, or far too much.
pub(crate) fn clean(answer: &str) -> Option<String> {
    let mut text = answer.trim();
    if let Some(inner) = text.strip_prefix("```") {
        let inner = inner.trim_end().strip_suffix("```").unwrap_or(inner);
        // The first line of a fence names the language.
        let named = |line: &str| line.chars().all(|c| c.is_ascii_alphabetic());
        text = match inner.split_once('\n') {
            Some((first, rest)) if named(first.trim()) => rest,
            _ => inner,
        }
        .trim();
    }
    for (open, close) in [("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("$", "$")] {
        let inner = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        if let Some(inner) = inner {
            text = inner.trim();
            break;
        }
    }
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!one_line.is_empty() && one_line.chars().count() <= MOST).then_some(one_line)
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn marks_around_a_formula_are_taken_off() {
        for answer in [
            "a^2",
            "$$a^2$$",
            "$a^2$",
            "\\[ a^2 \\]",
            "```latex\na^2\n```",
            "```\n$$\na^2\n$$\n```",
        ] {
            assert_eq!(clean(answer).as_deref(), Some("a^2"), "{answer}");
        }
        assert_eq!(clean("  "), None);
        assert_eq!(clean("$$$$"), None);
        assert_eq!(clean(&"x".repeat(5000)), None);
        assert_eq!(clean("a \\\\\n b").as_deref(), Some("a \\\\ b"));
    }
}
