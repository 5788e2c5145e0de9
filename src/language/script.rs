//! Scripts by their ISO 15924 codes, and Tesseract's models for whole scripts.

/// A Tesseract model for a script instead of a language.
#[derive(Debug)]
pub(super) struct ScriptModel {
    /// Tesseract's name; upstream keeps the file in `script/`, Debian does not.
    pub(super) name: &'static str,
    /// `name` with upstream's folder.
    pub(super) path: &'static str,
    /// End of Debian's package name.
    pub(super) debian: &'static str,
    /// ISO 15924.
    pub(super) script: &'static str,
    pub(super) vertical: bool,
}

macro_rules! models {
    ($($name:literal $debian:literal $script:literal $vertical:literal;)*) => {
        &[$(ScriptModel {
            name: $name,
            path: concat!("script/", $name),
            debian: $debian,
            script: $script,
            vertical: $vertical,
        }),*]
    };
}

const MODELS: &[ScriptModel] = models! {
    "Arabic" "arab" "Arab" false;
    "Armenian" "armn" "Armn" false;
    "Bengali" "beng" "Beng" false;
    "Canadian_Aboriginal" "cans" "Cans" false;
    "Cherokee" "cher" "Cher" false;
    "Cyrillic" "cyrl" "Cyrl" false;
    "Devanagari" "deva" "Deva" false;
    "Ethiopic" "ethi" "Ethi" false;
    "Fraktur" "frak" "Latf" false;
    "Georgian" "geor" "Geor" false;
    "Greek" "grek" "Grek" false;
    "Gujarati" "gujr" "Gujr" false;
    "Gurmukhi" "guru" "Guru" false;
    "Hangul" "hang" "Hang" false;
    "Hangul_vert" "hang-vert" "Hang" true;
    "HanS" "hans" "Hans" false;
    "HanS_vert" "hans-vert" "Hans" true;
    "HanT" "hant" "Hant" false;
    "HanT_vert" "hant-vert" "Hant" true;
    "Hebrew" "hebr" "Hebr" false;
    "Japanese" "jpan" "Jpan" false;
    "Japanese_vert" "jpan-vert" "Jpan" true;
    "Kannada" "knda" "Knda" false;
    "Khmer" "khmr" "Khmr" false;
    "Lao" "laoo" "Laoo" false;
    "Latin" "latn" "Latn" false;
    "Malayalam" "mlym" "Mlym" false;
    "Myanmar" "mymr" "Mymr" false;
    "Oriya" "orya" "Orya" false;
    "Sinhala" "sinh" "Sinh" false;
    "Syriac" "syrc" "Syrc" false;
    "Tamil" "taml" "Taml" false;
    "Telugu" "telu" "Telu" false;
    "Thaana" "thaa" "Thaa" false;
    "Thai" "thai" "Thai" false;
    "Tibetan" "tibt" "Tibt" false;
};

/// Latin with the Vietnamese letters: no script of its own, so `vi` names it.
pub(super) const VIETNAMESE: ScriptModel = ScriptModel {
    name: "Vietnamese",
    path: "script/Vietnamese",
    debian: "viet",
    script: "Latn",
    vertical: false,
};

/// The model for a script (ISO 15924).
pub(super) fn model_for(script: &str, vertical: bool) -> Option<&'static ScriptModel> {
    let script = match script {
        "Kore" => "Hang",
        "Hira" | "Kana" | "Hrkt" => "Jpan",
        "Hani" | "Hanb" => "Hans",
        other => other,
    };
    MODELS.iter().find(|model| model.script == script && model.vertical == vertical)
}

/// The model of this name (`HanS_vert`, `script/HanS_vert`), in any case.
pub(super) fn model_named(name: &str) -> Option<&'static ScriptModel> {
    let bare = match name.get(..7) {
        Some(folder) if folder.eq_ignore_ascii_case("script/") => &name[7..],
        _ => name,
    };
    let bare = bare.replace('-', "_");
    MODELS.iter().chain([&VIETNAMESE]).find(|model| model.name.eq_ignore_ascii_case(&bare))
}

