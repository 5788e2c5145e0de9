//! Reading loosely typed JSON objects: a field may be a string where it came from a form.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result, Warning};

/// The fields of a JSON object, with a note of which ones were read.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    read: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(map: &'a Map<String, Value>) -> Self {
        Self { map, read: Vec::new() }
    }

    /// The value; `None` where it is absent or null.
    pub(super) fn value(&mut self, name: &str) -> Option<&'a Value> {
        let (key, value) = self.map.get_key_value(name)?;
        self.read.push(key);
        (!value.is_null()).then_some(value)
    }

    /// Writes a field to its place when it is there; `parse` says what it must be otherwise.
    pub(super) fn set<T>(
        &mut self,
        name: &'static str,
        place: &mut T,
        parse: fn(&Value) -> Result<T, String>,
    ) -> Result<()> {
        if let Some(value) = self.value(name) {
            *place = parse(value).map_err(|e| wrong(name, value, &e))?;
        }
        Ok(())
    }

    /// A warning for every field that nobody read.
    pub(super) fn unknown(&self) -> impl Iterator<Item = Warning> {
        self.map.keys().filter(|key| !self.read.contains(&key.as_str())).map(|key| {
            Warning::option(key, format!("{key} has no effect: no option has that name"))
        })
    }
}

/// The error for a value that is not what it must be.
pub(super) fn wrong(name: &'static str, value: &Value, wanted: &str) -> Error {
    let mut shown = value.to_string();
    if let Some((end, _)) = shown.char_indices().nth(80) {
        shown.truncate(end);
        shown.push('…');
    }
    Error::invalid_option(name, format!("{shown} is not {wanted}"))
}

pub(super) fn boolean(value: &Value) -> Result<bool, String> {
    let word = match value {
        Value::Bool(b) => return Ok(*b),
        Value::Number(n) => n.to_string(),
        Value::String(s) => s.trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    match word.as_str() {
        "true" | "1" | "yes" | "on" | "y" | "t" => Ok(true),
        "false" | "0" | "no" | "off" | "n" | "f" => Ok(false),
        _ => Err("true or false".to_owned()),
    }
}

pub(super) fn number(value: &Value) -> Result<f64, String> {
    let number = match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    };
    number.filter(|n| n.is_finite()).ok_or_else(|| "a number".to_owned())
}

pub(super) fn number_f32(value: &Value) -> Result<f32, String> {
    number(value).map(|n| n as f32)
}

pub(super) fn whole(value: &Value) -> Result<u64, String> {
    let number = match value {
        Value::Number(n) => n.as_u64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| "a whole number".to_owned())
}

pub(super) fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "a string".to_owned())
}

pub(super) fn some_text(value: &Value) -> Result<Option<String>, String> {
    text(value).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// An object, or a string that holds one as JSON.
pub(super) fn object(value: &Value) -> Result<Option<Value>, String> {
    let decoded = match value {
        Value::String(s) if s.trim().is_empty() => return Ok(None),
        Value::String(s) => serde_json::from_str(s).ok(),
        other => Some(other.clone()),
    };
    match decoded {
        Some(Value::Object(map)) => Ok(Some(Value::Object(map))),
        Some(Value::Null) => Ok(None),
        _ => Err("an object".to_owned()),
    }
}

/// One of the names of an enum. The names come from its serde derive.
pub(super) fn choice<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    // serde's message lists the names: "unknown variant `x`, expected one of `a`, `b`".
    T::deserialize(value).map_err(|e| {
        let message = e.to_string();
        let names = message.split_once("expected ").map_or("a known name", |(_, names)| names);
        names.replace('`', "")
    })
}

/// A list, or one value alone; a string is cut at commas.
pub(super) fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::String(s) => match serde_json::from_str(s) {
            Ok(Value::Array(values)) => values,
            _ => s
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Value::String(part.to_owned()))
                .collect(),
        },
        other => vec![other.clone()],
    }
}
