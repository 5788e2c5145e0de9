//! The description of the interface as a page for people: `/docs`, made from `/openapi.json`.

use std::fmt::Write as _;

use html_escape::encode_text as escape;
use serde_json::Value;

/// How deep fields are listed: an answer's page's block's scores are the deepest that there are.
const DEEPEST: usize = 5;

const HEAD: &str = include_str!("docs.html");

/// The page. It needs nothing from elsewhere.
pub(super) fn page(openapi: &str) -> String {
    let description: Value = serde_json::from_str(openapi).unwrap_or(Value::Null);
    let mut page = Page { html: HEAD.to_owned(), schemas: &description["components"]["schemas"] };
    page.endpoints(&description["paths"]);
    page.html.push_str("</main>\n");
    page.html
}

struct Page<'a> {
    html: String,
    schemas: &'a Value,
}

impl<'a> Page<'a> {
    fn endpoints(&mut self, paths: &'a Value) {
        let all = || {
            paths.as_object().into_iter().flatten().flat_map(|(path, methods)| {
                methods
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(move |(method, it)| (path, method, it))
            })
        };
        self.add("<h2>Endpoints</h2>\n<table><tbody>\n");
        for (path, method, it) in all() {
            self.add(&format!(
                "<tr><td><a href=\"#{}\"><code>{} {}</code></a></td><td>{}</td></tr>\n",
                anchor(path, method),
                method.to_uppercase(),
                escape(path),
                words(&it["summary"]),
            ));
        }
        self.add("</tbody></table>\n");
        for (path, method, it) in all() {
            self.endpoint(path, method, it);
        }
    }

    fn endpoint(&mut self, path: &str, method: &str, it: &'a Value) {
        self.add(&format!(
            "<section id=\"{}\"><h2><code>{} {}</code></h2>\n<p>{}</p>\n",
            anchor(path, method),
            method.to_uppercase(),
            escape(path),
            words(&it["summary"]),
        ));
        if !it["description"].is_null() {
            self.add(&format!("<p>{}</p>\n", words(&it["description"])));
        }
        let parameters: Vec<&'a Value> =
            it["parameters"].as_array().into_iter().flatten().collect();
        if !parameters.is_empty() {
            self.open_table("Parameters");
            for parameter in parameters {
                let name = parameter["name"].as_str().unwrap_or_default();
                self.row(0, name, &parameter["schema"], &parameter["description"], false);
            }
            self.close_table();
        }
        for content in contents(&it["requestBody"]) {
            self.fields("Request", content);
        }
        let responses = it["responses"].as_object();
        for (status, response) in responses.into_iter().flatten() {
            if status.starts_with('2') {
                for content in contents(response) {
                    self.fields("Answer", content);
                }
            }
        }
        self.add("<details><summary>Statuses</summary><table><tbody>\n");
        for (status, response) in responses.into_iter().flatten() {
            self.add(&format!(
                "<tr><td><code>{}</code></td><td>{}</td></tr>\n",
                escape(status),
                words(&response["description"])
            ));
        }
        self.add("</tbody></table></details></section>\n");
    }

    fn fields(&mut self, title: &str, schema: &'a Value) {
        if self.properties(schema).is_empty() {
            return;
        }
        self.open_table(title);
        self.rows(0, schema);
        self.close_table();
    }

    fn rows(&mut self, depth: usize, schema: &'a Value) {
        let resolved = self.resolved(schema);
        let required: Vec<&str> = resolved["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (name, field) in self.properties(schema) {
            let about = self.resolved(field);
            let text = [&field["description"], &about["description"]]
                .into_iter()
                .find(|text| !text.is_null())
                .unwrap_or(&Value::Null);
            self.row(depth, name, field, text, required.contains(&name.as_str()));
            if depth < DEEPEST {
                let inner = if about["items"].is_null() { field } else { &about["items"] };
                self.rows(depth + 1, inner);
            }
        }
    }

    fn row(&mut self, depth: usize, name: &str, schema: &'a Value, text: &Value, required: bool) {
        self.add(&format!(
            "<tr><td style=\"padding-left:{}em\"><code>{}</code>{}</td><td>{}</td><td>{}</td></tr>\n",
            depth as f32 * 1.5 + 0.5,
            escape(name),
            if required { " <b title=\"required\">*</b>" } else { "" },
            escape(&self.kind(schema)),
            words(text),
        ));
    }

