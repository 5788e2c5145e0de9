//! Options that several subcommands share, and what they are in the library.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::children::ChildArgs;
use super::limits::LimitArgs;

use recto::{
    Config, Engine, EngineBuilder, HiddenText, Language, OcrEngine, OcrMode, Options, PageSet,
    Sandbox, TableMode, UrlPolicy,
};

/// How documents are read.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ReadingArgs {
    /// Pages to read, counted from 0, as lists and ranges: 0,2-4 or 7- [default: all]
    #[arg(long, value_name = "PAGES", help_heading = "Reading")]
    pub(super) pages: Option<PageSet>,

    /// Languages of the text, the main one first: sv,en or sv+en; ISO 639, BCP-47 and the engines'
    /// own codes are understood [default: detected]
    #[arg(long, value_name = "LANGS", help_heading = "Reading")]
    lang: Vec<String>,

    /// When to recognise text in pixels: where there is no text layer to be trusted, everywhere, or
    /// nowhere [default: auto]
    #[arg(long, value_enum, value_name = "WHEN", help_heading = "Reading")]
    ocr: Option<OcrArg>,

    /// OCR engine; its name also decides how language codes are understood [default: auto]
    #[arg(long, value_enum, value_name = "ENGINE", help_heading = "Reading")]
    engine: Option<EngineArg>,

    /// Resolution for recognising pages, 50 to 1200 [default: that of the scan, else 300]
    #[arg(long, value_name = "DPI", help_heading = "Reading")]
    dpi: Option<f32>,

    /// Password of encrypted PDF files (the environment variable keeps it out of the process list)
    #[arg(
        long,
        value_name = "PASSWORD",
        env = "RECTO_PASSWORD",
        hide_env_values = true,
        help_heading = "Reading"
    )]
    password: Option<String>,

    /// How hard to try on tables [default: accurate]
    #[arg(long, value_enum, value_name = "MODE", help_heading = "Reading")]
    table_mode: Option<TableModeArg>,

    /// Read displayed formulas as LaTeX (docling's name). From text layers; on scans by the language
    /// model that [annotations] of recto.toml names, if it names one: formulas are sent to it
    #[arg(long, help_heading = "Enrichment")]
    enrich_formula: bool,
    /// Tell the language of code blocks; it is named where they begin (docling's name, as for the two
    /// that follow)
    #[arg(long, help_heading = "Enrichment")]
    enrich_code: bool,

    /// Tell what pictures are (photograph, bar chart …), and read QR codes and bar codes on them
    #[arg(long, help_heading = "Enrichment")]
    enrich_picture_classes: bool,

    /// Have pictures described by the language model that [annotations] of recto.toml names: they
    /// are sent to it
    #[arg(long, help_heading = "Enrichment")]
    enrich_picture_description: bool,

    /// Smallest picture to be described, as a share of the page's area, 0 to 1 [default: 0.05]
    #[arg(
        long,
        value_name = "SHARE",
        requires = "enrich_picture_description",
        help_heading = "Enrichment"
    )]
    picture_area: Option<f32>,

    /// Time for each document in seconds; what is done by then is printed [default: no limit]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Reading")]
    pub(super) timeout: Option<Duration>,

    /// What becomes of text of a PDF that nobody can see on the page (white on white, tiny, invisible):
    /// it is left out, or taken as other text [default: drop]
    #[arg(long, value_enum, value_name = "WHAT", help_heading = "Reading")]
    hidden_text: Option<HiddenTextArg>,

    /// A page that fails fails its document, instead of being left out with a warning
    #[arg(long, help_heading = "Reading")]
    abort_on_error: bool,

    /// Read pages in child processes: a page that crashes or takes longer than two minutes is left
    /// out with a warning
    #[arg(long, help_heading = "This machine")]
    isolate: bool,

    #[command(flatten)]
    children: ChildArgs,

    /// Threads (or with --isolate, processes) that recognise text; the result does not depend on it [default: one per core]
    #[arg(long, short, value_name = "N", help_heading = "This machine")]
    jobs: Option<NonZeroUsize>,

    #[command(flatten)]
    limits: LimitArgs,

    /// Folder with Tesseract's *.traineddata files [default: where the system keeps them]
    #[arg(long, value_name = "DIR", help_heading = "This machine")]
    tessdata: Option<PathBuf>,

    /// Folder with neural models of your own for --engine rapidocr: *det*.onnx, *rec*.onnx, and a
    /// dictionary *.txt unless the model holds it [default: those of `recto setup`]
    #[arg(long, value_name = "DIR", env = "RECTO_MODEL_DIR", help_heading = "This machine")]
    model_dir: Option<PathBuf>,

    /// PDFium library to load [default: as `recto doctor` finds it]
    #[arg(long, value_name = "FILE", help_heading = "This machine")]
    pdfium: Option<PathBuf>,
}

