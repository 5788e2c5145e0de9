//! Reading a page whose languages nobody named.
//!
//! A part of the page is tried first: as the usual language, then as what it turns out to be. Only
//! where the whole page shows that the part misled is the page read twice.

use std::collections::HashMap;

use super::{Recognition, detect};
use crate::call::Call;
use crate::error::{Result, Warning, WarningCode};
use crate::geometry::{Px, Rect, bounds};
use crate::language::{self, Language, Tessdata, TesseractLanguages, detected_as, tesseract_fix};
use crate::page::PageRead;
use crate::reader::{PageImage, PageOcr, mean_confidence};
use crate::recognizer::OcrWord;

/// Read as this where no language is given and none can be told.
const FALLBACK: &str = "en";
/// A part read at this mean confidence, with a language found, needs no look at its script. In
/// the wrong script it reaches 0.2 to 0.6, in a wrong language of the right one 0.7 and more.
const SURE: f32 = 0.7;
/// A part read below this is not read at all.
const POOR: f32 = 0.55;
/// How much less sure than another a reading may be whose language the words speak for.
const SLACK: f32 = 0.03;
/// A model of old print must be surer than the plain one by this.
const SURER: f32 = 0.02;
/// Old print read by a plain model stays below this.
const OLD_PRINT: f32 = 0.85;
/// Languages tried on a part, at most: what a page costs is bounded.
const MOST_TRIES: usize = 8;
/// A page of this many words or fewer does not tell its language.
const FEW_WORDS: usize = 8;
/// Letters of a block from which its language counts.
const BLOCK_LETTERS: usize = 80;
/// Share of letters from which a second language is worth reading the page again for.
const SECOND: f32 = 0.2;

/// What a page may be read as.
#[derive(Debug)]
pub(crate) struct Installed {
    data: Tessdata,
    /// Languages in plain print.
    languages: Vec<Language>,
    /// Models of vertical lines and old print.
    special: Vec<Language>,
    fallback: Language,
}

/// A try of a language on a part of the page.
struct Try {
    language: Language,
    models: TesseractLanguages,
    words: Vec<OcrWord>,
    confidence: f32,
}

/// How to read a page.
struct Choice {
    models: TesseractLanguages,
    language: Option<Language>,
    /// What is missing here to read it well.
    missing: Option<String>,
    /// Whether the part was read as text at all.
    read: bool,
}

impl Installed {
    /// `None` where nothing is installed.
    pub(super) fn new(data: Tessdata) -> Option<Self> {
        let models = data.installed().into_iter().map(|m| m.language);
        let (special, plain): (Vec<Language>, Vec<Language>) =
            models.partition(|l| l.is_vertical() || l.script() == Some("Latf"));
        let languages: Vec<Language> =
            plain.into_iter().filter(|l| !l.tag().starts_with("und")).collect();
        let fallback = languages
            .iter()
            .find(|l| l.tag() == FALLBACK)
            .or_else(|| languages.first())
            .cloned()?;
        Some(Self { data, languages, special, fallback })
    }

    /// The language of a text, if it can be read here.
    pub(super) fn detect(&self, text: &str) -> Option<Language> {
        language::detect(text, &self.languages).map(|d| d.language)
    }

    fn models(&self, languages: &[Language]) -> Result<TesseractLanguages> {
        language::resolve_tesseract(languages, &self.data)
    }

    /// Models for languages already known to be installed.
    fn of_scripts(&self, scripts: &[&str]) -> Vec<Language> {
        let within = |l: &&Language| l.script().is_some_and(|s| scripts.contains(&s));
        self.languages.iter().filter(within).cloned().collect()
    }

    /// One language of each script but the fallback's, and all of those in Han.
    fn of_other_scripts(&self) -> Vec<Language> {
        let mut seen = vec![self.fallback.script()];
        let mut out: Vec<Language> = Vec::new();
        for language in &self.languages {
            if language.is_cjk() || !seen.contains(&language.script()) {
                seen.push(language.script());
                out.push(language.clone());
            }
        }
        out.truncate(MOST_TRIES);
        out
    }
}

