//! `[cache]`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::provider::{CacheStore, Cached, OcrProvider};
use crate::setup;

/// `[cache]`: answers kept on disk for the next time. The section alone switches it on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Cache {
    /// The folder. Default: `answers` in recto's [cache folder](crate::setup::cache_dir).
    pub dir: Option<PathBuf>,
    /// Largest size of it, in megabytes. Default: 1024.
    pub max_mb: u64,
    /// Longest time that an answer is given, in hours. Default: 720, thirty days.
    pub max_age_hours: u64,
}

impl Default for Cache {
    fn default() -> Self {
        Self { dir: None, max_mb: 1024, max_age_hours: 720 }
    }
}

impl Cache {
    /// The provider, with a cache in front.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder cannot be used; [`Error::InvalidOption`] where none is named
    /// and there is no home folder.
    pub fn wrap(&self, inner: Arc<dyn OcrProvider>) -> Result<Arc<dyn OcrProvider>> {
        let own = || setup::cache_dir().map(|folder| folder.join("answers"));
        let folder = self.dir.clone().or_else(own).ok_or_else(|| {
            Error::invalid_option("cache.dir", "there is no home folder: name a folder")
        })?;
        let max_age = Duration::from_secs(self.max_age_hours.saturating_mul(3600));
        let store = CacheStore::open(folder, self.max_mb.saturating_mul(1_000_000), max_age)?;
        Ok(Arc::new(Cached::new(inner, store, stamp())))
    }
}

/// What stands for this version of recto and the libraries and models that it finds: with others it
/// may read something else.
fn stamp() -> String {
    let mut stamp = vec![env!("CARGO_PKG_VERSION").to_owned()];
    stamp.extend(setup::check().into_iter().filter_map(|part| part.found));
    stamp.extend(setup::tesseract_models());
    stamp.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_alone_is_enough() {
        let config: crate::Config = toml::from_str("[cache]\n").unwrap();
        let cache = config.cache.unwrap();
        assert_eq!((cache.dir, cache.max_mb, cache.max_age_hours), (None, 1024, 720));
        assert!(toml::from_str::<crate::Config>("[cache]\nmax = 1\n").is_err());
    }

    #[test]
    fn other_models_make_another_stamp() {
        let stamp = stamp();
        assert!(stamp.starts_with(env!("CARGO_PKG_VERSION")), "{stamp}");
        for model in setup::tesseract_models() {
            assert!(stamp.lines().any(|line| line == model), "{model}");
        }
    }
}
