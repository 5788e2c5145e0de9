use std::collections::BTreeSet;

use super::*;

fn tag(code: &str) -> String {
    Language::parse(code).map_or_else(|e| format!("error: {e}"), String::from)
}

fn tag_for(code: &str, engine: OcrEngine) -> String {
    Language::parse_for(code, engine).map_or_else(|e| format!("error: {e}"), String::from)
}

fn refused(code: &str) -> bool {
    matches!(Language::parse(code), Err(Error::UnknownLanguage { code: named }) if named == code)
}

#[test]
fn every_row_parses_by_each_of_its_codes_and_round_trips() {
    use OcrEngine::{Auto, EasyOcr, RapidOcr, Tesseract};
    const FAMILIES: &[&str] = &["latin", "cyrillic", "arabic", "devanagari", "eslav"];
    for row in &Table::get().rows {
        let language = Language::parse(row.code).unwrap();
        assert_eq!(language.tag(), table::canonical(row.code).unwrap_or(row.code));
        assert_eq!(language.script(), Some(row.script), "{}", row.code);
        assert_eq!(Language::parse(language.tag()).unwrap(), language);
        assert_eq!(Language::parse(&format!("iso:{}", row.code)).unwrap(), language);
        assert_eq!(Language::parse(&row.code.to_uppercase()).unwrap(), language);
        assert_eq!(Language::parse(&row.code.replace('-', "_")).unwrap(), language);
        let json = serde_json::to_string(&language).unwrap();
        assert_eq!(json, format!("\"{}\"", language.tag()));
        assert_eq!(serde_json::from_str::<Language>(&json).unwrap(), language);
        assert!(!language.name().is_empty());

        let native = [
            (Tesseract, row.tesseract),
            (Auto, row.tesseract),
            (EasyOcr, row.easyocr),
            (RapidOcr, row.rapidocr),
        ];
        for (engine, code) in native {
            assert_eq!(language.engine_code(engine), code, "{} for {engine:?}", row.code);
            let Some(code) = code.filter(|code| !FAMILIES.contains(code)) else { continue };
            let read = Language::parse_for(code, engine).unwrap();
            assert_eq!(read.engine_code(engine), Some(code), "{code} for {engine:?}");
            assert_eq!(Language::parse_for(&code.to_uppercase(), engine).unwrap(), read);
        }
        // Names are unique but where two rows are one language.
        assert_eq!(Language::parse(row.name).unwrap().name(), language.name(), "{}", row.name);
    }
}

#[test]
fn every_iso_639_language_round_trips_by_its_tag() {
    let mut count = 0;
    for a in b'a'..=b'z' {
        for b in b'a'..=b'z' {
            for c in b'a'..=b'z' {
                let code = String::from_utf8(vec![a, b, c]).unwrap();
                let Ok(language) = Language::parse(&format!("iso:{code}")) else { continue };
                count += 1;
                assert_eq!(Language::parse(language.tag()).unwrap(), language, "{code}");
                assert_ne!(language.name(), language.tag());
            }
        }
    }
    assert!(count > 7000, "{count}");
}

#[test]
fn all_lists_each_language_once() {
    let all = Language::all();
    let tags: BTreeSet<&str> = all.iter().map(Language::tag).collect();
    assert_eq!(tags.len(), all.len());
    for tag in ["sv", "zh", "zh-Hant", "sr", "sr-Latn", "de-Latf", "grc", "no"] {
        assert!(tags.contains(tag), "{tag}");
    }
    for tag in ["iw", "zh-Hans", "sh", "mo"] {
        assert!(!tags.contains(tag), "{tag}");
    }
}

#[test]
fn iso_and_bcp_47_codes_become_canonical() {
    for (code, expected) in [
        ("sv-SE", "sv"),
        ("SWE", "sv"),
        ("ger", "de"),
        ("deu", "de"),
        ("chi", "zh"),
        ("zho", "zh"),
        ("cmn", "zh"),
        ("zh-TW", "zh-Hant"),
        ("zh_hk", "zh-Hant"),
        ("zh-CN", "zh"),
        ("zh-Hans-TW", "zh"),
        ("zh-Hant", "zh-Hant"),
        ("ZH-hant-x-VERT", "zh-Hant-x-vert"),
        ("zh-x-vert", "zh-Hans-x-vert"),
        ("sr", "sr"),
        ("sr-Cyrl", "sr"),
        ("sr-Latn", "sr-Latn"),
        ("sr-ME", "sr-Latn"),
        ("nb-NO", "nb"),
        ("no", "no"),
        ("nor", "no"),
        ("de-Latf", "de-Latf"),
        ("de-1996", "de"),
        ("de-CH-1901", "de"),
        ("ca-valencia", "ca"),
        ("de-u-co-phonebk", "de"),
        ("es-419", "es"),
        ("pa-PK", "pa-Arab"),
        ("ur-Aran", "ur"),
        ("ja-Jpan-JP", "ja"),
        ("ja-Kana", "ja"),
        ("ko-Kore", "ko"),
        ("uz-Cyrl-UZ", "uz-Cyrl"),
        ("zh-yue", "yue"),
        ("iw", "he"),
        ("in", "id"),
        ("ji", "yi"),
        ("mo", "ro"),
        ("sh", "sr-Latn"),
        ("und-Latn", "und-Latn"),
        ("haw", "haw"),
        ("haw-Latn", "haw-Latn"),
    ] {
        assert_eq!(tag(code), expected, "{code}");
    }
}