impl ReadingArgs {
    /// The library's options, checked.
    pub(super) fn options(&self) -> recto::Result<Options> {
        let engine = self.engine.map_or(OcrEngine::Auto, OcrEngine::from);
        let default = Options::default();
        let options = Options {
            ocr: self.ocr.map_or(default.ocr, OcrMode::from),
            engine,
            languages: Language::parse_list_for(&self.lang, engine)?,
            pages: self.pages.clone(),
            dpi: self.dpi,
            password: self.password.clone(),
            table_mode: self.table_mode.map_or(default.table_mode, TableMode::from),
            document_timeout: self.timeout,
            abort_on_error: self.abort_on_error,
            hidden_text: self.hidden_text.map_or(default.hidden_text, HiddenText::from),
            do_formula_enrichment: self.enrich_formula,
            do_code_enrichment: self.enrich_code,
            do_picture_classification: self.enrich_picture_classes,
            do_picture_description: self.enrich_picture_description,
            picture_description_area_threshold: self
                .picture_area
                .unwrap_or(default.picture_description_area_threshold),
            ..default
        };
        options.validate()?;
        Ok(options)
    }

    /// The same, with pages read in child processes.
    pub(super) fn isolated(self) -> Self {
        Self { isolate: true, ..self }
    }

    /// Whether pages are to be read in child processes.
    pub(super) fn is_isolated(&self) -> bool {
        self.isolate
    }

    /// How many threads or processes recognise text.
    pub(super) fn workers(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.jobs.map_or_else(cores, NonZeroUsize::get)
    }

    /// Where libraries and models are, as far as that was said: results may depend on it.
    pub(super) fn places(&self) -> [Option<&Path>; 3] {
        [self.tessdata.as_deref(), self.model_dir.as_deref(), self.pdfium.as_deref()]
    }

    /// An engine. A URL typed at the command line is consent to fetch it. Limits are those of the user's
    /// own recto.toml, and pictures are described by whom it names.
    pub(super) fn engine(&self) -> recto::Result<Engine> {
        let config = Config::find(None)?;
        let limits = self.limits.over(&config)?;
        let mut builder = Engine::builder().url_policy(UrlPolicy::Any).limits(limits);
        if self.enrich_formula || self.enrich_picture_description {
            builder = described(builder, &config)?;
        }
        if let Some(jobs) = self.jobs {
            builder = builder.workers(jobs.get());
        }
        if let Some(folder) = &self.tessdata {
            builder = builder.tessdata(folder);
        }
        if let Some(folder) = &self.model_dir {
            builder = builder.model_dir(folder);
        }
        if let Some(library) = &self.pdfium {
            builder = builder.pdfium(library);
        }
        builder.isolation(self.children.isolation(self.isolate)?).build()
    }

    /// These options, and those of `base` where these say nothing.
    pub(super) fn over(self, base: &Self) -> Self {
        let base = base.clone();
        Self {
            pages: self.pages.or(base.pages),
            lang: if self.lang.is_empty() { base.lang } else { self.lang },
            ocr: self.ocr.or(base.ocr),
            engine: self.engine.or(base.engine),
            dpi: self.dpi.or(base.dpi),
            password: self.password.or(base.password),
            table_mode: self.table_mode.or(base.table_mode),
            timeout: self.timeout.or(base.timeout),
            abort_on_error: self.abort_on_error || base.abort_on_error,
            hidden_text: self.hidden_text.or(base.hidden_text),
            limits: self.limits.over_base(base.limits),
            enrich_formula: self.enrich_formula || base.enrich_formula,
            enrich_code: self.enrich_code || base.enrich_code,
            enrich_picture_classes: self.enrich_picture_classes || base.enrich_picture_classes,
            enrich_picture_description: self.enrich_picture_description
                || base.enrich_picture_description,
            picture_area: self.picture_area.or(base.picture_area),
            isolate: self.isolate || base.isolate,
            children: self.children.over(base.children),
            jobs: self.jobs.or(base.jobs),
            tessdata: self.tessdata.or(base.tessdata),
            model_dir: self.model_dir.or(base.model_dir),
            pdfium: self.pdfium.or(base.pdfium),
        }
    }

