//! The structure of a table from its look: rows, columns and what spans them.

#[cfg(feature = "onnx")]
use std::collections::HashMap;
use std::fmt::Debug;
use std::path::Path;
#[cfg(feature = "onnx")]
use std::path::PathBuf;
use std::sync::Arc;
#[cfg(feature = "onnx")]
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use image::GrayImage;
use image::imageops::{self, FilterType};

#[cfg(feature = "onnx")]
use super::model::{Model, Tensor};
use crate::geometry::{Pt, Rect, rect};
use crate::page::{SketchCell, TableSketch};

/// Images are brought to this length of their long side, in pixels, and stand in the upper left of a
/// square of it: so the model was trained.
const SIDE: u32 = 488;
/// Mean and deviation of the colours it was trained on (ImageNet's), in the order of its channels.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];
/// Most rows or columns that one cell is believed to span; the model knows no larger ones.
const MOST_SPANNED: usize = 10;

/// Sees the structure of tables.
pub(crate) trait TableReader: Debug + Send + Sync {
    /// The structure of the table that this image shows, and nothing else. `at` is the box of the
    /// image on its page. `None` where the image is empty or no table is seen.
    fn sketch(&self, image: &GrayImage, at: Rect<Pt>) -> Option<TableSketch>;
}

/// The model in this file, one for the process, loaded when it is first asked. `None` where this
/// build cannot run it.
///
/// The model is SLANet (Li et al. 2022, PP-StructureV2): a convolutional encoder, and a decoder that
/// writes the table's HTML, a box for each cell. Its words are good, its boxes drift.
#[cfg(feature = "onnx")]
pub(crate) fn table_reader(path: &Path) -> Option<Arc<dyn TableReader>> {
    static KNOWN: LazyLock<Mutex<HashMap<PathBuf, Arc<Slanet>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || Arc::new(Slanet { path: path.to_owned(), loaded: OnceLock::new() });
    Some(known.entry(path.to_owned()).or_insert_with(make).clone())
}

/// As no model can be run.
#[cfg(not(feature = "onnx"))]
pub(crate) fn table_reader(_path: &Path) -> Option<Arc<dyn TableReader>> {
    None
}

#[cfg(feature = "onnx")]
#[derive(Debug)]
struct Slanet {
    path: PathBuf,
    /// With what each class of its tokens means; `None` where the file cannot be used.
    loaded: OnceLock<Option<(Model, Vec<Token>)>>,
}

#[cfg(feature = "onnx")]
impl TableReader for Slanet {
    fn sketch(&self, image: &GrayImage, at: Rect<Pt>) -> Option<TableSketch> {
        let load = || {
            let model = Model::load(&self.path)?;
            let tokens = tokens(model.metadata("character")?);
            Some((model, tokens))
        };
        let (model, tokens) = self.loaded.get_or_init(load).as_ref()?;
        let side = SIDE as usize;
        let outputs = model.run(&[1, 3, side, side], &input(image)?)?;
        let of_depth = |depth: usize| -> Option<&Tensor> {
            outputs.iter().find(|t| matches!(t.shape[..], [1, _, last] if last == depth))
        };
        let (boxes, classes) = (of_depth(4)?, of_depth(tokens.len())?);
        let steps = classes.data.chunks_exact(tokens.len()).zip(boxes.data.chunks_exact(4));
        let steps = steps.filter_map(|(classes, sides)| {
            let best = classes.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
            Some((tokens[best.0], *best.1, [sides[0], sides[1], sides[2], sides[3]]))
        });
        sketch(steps, at)
    }
}

/// What the decoder says at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
enum Token {
    /// A row begins.
    Row,
    /// A cell that spans nothing.
    Cell,
    /// A cell begins that spans something.
    Spanning,
    Columns(usize),
    Rows(usize),
    /// The end of a cell that spans something.
    CellEnd,
    /// The end of the table.
    End,
    /// What says nothing about the grid.
    Other,
}

