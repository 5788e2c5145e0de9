//! The lines of a batch: a request each.

use std::borrow::Cow;
use std::io::{BufRead, Read as _, Result};

use serde_json::{Value, json};

use super::super::error::{ApiError, Class, Dialect, Issue};
use super::super::json::Json;
use super::super::request::{self, Asked};
use super::super::stored::Stored;
use crate::error::Warning;

/// What a line asks for.
#[derive(Debug)]
pub(in crate::server) struct Line {
    pub(in crate::server) custom_id: Value,
    pub(in crate::server) asked: std::result::Result<Asked, ApiError>,
}

/// How lines are read.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Rules<'a> {
    /// Most bytes of a line.
    pub(in crate::server) most: usize,
    /// The model of lines that name none.
    pub(in crate::server) model: Option<&'a str>,
    pub(in crate::server) stored: &'a Stored,
}

/// The next line that is not empty; false where there is none. One that is too long is cut off.
pub(in crate::server) fn next(
    lines: &mut impl BufRead,
    most: usize,
    line: &mut Vec<u8>,
) -> Result<bool> {
    loop {
        line.clear();
        let read = lines.by_ref().take(most as u64 + 2).read_until(b'\n', line)?;
        if read == 0 {
            return Ok(false);
        }
        if line.last() != Some(&b'\n') {
            lines.skip_until(b'\n')?;
        }
        if !line.trim_ascii().is_empty() {
            return Ok(true);
        }
    }
}

impl Line {
    pub(in crate::server) fn read(text: &[u8], rules: Rules<'_>) -> Self {
        if text.trim_ascii_end().len() > rules.most {
            let message = format!("the line is larger than {} bytes", rules.most);
            return Self::wrong(ApiError::new(Class::TooLarge, message));
        }
        let invalid = |issue: Issue| Self::wrong(ApiError::invalid(vec![issue]));
        let mut map = match serde_json::from_slice(text) {
            Ok(Json::Object(map)) => map,
            Ok(_) => return invalid(Issue::new(&[], "model_type", "Input should be an object")),
            Err(error) => {
                let message = format!("JSON decode error: {error}");
                return invalid(Issue::new(&[], "json_invalid", message));
            }
        };
        let custom_id = map.remove("custom_id").map_or(Value::Null, Json::into_value);
        let asked = match map.remove("body") {
            Some(Json::Object(mut body)) => {
                if let (Some(model), true) =
                    (rules.model, body.get("model").is_none_or(Json::is_null))
                {
                    body.insert("model".to_owned(), Json::Text(Cow::Borrowed(model)));
                }
                request::of_map(body, None, Dialect::Mistral, rules.stored)
            }
            Some(_) => {
                let issue = Issue::new(&["body"], "dict_type", "Input should be an object");
                Err(ApiError::invalid(vec![issue]))
            }
            None => Err(ApiError::invalid(vec![Issue::missing(&["body"])])),
        };
        let asked = asked.map(|mut asked| {
            asked.warnings.extend(map.keys().map(|name| {
                let message = format!("{name} has no effect: a line has a custom_id and a body");
                Warning::option(name.clone(), message)
            }));
            asked
        });
        Self { custom_id, asked }
    }

    fn wrong(error: ApiError) -> Self {
        Self { custom_id: Value::Null, asked: Err(error) }
    }
}

/// A line of the results.
pub(super) fn result(
    id: &str,
    custom_id: &Value,
    read: &std::result::Result<Value, ApiError>,
) -> String {
    let (status, body, error) = match read {
        Ok(body) => (200, body.clone(), Value::Null),
        Err(error) => {
            let status = error.status(Dialect::Mistral).as_u16();
            (status, error.body(Dialect::Mistral), json!({ "message": error.message }))
        }
    };
    let response = json!({ "status_code": status, "body": body });
    let line = json!({ "id": id, "custom_id": custom_id, "response": response, "error": error });
    format!("{line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_too_long_or_empty_do_not_hide_those_behind_them() {
        let text = b"{\"a\":1}\n\n  \r\nxxxxxxxxxxxxxxxxxxxxxxxx\n{\"b\":2}\r\n{\"c\":3}";
        let (mut lines, mut line, mut all) = (text.as_slice(), Vec::new(), Vec::new());
        while next(&mut lines, 8, &mut line).unwrap() {
            let rules = Rules { most: 8, model: None, stored: &Stored::default() };
            all.push(Line::read(&line, rules).asked.unwrap_err().message);
        }
        let missing = "body: Field required";
        assert_eq!(all, [missing, "the line is larger than 8 bytes", missing, missing]);
    }
}
