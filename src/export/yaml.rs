//! JSON in YAML's notation: a line for each value, texts and numbers as JSON writes them, which YAML
//! reads alike in all of its versions.

use serde_json::{Map, Value};

/// Spaces for each level.
const INDENT: usize = 2;

/// A value, a `DoclingDocument` say (see [`docling_document`](super::docling_document)), as YAML.
///
/// Texts are quoted throughout: "no", "1e3" and "2024-01-01" stay texts.
#[tracing::instrument(name = "export", level = "debug", skip_all, fields(format = "yaml"))]
pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out.push('\n');
    out
}

fn write(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => fields(map, indent, out),
        Value::Array(list) if !list.is_empty() => {
            for (n, item) in list.iter().enumerate() {
                line(n, indent, out);
                out.push_str("- ");
                write(item, indent + INDENT, out);
            }
        }
        Value::String(text) => quote(text, out),
        other => out.push_str(&other.to_string()),
    }
}

fn fields(map: &Map<String, Value>, indent: usize, out: &mut String) {
    for (n, (key, value)) in map.iter().enumerate() {
        line(n, indent, out);
        match key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            // "on" and "no" are no texts in older versions; "y" and "n" neither.
            true if key.len() > 3 => out.push_str(key),
            _ => quote(key, out),
        }
        out.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => inside(value, indent, out),
            Value::Array(inner) if !inner.is_empty() => inside(value, indent, out),
            _ => {
                out.push(' ');
                write(value, indent, out);
            }
        }
    }
}

/// A value on lines of its own, below its key.
fn inside(value: &Value, indent: usize, out: &mut String) {
    line(1, indent + INDENT, out);
    write(value, indent + INDENT, out);
}

/// Begins a line; the first of a value goes on where it stands.
fn line(n: usize, indent: usize, out: &mut String) {
    if n > 0 {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
    }
}

/// A text as JSON has it, with escapes for what YAML takes for an end of line or for no text at all.
fn quote(text: &str, out: &mut String) {
    for c in Value::from(text).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_stand_on_lines_of_their_own() {
        let value = json!({
            "name": "a \"b\"", "n": 1.5, "none": null, "empty": [], "no": {},
            "list": [{ "k": [1, [2]], "z": true }, "x\n\u{85}\u{2028}"],
        });
        let want = "name: \"a \\\"b\\\"\"\n\"n\": 1.5\nnone: null\nempty: []\n\"no\": {}\nlist:\n  \
                    - \"k\":\n      - 1\n      - - 2\n    \"z\": true\n  - \
                    \"x\\n\\u0085\\u2028\"\n";
        let mut lines: Vec<&str> = want.lines().collect();
        let out = yaml(&value);
        let mut there: Vec<&str> = out.lines().collect();
        // Objects keep no order that could be counted on.
        lines.sort_unstable();
        there.sort_unstable();
        assert_eq!(there, lines, "{out}");
    }

    #[test]
    fn a_value_alone_is_a_line() {
        assert_eq!(yaml(&json!("no")), "\"no\"\n");
        assert_eq!(yaml(&json!({})), "{}\n");
    }
}
