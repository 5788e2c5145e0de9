//! Structure that the document states or that its setting shows: outlines, boxes, notes, formulas.

use super::*;
use crate::page::OutlineEntry;

/// Pages with an outline: titles of body size, in plain type.
fn with_outline(entries: &[(&str, u8)]) -> Page {
    let words: Vec<Word> = [
        line("The Lamp", 50.0, 60.0),
        line("Of oil", 50.0, 72.0),
        running(84.0, 4).concat(),
        line("Whale oil", 50.0, 150.0),
        running(162.0, 4).concat(),
    ]
    .concat();
    let mut read = page(0, words, Vec::new());
    read.outline = entries
        .iter()
        .map(|(title, depth)| OutlineEntry { title: (*title).to_owned(), depth: *depth, top: None })
        .collect();
    lay_out(vec![read], &Options::default()).remove(0)
}

#[test]
fn titles_of_the_outline_are_headings_of_its_levels() {
    let page = with_outline(&[("The Lamp", 0), ("1. Of oil", 1), ("1.1 Whale Oil", 2)]);
    let found: Vec<(u8, &str)> = page
        .blocks
        .iter()
        .filter_map(|b| match b.role {
            Role::Heading { level } => Some((level, b.text.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(found, [(1, "The Lamp"), (2, "Of oil"), (3, "Whale oil")]);
}

#[test]
fn an_outline_of_other_text_makes_no_headings() {
    let page = with_outline(&[("Something else", 0), ("People read", 1)]);
    assert_eq!(headings(&page), [] as [&str; 0]);
}

#[test]
fn a_printed_table_of_contents_names_headings() {
    let mut contents = line("Contents", 50.0, 60.0);
    for (n, (text, left)) in
        [("The lamp", 50.0), ("Whale oil", 70.0), ("Colza oil", 70.0), ("The end", 50.0)]
            .iter()
            .enumerate()
    {
        let top = 90.0 + 14.0 * n as f32;
        contents.extend(line(&format!("{text} ..... {}", n + 2), *left, top));
    }
    let text: Vec<Word> = [
        line("The lamp", 50.0, 60.0),
        running(84.0, 4).concat(),
        line("Whale oil", 50.0, 150.0),
        running(174.0, 4).concat(),
    ]
    .concat();
    let reads = vec![page(0, contents, Vec::new()), page(1, text, Vec::new())];
    let pages = lay_out(reads, &Options::default());
    let found: Vec<(u8, &str)> = pages[1]
        .blocks
        .iter()
        .filter_map(|b| match b.role {
            Role::Heading { level } => Some((level, b.text.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(found.iter().map(|f| f.1).collect::<Vec<_>>(), ["The lamp", "Whale oil"]);
    assert_eq!(found[1].0, found[0].0 + 1);
}

#[test]
fn terms_and_descriptions_of_a_definition_list_stay_apart() {
    let mut words = running(60.0, 4).concat();
    for n in 0..3 {
        let top = 130.0 + 48.0 * n as f32;
        let mut term = line(&format!("Wick number {n}"), 50.0, top);
        term.iter_mut().for_each(|w| w.style.bold = Some(true));
        words.extend(term);
        words.extend(line("What burns and has to be drawn up by a screw as it", 74.0, top + 12.0));
        words.extend(line("burns away.", 74.0, top + 24.0));
    }
    let page = laid_out(words);
    assert_eq!(headings(&page), [] as [&str; 0]);
    let texts = texts(&page);
    assert_eq!(texts.len(), 7, "{texts:?}");
    assert_eq!(texts[3], "Wick number 1");
    assert!(texts[4].starts_with("What burns") && texts[4].ends_with("away."));
}

#[test]
fn a_note_whose_number_hangs_out_is_one_block() {
    let mut words = running(60.0, 10).concat();
    let mut notes = Vec::new();
    for n in 0..2 {
        let top = 600.0 + 20.0 * n as f32;
        notes.extend(line(&format!("{}", 50 + n), 50.0, top));
        notes.extend(line("see the book of the office about it all", 72.0, top));
        notes.extend(line("and what it says", 72.0, top + 10.0));
    }
    for w in &mut notes {
        w.style.size = 8.0;
        w.rect.max.y = w.rect.min.y + 8.0;
    }
    words.extend(notes);
    let page = laid_out(words);
    let notes: Vec<&str> =
        page.blocks.iter().filter(|b| b.role == Role::Footnote).map(|b| b.text.as_str()).collect();
    assert_eq!(notes.len(), 2, "{:?}", texts(&page));
    assert!(notes[0].ends_with("it says"));
}

#[test]
fn a_display_formula_keeps_its_number_and_stays_out_of_the_prose() {
    let mut words = running(60.0, 4).concat();
    words.extend(line("E = m c²", 180.0, 110.0));
    words.push(word("(2.1)", 375.0, 110.0, 400.0));
    words.extend(running(124.0, 4).concat());
    let page = laid_out(words);
    assert_eq!(page.blocks.len(), 3, "{:?}", texts(&page));
    assert_eq!(
        (&page.blocks[1].role, page.blocks[1].text.as_str()),
        (&Role::Formula { latex: None }, "E = m c² (2.1)")
    );
}

#[test]
fn a_box_is_read_as_one() {
    let mut words = Vec::new();
    for n in 0..8 {
        let top = 60.0 + 12.0 * n as f32;
        words.extend(line("the main text of the page runs on", 50.0, top));
        if (2..6).contains(&n) {
            words.extend(line("words in a box", 250.0, top));
        }
    }
    let mut read = page(0, words, Vec::new());
    read.placements = vec![Placement {
        rect: rect(240.0, 80.0, 335.0, 135.0),
        kind: PlacementKind::Fill,
        pixels: None,
    }];
    let page = lay_out(vec![read], &Options::default()).remove(0);
    let boxed = ["words in a box"; 4].join(" ");
    assert!(texts(&page).contains(&boxed.as_str()), "{:?}", texts(&page));
}

#[test]
fn body_text_in_bold_is_no_heading() {
    let mut words = running(60.0, 4).concat();
    let mut bold = running(120.0, 3).concat();
    bold.iter_mut().for_each(|w| w.style.bold = Some(true));
    words.extend(bold);
    words.extend(running(168.0, 4).concat());
    assert_eq!(headings(&laid_out(words)), [] as [&str; 0]);
}

#[test]
fn levels_of_headings_do_not_jump() {
    let mut words = Vec::new();
    for (n, size) in [24.0, 18.0, 14.0, 18.0].iter().enumerate() {
        let top = 60.0 + 120.0 * n as f32;
        let mut title = line("Of lamps and oil", 50.0, top);
        for w in &mut title {
            w.style.size = *size;
            w.rect.max.y = w.rect.min.y + *size;
        }
        words.extend(title);
        words.extend(running(top + 40.0, 4).concat());
    }
    let levels: Vec<u8> = laid_out(words)
        .blocks
        .iter()
        .filter_map(|b| match b.role {
            Role::Heading { level } => Some(level),
            _ => None,
        })
        .collect();
    assert_eq!(levels, [1, 2, 3, 2]);
}

#[test]
fn the_larger_beginning_of_a_sentence_is_no_heading() {
    let mut first = line(
        "where people read and write many words of running text that fill a line",
        50.0,
        100.0,
    );
    first.iter_mut().for_each(|w| w.style.size = 12.5);
    let words: Vec<Word> = [first, running(118.0, 4).concat()].concat();
    assert_eq!(headings(&laid_out(words)), [] as [&str; 0]);
}

#[test]
fn a_sentence_that_introduces_a_list_is_no_heading() {
    let mut bold =
        line("and these are the ten things that a keeper had to do each day:", 50.0, 120.0);
    bold.iter_mut().for_each(|w| w.style.bold = Some(true));
    let words: Vec<Word> = [running(60.0, 3).concat(), bold, running(146.0, 4).concat()].concat();
    assert_eq!(headings(&laid_out(words)), [] as [&str; 0]);
}
