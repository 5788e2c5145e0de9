//! `recto.toml`: what the program is told once and for all.
//!
//! Every section and every key is optional; a key that nobody knows is an error that names it. Keys
//! of services are never in the file: it names the environment variables that hold them.
//! docs/config.md lists all of it.

#[cfg(feature = "annotations")]
mod annotations;
mod cache;
mod fetch;
mod files;
mod jobs;
mod providers;
mod server;

use std::collections::BTreeMap;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::provider::{OcrProvider, Router};

#[cfg(feature = "annotations")]
pub use annotations::Annotations;
pub use cache::Cache;
pub use fetch::Fetch;
pub use files::Files;
pub use jobs::Jobs;
pub use server::{Place, Server};

/// The contents of a `recto.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Config {
    /// `[annotations]`: the language model that describes images and documents. Default: none.
    #[cfg(feature = "annotations")]
    pub annotations: Option<Annotations>,
    /// `[cache]`: answers kept for the next time. Default: none are.
    pub cache: Option<Cache>,
    /// Documents that clients of the server upload.
    pub files: Files,
    /// `[jobs]`: what they ask for and come back for.
    pub jobs: Jobs,
    /// `[server]`: how `recto serve` listens, and what it lets clients do.
    pub server: Server,
    /// `[fetch]`: documents that its clients name by their URLs.
    pub fetch: Fetch,
    /// `[limits]`: how large documents may be.
    pub limits: Limits,
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

    /// All that the file names behind one provider: `local`, which reads on this machine, and the
    /// services of `[providers]`, with aliases and fallbacks; `[annotations]` for those that have
    /// none of their own; `[cache]` in front. Keys of providers are looked up when one is first
    /// asked.
    ///
    /// # Errors
    ///
    /// As [`router`](Self::router); what the sections `[annotations]` and `[cache]` cannot use.
    pub fn provider(&self, local: Arc<dyn OcrProvider>) -> Result<Arc<dyn OcrProvider>> {
        let router = Arc::new(self.router(self.annotated(local)?)?);
        match &self.cache {
            Some(cache) => cache.wrap(router),
            None => Ok(router),
        }
    }

    /// The providers without a cache.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for a provider or alias whose name is taken or whose settings cannot
    /// be used, and for an alias or fallback that leads nowhere.
    pub fn router(&self, local: Arc<dyn OcrProvider>) -> Result<Router> {
        let mut router = Router::new(local)?;
        for (name, settings) in &self.providers {
            router = settings.add(name, router, |provider| self.annotated(provider))?;
        }
        for (name, alias) in &self.aliases {
            router = router.with_alias(name, alias.read(name)?)?;
        }
        for (model, fallbacks) in &self.fallbacks {
            router = router.with_fallbacks(model, fallbacks.clone())?;
        }
        Ok(router)
    }

    /// The provider, with annotations where the file says who makes them.
    fn annotated(&self, provider: Arc<dyn OcrProvider>) -> Result<Arc<dyn OcrProvider>> {
        #[cfg(feature = "annotations")]
        if let Some(annotations) = &self.annotations {
            return annotations.wrap(provider);
        }
        Ok(provider)
    }

    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            // One line, like every other error.
            let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            match error.span().and_then(|span| text.get(..span.start)) {
                Some(before) => {
                    let number = before.matches('\n').count();
                    let line = text.lines().nth(number).unwrap_or_default().trim();
                    format!("line {}, {line}: {message}", number + 1)
                }
                None => message,
            }
        })
    }
}

/// A time in seconds, above 0 and with a fraction if need be.
fn seconds<'de, D: Deserializer<'de>>(value: D) -> std::result::Result<Option<Duration>, D::Error> {
    let seconds = f64::deserialize(value)?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(Some(time)),
        _ => Err(serde::de::Error::custom(format!("{seconds} is no number of seconds above 0"))),
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
        assert!(error.contains("line 2, ") && !error.contains('\n'), "{error}");
        std::fs::write(&path, "").unwrap();
        assert!(Config::load(&path).is_ok());
        assert!(Config::load(&dir.path().join("none")).is_err());
    }

    #[test]
    fn the_server_and_what_it_fetches() {
        let config = Config::parse(
            "[server]\nlisten = \"127.0.0.1:9\"\njobs = 3\ndocuments = 4\nwaiting = 0\ntimeout = 1.5\n\
             max_body_mb = 5\nmax_pages = 1000\nkey_file = \"keys\"\nkey_requests = 6\n\
             key_reads = 7\nkey_pages = 8\nisolation = \"threads\"\npage_timeout = 60\n\
             [fetch]\nallow = true\nallow_hosts = [\"files.example\"]\nmax_mb = 9\n\
             timeout_seconds = 10",
        )
        .unwrap();
        let server = config.server;
        assert_eq!(server.listen, Some("127.0.0.1:9".parse().unwrap()));
        assert_eq!(server.timeout, Some(Duration::from_millis(1500)));
        assert_eq!((server.waiting, server.isolation), (Some(0), Some(Place::Threads)));
        assert_eq!(server.page_timeout, Some(Duration::from_secs(60)));
        assert_eq!((config.fetch.allow, config.fetch.allow_hosts.len()), (true, 1));
        assert_eq!(config.fetch.timeout_seconds, Some(Duration::from_secs(10)));
        assert_eq!(Config::parse("[server]\n[fetch]").unwrap().server, Server::default());
    }

    #[test]
    fn limits_have_their_section() {
        let config = Config::parse("[limits]\npages = 500\ndocument_bytes = 50_000_000").unwrap();
        let wanted = Limits { pages: 500, document_bytes: 50_000_000, ..Limits::default() };
        assert_eq!(config.limits, wanted);
        assert_eq!(Config::parse("[limits]").unwrap().limits, Limits::default());
    }

    #[test]
    fn values_that_make_no_sense_are_named() {
        for (text, part) in [
            ("[server]\njobs = 0", "jobs = 0"),
            ("[server]\ntimeout = -1", "timeout = -1"),
            ("[server]\npage_timeout = 0", "no number of seconds above 0"),
            ("[server]\nisolation = \"none\"", "threads"),
            ("[server]\nlisten = \"here\"", "listen"),
            ("[server]\nprot = 1", "prot"),
            ("[fetch]\nallow_host = []", "allow_host"),
            ("[limits]\npage = 3", "page_words"),
            ("[limits]\npages = -1", "pages = -1"),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
