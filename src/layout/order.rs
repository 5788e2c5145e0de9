//! Reading order: recursive cuts along white space (XY-cut; Nagy & Seth 1984), with column
//! gutters found over runs of bands so that titles and wide figures do not hide them (after
//! Meunier 2005).

use crate::geometry::{Pt, Rect, RectExt, bounds};

/// The narrowest gutter between columns, in ems. Word spaces of justified text stay below.
const MIN_GUTTER: f32 = 0.9;
/// A column of text is at least this wide, in ems: narrower stacks are list markers, line
/// numbers or table columns.
const MIN_COLUMN: f32 = 7.0;
/// Lines of running text fill their column by at least this share (median).
const MIN_FILL: f32 = 0.55;
/// A column has at least this many lines to count as one.
const MIN_LINES: usize = 3;
/// The narrower of two neighbouring columns is at least this share of the wider one.
const MIN_BALANCE: f32 = 0.28;

/// Something that takes part in the reading order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Atom {
    pub(super) rect: Rect<Pt>,
    /// Whether it is a line of text (or part of one) rather than a table or figure.
    pub(super) is_text: bool,
}

/// Groups atoms into zones in reading order. A zone is one column: what is in it reads from top
/// to bottom. Returns indices into `atoms`, every one exactly once.
///
/// `em` is the size of body text, in points; `rtl` reads columns from right to left.
pub(super) fn zones(atoms: &[Atom], em: f32, rtl: bool) -> Vec<Vec<usize>> {
    let mut out = Vec::new();
    let all: Vec<usize> = (0..atoms.len()).collect();
    Cutter { atoms, em, rtl }.cut(all, 0, &mut out);
    out
}

struct Cutter<'a> {
    atoms: &'a [Atom],
    em: f32,
    rtl: bool,
}

/// An interval of x.
type Span = (f32, f32);

