//! Responses over documents made by hand.

use super::super::scores::tests::word;
use super::*;
use crate::document::{
    Cell, ListMarker, Metadata, Status, Table, TextLine, TextSource, Timings, Word,
};
use crate::geometry::{Size, rect};
use crate::page::Link;
use crate::source::Source;

fn block(role: Role, text: &str, words: &[u32]) -> Block {
    let rect = rect(72.0, 72.0, 144.0, 90.0);
    let lines = vec![TextLine { rect, words: words.to_vec() }];
    Block { role, rect, text: text.to_owned(), lines, confidence: None, enrichment: None }
}

fn table(texts: [&str; 2], words: [u32; 2]) -> Role {
    let cells = (0..2)
        .map(|row| Cell {
            row,
            column: 0,
            row_span: 1,
            column_span: 1,
            header: row == 0,
            rect: rect(0.0, 0.0, 1.0, 1.0),
            text: texts[row].to_owned(),
            words: vec![words[row]],
        })
        .collect();
    Role::Table { table: Table { rows: 2, columns: 1, cells, continues: None } }
}

fn page(index: usize, blocks: Vec<Block>, words: Vec<Word>) -> Page {
    Page {
        index,
        size: Size::new(612.0, 792.0),
        rotation: 0,
        skew: 0.0,
        text_source: TextSource::Ocr,
        resolution: Some(Resolution(300.2)),
        engine: None,
        language: None,
        confidence: None,
        blocks,
        words,
        rules: Vec::new(),
        placements: Vec::new(),
        links: Vec::new(),
    }
}

fn document(pages: Vec<Page>) -> Document {
    Document {
        name: None,
        byte_count: 0,
        page_count: pages.len(),
        status: Status::Success,
        metadata: Metadata::default(),
        language: None,
        pages,
        warnings: Vec::new(),
        timings: Timings::default(),
    }
}

fn answer(document: &Document, change: impl FnOnce(&mut OcrRequest)) -> Vec<OcrPage> {
    let mut request = OcrRequest::new(Source::path("x"));
    change(&mut request);
    let markdown = MarkdownOptions { furniture: false, ..MarkdownOptions::default() };
    pages(document, &request, &markdown)
}

fn sample() -> Document {
    let words = vec![word("Title", 0.9), word("Name", 0.8), word("a*b*", 0.4), word("Foot", 0.1)];
    let blocks = vec![
        block(Role::PageHeader, "Head", &[]),
        block(Role::Heading { level: 1 }, "Title", &[0]),
        block(Role::Figure, "", &[]),
        block(table(["Name", "a*b*"], [1, 2]), "", &[]),
        block(Role::PageFooter, "Foot", &[3]),
    ];
    let second = vec![block(Role::Figure, "", &[]), block(table(["c", "d"], [0, 1]), "", &[])];
    document(vec![page(0, blocks, words), page(4, second, Vec::new())])
}

#[test]
fn by_default_a_page_is_its_markdown() {
    let pages = answer(&sample(), |_| ());
    assert_eq!(
        pages[0].markdown,
        "# Title\n\n![img-0.jpeg](img-0.jpeg)\n\n| Name |\n|---|\n| a\\*b\\* |\n"
    );
    assert_eq!((pages[0].index, pages[1].index), (0, 4));
    assert_eq!(pages[1].images[0].id, "img-1.jpeg");
    assert_eq!((&pages[0].header, &pages[0].footer), (&None, &None));
    assert_eq!((&pages[0].blocks, &pages[0].confidence), (&None, &None));
    assert!(pages[0].tables.is_empty());
}

#[test]
fn boxes_are_whole_pixels_within_the_page() {
    let mut document = sample();
    document.pages[0].blocks[2].rect = rect(-5.0, 700.1, 306.0, 900.0);
    document.pages[1].resolution = None;
    let pages = answer(&document, |_| ());
    assert_eq!(
        pages[0].dimensions,
        Some(Dimensions {
            dpi: 300,
            width: 2550,
            height: 3300,
            width_points: 612.0,
            height_points: 792.0
        })
    );
    assert_eq!(
        pages[0].images[0].rect,
        Some(PixelBox { left: 0, top: 2917, right: 1275, bottom: 3300 })
    );
    let size = pages[1].dimensions.unwrap();
    assert_eq!((size.dpi, size.width, size.height), (200, 1700, 2200));
}

#[test]
fn tables_move_out_and_are_numbered_over_the_document() {
    let pages = answer(&sample(), |r| r.table_format = Some(OcrTableFormat::Markdown));
    assert!(pages[0].markdown.ends_with("\n\n[tbl-0.md](tbl-0.md)\n"));
    assert_eq!(pages[0].tables[0].content, "| Name |\n|---|\n| a\\*b\\* |");
    assert_eq!(pages[1].tables[0].id, "tbl-1.md");

    let pages = answer(&sample(), |r| r.table_format = Some(OcrTableFormat::Html));
    assert!(pages[1].markdown.ends_with("[tbl-1.html](tbl-1.html)\n"));
    assert!(pages[0].tables[0].content.starts_with("<table>\n<tr><th>Name</th></tr>"));
    assert_eq!(pages[0].tables[0].words, None);
}

#[test]
fn images_are_limited_by_number_and_size() {
    let pages = answer(&sample(), |r| r.image_limit = Some(1));
    assert_eq!((pages[0].images.len(), pages[1].images.len()), (1, 1), "the limit is a page's");
    let pages = answer(&sample(), |r| r.image_limit = Some(0));
    assert!(pages.iter().all(|p| p.images.is_empty() && !p.markdown.contains("img")));
    // The figures are 300 by 75 pixels.
    let count = |least| {
        let pages = answer(&sample(), |r| r.image_min_size = Some(least));
        pages[0].images.len()
    };
    assert_eq!((count(75), count(76)), (1, 0));
}

