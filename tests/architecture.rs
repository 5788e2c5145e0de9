//! Stages do not know each other: they know data types, and only the engine knows the stages.
//!
//! This test holds the table of edges that are allowed between the modules of `src/`, reads every
//! source file for `crate::…` and `super::…` paths (in `use` items and everywhere else, macros
//! included), and fails on any edge that is not in the table. docs/architecture.md explains the
//! rule. A module that is missing from the table fails as well: adding one means deciding what it
//! may know.

#![allow(clippy::expect_used)] // What cannot be read fails the test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Modules of plain data, which everything may use.
const DATA: [&str; 11] = [
    "error",
    "geometry",
    "options",
    "language",
    "document",
    "page",
    "picture",
    "progress",
    "call",
    "limits",
    "recognizer",
];

/// Each does one step of the work, and knows only data.
const STAGES: [&str; 11] = [
    "source",
    "pdf",
    "raster",
    "preprocess",
    "segment",
    "neural",
    "ocr",
    "layout",
    "formula",
    "enrich",
    "export",
];

/// The engine: the order of the stages, threads, the page seam.
const ENGINE: [&str; 7] =
    ["engine", "reader", "runner", "page_images", "page_work", "recognition", "sketching"];

/// Types that are data but live beside the code that makes them, so that every module may name
/// them. Only types belong here, never a function.
const DATA_TYPES: [&str; 8] = [
    "runner::ChildCounts",
    "runner::Sandbox",
    "source::Content",
    "source::Input",
    "source::Format",
    "source::Source",
    "source::StoredFile",
    "source::UrlPolicy",
];

/// What `module` may use besides itself and [`DATA_TYPES`]; `None` if the table lacks it.
///
/// An entry is a module, or a module's item.
fn allowed(module: &str) -> Option<Vec<&'static str>> {
    let data = || DATA.to_vec();
    match module {
        // `Document::to_markdown` and its like are the exporters under a handier name.
        "document" => Some(
            [data(), vec!["export::markdown", "export::text", "export::MarkdownOptions"]].concat(),
        ),
        _ if DATA.contains(&module) || STAGES.contains(&module) => Some(data()),
        _ if ENGINE.contains(&module) => {
            Some([data(), STAGES.to_vec(), ENGINE.to_vec(), vec!["setup"]].concat())
        }
        "provider" => Some([data(), vec!["engine", "export"]].concat()),
        "setup" => Some(data()),
        // What `recto.toml` says, and the providers it stands for.
        "config" => Some([data(), vec!["provider", "engine", "setup"]].concat()),
        // A folder of documents that clients sent: what they are is told by `source::Format`.
        "files" => Some(data()),
        "objects" => Some(data()),
        // A queue of whatever others run.
        "jobs" => Some([data(), vec!["objects"]].concat()),
        // docling-serve's interface and the page are about the engine and its exports, not about
        // providers.
        "server" => Some([data(), vec!["provider", "files", "jobs", "engine", "export"]].concat()),
        // Single stages, for the benches and fuzz targets.
        "internal" => Some(
            [data(), STAGES.to_vec(), ENGINE.to_vec(), vec!["setup", "config", "server"]].concat(),
        ),
        // The program is a crate of its own: for it, `crate` is the program and `recto` the
        // library, of which it sees only what is public.
        "main" => Some(vec!["cli"]),
        "cli" => Some(vec![]),
        _ => None,
    }
}

/// A use of one module by another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: String,
    /// The module used, or `module::Item` where the path names one.
    to: String,
}

impl Edge {
    fn is_allowed(&self) -> bool {
        let module = self.to.split("::").next().unwrap_or_default();
        module == self.from
            || DATA_TYPES.contains(&self.to.as_str())
            || allowed(&self.from)
                .is_some_and(|list| list.contains(&module) || list.contains(&self.to.as_str()))
    }
}

/// What the crate root offers under a name of its own: `Result` is `error::Result`.
type Reexports = BTreeMap<String, String>;

/// Reads one file's paths.
struct Reader<'a> {
    /// The path of the module being read: `["pdf", "text", "tests"]`.
    module: Vec<String>,
    reexports: &'a Reexports,
    edges: Vec<Edge>,
}

