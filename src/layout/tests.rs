//! The layout as a whole: no word lost, none doubled, whatever the page.

mod structure;

use proptest::prelude::*;

use super::lay_out;
use super::testing::{line, word};
use crate::document::{Block, Page, Role, TextSource, Word};
use crate::geometry::{Size, rect};
use crate::options::Options;
use crate::page::{PageRead, Placement, PlacementKind, Rule};

fn page(index: usize, words: Vec<Word>, rules: Vec<Rule>) -> PageRead {
    PageRead {
        words,
        rules,
        text_source: TextSource::TextLayer,
        ..PageRead::blank(index, Size::new(600.0, 800.0))
    }
}

fn laid_out(words: Vec<Word>) -> Page {
    lay_out(vec![page(0, words, Vec::new())], &Options::default()).remove(0)
}

/// Indices of the words of all blocks, in order.
fn words_of(page: &Page) -> Vec<u32> {
    let of = |block: &Block| -> Vec<u32> {
        match &block.role {
            Role::Table { table } => table.cells.iter().flat_map(|c| c.words.clone()).collect(),
            _ => block.lines.iter().flat_map(|l| l.words.clone()).collect(),
        }
    };
    page.blocks.iter().flat_map(of).collect()
}

fn texts(page: &Page) -> Vec<&str> {
    page.blocks.iter().map(|b| b.text.as_str()).collect()
}

/// Words anywhere, of any size, some turned, some on top of each other.
fn any_word() -> impl Strategy<Value = Word> {
    (0.0f32..590.0, 0.0f32..790.0, "[a-z0-9.•|-]{1,12}", 4.0f32..40.0, 0u8..12).prop_map(
        |(x, y, text, size, turn)| {
            let mut w = word(&text, x, y, x + 0.5 * size * text.len() as f32);
            w.rect.max.y = y + size;
            w.style.size = size;
            w.angle = if turn == 0 { 90.0 } else { 0.0 };
            w
        },
    )
}

/// Rows of cells at a few places: pages that look like tables and columns.
fn any_grid() -> impl Strategy<Value = Vec<Word>> {
    (2usize..5, 1usize..20, proptest::collection::vec(any::<bool>(), 100)).prop_map(
        |(columns, rows, filled)| {
            let mut out = Vec::new();
            for r in 0..rows {
                for c in 0..columns {
                    if filled[(r * columns + c) % filled.len()] {
                        out.extend(line(
                            "cell of text",
                            40.0 + 130.0 * c as f32,
                            50.0 + 14.0 * r as f32,
                        ));
                    }
                }
            }
            out
        },
    )
}