    /// The options of reading by docling's names, for a service: those that were given.
    pub(super) fn parameters(&self) -> recto::Result<Value> {
        let mut all = Map::new();
        let mut add = |key: &str, value: Value| all.insert(key.to_owned(), value);
        let languages = self.options()?.languages;
        if !languages.is_empty() {
            add("lang", languages.iter().map(Language::tag).collect());
        }
        match self.ocr {
            None | Some(OcrArg::Auto) => {}
            Some(OcrArg::Always) => drop(add("force_ocr", json!(true))),
            Some(OcrArg::Never) => drop(add("do_ocr", json!(false))),
        }
        for (key, value) in [
            ("ocr_engine", self.engine.and_then(|engine| engine.to_possible_value())),
            ("table_mode", self.table_mode.and_then(|mode| mode.to_possible_value())),
            ("hidden_text", self.hidden_text.and_then(|what| what.to_possible_value())),
        ] {
            if let Some(value) = value {
                add(key, json!(value.get_name()));
            }
        }
        if let Some(dpi) = self.dpi {
            add("dpi", json!(dpi));
        }
        for (key, asked) in [
            ("abort_on_error", self.abort_on_error),
            ("do_code_enrichment", self.enrich_code),
            ("do_picture_classification", self.enrich_picture_classes),
            ("do_picture_description", self.enrich_picture_description),
        ] {
            if asked {
                add(key, json!(true));
            }
        }
        if let Some(share) = self.picture_area {
            add("picture_description_area_threshold", json!(share));
        }
        if self.enrich_formula {
            add("do_formula_enrichment", json!(true));
        }
        Ok(if all.is_empty() { Value::Null } else { Value::Object(all) })
    }

    /// The options given that count only where this machine reads.
    pub(super) fn own_options(&self) -> Vec<&'static str> {
        [
            ("--isolate", self.isolate),
            ("--jobs", self.jobs.is_some()),
            ("--limit", !self.limits.is_empty()),
            ("--tessdata", self.tessdata.is_some()),
            ("--model-dir", self.model_dir.is_some()),
            ("--pdfium", self.pdfium.is_some()),
        ]
        .into_iter()
        .filter_map(|(option, given)| given.then_some(option))
        .chain(self.children.given())
        .collect()
    }

    /// Whether a password was given.
    pub(super) fn names_password(&self) -> bool {
        self.password.is_some()
    }

    /// Whether a PDFium library was named.
    pub(super) fn names_pdfium(&self) -> bool {
        self.pdfium.is_some()
    }
}

/// The engine with the language model of the configuration, if it names one and this build can ask it.
pub(super) fn described(builder: EngineBuilder, config: &Config) -> recto::Result<EngineBuilder> {
    #[cfg(feature = "annotations")]
    if let Some(annotations) = &config.annotations {
        let model = std::sync::Arc::new(annotations.model()?);
        return Ok(builder.formula_reader(std::sync::Arc::clone(&model) as _).describer(model));
    }
    #[cfg(not(feature = "annotations"))]
    let _ = config;
    Ok(builder)
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if seconds <= 0.0 {
        return Err("it must be more than 0".to_owned());
    }
    Duration::try_from_secs_f64(seconds).map_err(|e| e.to_string())
}

/// `--sandbox`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SandboxArg {
    On,
    Required,
    Off,
}

impl From<SandboxArg> for Sandbox {
    fn from(how: SandboxArg) -> Self {
        match how {
            SandboxArg::On => Self::On,
            SandboxArg::Required => Self::Required,
            SandboxArg::Off => Self::Off,
        }
    }
}

