//! Telling the language of text, by its script, by letters of its own, and by whatlang.

use std::collections::HashMap;

use unicode_script::{Script, UnicodeScript};
use whatlang::{Detector, Lang};

use super::Language;
use super::script;

/// The language of a text among candidates.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Detected {
    /// One of the candidates.
    pub language: Language,
    /// 0 to 1.
    pub confidence: f32,
}

/// Letters that decide a script. Fewer may be a formula or a name.
const MIN_SCRIPT_LETTERS: usize = 3;

/// Letters from which trigrams tell languages apart: on single sentences from 24 letters up
/// whatlang's confident answers were right, while on titles of one or two words they were not.
const MIN_TRIGRAM_LETTERS: usize = 24;

/// Confidence that whatlang needs among all languages of the script. Unknown languages and noise
/// reach about 0.5 on a single sentence; a page of text reaches 1.
const MIN_CONFIDENCE: f64 = 0.55;

/// Confidence that suffices among all languages if whatlang is sure among the candidates.
const MIN_AGREED_CONFIDENCE: f64 = 0.25;

/// A character of Han, kana or Hangul says about as much as two letters.
const CJK_WEIGHT: usize = 2;

/// Share of kana from which Han text is Japanese. Japanese prose has above a half, its dense
/// headings a fifth; Chinese text has at most a stray one in a brand name.
const MIN_KANA_SHARE: f64 = 0.05;

/// Characters that Japanese does not use, from which Han text without kana is Chinese even where
/// Japanese is a candidate: its titles and addresses have no kana either.
const MIN_CHINESE_ONLY: usize = 2;

/// How often letters of its own must occur for a language that whatlang does not know, as a count
/// and as a share of letters: a single foreign name has fewer.
const MIN_MARKS: usize = 3;
const MIN_MARK_SHARE: f64 = 0.003;

/// Letters that mark a language within its script. Earlier rows win, as later ones may share
/// letters with them.
const MARKS: &[(&str, &str, &str)] = &[
    ("Arab", "ug", "ۇۈ"),
    ("Arab", "ckb", "ڵێڕ"),
    ("Arab", "ps", "ښځڅړږۍ"),
    ("Arab", "sd", "ڄڃٿڀڻڳڱڦڙٺ"),
    ("Beng", "as", "ৰৱ"),
    ("Cyrl", "kk", "ұ"),
    ("Cyrl", "tt", "җ"),
    ("Cyrl", "tg", "ҷӣӯ"),
    ("Cyrl", "ba", "ҙҡ"),
    ("Cyrl", "cv", "ӑӗӳ"),
    ("Cyrl", "az", "ҹҝ"),
    ("Cyrl", "os", "ӕ"),
    ("Cyrl", "ab", "ҩҵҭ"),
    ("Cyrl", "uz", "қғҳ"),
    ("Cyrl", "ky", "ң"),
    ("Cyrl", "mn", "өү"),
    ("Ethi", "ti", "ቐቑቒቓቔቕቖ"),
    ("Grek", "grc", "ἀἁἂἃἄἅἆἐἑἓἔἕἠἡἢἣἤἥἦἧἰἱἳἴἵἶὀὁὂὃὄὅὐὑὓὔὕὖὗὠὡὢὣὤὥὦὧὰὲὴὶὸὺὼᾶῆῖῦῶᾳῃῳ"),
    ("Latn", "is", "þ"),
    ("Latn", "mt", "ħ"),
];

/// What a script that several languages write is taken for where no letter marks another one.
const UNMARKED: &[(&str, &str)] = &[("Beng", "bn"), ("Ethi", "am"), ("Grek", "el")];

/// Languages that whatlang has one name for, and that trigrams would not tell apart.
const SIBLINGS: &[&[&str]] = &[&["nb", "no", "nn"], &["hr", "bs", "sr-Latn"], &["tl", "fil"]];

