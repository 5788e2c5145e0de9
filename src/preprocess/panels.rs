//! Panels: filled areas with text on them, in heads of tables and boxes. Recognisers part ink from
//! paper by one level for the page, and miss letters on a gray or coloured ground, bright ones most.

use image::GrayImage;

use super::ink::Paper;
use super::scale::Scale;

/// The ground is looked for at this many dots an inch.
const GROUND_PPI: f32 = 100.0;
/// Strokes of letters, and gaps between dark letters, are thinner than this, in inches; panels are
/// larger in both directions. (Bright lines whose small letters are higher than that stay: an area
/// of paper between two dark ones looks the same.)
const STROKE: f32 = 0.07;
/// Panels are darker than this share of the paper.
const DARKER: f32 = 0.87;
/// The smallest panel, in square inches: a cell with one short word.
const LEAST_AREA: f32 = 0.03;
/// A panel covers no more than this share of the image: more, and the page itself is dark, which
/// recognisers know.
const MOST_AREA: f32 = 0.5;
/// Letters differ from their ground by at least this many of 256 levels.
const CONTRAST: f32 = 24.0;
/// Letters cover this share of their panel.
const LETTERS: std::ops::RangeInclusive<f32> = 0.01..=0.45;
/// Nine tenths of a panel's ground keep within so many levels: what varies more is a picture.
const UNIFORM: u8 = 40;
/// Level that grounds get.
const WHITE: f32 = 245.0;

/// The image with its panels turned into dark letters on white, whether the letters are darker or
/// brighter than their ground. `None` where there are no panels.
pub(crate) fn open_panels(image: &GrayImage, ppi: f32) -> Option<GrayImage> {
    let factor = (GROUND_PPI / ppi).min(1.0);
    let small = Scale(factor).apply(image);
    let reach = ((STROKE * GROUND_PPI * 0.5).round() as usize).max(1);
    let closed = spread(&spread(&small, reach, u8::max), reach, u8::min);
    let ground = spread(&spread(&closed, reach, u8::min), reach, u8::max);
    let mut levels = Paper::of(image, ppi).levels;
    levels.sort_unstable();
    let paper = f32::from(*levels.get(levels.len() * 9 / 10)?);
    let limit = (DARKER * paper).min(paper - CONTRAST);
    let width = small.width().max(1) as usize;
    let mut region: Vec<bool> = ground.as_raw().iter().map(|&g| f32::from(g) < limit).collect();
    let mut out: Option<GrayImage> = None;
    let least = (LEAST_AREA * (ppi * factor).powi(2)) as usize;
    for start in 0..region.len() {
        if !region[start] {
            continue;
        }
        let area = flood(&mut region, width, start);
        if area.len() < least || area.len() as f32 > MOST_AREA * region.len() as f32 {
            continue;
        }
        if let Some(panel) = Panel::of(&area, &small, &ground) {
            panel.open(image, width, out.get_or_insert_with(|| image.clone()));
        }
    }
    out
}

/// Takes out the connected area around a place and gives its places.
fn flood(region: &mut [bool], width: usize, start: usize) -> Vec<usize> {
    let mut area = vec![start];
    region[start] = false;
    let mut next = 0;
    while let Some(&at) = area.get(next) {
        next += 1;
        let x = at % width;
        let around = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then_some(at + 1),
            at.checked_sub(width),
            Some(at + width),
        ];
        for neighbour in around.into_iter().flatten() {
            if region.get(neighbour).copied().unwrap_or(false) {
                region[neighbour] = false;
                area.push(neighbour);
            }
        }
    }
    area
}

/// An area of one ground with letters.
struct Panel<'a> {
    area: &'a [usize],
    ground: f32,
    /// Level of bright letters, where there are some.
    bright: Option<f32>,
}

impl<'a> Panel<'a> {
    fn of(area: &'a [usize], image: &GrayImage, ground: &GrayImage) -> Option<Self> {
        let mut grounds: Vec<u8> = area.iter().map(|&at| ground.as_raw()[at]).collect();
        grounds.sort_unstable();
        let rank = |share: f32| grounds[((grounds.len() - 1) as f32 * share) as usize];
        if rank(0.95).saturating_sub(rank(0.05)) > UNIFORM {
            return None;
        }
        let ground = f32::from(rank(0.5));
        let levels = || area.iter().map(|&at| f32::from(image.as_raw()[at]));
        let letters = levels().filter(|&p| (p - ground).abs() > CONTRAST).count() as f32;
        if !LETTERS.contains(&(letters / area.len() as f32)) {
            return None;
        }
        let mut bright: Vec<f32> = levels().filter(|&p| p > ground + CONTRAST).collect();
        bright.sort_by(f32::total_cmp);
        // Reduction has made thin strokes darker than they are: the brightest count.
        let enough = bright.len() as f32 >= LETTERS.start() * area.len() as f32;
        let bright = bright.get(bright.len() * 9 / 10).copied().filter(|_| enough);
        Some(Self { area, ground, bright })
    }