impl Recognition {
    /// Reads a page in the language that it turns out to be in. `hint` is what other text of the
    /// page is in, if there is any.
    pub(super) fn read_unknown(
        &self,
        page: &mut PageImage,
        installed: &Installed,
        hint: Option<Language>,
        call: &Call,
        read: &mut PageRead,
    ) -> Result<(PageOcr, Option<Language>)> {
        // A part that lies on its head tells no language.
        let first =
            installed.models(std::slice::from_ref(hint.as_ref().unwrap_or(&installed.fallback)))?;
        page.orient(&*self.recognizer(&first.datapath)?, &first.codes, call)?;
        let mut choice = self.choose(page, None, installed, hint, call)?;
        if !choice.read {
            // In its own language, the page may show that it is turned.
            for turns in page.other_ways_up() {
                page.turn(turns);
                let other = self.choose(page, None, installed, None, call)?;
                if other.read {
                    choice = other;
                    break;
                }
                page.turn(turns.back());
            }
        }
        let mut models = choice.models;
        let mut found = self.run(page, &models, call)?;
        let mut language = detect(&found.words, &installed.languages);
        // The page as a whole says more than its part: but the part must not speak against it.
        if let Some(told) = &language
            && choice.language.as_ref() != Some(told)
            && choice.missing.is_none()
        {
            let other = installed.models(std::slice::from_ref(told))?;
            if other.codes != models.codes {
                let again = self.run(page, &other, call)?;
                if mean_confidence(&again.words) >= mean_confidence(&found.words) - SLACK {
                    (found, models) = (again, other);
                }
            }
        }
        language = language.or(choice.language);
        let mut missing = choice.missing;
        // Where nothing that is installed reads the page, more tries would not help.
        if choice.read
            && let Some(part) = poor_part(&found.words)
        {
            // It may be a passage in another script.
            let other = self.choose(page, Some(part), installed, None, call)?;
            missing = missing.or(other.missing);
            if other.language.as_ref().is_some_and(|l| language.as_ref() != Some(l)) {
                // English, which reads Latin letters, comes with every other script.
                let again = self.run(page, &other.models, call)?;
                if mean_confidence(&again.words) > mean_confidence(&found.words) {
                    (found, models) = (again, other.models);
                    language = detect(&found.words, &installed.languages).or(other.language);
                }
            }
        }
        if let Some(main) = &language
            && let Some(second) = second_language(&found.words, main, &installed.languages)
        {
            let both = installed.models(&[main.clone(), second])?;
            if both.codes.len() > models.codes.len() {
                let again = self.run(page, &both, call)?;
                if mean_confidence(&again.words) > mean_confidence(&found.words) {
                    found = again;
                }
            }
        }
        if let Some(missing) = missing {
            read.warnings.push(Warning::new(WarningCode::Language, missing).on_page(read.index));
        } else if language.is_none() && found.words.len() > FEW_WORDS {
            let message = format!(
                "no language was given and it could not be told; the page was read as {}",
                installed.fallback.name()
            );
            read.warnings.push(Warning::new(WarningCode::Language, message).on_page(read.index));
        }
        Ok((found, language))
    }

