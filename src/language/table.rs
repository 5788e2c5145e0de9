//! The table of languages, read once, and the small tables that go with it.

use std::collections::HashMap;
use std::sync::OnceLock;

const TSV: &str = include_str!("languages.tsv");

/// One row of `languages.tsv`; empty cells are `None`.
#[derive(Debug)]
pub(super) struct Row {
    /// First column: ISO 639-1, else BCP-47.
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) tesseract: Option<&'static str>,
    pub(super) easyocr: Option<&'static str>,
    pub(super) rapidocr: Option<&'static str>,
    /// ISO 15924.
    pub(super) script: &'static str,
}

pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    by_code: HashMap<&'static str, usize>,
}

impl Table {
    pub(super) fn get() -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| {
            let rows: Vec<Row> = TSV.lines().skip(1).filter_map(row).collect();
            let by_code = rows.iter().enumerate().map(|(i, row)| (row.code, i)).collect();
            Self { rows, by_code }
        })
    }

    /// The row whose first column is `code`, in exactly this spelling.
    pub(super) fn row(&self, code: &str) -> Option<&Row> {
        self.by_code.get(code).and_then(|&i| self.rows.get(i))
    }
}

fn row(line: &'static str) -> Option<Row> {
    let mut cells = line.split('\t');
    let code = cells.next().filter(|code| !code.is_empty())?;
    let name = cells.next()?;
    let mut cell = || cells.next().map(|cell| (!cell.is_empty()).then_some(cell));
    let (tesseract, easyocr, rapidocr) = (cell()?, cell()?, cell()?);
    Some(Row { code, name, tesseract, easyocr, rapidocr, script: cell()?? })
}

/// Codes with another canonical form, as (code, canonical tag): deprecated ones, ISO 639-3 members
/// that stand for their macrolanguage, and spelled-out default scripts.
const CANONICAL: &[(&str, &str)] = &[
    // Deprecated in ISO 639-1.
    ("in", "id"),
    ("iw", "he"),
    ("ji", "yi"),
    ("jw", "jv"),
    ("mo", "ro"),
    ("mol", "ro"),
    ("sh", "sr-Latn"),
    ("hbs", "sr-Latn"),
    ("bih", "bh"),
    // Members that everybody means by the macrolanguage's name.
    ("als", "sq"),
    ("arb", "ar"),
    ("azj", "az"),
    ("cmn", "zh"),
    ("ekk", "et"),
    ("gug", "gn"),
    ("khk", "mn"),
    ("kmr", "ku"),
    ("lvs", "lv"),
    ("npi", "ne"),
    ("ory", "or"),
    ("pes", "fa"),
    ("plt", "mg"),
    ("pnb", "pa-Arab"),
    ("prs", "fa"),
    ("quz", "qu"),
    ("swh", "sw"),
    ("uzn", "uz"),
    ("ydd", "yi"),
    ("zsm", "ms"),
];

/// ISO 639-2/B, where it differs from ISO 639-3.
const BIBLIOGRAPHIC: &[(&str, &str)] = &[
    ("alb", "sq"),
    ("arm", "hy"),
    ("baq", "eu"),
    ("bur", "my"),
    ("chi", "zh"),
    ("cze", "cs"),
    ("dut", "nl"),
    ("fre", "fr"),
    ("geo", "ka"),
    ("ger", "de"),
    ("gre", "el"),
    ("ice", "is"),
    ("mac", "mk"),
    ("mao", "mi"),
    ("may", "ms"),
    ("per", "fa"),
    ("rum", "ro"),
    ("scc", "sr"),
    ("scr", "hr"),
    ("slo", "sk"),
    ("tib", "bo"),
    ("wel", "cy"),
];

/// The script that a region writes a language in, where it is not the language's usual one.
const REGION_SCRIPTS: &[(&str, &str, &str)] = &[
    ("az", "IR", "Arab"),
    ("az", "RU", "Cyrl"),
    ("kk", "CN", "Arab"),
    ("ku", "IQ", "Arab"),
    ("ku", "IR", "Arab"),
    ("ky", "CN", "Arab"),
    ("mn", "CN", "Mong"),
    ("pa", "PK", "Arab"),
    ("sd", "IN", "Deva"),
    ("sr", "ME", "Latn"),
    ("tg", "PK", "Arab"),
    ("tk", "AF", "Arab"),
    ("tk", "IR", "Arab"),
    ("ug", "KZ", "Cyrl"),
    ("uz", "AF", "Arab"),
    ("uz", "CN", "Cyrl"),
    ("zh", "HK", "Hant"),
    ("zh", "MO", "Hant"),
    ("zh", "TW", "Hant"),
];

/// Names that people type and that neither our table nor ISO 639-3 lists.
const NAMES: &[(&str, &str)] = &[
    ("bokmal", "nb"),
    ("bokmål", "nb"),
    ("cambodian", "km"),
    ("castilian", "es"),
    ("chewa", "ny"),
    ("chinese simplified", "zh"),
    ("chinese traditional", "zh-Hant"),
    ("dhivehi", "dv"),
    ("farsi", "fa"),
    ("flemish", "nl"),
    ("frisian", "fy"),
    ("gaelic", "gd"),
    ("german fraktur", "de-Latf"),
    ("greek", "el"),
    ("haitian creole", "ht"),
    ("irish gaelic", "ga"),
    ("kurmanji", "ku"),
    ("kyrgyz", "ky"),
    ("mandarin", "zh"),
    ("mandarin chinese", "zh"),
    ("moldovan", "ro"),
    ("myanmar", "my"),
    ("norwegian bokmal", "nb"),
    ("nynorsk", "nn"),
    ("odia", "or"),
    ("pashto", "ps"),
    ("punjabi", "pa"),
    ("scots gaelic", "gd"),
    ("sesotho", "st"),
    ("simplified chinese", "zh"),
    ("sinhalese", "si"),
    ("slovene", "sl"),
    ("sorani", "ckb"),
    ("traditional chinese", "zh-Hant"),
    ("uyghur", "ug"),
];

