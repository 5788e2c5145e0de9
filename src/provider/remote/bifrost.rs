//! The wire format of a Bifrost gateway: Mistral's, with "provider/model", fallbacks, and whatever
//! else is to reach the provider behind it at top level.

use serde_json::{Value, json};

use super::{Asked, Sent, mistral};
use crate::error::{Error, Result};

/// A request.
///
/// # Errors
///
/// [`Error::InvalidOption`] for a model without its provider, which a gateway refuses.
pub(super) fn request(asked: &Asked<'_>) -> Result<Sent> {
    if !asked.model.contains('/') {
        let detail = format!(
            "{} is a gateway, whose models are named with their provider: {}/PROVIDER/MODEL, not \
             {:?}",
            asked.provider, asked.provider, asked.model
        );
        return Err(Error::invalid_option("model", detail));
    }
    let mut warnings = Vec::new();
    let mut body = mistral::fields(asked)?;
    if let Some(Value::Object(document)) = body.get_mut("document") {
        // It has no place for a name.
        document.remove("document_name");
    }
    if !asked.request.fallbacks.is_empty() {
        body.insert("fallbacks".to_owned(), json!(asked.request.fallbacks));
    }
    match &asked.request.parameters {
        Value::Null => {}
        Value::Object(parameters) => {
            for (key, value) in parameters {
                if body.contains_key(key) {
                    let why = "the request has a field of this name";
                    warnings.push(asked.idle(key, why));
                } else {
                    body.insert(key.clone(), value.clone());
                }
            }
        }
        _ => warnings.push(asked.idle("parameters", "they are no object")),
    }
    Ok(Sent { path: mistral::PATH, body: Value::Object(body), warnings })
}
