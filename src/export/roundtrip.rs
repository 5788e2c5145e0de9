//! Property tests: what is written reads back as the same text and the same structure.

use proptest::prelude::*;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::escape::fold;
use super::markdown::tests::{block, document, item, paragraph};
use super::table::tests::table;
use super::{MarkdownOptions, TableFormat, markdown};
use crate::document::{Block, ListMarker, Role};

/// GitHub's markdown, and plain CommonMark with tables.
const DIALECTS: [Options; 2] =
    [Options::ENABLE_TABLES.union(Options::ENABLE_GFM).union(EXTRAS), Options::ENABLE_TABLES];
const EXTRAS: Options =
    Options::ENABLE_STRIKETHROUGH.union(Options::ENABLE_TASKLISTS).union(Options::ENABLE_FOOTNOTES);

/// What a reader of the markdown sees: one entry per heading, paragraph, item or cell.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    what: Vec<(String, String)>,
    depth: usize,
}

fn read(source: &str, options: Options) -> Vec<(String, String)> {
    let mut seen = Seen::default();
    let put = |seen: &mut Seen, what: String| seen.what.push((what, String::new()));
    for event in Parser::new_ext(source, options) {
        match event {
            Event::Start(Tag::Paragraph) if seen.depth == 0 => put(&mut seen, "p".into()),
            Event::Start(Tag::Paragraph) => {}
            Event::Start(Tag::Heading { level, .. }) => {
                put(&mut seen, format!("h{}", level as usize));
                assert!(level >= HeadingLevel::H1);
            }
            Event::Start(Tag::List(_)) => seen.depth += 1,
            Event::End(TagEnd::List(_)) => seen.depth -= 1,
            Event::Start(Tag::Item) => {
                let depth = seen.depth;
                put(&mut seen, format!("li{depth}"));
            }
            Event::Start(Tag::TableHead | Tag::TableRow) => put(&mut seen, "row".into()),
            Event::Start(Tag::TableCell) => put(&mut seen, "td".into()),
            Event::Start(Tag::CodeBlock(_)) => put(&mut seen, "code".into()),
            Event::Text(text) => match seen.what.last_mut() {
                Some((_, all)) => all.push_str(&text),
                None => put(&mut seen, format!("stray {text}")),
            },
            Event::End(_) | Event::Start(Tag::Table(_)) => {}
            other => put(&mut seen, format!("{other:?}")),
        }
    }
    for (what, text) in &mut seen.what {
        if what != "code" {
            *text = fold(text);
        }
    }
    seen.what
}