/// Engine codes that stand for a script or group, or that the table does not carry.
const NATIVE: &[(Vocabulary, &str, &str)] = &[
    (Vocabulary::Tesseract, "deu-latf", "de-Latf"),
    // The older, wrongly named Kurdish model of Tesseract 3.
    (Vocabulary::Tesseract, "kur", "ku"),
    // Not in EasyOCR's list, but what its users write after PP-OCR.
    (Vocabulary::EasyOcr, "ch", "zh"),
    (Vocabulary::RapidOcr, "arabic", "und-Arab"),
    (Vocabulary::RapidOcr, "ch-doc", "zh"),
    (Vocabulary::RapidOcr, "cyrillic", "und-Cyrl"),
    (Vocabulary::RapidOcr, "devanagari", "und-Deva"),
    (Vocabulary::RapidOcr, "eslav", "zle"),
    (Vocabulary::RapidOcr, "latin", "und-Latn"),
];

/// An engine's own set of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vocabulary {
    Tesseract,
    EasyOcr,
    RapidOcr,
}

impl Vocabulary {
    fn column(self, row: &Row) -> Option<&'static str> {
        match self {
            Self::Tesseract => row.tesseract,
            Self::EasyOcr => row.easyocr,
            Self::RapidOcr => row.rapidocr,
        }
    }

    /// The canonical tag of an engine's own code, which is given in lower case with hyphens.
    pub(super) fn tag(self, code: &str) -> Option<&'static str> {
        if let Some((.., tag)) = NATIVE.iter().find(|(v, native, _)| *v == self && *native == code)
        {
            return Some(tag);
        }
        let same = |native: &str| native.len() == code.len() && fold(native) == code;
        // Several languages may share one model: the one that ISO calls by this code comes first
        // (`nor` is Norwegian, not Bokmål), then the order of the table.
        let iso = iso_639(code);
        let rows = &Table::get().rows;
        let mut sharing = rows.iter().filter(|row| self.column(row).is_some_and(same));
        let first = sharing.next()?;
        let best = std::iter::once(first)
            .chain(sharing)
            .find(|row| row.code == code || iso == Some(row.code))
            .unwrap_or(first);
        Some(canonical(best.code).unwrap_or(best.code))
    }
}

/// Lower case, with hyphens for underscores.
pub(super) fn fold(code: &str) -> String {
    code.to_lowercase().replace('_', "-")
}

/// The canonical tag of a code that has another one.
pub(super) fn canonical(code: &str) -> Option<&'static str> {
    match code {
        "zh-Hans" => Some("zh"),
        "sr-Cyrl" => Some("sr"),
        _ => find(CANONICAL, code),
    }
}

/// The shortest canonical tag of a bare ISO 639-1, 639-2 or 639-3 code in lower case.
pub(super) fn iso_639(code: &str) -> Option<&'static str> {
    if let Some(tag) = canonical(code).or_else(|| find(BIBLIOGRAPHIC, code)) {
        return Some(tag);
    }
    let language = match code.len() {
        2 => isolang::Language::from_639_1(code),
        3 => isolang::Language::from_639_3(code),
        _ => None,
    };
    match language.and_then(|language| language.to_639_1()) {
        Some(short) => Some(short),
        // Codes that the table has and ISO 639-3 has not (`bh`, `zle`).
        None => (Table::get().row(code).filter(|_| code.len() <= 3).map(|row| row.code))
            .or(language.map(|language| language.to_639_3())),
    }
}

/// The canonical tag of an English name in lower case.
pub(super) fn by_name(name: &str) -> Option<&'static str> {
    if let Some(tag) = find(NAMES, name) {
        return Some(tag);
    }
    if let Some(row) = Table::get().rows.iter().find(|row| row.name.to_lowercase() == name) {
        return Some(canonical(row.code).unwrap_or(row.code));
    }
    // Where several languages share a name, the one with a two-letter code is meant.
    let wanted = name.to_owned();
    let mut tags: Vec<&'static str> =
        isolang::Language::match_names(move |n| n.to_lowercase() == wanted)
            .filter_map(|language| iso_639(language.to_639_3()))
            .collect();
    tags.sort_by_key(|tag| tag.len());
    tags.first().copied()
}

/// The script that `region` (upper case) writes `language` in, if not the usual one.
pub(super) fn region_script(language: &str, region: &str) -> Option<&'static str> {
    let same = |(l, r, _): &&(&str, &str, &str)| *l == language && *r == region;
    REGION_SCRIPTS.iter().find(same).map(|(.., script)| *script)
}

fn find(pairs: &'static [(&'static str, &'static str)], key: &str) -> Option<&'static str> {
    pairs.iter().find(|(k, _)| *k == key).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_has_no_double_row() {
        let table = Table::get();
        assert_eq!(table.rows.len(), TSV.lines().count() - 1);
        assert_eq!(table.rows.len(), table.by_code.len());
        assert!(table.rows.len() >= 228);
    }

    #[test]
    fn canonical_forms_are_final() {
        let targets = CANONICAL.iter().chain(BIBLIOGRAPHIC).chain(NAMES).map(|(_, tag)| tag);
        for tag in targets.chain(NATIVE.iter().map(|(.., tag)| tag)) {
            assert_eq!(canonical(tag), None, "{tag}");
        }
    }
}
