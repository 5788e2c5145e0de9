//! Where documents come from.
//!
//! A [`Source`] names a document; `load` turns it into an [`Input`]: bytes and a format, sniffed
//! by content.

mod content;
mod fetch;
mod inline;
mod opened;
mod post;
#[cfg(feature = "remote")]
mod public;
mod sniff;
mod stored;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use crate::call::Call;
use crate::error::{Error, Result};
use crate::limits::Limits;

pub(crate) use content::Content;
pub(crate) use fetch::{FetchRules, host};
pub(crate) use post::ask;
#[cfg(feature = "server")]
pub(crate) use post::post;
pub use stored::StoredFile;

/// A document to read.
///
/// ```
/// use recto::Source;
///
/// # fn main() -> recto::Result<()> {
/// let file = Source::path("report.pdf");
/// let typed: Source = "https://example.org/report.pdf".parse()?;
/// let inline = Source::data_uri("data:application/pdf;base64,JVBERi0xLjcK")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Source {
    /// A file.
    Path(PathBuf),
    /// An http(s) or file URL. Fetched only where the engine's [`UrlPolicy`] allows it.
    Url(Url),
    /// Bytes in memory.
    Bytes {
        /// The document.
        bytes: Arc<[u8]>,
        /// A name for messages and metadata.
        name: Option<String>,
    },
    /// A file that goes by another name than its path's.
    Stored(StoredFile),
}

/// Which URLs an engine may fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlPolicy {
    /// None.
    #[default]
    Refuse,
    /// http and https URLs of public addresses, and what they redirect to: nothing on this machine,
    /// in a private network or of a cloud's metadata. What a name resolves to is checked and then
    /// connected to; proxies are not used.
    Public,
    /// Any http, https or file URL, and what it redirects to.
    Any,
}

/// A loaded document.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// A name for messages: the file name, the URL's last part, or "document".
    pub(crate) name: String,
    pub(crate) content: Content,
    pub(crate) format: Format,
    /// Where it lies, if it is a file that can be opened again.
    pub(crate) path: Option<PathBuf>,
    /// What whoever opens it keeps to.
    pub(crate) limits: Limits,
}

/// What the content is, whatever its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Pdf,
    Png,
    Jpeg,
    Tiff,
    WebP,
    Bmp,
    Gif,
}

impl Format {
    /// The format of a document that begins so, or an error that says what it is instead.
    #[cfg(feature = "server")]
    pub(crate) fn of(head: &[u8], name: &str) -> Result<Self> {
        sniff::sniff(head, name)
    }

    /// Its media type.
    #[cfg(feature = "server")]
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Tiff => "image/tiff",
            Self::WebP => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Gif => "image/gif",
        }
    }
}

/// The name of a document that has none.
const UNNAMED: &str = "document";