    /// Settles the models for a page on a part of it.
    fn choose(
        &self,
        page: &PageImage,
        at: Option<Rect<Px>>,
        installed: &Installed,
        hint: Option<Language>,
        call: &Call,
    ) -> Result<Choice> {
        let hinted = hint.is_some();
        let start = hint.unwrap_or_else(|| installed.fallback.clone());
        let mut best = self.attempt(page, at, installed, &start, call)?;
        if best.words.is_empty() || hinted && best.confidence >= POOR {
            return Ok(Choice { models: best.models, language: None, missing: None, read: true });
        }
        if at.is_none()
            && let Some(vertical) = self.vertical(page, installed, call)?
        {
            let base = vertical.language.base().to_owned();
            let plain = installed.languages.iter().find(|l| l.base() == base).cloned();
            let language = plain.or(Some(vertical.language));
            return Ok(Choice { models: vertical.models, language, missing: None, read: true });
        }
        let mut missing = None;
        let told = detect(&best.words, &installed.languages);
        if told.is_none() || best.confidence < SURE {
            let scripts = self
                .recognizer(&best.models.datapath)
                .and_then(|r| page.script(at, &*r, call))?
                .map_or(&[][..], |guess| detected_as(&guess.name));
            let own = best.language.script().is_some_and(|s| scripts.contains(&s));
            let candidates = match scripts {
                // Nothing to go by, or what it went by does not read.
                [] if told.is_none() && best.confidence < SURE => installed.of_other_scripts(),
                [] => Vec::new(),
                _ if own && best.confidence < POOR => installed.of_other_scripts(),
                _ if own => Vec::new(),
                _ => installed.of_scripts(scripts),
            };
            if candidates.is_empty() && !scripts.is_empty() && !own {
                missing = missing_script(scripts);
            }
            best = self.best_of(best, candidates, page, at, installed, call)?;
        }
        // Within the script: what the words turn out to be in, a second time where the first
        // reading had letters of its language only.
        for _ in 0..2 {
            let Some(told) = detect(&best.words, &installed.languages) else { break };
            if told == best.language {
                break;
            }
            let next = self.attempt(page, at, installed, &told, call)?;
            if next.confidence < best.confidence - SLACK {
                break;
            }
            best = next;
        }
        let told = detect(&best.words, &installed.languages);
        if told.is_none() && missing.is_none() && best.confidence >= POOR {
            missing = missing_language(&best.words, &installed.languages);
        }
        // Few words do not tell a language, but the script they were read in may.
        let other_script = best.language.script() != start.script() && best.confidence >= POOR;
        let told = told.or_else(|| other_script.then(|| best.language.clone()));
        best = self.old_print(best, page, at, installed, call)?;
        let read = best.confidence >= POOR;
        Ok(Choice { models: best.models, language: told, missing, read })
    }

    /// The surest model of vertical lines, where lines run down and it reads them.
    fn vertical(
        &self,
        page: &PageImage,
        installed: &Installed,
        call: &Call,
    ) -> Result<Option<Try>> {
        let models: Vec<&Language> =
            installed.special.iter().filter(|l| l.is_vertical()).take(MOST_TRIES).collect();
        if models.is_empty() || !page.lines_run_down() {
            return Ok(None);
        }
        let mut best: Option<Try> = None;
        for language in models {
            let next = self.attempt(page, None, installed, language, call)?;
            let better = best.as_ref().is_none_or(|best| next.confidence > best.confidence);
            if next.confidence >= SURE && next.in_its_script() && better {
                best = Some(next);
            }
        }
        Ok(best)
    }

    /// The surest reading, among candidates whose words are in their script.
    fn best_of(
        &self,
        mut best: Try,
        candidates: Vec<Language>,
        page: &PageImage,
        at: Option<Rect<Px>>,
        installed: &Installed,
        call: &Call,
    ) -> Result<Try> {
        // Languages of one alphabet are told apart by their words later on.
        let mut tried: Vec<Option<&str>> = Vec::new();
        for language in candidates.into_iter().take(MOST_TRIES) {
            if tried.contains(&language.script()) {
                continue;
            }
            tried.push(language.script());
            let next = self.attempt(page, at, installed, &language, call)?;
            if next.confidence > best.confidence && next.in_its_script() {
                best = next;
            }
        }
        Ok(best)
    }

