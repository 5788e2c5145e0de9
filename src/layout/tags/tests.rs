//! Pages with a structure tree.

use proptest::prelude::*;

use crate::document::{Page, Role, TextSource, Word};
use crate::geometry::Size;
use crate::layout::lay_out;
use crate::layout::testing::{line, word};
use crate::options::Options;
use crate::page::{PageRead, Tag, TagKind, Tags, WordTag};

/// A page put together piece by piece.
#[derive(Default)]
struct Tagged {
    words: Vec<Word>,
    tags: Tags,
}

impl Tagged {
    fn element(&mut self, kind: TagKind, parent: Option<u32>) -> u32 {
        self.tags.elements.push(Tag { kind, parent, span: (1, 1), alt: None });
        self.tags.elements.len() as u32 - 1
    }

    fn text(&mut self, text: &str, at: (f32, f32), tag: WordTag) {
        let words = line(text, at.0, at.1);
        self.tags.words.extend(words.iter().map(|_| tag));
        self.words.extend(words);
    }

    /// An element with lines of text.
    fn block(&mut self, kind: TagKind, lines: &[(&str, f32, f32)]) {
        let element = self.element(kind, None);
        for (text, left, top) in lines {
            self.text(text, (*left, *top), WordTag::In(element));
        }
    }

    fn read(self) -> PageRead {
        PageRead {
            words: self.words,
            rules: Vec::new(),
            tags: self.tags,
            text_source: TextSource::TextLayer,
            ..PageRead::blank(0, Size::new(600.0, 800.0))
        }
    }

    fn page(self) -> Page {
        lay_out(vec![self.read()], &Options::default()).remove(0)
    }
}

fn parts(page: &Page) -> Vec<(&Role, &str)> {
    page.blocks.iter().map(|b| (&b.role, b.text.as_str())).collect()
}

const PROSE: &str = "the lamp was lit at dusk and burned until the";

#[test]
fn roles_come_from_a_tree_that_agrees() {
    let mut page = Tagged::default();
    page.block(TagKind::Heading(Some(1)), &[("The lamp", 50.0, 60.0)]);
    page.block(TagKind::Heading(Some(2)), &[("Oil", 50.0, 74.0)]);
    page.block(TagKind::Paragraph, &[(PROSE, 50.0, 88.0), (PROSE, 50.0, 100.0)]);
    page.text("Printed in May", (50.0, 780.0), WordTag::Artifact);
    let page = page.page();
    let prose = format!("{PROSE} {PROSE}");
    let wanted = [
        (&Role::Heading { level: 1 }, "The lamp"),
        (&Role::Heading { level: 2 }, "Oil"),
        (&Role::Paragraph, prose.as_str()),
        (&Role::PageFooter, "Printed in May"),
    ];
    assert_eq!(parts(&page), wanted);
}

#[test]
fn an_aside_is_not_read_into_the_text_beside_it() {
    let mut page = Tagged::default();
    page.block(TagKind::Heading(Some(1)), &[("The lamp", 50.0, 60.0)]);
    page.block(TagKind::Paragraph, &[("an aside of few", 320.0, 80.0), ("words", 320.0, 92.0)]);
    page.block(TagKind::Paragraph, &[(PROSE, 50.0, 80.0), (PROSE, 50.0, 92.0)]);
    let page = page.page();
    assert_eq!(page.blocks[1].text, "an aside of few words");
    assert_eq!(page.blocks[2].text, format!("{PROSE} {PROSE}"));
}

#[test]
fn trees_that_say_nothing_or_nonsense_are_left() {
    let plain = |kind: TagKind| {
        let mut page = Tagged::default();
        for n in 0..6 {
            page.block(kind, &[(PROSE, 50.0, 60.0 + 12.0 * n as f32)]);
        }
        page.page()
    };
    // Each line a paragraph, and nothing else; each line a heading.
    for kind in [TagKind::Paragraph, TagKind::Heading(Some(1))] {
        let page = plain(kind);
        assert_eq!(page.blocks.len(), 1, "{:?}", parts(&page));
        assert_eq!(page.blocks[0].role, Role::Paragraph);
    }
}

