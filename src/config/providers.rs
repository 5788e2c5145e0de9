//! `[providers.NAME]`, `[aliases]`: who else reads documents, and under which names.

use std::sync::Arc;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::provider::{Alias as RouterAlias, OcrProvider, Router};

/// Longest time of one try, in seconds: a day.
const MOST_SECONDS: f64 = 86_400.0;
/// Most further tries: with pauses of up to five seconds, a minute is waited.
const MOST_RETRIES: u32 = 12;

/// A service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
// Without the feature `remote` there is nothing to configure with it.
#[cfg_attr(not(feature = "remote"), allow(dead_code))]
pub(crate) struct Provider {
    /// Whose interface it speaks.
    kind: Kind,
    /// Everything before the paths of the interface. Default: that of Mistral and Opper themselves;
    /// the other kinds need it.
    base_url: Option<String>,
    /// The environment variable that holds the key. Default: `MISTRAL_API_KEY` and
    /// `OPPER_API_KEY` for Mistral and Opper themselves, else no key.
    key_env: Option<String>,
    /// US dollars per page, where the service does not tell the cost. Default: not known.
    price_per_page: Option<f64>,
    /// Longest time of one try. Default: 300.
    timeout_seconds: Option<f64>,
    /// Tries after the first one. Default: 2.
    retries: Option<u32>,
    /// Names of models that lead to it without its own; the first one is for requests that name
    /// none. Default: `mistral-ocr-latest` for Mistral, else none.
    #[serde(default)]
    models: Vec<String>,
}

/// Whose interface a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Mistral,
    Opper,
    Bifrost,
    DoclingServe,
}

impl Provider {
    /// The router with this provider; `annotated` is for services that make no annotations.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for settings that cannot be used.
    #[cfg(feature = "remote")]
    pub(super) fn add(
        &self,
        name: &str,
        router: Router,
        annotated: impl FnOnce(Arc<dyn OcrProvider>) -> Result<Arc<dyn OcrProvider>>,
    ) -> Result<Router> {
        use crate::provider::{RemoteKey, RemoteKind, RemoteProvider};
        use std::time::Duration;

        self.check(name)?;
        let kind = match self.kind {
            Kind::Mistral => RemoteKind::Mistral,
            Kind::Opper => RemoteKind::Opper,
            Kind::Bifrost => RemoteKind::Bifrost,
            Kind::DoclingServe => RemoteKind::DoclingServe,
        };
        let mut provider = RemoteProvider::new(name, kind, self.base_url.as_deref())?
            .with_models(self.models.clone());
        // A service's own key is not for whoever else speaks its interface.
        let usual = match self.kind {
            Kind::Mistral if self.base_url.is_none() => Some("MISTRAL_API_KEY"),
            Kind::Opper if self.base_url.is_none() => Some("OPPER_API_KEY"),
            _ => None,
        };
        if let Some(variable) = self.key_env.as_deref().or(usual) {
            provider = provider.with_key(RemoteKey::Env(variable.to_owned()));
        }
        if let Some(price) = self.price_per_page {
            provider = provider.with_price_per_page(price);
        }
        if let Some(seconds) = self.timeout_seconds {
            provider = provider.with_timeout(Duration::from_secs_f64(seconds));
        }
        if let Some(retries) = self.retries {
            provider = provider.with_retries(retries);
        }
        let mut names = self.models.clone();
        if names.is_empty() && self.kind == Kind::Mistral {
            names.push("mistral-ocr-latest".to_owned());
        }
        let provider: Arc<dyn OcrProvider> = Arc::new(provider);
        let provider = match self.kind {
            // Those of Mistral are made there.
            Kind::Mistral | Kind::Bifrost => provider,
            Kind::Opper | Kind::DoclingServe => annotated(provider)?,
        };
        router.with_provider(provider, names)
    }

    /// Refuses: services need the feature `remote`.
    #[cfg(not(feature = "remote"))]
    pub(super) fn add(
        &self,
        name: &str,
        _: Router,
        _: impl FnOnce(Arc<dyn OcrProvider>) -> Result<Arc<dyn OcrProvider>>,
    ) -> Result<Router> {
        self.check(name)?;
        Err(wrong(name, "services need a recto built with the feature \"remote\""))
    }

    fn check(&self, name: &str) -> Result<()> {
        if self.price_per_page.is_some_and(|price| !(price.is_finite() && price >= 0.0)) {
            return Err(wrong(name, "price_per_page is a number from 0, in US dollars"));
        }
        let seconds = self.timeout_seconds.unwrap_or(1.0);
        if !(seconds > 0.0 && seconds <= MOST_SECONDS) {
            return Err(wrong(name, "timeout_seconds is more than 0, and at most 86400"));
        }
        if self.retries.is_some_and(|retries| retries > MOST_RETRIES) {
            return Err(wrong(name, "retries is at most 12"));
        }
        if self.key_env.as_deref().is_some_and(|v| v.is_empty() || v.contains(['=', '\0'])) {
            return Err(wrong(name, "key_env is the name of an environment variable"));
        }
        Ok(())
    }
}

fn wrong(name: &str, detail: &str) -> Error {
    Error::invalid_option("config", format!("[providers.{name}]: {detail}"))
}

/// A name for a model with options.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alias {
    /// The model.
    model: String,
    /// Options of the model, as a request's `parameters`. Default: none.
    #[serde(default)]
    parameters: toml::Table,
}

impl Alias {
    pub(super) fn read(&self, name: &str) -> Result<RouterAlias> {
        let parameters = serde_json::to_value(&self.parameters);
        let Ok(serde_json::Value::Object(parameters)) = parameters else {
            let detail = format!("[aliases] {name:?}: its parameters cannot be written as JSON");
            return Err(Error::invalid_option("config", detail));
        };
        Ok(RouterAlias { model: self.model.clone(), parameters })
    }
}

#[cfg(test)]
mod tests;