    /// Writes the panel: the further from its ground, the darker. At its rim, where ground and paper mix,
    /// only what is darker than the ground stays.
    fn open(&self, image: &GrayImage, width: usize, out: &mut GrayImage) {
        let height = self.area.iter().max().map_or(0, |&at| at / width + 1);
        let mut inner = vec![false; width * (height + 2)];
        self.area.iter().for_each(|&at| inner[at] = true);
        let is_inner = |at: usize| {
            let x = at % width;
            inner[at]
                && (x == 0 || inner[at - 1])
                && (x + 1 == width || inner[at + 1])
                && (at < width || inner[at - width])
                && inner[at + width]
        };
        let (kx, ky) = (
            image.width() as f32 / width as f32,
            image.height() as f32
                / (image.height() as f32 * width as f32 / image.width() as f32).round(),
        );
        // Grain that is brighter than the ground says nothing where no letters are.
        let above = self.bright.map_or(0.0, |bright| WHITE / (bright - self.ground));
        let below = WHITE / self.ground.max(1.0);
        let mut seen = vec![false; inner.len()];
        for &at in self.area {
            let (x, y) = (at % width, at / width);
            // The rim reaches one place beyond the area.
            for (dx, dy) in [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)] {
                let (Some(x), Some(y)) = (x.checked_add_signed(dx), y.checked_add_signed(dy))
                else {
                    continue;
                };
                let place = y * width + x;
                if x >= width || place >= seen.len() || seen[place] {
                    continue;
                }
                seen[place] = true;
                let whole = is_inner(place);
                let span = |v: usize, k: f32, most: u32| {
                    ((v as f32 * k) as u32).min(most)..(((v + 1) as f32 * k) as u32).min(most)
                };
                for py in span(y, ky, image.height()) {
                    for px in span(x, kx, image.width()) {
                        let level = f32::from(image.get_pixel(px, py).0[0]);
                        let new = if whole {
                            let gain = if level > self.ground { above } else { below };
                            (WHITE - (level - self.ground).abs() * gain).max(0.0)
                        } else if level < self.ground - CONTRAST {
                            level
                        } else {
                            WHITE
                        };
                        out.put_pixel(px, py, image::Luma([new as u8]));
                    }
                }
            }
        }
    }
}

/// Each pixel becomes the extreme of the square around it that reaches so far.
fn spread(image: &GrayImage, reach: usize, extreme: impl Fn(u8, u8) -> u8) -> GrayImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut rows = Vec::with_capacity(width * height);
    for row in image.as_raw().chunks_exact(width.max(1)) {
        let first = rows.len();
        rows.extend_from_slice(row);
        let out: &mut [u8] = &mut rows[first..];
        for shift in 1..=reach.min(width.saturating_sub(1)) {
            out[shift..].iter_mut().zip(row).for_each(|(o, &p)| *o = extreme(*o, p));
            out.iter_mut().zip(&row[shift..]).for_each(|(o, &p)| *o = extreme(*o, p));
        }
    }
    let mut out = rows.clone();
    for shift in 1..=reach.min(height.saturating_sub(1)) {
        let offset = shift * width;
        out[offset..].iter_mut().zip(&rows).for_each(|(o, &p)| *o = extreme(*o, p));
        out.iter_mut().zip(&rows[offset..]).for_each(|(o, &p)| *o = extreme(*o, p));
    }
    GrayImage::from_raw(image.width(), image.height(), out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// A page with a head of a table: letters (bars) of one level on a ground of another.
    fn page(ground: u8, letters: u8) -> GrayImage {
        GrayImage::from_fn(900, 700, |x, y| {
            let bar = x % 20 < 6 && (30..44).contains(&(y % 80));
            let head = (100..800).contains(&x) && (80..240).contains(&y);
            Luma([match (head, bar) {
                (true, true) => letters,
                (true, false) => ground,
                (false, true) => 20,
                (false, false) => 250,
            }])
        })
    }

    #[test]
    fn bright_letters_become_dark_ones() {
        for ground in [30, 120, 180] {
            let opened = open_panels(&page(ground, 250), 200.0).unwrap();
            assert!(opened.get_pixel(203, 116).0[0] < 60, "{ground}");
            assert!(opened.get_pixel(210, 116).0[0] > 230, "{ground}");
            assert!(opened.get_pixel(210, 90).0[0] > 230, "{ground}");
            // What stands outside stays.
            assert_eq!(opened.get_pixel(203, 356).0, [20]);
            assert_eq!(opened.get_pixel(210, 300).0, [250]);
        }
    }

    #[test]
    fn dark_letters_on_gray_get_a_white_ground() {
        let opened = open_panels(&page(180, 20), 200.0).unwrap();
        assert!(opened.get_pixel(203, 116).0[0] < 60);
        assert!(opened.get_pixel(210, 116).0[0] > 230);
    }

    #[test]
    fn plain_pages_are_left() {
        assert!(open_panels(&page(250, 20), 200.0).is_none());
        assert!(open_panels(&GrayImage::new(0, 0), 200.0).is_none());
    }

    #[test]
    fn a_dark_page_is_no_panel() {
        let mut image = page(250, 20);
        image::imageops::invert(&mut image);
        assert!(open_panels(&image, 200.0).is_none());
    }

    #[test]
    fn pictures_are_left() {
        let image = GrayImage::from_fn(900, 700, |x, y| {
            let picture = (200..700).contains(&x) && (100..600).contains(&y);
            Luma([if picture { (x / 4 + (y * x) % 60) as u8 } else { 250 }])
        });
        assert!(open_panels(&image, 200.0).is_none());
    }
}
