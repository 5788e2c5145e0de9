//! What an answer has to look like.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{Result, invalid};

/// What an answer has to look like.
#[derive(Debug)]
pub(super) enum Format {
    /// Anything.
    Text,
    /// Any JSON object.
    Object,
    /// JSON that keeps to a schema.
    Schema {
        /// As the interface of chats takes it: `{"name", "schema", "strict", …}`.
        description: Value,
        validator: Box<Validator>,
    },
}

impl Format {
    /// Reads `{"type": …}`, or a JSON schema as it is. `name` is the field's, for errors.
    pub(super) fn read(name: &'static str, value: &Value) -> Result<Self> {
        let Value::Object(map) = value else {
            return Err(invalid(name, "it should be an object: {\"type\": \"json_schema\", …}"));
        };
        match map.get("type").and_then(Value::as_str) {
            Some("text") => Ok(Self::Text),
            Some("json_object") => Ok(Self::Object),
            Some("json_schema") => {
                let description = map.get("json_schema").filter(|d| !d.is_null());
                let Some(Value::Object(description)) = description else {
                    return Err(invalid(name, "the type json_schema needs json_schema, an object"));
                };
                let schema = ["schema", "schema_definition"]
                    .into_iter()
                    .find_map(|key| description.get(key).filter(|schema| !schema.is_null()));
                let Some(schema) = schema else {
                    return Err(invalid(name, "json_schema needs schema, a JSON schema"));
                };
                Self::schema(name, description.get("name"), schema, description.get("strict"))
            }
            // A schema without an envelope, as some callers write it.
            _ if map.contains_key("properties") || map.contains_key("$schema") => {
                Self::schema(name, None, value, None)
            }
            _ => Err(invalid(name, "its type should be 'text', 'json_object' or 'json_schema'")),
        }
    }

    fn schema(
        name: &'static str,
        title: Option<&Value>,
        schema: &Value,
        strict: Option<&Value>,
    ) -> Result<Self> {
        // Nothing is fetched for it: references lead to other places of the schema or nowhere.
        let validator = jsonschema::validator_for(schema)
            .map_err(|error| invalid(name, format!("not a JSON schema: {error}")))?;
        let description = json!({
            "name": title.and_then(Value::as_str).unwrap_or("annotation"),
            "schema": schema,
            "strict": strict.and_then(Value::as_bool).unwrap_or(true),
        });
        Ok(Self::Schema { description, validator: Box::new(validator) })
    }

    /// As a chat's `response_format`; `None` where it needs none.
    pub(super) fn response_format(&self) -> Option<Value> {
        match self {
            Self::Text => None,
            Self::Object => Some(json!({ "type": "json_object" })),
            Self::Schema { description, .. } => {
                Some(json!({ "type": "json_schema", "json_schema": description }))
            }
        }
    }

    /// The same in words, for models whose server makes nothing of `response_format`.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Text => "Format: plain text.".to_owned(),
            Self::Object => "Format: one JSON object.".to_owned(),
            Self::Schema { description, .. } => {
                format!("Format: JSON by this JSON schema: {}", description["schema"])
            }
        }
    }

    /// The answer as it is handed on: text as it came, JSON on one line. Else what is wrong with it.
    pub(super) fn check(&self, answer: &str) -> std::result::Result<String, String> {
        let text = answer.trim();
        if matches!(self, Self::Text) {
            return if text.is_empty() {
                Err("it is empty".to_owned())
            } else {
                Ok(text.to_owned())
            };
        }
        let value: Value = serde_json::from_str(unfenced(text))
            .map_err(|error| format!("it is not JSON ({error})"))?;
        match self {
            Self::Schema { validator, .. } => {
                let wrong: Vec<String> = validator
                    .iter_errors(&value)
                    .take(3)
                    .map(|error| match error.instance_path().to_string() {
                        place if place.is_empty() => error.to_string(),
                        place => format!("{place}: {error}"),
                    })
                    .collect();
                if !wrong.is_empty() {
                    return Err(format!("it does not keep to the schema ({})", wrong.join("; ")));
                }
            }
            _ if !value.is_object() => return Err("it is no JSON object".to_owned()),
            _ => {}
        }
        Ok(value.to_string())
    }
}

/// The inside of a fenced block of markdown, which many models put around JSON.
fn unfenced(text: &str) -> &str {
    let Some(inner) = text.strip_prefix("```") else { return text };
    let inner = inner.split_once('\n').map_or(inner, |(_, rest)| rest);
    inner.trim_end().strip_suffix("```").unwrap_or(inner).trim()
}
