//! Several providers as one: who reads is told by the model's name, and what comes after a failure.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::OcrProvider;
use super::request::OcrRequest;
use super::response::{OcrModel, OcrResponse};
use crate::call::Call;
use crate::error::{Error, ErrorKind, Result, Warning, WarningCode};

/// The router's name.
const NAME: &str = "recto";
/// The one name of the local model that another provider may have too, and then has.
const SHARED: &str = "mistral-ocr-latest";
/// Parameters that mean the same: of each group, one that a request gives stands over the alias's.
const SYNONYMS: [&[&str]; 2] =
    [&["lang", "ocr_lang"], &["ocr_engine", "ocr_preset", "ocr_custom_config"]];

/// Another name for a model, with options of its own.
#[derive(Clone, Debug)]
pub struct Alias {
    /// The model; not an alias itself.
    pub model: String,
    /// Options; those of a request stand over them, one by one.
    pub parameters: Map<String, Value>,
}

/// Providers by their names, and the local one.
///
/// A request's model is looked up in this order: aliases; the local model's names (and no name at
/// all); `PROVIDER/MODEL` and `PROVIDER` alone; names that one provider lists. `mistral-ocr-latest`
/// is the local model only where no other provider lists it. So documents leave this machine only
/// where a name says so.
///
/// A provider that fails (after further tries of its own) is followed by the request's fallbacks,
/// then by those set for its model, each with the request as if it had been asked first; the
/// response has a warning that says why. If all fail, the error is the first one's. Mistakes of the
/// caller lead to no fallback: options and pages that do not exist, documents that cannot be found,
/// are encrypted, empty, too large or not to be fetched; neither does a cancelled or overdue call.
#[derive(Clone, Debug)]
pub struct Router {
    local: Arc<dyn OcrProvider>,
    /// The local model's full name.
    local_model: String,
    /// All names of the local model.
    local_names: Vec<String>,
    others: Vec<Entry>,
    aliases: BTreeMap<String, Alias>,
    /// By alias or full name.
    fallbacks: BTreeMap<String, Vec<String>>,
}

/// A provider, and names of models that lead to it without its own.
#[derive(Clone, Debug)]
struct Entry {
    provider: Arc<dyn OcrProvider>,
    models: Vec<String>,
}

/// Who is to read, as which model, with which options.
#[derive(Clone, Debug)]
struct Target {
    provider: Arc<dyn OcrProvider>,
    /// What the provider is asked for.
    model: Option<String>,
    /// The full name.
    name: String,
    parameters: Map<String, Value>,
}

/// One request to one provider.
struct Attempt {
    target: Target,
    /// What the provider itself is to try after that.
    fallbacks: Vec<String>,
}

impl Router {
    /// A router that has nothing but a local provider.
    ///
    /// # Errors
    ///
    /// Where the provider does not tell its models.
    pub fn new(local: Arc<dyn OcrProvider>) -> Result<Self> {
        let models = local.models()?;
        let local_model = models.first().map_or_else(|| local.name().to_owned(), |m| m.id.clone());
        let local_names =
            models.into_iter().flat_map(|m| std::iter::once(m.id).chain(m.aliases)).collect();
        Ok(Self {
            local,
            local_model,
            local_names,
            others: Vec::new(),
            aliases: BTreeMap::new(),
            fallbacks: BTreeMap::new(),
        })
    }

    /// The same, with another provider, and names of its models that lead to it without its own.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] where its name is taken, empty, or has a slash.
    pub fn with_provider(
        mut self,
        provider: Arc<dyn OcrProvider>,
        models: impl IntoIterator<Item = String>,
    ) -> Result<Self> {
        let name = provider.name();
        let wrong = |detail: &str| {
            Err(Error::invalid_option("providers", format!("the provider {name:?}: {detail}")))
        };
        if name.is_empty() || name.contains('/') || name.trim() != name {
            return wrong("a name is not empty, and has no slash and no space around it");
        }
        if name == self.local.name() || self.is_local_name(name) {
            return wrong("the engine of this machine goes by this name; take another one");
        }
        if self.find(name).is_some() {
            return wrong("another provider has this name");
        }
        self.others.push(Entry { provider, models: models.into_iter().collect() });
        Ok(self)
    }

    /// The same, with another name for a model. To be called when all providers are there.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] where the name is taken, or there is no such model.
    pub fn with_alias(mut self, name: impl Into<String>, alias: Alias) -> Result<Self> {
        let name = name.into();
        let taken = name.is_empty() || self.is_local_name(&name) || self.plain(&name).is_ok();
        if taken || self.aliases.contains_key(&name) {
            let detail =
                format!("the name {name:?} is empty, or that of a model; take another one");
            return Err(Error::invalid_option("aliases", detail));
        }
        self.plain(&alias.model).map_err(|error| {
            Error::invalid_option("aliases", format!("{name:?} leads nowhere: {error}"))
        })?;
        self.aliases.insert(name, alias);
        Ok(self)
    }