impl Cutter<'_> {
    fn cut(&self, mut items: Vec<usize>, depth: usize, out: &mut Vec<Vec<usize>>) {
        /// Deeper nesting of columns in columns does not occur in documents.
        const MAX_DEPTH: usize = 12;
        if items.len() <= 1 || depth > MAX_DEPTH {
            return self.leaf(items, out);
        }
        let gutters = self.gutters(&items);
        if !gutters.is_empty() {
            let mut columns = self.split(&items, &gutters);
            if self.rtl {
                columns.reverse();
            }
            for column in columns {
                self.cut(column, depth + 1, out);
            }
            return;
        }
        items.sort_by(|&a, &b| self.top(a).total_cmp(&self.top(b)));
        let bands = self.bands(&items);
        let Some(around) = bounds(items.iter().map(|&i| self.atoms[i].rect)) else { return };
        if bands.len() == 1 {
            return self.leaf(items, out);
        }
        let extent = (around.min.x, around.max.x);
        // Runs of bands that share a gutter are columns; what lies between reads as one column.
        let mut single: Vec<usize> = Vec::new();
        let mut next = 0;
        while next < bands.len() {
            match self.column_run(&bands[next..], extent) {
                Some(length) => {
                    self.leaf(std::mem::take(&mut single), out);
                    let run = bands[next..next + length].concat();
                    self.cut(run, depth + 1, out);
                    next += length;
                }
                None => {
                    single.extend(&bands[next]);
                    next += 1;
                }
            }
        }
        self.leaf(single, out);
    }

    fn leaf(&self, mut items: Vec<usize>, out: &mut Vec<Vec<usize>>) {
        if items.is_empty() {
            return;
        }
        items.sort_by(|&a, &b| {
            let (a, b) = (&self.atoms[a].rect, &self.atoms[b].rect);
            a.min.y.total_cmp(&b.min.y).then(a.min.x.total_cmp(&b.min.x))
        });
        out.push(items);
    }

    fn top(&self, i: usize) -> f32 {
        self.atoms[i].rect.min.y
    }

    /// Splits items, sorted by their top, where a horizontal white line passes. Boxes are shrunk
    /// to the middle of the line first: ascenders and descenders of tight lines overlap.
    fn bands(&self, items: &[usize]) -> Vec<Vec<usize>> {
        let mut sorted: Vec<(f32, f32, usize)> = items
            .iter()
            .map(|&i| {
                let atom = &self.atoms[i];
                let shrink = if atom.is_text { 0.25 * atom.rect.height() } else { 0.0 };
                (atom.rect.min.y + shrink, atom.rect.max.y - shrink, i)
            })
            .collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut out: Vec<Vec<usize>> = Vec::new();
        let mut bottom = f32::MIN;
        for (top, low, i) in sorted {
            match out.last_mut() {
                Some(band) if top < bottom => band.push(i),
                _ => out.push(vec![i]),
            }
            bottom = bottom.max(low);
        }
        out
    }

    /// How many of the leading bands form columns together; `None` when the first one does not.
    fn column_run(&self, bands: &[Vec<usize>], extent: Span) -> Option<usize> {
        let least = MIN_GUTTER * self.em;
        let mut items: Vec<usize> = Vec::new();
        let mut shared = vec![extent];
        let mut found = None;
        for (n, band) in bands.iter().enumerate() {
            shared = intersect(&shared, &self.free(band, extent), least);
            if shared.is_empty() {
                break;
            }
            items.extend(band);
            // Testing every prefix would cost the square of the bands; test where the run may
            // end, and now and then.
            let ends_here = bands
                .get(n + 1)
                .is_none_or(|next| intersect(&shared, &self.free(next, extent), least).is_empty());
            if (ends_here || n % 8 == 7) && !self.gutters(&items).is_empty() {
                found = Some(n + 1);
            }
        }
        found
    }

    /// Stretches of x within `extent` that no item of the band covers.
    fn free(&self, band: &[usize], extent: Span) -> Vec<Span> {
        let mut covered: Vec<Span> =
            band.iter().map(|&i| (self.atoms[i].rect.min.x, self.atoms[i].rect.max.x)).collect();
        covered.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut out = Vec::new();
        let mut from = extent.0;
        for (left, right) in covered {
            if left > from {
                out.push((from, left));
            }
            from = from.max(right);
        }
        if extent.1 > from {
            out.push((from, extent.1));
        }
        out
    }

    /// Gutters that part the items into columns of text, left to right.
    fn gutters(&self, items: &[usize]) -> Vec<Span> {
        let Some(around) = bounds(items.iter().map(|&i| self.atoms[i].rect)) else {
            return Vec::new();
        };
        let inner: Vec<Span> = self
            .free(items, (around.min.x, around.max.x))
            .into_iter()
            .filter(|g| g.1 - g.0 >= MIN_GUTTER * self.em)
            .collect();
        if inner.is_empty() {
            return inner;
        }
        // Drop gutters one by one, the least convincing first, until all that is left are columns.
        let mut kept = inner;
        loop {
            let columns = self.split(items, &kept);
            let bad = columns.iter().position(|c| !self.is_column(c));
            let Some(bad) = bad else { break };
            if kept.len() <= 1 {
                return Vec::new();
            }
            // A stack that is no column joins the neighbour across the narrower gutter.
            let left = bad.checked_sub(1);
            let right = (bad < kept.len()).then_some(bad);
            let width = |g: usize| kept[g].1 - kept[g].0;
            let drop = match (left, right) {
                (Some(l), Some(r)) => {
                    if width(l) <= width(r) {
                        l
                    } else {
                        r
                    }
                }
                (Some(g), None) | (None, Some(g)) => g,
                (None, None) => return Vec::new(),
            };
            kept.remove(drop);
        }
        let widths: Vec<f32> = self
            .split(items, &kept)
            .iter()
            .filter_map(|c| bounds(c.iter().map(|&i| self.atoms[i].rect)))
            .map(|r| r.width())
            .collect();
        let balanced = widths.windows(2).all(|w| w[0].min(w[1]) >= MIN_BALANCE * w[0].max(w[1]));
        if balanced { kept } else { Vec::new() }
    }

    /// Parts items at gutters, left to right; empty parts are left out.
    fn split(&self, items: &[usize], gutters: &[Span]) -> Vec<Vec<usize>> {
        let mut columns = vec![Vec::new(); gutters.len() + 1];
        for &i in items {
            let x = self.atoms[i].rect.mid_x();
            let column = gutters.iter().take_while(|g| x > 0.5 * (g.0 + g.1)).count();
            columns[column].push(i);
        }
        columns.retain(|c| !c.is_empty());
        columns
    }

    /// Whether a stack of items looks like a column: wide enough, and of lines that fill it; or a
    /// figure or table.
    fn is_column(&self, items: &[usize]) -> bool {
        let Some(around) = bounds(items.iter().map(|&i| self.atoms[i].rect)) else {
            return false;
        };
        if around.width() < MIN_COLUMN * self.em {
            return false;
        }
        let blocks: f32 = items
            .iter()
            .filter(|&&i| !self.atoms[i].is_text)
            .map(|&i| self.atoms[i].rect.height())
            .sum();
        if blocks >= 0.5 * around.height() {
            return true;
        }
        // Rows, not items: a line may have come in pieces. What counts is the text in a row: the
        // rows of half a table are as wide as the half, but mostly white.
        let narrow = |r: &Rect<Pt>| r.width() < MIN_COLUMN * self.em;
        // Box, ink, and the number of narrow pieces of each row.
        let mut rows: Vec<(Rect<Pt>, f32, usize)> = Vec::new();
        for &i in items.iter().filter(|&&i| self.atoms[i].is_text) {
            let r = self.atoms[i].rect;
            match rows.iter_mut().find(|(row, ..)| row.overlap_y(&r) > 0.5 * r.height()) {
                Some((row, ink, pieces)) => {
                    *row = row.around(&r);
                    *ink += r.width();
                    *pieces += usize::from(narrow(&r));
                }
                None => rows.push((r, r.width(), usize::from(narrow(&r)))),
            }
        }
        // Rows of short pieces side by side are those of a table, however full.
        let parted = rows.iter().filter(|r| r.2 > 1).count();
        if rows.len() < MIN_LINES || parted * 2 > rows.len() {
            return false;
        }
        let mut fill: Vec<f32> = rows.iter().map(|(_, ink, _)| ink / around.width()).collect();
        fill.sort_by(f32::total_cmp);
        fill[fill.len() / 2] >= MIN_FILL
    }
}

