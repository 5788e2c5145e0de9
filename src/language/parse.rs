//! From a code to a canonical tag.

use std::borrow::Cow;

use super::Language;
use super::script::{self, ScriptModel};
use super::table::{self, Table, Vocabulary};
use crate::error::{Error, Result};
use crate::options::OcrEngine;

type Tag = Cow<'static, str>;

/// Codes that name no language: several, none, unknown, uncoded; and Tesseract's models for
/// orientation and equations.
const NO_LANGUAGE: &[&str] = &["mul", "zxx", "und", "mis", "osd", "equ"];

/// The canonical tag of a code. Vocabularies are asked in the order of how surely a code is theirs.
pub(super) fn lookup(code: &str, engine: OcrEngine) -> Option<Tag> {
    let folded = table::fold(code);
    if let Some(strict) = folded.strip_prefix("iso:") {
        return bcp47(strict.trim()).filter(|tag| !tag.starts_with("und-"));
    }
    if NO_LANGUAGE.contains(&folded.as_str()) {
        return None;
    }
    let named = match engine {
        OcrEngine::EasyOcr => Vocabulary::EasyOcr.tag(&folded),
        OcrEngine::RapidOcr => Vocabulary::RapidOcr.tag(&folded),
        OcrEngine::Auto | OcrEngine::Tesseract => None,
    };
    let two_letters = || table::iso_639(&folded).filter(|_| folded.len() == 2);
    if let Some(tag) = named.or_else(two_letters).or_else(|| Vocabulary::Tesseract.tag(&folded)) {
        return Some(Cow::Borrowed(tag));
    }
    if folded.starts_with("script/") {
        return script::model_named(&folded).map(script_tag);
    }
    if let Some(tag) = bcp47(&folded) {
        return Some(tag);
    }
    if let Some(tag) =
        table::by_name(&code.to_lowercase()).or_else(|| table::by_name(&folded.replace('-', " ")))
    {
        return Some(Cow::Borrowed(tag));
    }
    if let Some(model) = script::model_named(&folded) {
        return Some(script_tag(model));
    }
    Vocabulary::EasyOcr
        .tag(&folded)
        .or_else(|| Vocabulary::RapidOcr.tag(&folded))
        .map(Cow::Borrowed)
}

/// The tag of a script model: `und-Latn`, `und-Hans-x-vert`.
pub(super) fn script_tag(model: &ScriptModel) -> Tag {
    if model.name == script::VIETNAMESE.name {
        return Cow::Borrowed("vi");
    }
    let suffix = if model.vertical { "-x-vert" } else { "" };
    Cow::Owned(format!("und-{}{suffix}", model.script))
}

/// Reads a BCP-47 tag in lower case. Regions count only for the script that they imply; variants
/// and extensions do not change how text is recognised and are read over.
fn bcp47(tag: &str) -> Option<Tag> {
    let mut subtags = tag.split('-').peekable();
    let mut base = subtags.next().filter(|s| (2..=3).contains(&s.len()) && is_alpha(s))?;
    if base != "und" && NO_LANGUAGE.contains(&base) {
        return None;
    }
    // "zh-yue" is an older spelling of "yue".
    if let Some(&extended) = subtags.peek()
        && base == "zh"
        && extended.len() == 3
        && is_alpha(extended)
    {
        base = extended;
        subtags.next();
    }
    let canonical = if base == "und" { "und" } else { table::iso_639(base)? };
    // A deprecated code may stand for a language with a script ("sh" for "sr-Latn").
    let (base, implied) = match canonical.split_once('-') {
        Some((base, script)) => (base, Some(script)),
        None => (canonical, None),
    };
    let (mut script, mut region, mut private) = (None, None, None);
    let mut in_extension = false;
    while let Some(subtag) = subtags.next() {
        if subtag.is_empty()
            || subtag.len() > 8
            || !subtag.chars().all(|c| c.is_ascii_alphanumeric())
        {
            return None;
        }
        match subtag.len() {
            1 if subtag == "x" => {
                private = Some(subtags.next()?);
                break;
            }
            1 => in_extension = true,
            _ if in_extension => {}
            4 if is_alpha(subtag) && script.is_none() => {
                script = Some(script::normalise(subtag)?);
            }
            2 if is_alpha(subtag) && region.is_none() => region = Some(subtag.to_uppercase()),
            3 if is_digits(subtag) && region.is_none() => region = Some(subtag.to_owned()),
            4 if subtag.starts_with(|c: char| c.is_ascii_digit()) => {}
            5..=8 => {}
            _ => return None,
        }
    }
    let regional = || table::region_script(base, region.as_deref()?);
    compose(base, script.or(implied).or_else(regional), private)
}

/// Puts a tag together, leaving out what goes without saying.
fn compose(base: &'static str, script: Option<&'static str>, private: Option<&str>) -> Option<Tag> {
    if base == "und" {
        let script = script?;
        let vertical = private == Some("vert") && script::model_for(script, true).is_some();
        return Some(Cow::Owned(format!("und-{script}{}", if vertical { "-x-vert" } else { "" })));
    }
    let table = Table::get();
    let usual = table.row(base).map(|row| row.script);
    let unusual = script.filter(|script| !usual.is_some_and(|usual| script::covers(usual, script)));
    if let Some(private) = private {
        let spelled = [
            unusual.or(usual).map(|script| format!("{base}-{script}-x-{private}")),
            unusual.is_none().then(|| format!("{base}-x-{private}")),
        ];
        if let Some(row) = spelled.iter().flatten().find_map(|tag| table.row(tag)) {
            return Some(Cow::Borrowed(row.code));
        }
    }
    match unusual {
        Some(script) => {
            let tag = format!("{base}-{script}");
            Some(table.row(&tag).map_or(Cow::Owned(tag), |row| Cow::Borrowed(row.code)))
        }
        // The bare code is Tesseract's for German in Fraktur; with a script it is Frankish again.
        None if base == "frk" => Some(Cow::Borrowed("frk-Latn")),
        None => Some(Cow::Borrowed(base)),
    }
}

fn is_alpha(subtag: &str) -> bool {
    subtag.chars().all(|c| c.is_ascii_alphabetic())
}

fn is_digits(subtag: &str) -> bool {
    subtag.chars().all(|c| c.is_ascii_digit())
}

/// Reads a list, see [`Language::parse_list_for`].
pub(super) fn list<I>(codes: I, engine: OcrEngine) -> Result<Vec<Language>>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let mut languages: Vec<Language> = Vec::new();
    let mut push = |tag: Tag| {
        let language = Language { tag };
        if !languages.contains(&language) {
            languages.push(language);
        }
    };
    let mut asked_auto = None;
    let mut count = 0_usize;
    for item in codes {
        let pieces = item.as_ref().split([',', '+', ';']).map(str::trim);
        for piece in pieces.filter(|piece| !piece.is_empty()) {
            count += 1;
            if piece.eq_ignore_ascii_case("auto") {
                asked_auto = Some(piece.to_owned());
            } else if let Some(tag) = lookup(piece, engine) {
                push(tag);
            } else {
                // Only now, as names hold spaces themselves ("Scottish Gaelic").
                for word in piece.split_whitespace() {
                    push(lookup(word, engine).ok_or_else(|| unknown(word))?);
                }
            }
        }
    }
    match asked_auto {
        // "Detect" and "this language" contradict each other.
        Some(auto) if count > 1 => Err(unknown(&auto)),
        _ => Ok(languages),
    }
}

fn unknown(code: &str) -> Error {
    Error::UnknownLanguage { code: code.to_owned() }
}