/// Text full of what markdown takes for markup.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Zåßж中]{1,4}",
        2 => Just(" ".to_owned()),
        6 => prop::sample::select(vec![
            "*", "**", "_", "__", "~", "~~", "`", "``", "```", "#", "##", "-", "--", "---", "+", "=",
            "===", ">", "<", "</", "<b>", "<!--", "-->", "<?", "<a@b>", "http://x", "[", "]", "](",
            "[x](y)", "[x]:", "[ ]", "[^1]", "!", "![", "(", ")", "|", "\\", "\\\\", "&", "&amp;",
            "&#35;", ";", ":", ".", "1.", "2)", "12", "$", "$$", "{", "}", "^", "\"", "'", "\u{2013}",
            "\u{a0}", "€", "\u{301}", "\n", "~~~", "* * *", "<div", "<pre ", "'x'", "://",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![4 => nasty(), 1 => any::<String>()]
}

/// Writes the blocks and compares what is read in every dialect.
#[track_caller]
fn check(blocks: Vec<Block>, wanted: &[(String, String)]) -> Result<(), TestCaseError> {
    for compact_tables in [true, false] {
        let options = MarkdownOptions {
            tables: TableFormat::Markdown,
            compact_tables,
            ..MarkdownOptions::default()
        };
        let source = markdown(&document(vec![blocks.clone()]), &options);
        for dialect in DIALECTS {
            prop_assert_eq!(&read(&source, dialect)[..], wanted, "{}", source);
        }
    }
    Ok(())
}

fn entry(what: &str, text: &str) -> Option<(String, String)> {
    let text = fold(text);
    (!text.is_empty()).then(|| (what.to_owned(), text))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn paragraphs_and_headings(a in any_text(), b in any_text(), c in any_text()) {
        let blocks =
            vec![paragraph(&a), block(Role::Heading { level: 3 }, &b), block(Role::Footnote, &c)];
        let wanted: Vec<_> =
            [entry("p", &a), entry("h3", &b), entry("p", &c)].into_iter().flatten().collect();
        check(blocks, &wanted)?;
    }

    #[test]
    fn list_items(texts in prop::collection::vec((any_text(), 0..3u8, 0..5u8), 1..7), end in any_text()) {
        let mut blocks = Vec::new();
        let mut wanted = Vec::new();
        let mut open: Vec<u8> = Vec::new();
        for (i, (text, depth, kind)) in texts.iter().enumerate() {
            let marker = match kind {
                0 | 1 => ListMarker::Bullet,
                2 => ListMarker::Number(format!("{}.", i + 1)),
                3 => ListMarker::Number(format!("{})", 97 + i)),
                _ => ListMarker::Letter("b.".to_owned()),
            };
            blocks.push(item(marker.clone(), *depth, text));
            let empty = fold(text).is_empty();
            let seen = match &marker {
                ListMarker::Bullet if empty => continue,
                ListMarker::Bullet => fold(text),
                ListMarker::Number(_) if !empty => fold(text),
                ListMarker::Number(mark) | ListMarker::Letter(mark) => fold(&format!("{mark} {text}")),
            };
            // An item is nested in the last one that is less deep.
            while open.last().is_some_and(|d| d >= depth) {
                open.pop();
            }
            open.push(*depth);
            wanted.push((format!("li{}", open.len()), seen));
        }
        blocks.push(paragraph(&end));
        wanted.extend(entry("p", &end));
        check(blocks, &wanted)?;
    }

    #[test]
    fn table_cells(
        rows in (1..4usize).prop_flat_map(|columns| {
            prop::collection::vec(prop::collection::vec(any_text(), columns), 1..4)
        }),
    ) {
        let refs: Vec<Vec<&str>> =
            rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
        let refs: Vec<&[&str]> = refs.iter().map(Vec::as_slice).collect();
        let mut wanted = Vec::new();
        for row in &rows {
            wanted.push(("row".to_owned(), String::new()));
            wanted.extend(row.iter().map(|text| ("td".to_owned(), fold(text))));
        }
        check(vec![paragraph("x"), block(Role::Table { table: table(&refs) }, "")], &[
            vec![("p".to_owned(), "x".to_owned())], wanted,
        ].concat())?;
    }

    #[test]
    fn code_blocks(text in "[a`~ \n*]{0,20}") {
        let trimmed = text.trim_matches('\n');
        let wanted = if trimmed.trim().is_empty() {
            vec![]
        } else {
            vec![("code".to_owned(), format!("{trimmed}\n"))]
        };
        check(vec![block(Role::Code, &text)], &wanted)?;
    }
}

#[test]
fn dollars_stay_text_where_math_is_read() {
    for text in ["$x$", "a $b c$ d", "$$x$$", "$5 and $10", "x$ y$"] {
        let source = markdown(&document(vec![vec![paragraph(text)]]), &MarkdownOptions::default());
        let read = read(&source, Options::ENABLE_MATH);
        assert_eq!(read, [("p".to_owned(), text.to_owned())], "{source}");
    }
    let source = markdown(
        &document(vec![vec![block(Role::Formula { latex: None }, "a_1 = b_2")]]),
        &MarkdownOptions::default(),
    );
    let event = Parser::new_ext(&source, Options::ENABLE_MATH).nth(1);
    assert_eq!(event, Some(Event::DisplayMath("a_1 = b_2".into())));
}
