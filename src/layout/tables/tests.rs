//! Tables of whole pages, as the layout finds them.

use crate::document::{Role, Table, Word};
use crate::geometry::{Size, rect};
use crate::layout::lay_out;
use crate::layout::testing::{line, word};
use crate::options::{Options, TableMode};
use crate::page::{PageRead, Rule};

fn tables(words: Vec<Word>, rules: Vec<Rule>) -> Vec<Table> {
    tables_with(words, rules, TableMode::Accurate)
}

fn tables_with(words: Vec<Word>, rules: Vec<Rule>, table_mode: TableMode) -> Vec<Table> {
    let read = PageRead {
        words,
        rules,
        text_source: crate::document::TextSource::TextLayer,
        ..PageRead::blank(0, Size::new(600.0, 800.0))
    };
    let pages = lay_out(vec![read], &Options { table_mode, ..Options::default() });
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

/// Fuzzing found it: the first word's middle was right of the last one's, and the cell ended before it began.
#[test]
fn a_word_within_another_does_not_turn_a_cell_around() {
    let cells = |top: f32| row(top, &[("north", 50.0), ("south", 150.0), ("west", 250.0)]);
    let odd = vec![
        word("underlined", 50.0, 145.0, 290.0),
        word("x", 56.0, 145.0, 62.0),
        word("east", 300.0, 145.0, 330.0),
    ];
    let words = [cells(100.0), cells(115.0), cells(130.0), odd, cells(160.0)].concat();
    for table in tables(words, Vec::new()) {
        for cell in &table.cells {
            assert!(cell.column + cell.column_span <= table.columns, "{cell:?}");
        }
    }
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

#[test]
fn accurate_reads_tight_columns_that_fast_leaves_together() {
    let mut words = Vec::new();
    for n in 0..10 {
        let top = 100.0 + 14.0 * n as f32;
        // The gap is half an em in every other row.
        let (code, left, value) =
            if n % 2 == 0 { ("abcd", 200.0, "1") } else { ("ab", 200.0, "123456") };
        words.extend(row(top, &[("name", 60.0), (code, left), (value, 225.0)]));
    }
    let columns = |mode| tables_with(words.clone(), Vec::new(), mode)[0].columns;
    assert_eq!((columns(TableMode::Fast), columns(TableMode::Accurate)), (2, 3));
}

#[test]
fn wrapped_cells_are_for_accurate_alone() {
    let mut words = Vec::new();
    let cells = ["Some words of a long", "text that wraps in its", "own cell here"];
    words.extend(row(60.0, &[("First", 40.0), ("Second", 240.0), ("Third", 440.0)]));
    for r in 0..4 {
        for (n, text) in cells.iter().enumerate() {
            let top = 90.0 + 60.0 * r as f32 + 11.0 * n as f32;
            words.extend(row(top, &[(text, 40.0), (text, 240.0), (text, 440.0)]));
        }
    }
    let rows = |mode| -> Vec<usize> {
        tables_with(words.clone(), Vec::new(), mode).iter().map(|t| t.rows).collect()
    };
    assert_eq!(rows(TableMode::Accurate), [5]);
    assert_ne!(rows(TableMode::Fast), [5]);
}

#[test]
fn a_label_left_of_several_rows_spans_them() {
    let mut words = row(100.0, &[("Group", 60.0), ("Part", 160.0), ("Count", 260.0)]);
    let rows = [
        ("Wood", "Beam", "4"),
        ("", "Plank", "12"),
        ("", "Post", "8"),
        ("Iron", "Bolt", "90"),
        ("Stone", "Slab", "3"),
        ("12", "Gravel", "5"),
        ("", "Sand", "6"),
    ];
    for (n, (a, b, c)) in rows.iter().enumerate() {
        let cells = [(*a, 60.0), (*b, 160.0), (*c, 260.0)];
        let filled: Vec<_> = cells.into_iter().filter(|c| !c.0.is_empty()).collect();
        words.extend(row(114.0 + 14.0 * n as f32, &filled));
    }
    let found = tables(words, Vec::new());
    let spans: Vec<(&str, usize)> = found[0]
        .cells
        .iter()
        .filter(|c| c.row_span > 1)
        .map(|c| (c.text.as_str(), c.row_span))
        .collect();
    // A value says something of its own row.
    assert_eq!(spans, [("Wood", 3)]);
    assert_eq!(found[0].rows, 8);
}

#[test]
fn lines_of_one_cell_are_nearer_than_rows() {
    let mut words = row(100.0, &[("Hardware", 60.0), ("What to know about it", 160.0)]);
    let lines = [
        (120.0, "Disks", "How many there are in it"),
        (135.0, "", "Partitions"),
        (150.0, "", "Partitions where other systems"),
        (160.0, "", "are kept for later use"),
        (175.0, "Network", "The maker of the card"),
        (190.0, "Printer", "Model and maker of it"),
    ];
    for (top, label, text) in lines {
        words.extend(row(top, &[(text, 160.0)]));
        if !label.is_empty() {
            words.extend(row(top, &[(label, 60.0)]));
        }
    }
    let rules = vec![h(95.0, 58.0, 400.0), h(114.0, 58.0, 400.0), h(203.0, 58.0, 400.0)];
    let found = tables(words, rules);
    let second: Vec<&str> =
        found[0].cells.iter().filter(|c| c.column == 1).map(|c| c.text.as_str()).collect();
    assert_eq!(second.len(), 6, "{second:?}");
    assert_eq!(second[3], "Partitions where other systems are kept for later use");
}

#[test]
fn labels_of_a_chart_are_no_table() {
    let mut words = Vec::new();
    for (n, (scale, bars)) in [
        ("40", ["38", "", "31"]),
        ("30", ["", "24", ""]),
        ("20", ["12", "", "16"]),
        ("10", ["", "9", ""]),
        ("0", ["", "", ""]),
    ]
    .iter()
    .enumerate()
    {
        let top = 100.0 + 16.0 * n as f32;
        words.push(word(scale, 70.0 - 5.0 * scale.len() as f32, top, 70.0));
        for (k, text) in bars.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            words.extend(line(text, 100.0 + 60.0 * k as f32, top + 2.0));
        }
    }
    words.extend(row(184.0, &[("North", 95.0), ("South", 155.0), ("West", 215.0)]));
    assert_eq!(tables(words, Vec::new()), []);
}
