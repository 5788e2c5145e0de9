use proptest::prelude::*;
use serde_json::json;

use super::super::docling_document::{DoclingOptions, docling_document};
use super::super::markdown::tests::{block, document, item, paragraph};
use super::super::table::tests::table as rows_of;
use super::*;
use crate::document::{Block, ListMarker, Role};

fn cut_with(pages: Vec<Vec<Block>>, options: Value) -> Vec<Chunk> {
    let (options, _) = ChunkingOptions::from_docling_json(&options).unwrap();
    hierarchical_chunks(&docling_document(&document(pages), &DoclingOptions::default()), &options)
}

fn cut(pages: Vec<Vec<Block>>) -> Vec<Chunk> {
    cut_with(pages, Value::Null)
}

fn heading(level: u8, text: &str) -> Block {
    block(Role::Heading { level }, text)
}

fn table_block(cells: &[&[&str]]) -> Block {
    let mut table = rows_of(cells);
    for cell in table.cells.iter_mut().filter(|cell| cell.row == 0) {
        cell.header = true;
    }
    block(Role::Table { table }, "")
}

fn texts(chunks: &[Chunk]) -> Vec<&str> {
    chunks.iter().map(|chunk| chunk.text.as_str()).collect()
}

#[test]
fn chunks_stand_under_the_headings_above_them() {
    let chunks = cut(vec![
        vec![paragraph("before"), heading(1, "A"), heading(2, "B"), heading(4, "C")],
        vec![paragraph("in c"), heading(2, "D"), paragraph("in d"), heading(3, "nothing below")],
    ]);
    let of: Vec<(&str, Vec<&str>)> = chunks
        .iter()
        .map(|c| (c.text.as_str(), c.headings.iter().map(String::as_str).collect()))
        .collect();
    let want = [("before", vec![]), ("in c", vec!["A", "B", "C"]), ("in d", vec!["A", "D"])];
    assert_eq!(of, want);
    assert_eq!(chunks[1].contextualized(), "A\nB\nC\nin c");
    assert_eq!(chunks[0].contextualized(), "before");
    assert_eq!((&chunks[1].items, &chunks[1].pages), (&vec!["#/texts/4".to_owned()], &vec![2]));
}

#[test]
fn a_list_is_one_chunk_with_the_lists_inside_of_it() {
    let chunks = cut(vec![vec![
        item(ListMarker::Number("1.".into()), 0, "one_a"),
        item(ListMarker::Bullet, 1, "deep\nline"),
        item(ListMarker::Letter("a)".into()), 2, "deeper"),
        item(ListMarker::Number("2.".into()), 0, "two"),
        paragraph("after"),
    ]]);
    let want = "1. one_a\n    - deep  \nline\n        - a) deeper\n2. two";
    assert_eq!(texts(&chunks), [want, "after"]);
    let items: Vec<String> = (0..4).map(|n| format!("#/texts/{n}")).collect();
    assert_eq!(chunks[0].items, items);
}

#[test]
fn code_and_formulas_keep_their_marks_and_text_has_no_escapes() {
    let chunks = cut(vec![vec![
        block(Role::Code, "a = ```b```"),
        block(Role::Formula { latex: None }, "a_1^2"),
        paragraph("a < b_c & *d*"),
        block(Role::Footnote, "1 note"),
        block(Role::PageFooter, "page 1"),
    ]]);
    let want = ["````\na = ```b```\n````", "$$a_1^2$$", "a < b_c & *d*", "1 note"];
    assert_eq!(texts(&chunks), want);
}

#[test]
fn tables_are_sentences_or_pipe_tables_below_their_captions() {
    let of = |cells: &[&[&str]]| vec![vec![block(Role::Caption, "Table 1"), table_block(cells)]];
    let many: &[&[&str]] = &[&["Town", "Rain", "Sun"], &["Lund", "3", ""], &["Malmö", "4", "5 "]];
    let chunks = cut(of(many));
    let want = "Table 1\n\nLund, Rain = 3. Lund, Sun = . Malmö, Rain = 4. Malmö, Sun = 5";
    assert_eq!(texts(&chunks), [want]);
    assert_eq!(chunks[0].items, ["#/texts/0", "#/tables/0"]);
    let chunks = cut_with(of(many), json!({ "use_markdown_tables": true }));
    assert!(chunks[0].text.starts_with("Table 1\n\n| Town   |   Rain |"), "{}", chunks[0].text);
    // A column alone is named by its first row below the head; a head alone is what it says.
    let column: &[&[&str]] = &[&["Towns"], &["South"], &["Lund"], &["Ystad"]];
    assert_eq!(texts(&cut(of(column))), ["Table 1\n\nSouth = Lund. South = Ystad"]);
    let cell: &[&[&str]] = &[&["Towns"], &["Lund"]];
    assert_eq!(texts(&cut(of(cell))), ["Table 1\n\nLund"]);
    let head: &[&[&str]] = &[&["Town", "", "Rain"]];
    assert_eq!(texts(&cut(of(head))), ["Table 1\n\nTown. Rain"]);
}