/// The ISO 15924 code in its usual spelling, with mere styles of writing folded into their script.
/// Fraktur (Latf) and the two Han scripts stay, as they have models of their own.
pub(super) fn normalise(code: &str) -> Option<&'static str> {
    let mut letters = code.chars();
    let code: String =
        letters.next()?.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect();
    match code.as_str() {
        "Aran" => Some("Arab"),
        "Cyrs" => Some("Cyrl"),
        "Latg" => Some("Latn"),
        "Syre" | "Syrj" | "Syrn" => Some("Syrc"),
        "Hans" => Some("Hans"),
        "Hant" => Some("Hant"),
        "Jpan" => Some("Jpan"),
        "Kore" => Some("Kore"),
        "Latf" => Some("Latf"),
        "Hanb" => Some("Hant"),
        "Hrkt" => Some("Jpan"),
        "Zyyy" | "Zinh" | "Zzzz" => None,
        other => unicode_script::Script::from_short_name(other).map(|script| script.short_name()),
    }
}

/// ISO 15924 codes of the script that Tesseract's script detection calls so, as languages have
/// them; empty for a name that is none.
pub(crate) fn detected_as(name: &str) -> &'static [&'static str] {
    match name {
        "Han" | "Japanese" | "Hiragana" | "Katakana" => &["Jpan", "Hans", "Hant"],
        "Korean" | "Hangul" => &["Kore", "Hang"],
        "Fraktur" => &["Latf", "Latn"],
        _ => match MODELS.iter().find(|model| model.name == name) {
            Some(model) => std::slice::from_ref(&model.script),
            None => &[],
        },
    }
}

/// Whether text in `part` may be text in `whole` (kana is part of the Japanese script).
pub(super) fn covers(whole: &str, part: &str) -> bool {
    whole == part
        || matches!(
            (whole, part),
            ("Jpan", "Hira" | "Kana" | "Hani") | ("Kore", "Hang" | "Hani") | ("Hans", "Hani")
        )
}

/// Whether the script runs from right to left.
pub(super) fn is_rtl(script: &str) -> bool {
    matches!(
        script,
        "Adlm" | "Arab" | "Avst" | "Hebr" | "Mand" | "Nkoo" | "Rohg" | "Samr" | "Syrc" | "Thaa"
    )
}

/// Whether the script is Han, kana or Hangul.
pub(super) fn is_cjk(script: &str) -> bool {
    matches!(script, "Hans" | "Hant" | "Hani" | "Jpan" | "Hira" | "Kana" | "Kore" | "Hang" | "Bopo")
}

/// Whether words are set apart by spaces. Korean has them; Tibetan parts syllables, not words.
pub(super) fn has_spaces(script: &str) -> bool {
    !matches!(
        script,
        "Hans"
            | "Hant"
            | "Hani"
            | "Jpan"
            | "Hira"
            | "Kana"
            | "Bopo"
            | "Thai"
            | "Khmr"
            | "Laoo"
            | "Mymr"
            | "Tibt"
    )
}

/// The script's English name.
pub(super) fn name(script: &str) -> &'static str {
    match script {
        "Hans" => "Simplified Han",
        "Hant" => "Traditional Han",
        "Jpan" => "Japanese",
        "Kore" => "Korean",
        "Latf" => "Fraktur",
        "Cans" => "Canadian Aboriginal",
        other => unicode_script::Script::from_short_name(other)
            .map_or("unknown", |script| script.full_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_spelled_as_iso_15924_does() {
        assert_eq!(normalise("hANT"), Some("Hant"));
        assert_eq!(normalise("cyrl"), Some("Cyrl"));
        assert_eq!(normalise("aran"), Some("Arab"));
        assert_eq!(normalise("vert"), None);
        assert_eq!(normalise("Zzzz"), None);
        assert_eq!(normalise(""), None);
    }

    #[test]
    fn every_model_is_found_by_name_folder_and_script() {
        for model in MODELS {
            assert_eq!(model_named(model.name).map(|m| m.name), Some(model.name));
            assert_eq!(model_named(&model.path.to_lowercase()).map(|m| m.name), Some(model.name));
            assert_eq!(model_for(model.script, model.vertical).map(|m| m.name), Some(model.name));
            assert!(normalise(model.script).is_some(), "{}", model.script);
        }
        assert!(model_for("Kore", false).is_some_and(|m| m.name == "Hangul"));
        assert!(model_for("Runr", false).is_none());
    }
}