#[test]
fn headers_and_footers_come_when_asked_for() {
    let pages = answer(&sample(), |r| {
        r.extract_header = true;
        r.extract_footer = true;
    });
    assert_eq!(pages[0].header.as_deref(), Some("Head"));
    assert_eq!(pages[0].footer.as_deref(), Some("Foot"));
    assert_eq!(pages[1].header, None);

    let mut request = OcrRequest::new(Source::path("x"));
    let full = MarkdownOptions { profile: Profile::Full, ..MarkdownOptions::default() };
    assert!(super::pages(&sample(), &request, &full)[0].markdown.starts_with("Head\n\n# Title"));
    request.extract_header = true;
    assert!(super::pages(&sample(), &request, &full)[0].markdown.starts_with("# Title"));
}

#[test]
fn links_come_once() {
    let mut document = sample();
    let link = |uri: &str| Link { rect: rect(0.0, 0.0, 1.0, 1.0), uri: uri.to_owned() };
    document.pages[0].links = vec![link("b:"), link("a:"), link("b:")];
    assert_eq!(answer(&document, |_| ())[0].hyperlinks, ["b:", "a:"]);
}

#[test]
fn blocks_have_kinds_and_lists_are_one_block() {
    let mut document = sample();
    for (depth, text) in [(0, "one"), (1, "two")] {
        let role = Role::ListItem { marker: ListMarker::Bullet, depth };
        document.pages[0].blocks.insert(4, block(role, text, &[]));
    }
    document.pages[0].blocks.swap(4, 5);
    let pages = answer(&document, |r| {
        r.include_blocks = true;
        r.table_format = Some(OcrTableFormat::Html);
    });
    let blocks = pages[0].blocks.as_ref().unwrap();
    let kinds: Vec<BlockKind> = blocks.iter().map(|b| b.kind).collect();
    assert_eq!(
        kinds,
        [
            BlockKind::Header,
            BlockKind::Title,
            BlockKind::Image,
            BlockKind::Table,
            BlockKind::List,
            BlockKind::Footer
        ]
    );
    assert_eq!(blocks[0].content, "Head");
    assert_eq!(blocks[1].content, "# Title");
    assert_eq!(
        (blocks[2].content.as_str(), blocks[2].image_id.as_deref()),
        ("", Some("img-0.jpeg"))
    );
    assert_eq!(blocks[3].table_id.as_deref(), Some("tbl-0.html"));
    assert_eq!(blocks[4].content, "- one\n  - two");
    assert_eq!(blocks[1].rect, PixelBox { left: 300, top: 300, right: 600, bottom: 375 });
    assert_eq!(blocks[1].confidence, None);
}

#[test]
fn confidence_is_as_fine_as_asked_for() {
    let page = |granularity| {
        let mut pages = answer(&sample(), |r| {
            r.include_blocks = true;
            r.confidence = Some(granularity);
        });
        pages.remove(0)
    };
    assert_eq!(page(Granularity::Document).confidence, page(Granularity::Page).confidence);

    let by_page = page(Granularity::Page).confidence.unwrap();
    assert_eq!((by_page.minimum, by_page.words), (0.1, None));
    // Weighted by length: (5·0.9 + 4·0.8 + 4·0.4 + 4·0.1) / 17.
    assert!((by_page.average - 9.7 / 17.0).abs() < 1e-6);
    assert!(page(Granularity::Page).blocks.unwrap().iter().all(|b| b.confidence.is_none()));

    let by_block = page(Granularity::Block).blocks.unwrap();
    assert_eq!(by_block[1].confidence.unwrap().average, Some(0.9));
    assert_eq!(by_block[3].confidence.unwrap().minimum, Some(0.4));
    assert_eq!(by_block[2].confidence, None);

    let words = page(Granularity::Word).confidence.unwrap().words.unwrap();
    let markdown = page(Granularity::Word).markdown;
    assert_eq!(words.iter().map(|w| w.text.as_str()).collect::<String>(), markdown);
    // The footer is not in the markdown, and its word is not in the list.
    let found: Vec<_> = words.iter().map(|w| (w.text.trim(), w.start_index)).collect();
    assert_eq!(found.first(), Some(&("# Title", 0)));
    assert_eq!(found.len(), 3);
}

#[test]
fn words_of_separate_tables_count_in_the_table() {
    let pages = answer(&sample(), |r| {
        r.confidence = Some(Granularity::Word);
        r.table_format = Some(OcrTableFormat::Markdown);
    });
    let words = pages[0].tables[0].words.as_ref().unwrap();
    let whole: String = words.iter().map(|w| w.text.as_str()).collect();
    assert_eq!(whole, pages[0].tables[0].content);
    assert_eq!(words.len(), 2);
    assert_eq!(pages[0].confidence.as_ref().unwrap().words.as_ref().unwrap().len(), 1);
}

#[test]
fn pages_of_text_layers_have_no_confidence() {
    let mut document = sample();
    for word in &mut document.pages[0].words {
        word.confidence = None;
    }
    let pages = answer(&document, |r| {
        r.confidence = Some(Granularity::Word);
        r.include_blocks = true;
    });
    assert_eq!(pages[0].confidence, None);
    assert!(pages[0].blocks.as_ref().unwrap().iter().all(|b| b.confidence.is_none()));
}
