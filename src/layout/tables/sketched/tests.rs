use proptest::prelude::*;

use super::*;
use crate::layout::testing::{line, word};

/// A sketch of rows and columns that divide a box evenly, moved by an offset.
fn even(rows: usize, columns: usize, around: Rect<Pt>, moved: (f32, f32)) -> TableSketch {
    let (w, h) = (around.width() / columns as f32, around.height() / rows as f32);
    let cells = (0..rows * columns).map(|n| {
        let (row, column) = (n / columns, n % columns);
        let left = around.min.x + w * column as f32 + moved.0;
        let top = around.min.y + h * row as f32 + moved.1;
        let rect = rect(left, top, left + 0.9 * w, top + 0.9 * h);
        SketchCell { row, column, row_span: 1, column_span: 1, rect }
    });
    TableSketch { rect: around, rows, columns, cells: cells.collect(), sure: 1.0 }
}

fn texts(table: &Table) -> Vec<Vec<&str>> {
    (0..table.rows)
        .map(|r| table.cells.iter().filter(|c| c.row == r).map(|c| c.text.as_str()).collect())
        .collect()
}

fn all(words: &[Word]) -> Vec<u32> {
    (0..words.len() as u32).collect()
}

/// Three rows of three cells; the middle one wraps, its lines as far apart as rows are.
fn wrapped() -> Vec<Word> {
    let rows = [
        ["Group", "What it is", "Share"],
        ["North", "All that lies", "12"],
        ["", "above the line", ""],
        ["South", "Everything else", "88"],
    ];
    let mut words = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        for (text, left) in row.iter().zip([100.0, 200.0, 330.0]) {
            if !text.is_empty() {
                words.extend(line(text, left, 100.0 + 14.0 * n as f32));
            }
        }
    }
    words
}

#[test]
fn lines_go_to_the_rows_they_are_nearest_to() {
    let words = wrapped();
    let mut sketch = even(3, 3, rect(100.0, 100.0, 360.0, 154.0), (0.0, 0.0));
    let heights = [(100.0, 110.0), (114.0, 138.0), (142.0, 152.0)];
    for cell in &mut sketch.cells {
        (cell.rect.min.y, cell.rect.max.y) = heights[cell.row];
    }
    // Boxes that are off by half a line, as the model's are.
    for moved in [0.0, 5.0, -5.0] {
        let mut sketch = sketch.clone();
        for cell in &mut sketch.cells {
            cell.rect = cell.rect.translate(euclid::vec2(moved, moved));
        }
        let fitted = fit(&sketch, &all(&words), Basis::Rules, &words, 10.0).unwrap();
        assert_eq!(
            texts(&fitted.found.table),
            [
                vec!["Group", "What it is", "Share"],
                vec!["North", "All that lies above the line", "12"],
                vec!["South", "Everything else", "88"],
            ]
        );
        assert_eq!((fitted.over, fitted.empty), (0.0, 0.0));
    }
}

#[test]
fn spanning_cells_take_what_stands_across() {
    let mut words = line("Both years", 230.0, 100.0);
    for (n, row) in [["City", "2001", "2002"], ["Lund", "7", "8"]].iter().enumerate() {
        for (text, left) in row.iter().zip([100.0, 200.0, 300.0]) {
            words.extend(line(text, left, 114.0 + 14.0 * n as f32));
        }
    }
    let mut sketch = even(3, 3, rect(100.0, 100.0, 330.0, 142.0), (0.0, 0.0));
    sketch.cells[1].column_span = 2;
    sketch.cells.remove(2);
    let table = fit(&sketch, &all(&words), Basis::Rules, &words, 10.0).unwrap().found.table;
    assert_eq!(texts(&table)[0], ["", "Both years"]);
    assert_eq!(table.cells[1].column_span, 2);
    assert_eq!(texts(&table)[2], ["Lund", "7", "8"]);
}

#[test]
fn fewer_lines_than_rows_fit_no_sketch() {
    let words = wrapped();
    let around = rect(100.0, 100.0, 360.0, 154.0);
    assert_eq!(
        fit(&even(5, 3, around, (0.0, 0.0)), &all(&words), Basis::Rules, &words, 10.0),
        None
    );
    assert_eq!(
        fit(&even(3, 1, around, (0.0, 0.0)), &all(&words), Basis::Rules, &words, 10.0),
        None
    );
    assert_eq!(fit(&even(3, 3, around, (0.0, 0.0)), &[], Basis::Rules, &words, 10.0), None);
}