    /// The same, with models to try where this one fails and the request names none that does
    /// better: an alias, a model, or a provider for all its models without fallbacks of their own.
    /// To be called when all aliases are there.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for names that lead nowhere.
    pub fn with_fallbacks(mut self, model: &str, fallbacks: Vec<String>) -> Result<Self> {
        let wrong = |error: Error| {
            Error::invalid_option("fallbacks", format!("those of {model:?} lead nowhere: {error}"))
        };
        for name in &fallbacks {
            self.target(Some(name)).map_err(wrong)?;
        }
        let key = match self.aliases.contains_key(model) {
            true => model.to_owned(),
            false => self.plain(model).map_err(wrong)?.name,
        };
        self.fallbacks.insert(key, fallbacks);
        Ok(self)
    }

    /// Whether a model is the local one, under a name that brings no options of its own.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownModel`] where nobody has it.
    pub fn is_local(&self, model: Option<&str>) -> Result<bool> {
        let model = model.map(str::trim).unwrap_or_default();
        let target = self.target(Some(model))?;
        Ok(!self.aliases.contains_key(model) && target.name == self.local_model)
    }

    fn is_local_name(&self, name: &str) -> bool {
        self.local_names.iter().any(|known| known == name)
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.others.iter().find(|entry| entry.provider.name() == name)
    }

    /// Where a name leads.
    fn target(&self, model: Option<&str>) -> Result<Target> {
        let model = model.map(str::trim).unwrap_or_default();
        match self.aliases.get(model) {
            Some(alias) => {
                let target = self.plain(&alias.model)?;
                Ok(Target { parameters: alias.parameters.clone(), ..target })
            }
            None => self.plain(model),
        }
    }

    /// Where a name leads that is no alias.
    fn plain(&self, model: &str) -> Result<Target> {
        let local = || Target {
            provider: Arc::clone(&self.local),
            model: (!model.is_empty()).then(|| model.to_owned()),
            name: self.local_model.clone(),
            parameters: Map::new(),
        };
        let other = |entry: &Entry, model: &str| {
            let name = format!("{}/{model}", entry.provider.name());
            Target {
                provider: Arc::clone(&entry.provider),
                model: Some(name.clone()),
                name,
                parameters: Map::new(),
            }
        };
        if model.is_empty() || (self.is_local_name(model) && model != SHARED) {
            return Ok(local());
        }
        if let Some((name, rest)) = model.split_once('/')
            && !rest.is_empty()
            && let Some(entry) = self.find(name)
        {
            return Ok(other(entry, rest));
        }
        if let Some(entry) = self.find(model) {
            // Its own choice of a model.
            let target = other(entry, "");
            return Ok(Target { model: None, name: model.to_owned(), ..target });
        }
        let listing: Vec<&Entry> =
            self.others.iter().filter(|entry| entry.models.iter().any(|m| m == model)).collect();
        match listing.as_slice() {
            [] if self.is_local_name(model) => Ok(local()),
            [] => Err(Error::UnknownModel { model: model.to_owned(), known: self.known() }),
            [entry] => Ok(other(entry, model)),
            several => {
                let names: Vec<String> =
                    several.iter().map(|e| format!("{}/{model}", e.provider.name())).collect();
                let detail =
                    format!("several providers have {model:?}; say {}", names.join(" or "));
                Err(Error::invalid_option("model", detail))
            }
        }
    }

    /// All names, for people.
    fn known(&self) -> String {
        let mut names = self.local_names.clone();
        names.extend(self.aliases.keys().cloned());
        for entry in &self.others {
            let name = entry.provider.name();
            names.extend(entry.models.iter().map(|model| format!("{name}/{model}")));
            names.push(format!("{name}/…"));
        }
        names.join(", ")
    }

    /// Who is asked, one after the other, and what of the fallbacks leads nowhere.
    fn attempts(&self, request: &OcrRequest) -> Result<(Vec<Attempt>, Vec<Warning>)> {
        let asked = request.model.as_deref().map(str::trim).unwrap_or_default();
        let first = self.target(Some(asked))?;
        let keys = [asked, first.name.as_str(), first.provider.name()];
        let set = keys.into_iter().find_map(|key| self.fallbacks.get(key));
        let mut warnings = Vec::new();
        let mut targets = vec![first];
        for name in &request.fallbacks {
            match self.target(Some(name)) {
                Ok(target) => targets.push(target),
                Err(error) => {
                    let message = format!("the fallback {name} has no effect: {error}");
                    warnings.push(Warning::option("fallbacks", message));
                }
            }
        }
        for name in set.into_iter().flatten() {
            targets.push(self.target(Some(name))?);
        }
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut seen: Vec<(String, Map<String, Value>)> = Vec::new();
        for target in targets {
            let key = (target.name.clone(), target.parameters.clone());
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            match attempts.last_mut() {
                // A gateway tries its own models by itself.
                Some(before)
                    if target.provider.takes_fallbacks()
                        && before.target.provider.name() == target.provider.name()
                        && before.target.parameters == target.parameters
                        && target.model.is_some() =>
                {
                    let own = target.name.split_once('/').map_or("", |(_, model)| model);
                    before.fallbacks.push(own.to_owned());
                }
                _ => attempts.push(Attempt { target, fallbacks: Vec::new() }),
            }
        }
        Ok((attempts, warnings))
    }
}