/// Pairs of common characters that simplified and traditional Chinese write differently. Left out
/// are those whose simplified form is also an old or rare traditional one.
const SIMPLIFIED: &str = "们个这国来为会时说对发动学过还现经开问长关进间门无见实体电车东马书话认识让请谁读写\
    产业务员质报总统计规则议决证权应该种类级结组织机构资费银钱账户广场区县";
const TRADITIONAL: &str = "們個這國來為會時說對發動學過還現經開問長關進間門無見實體電車東馬書話認識讓請誰讀寫\
    產業務員質報總統計規則議決證權應該種類級結組織機構資費銀錢賬戶廣場區縣";

/// Characters of either form of Chinese that Japanese writes otherwise.
const CHINESE_ONLY: &str = "们这个为时说对发动过还现经开问长关进间门无见实电车东马书话认识让请谁读产业务员质报总统\
    计规则议证权应该种类级结组织构资费银钱账广场們這個來為說對發還經關實體讓讀寫產總證權應錢賬戶廣區縣學會國";

/// The language of a text among `candidates`; with no candidates, among all that recto knows.
///
/// `None` means that it cannot be told: too little text, a mixture, a language that is no
/// candidate, or candidates that text does not tell apart.
///
/// In Latin, Cyrillic, Arabic, Devanagari and Hebrew script trigrams know the larger languages only:
/// text in a smaller one (Irish, Basque) may be taken for a larger one that resembles it.
pub fn detect(text: &str, candidates: &[Language]) -> Option<Detected> {
    let counts = Counts::of(text);
    let (script, letters) = counts.dominant()?;
    if letters < MIN_SCRIPT_LETTERS {
        return None;
    }
    let all;
    let candidates = if candidates.is_empty() {
        all = Language::all();
        &all
    } else {
        candidates
    };
    // Models for vertical and old print read the same language: plain ones come first. A candidate
    // for a whole script is no language.
    let mut pool: Vec<&Language> = candidates
        .iter()
        .filter(|c| c.base() != "und" && c.script().is_some_and(|s| writes(s, script)))
        .collect();
    pool.sort_by_key(|c| (c.private_use().is_some(), c.script() == Some("Latf")));
    let share = counts.share(script);
    let found = |language: &Language, confidence: f64| {
        // Letters lose no precision that matters here.
        #[allow(clippy::cast_possible_truncation)]
        let confidence = (confidence * share).clamp(0.0, 1.0) as f32;
        Some(Detected { language: language.clone(), confidence })
    };
    let pick = |base: &str| pool.iter().copied().find(|c| c.base() == base);
    match script {
        "Jpan" | "Kore" => found(pool.first()?, 1.0),
        "Hani" => {
            let (language, confidence) = han(text, &pool)?;
            found(language, confidence)
        }
        _ => {
            // Modern Greek wore the old accents too, until 1982.
            let marked = marked(text, script, letters).filter(|b| *b != "grc" || pick(b).is_some());
            if let Some(base) = marked {
                return found(pick(base)?, 1.0);
            }
            if let Some((_, base)) = UNMARKED.iter().find(|(s, _)| *s == script) {
                return found(pick(base)?, 1.0);
            }
            if whatlang_tells(script) {
                let (language, confidence) = trigrams(text, script, letters, &pool)?;
                return found(language, confidence);
            }
            // Nothing but the script is left: it decides if one candidate is written in it.
            let first = pool.first()?;
            pool.iter().all(|c| c.base() == first.base()).then(|| found(first, 1.0))?
        }
    }
}

/// The script most of a text's letters are in, as an ISO 15924 code; `None` without letters.
///
/// Kana with Han is `Jpan`, Hangul `Kore`, Han alone `Hani`.
pub fn dominant_script(text: &str) -> Option<&'static str> {
    Counts::of(text).dominant().map(|(script, _)| script)
}

/// The tag that most pages have; of equally many the one that came first. `None` without any.
pub(crate) fn vote<'a>(tags: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut votes: Vec<(&str, usize)> = Vec::new();
    for tag in tags {
        match votes.iter_mut().find(|(known, _)| *known == tag) {
            Some((_, count)) => *count += 1,
            None => votes.push((tag, 1)),
        }
    }
    // `max_by_key` would take the last of equals.
    let most = votes.iter().rev().max_by_key(|(_, count)| *count);
    most.map(|(tag, _)| (*tag).to_owned())
}