#[test]
fn names_are_understood() {
    for (name, expected) in [
        ("english", "en"),
        ("Chinese", "zh"),
        ("Traditional Chinese", "zh-Hant"),
        ("chinese_simplified", "zh"),
        ("GREEK", "el"),
        ("norwegian", "no"),
        ("Norwegian Bokmål", "nb"),
        ("latin", "la"),
        ("arabic", "ar"),
        ("japanese", "ja"),
        ("hawaiian", "haw"),
        ("persian", "fa"),
        ("malay", "ms"),
        ("nepali", "ne"),
    ] {
        assert_eq!(tag(name), expected, "{name}");
    }
}

#[test]
fn what_is_no_language_is_refused_by_name() {
    for code in [
        "",
        " ",
        "mul",
        "zxx",
        "und",
        "mis",
        "MUL",
        "iso:mul",
        "iso:und",
        "iso:zxx",
        "und-US",
        "iso:und-Latn",
        "iso:english",
        "iso:chi_sim",
        "osd",
        "equ",
        "xx",
        "xyz",
        "klingonish",
        "en-",
        "-en",
        "en--US",
        "de-!!",
        "en-Xyzx",
        "script/Klingon",
        "eng+deu",
        "x-vert",
        "en-x",
        "multilingual",
        "auto",
    ] {
        assert!(refused(code), "{code:?} -> {}", tag(code));
    }
}

#[test]
fn lists_are_read_with_every_separator_and_without_repeats() {
    let tags = |codes: &str| -> Vec<String> {
        Language::parse_list(codes).unwrap().into_iter().map(String::from).collect()
    };
    assert_eq!(tags("eng+deu"), ["en", "de"]);
    assert_eq!(tags("english, chinese"), ["en", "zh"]);
    assert_eq!(tags("de eng\tfr;sv,,"), ["de", "en", "fr", "sv"]);
    assert_eq!(tags("sv,swe+Swedish, sv-SE de"), ["sv", "de"]);
    assert_eq!(tags("Scottish Gaelic, Traditional Chinese"), ["gd", "zh-Hant"]);
    assert_eq!(tags("iso:ch+ch_sim"), ["ch", "zh"]);
    assert!(tags("").is_empty() && tags("auto").is_empty());

    let items = ["ch", "ka,en", "ka"];
    let list = Language::parse_list_for(items, OcrEngine::RapidOcr).unwrap();
    assert_eq!(list.iter().map(Language::tag).collect::<Vec<_>>(), ["zh", "kn", "en"]);

    for (codes, named) in [("eng+xyz", "xyz"), ("en foo de", "foo"), ("auto,en", "auto")] {
        let error = Language::parse_list(codes).unwrap_err();
        assert!(matches!(&error, Error::UnknownLanguage { code } if code == named), "{error}");
    }
}

#[test]
fn scripts_directions_and_spaces() {
    let is =
        |code: &str, property: fn(&Language) -> bool| property(&Language::parse(code).unwrap());
    for code in ["ar", "he", "fa", "ur", "yi", "dv", "syr", "ckb", "pa-PK", "und-Arab"] {
        assert!(is(code, Language::is_rtl), "{code}");
    }
    for code in ["en", "zh", "pa", "az"] {
        assert!(!is(code, Language::is_rtl), "{code}");
    }
    for code in ["zh", "zh-TW", "ja", "ko", "jpn_vert", "script/HanS", "und-Hang"] {
        assert!(is(code, Language::is_cjk), "{code}");
    }
    for code in ["th", "km", "lo", "my", "zh", "ja"] {
        assert!(!is(code, Language::has_spaces), "{code}");
    }
    for code in ["ko", "en", "ar", "hi", "vi"] {
        assert!(is(code, Language::has_spaces), "{code}");
    }
    assert!(is("chi_sim_vert", Language::is_vertical) && !is("chi_sim", Language::is_vertical));
    let name = |code: &str| Language::parse(code).unwrap().name();
    assert_eq!(name("und-Latn"), "Latin script");
    assert_eq!(name("haw"), "Hawaiian");
    assert_eq!(name("fr-Latf"), "French (Fraktur)");
    assert_eq!(name("zh-Hant"), "Chinese (Traditional)");
    assert_eq!(Language::parse("haw").unwrap().script(), None);
}