    /// What a field is, in short: "text or null", "list of numbers".
    fn kind(&self, schema: &'a Value) -> String {
        let schema = self.resolved(schema);
        if let Value::Array(choices) = &schema["enum"] {
            let names: Vec<String> = choices
                .iter()
                .map(|choice| choice.as_str().map_or_else(|| choice.to_string(), str::to_owned))
                .collect();
            return names.join(" | ");
        }
        for key in ["oneOf", "anyOf"] {
            if let Value::Array(choices) = &schema[key] {
                let kinds: Vec<String> = choices.iter().map(|choice| self.kind(choice)).collect();
                return kinds.join(" or ");
            }
        }
        let name = |kind: &str| match kind {
            "array" => match self.kind(&schema["items"]) {
                inner if inner.is_empty() => "list".to_owned(),
                inner => format!("list of {inner}"),
            },
            other => other.to_owned(),
        };
        match &schema["type"] {
            Value::String(kind) => name(kind),
            Value::Array(kinds) => {
                let kinds: Vec<String> = kinds.iter().filter_map(Value::as_str).map(name).collect();
                kinds.join(" or ")
            }
            _ => String::new(),
        }
    }

    /// What a reference refers to.
    fn resolved(&self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            Some(name) => &self.schemas[name],
            None => schema,
        }
    }

    /// The fields of an object, those of its parts among them.
    fn properties(&self, schema: &'a Value) -> Vec<(&'a String, &'a Value)> {
        let schema = self.resolved(schema);
        let parts = schema["allOf"].as_array().into_iter().flatten();
        let own = schema["properties"].as_object().into_iter().flatten();
        own.chain(parts.flat_map(|part| self.properties(part))).collect()
    }

    fn open_table(&mut self, title: &str) {
        self.add(&format!("<h3>{}</h3>\n<table><tbody>\n", escape(title)));
    }

    fn close_table(&mut self) {
        self.add("</tbody></table>\n");
    }

    fn add(&mut self, html: &str) {
        // Writing to a string cannot fail.
        let _ = self.html.write_str(html);
    }
}

/// The schemas of a request's or an answer's content.
fn contents(message: &Value) -> impl Iterator<Item = &Value> {
    message["content"].as_object().into_iter().flatten().map(|(_, content)| &content["schema"])
}

fn anchor(path: &str, method: &str) -> String {
    let path: String =
        path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{method}{path}")
}

/// A text of the description, as HTML.
fn words(text: &Value) -> String {
    escape(text.as_str().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_listed_with_their_inner_ones() {
        let description = json!({
            "paths": { "/x/{id}": { "post": {
                "summary": "Reads <b>",
                "requestBody": { "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/A" } } } },
                "responses": { "200": { "description": "Fine", "content": { "application/json": {
                    "schema": { "allOf": [{ "$ref": "#/components/schemas/B" }] } } } } },
            } } },
            "components": { "schemas": {
                "A": { "required": ["one"], "properties": {
                    "one": { "type": ["string", "null"], "description": "The first" } } },
                "B": { "properties": { "list": { "type": "array", "items": { "type": "object",
                    "properties": { "inner": { "enum": ["x", "y", null] } } } } } },
            } },
        });
        let html = page(&description.to_string());
        for part in [
            "href=\"#post-x--id-\"",
            "Reads &lt;b&gt;",
            "<code>one</code> <b title=\"required\">*</b></td><td>string or null</td><td>The first",
            "list of object",
            "<code>inner</code></td><td>x | y | null",
            "<code>200</code></td><td>Fine",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
    }

    #[test]
    fn descriptions_that_lead_in_circles_end() {
        let schema =
            json!({ "A": { "properties": { "a": { "$ref": "#/components/schemas/A" } } } });
        let answer =
            json!({ "content": { "x": { "schema": { "$ref": "#/components/schemas/A" } } } });
        let description = json!({
            "paths": { "/": { "get": { "responses": { "200": answer } } } },
            "components": { "schemas": schema },
        });
        assert_eq!(page(&description.to_string()).matches("<code>a</code>").count(), DEEPEST + 1);
    }
}
