//! The language of a text layer, by a sample of it.

use std::sync::OnceLock;

use super::{Language, detect};

/// Words of a sample; more do not make the answer any surer, and cost time on every page.
const WORDS: usize = 160;
/// They are taken in so many runs from all over the page: a title or a table says little.
const RUNS: usize = 8;
/// Fewer letters than this are a title page or a formula: no certain answer.
const LEAST_LETTERS: usize = 60;
/// Confidence from which the answer is given.
const CERTAIN: f32 = 0.8;

/// The language of these words, as a BCP-47 tag; `None` where it is not certain.
pub(crate) fn of_words(words: &[&str]) -> Option<String> {
    static ALL: OnceLock<Vec<Language>> = OnceLock::new();
    let text = sample(words);
    if text.chars().filter(|c| c.is_alphabetic()).count() < LEAST_LETTERS {
        return None;
    }
    let found = detect(&text, ALL.get_or_init(Language::all))?;
    (found.confidence >= CERTAIN).then(|| found.language.tag().to_owned())
}

/// Runs of words from all over a text.
fn sample(words: &[&str]) -> String {
    if words.len() <= WORDS {
        return words.join(" ");
    }
    let run = |n: usize| &words[n * words.len() / RUNS..][..WORDS / RUNS];
    (0..RUNS).map(|n| run(n).join(" ")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<String> {
        of_words(&text.split_whitespace().collect::<Vec<_>>())
    }

    const ENGLISH: &str = "The ship left the harbour before dawn and the crew had no time to say \
                           farewell to those who stood and waited on the quay in the rain.";
    const SWEDISH: &str = "Fartyget lämnade hamnen före gryningen och besättningen hann inte ta \
                           farväl av dem som stod kvar och väntade på kajen i regnet den morgonen.";

    #[test]
    fn languages_of_text_are_told() {
        assert_eq!(told(ENGLISH).as_deref(), Some("en"));
        assert_eq!(told(SWEDISH).as_deref(), Some("sv"));
        assert_eq!(
            told(&"東京都は日本の首都です。人口は多く、世界有数の都市です。".repeat(4)).as_deref(),
            Some("ja")
        );
    }

    #[test]
    fn what_is_not_certain_is_not_told() {
        for text in ["", "Annual report 2024", "x 12.5 y 13.7 z 9.1 a b c d e f", &ENGLISH[..40]] {
            assert_eq!(told(text), None, "{text}");
        }
        assert_eq!(told(&"qz xv jq wk vx zz kq ".repeat(20)), None);
    }

    #[test]
    fn a_long_text_is_told_by_a_sample_from_all_over_it() {
        let words: Vec<&str> = ENGLISH.split_whitespace().cycle().take(5000).collect();
        assert_eq!(sample(&words).split(' ').count(), WORDS);
        assert_eq!(of_words(&words).as_deref(), Some("en"));
        // Of 161 words the last run ends within the text.
        assert_eq!(sample(&words[..WORDS + 1]).split(' ').count(), WORDS);
    }
}