/// What each class means. `list` has a token to a line, those at the start and end left out, and a
/// cell in two tokens, which the model says in one.
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
fn tokens(list: &str) -> Vec<Token> {
    let number = |token: &str| {
        let digits: String = token.chars().filter(char::is_ascii_digit).collect();
        digits.parse().map_or(1, |n: usize| n.clamp(1, MOST_SPANNED))
    };
    let token = |text: &str| match text.trim() {
        "<tr>" => Token::Row,
        "<td></td>" => Token::Cell,
        "<td" => Token::Spanning,
        "</td>" => Token::CellEnd,
        span if span.starts_with("colspan") => Token::Columns(number(span)),
        span if span.starts_with("rowspan") => Token::Rows(number(span)),
        _ => Token::Other,
    };
    let listed = list.split('\n').filter(|t| !matches!(*t, "<td>" | "<td></td>" | ""));
    let mut out = vec![Token::Other];
    out.extend(listed.map(token));
    out.extend([Token::Cell, Token::End]);
    out
}

/// The image as the model takes it: three equal channels, row by row.
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
fn input(image: &GrayImage) -> Option<Vec<f32>> {
    let (width, height) = image.dimensions();
    let long = width.max(height);
    if width == 0 || height == 0 {
        return None;
    }
    let scaled =
        |length: u32| (u64::from(length) * u64::from(SIDE) / u64::from(long)).max(1) as u32;
    let small = imageops::resize(image, scaled(width), scaled(height), FilterType::Triangle);
    let side = SIDE as usize;
    let mut out = vec![0.0; 3 * side * side];
    for (channel, (mean, deviation)) in
        out.chunks_exact_mut(side * side).zip(MEAN.iter().zip(DEVIATION))
    {
        let rows = small.as_raw().chunks_exact(small.width() as usize);
        for (to, from) in channel.chunks_exact_mut(side).zip(rows) {
            for (to, &level) in to.iter_mut().zip(from) {
                *to = (f32::from(level) / 255.0 - mean) / deviation;
            }
        }
    }
    Some(out)
}

