//! `[files]`: documents that clients of the server upload.

use std::num::NonZero;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use url::Url;

/// The section `[files]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Files {
    /// Where files are kept. Default: `recto/files` where the system keeps data of users
    /// (`$XDG_DATA_HOME` or `~/.local/share`).
    pub dir: Option<PathBuf>,
    /// Hours that files are kept. Default: 168, a week.
    pub retention_hours: Option<NonZero<u32>>,
    /// Most megabytes of all files together. Default: 5000.
    pub quota_mb: Option<NonZero<u32>>,
    /// Most megabytes of one file. Default: 512.
    pub max_file_mb: Option<NonZero<u32>>,
    /// What addresses of files begin with that are handed out, http or https, for servers behind a
    /// proxy. Default: http and what the client called the server by.
    #[serde(deserialize_with = "web_address")]
    pub public_url: Option<Url>,
}

fn web_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let bad =
        |why: &str| serde::de::Error::custom(format!("{text:?} is no http or https URL{why}"));
    match Url::parse(&text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Err(bad("")),
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            Err(bad(" without a query"))
        }
        Ok(url) => Ok(Some(url)),
        Err(error) => Err(bad(&format!(": {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    #[test]
    fn all_keys_are_read() {
        let text = "[files]\ndir = '/srv/f'\nretention_hours = 24\nquota_mb = 10\n\
                    max_file_mb = 5\npublic_url = 'https://ocr.example.org/recto'\n";
        let files = Config::parse(text).unwrap().files;
        assert_eq!(files.dir.unwrap().to_str(), Some("/srv/f"));
        let numbers = [files.retention_hours, files.quota_mb, files.max_file_mb];
        assert_eq!(numbers.map(|n| n.unwrap().get()), [24, 10, 5]);
        assert_eq!(files.public_url.unwrap().as_str(), "https://ocr.example.org/recto");
        assert!(Config::parse("").unwrap().files.dir.is_none());
    }

    #[test]
    fn what_cannot_be_is_told() {
        for (line, wanted) in [
            ("retention_hours = 0", "nonzero"),
            ("quota = 1", "unknown field `quota`"),
            ("public_url = 'ftp://x'", "\"ftp://x\" is no http or https URL"),
            ("public_url = 'ocr.example.org'", "is no http or https URL: relative URL"),
            ("public_url = 'http://x/?a=1'", "without a query"),
        ] {
            let error = Config::parse(&format!("[files]\n{line}\n")).unwrap_err();
            assert!(error.contains(wanted) && error.contains("line 2"), "{error}");
        }
    }
}
