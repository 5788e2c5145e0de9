//! Which letters a language is written with: what can write those can write the language.

use std::collections::HashSet;

use unicode_normalization::char::is_combining_mark;

use super::{Language, letters};

/// Characters that are frequent in one way of writing Chinese characters and foreign to the others.
const SIMPLIFIED: &str = "这为国个们时发经说对";
const TRADITIONAL: &str = "這為國個們時發經說對";
const JAPANESE: &str = "のにはをたがでとしれア国対発経";
const KOREAN: &str = "가나다라이는을의에서";
/// What every language in Latin letters may use: its own, and those of its western neighbours.
const LATIN: &str = "abcdefghijklmnopqrstuvwxyzàáâãäåæçèéêëìíîïñòóôõöøùúûüßœ";
const CYRILLIC: &str = "абвгдежзийклмнопрстуфхцчшщыьюя";

/// Whether characters for which `has` holds are enough to write a language. Letters are those of its
/// text in the Universal Declaration of Human Rights; where there is none, those of its script.
/// Accents that are characters of their own do not count.
///
/// `false` where nothing is known about it.
pub(crate) fn is_written_with(language: &Language, has: impl Fn(char) -> bool) -> bool {
    let all = |text: &str| text.chars().all(&has);
    let script = match language.script() {
        Some("Hans") => return all(SIMPLIFIED),
        Some("Hant") => return all(TRADITIONAL),
        Some("Hani") => return all(SIMPLIFIED) && all(TRADITIONAL),
        Some("Jpan" | "Hira" | "Kana") => return all(JAPANESE),
        Some("Kore" | "Hang") => return all(KOREAN),
        Some(script) => script,
        None => return false,
    };
    if let Some(mut own) = letters::alphabet(language.base(), script) {
        return own.all(|c| is_combining_mark(c) || has(c));
    }
    match script {
        // Old print has letters of its own.
        "Latn" if !language.is_old() => all(LATIN),
        "Cyrl" => all(CYRILLIC),
        _ => false,
    }
}

/// The letters of languages, capitals among them; `None` where those of one of them are not known.
///
/// Of languages without letters (Chinese) there is nothing to be said: they are not known.
pub(crate) fn letters_of(languages: &[Language]) -> Option<HashSet<char>> {
    let mut all = HashSet::new();
    for language in languages {
        for letter in letters::alphabet(language.base(), language.script()?)? {
            all.extend(letter.to_lowercase().chain(letter.to_uppercase()));
        }
    }
    (!all.is_empty()).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(code: &str, characters: &str) -> bool {
        let language = Language::parse(code).unwrap();
        is_written_with(&language, |c| characters.contains(c))
    }

    #[test]
    fn every_letter_counts() {
        let english = "abcdefghijklmnopqrstuvwxyz";
        assert!(written("en", english));
        assert!(!written("sv", english));
        assert!(written("sv", &format!("{english}åäöé")));
        assert!(!written("el", english));
    }

    #[test]
    fn ways_of_writing_chinese_characters_are_told_apart() {
        assert!(written("zh", SIMPLIFIED) && !written("zh-Hant", SIMPLIFIED));
        assert!(written("zh-Hant", TRADITIONAL) && !written("ja", TRADITIONAL));
        assert!(written("ja", JAPANESE) && !written("zh", JAPANESE));
        assert!(written("ko", KOREAN) && !written("ko", JAPANESE));
    }

    #[test]
    fn letters_of_several_languages_are_those_of_each() {
        let letters = |codes: &str| letters_of(&Language::parse_list(codes).unwrap());
        let both = letters("sv,de").unwrap();
        assert!("aåäöÅßü".chars().all(|c| both.contains(&c)), "{both:?}");
        assert!("ġċñ".chars().all(|c| !both.contains(&c)), "{both:?}");
        assert!(letters("sv,chr").is_none());
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        assert!(!is_written_with(&Language::parse("chr").unwrap(), |c| c.is_ascii()));
    }
}