/// The grid that the steps of the decoder describe: a token, its probability, and the sides of a
/// cell as shares of the image.
#[cfg_attr(not(feature = "onnx"), allow(dead_code))]
fn sketch(
    steps: impl Iterator<Item = (Token, f32, [f32; 4])>,
    at: Rect<Pt>,
) -> Option<TableSketch> {
    let on_page = |[left, top, right, bottom]: [f32; 4]| {
        let x = |share: f32| at.min.x + share.clamp(0.0, 1.0) * at.width();
        let y = |share: f32| at.min.y + share.clamp(0.0, 1.0) * at.height();
        rect(x(left), y(top), x(right), y(bottom))
    };
    let mut out = TableSketch { rect: at, rows: 0, columns: 0, cells: Vec::new(), sure: 0.0 };
    // Up to which row each column is covered by cells of rows above.
    let mut covered: Vec<usize> = Vec::new();
    let mut column = 0;
    let mut open: Option<SketchCell> = None;
    let (mut sum, mut steps_seen) = (0.0, 0usize);
    for (token, probability, sides) in steps {
        let mut closed = None;
        match token {
            Token::End => break,
            Token::Row => {
                out.rows += 1;
                column = 0;
            }
            Token::Cell | Token::Spanning => {
                let cell = SketchCell {
                    row: 0,
                    column: 0,
                    row_span: 1,
                    column_span: 1,
                    rect: on_page(sides),
                };
                if token == Token::Cell { closed = Some(cell) } else { open = Some(cell) }
            }
            Token::Columns(n) => open.iter_mut().for_each(|cell| cell.column_span = n),
            Token::Rows(n) => open.iter_mut().for_each(|cell| cell.row_span = n),
            Token::CellEnd => closed = open.take(),
            Token::Other => {}
        }
        sum += probability;
        steps_seen += 1;
        let (Some(mut cell), Some(row)) = (closed, out.rows.checked_sub(1)) else { continue };
        while covered.get(column).is_some_and(|&below| below > row) {
            column += 1;
        }
        (cell.row, cell.column) = (row, column);
        column += cell.column_span;
        covered.resize(covered.len().max(column), 0);
        covered[cell.column..column].fill(row + cell.row_span);
        out.cells.push(cell);
    }
    out.columns = covered.len();
    let rows = out.rows;
    for cell in &mut out.cells {
        cell.row_span = cell.row_span.min(rows - cell.row);
    }
    out.sure = sum / steps_seen.max(1) as f32;
    (!out.cells.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "<thead>\n<tr>\n<td>\n</td>\n</tr>\n<td\n colspan=\"5\"\n>\n rowspan=\"2\"";

    fn read(said: &[Token]) -> Option<TableSketch> {
        let steps = said.iter().map(|&token| (token, 0.5, [0.0, 0.0, 0.5, 1.0]));
        sketch(steps, rect(100.0, 200.0, 300.0, 240.0))
    }

    fn places(sketch: &TableSketch) -> Vec<[usize; 4]> {
        sketch.cells.iter().map(|c| [c.row, c.column, c.row_span, c.column_span]).collect()
    }

    #[test]
    fn classes_are_those_of_the_file() {
        use Token::*;
        let known = [Other, Other, Row, CellEnd, Other, Spanning, Columns(5), Other, Rows(2)];
        assert_eq!(tokens(LIST), [&known[..], &[Cell, End]].concat());
    }

    #[test]
    fn spans_move_the_cells_beside_and_below() {
        use Token::*;
        let sketch = read(&[
            Row,
            Spanning,
            Rows(2),
            CellEnd,
            Spanning,
            Columns(2),
            CellEnd, // a | b b
            Row,
            Cell,
            Cell, // a | c d
            End,
            Row,
            Cell,
        ]);
        let sketch = sketch.unwrap();
        assert_eq!((sketch.rows, sketch.columns), (2, 3));
        assert_eq!(places(&sketch), [[0, 0, 2, 1], [0, 1, 1, 2], [1, 1, 1, 1], [1, 2, 1, 1]]);
        assert_eq!(sketch.cells[0].rect, rect(100.0, 200.0, 200.0, 240.0));
        assert!((sketch.sure - 0.5).abs() < 1e-6);
    }

    #[test]
    fn nonsense_gives_no_grid_or_a_bounded_one() {
        use Token::*;
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[Cell, CellEnd, Columns(9), End]), None);
        // A span that reaches below the last row ends with it.
        let sketch = read(&[Row, Spanning, Rows(10), CellEnd, CellEnd, Row, Cell]).unwrap();
        assert_eq!(places(&sketch), [[0, 0, 2, 1], [1, 1, 1, 1]]);
    }

    #[test]
    fn images_stand_in_the_upper_left_of_the_square() {
        assert_eq!(input(&GrayImage::new(0, 10)), None);
        let white = GrayImage::from_pixel(976, 244, image::Luma([255]));
        let input = input(&white).unwrap();
        let (side, first) = (SIDE as usize, (1.0 - MEAN[0]) / DEVIATION[0]);
        assert!(input[..122 * side].iter().all(|&v| (v - first).abs() < 1e-5));
        assert!(input[122 * side..side * side].iter().all(|&v| v == 0.0));
    }

    /// A drawn table, read by the model.
    #[cfg(feature = "onnx")]
    #[test]
    fn a_grid_of_bars_is_seen_as_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/slanet-1m.onnx");
        if !path.is_file() {
            eprintln!("skipped: the model of tables is not installed");
            return;
        }
        // Five rows of three bars, as words look from afar.
        let image = GrayImage::from_fn(480, 200, |x, y| {
            let inked = x % 160 < 70 && y % 40 > 14 && y % 40 < 26 && (x / 3 + y / 5) % 3 > 0;
            image::Luma([if inked { 20 } else { 255 }])
        });
        let at = rect(0.0, 0.0, 240.0, 100.0);
        let sketch = table_reader(&path).unwrap().sketch(&image, at).unwrap();
        assert_eq!((sketch.rows, sketch.columns), (5, 3), "{sketch:?}");
    }
}
