//! Services as providers: one file for each wire format, with both of its directions.
//!
//! An answer is read leniently: whatever optional field is missing, null or of another type leaves
//! its own field empty, and what has no field here goes to the response's extra fields.

mod asked;
mod bifrost;
mod docling_serve;
mod document;
mod json;
mod mistral;
mod opper;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use url::Url;

use super::OcrProvider;
use super::http::{Key, Service};
use super::request::OcrRequest;
use super::response::{ANNOTATIONS, CAPABILITIES, OcrModel, OcrResponse, made_id};
use crate::call::Call;
use crate::error::{Error, Result};
use asked::{Asked, Sent};
use document::Document;

/// A service that lists its models slowly is listed without them.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a list of models holds.
const LIST_AGE: Duration = Duration::from_secs(300);
/// Whose interface a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoteKind {
    /// Mistral's: `POST /v1/ocr`, a Bearer key.
    Mistral,
    /// That of a Bifrost gateway, and of whatever else takes Mistral's fields and further ones
    /// (another recto): `POST /v1/ocr`, a Bearer key, models named "provider/model".
    Bifrost,
    /// Opper's: `POST /v3/ocr`, a Bearer key.
    Opper,
    /// docling-serve's: `POST /v1/convert/source`, an `X-Api-Key`.
    DoclingServe,
}

impl RemoteKind {
    /// The address of the service itself, for those that have one.
    fn home(self) -> Option<&'static str> {
        match self {
            Self::Mistral => Some("https://api.mistral.ai"),
            Self::Opper => Some("https://api.opper.ai"),
            Self::Bifrost | Self::DoclingServe => None,
        }
    }

    /// What addresses of such services are often given with; the paths here begin with it.
    fn version(self) -> &'static str {
        match self {
            Self::Opper => "/v3",
            _ => "/v1",
        }
    }

    /// The model of requests that name none.
    fn default_model(self) -> Option<&'static str> {
        match self {
            Self::Mistral => Some("mistral-ocr-latest"),
            Self::DoclingServe => Some(docling_serve::MODEL),
            Self::Bifrost | Self::Opper => None,
        }
    }

    /// Fields of a request that it takes.
    fn capabilities(self) -> Vec<&'static str> {
        let (without, with): (&[&str], &[&'static str]) = match self {
            Self::Mistral => (&["parameters"], &ANNOTATIONS),
            Self::Bifrost => (&[], &ANNOTATIONS),
            Self::Opper => (&[], &[]),
            Self::DoclingServe => (&["table_format", "confidence"], &[]),
        };
        let plain = CAPABILITIES.into_iter().filter(|name| !without.contains(name));
        plain.chain(with.iter().copied()).collect()
    }
}

/// The key that a service wants to see. Never printed.
#[derive(Clone, Default)]
pub enum RemoteKey {
    /// It wants none.
    #[default]
    None,
    /// It is in this environment variable, looked up when it is needed.
    Env(String),
    /// It is this.
    Given(String),
}

impl std::fmt::Debug for RemoteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Env(variable) => write!(f, "Env({variable})"),
            Self::Given(_) => f.write_str("Given(…)"),
        }
    }
}

/// Reads with a service. Documents leave this machine: files and bytes are sent, http(s) URLs are
/// fetched by the service.
///
/// Status 429, 5xx and no answer lead to further tries. What of a request the service has no word
/// for is a warning of the response.
#[derive(Clone, Debug)]
pub struct RemoteProvider {
    name: String,
    kind: RemoteKind,
    service: Service,
    key: RemoteKey,
    price_per_page: Option<f64>,
    models: Vec<String>,
    listed: Arc<Mutex<Option<Listed>>>,
}

/// A list of models, and when the service gave it.
#[derive(Clone, Debug)]
struct Listed {
    when: Instant,
    models: Vec<String>,
}