impl Reader<'_> {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            // `mod name { … }` goes one level down.
            if let (true, Some(name), Some(TokenTree::Group(body))) =
                (is_ident(&tokens, at, "mod"), ident(&tokens, at + 1), tokens.get(at + 2))
                && body.delimiter() == Delimiter::Brace
            {
                self.module.push(name);
                self.read(body.stream());
                self.module.pop();
                at += 3;
                continue;
            }
            let start = is_ident(&tokens, at, "crate") || is_ident(&tokens, at, "super");
            // `$crate::` and `a::super` cannot occur in a way that matters; `self::` stays inside.
            if start && is_path_separator(&tokens, at + 1) {
                let mut base = self.module.clone();
                if is_ident(&tokens, at, "crate") {
                    base.clear();
                    at += 3;
                } else {
                    while is_ident(&tokens, at, "super") && is_path_separator(&tokens, at + 1) {
                        base.pop();
                        at += 3;
                    }
                }
                self.target(&base, &tokens[at..]);
                continue;
            }
            if let TokenTree::Group(group) = &tokens[at] {
                self.read(group.stream());
            }
            at += 1;
        }
    }

    /// Notes what a path names that starts in the module `base` and goes on with `rest`.
    fn target(&mut self, base: &[String], rest: &[TokenTree]) {
        match rest.first() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let parts: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in parts.split(|token| is_punct(Some(token), ',')) {
                    self.target(base, part);
                }
            }
            Some(TokenTree::Ident(name)) if base.len() < 2 => {
                let mut base = base.to_vec();
                base.push(name.to_string());
                if base.len() < 2 && is_path_separator(rest, 1) {
                    self.target(&base, &rest[3..]);
                } else {
                    self.edge(&base);
                }
            }
            // A `*`, or deeper than the table looks.
            _ => self.edge(base),
        }
    }

    fn edge(&mut self, path: &[String]) {
        let Some(from) = self.module.first().cloned() else { return };
        let Some(first) = path.first() else { return };
        let to = match self.reexports.get(first) {
            Some(original) => original.clone(),
            None => path[..path.len().min(2)].join("::"),
        };
        self.edges.push(Edge { from, to });
    }
}