/// Letters by script; Han, kana and Hangul apart.
struct Counts(HashMap<Script, usize>);

impl Counts {
    fn of(text: &str) -> Self {
        let mut counts = HashMap::new();
        for c in text.chars().filter(|c| c.is_alphabetic()) {
            match c.script() {
                Script::Common | Script::Inherited | Script::Unknown => {}
                script => *counts.entry(script).or_default() += 1,
            }
        }
        Self(counts)
    }

    fn count(&self, script: Script) -> usize {
        self.0.get(&script).copied().unwrap_or(0)
    }

    /// Scripts of writing systems with their letters.
    fn systems(&self) -> Vec<(&'static str, usize)> {
        let han = self.count(Script::Han);
        let kana = self.count(Script::Hiragana) + self.count(Script::Katakana);
        let hangul = self.count(Script::Hangul);
        let japanese = kana > 0 && share(kana, kana + han) >= MIN_KANA_SHARE;
        let mut systems = vec![
            (if japanese { "Jpan" } else { "Hani" }, han + if japanese { kana } else { 0 }),
            ("Kore", hangul),
        ];
        let apart = [Script::Han, Script::Hiragana, Script::Katakana, Script::Hangul];
        systems.extend(
            self.0.iter().filter(|(s, _)| !apart.contains(s)).map(|(s, &n)| (s.short_name(), n)),
        );
        systems
    }

    /// The script with the most letters, and how many.
    fn dominant(&self) -> Option<(&'static str, usize)> {
        // Names break ties, so that the answer does not hang on the map's order.
        let heaviest = self.systems().into_iter().max_by_key(|&(s, n)| (weight(s, n), s));
        heaviest.filter(|&(_, letters)| letters > 0)
    }

    /// Weighted share of a script in all letters.
    fn share(&self, script: &str) -> f64 {
        let systems = self.systems();
        let sum = |keep: &dyn Fn(&str) -> bool| -> usize {
            systems.iter().filter(|(s, _)| keep(s)).map(|&(s, n)| weight(s, n)).sum()
        };
        share(sum(&|s| s == script), sum(&|_| true))
    }
}

fn weight(script: &str, letters: usize) -> usize {
    letters * if script::is_cjk(script) { CJK_WEIGHT } else { 1 }
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Whether a language of this script may be behind text in the script found.
fn writes(language: &str, found: &str) -> bool {
    match language {
        "Latf" => found == "Latn",
        "Hans" | "Hant" => found == "Hani",
        "Jpan" => matches!(found, "Jpan" | "Hani"),
        other => other == found,
    }
}

/// Text in Han characters without kana: simplified or traditional Chinese, or Japanese.
fn han<'a>(text: &str, pool: &[&'a Language]) -> Option<(&'a Language, f64)> {
    let of_script = |script: &str| pool.iter().copied().find(|c| c.script() == Some(script));
    let (simplified, traditional) = (of_script("Hans"), of_script("Hant"));
    let japanese = of_script("Jpan");
    if simplified.is_none() && traditional.is_none() {
        return japanese.map(|language| (language, 0.8));
    }
    let chinese_only = text.chars().filter(|&c| CHINESE_ONLY.contains(c)).count();
    if japanese.is_some() && chinese_only < MIN_CHINESE_ONLY {
        return None;
    }
    let (mut hans, mut hant) = (0_usize, 0_usize);
    for c in text.chars() {
        // Characters that both forms share stand in both lists, and cancel out.
        hans += usize::from(SIMPLIFIED.contains(c));
        hant += usize::from(TRADITIONAL.contains(c));
    }
    let (language, more, less) =
        if hans > hant { (simplified, hans, hant) } else { (traditional, hant, hans) };
    // Without evidence the two cannot be told apart, even if only one of them is a candidate.
    if more == less { None } else { language.map(|language| (language, share(more, more + less))) }
}

