//! Where a page can be cut in two, so that both halves are recognised at the same time.

use image::GrayImage;

/// The cut lies in this part of the ink's height, so that neither half is much longer.
const MIDDLE: std::ops::RangeInclusive<f32> = 0.35..=0.65;
/// Blank rows for a cut, in text heights: more than between paragraphs, or rows of a table.
const BLANK: f32 = 2.2;
/// Less ink than this (in text heights) is not worth two runs.
const LEAST_HEIGHT: f32 = 40.0;

/// The row of an upright mask in the middle of the highest blank strip near the middle of the
/// page, where there is one. A blank strip has no ink from edge to edge.
pub(crate) fn find_split(mask: &GrayImage, text_height: f32) -> Option<u32> {
    let inked: Vec<bool> = mask
        .as_raw()
        .chunks_exact(mask.width().max(1) as usize)
        .map(|row| row.iter().any(|&p| p > 0))
        .collect();
    let first = inked.iter().position(|&i| i)?;
    let last = inked.iter().rposition(|&i| i)?;
    let height = (last - first + 1) as f32;
    if height < LEAST_HEIGHT * text_height {
        return None;
    }
    let part = |share: f32| first + (height * share) as usize;
    let middle = part(*MIDDLE.start())..part(*MIDDLE.end()).min(last);
    let mut best: Option<(usize, usize)> = None;
    let mut row = middle.start;
    while row < middle.end {
        let blank = inked[row..].iter().take_while(|i| !**i).count();
        if blank as f32 >= BLANK * text_height && best.is_none_or(|(_, b)| blank > b) {
            best = Some((row, blank));
        }
        row += blank.max(1);
    }
    best.map(|(row, blank)| (row + blank / 2) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of 10 rows, 8 apart; `extra` rows more before line 33.
    fn page(extra: u32) -> GrayImage {
        GrayImage::from_fn(50, 60 * 18 + extra, |_, y| {
            let y = if y >= 33 * 18 { y.saturating_sub(extra).max(33 * 18 - 1) } else { y };
            image::Luma([if y % 18 < 10 { 255 } else { 0 }])
        })
    }

    #[test]
    fn the_gap_near_the_middle_is_taken() {
        let row = find_split(&page(30), 10.0).unwrap();
        assert!((33 * 18 - 8..33 * 18 + 30).contains(&row), "{row}");
    }

    #[test]
    fn gaps_between_lines_are_too_narrow() {
        assert_eq!(find_split(&page(0), 10.0), None);
    }

    #[test]
    fn short_and_blank_pages_stay_whole() {
        assert_eq!(find_split(&GrayImage::new(20, 2000), 10.0), None);
        assert_eq!(find_split(&page(20), 40.0), None);
    }
}
