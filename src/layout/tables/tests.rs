//! Tables of whole pages, as the layout finds them.

use crate::document::{Role, Table, Word};
use crate::geometry::{Size, rect};
use crate::layout::lay_out;
use crate::layout::testing::{line, word};
use crate::options::Options;
use crate::page::{PageRead, Rule};

fn tables(words: Vec<Word>, rules: Vec<Rule>) -> Vec<Table> {
    let read = PageRead {
        index: 0,
        size: Size::new(600.0, 800.0),
        words,
        rules,
        placements: Vec::new(),
        links: Vec::new(),
        outline: Vec::new(),
        tags: crate::page::Tags::default(),
        text_source: crate::document::TextSource::TextLayer,
        resolution: None,
        rotation: 0,
        skew: 0.0,
        warp: None,
        language: None,
        warnings: Vec::new(),
        timings: crate::document::Timings::default(),
    };
    let pages = lay_out(vec![read], &Options::default());
    pages[0]
        .blocks
        .iter()
        .filter_map(|b| match &b.role {
            Role::Table { table } => Some(table.clone()),
            _ => None,
        })
        .collect()
}

/// Rows of cell texts; empty strings for empty cells, and `^` where a span covers the place.
fn grid(table: &Table) -> Vec<Vec<String>> {
    let mut out = vec![vec!["^".to_owned(); table.columns]; table.rows];
    for cell in &table.cells {
        out[cell.row][cell.column].clone_from(&cell.text);
    }
    out
}

fn h(y: f32, from: f32, to: f32) -> Rule {
    Rule { rect: rect(from, y, to, y + 0.5) }
}

fn v(x: f32, from: f32, to: f32) -> Rule {
    Rule { rect: rect(x, from, x + 0.5, to) }
}

/// A row of cells, with their left sides.
fn row(top: f32, cells: &[(&str, f32)]) -> Vec<Word> {
    cells.iter().flat_map(|(text, left)| line(text, *left, top)).collect()
}

#[test]
fn columns_ruled_in_the_head_alone_reach_down() {
    let words = [
        row(102.0, &[("Country", 55.0), ("Cases", 155.0), ("Share", 255.0)]),
        row(122.0, &[("Austria", 55.0), ("412", 155.0), ("3.5", 255.0)]),
        row(142.0, &[("Belgium", 55.0), ("97", 155.0), ("0.8", 255.0)]),
    ]
    .concat();
    let mut rules: Vec<Rule> =
        [100.0, 120.0, 140.0, 160.0].iter().map(|&y| h(y, 50.0, 350.0)).collect();
    rules.extend([v(50.0, 100.0, 160.0), v(350.0, 100.0, 160.0)]);
    rules.extend([v(150.0, 100.0, 120.0), v(250.0, 100.0, 120.0)]);
    let found = tables(words, rules);
    assert_eq!(found.len(), 1);
    assert_eq!(
        grid(&found[0]),
        [["Country", "Cases", "Share"], ["Austria", "412", "3.5"], ["Belgium", "97", "0.8"]]
    );
}

#[test]
fn a_head_above_the_first_line_is_of_the_table() {
    let words = [
        row(85.0, &[("Basic", 160.0), ("Full", 260.0)]),
        row(105.0, &[("Price", 55.0), ("none", 155.0), ("ten", 255.0)]),
        row(125.0, &[("Users", 55.0), ("one", 155.0), ("many", 255.0)]),
    ]
    .concat();
    let mut rules: Vec<Rule> = [100.0, 120.0, 140.0].iter().map(|&y| h(y, 50.0, 350.0)).collect();
    rules.extend([50.0, 150.0, 250.0, 350.0].map(|x| v(x, 100.0, 140.0)));
    let found = tables(words, rules);
    assert_eq!(
        grid(&found[0]),
        [["", "Basic", "Full"], ["Price", "none", "ten"], ["Users", "one", "many"]]
    );
}

#[test]
fn cells_centred_beside_a_longer_one_start_no_row() {
    let words = [
        row(105.0, &[("the size of the", 255.0)]),
        row(117.0, &[("smallest one", 255.0)]),
        row(111.0, &[("First", 55.0), ("two", 155.0)]),
        row(145.0, &[("Second", 55.0), ("six", 155.0), ("the sum", 255.0)]),
    ]
    .concat();
    let mut rules: Vec<Rule> = [100.0, 135.0, 160.0].iter().map(|&y| h(y, 50.0, 350.0)).collect();
    rules.extend([50.0, 150.0, 250.0, 350.0].map(|x| v(x, 100.0, 160.0)));
    let found = tables(words, rules);
    assert_eq!(
        grid(&found[0]),
        [["First", "two", "the size of the smallest one"], ["Second", "six", "the sum"]]
    );
}