fn ident(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at) {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_ident(tokens: &[TokenTree], at: usize, name: &str) -> bool {
    ident(tokens, at).is_some_and(|ident| ident == name)
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

fn edges_of(module: &[&str], source: &str, reexports: &Reexports) -> Vec<Edge> {
    let tokens: TokenStream = source.parse().expect("Rust source");
    let module = module.iter().map(|part| (*part).to_owned()).collect();
    let mut reader = Reader { module, reexports, edges: Vec::new() };
    reader.read(tokens);
    reader.edges.sort();
    reader.edges.dedup();
    reader.edges
}

/// The `pub use module::{Item, …};` of a crate root.
fn reexports_of(source: &str) -> Reexports {
    let tokens: Vec<TokenTree> =
        source.parse::<TokenStream>().expect("Rust source").into_iter().collect();
    let mut found = Reexports::new();
    for at in 0..tokens.len() {
        let (true, Some(module)) = (is_ident(&tokens, at, "use"), ident(&tokens, at + 1)) else {
            continue;
        };
        let mut add = |item: String| found.insert(item.clone(), format!("{module}::{item}"));
        match tokens.get(at + 4) {
            Some(TokenTree::Ident(item)) => {
                add(item.to_string());
            }
            Some(TokenTree::Group(group)) => {
                for token in group.stream() {
                    if let TokenTree::Ident(item) = token {
                        add(item.to_string());
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn source_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            source_files(&path, files);
        } else if path.extension().is_some_and(|suffix| suffix == "rs") {
            files.push(path);
        }
    }
}

/// `src/pdf/text.rs` is the module `["pdf", "text"]`, `src/pdf/mod.rs` is `["pdf"]`.
fn module_of(file: &Path, src: &Path) -> Vec<String> {
    let relative = file.strip_prefix(src).expect("a file below src").with_extension("");
    let mut parts: Vec<String> =
        relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

#[test]
fn modules_know_only_what_the_table_allows() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let root = fs::read_to_string(src.join("lib.rs")).expect("src/lib.rs");
    let reexports = reexports_of(&root);
    assert_eq!(reexports.get("Error").map(String::as_str), Some("error::Error"));

    let mut files = Vec::new();
    source_files(&src, &mut files);
    let mut wrong = Vec::new();
    let mut edges = 0;
    for file in files.iter().filter(|file| **file != src.join("lib.rs")) {
        let module = module_of(file, &src);
        let module: Vec<&str> = module.iter().map(String::as_str).collect();
        let name = file.strip_prefix(&src).expect("a file below src").display();
        if allowed(module[0]).is_none() {
            wrong.push(format!("src/{name}: the table does not know the module `{}`", module[0]));
            continue;
        }
        let text = fs::read_to_string(file).expect("a source file");
        for edge in edges_of(&module, &text, &reexports) {
            edges += 1;
            if !edge.is_allowed() {
                wrong.push(format!("src/{name}: `{}` may not use `{}`", edge.from, edge.to));
            }
        }
    }
    assert!(edges > files.len(), "only {edges} edges were found: does the test still read paths?");
    assert!(wrong.is_empty(), "edges that are not allowed:\n{}", wrong.join("\n"));
}

/// The edges of `source`, as the module `module`, that are not allowed.
fn refused(module: &[&str], source: &str) -> Vec<String> {
    let root = "pub use error::{Error, Result}; pub use engine::Engine; pub use source::Source;";
    let edges = edges_of(module, source, &reexports_of(root));
    edges.into_iter().filter(|edge| !edge.is_allowed()).map(|edge| edge.to).collect()
}

#[test]
fn a_stage_that_uses_another_is_found() {
    for source in [
        "use crate::ocr::OcrWord;",
        "use crate::{error::Result, ocr::OcrWord};",
        "use super::super::ocr::OcrWord;",
        "fn f() { let word = crate::ocr::OcrWord::new(); }",
        "fn f() { assert_eq!(1, crate::ocr::OcrWord::COUNT); }",
        "mod inner { mod deeper { use super::super::super::super::ocr::OcrWord; } }",
        "#[cfg(test)] mod tests { use crate::ocr::OcrWord; }",
    ] {
        assert_eq!(refused(&["layout", "lines"], source), ["ocr::OcrWord"], "{source}");
    }
    assert_eq!(refused(&["pdf"], "use crate::raster;"), ["raster"]);
    assert_eq!(refused(&["pdf"], "use super::raster::*;"), ["raster"]);
    assert_eq!(refused(&["pdf"], "use crate::setup::pdfium;"), ["setup::pdfium"]);
}

#[test]
fn a_name_that_the_crate_root_hands_on_does_not_hide_the_edge() {
    assert_eq!(refused(&["layout"], "use crate::Engine;"), ["engine::Engine"]);
    assert_eq!(refused(&["layout"], "use crate::{Result, Engine};"), ["engine::Engine"]);
}

#[test]
fn data_that_uses_a_stage_and_a_program_that_reaches_inside_are_found() {
    assert_eq!(refused(&["page"], "use crate::pdf::PdfFile;"), ["pdf::PdfFile"]);
    assert_eq!(refused(&["document"], "use crate::export::html;"), ["export::html"]);
    assert_eq!(refused(&["setup"], "use crate::engine::Engine;"), ["engine::Engine"]);
    assert_eq!(refused(&["cli", "read"], "use crate::pdf::PdfFile;"), ["pdf::PdfFile"]);
    assert_eq!(refused(&["server"], "use crate::runner::Children;"), ["runner::Children"]);
    assert_eq!(refused(&["files"], "use crate::server::Settings;"), ["server::Settings"]);
}

#[test]
fn what_is_allowed_passes() {
    for (module, source) in [
        (vec!["layout", "lines"], "use crate::{Result, document::Word}; use super::columns;"),
        (vec!["layout"], "mod tests { use super::*; use crate::geometry::Rect; }"),
        (vec!["pdf"], "use crate::source::Input; // use crate::ocr::OcrWord;"),
        (vec!["pdf"], "/// See [`crate::ocr::OcrWord`].\nconst NOTE: &str = \"crate::ocr::X\";"),
        (vec!["engine"], "use crate::{layout, ocr::TesseractRecognizer}; use crate::setup;"),
        (vec!["provider", "local"], "use crate::Engine; use crate::export::markdown;"),
        (vec!["files"], "use crate::source::{Format, StoredFile};"),
        (vec!["server", "reads"], "use crate::provider::OcrProvider; use crate::source::Source;"),
        (vec!["cli", "read"], "use crate::cli::Exit; use recto::Engine; pub(crate) fn f() {}"),
        (vec!["document"], "fn f() { crate::export::markdown(1); }"),
    ] {
        assert!(refused(&module, source).is_empty(), "{source}: {:?}", refused(&module, source));
    }
}
