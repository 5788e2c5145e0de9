//! `[annotations]`.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use crate::error::{Error, Result};
use crate::provider::{Annotator, LanguageModel, OcrProvider};

/// `[annotations]`: a language model behind the chat interface of OpenAI.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Annotations {
    /// The address before `/chat/completions`: `http://127.0.0.1:11434/v1` for Ollama.
    pub base_url: Url,
    /// The model's name there. It should be one that sees, for images.
    pub model: String,
    /// The environment variable that holds a key. Default: no key is sent.
    pub key_env: Option<String>,
    /// Longest time of one answer, in seconds. Default: 120.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: f64,
    /// Tries after the first, where the endpoint does not answer. Default: 2.
    #[serde(default = "default_retries")]
    pub retries: u32,
}

fn default_timeout() -> f64 {
    120.0
}

fn default_retries() -> u32 {
    2
}

impl Annotations {
    /// The provider, with its images and documents described by this model.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] where the address is not http(s), the variable of the key is not
    /// set, or the time is none.
    pub fn wrap(&self, inner: Arc<dyn OcrProvider>) -> Result<Arc<dyn OcrProvider>> {
        Ok(Arc::new(Annotator::new(inner, self.model()?)))
    }

    /// The model, which reads formulas and describes pictures for an engine as well
    /// ([`EngineBuilder::formula_reader`](crate::EngineBuilder::formula_reader),
    /// [`EngineBuilder::describer`](crate::EngineBuilder::describer)).
    ///
    /// # Errors
    ///
    /// As [`wrap`](Self::wrap).
    pub fn model(&self) -> Result<LanguageModel> {
        if !matches!(self.base_url.scheme(), "http" | "https") {
            let detail = format!("{} is not an http(s) address", self.base_url);
            return Err(Error::invalid_option("annotations.base_url", detail));
        }
        let timeout = Duration::try_from_secs_f64(self.timeout_seconds)
            .ok()
            .filter(|timeout| !timeout.is_zero())
            .ok_or_else(|| {
                Error::invalid_option("annotations.timeout_seconds", "it should be more than 0")
            })?;
        let mut model = LanguageModel::new(self.base_url.clone(), &self.model)
            .timeout(timeout)
            .retries(self.retries);
        if let Some(variable) = &self.key_env {
            let key = std::env::var(variable).ok().filter(|key| !key.is_empty());
            let key = key.ok_or_else(|| {
                let detail = format!("the environment variable {variable} is not set");
                Error::invalid_option("annotations.key_env", detail)
            })?;
            model = model.key(key);
        }
        Ok(model)
    }
}