impl Source {
    /// A file.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::Path(path.into())
    }

    /// Bytes in memory, with a name for messages.
    pub fn bytes(bytes: impl Into<Arc<[u8]>>, name: impl Into<String>) -> Self {
        Self::Bytes { bytes: bytes.into(), name: Some(name.into()) }
    }

    /// A document in base64: standard or URL-safe alphabet, with or without padding; white space
    /// is skipped.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] where the text is not base64.
    pub fn base64(text: &str) -> Result<Self> {
        let bytes = inline::base64(text)?;
        Ok(Self::Bytes { bytes, name: None })
    }

    /// A document in a `data:` URI, base64 or percent-encoded. The media type it states is not
    /// relied on.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] where the text is no data URI.
    pub fn data_uri(text: &str) -> Result<Self> {
        let bytes = inline::data_uri(text)?;
        Ok(Self::Bytes { bytes, name: None })
    }

    /// What somebody typed: an http, https or file URL, a `data:` URI, or else a path.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for a malformed URL or data URI.
    pub fn parse(text: &str) -> Result<Self> {
        let scheme = |s: &str| text.get(..s.len()).is_some_and(|t| t.eq_ignore_ascii_case(s));
        if scheme("data:") {
            return Self::data_uri(text);
        }
        if ["http://", "https://", "file://"].into_iter().any(scheme) {
            return Url::parse(text)
                .map(Self::Url)
                .map_err(|e| Error::invalid_option("source", format!("not a URL: {e}")));
        }
        Ok(Self::path(text))
    }

    /// The same source, under another name where it has a place for one (bytes).
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        match self {
            Self::Bytes { bytes, .. } => Self::Bytes { bytes, name: Some(name.into()) },
            other => other,
        }
    }

    /// Whether a file that begins with these bytes (some kilobytes do) is of a format that recto
    /// reads.
    pub fn is_readable(head: &[u8]) -> bool {
        sniff::sniff(head, UNNAMED).is_ok()
    }

    /// A name for messages: the file name, the URL's last part, or "document".
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path_name(path),
            Self::Url(url) => url_name(url),
            Self::Bytes { name, .. } => {
                name.clone().filter(|n| !n.is_empty()).unwrap_or_else(|| UNNAMED.to_owned())
            }
            Self::Stored(file) => file.name().to_owned(),
        }
    }

    /// Where it lies on disk.
    fn on_disk(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Stored(file) => Some(file.path()),
            Self::Url(_) | Self::Bytes { .. } => None,
        }
    }

    /// Loads the document and finds out its format.
    pub(crate) fn load(&self, policy: UrlPolicy) -> Result<Input> {
        self.load_with(policy, &Limits::default(), &Call::default())
    }

    /// The same, with limits, and a call whose deadline a download keeps to.
    pub(crate) fn load_with(
        &self,
        rules: impl Into<FetchRules>,
        limits: &Limits,
        call: &Call,
    ) -> Result<Input> {
        let (max_bytes, limits) = (limits.document_bytes, *limits);
        let most = (max_bytes, DOCUMENT_BYTES);
        let name = self.name();
        if let Some(path) = self.on_disk()
            && let Some(content) = pdf_on_disk(path, &name, max_bytes)
        {
            return Ok(Input { name, content, format: Format::Pdf, path: regular(path), limits });
        }
        let bytes: Arc<[u8]> = match self {
            Self::Path(path) => read_file(path, path, &name, most)?.into(),
            Self::Stored(file) => read_file(file.path(), Path::new(&name), &name, most)?.into(),
            Self::Url(url) => fetch::fetch(url, &name, &rules.into(), max_bytes, call)?.into(),
            Self::Bytes { bytes, .. } => {
                check_size(&name, bytes.len() as u64, most)?;
                Arc::clone(bytes)
            }
        };
        let format = sniff::sniff(&bytes, &name)?;
        let path = self.on_disk().and_then(regular);
        Ok(Input { name, content: Content::Memory(bytes), format, path, limits })
    }

    /// The document of a path or bytes as bytes, whatever its format; a URL stays what it is. Cheap
    /// to clone, and read from disk (or a pipe) once. For whoever sends it on: the limits of an engine
    /// are not known there.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, is empty, or larger than 1 GiB.
    pub(crate) fn in_memory(&self) -> Result<Self> {
        let name = self.name();
        let (bytes, name): (Arc<[u8]>, _) = match self {
            Self::Url(_) => return Ok(self.clone()),
            Self::Path(path) => (read_file(path, path, &name, SENT_BYTES)?.into(), Some(name)),
            Self::Stored(file) => {
                (read_file(file.path(), Path::new(&name), &name, SENT_BYTES)?.into(), Some(name))
            }
            Self::Bytes { bytes, name } => (Arc::clone(bytes), name.clone()),
        };
        if bytes.is_empty() {
            return Err(Error::EmptyInput { name: self.name() });
        }
        Ok(Self::Bytes { bytes, name })
    }
}

/// Documents are not printed, and of URLs nothing that may be a secret.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => f.debug_tuple("Path").field(path).finish(),
            Self::Url(url) => f.debug_tuple("Url").field(&fetch::without_secrets(url)).finish(),
            Self::Bytes { bytes, name } => {
                f.debug_struct("Bytes").field("bytes", &bytes.len()).field("name", name).finish()
            }
            Self::Stored(file) => f.debug_tuple("Stored").field(file).finish(),
        }
    }
}