    /// A model for old print where that reads better.
    fn old_print(
        &self,
        mut best: Try,
        page: &PageImage,
        at: Option<Rect<Px>>,
        installed: &Installed,
        call: &Call,
    ) -> Result<Try> {
        if best.language.script() != Some("Latn") || best.confidence >= OLD_PRINT {
            return Ok(best);
        }
        for language in installed.special.iter().filter(|l| l.script() == Some("Latf")) {
            let next = self.attempt(page, at, installed, language, call)?;
            if next.confidence > best.confidence + SURER {
                best = next;
            }
        }
        Ok(best)
    }

    fn attempt(
        &self,
        page: &PageImage,
        at: Option<Rect<Px>>,
        installed: &Installed,
        language: &Language,
        call: &Call,
    ) -> Result<Try> {
        let models = installed.models(std::slice::from_ref(language))?;
        let words = page.try_part(at, &*self.recognizer(&models.datapath)?, &models.codes, call)?;
        let confidence = mean_confidence(&words);
        tracing::debug!(language = language.tag(), confidence, "part of a page tried");
        Ok(Try { language: language.clone(), models, words, confidence })
    }
}

impl Try {
    fn in_its_script(&self) -> bool {
        let found = language::dominant_script(&text_of(&self.words));
        let same = |own: &str| match found {
            Some("Hani") => matches!(own, "Hans" | "Hant" | "Jpan"),
            Some(found) => own == found,
            None => false,
        };
        self.language.script().is_some_and(same)
    }
}

fn text_of(words: &[OcrWord]) -> String {
    words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The language beside the main one that blocks of this share of the page are in.
fn second_language(words: &[OcrWord], main: &Language, installed: &[Language]) -> Option<Language> {
    let mut letters: HashMap<Language, usize> = HashMap::new();
    let mut all = 0;
    for block in words.chunk_by(|a, b| a.block == b.block && a.paragraph == b.paragraph) {
        let text = text_of(block);
        let count = text.chars().filter(|c| c.is_alphabetic()).count();
        all += count;
        if count >= BLOCK_LETTERS
            && let Some(told) = language::detect(&text, installed)
        {
            *letters.entry(told.language).or_default() += count;
        }
    }
    letters
        .into_iter()
        // English comes with every script that is not Latin already.
        .filter(|(l, _)| l != main && (l.tag() != FALLBACK || main.script() == Some("Latn")))
        .filter(|(_, count)| *count as f32 >= SECOND * all as f32)
        .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.tag().cmp(a.0.tag())))
        .map(|(language, _)| language)
}

/// The largest passage that is read poorly, where such passages are more than a few words of a
/// page.
fn poor_part(words: &[OcrWord]) -> Option<Rect<Px>> {
    let letters = |words: &[OcrWord]| words.iter().map(|w| w.text.chars().count()).sum::<usize>();
    let poor: Vec<&[OcrWord]> = words
        .chunk_by(|a, b| a.block == b.block && a.paragraph == b.paragraph)
        .filter(|paragraph| mean_confidence(paragraph) < POOR)
        .collect();
    let share = poor.iter().map(|p| letters(p)).sum::<usize>() as f32;
    if share < SECOND * letters(words) as f32 {
        return None;
    }
    let largest = poor.into_iter().max_by_key(|p| letters(p))?;
    bounds(largest.iter().map(|w| w.rect))
}

fn missing_script(scripts: &[&str]) -> Option<String> {
    let script = Language::parse(&format!("und-{}", scripts.first()?)).ok()?;
    let model = script.engine_code(crate::options::OcrEngine::Tesseract)?;
    Some(format!(
        "the page is in {}, for which no model is installed: {}",
        script.name(),
        tesseract_fix(&script, model)
    ))
}

fn missing_language(words: &[OcrWord], installed: &[Language]) -> Option<String> {
    let told = language::detect(&text_of(words), &[])?.language;
    if installed.iter().any(|l| l.base() == told.base()) {
        return None;
    }
    let model = told.engine_code(crate::options::OcrEngine::Tesseract)?;
    Some(format!(
        "the page seems to be in {}, for which no model is installed: {}",
        told.name(),
        tesseract_fix(&told, model)
    ))
}