#[test]
fn debian_packages_have_hyphens_and_short_script_names() {
    for (model, package) in [
        ("deu", "tesseract-ocr-deu"),
        ("chi_sim", "tesseract-ocr-chi-sim"),
        ("chi_tra_vert", "tesseract-ocr-chi-tra-vert"),
        ("uzb_cyrl", "tesseract-ocr-uzb-cyrl"),
        ("script/Latin", "tesseract-ocr-script-latn"),
        ("Fraktur", "tesseract-ocr-script-frak"),
        ("HanS_vert", "tesseract-ocr-script-hans-vert"),
        ("script/Canadian_Aboriginal", "tesseract-ocr-script-cans"),
        ("Vietnamese", "tesseract-ocr-script-viet"),
        ("deu_latf", "tesseract-ocr-frk"),
        ("osd", "tesseract-ocr-osd"),
    ] {
        assert_eq!(debian_package(model), package);
    }
}

// The traps in what docling's engines call languages.

#[test]
fn trap_ka_is_kannada_for_rapidocr_and_georgian_elsewhere() {
    assert_eq!(tag_for("ka", OcrEngine::RapidOcr), "kn");
    assert_eq!(tag_for("iso:ka", OcrEngine::RapidOcr), "ka");
    for engine in [OcrEngine::Auto, OcrEngine::Tesseract, OcrEngine::EasyOcr] {
        assert_eq!(tag_for("ka", engine), "ka");
    }
    assert_eq!(Language::parse("ka").unwrap().engine_code(OcrEngine::RapidOcr), None);
    assert_eq!(Language::parse("kn").unwrap().engine_code(OcrEngine::RapidOcr), Some("ka"));
}

#[test]
fn trap_ch_is_chinese_for_rapidocr_and_easyocr_and_chamorro_in_iso() {
    assert_eq!(tag_for("ch", OcrEngine::RapidOcr), "zh");
    assert_eq!(tag_for("ch", OcrEngine::EasyOcr), "zh");
    assert_eq!(tag("ch"), "ch");
    for engine in [OcrEngine::Auto, OcrEngine::EasyOcr, OcrEngine::RapidOcr] {
        assert_eq!(tag_for("iso:ch", engine), "ch");
    }
    // Never handed on to an engine that would read it as Chinese.
    let chamorro = Language::parse("iso:ch").unwrap();
    assert_eq!(chamorro.name(), "Chamorro");
    assert_eq!(chamorro.engine_code(OcrEngine::RapidOcr), Some("latin"));
    assert_eq!(chamorro.engine_code(OcrEngine::EasyOcr), None);
    assert_eq!(chamorro.tesseract_codes(), ["script/Latin", "Latin"]);
}

#[test]
fn trap_easyocr_ang_is_angika_and_mah_is_magahi() {
    assert_eq!(tag_for("ang", OcrEngine::EasyOcr), "anp");
    assert_eq!(tag_for("mah", OcrEngine::EasyOcr), "mag");
    // ISO 639-3 means Old English and Marshallese.
    assert_eq!(tag("ang"), "ang");
    assert_eq!(Language::parse("ang").unwrap().engine_code(OcrEngine::EasyOcr), None);
    assert_eq!(tag("mah"), "mh");
    assert_eq!(tag_for("iso:mah", OcrEngine::EasyOcr), "mh");
}

#[test]
fn trap_norwegian_has_one_model_under_three_codes() {
    for code in ["no", "nb", "nn", "nb-NO", "nno", "nob"] {
        let language = Language::parse(code).unwrap();
        assert_eq!(language.engine_code(OcrEngine::Tesseract), Some("nor"));
        // docling's own table leaves this one out.
        assert_eq!(language.engine_code(OcrEngine::EasyOcr), Some("no"));
        assert_eq!(language.engine_code(OcrEngine::RapidOcr), Some("no"));
    }
    for engine in [OcrEngine::EasyOcr, OcrEngine::RapidOcr, OcrEngine::Tesseract] {
        assert_eq!(tag_for("no", engine), "no");
    }
}

#[test]
fn trap_frk_is_german_fraktur_and_not_frankish() {
    for code in ["frk", "deu_latf", "de-Latf", "deu-Latf"] {
        assert_eq!(tag(code), "de-Latf", "{code}");
    }
    let fraktur = Language::parse("frk").unwrap();
    assert_eq!(fraktur.tesseract_codes(), ["deu_latf", "frk", "script/Fraktur", "Fraktur"]);
    let frankish = Language::parse("iso:frk").unwrap();
    assert_eq!((frankish.name().as_ref(), frankish.tag()), ("Frankish (Latin)", "frk-Latn"));
    assert!(!frankish.tesseract_codes().contains(&"frk"));
}