/// A language that letters of its own give away.
fn marked(text: &str, script: &str, letters: usize) -> Option<&'static str> {
    let mut counts: HashMap<char, usize> = HashMap::new();
    for c in text.chars().filter(|c| !c.is_ascii()).flat_map(char::to_lowercase) {
        *counts.entry(c).or_default() += 1;
    }
    let mut enough = MARKS.iter().filter(|(s, _, marks)| {
        let count: usize = marks.chars().filter_map(|mark| counts.get(&mark)).sum();
        *s == script && count >= MIN_MARKS && share(count, letters) >= MIN_MARK_SHARE
    });
    enough.next().map(|(_, base, _)| *base)
}

/// Scripts in which whatlang knows several languages.
fn whatlang_tells(script: &str) -> bool {
    matches!(script, "Latn" | "Cyrl" | "Arab" | "Deva" | "Hebr")
}

/// whatlang's answer among all languages of the script, if that is a candidate. Asking it about the
/// candidates alone would make any text one of them.
fn trigrams<'a>(
    text: &str,
    script: &str,
    letters: usize,
    pool: &[&'a Language],
) -> Option<(&'a Language, f64)> {
    if letters < MIN_TRIGRAM_LETTERS {
        return None;
    }
    let text: String = text
        .chars()
        .filter(|c| match c.script() {
            Script::Common | Script::Inherited => true,
            other => other.short_name() == script,
        })
        .collect();
    let info = whatlang::detect(&text)?;
    let language = candidate(info.lang(), pool)?;
    if info.confidence() >= MIN_CONFIDENCE {
        return Some((language, info.confidence()));
    }
    let known = Lang::all().iter().copied().filter(|&lang| candidate(lang, pool).is_some());
    let among = Detector::with_allowlist(known.collect()).detect(&text)?;
    let agreed = among.lang() == info.lang()
        && info.confidence() >= MIN_AGREED_CONFIDENCE
        && among.confidence() >= MIN_CONFIDENCE;
    agreed.then(|| (language, info.confidence()))
}

/// The candidate that whatlang means. Where it has one name for several languages, exactly one of
/// them must be a candidate, or the one of that name.
fn candidate<'a>(lang: Lang, pool: &[&'a Language]) -> Option<&'a Language> {
    let tag = tag_of(lang);
    let of_tag = |tag: &str| {
        let language = Language::parse(tag).ok()?;
        let same = |c: &&&Language| c.base() == language.base() && writes_alike(c, &language);
        pool.iter().find(same).copied()
    };
    if let Some(language) = of_tag(tag) {
        return Some(language);
    }
    let siblings = SIBLINGS.iter().find(|group| group.contains(&tag))?;
    let mut present = siblings.iter().filter_map(|tag| of_tag(tag));
    let only = present.next()?;
    present.next().is_none().then_some(only)
}

/// Same script, print styles aside.
fn writes_alike(a: &Language, b: &Language) -> bool {
    let plain = |l: &Language| l.script().map(|s| if s == "Latf" { "Latn" } else { s });
    plain(a) == plain(b)
}