impl RemoteProvider {
    /// A service by the name it has before the slash in names of models. `base` is everything
    /// before the paths of its interface; default: that of the service itself, where there is one.
    /// No key, 300 seconds a try, 2 further tries.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] where a base is needed, or is no http(s) URL.
    pub fn new(name: impl Into<String>, kind: RemoteKind, base: Option<&str>) -> Result<Self> {
        let name = name.into();
        let wrong =
            |detail: &str| Error::invalid_option("base_url", format!("provider {name}: {detail}"));
        let base = base.or(kind.home()).ok_or_else(|| wrong("it needs one"))?;
        let base = base.trim().trim_end_matches('/');
        let base = base.strip_suffix(kind.version()).unwrap_or(base);
        let base: Url = base.parse().map_err(|error| wrong(&format!("not a URL: {error}")))?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(wrong("it has to begin with https:// or http://"));
        }
        let mut service = Service::new(name.clone(), base);
        match kind {
            RemoteKind::Bifrost => service.headers = &[("x-recto-dialect", "bifrost")],
            // It does not wait any longer for a conversion that goes on: a second one would be added.
            RemoteKind::DoclingServe => service.final_statuses = &[504],
            RemoteKind::Mistral | RemoteKind::Opper => {}
        }
        Ok(Self {
            name,
            kind,
            service,
            key: RemoteKey::None,
            price_per_page: None,
            models: Vec::new(),
            listed: Arc::default(),
        })
    }

    /// The same, with a key.
    #[must_use]
    pub fn with_key(mut self, key: RemoteKey) -> Self {
        self.key = key;
        self
    }

    /// The same, with the longest time of one try. Default: 300 seconds.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.service.timeout = timeout;
        self
    }

    /// The same, with the number of tries after the first one. Default: 2.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.service.retries = retries;
        self
    }

    /// The same, with a price in US dollars, for services that do not tell the cost themselves.
    #[must_use]
    pub fn with_price_per_page(mut self, price: f64) -> Self {
        self.price_per_page = Some(price);
        self
    }

    /// The same, with names of models (without the provider's). The first one is for requests that
    /// name none; the service is not asked for its list any more.
    #[must_use]
    pub fn with_models(mut self, models: impl IntoIterator<Item = String>) -> Self {
        self.models = models.into_iter().collect();
        self
    }

    /// Whose interface it speaks.
    pub fn kind(&self) -> RemoteKind {
        self.kind
    }

    /// The models it was told to have ([`with_models`](Self::with_models)).
    pub fn known_models(&self) -> &[String] {
        &self.models
    }

    /// The service with its key.
    fn service(&self) -> Result<Service> {
        let key = match &self.key {
            RemoteKey::None => None,
            RemoteKey::Given(key) => Some(key.clone()),
            RemoteKey::Env(variable) => {
                let key = std::env::var(variable).ok().filter(|key| !key.trim().is_empty());
                Some(key.ok_or_else(|| Error::MissingComponent {
                    what: format!("the key of the provider {}", self.name),
                    fix: format!("put it into the environment variable {variable}"),
                    source: None,
                })?)
            }
        };
        let key = key.map(|key| key.trim().to_owned()).map(|key| match self.kind {
            RemoteKind::DoclingServe => Key::ApiKey(key),
            _ => Key::Bearer(key),
        });
        Ok(Service { key, ..self.service.clone() })
    }

    /// The model as the service calls it.
    fn model(&self, request: &OcrRequest) -> Result<String> {
        let asked = request.model.as_deref().map(str::trim).unwrap_or_default();
        let asked = match asked.strip_prefix(&self.name) {
            Some("") => "",
            Some(rest) => rest.strip_prefix('/').unwrap_or(asked),
            None => asked,
        };
        let model = match asked {
            "" => self.models.first().map(String::as_str).or(self.kind.default_model()),
            model => Some(model),
        };
        model.map(str::to_owned).ok_or_else(|| {
            Error::invalid_option("model", format!("{} needs one: {}/MODEL", self.name, self.name))
        })
    }

    /// The names of models that the service lists; none where it lists none. Asked for at most
    /// once in a while.
    fn list(&self) -> Vec<String> {
        let path = match self.kind {
            RemoteKind::Mistral => "/v1/models",
            RemoteKind::Opper => "/v3/ocr/models",
            // A gateway lists all models, of which it does not say which read documents.
            RemoteKind::Bifrost | RemoteKind::DoclingServe => return Vec::new(),
        };
        if let Ok(listed) = self.listed.lock()
            && let Some(Listed { when, models }) = &*listed
            && when.elapsed() < LIST_AGE
        {
            return models.clone();
        }
        let asked = self.service().and_then(|service| {
            let service = Service { timeout: LIST_TIMEOUT, retries: 0, ..service };
            service.get(path, &Call::default())
        });
        let models = match asked {
            Ok(answer) if self.kind == RemoteKind::Opper => opper::models(&answer),
            Ok(answer) => mistral::models(&answer),
            Err(error) => {
                tracing::warn!(provider = self.name, error = error.chain(), "no list of models");
                Vec::new()
            }
        };
        if let Ok(mut listed) = self.listed.lock() {
            *listed = Some(Listed { when: Instant::now(), models: models.clone() });
        }
        models
    }

    /// What every response has, whatever was answered.
    fn finish(&self, response: &mut OcrResponse, asked: &Asked<'_>) {
        response.pages.sort_by_key(|page| page.index);
        if let Some(id) = &asked.request.id {
            response.id.clone_from(id);
        } else if response.id.is_empty() {
            response.id = made_id(&response.pages);
        }
        response.provider.clone_from(&self.name);
        let model = if response.model.is_empty() { asked.model } else { response.model.as_str() };
        response.model = format!("{}/{model}", self.name);
        let usage = &mut response.usage;
        usage.document_bytes = usage.document_bytes.or(asked.document.size());
        let price = self.price_per_page.map(|price| price * usage.pages_processed as f64);
        usage.cost = usage.cost.or(price);
    }
}

