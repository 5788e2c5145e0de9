//! How large a document may be: bounds against files that are made to exhaust a machine.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, Warning, WarningCode};

/// What an engine takes on. All are whole numbers of at least 1; `u64::MAX` is no limit.
///
/// Documents over [`document_bytes`](Self::document_bytes), [`pages`](Self::pages) and
/// [`document_pixels`](Self::document_pixels) are refused, and so are images over
/// [`image_pixels`](Self::image_pixels): [`Error::TooLarge`], which names the limit and what was
/// found. Of pages that have more than the limits of a page allow, the rest is left out, with a
/// [`Warning`] of the code [`WarningCode::LimitReached`].
///
/// ```
/// use recto::{Engine, Limits};
///
/// # fn main() -> recto::Result<()> {
/// let limits = Limits { pages: 500, document_bytes: 50_000_000, ..Limits::default() };
/// let engine = Engine::builder().limits(limits).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of a document. Default: 1 GiB.
    pub document_bytes: u64,
    /// Pages of one read: those that are selected, whatever the document has besides. Default: no
    /// limit, since pages are read one by one.
    pub pages: u64,
    /// Pixels of an image: of an image file's page, as its header says, and of an image in a PDF's
    /// page that has to be drawn. Default: 500 million.
    pub image_pixels: u64,
    /// Pixels that are kept of one page: larger pages are drawn, and larger images taken, at a
    /// lower resolution. Default: 100 million, A4 at 1000 dots per inch.
    pub page_pixels: u64,
    /// Pixels that are recognised in one document. Default: a million million, some 100,000 pages
    /// of A4 at 300 dots per inch.
    pub document_pixels: u64,
    /// Objects (paths, images, pieces of text) looked at on one page of a PDF. Default: 100,000.
    pub page_objects: u64,
    /// Images taken note of on one page of a PDF. Default: 10,000.
    pub page_images: u64,
    /// Words taken from the text layer of one page. Default: 200,000.
    pub page_words: u64,
    /// Child processes that the pages of one document may end, by crashing them, by their memory or
    /// by their time ([`Processes`](crate::Processes)); pages that are left then are not read.
    /// Default: 20.
    pub lost_children: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Twenty times what hosted services take, and well inside the memory of a machine that
            // runs OCR.
            document_bytes: 1 << 30,
            pages: u64::MAX,
            image_pixels: 500_000_000,
            page_pixels: 100_000_000,
            document_pixels: 1_000_000_000_000,
            // Maps and plots have hundreds of thousands; what a table is made of comes before.
            page_objects: 100_000,
            page_images: 10_000,
            // The densest pages known have half of it.
            page_words: 200_000,
            // Children that die of something else are one in thousands of pages; at two minutes a
            // page, a document made to waste time keeps a child for 40 minutes instead of for days.
            lost_children: 20,
        }
    }
}

impl Limits {
    /// The names of all limits.
    pub const NAMES: [&'static str; 9] = [
        "document_bytes",
        "pages",
        "image_pixels",
        "page_pixels",
        "document_pixels",
        "page_objects",
        "page_images",
        "page_words",
        "lost_children",
    ];

    /// Sets a limit by its name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for a name that no limit has, and for 0.
    pub fn set(&mut self, name: &str, value: u64) -> Result<()> {
        let place = match name {
            "document_bytes" => &mut self.document_bytes,
            "pages" => &mut self.pages,
            "image_pixels" => &mut self.image_pixels,
            "page_pixels" => &mut self.page_pixels,
            "document_pixels" => &mut self.document_pixels,
            "page_objects" => &mut self.page_objects,
            "page_images" => &mut self.page_images,
            "page_words" => &mut self.page_words,
            "lost_children" => &mut self.lost_children,
            _ => {
                let names = Self::NAMES.join(", ");
                let detail = format!("{name:?} is none of the limits {names}");
                return Err(Error::invalid_option("limits", detail));
            }
        };
        *place = value;
        self.validate()
    }

    /// Fails on a limit of 0, which nothing keeps to.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] that names it.
    pub fn validate(&self) -> Result<()> {
        let values = [
            self.document_bytes,
            self.pages,
            self.image_pixels,
            self.page_pixels,
            self.document_pixels,
            self.page_objects,
            self.page_images,
            self.page_words,
            self.lost_children,
        ];
        match Self::NAMES.iter().zip(values).find(|(_, value)| *value == 0) {
            Some((name, _)) => {
                Err(Error::invalid_option("limits", format!("{name} is 0; it is at least 1")))
            }
            None => Ok(()),
        }
    }

    /// The error for a document of this name that exceeds a limit: what it has, and how much is
    /// allowed.
    pub(crate) fn exceeded(name: &str, found: &str, limit: &'static str) -> Error {
        Error::TooLarge { name: name.to_owned(), detail: format!("{found} ({})", how(limit)) }
    }

    /// The error for a page that is not read since others ended so many processes.
    pub(crate) fn given_up(name: &str, page: usize, most: u64) -> Error {
        let how = how("lost_children");
        let detail = format!("page {page} was not read: {most} processes ended over it ({how})");
        Error::Damaged { name: name.to_owned(), detail }
    }

    /// The warning for a page of which only so much was taken.
    pub(crate) fn reached(taken: &str, limit: &'static str) -> Warning {
        Warning::new(WarningCode::LimitReached, format!("{taken} ({})", how(limit)))
    }
}

/// Where a limit is set.
fn how(limit: &str) -> String {
    if !Limits::NAMES.contains(&limit) {
        return format!("limit {limit}");
    }
    format!("limit {limit}; raise it with --limit {limit}=N or under [limits] in recto.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_set_by_its_name() {
        let mut limits = Limits::default();
        for (name, value) in Limits::NAMES.into_iter().zip(1..) {
            limits.set(name, value).unwrap();
        }
        let json = serde_json::to_value(limits).unwrap();
        for (name, value) in Limits::NAMES.into_iter().zip(1_u64..) {
            assert_eq!(json[name], value, "{name}");
        }
        assert_eq!(json.as_object().map(serde_json::Map::len), Some(Limits::NAMES.len()));
    }

    #[test]
    fn what_is_no_limit_is_named() {
        let mut limits = Limits::default();
        let error = limits.set("page", 3).unwrap_err().to_string();
        assert!(error.contains("\"page\"") && error.contains("page_words"), "{error}");
        let error = limits.set("pages", 0).unwrap_err().to_string();
        assert_eq!(error, "limits: pages is 0; it is at least 1");
        let error = serde_json::from_str::<Limits>(r#"{"page": 3}"#).unwrap_err().to_string();
        assert!(error.contains("page"), "{error}");
    }
}
