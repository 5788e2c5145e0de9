//! The one error type, and warnings.

use std::borrow::Cow;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What every fallible call of recto returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause behind an [`Error`]: a stage's private error.
type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What went wrong with a whole document or with the engine itself.
///
/// A message never repeats its source, so a chain printer says everything once.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or stream could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb: "read", "write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },

    /// The input holds no bytes.
    #[error("{name} is empty (0 bytes)")]
    EmptyInput {
        /// The input's name.
        name: String,
    },

    /// The input is of a format that recto does not read.
    #[error("{name} is {found}; recto reads PDF, PNG, JPEG, TIFF, WebP, BMP and GIF")]
    UnsupportedFormat {
        /// The input's name.
        name: String,
        /// What it looks like, with its article: "a ZIP archive", "plain text".
        found: Cow<'static, str>,
    },

    /// The input claims a format that it does not keep to.
    #[error("{name} is damaged: {detail}")]
    Damaged {
        /// The input's name.
        name: String,
        /// What is wrong with it.
        detail: String,
    },

    /// The PDF is encrypted and no password was given.
    #[error("{name} is encrypted; give its password with Options::password or --password")]
    PasswordMissing {
        /// The input's name.
        name: String,
    },

    /// The PDF is encrypted and the password does not open it.
    #[error("the password given does not open {name}")]
    PasswordWrong {
        /// The input's name.
        name: String,
    },

    /// A page was asked for that the document does not have.
    #[error("page {page} does not exist: {name} has {count} page(s), numbered 0 to {}", count.saturating_sub(1))]
    PageOutOfRange {
        /// The input's name.
        name: String,
        /// The page asked for, from 0.
        page: usize,
        /// How many pages there are.
        count: usize,
    },

    /// An option, argument or request field has a value that cannot be used.
    #[error("{option}: {detail}")]
    InvalidOption {
        /// The option's name.
        option: Cow<'static, str>,
        /// What is wrong and what would be right.
        detail: String,
    },

    /// No language goes by this code.
    #[error("unknown language {code:?}; `recto languages` lists all codes")]
    UnknownLanguage {
        /// The code as given.
        code: String,
    },

    /// The language is known but its model is not installed, or no model exists for the engine.
    #[error("language {code} needs the {engine} model {model:?}, which is not installed; {fix}")]
    LanguageNotInstalled {
        /// The ISO code (or code as given).
        code: String,
        /// The OCR engine.
        engine: &'static str,
        /// The engine's own code for it.
        model: String,
        /// The command that installs it.
        fix: String,
    },

    /// The language is known, but the engine has no model for it at all.
    #[error("{engine} has no model for language {code}")]
    LanguageNotServed {
        /// The ISO code.
        code: String,
        /// The OCR engine.
        engine: &'static str,
    },

    /// A native library or model that the job needs is not there.
    #[error("{what} was not found; {fix}")]
    MissingComponent {
        /// What is missing.
        what: String,
        /// How to get it.
        fix: String,
        /// Why it could not be used, where it was found but did not load.
        #[source]
        source: Option<Cause>,
    },

    /// URLs are not fetched at all.
    #[error(
        "cannot fetch {url}: URLs are refused; build the engine with \
         Engine::builder().url_policy(UrlPolicy::Any) to allow them"
    )]
    FetchRefused {
        /// The URL, without credentials.
        url: String,
    },

    /// A URL may not be fetched under the engine's policy, or could not be.
    #[error("cannot fetch {url}: {detail}")]
    Fetch {
        /// The URL, without credentials.
        url: String,
        /// Why.
        detail: String,
    },

    /// The input is larger than a limit allows.
    #[error("{name} is too large: {detail}")]
    TooLarge {
        /// The input's name.
        name: String,
        /// Which limit, and by how much.
        detail: String,
    },

    /// A provider or model that nobody here serves.
    #[error("no provider serves the model {model:?}; this engine answers to {known}")]
    UnknownModel {
        /// The model asked for.
        model: String,
        /// The models known.
        known: String,
    },

    /// A service that was to read the document refused, failed, or did not answer.
    #[error("{provider}: {detail}")]
    Remote {
        /// The service, by its name in the configuration.
        provider: String,
        /// The HTTP status it answered with; `None` where it did not answer.
        status: Option<u16>,
        /// What it said, or why it could not be reached.
        detail: String,
        /// When it wants to be asked again.
        retry_after: Option<std::time::Duration>,
    },

    /// The call was cancelled before anything was read.
    #[error("the call was cancelled")]
    Cancelled,

    /// The deadline passed before anything was read.
    #[error("the deadline passed before a page was read")]
    DeadlineExceeded,

    /// A page could not be read (made an error only where the caller asked to abort on errors).
    #[error("page {page} could not be read: {detail}")]
    Page {
        /// The page, from 0.
        page: usize,
        /// Why.
        detail: String,
    },

    /// A page took longer than a page may take.
    #[error("page {page} could not be read: it took longer than {limit:?}")]
    PageTimeout {
        /// The page, from 0.
        page: usize,
        /// How long one may take.
        limit: std::time::Duration,
    },

    /// A native library failed in a way that has no name of its own.
    #[error("{stage} failed")]
    Stage {
        /// The stage: "pdf", "ocr", "raster".
        stage: &'static str,
        /// Its error.
        #[source]
        source: Cause,
    },
}

