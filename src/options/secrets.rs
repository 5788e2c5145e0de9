//! What of a request must not be repeated: not in its answer, not in a log.

use serde_json::{Map, Value};
use url::Url;

/// Stands for what is left out.
const BLOT: &str = "…";
/// Fields whose value opens something, wherever they stand, in lower case.
const SECRET: [&str; 9] = [
    "authorization",
    "api_key",
    "api-key",
    "apikey",
    "x-api-key",
    "token",
    "access_token",
    "secret",
    "client_secret",
];

/// The same JSON without passwords; headers and other secrets are there by name only, and URLs
/// [without theirs](url_without_secrets). JSON inside of a text, as forms have it, is JSON too; one
/// inside of that is left out.
pub(crate) fn without_secrets(value: &Value) -> Value {
    clean(value, Place::Json)
}

/// The URL without user, password, query and fragment: signed URLs carry their key in the query.
pub(crate) fn url_without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs that cannot have credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// Where a value stands. Texts within texts could go on for ever.
#[derive(Clone, Copy)]
enum Place {
    Json,
    JsonInText,
}

fn clean(value: &Value, place: Place) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields_without(fields, place)),
        Value::Array(list) => list.iter().map(|value| clean(value, place)).collect(),
        Value::String(text) => Value::String(text_without(text, place)),
        other => other.clone(),
    }
}

fn fields_without(fields: &Map<String, Value>, place: Place) -> Map<String, Value> {
    let kept = fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("password"));
    kept.map(|(name, value)| (name.clone(), field_without(name, value, place))).collect()
}

fn field_without(name: &str, value: &Value, place: Place) -> Value {
    let name = name.to_lowercase();
    match value {
        Value::Null => Value::Null,
        Value::Object(headers) if name == "headers" => {
            headers.keys().map(|header| (header.clone(), Value::from(BLOT))).collect()
        }
        _ if name == "headers" || SECRET.contains(&name.as_str()) => Value::from(BLOT),
        value => clean(value, place),
    }
}

fn text_without(text: &str, place: Place) -> String {
    let start = text.trim_start();
    if start.starts_with(['{', '[']) {
        return match (serde_json::from_str::<Value>(text), place) {
            (Ok(inner @ (Value::Object(_) | Value::Array(_))), Place::Json) => {
                clean(&inner, Place::JsonInText).to_string()
            }
            (Ok(Value::Object(_) | Value::Array(_)), Place::JsonInText) => BLOT.to_owned(),
            _ => text.to_owned(),
        };
    }
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| start.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)));
    match Url::parse(text) {
        Ok(url) if is_url => url_without_secrets(&url),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_opens_something_is_left_out_and_the_rest_stays() {
        let value = json!({
            "password": "s1", "lang": ["en"], "pages": [1, null],
            "parameters": { "Password": "s2", "force_ocr": true },
            "picture_description_api": {
                "url": "https://u:s3@x.example/v1?sig=s4#s5",
                "headers": { "Authorization": "Bearer s6", "X-Y": "s7" },
                "params": { "model": "m", "api_key": "s8" },
            },
            "in_text": "{\"headers\": {\"a\": \"s9\"}, \"password\": \"s10\", \"n\": 1}",
            "list": [{ "token": "s11", "Headers": ["s12"] }],
        });
        let clean = without_secrets(&value);
        let text = clean.to_string();
        for number in 1..=12 {
            assert!(!text.contains(&format!("s{number}\"")), "s{number}: {text}");
        }
        assert!(!text.contains("s4") && !text.contains("s3@") && !text.contains("s6"), "{text}");
        assert_eq!((&clean["lang"], &clean["pages"]), (&value["lang"], &value["pages"]));
        assert_eq!(clean["parameters"], json!({ "force_ocr": true }));
        let api = &clean["picture_description_api"];
        assert_eq!(api["url"], "https://x.example/v1");
        assert_eq!(api["headers"], json!({ "Authorization": "…", "X-Y": "…" }));
        assert_eq!(api["params"]["model"], "m");
        assert_eq!(clean["in_text"], "{\"headers\":{\"a\":\"…\"},\"n\":1}");
    }

    #[test]
    fn json_in_a_text_in_a_text_is_left_out() {
        let mut value = json!({ "password": "s1" });
        for _ in 0..10 {
            for _ in 0..100 {
                value = json!([value]);
            }
            value = json!(value.to_string());
        }
        let wanted = format!("{}\"{BLOT}\"{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(without_secrets(&value), json!(wanted));
    }

    #[test]
    fn text_that_is_no_secret_stays_as_it_is() {
        for text in ["", "see https://x.example/?q", "http:", "{no json", "data:,x?y#z", "é{"] {
            assert_eq!(without_secrets(&json!(text)), json!(text));
        }
    }
}
