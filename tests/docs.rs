//! What the documents say is there: links lead somewhere, the tests they name exist, and
//! docs/api.md has every field of the interface's description.

#![allow(clippy::expect_used, clippy::panic)] // What cannot be read fails the test.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn documents() -> Vec<PathBuf> {
    let mut all = vec![root().join("README.md")];
    for entry in fs::read_dir(root().join("docs")).expect("docs/") {
        let path = entry.expect("docs/").path();
        if path.extension().is_some_and(|ending| ending == "md") {
            all.push(path);
        }
    }
    all
}

/// The links of a document to other files: what is between brackets, and where it leads.
fn links(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("](") {
        let target: String = text[at + 2..].chars().take_while(|c| *c != ')').collect();
        let name = text[..at].rsplit('[').next().unwrap_or_default();
        if !target.contains("://") && !target.starts_with(['#', '<']) && !target.contains(' ') {
            found.push((name.to_owned(), target));
        }
    }
    found
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut count = 0;
    for document in documents() {
        let folder = document.parent().expect("a folder").to_owned();
        for (_, target) in links(&read(&document)) {
            let (file, place) = target.split_once('#').unwrap_or((&target, ""));
            let path = folder.join(file);
            assert!(path.exists(), "{}: {target} is not there", document.display());
            if !place.is_empty() && file.ends_with(".md") {
                let anchors: Vec<String> = read(&path)
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .map(|line| anchor(line.trim_start_matches('#').trim()))
                    .collect();
                assert!(
                    anchors.iter().any(|known| known == place),
                    "{}: {target}: no such section",
                    document.display()
                );
            }
            count += 1;
        }
    }
    assert!(count > 20, "only {count} links were found");
}

/// A heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn the_tests_that_docs_api_names_exist() {
    let document = root().join("docs/api.md");
    let mut count = 0;
    for (name, target) in links(&read(&document)) {
        if !target.ends_with(".rs") {
            continue;
        }
        let source = read(&root().join("docs").join(&target));
        let is_there = source.lines().any(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("async ").unwrap_or(line);
            line.strip_prefix("fn ").is_some_and(|rest| rest.starts_with(&format!("{name}(")))
        });
        assert!(is_there, "{target} has no test {name}");
        count += 1;
    }
    assert!(count > 40, "only {count} tests are named");
}

#[test]
fn docs_api_has_every_field_of_the_description() {
    let text = read(&root().join("docs/api.md"));
    let description: serde_json::Value =
        serde_json::from_str(&read(&root().join("src/server/openapi.json"))).expect("JSON");
    let schemas = &description["components"]["schemas"];
    let mut count = 0;
    for schema in [
        "Document",
        "OcrRequest",
        "OcrResponse",
        "OpperResponse",
        "Page",
        "OpperPage",
        "Image",
        "Block",
        "Table",
        "Word",
        "PageScores",
    ] {
        let fields = schemas[schema]["properties"].as_object();
        for field in fields.unwrap_or_else(|| panic!("no schema {schema}")).keys() {
            let named = [format!("`{field}`"), format!(".{field}`"), format!("`{field}.")];
            assert!(
                named.iter().any(|name| text.contains(name)),
                "docs/api.md does not say what becomes of {schema}.{field}"
            );
            count += 1;
        }
    }
    assert!(count > 60, "only {count} fields were found");
}

#[test]
fn the_example_of_a_configuration_can_be_read() {
    let text = read(&root().join("docs/config.md"));
    let mut count = 0;
    for example in text.split("```toml\n").skip(1) {
        let example = example.split("```").next().unwrap_or_default();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("recto.toml");
        fs::write(&path, example).expect("a file");
        if let Err(error) = recto::Config::load(&path) {
            panic!("docs/config.md: {error}\n{example}");
        }
        count += 1;
    }
    assert!(count > 2, "only {count} examples were found");
}

#[test]
fn docs_config_names_every_key() {
    let text = read(&root().join("docs/config.md"));
    let mut count = 0;
    for entry in fs::read_dir(root().join("src/config")).expect("src/config/") {
        let path = entry.expect("src/config/").path();
        if !path.is_file() {
            continue;
        }
        // The fields of structs that are read from the file.
        let source = read(&path);
        for part in source.split("Deserialize").skip(1) {
            let body = part.split("\n}").next().unwrap_or_default();
            let Some((_, fields)) = body.split_once("struct ") else { continue };
            for line in fields.lines().skip(1) {
                let line = line.trim().trim_start_matches("pub ");
                let Some((name, _)) = line.split_once(": ") else { continue };
                if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                    let is_there = [format!("`{name}`"), format!("{name} = ")];
                    assert!(
                        is_there.iter().any(|form| text.contains(form)),
                        "docs/config.md lacks {name}"
                    );
                    count += 1;
                }
            }
        }
    }
    assert!(count > 30, "only {count} keys were found");
}

/// All of the sources below these folders, as one text.
fn sources(folders: &[&str]) -> String {
    let mut todo: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut all = String::new();
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a folder");
            todo.extend(entries.map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push_str(&read(&path));
        }
    }
    all
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn each_defence_of_the_threat_model_has_the_test_that_it_names() {
    let model = read(&root().join("docs/security.md"));
    let code = sources(&["src", "tests"]);
    let is_test = |name: &&str| {
        name.matches('_').count() >= 3
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let mut count = 0;
    for name in quoted(&model).into_iter().filter(is_test) {
        assert!(code.contains(&format!("fn {name}(")), "no test is called {name}");
        count += 1;
    }
    assert!(count > 15, "{count}");
    for path in quoted(&model).into_iter().filter(|name| name.starts_with("tests/")) {
        assert!(root().join(path).exists(), "{path} is not there");
    }
}

#[test]
fn every_metric_is_described_and_every_one_described_is_there() {
    let described = read(&root().join("docs/observability.md"));
    let code = sources(&["src/server"]);
    let is_name = |name: &&str| {
        ["recto_", "process_"].iter().any(|start| name.starts_with(start))
            && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    };
    let table: String =
        described.lines().filter(|line| line.starts_with("| `")).collect::<Vec<_>>().join("\n");
    let known: Vec<&str> = quoted(&table).into_iter().filter(is_name).collect();
    assert!(known.len() > 25, "{known:?}");
    for name in &known {
        assert!(code.contains(&format!("\"{name}\"")), "{name} is described and not there");
    }
    for name in code.split('"').filter(is_name) {
        assert!(known.contains(&name), "{name} is not described");
    }
}
