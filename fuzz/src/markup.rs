//! Markdown and HTML: no text of a document is taken for markup.

use pulldown_cmark::{Event, Options as Dialect, Parser, Tag};
use recto::export::{self, MarkdownOptions};
use recto::geometry::rect;
use recto::{Block, ListMarker, Page, PageRead, Profile, Role};

/// A document whose blocks are the input's lines. The first letter of a line says what it is: a heading, an
/// item, code, a caption, a note, or else a paragraph.
pub fn markdown(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let blocks: Vec<Block> = text.lines().take(40).map(block).collect();
    let Some(mut page) = blank() else { return };
    page.blocks = blocks;
    let document = super::pages::document(vec![page]);
    let markdown = export::markdown(&document, &MarkdownOptions::default());
    let is_formula = |block: &Block| matches!(block.role, Role::Formula { .. });
    only_own_markup(&markdown, document.pages[0].blocks.iter().any(is_formula));
    let as_docling = MarkdownOptions { profile: Profile::Docling, ..MarkdownOptions::default() };
    only_own_markup(&export::markdown(&document, &as_docling), true);
    only_known_tags(&export::html(&document, Profile::Full));
    only_known_tags(&export::html(&document, Profile::Docling));
    let value = export::docling_document(&document, &export::DoclingOptions::default());
    let _ = (export::doctags(&value), export::latex(&value), export::yaml(&value));
}

fn blank() -> Option<Page> {
    let read = PageRead::blank(0, recto::geometry::Size::new(595.0, 842.0));
    recto::internal::lay_out(vec![read], &recto::Options::default()).pop()
}

fn block(line: &str) -> Block {
    let (role, text) = match line.split_at_checked(1) {
        Some(("h", text)) => (Role::Heading { level: 1 + (text.len() % 6) as u8 }, text),
        Some(("b", text)) => {
            (Role::ListItem { marker: ListMarker::Bullet, depth: (text.len() % 3) as u8 }, text)
        }
        Some(("1", text)) => {
            let number: String = text.chars().take(3).collect();
            (Role::ListItem { marker: ListMarker::Number(number), depth: 0 }, text)
        }
        Some(("c", text)) => (Role::Code, text),
        Some(("t", text)) => (Role::Caption, text),
        Some(("f", text)) => (Role::Footnote, text),
        Some(("x", text)) => (Role::Formula { latex: Some(text.to_owned()) }, text),
        Some(("y", text)) => (Role::Formula { latex: None }, text),
        Some(("p", text)) => (Role::PageHeader, text),
        _ => (Role::Paragraph, line),
    };
    Block {
        role,
        rect: rect(0.0, 0.0, 100.0, 10.0),
        text: text.to_owned(),
        lines: Vec::new(),
        confidence: None,
        enrichment: None,
    }
}

/// Nothing in it is raw HTML, a link or an image, nor, unless that is allowed, emphasis or code: blocks of
/// text have none. Between dollars, where formulas stand, this reader sees text, in which `_` and the like
/// mean something else; and docling's shape leaves emphasis as it is.
fn only_own_markup(markdown: &str, with_emphasis: bool) {
    for event in Parser::new_ext(markdown, Dialect::ENABLE_TABLES) {
        let is_wrong = match &event {
            Event::Html(html) | Event::InlineHtml(html) => !is_comment(html),
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) => true,
            Event::Start(Tag::Emphasis | Tag::Strong) | Event::Code(_) => !with_emphasis,
            _ => false,
        };
        assert!(!is_wrong, "{event:?} in\n{markdown}");
    }
}

/// Whether it is one comment, and nothing else.
fn is_comment(html: &str) -> bool {
    let inner = html.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
    inner.is_some_and(|inner| !inner.contains('>'))
}

/// Tags that the HTML exporters write.
const TAGS: &str = " !doctype html head meta title style body main div section article aside header footer span p \
                    h1 h2 h3 h4 h5 h6 ul ol li table thead tbody tr th td caption figure figcaption img pre code br \
                    hr a math semantics mtext annotation mrow details summary ";

/// Whatever a document says, its HTML has no tag but the exporter's own.
pub fn only_known_tags(html: &str) {
    for (at, _) in html.match_indices('<') {
        let rest = html[at + 1..].trim_start_matches('/');
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '!' || c == '-';
        let name: String =
            rest.chars().take_while(|c| is_name(*c)).collect::<String>().to_lowercase();
        let known = name.starts_with("!--") || TAGS.contains(&format!(" {name} "));
        assert!(known, "a tag {name:?} in\n{html}");
    }
}