/// Our tag for a language of whatlang.
fn tag_of(lang: Lang) -> &'static str {
    super::table::iso_639(lang.code()).unwrap_or_else(|| lang.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str, candidates: &str) -> Option<String> {
        let candidates = Language::parse_list(candidates).unwrap();
        detect(text, &candidates).map(|found| {
            assert!(found.confidence > 0.0 && found.confidence <= 1.0, "{found:?}");
            found.language.tag().to_owned()
        })
    }

    /// A sentence or two each; whatlang does not know the last three.
    const SENTENCES: &[(&str, &str)] = &[
        (
            "sv",
            "Fakturan ska betalas inom trettio dagar från det datum då den skickades till kunden. Därefter tillkommer ränta enligt lag.",
        ),
        (
            "de",
            "Die Rechnung ist innerhalb von dreißig Tagen zu bezahlen, nachdem sie zugestellt wurde.",
        ),
        ("fr", "La facture doit être payée dans les trente jours suivant la date de son émission."),
        (
            "en",
            "The invoice shall be paid within thirty days of the date on which it has been received.",
        ),
        (
            "pt",
            "A fatura deve ser paga no prazo de trinta dias após a sua emissão pelo fornecedor.",
        ),
        ("ru", "Счет должен быть оплачен в течение тридцати дней после его получения."),
        ("uk", "Рахунок має бути сплачений протягом тридцяти днів після його отримання."),
        ("bg", "Фактурата трябва да бъде платена в срок от тридесет дни след получаването."),
        ("be", "Рахунак павінен быць аплачаны на працягу трыццаці дзён пасля атрымання."),
        ("ar", "يجب دفع الفاتورة خلال ثلاثين يوما من تاريخ إصدارها إلى العميل."),
        ("fa", "فاکتور باید ظرف سی روز از تاریخ صدور آن به مشتری پرداخت شود."),
        ("ur", "بل تیس دنوں کے اندر ادا کیا جانا چاہیے۔ یہ بات بہت ضروری ہے۔"),
        ("hi", "बिल का भुगतान तीस दिनों के भीतर किया जाना चाहिए।"),
        ("mr", "बिल तीस दिवसांच्या आत भरणे आवश्यक आहे, असे त्यांनी सांगितले."),
        ("he", "יש לשלם את החשבונית בתוך שלושים יום ממועד קבלתה."),
        ("el", "Το τιμολόγιο πρέπει να πληρωθεί εντός τριάντα ημερών."),
        ("ja", "請求書は三十日以内にお支払いください。"),
        ("ko", "청구서는 삼십 일 이내에 지불해야 합니다."),
        ("zh", "发票应当在三十天之内支付，请联系我们的财务部门。"),
        ("zh-Hant", "發票應當在三十天之內支付，請聯繫我們的財務部門。"),
        ("th", "ต้องชำระเงินภายในสามสิบวัน"),
        ("ka", "ინვოისი უნდა გადაიხადოთ ოცდაათი დღის განმავლობაში."),
        ("hy", "Հաշիվը պետք է վճարվի երեսուն օրվա ընթացքում։"),
        ("ta", "முப்பது நாட்களுக்குள் கட்டணம் செலுத்தப்பட வேண்டும்."),
        ("am", "ሂሳቡ በሠላሳ ቀናት ውስጥ መከፈል አለበት።"),
        ("bn", "ত্রিশ দিনের মধ্যে বিল পরিশোধ করতে হবে।"),
        ("as", "তেওঁলোকৰ বাবে ত্ৰিশ দিনৰ ভিতৰত ধন পৰিশোধ কৰিব লাগিব।"),
        (
            "kk",
            "Шотты алғаннан кейін отыз күн ішінде төлеу керек, бұл ұсыныс тұрақты ұйымдар үшін.",
        ),
        ("is", "Það þarf að greiða þennan reikning innan þrjátíu daga frá því að hann barst."),
    ];

    #[test]
    fn sentences_are_told_among_all_languages_and_among_many() {
        let all: Vec<&str> = SENTENCES.iter().map(|(tag, _)| *tag).collect();
        for (expected, text) in SENTENCES {
            assert_eq!(tag(text, &all.join(",")).as_deref(), Some(*expected), "{text}");
            assert_eq!(tag(text, "").as_deref(), Some(*expected), "{text}");
            assert_eq!(tag(text, expected).as_deref(), Some(*expected), "{text}");
        }
    }

    #[test]
    fn a_language_that_is_no_candidate_is_not_another_one() {
        for (language, text) in SENTENCES {
            for candidates in ["en,sv", "es,it", "mk", "cs,sr", "ps", "bho"] {
                if !Language::parse_list(candidates).unwrap().iter().any(|c| c.tag() == *language) {
                    assert_eq!(tag(text, candidates), None, "{language} among {candidates}");
                }
            }
        }
    }

    #[test]
    fn short_and_letterless_text_cannot_be_told() {
        for text in ["", "   ", "12.5 % + 3", "Annual report", "Total", "α β", "合計", "§ 4711"]
        {
            assert_eq!(tag(text, "en,sv,de,ja,zh,el,ru"), None, "{text}");
        }
        let table = "12.5 kg 13 pcs SKU-113 EUR 45.00 USD 12 AB-1 CD-2 Pos. Qty Net VAT Total";
        assert_eq!(tag(table, "en,ca,de,sv"), None);
    }

    #[test]
    fn han_needs_characters_that_differ() {
        assert_eq!(tag("中文信息", "zh,zh-Hant"), None);
        assert_eq!(tag("東京都千代田区", "ja").as_deref(), Some("ja"));
        assert_eq!(tag("東京都千代田区", "ja,zh"), None);
        let cities =
            "東京都千代田区 大阪府大阪市 神奈川県横浜市 北海道札幌市 京都府京都市 長野県長野市";
        assert_eq!(tag(cities, "ja,zh,zh-Hant"), None);
        // Traditional text is not given to the simplified model.
        assert_eq!(tag("發票應當在三十天之內支付，請聯繫我們的財務部門。", "zh"), None);
    }

    #[test]
    fn the_two_forms_of_chinese_are_listed_in_pairs() {
        let pairs: Vec<(char, char)> = SIMPLIFIED.chars().zip(TRADITIONAL.chars()).collect();
        assert_eq!(SIMPLIFIED.chars().count(), TRADITIONAL.chars().count());
        assert!(pairs.len() > 70);
        for (simplified, traditional) in pairs {
            assert!(simplified != traditional, "{simplified}");
            assert!(!TRADITIONAL.contains(simplified) && !SIMPLIFIED.contains(traditional));
        }
    }

    #[test]
    fn siblings_stand_in_for_each_other_if_alone() {
        let norwegian = "Regningen må betales innen tretti dager etter at kunden har mottatt den, \
            ellers påløper det renter. Vi ønsker at alle skal få vite om dette så snart som mulig.";
        assert_eq!(tag(norwegian, "no,en").as_deref(), Some("no"));
        assert_eq!(tag(norwegian, "nb,no,en").as_deref(), Some("nb"));
        assert_eq!(tag(norwegian, "nn,no,en"), None);
        let german = SENTENCES[1].1;
        assert_eq!(tag(german, "de-Latf,de").as_deref(), Some("de"));
        assert_eq!(tag(german, "de-Latf,en").as_deref(), Some("de-Latf"));
    }

    #[test]
    fn every_language_of_whatlang_has_a_tag() {
        let two_letters = Lang::all().iter().filter(|lang| tag_of(**lang).len() == 2).count();
        assert_eq!(two_letters, Lang::all().len());
        for &lang in Lang::all() {
            let language = Language::parse(tag_of(lang)).unwrap();
            assert_eq!(language.tag(), tag_of(lang));
            let script = language.script().unwrap();
            assert!(whatlang_tells(script) || script::normalise(script).is_some());
        }
        assert_eq!(tag_of(Lang::Cmn), "zh");
        assert_eq!(tag_of(Lang::Pes), "fa");
        assert_eq!(tag_of(Lang::Nob), "nb");
        assert_eq!(tag_of(Lang::Tgl), "tl");
    }

    #[test]
    fn most_pages_decide_and_then_the_first() {
        let of = |tags: &[&str]| vote(tags.iter().copied());
        assert_eq!(of(&["en", "sv", "sv"]).as_deref(), Some("sv"));
        assert_eq!(of(&["en", "sv", "sv", "en", "de"]).as_deref(), Some("en"));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn scripts_are_counted_by_letters() {
        assert_eq!(dominant_script("Hello мир"), Some("Latn"));
        assert_eq!(dominant_script("(123) мир"), Some("Cyrl"));
        assert_eq!(dominant_script("漢字とかな"), Some("Jpan"));
        assert_eq!(dominant_script("汉字"), Some("Hani"));
        assert_eq!(dominant_script("한국어 text"), Some("Kore"));
        assert_eq!(dominant_script("12 + 3"), None);
    }
}