#[test]
fn a_tight_head_is_cut_like_the_rows_below() {
    // Word spaces alone part the cells of the head.
    let head = [
        word("Saccharometer", 50.0, 100.0, 118.0),
        word("Water", 120.5, 100.0, 148.0),
        word("Sugar", 150.5, 100.0, 178.0),
        word("Yeast", 180.5, 100.0, 208.0),
    ];
    let cells = |top: f32, texts: [&str; 4]| {
        [50.0, 120.5, 150.5, 180.5]
            .iter()
            .zip(texts)
            .flat_map(move |(&x, t)| line(t, x, top))
            .collect()
    };
    let rows: Vec<Vec<Word>> = vec![
        head.to_vec(),
        cells(115.0, ["2", "24", "0", "4"]),
        cells(130.0, ["3", "12", "12", "4"]),
        cells(145.0, ["4", "4", "12", "12"]),
    ];
    let found = tables(rows.concat(), Vec::new());
    assert_eq!(found.len(), 1);
    assert_eq!(grid(&found[0])[0], ["Saccharometer", "Water", "Sugar", "Yeast"]);
    assert_eq!(grid(&found[0]).len(), 4);
}

#[test]
fn evenly_set_rows_are_not_joined_where_their_cells_are_full() {
    let words = [
        row(100.0, &[("file.access", 50.0), ("check the access rights", 150.0)]),
        row(114.0, &[("file.append", 50.0), ("put one after another", 150.0)]),
        row(128.0, &[("file.choose", 50.0), ("ask for a file's name", 150.0)]),
        row(142.0, &[("file.remove", 50.0), ("remove several files", 150.0)]),
    ]
    .concat();
    let found = tables(words, Vec::new());
    assert_eq!(found.iter().map(|t| t.rows).collect::<Vec<_>>(), [4]);
}

/// A table of wrapped cells: `rows` rows of a head and cells of three lines.
fn wrapped(text: &str, starts: &[[f32; 3]]) -> Vec<Word> {
    let mut words = row(80.0, &[("Stage", 50.0), ("What is done", 220.0), ("Gain", 400.0)]);
    for tops in starts {
        for (column, left) in [50.0, 220.0, 400.0].iter().enumerate() {
            for n in 0..3 {
                words.extend(line(text, *left, tops[column] + 12.0 * n as f32));
            }
        }
    }
    words
}

#[test]
fn blocks_that_stand_in_rows_are_a_table() {
    let starts = [[110.0; 3], [165.0; 3], [220.0; 3], [275.0; 3]];
    let found = tables(wrapped("some text of a cell", &starts), Vec::new());
    assert_eq!(found.iter().map(|t| (t.rows, t.columns)).collect::<Vec<_>>(), [(5, 3)]);
}

#[test]
fn paragraphs_of_columns_that_break_anywhere_are_no_table() {
    let starts = [
        [110.0, 125.0, 140.0],
        [165.0, 182.0, 198.0],
        [220.0, 238.0, 252.0],
        [275.0, 290.0, 306.0],
    ];
    let words = wrapped("a few more words of running text", &starts);
    assert!(tables(words, Vec::new()).is_empty());
}

#[test]
fn stretched_lines_of_text_are_no_table() {
    // Gaps of 1.25 ems, one below the other by chance.
    let words: Vec<Word> = (0..4)
        .flat_map(|n| {
            let piece = "number actual";
            row(100.0 + 12.0 * n as f32, &[(piece, 50.0), (piece, 125.0), (piece, 200.0)])
        })
        .collect();
    assert!(tables(words, Vec::new()).is_empty());
}

#[test]
fn rules_that_lines_of_text_reach_beyond_delimit_no_table() {
    let words = [
        row(105.0, &[("3,290", 160.0), ("2,160", 260.0)]),
        row(125.0, &[("Source: the Department of Statistics of the country, 2022", 80.0)]),
        row(145.0, &[("one two", 160.0), ("six", 260.0)]),
    ]
    .concat();
    let rules = [100.0, 120.0, 140.0, 160.0].iter().map(|&y| h(y, 150.0, 350.0)).collect();
    assert!(tables(words, rules).is_empty());
}

#[test]
fn a_row_far_below_evenly_set_ones_is_not_of_the_table() {
    let words = [
        row(100.0, &[("Rate", 50.0), ("Low", 200.0), ("High", 300.0)]),
        row(114.0, &[("First", 50.0), ("1.5", 200.0), ("2.5", 300.0)]),
        row(128.0, &[("Second", 50.0), ("3.5", 200.0), ("4.5", 300.0)]),
        row(142.0, &[("Third", 50.0), ("5.5", 200.0), ("6.5", 300.0)]),
        row(182.0, &[("Chapter 3", 50.0), ("page 12", 300.0)]),
    ]
    .concat();
    let found = tables(words, Vec::new());
    assert_eq!(found.iter().map(|t| t.rows).collect::<Vec<_>>(), [4]);
}

#[test]
fn signs_of_a_formula_are_no_cells() {
    let words = [
        row(100.0, &[("10 mol", 150.0), ("10 kg", 230.0), ("1.0 mol", 330.0)]),
        row(110.0, &[("Total", 50.0), ("=", 120.0), ("of", 200.0), ("=", 300.0)]),
        row(120.0, &[("kg clay", 150.0), ("100 kg", 230.0), ("kg soil", 330.0)]),
    ]
    .concat();
    assert!(tables(words, Vec::new()).is_empty());
}

#[test]
fn numbered_headings_below_each_other_are_no_table() {
    let words = [
        row(100.0, &[("3.3", 50.0), ("What you need", 120.0)]),
        row(116.0, &[("3.3.1", 50.0), ("Documents", 120.0)]),
        row(132.0, &[("3.3.1.1", 50.0), ("The manual", 120.0)]),
    ]
    .concat();
    assert!(tables(words, Vec::new()).is_empty());
}