proptest! {
    /// Whatever the sketch, each word is in one cell, and no two cells share a place.
    #[test]
    fn no_word_is_lost_or_doubled(
        places in prop::collection::vec((0.0f32..400.0, 0.0f32..300.0, 4.0f32..80.0), 2..60),
        (rows, columns) in (2usize..9, 2usize..9),
        moved in (-30.0f32..30.0, -30.0f32..30.0),
        spans in prop::collection::vec((0usize..80, 1usize..12, 1usize..12), 0..6),
        dropped in prop::collection::vec(0usize..80, 0..10),
    ) {
        let words: Vec<Word> =
            places.iter().map(|&(left, top, width)| word("word", left, top, left + width)).collect();
        let mut sketch = even(rows, columns, rect(0.0, 0.0, 400.0, 300.0), moved);
        for (n, row_span, column_span) in spans {
            let count = sketch.cells.len();
            let cell = &mut sketch.cells[n % count];
            (cell.row_span, cell.column_span) = (row_span, column_span);
        }
        for n in dropped {
            if sketch.cells.len() > 1 {
                let count = sketch.cells.len();
                sketch.cells.remove(n % count);
            }
        }
        if let Some(Fitted { found, .. }) = fit(&sketch, &all(&words), Basis::Rules, &words, 10.0) {
            let mut held: Vec<u32> = found.words().collect();
            held.sort_unstable();
            prop_assert_eq!(held, all(&words));
            prop_assert_eq!((found.table.rows, found.table.columns), (rows, columns));
            let mut taken = vec![false; rows * columns];
            for c in &found.table.cells {
                for r in c.row..c.row + c.row_span {
                    for k in c.column..c.column + c.column_span {
                        prop_assert!(r < rows && k < columns);
                        prop_assert!(!std::mem::replace(&mut taken[r * columns + k], true));
                    }
                }
            }
            prop_assert!(taken.iter().all(|t| *t));
        }
    }
}

/// What was found in these words, as a table of one row for each of `rows`' lines.
fn found(words: &[Word], rows: usize, columns: usize, basis: Basis) -> FoundTable {
    let around = bounds(words.iter().map(|w| w.rect)).unwrap();
    let fitted = fit(&even(rows, columns, around, (0.0, 0.0)), &all(words), basis, words, 10.0);
    fitted.unwrap().found
}

/// Names and values of four rows; rules took two lines of values for one row.
fn values() -> Vec<Word> {
    let rows = [["Name", "Value"], ["Oslo", "12"], ["Rome", "34"], ["Bern", "56"], ["Kiel", "78"]];
    let rows = rows.iter().enumerate();
    rows.flat_map(|(n, row)| {
        let top = 100.0 + 14.0 * n as f32;
        [line(row[0], 100.0, top), line(row[1], 200.0, top)].concat()
    })
    .collect()
}

#[test]
fn the_rows_of_a_sure_model_take_the_place_of_guessed_ones() {
    let words = values();
    let guessed = found(&words, 3, 2, Basis::Alignment);
    let mut sketch = even(5, 2, guessed.rect, (0.0, 0.0));
    let rows = |sketch: &TableSketch, table: &FoundTable| {
        let mut table = table.clone();
        improve(&mut table, std::slice::from_ref(sketch), &words, 10.0);
        table.table.rows
    };
    assert_eq!(rows(&sketch, &guessed), 5);
    // What lines part, or the document says, is not for a model to change.
    for basis in [Basis::Grid, Basis::Tags] {
        assert_eq!(rows(&sketch, &FoundTable { basis, ..guessed.clone() }), 3);
    }
    // A sketch of something else on the page is none of this table.
    sketch.rect = sketch.rect.translate(euclid::vec2(0.0, 300.0));
    assert_eq!(rows(&sketch, &guessed), 3);
}

#[test]
fn a_sketch_whose_sides_run_through_words_is_left() {
    let mut words = values();
    // Lines that reach over both columns, and a sketch that does not know.
    for n in 0..3 {
        words.extend(line("towns of any size by people", 100.0, 170.0 + 14.0 * n as f32));
    }
    let own = found(&words, 3, 2, Basis::Rules);
    let mut table = own.clone();
    improve(&mut table, &[even(8, 2, own.rect, (0.0, 0.0))], &words, 10.0);
    assert_eq!(table, own);
}

#[test]
fn what_the_model_cannot_make_out_is_no_table_by_alignment_alone() {
    let words = values();
    let table = found(&words, 5, 2, Basis::Alignment);
    let sketch = |columns, sure| TableSketch { sure, ..even(4, columns, table.rect, (0.0, 0.0)) };
    assert!(denies(&[sketch(3, 0.9)], &table));
    assert!(!denies(&[sketch(2, 0.9)], &table), "it sees the same columns");
    assert!(!denies(&[sketch(3, 0.98)], &table), "it sees another table");
    assert!(!denies(&[sketch(3, 0.9)], &FoundTable { basis: Basis::Rules, ..table.clone() }));
    assert!(!denies(&[], &table));
}
