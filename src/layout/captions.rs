//! Captions, by the words that they start with.

/// "Figure 3:", "Tabelle 2.", "Fig. 1", "図 4".
pub(super) fn is_caption(text: &str) -> bool {
    const WORDS: [&str; 22] = [
        "figure",
        "fig",
        "table",
        "tab",
        "chart",
        "exhibit",
        "plate",
        "scheme",
        "box",
        "abbildung",
        "abb",
        "tabelle",
        "tableau",
        "figura",
        "tabla",
        "tabell",
        "afbeelding",
        "рисунок",
        "рис",
        "таблица",
        "diagram",
        "map",
    ];
    let mut parts = text.split_whitespace();
    let Some(first) = parts.next() else { return false };
    if first.starts_with(['図', '表', '图']) {
        return first
            .chars()
            .nth(1)
            .or_else(|| parts.next()?.chars().next())
            .is_some_and(char::is_numeric);
    }
    let word = first.trim_end_matches(['.', ':']).to_lowercase();
    WORDS.contains(&word.as_str())
        && parts.next().is_some_and(|n| {
            n.chars().next().is_some_and(|c| {
                c.is_numeric()
                    || c.is_uppercase() && n.trim_end_matches(['.', ':']).chars().count() <= 4
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_start_with_a_word_and_a_number() {
        for text in ["Figure 3: A map", "Table IV Results", "Tabelle 2. Werte", "図 4"] {
            assert!(is_caption(text), "{text}");
        }
        for text in ["Table of Contents", "Tables 3", "Figures show", "A Figure 3"] {
            assert!(!is_caption(text), "{text}");
        }
    }
}