/// Where both lists have room, if at least `least` wide.
fn intersect(a: &[Span], b: &[Span], least: f32) -> Vec<Span> {
    let pairs = a.iter().flat_map(|x| b.iter().map(move |y| (x.0.max(y.0), x.1.min(y.1))));
    pairs.filter(|(l, r)| r - l >= least).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rect;

    fn text(l: f32, t: f32, r: f32) -> Atom {
        Atom { rect: rect(l, t, r, t + 10.0), is_text: true }
    }

    /// Lines of one column.
    fn column(left: f32, right: f32, top: f32, lines: usize) -> Vec<Atom> {
        (0..lines).map(|i| text(left, top + 12.0 * i as f32, right)).collect()
    }

    fn order(atoms: &[Atom]) -> Vec<usize> {
        let order = zones(atoms, 10.0, false).concat();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..atoms.len()).collect::<Vec<_>>(), "each atom once");
        order
    }

    #[test]
    fn two_columns_read_one_after_the_other() {
        let mut atoms = column(50.0, 290.0, 100.0, 20);
        atoms.extend(column(310.0, 550.0, 100.0, 20));
        assert_eq!(order(&atoms), (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn a_title_across_comes_before_both_columns() {
        let mut atoms = column(50.0, 290.0, 100.0, 20);
        atoms.extend(column(310.0, 550.0, 100.0, 20));
        atoms.push(text(100.0, 60.0, 500.0));
        let order = order(&atoms);
        assert_eq!(order[0], 40);
        assert_eq!(order[1..21], (0..20).collect::<Vec<_>>());
    }

    #[test]
    fn a_wide_block_between_splits_the_columns() {
        let mut atoms = column(50.0, 290.0, 100.0, 6);
        atoms.extend(column(310.0, 550.0, 100.0, 6));
        atoms.push(Atom { rect: rect(50.0, 190.0, 550.0, 300.0), is_text: false });
        atoms.extend(column(50.0, 290.0, 320.0, 6));
        atoms.extend(column(310.0, 550.0, 320.0, 6));
        assert_eq!(order(&atoms), (0..25).collect::<Vec<_>>());
    }

    #[test]
    fn a_table_of_short_cells_reads_by_rows() {
        let mut atoms = Vec::new();
        for row in 0..8 {
            atoms.push(text(50.0, 100.0 + 12.0 * row as f32, 90.0));
            atoms.push(text(300.0, 100.0 + 12.0 * row as f32, 330.0));
        }
        assert_eq!(zones(&atoms, 10.0, false).len(), 1);
    }

    #[test]
    fn right_to_left_pages_start_with_the_right_column() {
        let mut atoms = column(50.0, 290.0, 100.0, 10);
        atoms.extend(column(310.0, 550.0, 100.0, 10));
        assert_eq!(zones(&atoms, 10.0, true)[0], (10..20).collect::<Vec<_>>());
    }
}