#[test]
fn columns_without_a_head_have_numbers_and_stacked_heads_are_joined() {
    let mut stacked = rows_of(&[&["", "Rain"], &["Town", "mm"], &["Lund", "3"]]);
    for cell in stacked.cells.iter_mut().filter(|cell| cell.row < 2) {
        cell.header = true;
    }
    let mut plain = rows_of(&[&["Lund", "3"], &["Malmö", "4"]]);
    for cell in &mut plain.cells {
        cell.header = false;
    }
    let chunks = cut(vec![vec![
        block(Role::Table { table: stacked }, ""),
        paragraph("between"),
        block(Role::Table { table: plain }, ""),
    ]]);
    let want = ["Lund, Rain.mm = 3", "between", "Lund, 1 = 3. Malmö, 1 = 4"];
    assert_eq!(texts(&chunks), want);
}

#[test]
fn pictures_are_in_chunks_by_their_captions_and_by_their_marks_where_asked_for() {
    let pages = || {
        vec![
            vec![block(Role::Figure, "inside"), block(Role::Caption, "Figure 1")],
            vec![block(Role::Figure, "")],
        ]
    };
    let chunks = cut(pages());
    assert_eq!(texts(&chunks), ["Figure 1"]);
    assert!(!chunks[0].has_picture());
    let chunks = cut_with(pages(), json!({ "use_markdown_images": true }));
    assert_eq!(texts(&chunks), ["Figure 1\n\n![IMAGE]", "![IMAGE]"]);
    assert!(chunks.iter().all(Chunk::has_picture));
    let marked = json!({ "use_markdown_images": true, "image_placeholder": "[p]" });
    assert_eq!(texts(&cut_with(pages(), marked)), ["Figure 1\n\n[p]", "[p]"]);
}

/// Blocks of all roles that are cut, each with a text of its own.
fn blocks() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0..9u8, 0..4u8), 0..30)
}

fn made(n: usize, (kind, depth): (u8, u8)) -> Block {
    let text = format!("«{n}»");
    match kind {
        0 => heading(depth + 1, &text),
        1 => block(Role::Code, &text),
        2 => block(Role::Formula { latex: None }, &text),
        3 | 4 => item(ListMarker::Bullet, depth, &text),
        5 => block(Role::Footnote, &text),
        6 => block(Role::Caption, &text),
        7 => table_block(&[&["name", &format!("«{n}h»")], &["row", &text]]),
        _ => paragraph(&text),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing is lost and nothing said twice, whatever stands beside it, and the order stays.
    #[test]
    fn every_text_is_in_one_chunk_once(kinds in prop::collection::vec(blocks(), 1..3)) {
        let mut n = 0;
        let mut wanted = Vec::new();
        let mut above = Vec::new();
        let pages: Vec<Vec<Block>> = kinds
            .iter()
            .map(|page| page.iter().map(|&kind| {
                n += 1;
                match kind.0 {
                    0 => above.push(format!("«{n}»")),
                    7 => wanted.extend([format!("«{n}»"), format!("«{n}h»")]),
                    _ => wanted.push(format!("«{n}»")),
                }
                made(n, kind)
            }).collect())
            .collect();
        let chunks = cut(pages);
        let all: Vec<&str> = chunks.iter().map(|chunk| chunk.text.as_str()).collect();
        for text in &wanted {
            prop_assert_eq!(all.concat().matches(text.as_str()).count(), 1, "{} in {:?}", text, all);
        }
        for chunk in &chunks {
            prop_assert!(!chunk.items.is_empty() && !chunk.pages.is_empty());
            prop_assert!(chunk.headings.iter().all(|heading| above.contains(heading)));
        }
        // No item is in two chunks.
        let mut items: Vec<&String> = chunks.iter().flat_map(|chunk| &chunk.items).collect();
        let count = items.len();
        items.sort();
        items.dedup();
        prop_assert_eq!(items.len(), count);
    }
}
