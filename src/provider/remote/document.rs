//! The document of a request, as it is sent to a service.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::error::{Error, Result};
use crate::provider::request::OcrRequest;
use crate::source::Source;

/// A document on its way to a service.
#[derive(Clone, Debug)]
pub(super) enum Document {
    /// The service fetches it.
    Url(Url),
    /// It is sent along.
    Inline { bytes: Arc<[u8]>, media_type: &'static str, name: String },
}

impl Document {
    /// The request's document, loaded where it is a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, and [`Error::InvalidOption`] for URLs that a service could not fetch
    /// or must not be told.
    pub(super) fn of(request: &OcrRequest) -> Result<Self> {
        match request.document.in_memory()? {
            Source::Url(url) if matches!(url.scheme(), "http" | "https") => Ok(Self::Url(url)),
            Source::Url(url) => Err(Error::invalid_option(
                "document",
                format!("a service cannot fetch {}: URLs; name the file by its path", url.scheme()),
            )),
            source => {
                let name = match &source {
                    Source::Bytes { name: None, .. } => request.document_name.clone(),
                    _ => None,
                };
                let name = name.unwrap_or_else(|| source.name());
                let Source::Bytes { bytes, .. } = source else {
                    return Err(Error::invalid_option("document", "it could not be loaded"));
                };
                Ok(Self::Inline { media_type: media_type(&bytes), bytes, name })
            }
        }
    }

    /// Its size; `None` where the service fetches it.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::Url(_) => None,
            Self::Inline { bytes, .. } => Some(bytes.len() as u64),
        }
    }

    /// Whether it is an image: by content, or by the ending of its URL.
    pub(super) fn is_image(&self) -> bool {
        const ENDINGS: [&str; 9] =
            [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"];
        match self {
            Self::Inline { media_type, .. } => media_type.starts_with("image/"),
            Self::Url(url) => {
                let path = url.path().to_ascii_lowercase();
                ENDINGS.into_iter().any(|ending| path.ends_with(ending))
            }
        }
    }

    /// Its URL: its own, or a data URI.
    pub(super) fn address(&self) -> String {
        match self {
            Self::Url(url) => url.to_string(),
            Self::Inline { bytes, media_type, .. } => {
                let mut text = format!("data:{media_type};base64,");
                STANDARD.encode_string(bytes, &mut text);
                text
            }
        }
    }
}

/// The media type of some bytes, by content.
fn media_type(bytes: &[u8]) -> &'static str {
    /// PDF readers look for the header in the first kilobyte.
    const HEAD: usize = 1024;
    let head = &bytes[..bytes.len().min(HEAD)];
    if head.windows(5).any(|window| window == b"%PDF-") {
        return "application/pdf";
    }
    infer::get(bytes).map_or("application/octet-stream", |kind| kind.mime_type())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(bytes: &'static [u8]) -> Document {
        let source = Source::Bytes { bytes: bytes.into(), name: None };
        let request = OcrRequest { document_name: Some("n".into()), ..OcrRequest::new(source) };
        Document::of(&request).unwrap()
    }

    #[test]
    fn content_tells_what_it_is() {
        assert_eq!(document(b"%PDF-1.7").address(), "data:application/pdf;base64,JVBERi0xLjc=");
        let png = document(b"\x89PNG\r\n\x1a\n....");
        assert!(png.is_image() && png.address().starts_with("data:image/png;base64,iVBOR"));
        assert!(document(b"words").address().starts_with("data:application/octet-stream;"));
        let Document::Inline { name, .. } = png else { panic!() };
        assert_eq!(name, "n");
    }

    #[test]
    fn addresses_go_as_they_are_and_files_never_do() {
        let of = |url: &str| Document::of(&OcrRequest::new(Source::Url(url.parse().unwrap())));
        let page = of("https://example.org/a.PNG?x=1").unwrap();
        assert!(page.is_image() && page.size().is_none());
        assert_eq!(page.address(), "https://example.org/a.PNG?x=1");
        assert!(!of("http://example.org/a").unwrap().is_image());
        let error = of("file:///etc/passwd").unwrap_err().to_string();
        assert_eq!(error, "document: a service cannot fetch file: URLs; name the file by its path");
        let empty = Document::of(&OcrRequest::default()).unwrap_err();
        assert!(matches!(empty, Error::EmptyInput { .. }));
    }
}
