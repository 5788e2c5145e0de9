//! `recto.toml`: what the program is told once and for all.
//!
//! Every section and every key is optional; a key that nobody knows is an error that names it. Keys
//! of services are never in the file: it names the environment variables that hold them.
//! docs/config.md lists all of it.

mod providers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::provider::{OcrProvider, Router};

/// The contents of a `recto.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// `[providers.NAME]`: services that read documents.
    pub(crate) providers: BTreeMap<String, providers::Provider>,
    /// `[aliases]`: names for models with options.
    pub(crate) aliases: BTreeMap<String, providers::Alias>,
    /// `[fallbacks]`: models to try where another one fails.
    pub(crate) fallbacks: BTreeMap<String, Vec<String>>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], and [`Error::InvalidOption`] that names the file, the line and what is wrong.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|error| {
            Error::invalid_option("config", format!("{}: {error}", path.display()))
        })
    }

    /// The file that counts: the one named, else the one that `RECTO_CONFIG` names, else the user's
    /// own (`recto/recto.toml` where the system keeps settings: `$XDG_CONFIG_HOME` or `~/.config`),
    /// else defaults. The folder one happens to be in does not count: it may be somebody else's,
    /// and a configuration says where documents are sent.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn find(named: Option<&Path>) -> Result<Self> {
        let asked = named.map(Path::to_owned).or_else(|| set("RECTO_CONFIG"));
        match asked {
            Some(path) => Self::load(&path),
            None => match user_file().filter(|path| path.is_file()) {
                Some(path) => Self::load(&path),
                None => Ok(Self::default()),
            },
        }
    }

    /// All providers that the file names behind one, with its aliases and fallbacks. `local` reads
    /// on this machine. Keys are looked up when a provider is first asked.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for a provider or alias whose name is taken or whose settings cannot
    /// be used, [`Error::UnknownModel`] for an alias or fallback that leads nowhere.
    pub fn provider(&self, local: Arc<dyn OcrProvider>) -> Result<Router> {
        let mut router = Router::new(local)?;
        for (name, settings) in &self.providers {
            router = settings.add(name, router)?;
        }
        for (name, alias) in &self.aliases {
            router = router.with_alias(name, alias.read(name)?)?;
        }
        for (model, fallbacks) in &self.fallbacks {
            router = router.with_fallbacks(model, fallbacks.clone())?;
        }
        Ok(router)
    }

    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }
}

/// A path in the environment.
fn set(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn user_file() -> Option<PathBuf> {
    let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(folder.join("recto").join("recto.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_that_names_it_and_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("recto.toml");
        std::fs::write(&path, "# ours\nnonsense = 1\n").unwrap();
        let error = Config::load(&path).unwrap_err().to_string();
        assert!(error.contains("recto.toml") && error.contains("nonsense"), "{error}");
        assert!(error.contains("line 2"), "{error}");
        std::fs::write(&path, "").unwrap();
        assert!(Config::load(&path).is_ok());
        assert!(Config::load(&dir.path().join("none")).is_err());
    }
}