impl OcrProvider for RemoteProvider {
    fn name(&self) -> &str {
        &self.name
    }

    fn models(&self) -> Result<Vec<OcrModel>> {
        let names = match (&*self.models, self.kind.default_model()) {
            ([], default) => {
                let mut names = self.list();
                if let (true, Some(default)) = (names.is_empty(), default) {
                    names.push(default.to_owned());
                }
                names
            }
            (models, _) => models.to_vec(),
        };
        let model = |name: String| OcrModel {
            id: format!("{}/{name}", self.name),
            aliases: if self.models.is_empty() { Vec::new() } else { vec![name] },
            provider: self.name.clone(),
            price_per_page: self.price_per_page,
            capabilities: self.kind.capabilities().into_iter().map(str::to_owned).collect(),
        };
        Ok(names.into_iter().map(model).collect())
    }

    fn ocr(&self, request: &OcrRequest, call: &Call) -> Result<OcrResponse> {
        call.check()?;
        let model = self.model(request)?;
        let service = self.service()?;
        let document = Document::of(request)?;
        let asked = Asked { request, model: &model, document: &document, provider: &self.name };
        let sent = match self.kind {
            RemoteKind::Mistral => mistral::request(&asked),
            RemoteKind::Bifrost => bifrost::request(&asked),
            RemoteKind::Opper => opper::request(&asked),
            RemoteKind::DoclingServe => docling_serve::request(&asked, call),
        }?;
        let answer = service.post(sent.path, &sent.body, call)?;
        drop(sent.body);
        let mut response = OcrResponse::new("", "", "");
        response.warnings = sent.warnings;
        match self.kind {
            RemoteKind::Mistral | RemoteKind::Bifrost => {
                mistral::response(&answer, &asked, &mut response)
            }
            RemoteKind::Opper => opper::response(&answer, &asked, &mut response),
            RemoteKind::DoclingServe => docling_serve::response(&answer, &asked, &mut response),
        }
        .map_err(|detail| service.error(None, detail))?;
        self.finish(&mut response, &asked);
        Ok(response)
    }

    fn takes_fallbacks(&self) -> bool {
        self.kind == RemoteKind::Bifrost
    }
}

#[cfg(test)]
mod tests;