impl OcrProvider for Router {
    fn name(&self) -> &str {
        NAME
    }

    fn models(&self) -> Result<Vec<OcrModel>> {
        let mut all = self.local.models()?;
        for entry in &self.others {
            if entry.models.iter().any(|model| model == SHARED) {
                all.iter_mut().for_each(|model| model.aliases.retain(|alias| alias != SHARED));
            }
        }
        for entry in &self.others {
            match entry.provider.models() {
                Ok(models) => all.extend(models),
                Err(error) => {
                    let provider = entry.provider.name();
                    tracing::warn!(provider, error = error.chain(), "no list of models");
                }
            }
        }
        for (name, alias) in &self.aliases {
            let target = self.plain(&alias.model)?;
            let known = all.iter().find(|model| model.id == target.name).cloned();
            all.push(OcrModel {
                id: name.clone(),
                aliases: Vec::new(),
                provider: target.provider.name().to_owned(),
                price_per_page: known.as_ref().and_then(|model| model.price_per_page),
                capabilities: known.map(|model| model.capabilities).unwrap_or_default(),
            });
        }
        Ok(all)
    }

    fn ocr(&self, request: &OcrRequest, call: &Call) -> Result<OcrResponse> {
        let (attempts, mut warnings) = self.attempts(request)?;
        let mut request = request.clone();
        if attempts.len() > 1 {
            // Read from disk once, whoever reads it in the end.
            request.document = request.document.in_memory()?;
        }
        let mut first_error: Option<Error> = None;
        let mut failed: Vec<(String, String)> = Vec::new();
        for Attempt { target, fallbacks } in attempts {
            if let Err(over) = call.check() {
                return Err(match (over, first_error) {
                    (Error::DeadlineExceeded, Some(error)) => error,
                    (over, _) => over,
                });
            }
            let asked = OcrRequest {
                model: target.model.clone(),
                parameters: merged(&target.parameters, &request.parameters),
                fallbacks,
                ..request.clone()
            };
            match target.provider.ocr(&asked, call) {
                Ok(mut response) => {
                    warnings.extend(failed.into_iter().map(|(name, why)| {
                        let message = format!("{} read it, not {name}: {why}", response.model);
                        Warning::new(WarningCode::Fallback, message)
                    }));
                    response.warnings.splice(0..0, warnings);
                    return Ok(response);
                }
                Err(error) if may_fall_back(&error) => {
                    tracing::warn!(model = target.name, error = error.chain(), "could not read");
                    failed.push((target.name, error.to_string()));
                    first_error.get_or_insert(error);
                }
                Err(error) => return Err(first_error.unwrap_or(error)),
            }
        }
        Err(first_error.unwrap_or(Error::Cancelled))
    }
}

/// Whether another provider may do what this one did not.
fn may_fall_back(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::InvalidRequest
        | ErrorKind::Password
        | ErrorKind::NotFound
        | ErrorKind::Fetch
        | ErrorKind::TooLarge
        | ErrorKind::Cancelled
        | ErrorKind::Timeout => false,
        ErrorKind::InvalidDocument => !matches!(error, Error::EmptyInput { .. }),
        ErrorKind::UnsupportedFormat
        | ErrorKind::NotInstalled
        | ErrorKind::Remote
        | ErrorKind::Internal => true,
    }
}

/// A request's parameters over those of an alias.
fn merged(alias: &Map<String, Value>, own: &Value) -> Value {
    match own {
        _ if alias.is_empty() => own.clone(),
        Value::Null => Value::Object(alias.clone()),
        Value::Object(own) => {
            let given = |key: &String| own.get(key).is_some_and(|value| !value.is_null());
            let mut all = alias.clone();
            all.retain(|key, _| {
                let group = SYNONYMS.into_iter().find(|group| group.contains(&key.as_str()));
                !given(key) && !group.is_some_and(|g| g.iter().any(|&name| given(&name.to_owned())))
            });
            for (key, value) in own {
                all.entry(key.clone()).or_insert_with(|| value.clone());
            }
            Value::Object(all)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
