//! What was found out about code and pictures, as formats write it.

use serde_json::{Value, json};

use crate::document::{Block, CodeLanguage, PictureFacts};

/// Who says so, in docling's fields for that.
const OWN: &str = "recto";
/// Where the content of codes stands in a prediction: docling-core keeps fields that have somebody's
/// name before two underscores, and has none of its own for it.
const CODES: &str = "recto__codes";

/// What a fence is called after a language: what highlighters understand.
pub(super) fn fence_name(language: &CodeLanguage) -> String {
    match language.name.as_str() {
        "C++" => "cpp".to_owned(),
        "C#" => "csharp".to_owned(),
        name => name.to_lowercase(),
    }
}

/// What docling-core's markdown has behind a picture: its description, and its class in words.
pub(super) fn as_docling(block: &Block) -> Vec<String> {
    let Some(facts) = block.picture() else { return Vec::new() };
    let description = facts.description.as_ref().map(|description| description.text.clone());
    description.into_iter().chain(main_class(facts).map(in_words)).collect()
}

/// What is said about a picture beside its text: its description, and what its codes say.
pub(super) fn in_full(block: &Block) -> Vec<&str> {
    let Some(facts) = block.picture() else { return Vec::new() };
    let description = facts.description.as_ref().map(|description| description.text.as_str());
    description.into_iter().chain(facts.codes.iter().map(|code| code.text.as_str())).collect()
}

/// The most probable class; the first of several.
fn main_class(facts: &PictureFacts) -> Option<&str> {
    facts.classes.first().map(|class| class.name.as_str())
}

/// `bar_chart` as "Bar chart".
fn in_words(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect()
    })
}

/// The same of a picture in a `DoclingDocument`.
pub(super) fn said(picture: &Value) -> Vec<String> {
    let (description, class) = said_of(picture);
    description.map(str::to_owned).into_iter().chain(class.map(in_words)).collect()
}

/// The same as docling-core's LaTeX has it: comments.
pub(super) fn comments(picture: &Value) -> Vec<String> {
    let (description, class) = said_of(picture);
    let class = class.map(|class| format!("classification]: {}", in_words(class).to_lowercase()));
    let description =
        description.map(|text| format!("description]: {}", text.replace('\n', "\n% ")));
    class.into_iter().chain(description).map(|text| format!("% annotation[{text}")).collect()
}

fn said_of(picture: &Value) -> (Option<&str>, Option<&str>) {
    let meta = &picture["meta"];
    let class = meta["classification"]["predictions"][0]["class_name"].as_str();
    (meta["description"]["text"].as_str(), class)
}

/// docling-core's `meta` of a picture, and its `annotations`, in which older versions have the same.
pub(super) fn meta(facts: &PictureFacts) -> (Value, Vec<Value>) {
    let (mut meta, mut annotations) = (json!({}), Vec::new());
    if let Some(description) = &facts.description {
        meta["description"] = json!({ "text": description.text, "created_by": description.model });
        annotations.push(json!({
            "kind": "description",
            "text": description.text,
            "provenance": description.model,
        }));
    }
    if !facts.classes.is_empty() {
        let mut predictions: Vec<Value> = Vec::new();
        let mut classes: Vec<Value> = Vec::new();
        for class in &facts.classes {
            let confidence = exact(class.confidence);
            predictions.push(
                json!({ "class_name": class.name, "confidence": confidence, "created_by": OWN }),
            );
            classes.push(json!({ "class_name": class.name, "confidence": confidence }));
        }
        if let (Some(first), false) = (predictions.first_mut(), facts.codes.is_empty()) {
            first[CODES] = json!(facts.codes);
        }
        meta["classification"] = json!({ "predictions": predictions });
        annotations.push(json!({
            "kind": "classification",
            "provenance": OWN,
            "predicted_classes": classes,
        }));
    }
    (meta, annotations)
}

/// 0.9 and not 0.8999999761581421.
fn exact(confidence: f32) -> f64 {
    (f64::from(confidence) * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_in_words_as_docling_core_does() {
        assert_eq!(in_words("bar_chart"), "Bar chart");
        assert_eq!(in_words(""), "");
    }

    #[test]
    fn highlighters_know_the_names_of_fences() {
        let name =
            |name: &str| fence_name(&CodeLanguage { name: name.to_owned(), confidence: 1.0 });
        assert_eq!(
            (name("C++"), name("C#"), name("Python")),
            ("cpp".into(), "csharp".into(), "python".into())
        );
    }
}