/// `--ocr`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OcrArg {
    Auto,
    Always,
    Never,
}

impl From<OcrArg> for OcrMode {
    fn from(arg: OcrArg) -> Self {
        match arg {
            OcrArg::Auto => Self::Auto,
            OcrArg::Always => Self::Always,
            OcrArg::Never => Self::Never,
        }
    }
}

/// `--engine`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum EngineArg {
    #[value(alias = "default")]
    Auto,
    #[value(alias = "tesserocr")]
    Tesseract,
    #[value(name = "easyocr")]
    EasyOcr,
    #[value(name = "rapidocr")]
    RapidOcr,
}

impl From<EngineArg> for OcrEngine {
    fn from(arg: EngineArg) -> Self {
        match arg {
            EngineArg::Auto => Self::Auto,
            EngineArg::Tesseract => Self::Tesseract,
            EngineArg::EasyOcr => Self::EasyOcr,
            EngineArg::RapidOcr => Self::RapidOcr,
        }
    }
}

/// `--table-mode`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum TableModeArg {
    Fast,
    Accurate,
}

impl From<TableModeArg> for TableMode {
    fn from(arg: TableModeArg) -> Self {
        match arg {
            TableModeArg::Fast => Self::Fast,
            TableModeArg::Accurate => Self::Accurate,
        }
    }
}

/// `--hidden-text`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum HiddenTextArg {
    Drop,
    Keep,
}

impl From<HiddenTextArg> for HiddenText {
    fn from(arg: HiddenTextArg) -> Self {
        match arg {
            HiddenTextArg::Drop => Self::Drop,
            HiddenTextArg::Keep => Self::Keep,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Test {
        #[command(flatten)]
        reading: ReadingArgs,
    }

    fn parse(words: &str) -> Result<ReadingArgs, clap::Error> {
        let words = std::iter::once("test").chain(words.split_whitespace());
        Test::try_parse_from(words).map(|test| test.reading)
    }

    #[test]
    fn nothing_said_is_the_librarys_default() {
        assert_eq!(parse("").unwrap().options().unwrap(), Options::default());
    }

    #[test]
    fn everything_said_arrives() {
        let args = parse(
            "--pages 0,2-4 --lang sv,en --lang de+fr --ocr always --engine rapidocr --dpi 200 \
             --password x --table-mode fast --timeout 1.5 --abort-on-error --hidden-text keep",
        );
        let options = args.unwrap().options().unwrap();
        let tags: Vec<&str> = options.languages.iter().map(Language::tag).collect();
        assert_eq!(tags, ["sv", "en", "de", "fr"]);
        assert_eq!(options.pages, Some("0,2-4".parse().unwrap()));
        assert_eq!((options.ocr, options.engine), (OcrMode::Always, OcrEngine::RapidOcr));
        assert_eq!((options.dpi, options.password.as_deref()), (Some(200.0), Some("x")));
        assert_eq!(options.table_mode, TableMode::Fast);
        assert_eq!(options.document_timeout, Some(Duration::from_millis(1500)));
        assert!(options.abort_on_error);
        assert_eq!(options.hidden_text, HiddenText::Keep);
    }

    #[test]
    fn the_engine_decides_what_a_code_means() {
        let language = |words: &str| parse(words).unwrap().options().unwrap().languages.remove(0);
        assert_eq!(language("--lang ka").name(), "Georgian");
        assert_eq!(language("--lang ka --engine rapidocr").name(), "Kannada");
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for bad in ["--timeout 0", "--timeout -1", "--timeout nan", "--timeout x", "--jobs 0"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse("--dpi 20").unwrap().options().is_err());
    }

    #[test]
    fn a_set_stands_over_its_base() {
        let base = parse("--ocr never --dpi 150 --jobs 1").unwrap();
        let set = parse("--ocr always --pages 0").unwrap().over(&base);
        let options = set.options().unwrap();
        assert_eq!((options.ocr, options.dpi), (OcrMode::Always, Some(150.0)));
        assert_eq!((options.pages.is_some(), set.jobs.map(NonZeroUsize::get)), (true, Some(1)));
    }
}