#[test]
fn trap_script_models_are_named_with_and_without_their_folder() {
    for (code, expected) in [
        ("script/Latin", "und-Latn"),
        ("Cyrillic", "und-Cyrl"),
        ("SCRIPT/cyrillic", "und-Cyrl"),
        ("script/HanS_vert", "und-Hans-x-vert"),
        ("HanS_vert", "und-Hans-x-vert"),
        ("HanS", "und-Hans"),
        ("HanT", "und-Hant"),
        ("script/Japanese", "und-Jpan"),
        ("Fraktur", "und-Latf"),
        ("script/Canadian_Aboriginal", "und-Cans"),
        ("script/Vietnamese", "vi"),
    ] {
        assert_eq!(tag(code), expected, "{code}");
        assert_eq!(tag(expected), expected);
    }
    let codes = |code: &str| Language::parse(code).unwrap().tesseract_codes();
    assert_eq!(codes("und-Hans-x-vert"), ["script/HanS_vert", "HanS_vert"]);
    assert_eq!(codes("vi"), ["vie", "script/Vietnamese", "Vietnamese"]);
}

#[test]
fn trap_native_codes_of_engines_hold_where_iso_has_no_reading() {
    for engine in [OcrEngine::Auto, OcrEngine::Tesseract, OcrEngine::EasyOcr] {
        for (code, expected) in [
            ("ch_sim", "zh"),
            ("ch_tra", "zh-Hant"),
            ("rs_latin", "sr-Latn"),
            ("rs_cyrillic", "sr"),
            ("tjk", "tg"),
            ("ava", "av"),
            ("che", "ce"),
            ("chi_sim", "zh"),
            ("chi_sim_vert", "zh-Hans-x-vert"),
            ("chi_tra", "zh-Hant"),
            ("srp_latn", "sr-Latn"),
            ("aze_cyrl", "az-Cyrl"),
            ("uzb_cyrl", "uz-Cyrl"),
            ("ita_old", "it-x-old"),
            ("kmr", "ku"),
            ("fil", "fil"),
            ("japan", "ja"),
            ("korean", "ko"),
            ("chinese_cht", "zh-Hant"),
            ("eslav", "zle"),
        ] {
            assert_eq!(tag_for(code, engine), expected, "{code} for {engine:?}");
        }
    }
}

#[test]
fn trap_rapidocr_script_families_are_scripts_only_if_rapidocr_is_named() {
    for (code, expected, otherwise) in [
        ("latin", "und-Latn", "la"),
        ("arabic", "und-Arab", "ar"),
        ("cyrillic", "und-Cyrl", "und-Cyrl"),
        ("devanagari", "und-Deva", "und-Deva"),
        ("eslav", "zle", "zle"),
    ] {
        let language = Language::parse_for(code, OcrEngine::RapidOcr).unwrap();
        assert_eq!(language.tag(), expected);
        assert_eq!(language.engine_code(OcrEngine::RapidOcr), Some(code));
        assert_eq!(tag(code), otherwise);
    }
    for code in ["ru", "uk", "be"] {
        let language = Language::parse(code).unwrap();
        assert_eq!(language.engine_code(OcrEngine::RapidOcr), Some("eslav"));
    }
    assert_eq!(tag_for("chinese", OcrEngine::RapidOcr), "zh");
    assert_eq!(tag_for("english", OcrEngine::RapidOcr), "en");
}

#[test]
fn trap_a_prefixed_code_is_translated_for_the_engine() {
    for (code, model) in
        [("iso:zh-TW", "chi_tra"), ("iso:nb", "nor"), ("iso:ku", "kmr"), ("iso:tl", "fil")]
    {
        let language = Language::parse(code).unwrap();
        assert_eq!(language.engine_code(OcrEngine::Tesseract), Some(model));
    }
    assert_eq!(tag("ISO:de-DE"), "de");
}

#[test]
fn trap_only_tesseract_reads_these_languages() {
    for code in ["he", "hy", "ka", "am", "my", "km", "lo", "bo", "ml", "gu", "pa", "or", "si"] {
        let language = Language::parse(code).unwrap();
        assert_eq!(language.engine_code(OcrEngine::EasyOcr), None, "{code}");
        assert_eq!(language.engine_code(OcrEngine::RapidOcr), None, "{code}");
        assert_eq!(language.tesseract_codes().len(), 1, "{code}");
        // They stay readable for a caller who named another engine.
        assert_eq!(tag_for(code, OcrEngine::EasyOcr), code);
    }
    let greek = Language::parse("el").unwrap();
    assert_eq!(greek.engine_code(OcrEngine::EasyOcr), None);
    assert_eq!(greek.engine_code(OcrEngine::RapidOcr), Some("el"));
}
