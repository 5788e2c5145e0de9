//! `picture_description_api`: a service that describes pictures, as docling's requests name one.

use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::Options;
use crate::error::{Error, Result};

const OPTION: &str = "picture_description_api";
/// docling's own.
const PROMPT: &str = "Describe this image in a few sentences.";
const TIMEOUT: Duration = Duration::from_secs(20);
/// No answer is worth a longer wait.
const LONGEST: Duration = Duration::from_secs(600);
/// More questions at once than this are no help to any model server.
const MOST_AT_ONCE: usize = 16;
const FIELDS: [&str; 12] = [
    "url",
    "headers",
    "params",
    "timeout",
    "concurrency",
    "prompt",
    "classification_allow",
    "classification_deny",
    "classification_min_confidence",
    // docling's, of which the value does not matter here.
    "kind",
    "provenance",
    "batch_size",
];

/// What a description is asked with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Description {
    /// Whom to ask; `None` for whoever is configured.
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) prompt: String,
    /// Smallest picture, as a share of the page's area.
    pub(crate) least_area: f32,
    /// Classes that are described; all where there are none.
    pub(crate) allow: Vec<String>,
    /// Classes that are not.
    pub(crate) deny: Vec<String>,
    /// Less probable classes count for neither.
    pub(crate) least_confidence: f32,
}

/// A service behind the chat interface of OpenAI, by the whole address of its completions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Endpoint {
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
    /// Fields of the request beside the messages: `model` and the like.
    pub(crate) params: Map<String, Value>,
    pub(crate) timeout: Duration,
    pub(crate) at_once: usize,
}

impl Options {
    /// How pictures are to be described; `None` where they are not.
    ///
    /// # Errors
    ///
    /// Where `picture_description_api` is not what docling takes.
    pub(crate) fn description(&self) -> Result<Option<Description>> {
        if !self.do_picture_description {
            return Ok(None);
        }
        let plain = Description {
            endpoint: None,
            prompt: PROMPT.to_owned(),
            least_area: self.picture_description_area_threshold,
            allow: Vec::new(),
            deny: Vec::new(),
            least_confidence: 0.0,
        };
        match &self.picture_description_api {
            None => Ok(Some(plain)),
            Some(value) => read(value, plain).map(Some),
        }
    }
}

/// Reads the option over what holds without it.
pub(super) fn check(value: &Value) -> Result<()> {
    let plain = Options { do_picture_description: true, ..Options::default() }.description()?;
    plain.map_or(Ok(()), |plain| read(value, plain).map(drop))
}

fn read(value: &Value, plain: Description) -> Result<Description> {
    let Value::Object(map) = value else {
        return Err(invalid("it should be an object".to_owned()));
    };
    if let Some(key) = map.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(invalid(format!(
            "nobody knows its field {key:?}; it has {}",
            FIELDS.join(", ")
        )));
    }
    let field = |key: &str| map.get(key).filter(|value| !value.is_null());
    let text = |key: &str| match field(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(format!("{key} should be a text"))),
    };
    let url = text("url")?.ok_or_else(|| invalid("it needs a url".to_owned()))?;
    let url = Url::parse(&url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| invalid("url should be an http(s) address".to_owned()))?;
    let number = |key: &str, least: f64, most: f64| match field(key).map(Value::as_f64) {
        None => Ok(None),
        Some(Some(n)) if (least..=most).contains(&n) => Ok(Some(n)),
        Some(_) => Err(invalid(format!("{key} should be a number from {least} to {most}"))),
    };
    let timeout = number("timeout", 0.001, LONGEST.as_secs_f64())?;
    let at_once = number("concurrency", 1.0, 1e6)?.unwrap_or(1.0) as usize;
    let object = |key: &str| match field(key) {
        None => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map.clone()),
        Some(_) => Err(invalid(format!("{key} should be an object"))),
    };
    let headers = object("headers")?.into_iter().map(|(name, value)| match value {
        Value::String(value) if fits_header(&name, &value) => Ok((name, value)),
        _ => Err(invalid(format!("the header {name:?} should be a name with a text of one line"))),
    });
    let classes = |key: &str| match field(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| invalid(format!("{key} should be a list of names of classes"))),
        Some(_) => Err(invalid(format!("{key} should be a list of names of classes"))),
    };
    Ok(Description {
        endpoint: Some(Endpoint {
            url,
            headers: headers.collect::<Result<_>>()?,
            params: object("params")?,
            timeout: timeout.map_or(TIMEOUT, Duration::from_secs_f64),
            at_once: at_once.min(MOST_AT_ONCE),
        }),
        prompt: text("prompt")?.unwrap_or(plain.prompt),
        allow: classes("classification_allow")?,
        deny: classes("classification_deny")?,
        least_confidence: number("classification_min_confidence", 0.0, 1.0)?.unwrap_or(0.0) as f32,
        ..plain
    })
}

fn fits_header(name: &str, value: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty()
        && name.bytes().all(is_token)
        && value.bytes().all(|b| b == b'\t' || (b >= b' ' && b != 0x7f))
}

fn invalid(detail: String) -> Error {
    Error::invalid_option(OPTION, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: Value) -> Result<Description> {
        let options = Options {
            do_picture_description: true,
            picture_description_api: Some(value),
            ..Options::default()
        };
        options.description().map(Option::unwrap)
    }

    #[test]
    fn everything_that_docling_takes_is_read() {
        let read = of(json!({
            "url": "http://127.0.0.1:11434/v1/chat/completions",
            "headers": { "Authorization": "Bearer x" },
            "params": { "model": "m", "max_completion_tokens": 200 },
            "timeout": 90, "concurrency": 2, "prompt": "What is it?",
            "classification_deny": ["logo"], "classification_min_confidence": 0.5,
        }))
        .unwrap();
        let endpoint = read.endpoint.unwrap();
        assert_eq!(endpoint.url.as_str(), "http://127.0.0.1:11434/v1/chat/completions");
        assert_eq!(endpoint.headers, [("Authorization".to_owned(), "Bearer x".to_owned())]);
        assert_eq!((endpoint.timeout, endpoint.at_once), (Duration::from_secs(90), 2));
        assert_eq!(endpoint.params["model"], "m");
        assert_eq!((read.prompt.as_str(), read.deny.len()), ("What is it?", 1));
        assert_eq!((read.least_area, read.least_confidence), (0.05, 0.5));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (value, part) in [
            (json!({}), "url"),
            (json!({ "url": "file:///etc/passwd" }), "http(s)"),
            (json!({ "url": "http://x", "nonsense": 1 }), "nonsense"),
            (json!({ "url": "http://x", "timeout": 0 }), "timeout"),
            (json!({ "url": "http://x", "headers": { "a": "b\r\nc: d" } }), "header"),
            (json!({ "url": "http://x", "headers": { "a b": "c" } }), "header"),
            (json!({ "url": "http://x", "params": [] }), "params"),
            (json!({ "url": "http://x", "classification_allow": "logo" }), "classification_allow"),
        ] {
            let error = of(value).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(OPTION), "{error}");
        }
    }

    #[test]
    fn nothing_is_described_that_was_not_asked_for() {
        assert_eq!(Options::default().description().unwrap(), None);
    }
}