fn any_rule() -> impl Strategy<Value = Rule> {
    (0.0f32..590.0, 0.0f32..790.0, 5.0f32..500.0, any::<bool>()).prop_map(|(x, y, length, flat)| {
        let r =
            if flat { rect(x, y, x + length, y + 1.0) } else { rect(x, y, x + 1.0, y + length) };
        Rule { rect: r }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_word_is_in_exactly_one_block(
        scattered in proptest::collection::vec(any_word(), 0..60),
        grid in any_grid(),
        rules in proptest::collection::vec(any_rule(), 0..20),
        pictures in proptest::collection::vec((0.0f32..500.0, 0.0f32..700.0, 10.0f32..300.0), 0..4),
    ) {
        let words: Vec<Word> = scattered.into_iter().chain(grid).collect();
        let count = words.len();
        let mut read = page(0, words, rules);
        read.placements = pictures
            .into_iter()
            .map(|(x, y, side)| Placement {
                rect: rect(x, y, x + side, y + side),
                kind: PlacementKind::Image,
                pixels: Some((100, 100)),
            })
            .collect();
        let pages = lay_out(vec![read], &Options::default());
        let mut found = words_of(&pages[0]);
        found.sort_unstable();
        prop_assert_eq!(found, (0..count as u32).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_of_the_words_in_the_file_does_not_matter(
        seed in proptest::collection::vec(0usize..1000, 40),
    ) {
        let mut words = prose(50.0, 60.0, 20);
        let straight = laid_out(words.clone());
        for (i, s) in seed.iter().enumerate() {
            let (a, b) = (i % words.len(), s % words.len());
            words.swap(a, b);
        }
        let shuffled = laid_out(words);
        prop_assert_eq!(texts(&shuffled), texts(&straight));
    }
}

const SENTENCE: &str = "the lamp was lit at dusk and burned until";

/// Lines of one paragraph.
fn prose(left: f32, top: f32, lines: usize) -> Vec<Word> {
    (0..lines).flat_map(|i| line(SENTENCE, left, top + 12.0 * i as f32)).collect()
}

#[test]
fn two_columns_are_not_interleaved() {
    let mut words = prose(50.0, 60.0, 12);
    words.extend((0..12).flat_map(|i| {
        line("beyond the mole nothing moved that whole ni", 320.0, 60.0 + 12.0 * i as f32)
    }));
    let page = laid_out(words);
    let text = texts(&page).join(" ");
    assert_eq!(text.matches("until beyond").count(), 1, "{text}");
}

#[test]
fn a_running_title_is_a_page_header() {
    let reads = (0..4)
        .map(|i| {
            let mut words = line(&format!("The Harbour Office {i}"), 200.0, 30.0);
            words.extend(prose(50.0, 100.0, 20));
            page(i, words, Vec::new())
        })
        .collect();
    for page in lay_out(reads, &Options::default()) {
        assert_eq!(page.blocks[0].role, Role::PageHeader);
        assert_eq!(page.blocks.len(), 2, "{:?}", texts(&page));
    }
}

#[test]
fn body_text_is_no_heading_and_a_larger_line_is() {
    let mut words = line("Of lamps", 50.0, 60.0);
    for w in &mut words {
        w.style.size = 16.0;
        w.rect.max.y = w.rect.min.y + 16.0;
    }
    words.extend(prose(50.0, 90.0, 10));
    let roles: Vec<Role> = laid_out(words).blocks.into_iter().map(|b| b.role).collect();
    assert_eq!(roles, [Role::Heading { level: 1 }, Role::Paragraph]);
}

#[test]
fn prose_is_no_table() {
    let page = laid_out(prose(50.0, 60.0, 30));
    assert!(page.blocks.iter().all(|b| !matches!(b.role, Role::Table { .. })));
}

#[test]
fn no_row_of_a_ruled_table_is_dropped() {
    let mut words = Vec::new();
    let mut rules = Vec::new();
    for r in 0..6 {
        let y = 100.0 + 20.0 * r as f32;
        words.extend(line(&format!("row {r}"), 60.0, y + 4.0));
        words.push(word(&format!("{}", r * 7), 220.0, y + 4.0, 235.0));
    }
    for r in 0..=6 {
        let y = 100.0 + 20.0 * r as f32;
        rules.push(Rule { rect: rect(50.0, y, 300.0, y + 0.5) });
    }
    for x in [50.0, 200.0, 300.0] {
        rules.push(Rule { rect: rect(x, 100.0, x + 0.5, 220.0) });
    }
    let pages = lay_out(vec![page(0, words, rules)], &Options::default());
    let Role::Table { table } = &pages[0].blocks[0].role else {
        panic!("{:?}", pages[0].blocks);
    };
    assert_eq!((table.rows, table.columns), (6, 2));
    assert_eq!(table.cells[11].text, "35");
}

#[test]
fn numbers_in_aligned_columns_are_a_table() {
    let mut words = Vec::new();
    for (r, row) in [
        ["Year", "Visits", "Income"],
        ["2020", "61", "9,150"],
        ["2021", "74", "10,482"],
        ["2022", "139", "18,730"],
    ]
    .iter()
    .enumerate()
    {
        for (c, text) in row.iter().enumerate() {
            let left = 60.0 + 100.0 * c as f32;
            words.push(word(text, left, 100.0 + 14.0 * r as f32, left + 25.0));
        }
    }
    let page = laid_out(words);
    let Role::Table { table } = &page.blocks[0].role else { panic!("{:?}", page.blocks) };
    assert_eq!((table.rows, table.columns), (4, 3));
}

#[test]
fn a_table_of_contents_is_no_table() {
    let mut words = Vec::new();
    for (r, (text, number)) in
        [("Introduction", "3"), ("The first winter", "17"), ("Lamps", "28"), ("Index", "90")]
            .iter()
            .enumerate()
    {
        let top = 100.0 + 14.0 * r as f32;
        words.extend(line(text, 60.0, top));
        words.push(word(number, 500.0, top, 512.0));
    }
    let page = laid_out(words);
    assert!(page.blocks.iter().all(|b| !matches!(b.role, Role::Table { .. })), "{:?}", page.blocks);
}

#[test]
fn a_list_keeps_its_items_and_their_nesting() {
    let mut words = prose(50.0, 60.0, 4);
    for (i, (text, left)) in
        [("• oil for the lamp", 60.0), ("– whale oil", 80.0), ("– colza", 80.0), ("• wicks", 60.0)]
            .iter()
            .enumerate()
    {
        words.extend(line(text, *left, 130.0 + 14.0 * i as f32));
    }
    let depths: Vec<u8> = laid_out(words)
        .blocks
        .iter()
        .filter_map(|b| match b.role {
            Role::ListItem { depth, .. } => Some(depth),
            _ => None,
        })
        .collect();
    assert_eq!(depths, [0, 1, 1, 0]);
}

#[test]
fn lines_of_right_to_left_text_have_their_words_in_logical_order() {
    // On paper, from the left: WORLD HELLO.
    let words = vec![word("עולם", 100.0, 100.0, 140.0), word("שלום", 145.0, 100.0, 185.0)];
    let page = laid_out(words);
    assert_eq!(texts(&page), ["שלום עולם"]);
    assert_eq!(page.blocks[0].lines[0].words, [1, 0]);
}

/// A page read from a scan: each line of words is one of the recogniser's.
fn scanned(lines: Vec<Vec<Word>>) -> Page {
    let mut words = Vec::new();
    for (n, line) in lines.into_iter().enumerate() {
        for mut w in line {
            w.line = u32::try_from(n).ok();
            w.confidence = Some(0.95);
            w.origin = crate::document::WordOrigin::Ocr;
            words.push(w);
        }
    }
    let mut read = page(0, words, Vec::new());
    read.text_source = TextSource::Ocr;
    lay_out(vec![read], &Options::default()).remove(0)
}

/// Lines of running text from `top` on.
fn running(top: f32, count: usize) -> Vec<Vec<Word>> {
    let text = "where people read and write many words of running text that fill a line";
    (0..count).map(|n| line(text, 50.0, top + 12.0 * n as f32)).collect()
}

fn headings(page: &Page) -> Vec<&str> {
    let is_heading = |b: &&Block| matches!(b.role, Role::Heading { .. });
    page.blocks.iter().filter(is_heading).map(|b| b.text.as_str()).collect()
}

#[test]
fn a_lone_section_number_makes_a_heading_of_a_scan() {
    let mut lines = running(100.0, 6);
    lines.push(line("8 Choosing between models", 50.0, 190.0));
    lines.extend(running(216.0, 6));
    assert_eq!(headings(&scanned(lines)), ["8 Choosing between models"]);
}

#[test]
fn items_of_a_numbered_list_are_no_headings_of_a_scan() {
    let mut lines = running(100.0, 6);
    lines.push(line("1. Mix the two", 50.0, 190.0));
    lines.push(line("2. Wait for an hour", 50.0, 216.0));
    lines.push(line("3. Pour it out", 50.0, 242.0));
    lines.extend(running(268.0, 6));
    assert_eq!(headings(&scanned(lines)), [] as [&str; 0]);
}

#[test]
fn a_lead_in_is_no_heading() {
    let mut lines = running(100.0, 6);
    let mut lead =
        line("Ablation on the data. We present the results of it as they are and so", 50.0, 190.0);
    lead.iter_mut().for_each(|w| w.style.bold = Some(true));
    lines.push(lead);
    lines.extend(running(202.0, 6));
    assert_eq!(headings(&scanned(lines)), [] as [&str; 0]);
}

#[test]
fn a_caption_is_no_heading_even_without_its_picture() {
    let mut caption = line("Figure 4.8. Production of wood", 50.0, 190.0);
    for w in &mut caption {
        w.style.size = 14.0;
        w.style.bold = Some(true);
    }
    let words: Vec<Word> =
        [running(100.0, 6).concat(), caption, running(220.0, 6).concat()].concat();
    assert_eq!(headings(&laid_out(words)), [] as [&str; 0]);
}

#[test]
fn lines_of_a_table_of_contents_are_no_headings() {
    let mut title = line("Table of Contents", 50.0, 60.0);
    title.iter_mut().for_each(|w| w.style.size = 16.0);
    let mut words = title;
    for (n, text) in ["Introduction", "Part One", "Part Two", "The End"].iter().enumerate() {
        let mut row = line(&format!("{text} {}", 7 + 10 * n), 50.0, 100.0 + 30.0 * n as f32);
        row.iter_mut().for_each(|w| w.style.bold = Some(true));
        words.extend(row);
        words.extend(line("small things of the part", 60.0, 112.0 + 30.0 * n as f32));
    }
    assert_eq!(headings(&laid_out(words)), ["Table of Contents"]);
}

#[test]
fn a_stub_and_a_full_table_beside_it_are_no_two_columns() {
    let stubs = ["left out of things now", "helpless all the time", "hopeless all the time"];
    let mut words = Vec::new();
    for n in 0..9 {
        let top = 100.0 + 12.0 * n as f32;
        words.extend(line(stubs[n % 3], 50.0, top));
        for left in [190.0, 225.0, 260.0] {
            words.extend(line("27.9%", left, top));
        }
    }
    let page = laid_out(words);
    let Role::Table { table } = &page.blocks[0].role else { panic!("{:?}", texts(&page)) };
    assert_eq!((page.blocks.len(), table.rows, table.columns), (1, 9, 4));
}

#[test]
fn a_stain_over_a_table_of_a_scan_does_not_break_it() {
    let mut lines: Vec<Vec<Word>> = (0..5)
        .map(|n| {
            let top = 100.0 + 16.0 * n as f32;
            [line("some words", 50.0, top), line("154", 200.0, top), line("362", 300.0, top)]
                .concat()
        })
        .collect();
    let mut stain = word("SS", 48.0, 95.0, 350.0);
    stain.rect.max.y = 130.0;
    lines.push(vec![stain]);
    let mut words: Vec<Word> = Vec::new();
    for (n, line) in lines.into_iter().enumerate() {
        for mut w in line {
            w.line = u32::try_from(n).ok();
            w.confidence = Some(if w.text == "SS" { 0.1 } else { 0.95 });
            words.push(w);
        }
    }
    let page = laid_out(words);
    let Role::Table { table } = &page.blocks[0].role else { panic!("{:?}", texts(&page)) };
    assert_eq!((table.rows, table.columns), (5, 3));
}

#[test]
fn a_section_number_makes_a_heading_where_the_font_does_not_tell() {
    let title = |text: &str, top: f32| line(text, 50.0, top);
    let words: Vec<Word> = [
        running(100.0, 4).concat(),
        title("5.4.1.1 共通の問題", 170.0),
        running(196.0, 4).concat(),
        title("5.4.1.2 調査および方法", 266.0),
        running(292.0, 4).concat(),
    ]
    .concat();
    assert_eq!(headings(&laid_out(words)), ["5.4.1.1 共通の問題", "5.4.1.2 調査および方法"]);
}

#[test]
fn a_title_on_both_sides_of_the_page_top_is_no_heading() {
    let mut top = line("CHAPTER 3. BEFORE YOU START", 50.0, 30.0);
    top.extend(line("3.3. INFORMATION YOU NEED", 250.0, 30.0));
    let words: Vec<Word> = [top, running(100.0, 8).concat()].concat();
    assert_eq!(headings(&laid_out(words)), [] as [&str; 0]);
}

/// Found by the fuzz target `tables`: a word whose left and right were swapped covered fewer columns than none.
#[test]
fn boxes_with_swapped_sides_are_put_in_order() {
    let mut words: Vec<_> = (0..4u8)
        .flat_map(|row| line("one two three", 72.0, 100.0 + 14.0 * f32::from(row)))
        .collect();
    let wanted = words[4].rect;
    words[4].rect = rect(wanted.max.x, wanted.max.y, wanted.min.x, wanted.min.y);
    let pages = lay_out(vec![page(0, words, Vec::new())], &Options::default());
    assert_eq!(pages[0].words[4].rect, wanted);
}