impl Error {
    /// Sorts the error into the class that decides exit code and HTTP status.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                ErrorKind::NotFound
            }
            Self::Io { .. } | Self::Stage { .. } | Self::Page { .. } => ErrorKind::Internal,
            Self::EmptyInput { .. } | Self::Damaged { .. } => ErrorKind::InvalidDocument,
            Self::UnsupportedFormat { .. } => ErrorKind::UnsupportedFormat,
            Self::PasswordMissing { .. } | Self::PasswordWrong { .. } => ErrorKind::Password,
            Self::PageOutOfRange { .. }
            | Self::InvalidOption { .. }
            | Self::UnknownLanguage { .. }
            | Self::LanguageNotServed { .. } => ErrorKind::InvalidRequest,
            Self::LanguageNotInstalled { .. } | Self::MissingComponent { .. } => {
                ErrorKind::NotInstalled
            }
            Self::Fetch { .. } | Self::FetchRefused { .. } => ErrorKind::Fetch,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::UnknownModel { .. } => ErrorKind::NotFound,
            Self::Remote { .. } => ErrorKind::Remote,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::DeadlineExceeded | Self::PageTimeout { .. } => ErrorKind::Timeout,
        }
    }

    /// Wraps a stage's private error.
    pub(crate) fn stage(stage: &'static str, source: impl Into<Cause>) -> Self {
        Self::Stage { stage, source: source.into() }
    }

    /// An option with a value that cannot be used.
    pub fn invalid_option(option: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::InvalidOption { option: option.into(), detail: detail.into() }
    }

    /// The message with its sources, on one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

/// The class of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An option or request field cannot be used as given.
    InvalidRequest,
    /// The document itself is broken.
    InvalidDocument,
    /// The format is not one that recto reads.
    UnsupportedFormat,
    /// A password is missing or wrong.
    Password,
    /// A file or model does not exist.
    NotFound,
    /// A native part or language model is missing on this machine.
    NotInstalled,
    /// A URL could not be fetched or may not be.
    Fetch,
    /// A service that was to read the document refused, failed, or did not answer.
    Remote,
    /// A limit was exceeded.
    TooLarge,
    /// The caller cancelled.
    Cancelled,
    /// The deadline passed.
    Timeout,
    /// Anything else.
    Internal,
}

impl ErrorKind {
    /// The process exit code: 2 for usage, 1 for every other failure.
    ///
    /// (0 is success and 3 partial success; neither is an error.)
    pub fn exit_code(self) -> u8 {
        match self {
            Self::InvalidRequest => 2,
            _ => 1,
        }
    }

    /// The HTTP status that fits.
    pub fn http_status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::InvalidDocument | Self::Password | Self::Fetch => 400,
            Self::UnsupportedFormat => 415,
            Self::NotFound => 404,
            Self::NotInstalled | Self::Internal => 500,
            Self::TooLarge => 413,
            Self::Remote => 502,
            Self::Cancelled => 499,
            Self::Timeout => 504,
        }
    }
}

/// Something that did not stop the read but that the caller should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The class, stable for programs.
    pub code: WarningCode,
    /// The option concerned, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// The page concerned (from 0), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<usize>,
    /// One sentence for people.
    pub message: String,
}

impl Warning {
    /// A warning about the document as a whole.
    pub fn new(code: WarningCode, message: impl Into<String>) -> Self {
        Self { code, option: None, page: None, message: message.into() }
    }

    /// A warning about an option that has no effect here.
    pub fn option(option: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: WarningCode::OptionNotHonoured,
            option: Some(option.into()),
            page: None,
            message: message.into(),
        }
    }

    /// The same warning, tied to a page (from 0).
    #[must_use]
    pub fn on_page(mut self, page: usize) -> Self {
        self.page = Some(page);
        self
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(page) = self.page {
            write!(f, "page {page}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// The class of a [`Warning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WarningCode {
    /// An option was asked for that has no effect here.
    OptionNotHonoured,
    /// A page could not be read; the others were.
    PageFailed,
    /// The deadline cut the read short.
    TimedOut,
    /// The call was cancelled with pages still to read.
    Cancelled,
    /// The language could not be told, or its model is not installed.
    Language,
    /// The text layer was not trusted and OCR was used instead.
    TextLayerDistrusted,
    /// A page (or part of it) was not recognised: too noisy, too large.
    OcrSkipped,
    /// The input was damaged but could be repaired or partly read.
    Damaged,
    /// A page has more than a limit allows; the rest was left out.
    LimitReached,
    /// Text that nobody can see on the page was found.
    HiddenText,
    /// An image or the document was not described as asked.
    AnnotationFailed,
    /// Another provider read than the one that was asked.
    Fallback,
    /// Anything else.
    Other,
}