impl std::str::FromStr for Source {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        Self::parse(s)
    }
}

fn path_name(path: &Path) -> String {
    match path.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => path.display().to_string(),
    }
}

/// The file's own path, without links such as `/dev/stdin`, which lead elsewhere in another process;
/// `None` where it is no file but a pipe.
fn regular(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().filter(|path| path.is_file())
}

fn url_name(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
    match last {
        Some(part) => String::from_utf8_lossy(&inline::percent_decode(part)).into_owned(),
        None => url.host_str().unwrap_or(UNNAMED).to_owned(),
    }
}

/// The file at `path`, which errors call `shown`.
fn read_file(path: &Path, shown: &Path, name: &str, most: Most) -> Result<Vec<u8>> {
    let io = |source| Error::Io { action: "read", path: shown.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if metadata.is_dir() {
        return Err(io(std::io::Error::new(
            std::io::ErrorKind::IsADirectory,
            "it is a folder; name the files in it",
        )));
    }
    check_size(name, metadata.len(), most)?;
    read_limited(file, name, most).map_err(|e| match e {
        ReadError::Io(source) => io(source),
        ReadError::Other(error) => error,
    })
}

/// So much of a file tells a PDF.
const HEAD: u64 = 4096;

/// The file, if it is a PDF that can be read piece by piece. Whatever is wrong with it is told
/// when it is read as a whole.
fn pdf_on_disk(path: &Path, name: &str, max_bytes: u64) -> Option<Content> {
    pdf_in(File::open(path).ok()?, name, max_bytes)
}

fn pdf_in(mut file: File, name: &str, max_bytes: u64) -> Option<Content> {
    let metadata = file.metadata().ok()?;
    if !cfg!(unix) || !metadata.is_file() || metadata.len() > max_bytes {
        return None;
    }
    let mut head = Vec::new();
    (&mut file).take(HEAD).read_to_end(&mut head).ok()?;
    let is_pdf = matches!(sniff::sniff(&head, name), Ok(Format::Pdf));
    is_pdf.then(|| Content::File(Arc::new(file), metadata.len()))
}

/// So many bytes are read, and what sets that.
type Most = (u64, &'static str);

/// The limit of documents from anywhere.
const DOCUMENT_BYTES: &str = "document_bytes";

/// The limit of files that other services are to read.
const SENT_BYTES: Most = (1 << 30, "of what is sent to services; it is fixed");

/// What stops [`read_limited`].
enum ReadError {
    Io(std::io::Error),
    Other(Error),
}

/// Reads to the end, but no more than the limit: a pipe does not say how long it is.
fn read_limited(
    reader: impl Read,
    name: &str,
    (max_bytes, limit): Most,
) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    reader.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(ReadError::Io)?;
    if bytes.len() as u64 > max_bytes {
        return Err(ReadError::Other(too_large(name, "it", (max_bytes, limit))));
    }
    Ok(bytes)
}

fn check_size(name: &str, size: u64, most: Most) -> Result<()> {
    if size > most.0 { Err(too_large(name, &format!("its {size} bytes"), most)) } else { Ok(()) }
}

fn too_large(name: &str, what: &str, (max_bytes, limit): Most) -> Error {
    let verb = if what == "it" { "exceeds" } else { "exceed" };
    let found = format!("{what} {verb} the limit of {max_bytes} bytes");
    Limits::exceeded(name, &found, limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn typed_sources_are_told_apart() {
        assert!(matches!(Source::parse("a/b.pdf").unwrap(), Source::Path(_)));
        assert!(matches!(Source::parse("C:\\b.pdf").unwrap(), Source::Path(_)));
        assert!(matches!(Source::parse("HTTPS://x.org/b.pdf").unwrap(), Source::Url(_)));
        assert!(matches!(Source::parse("file:///b.pdf").unwrap(), Source::Url(_)));
        assert!(matches!("data:;base64,JVBERg==".parse().unwrap(), Source::Bytes { .. }));
        assert!(Source::parse("http://").is_err());
    }

    #[test]
    fn sources_have_names() {
        let name = |s: &str| Source::parse(s).unwrap().name();
        assert_eq!(name("a/b.pdf"), "b.pdf");
        assert_eq!(name("https://x.org/d/My%20file.pdf?token=1"), "My file.pdf");
        assert_eq!(name("https://x.org/"), "x.org");
        assert_eq!(Source::data_uri("data:,x").unwrap().name(), "document");
        assert_eq!(Source::data_uri("data:,x").unwrap().named("n.pdf").name(), "n.pdf");
    }

    #[test]
    fn files_are_loaded_and_sniffed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("picture.pdf");
        std::fs::write(&path, b"\x89PNG\r\n\x1a\n....").unwrap();
        let input = Source::path(&path).load(UrlPolicy::Refuse).unwrap();
        assert_eq!((input.format, input.name.as_str()), (Format::Png, "picture.pdf"));
        assert_eq!(input.content.len(), 12);
    }

    #[test]
    fn a_pdf_named_by_its_path_stays_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pdf");
        let bytes = [b"%PDF-1.7\n".as_slice(), &[b'x'; 10_000]].concat();
        std::fs::write(&path, &bytes).unwrap();
        let input = Source::path(&path).load(UrlPolicy::Refuse).unwrap();
        assert!(matches!(input.content, Content::File(..)) || cfg!(not(unix)));
        assert_eq!((input.format, input.content.len()), (Format::Pdf, bytes.len() as u64));
        // Twice: reading moves the file's position.
        for _ in 0..2 {
            assert_eq!(&*input.content.load("a.pdf").unwrap(), bytes);
        }
    }

    #[test]
    fn bad_files_have_clear_errors() {
        let dir = tempfile::tempdir().unwrap();
        let load = |path: &Path| Source::path(path).load(UrlPolicy::Refuse).unwrap_err();

        let error = load(dir.path());
        assert!(error.chain().ends_with("it is a folder; name the files in it"), "{error:?}");

        assert_eq!(load(&dir.path().join("none.pdf")).kind(), ErrorKind::NotFound);

        let empty = dir.path().join("empty.pdf");
        std::fs::write(&empty, b"").unwrap();
        assert_eq!(load(&empty).to_string(), "empty.pdf is empty (0 bytes)");

        let text = dir.path().join("text.pdf");
        std::fs::write(&text, b"Just some words.\n").unwrap();
        assert_eq!(
            load(&text).to_string(),
            "text.pdf is plain text; recto reads PDF, PNG, JPEG, TIFF, WebP, BMP and GIF"
        );
    }

    #[test]
    fn sizes_are_limited() {
        let call = Call::default();
        let source = Source::bytes(*b"%PDF-1.7 and more", "a.pdf");
        let most = |document_bytes| Limits { document_bytes, ..Limits::default() };
        assert!(source.load_with(UrlPolicy::Refuse, &most(17), &call).is_ok());
        let error = source.load_with(UrlPolicy::Refuse, &most(16), &call).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a.pdf is too large: its 17 bytes exceed the limit of 16 bytes (limit document_bytes; \
             raise it with --limit document_bytes=N or under [limits] in recto.toml)"
        );
        #[cfg(unix)]
        {
            let zeros = Source::path("/dev/zero");
            let error = zeros.load_with(UrlPolicy::Refuse, &most(1000), &call).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge);
        }
    }

    #[test]
    fn a_file_for_a_service_has_a_limit_that_no_advice_raises() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(SENT_BYTES.0 + 1).unwrap();
        let error = Source::path(file.path()).in_memory().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let wanted = "its 1073741825 bytes exceed the limit of 1073741824 bytes (limit of what is \
                      sent to services; it is fixed)";
        assert!(error.to_string().ends_with(wanted), "{error}");
    }
}