#[test]
fn a_tagged_table_is_read_with_its_spans() {
    let mut page = Tagged::default();
    page.block(TagKind::Heading(Some(1)), &[("The lamps", 50.0, 60.0)]);
    let table = page.element(TagKind::Table, None);
    let rows = [["Year", "Lit", "Oil"], ["1820", "four", "310"], ["1830", "no record at all", ""]];
    for (r, cells) in rows.iter().enumerate() {
        let row = page.element(TagKind::Row, Some(table));
        for (c, text) in cells.iter().enumerate().filter(|(_, t)| !t.is_empty()) {
            let kind = if r == 0 { TagKind::HeaderCell } else { TagKind::Cell };
            let cell = page.element(kind, Some(row));
            if r == 2 && c == 1 {
                page.tags.elements[cell as usize].span = (1, 2);
            }
            let at = (50.0 + 40.0 * c as f32, 90.0 + 13.0 * r as f32);
            page.text(text, at, WordTag::In(cell));
        }
    }
    let page = page.page();
    let Role::Table { table } = &page.blocks[1].role else { panic!("{:?}", parts(&page)) };
    assert_eq!((table.rows, table.columns), (3, 3));
    let last = table.cells.last().unwrap();
    assert_eq!((last.text.as_str(), last.column_span), ("no record at all", 2));
    assert!(table.cells[..3].iter().all(|c| c.header));
}

#[test]
fn items_of_nested_lists_keep_their_depth() {
    let mut page = Tagged::default();
    let outer = page.element(TagKind::List, None);
    let item = page.element(TagKind::Item, Some(outer));
    let body = page.element(TagKind::Body, Some(item));
    page.text("lamps", (60.0, 60.0), WordTag::In(body));
    let inner = page.element(TagKind::List, Some(body));
    let nested = page.element(TagKind::Item, Some(inner));
    page.text("of oil", (60.0, 74.0), WordTag::In(nested));
    let page = page.page();
    let depths: Vec<u8> = page
        .blocks
        .iter()
        .filter_map(|b| match b.role {
            Role::ListItem { depth, .. } => Some(depth),
            _ => None,
        })
        .collect();
    assert_eq!(depths, [0, 1]);
}

fn any_kind() -> impl Strategy<Value = TagKind> {
    use TagKind::*;
    prop_oneof![
        Just(Heading(Some(2))),
        Just(Paragraph),
        Just(List),
        Just(Item),
        Just(Table),
        Just(Row),
        Just(Cell),
        Just(Figure),
        Just(Caption),
        Just(Note),
        Just(Code),
        Just(Other),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a file says, circles and elements that do not exist among it.
    #[test]
    fn no_tree_loses_or_doubles_a_word(
        kinds in proptest::collection::vec((any_kind(), 0u32..12, (0u16..4, 0u16..4)), 1..12),
        tags in proptest::collection::vec(0u32..14, 40),
        places in proptest::collection::vec((0.0f32..500.0, 0.0f32..700.0), 40),
    ) {
        let elements = kinds
            .into_iter()
            .map(|(kind, parent, span)| Tag { kind, parent: Some(parent), span, alt: None })
            .collect();
        let words: Vec<Word> =
            places.iter().map(|&(x, y)| word("lamp", x, y, x + 20.0)).collect();
        let tags = tags.into_iter().map(|n| match n {
            13 => WordTag::Artifact,
            n => WordTag::In(n),
        });
        let count = words.len() as u32;
        let page = Tagged { words, tags: Tags { elements, words: tags.collect() } }.page();
        let mut found: Vec<u32> = page
            .blocks
            .iter()
            .flat_map(|b| match &b.role {
                Role::Table { table } => {
                    table.cells.iter().flat_map(|c| c.words.clone()).collect::<Vec<u32>>()
                }
                _ => b.lines.iter().flat_map(|l| l.words.clone()).collect(),
            })
            .collect();
        found.sort_unstable();
        prop_assert_eq!(found, (0..count).collect::<Vec<_>>());
    }
}
