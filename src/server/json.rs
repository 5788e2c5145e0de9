//! JSON whose texts are borrowed from the body: a document of 50 MB is not copied to be looked at.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A JSON value. Texts of objects are borrowed where they hold no escapes; lists hold no documents.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Text(Cow<'a, str>),
    /// Of a name that comes twice, the last value counts.
    Object(BTreeMap<String, Json<'a>>),
    Other(Value),
}

impl Json<'_> {
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Other(Value::Null))
    }

    /// The same with texts of its own.
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.into_owned()),
            Self::Object(map) => Value::Object(into_map(map)),
            Self::Other(value) => value,
        }
    }
}

/// The same with texts of its own.
pub(super) fn into_map(map: BTreeMap<String, Json<'_>>) -> Map<String, Value> {
    map.into_iter().map(|(name, value)| (name, value.into_value())).collect()
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

/// Why a body is no JSON that can be read.
pub(super) fn reason(error: &serde_json::Error) -> String {
    // The reader counts levels, and tells of none but this one in these words.
    let deep = error.to_string().starts_with("recursion limit exceeded");
    let more = if deep { "; objects and lists may be nested 127 deep" } else { "" };
    format!("JSON decode error: {error}{more}")
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Other(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Other(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Json::Other(Value::Array(values)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json<'de>, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((name, value)) = object.next_entry()? {
            map.insert(name, value);
        }
        Ok(Json::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_any_other_reader_of_json_sees() {
        for text in [
            r#"{"a": [1, -2, 3.5, 1e400, "x"], "b": {"c": null, "d": true}, "e": "\u00e9\/"}"#,
            r#"{"a": 1, "a": 2}"#,
            r#"{"a": 18446744073709551615, "b": 1e3}"#,
            "3",
            r#"{"a": "unclosed"#,
            r#"{"a": "\ud800"}"#,
            "{\"a\": \"tab\tinside\"}",
            r#"{"a": 1} x"#,
            "",
            &format!("{}1{}", "[".repeat(127), "]".repeat(127)),
            &format!("{}1{}", "[".repeat(128), "]".repeat(128)),
            &format!("{}1{}", "{\"a\":".repeat(127), "}".repeat(127)),
            &format!("{}1{}", "{\"a\":".repeat(128), "}".repeat(128)),
        ] {
            let here = serde_json::from_slice::<Json<'_>>(text.as_bytes());
            let here = here.map(Json::into_value).map_err(|error| error.to_string());
            let there = serde_json::from_slice::<Value>(text.as_bytes());
            assert_eq!(here, there.map_err(|error| error.to_string()), "{text}");
        }
        let bytes = b"{\"a\": \"\xff\"}";
        let error = serde_json::from_slice::<Json<'_>>(bytes).unwrap_err().to_string();
        assert_eq!(error, serde_json::from_slice::<Value>(bytes).unwrap_err().to_string());
    }

    #[test]
    fn texts_stay_where_they_are() {
        let body = r#"{"document": {"content": "JVBERg==", "url": "http:\/\/x"}}"#;
        let Ok(Json::Object(map)) = serde_json::from_str(body) else { panic!("an object") };
        let Json::Object(document) = &map["document"] else { panic!("an object") };
        let Json::Text(Cow::Borrowed(text)) = &document["content"] else { panic!("borrowed") };
        assert!(body.as_bytes().as_ptr_range().contains(&text.as_ptr()));
        assert!(matches!(&document["url"], Json::Text(Cow::Owned(url)) if url == "http://x"));
    }
}
