//! Numbers about a picture's pixels.

use std::collections::HashMap;

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use super::shapes::{Patch, patches};
use crate::picture::PageImage;

/// The longer side of what is looked at, in pixels.
const SIDE: u32 = 256;
/// The shorter side has at least so many, or there is nothing to see.
const LEAST_SIDE: u32 = 8;
/// Neighbours that differ by no more, of 255, are flat.
const FLAT: i32 = 3;
/// Those that differ by more are an edge.
const EDGE: i32 = 48;
/// A patch that fills this much of its box is a rectangle.
const BAR: f32 = 0.92;
/// How many numbers there are.
pub(crate) const COUNT: usize = 36;

/// The numbers; `None` for pictures too small to tell.
pub(crate) fn of(picture: &PageImage) -> Option<[f32; COUNT]> {
    let (width, height) = (picture.width(), picture.height());
    if width.min(height) < LEAST_SIDE {
        return None;
    }
    let pixels = RgbImage::from_raw(width, height, picture.rgb().to_vec())?;
    let longest = width.max(height);
    let side = |s: u32| {
        (u64::from(s) * u64::from(SIDE) / u64::from(longest)).max(u64::from(LEAST_SIDE)) as u32
    };
    // Small ones are made larger: thresholds are shares of the side.
    let small = imageops::resize(&pixels, side(width), side(height), FilterType::Triangle);
    let view = View::of(&small);
    let mut out = Vec::with_capacity(COUNT);
    out.push((width as f32 / height as f32).ln());
    view.colors(&mut out);
    view.edges(&mut out);
    view.lines(&mut out);
    view.ink(&mut out);
    view.bars(&mut out);
    out.try_into().ok()
}

struct View {
    width: usize,
    height: usize,
    rgb: Vec<[u8; 3]>,
    luma: Vec<i32>,
    /// Colours by 4 bits of each channel.
    bins: Vec<u16>,
    /// Bins from the most frequent on, with their shares.
    palette: Vec<(u16, f32)>,
}

impl View {
    fn of(image: &RgbImage) -> Self {
        let rgb: Vec<[u8; 3]> = image.pixels().map(|Rgb(p)| *p).collect();
        let luma = rgb
            .iter()
            .map(|[r, g, b]| {
                (299 * i32::from(*r) + 587 * i32::from(*g) + 114 * i32::from(*b)) / 1000
            })
            .collect();
        let bin = |[r, g, b]: &[u8; 3]| {
            u16::from(r >> 4) << 8 | u16::from(g >> 4) << 4 | u16::from(b >> 4)
        };
        let bins: Vec<u16> = rgb.iter().map(bin).collect();
        let mut counts: HashMap<u16, usize> = HashMap::new();
        for bin in &bins {
            *counts.entry(*bin).or_default() += 1;
        }
        let all = bins.len() as f32;
        let mut palette: Vec<(u16, f32)> =
            counts.into_iter().map(|(bin, count)| (bin, count as f32 / all)).collect();
        palette.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let (width, height) = (image.width() as usize, image.height() as usize);
        Self { width, height, rgb, luma, bins, palette }
    }

    fn share(&self, count: usize) -> f32 {
        count as f32 / self.rgb.len() as f32
    }

    fn ground(&self) -> u16 {
        self.palette.first().map_or(0, |(bin, _)| *bin)
    }

    /// How many colours, how strong, how much white.
    fn colors(&self, out: &mut Vec<f32>) {
        let count =
            |is: &dyn Fn(&[u8; 3]) -> bool| self.share(self.rgb.iter().filter(|p| is(p)).count());
        let span = |p: &[u8; 3]| {
            let (least, most) = (*p.iter().min().unwrap_or(&0), *p.iter().max().unwrap_or(&0));
            (i32::from(most) - i32::from(least), i32::from(most))
        };
        out.push(count(&|p| p.iter().all(|v| *v >= 240)));
        out.push(count(&|p| p.iter().all(|v| *v < 64)));
        out.push(count(&|p| span(p).0 > 60));
        out.push(count(&|p| span(p).0 < 12));
        out.push(self.palette.first().map_or(0.0, |(_, share)| *share));
        out.push(self.palette.iter().take(4).map(|(_, share)| share).sum());
        out.push(self.palette.iter().take(16).map(|(_, share)| share).sum());
        out.push((self.palette.len() as f32).ln());
        out.push(self.palette.iter().filter(|(_, share)| *share > 0.005).count() as f32);
        let mut histogram = [0usize; 32];
        for luma in &self.luma {
            histogram[(*luma / 8).clamp(0, 31) as usize] += 1;
        }
        let entropy: f32 = histogram
            .iter()
            .filter(|count| **count > 0)
            .map(|count| {
                let p = self.share(*count);
                -p * p.ln()
            })
            .sum();
        out.push(entropy);
        let hues: std::collections::BTreeSet<i32> = self
            .palette
            .iter()
            .filter(|(_, share)| *share > 0.004)
            .filter_map(|(bin, _)| hue([bin >> 8 & 15, bin >> 4 & 15, bin & 15].map(i32::from)))
            .collect();
        out.push(hues.len() as f32);
    }

    /// How much is flat, how much an edge, and which way edges run.
    fn edges(&self, out: &mut Vec<f32>) {
        let (mut flat, mut soft, mut across, mut down, mut slanted, mut all) = (0, 0, 0, 0, 0, 0);
        for y in 0..self.height - 1 {
            for x in 0..self.width - 1 {
                let at = y * self.width + x;
                let dx = (self.luma[at + 1] - self.luma[at]).abs();
                let dy = (self.luma[at + self.width] - self.luma[at]).abs();
                all += 1;
                match dx.max(dy) {
                    change if change <= FLAT => flat += 1,
                    change if change < EDGE => soft += 1,
                    _ if dx > 3 * dy => across += 1,
                    _ if dy > 3 * dx => down += 1,
                    _ => slanted += 1,
                }
            }
        }
        let of = |count: i32, all: i32| count as f32 / all.max(1) as f32;
        let edges = across + down + slanted;
        out.extend([of(flat, all), of(soft, all), of(edges, all)]);
        out.extend([of(across, edges), of(down, edges), of(slanted, edges)]);
    }

    /// Long straight lines: axes, frames, grids.
    fn lines(&self, out: &mut Vec<f32>) {
        let ground = self.ground();
        let is_ink = |x: usize, y: usize| self.bins[y * self.width + x] != ground;
        let run = |length: usize, is: &dyn Fn(usize) -> bool| {
            let (mut best, mut now) = (0, 0);
            for n in 0..length {
                now = if is(n) { now + 1 } else { 0 };
                best = best.max(now);
            }
            best as f32 / length as f32
        };
        let rows: Vec<f32> = (0..self.height).map(|y| run(self.width, &|x| is_ink(x, y))).collect();
        let columns: Vec<f32> =
            (0..self.width).map(|x| run(self.height, &|y| is_ink(x, y))).collect();
        for runs in [&rows, &columns] {
            let long = runs.iter().filter(|run| **run > 0.6).count() as f32 / runs.len() as f32;
            // Thin lines begin and end within a few pixels: how often a long run begins.
            let begins = runs.windows(2).filter(|pair| pair[0] <= 0.6 && pair[1] > 0.6).count();
            let first = runs.iter().position(|run| *run > 0.6);
            out.extend([
                runs.iter().copied().fold(0.0, f32::max),
                long,
                begins as f32,
                first.map_or(-1.0, |at| at as f32 / runs.len() as f32),
            ]);
        }
    }

    /// What is not ground: how much, in how many parts.
    fn ink(&self, out: &mut Vec<f32>) {
        let ground = self.ground();
        let labels: Vec<Option<u16>> =
            self.bins.iter().map(|bin| (*bin != ground).then_some(0)).collect();
        let found = patches(&labels, self.width);
        let ink: usize = found.iter().map(|patch| patch.area).sum();
        let largest = found.iter().max_by_key(|patch| patch.area);
        let small = found
            .iter()
            .filter(|patch| patch.area > 4 && patch.height() * 12 < self.height)
            .count();
        out.push(self.share(ink));
        out.push((found.iter().filter(|patch| patch.area > 4).count() as f32 + 1.0).ln());
        out.push((small as f32 + 1.0).ln());
        out.push(largest.map_or(0.0, |p| p.area as f32 / ink.max(1) as f32));
        out.push(largest.map_or(0.0, Patch::fill));
        // Whether the picture ends in its ground.
        let (w, h) = (self.width, self.height);
        let frame = (0..w)
            .flat_map(|x| [x, (h - 1) * w + x])
            .chain((0..h).flat_map(|y| [y * w, y * w + w - 1]));
        let on: Vec<bool> = frame.map(|at| self.bins[at] == ground).collect();
        out.push(on.iter().filter(|is| **is).count() as f32 / on.len() as f32);
    }

    /// Patches of one colour: bars that stand on one line, discs.
    fn bars(&self, out: &mut Vec<f32>) {
        let ground = self.ground();
        let named: Vec<u16> = self
            .palette
            .iter()
            .filter(|(bin, share)| *bin != ground && *share > 0.004)
            .map(|(bin, _)| *bin)
            .collect();
        let labels: Vec<Option<u16>> =
            self.bins.iter().map(|bin| named.contains(bin).then_some(*bin)).collect();
        let least = self.rgb.len() / 700;
        let found: Vec<Patch> =
            patches(&labels, self.width).into_iter().filter(|patch| patch.area > least).collect();
        let bars: Vec<&Patch> = found
            .iter()
            .filter(|p| p.fill() > BAR && p.width().min(p.height()) >= 3)
            .filter(|p| p.width() * 10 < self.width * 9 || p.height() * 10 < self.height * 9)
            .collect();
        let on_one_line = |edge: &dyn Fn(&Patch) -> usize| {
            bars.iter()
                .map(|bar| bars.iter().filter(|other| edge(other).abs_diff(edge(bar)) <= 2).count())
                .max()
                .unwrap_or(0) as f32
        };
        out.push(found.len() as f32);
        out.push(bars.len() as f32);
        out.push(on_one_line(&|bar| bar.bottom));
        out.push(on_one_line(&|bar| bar.left));
    }
}

/// The hue in one of 12 parts, for colours of 4 bits that have one.
fn hue([r, g, b]: [i32; 3]) -> Option<i32> {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let span = most - least;
    if span < 4 {
        return None;
    }
    let degrees = match most {
        _ if most == r => 60 * (g - b) / span,
        _ if most == g => 120 + 60 * (b - r) / span,
        _ => 240 + 60 * (r - g) / span,
    };
    Some(degrees.rem_euclid(360) / 30)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Resolution;

    fn picture(width: u32, height: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> PageImage {
        let pixels = RgbImage::from_fn(width, height, |x, y| Rgb(color(x, y)));
        PageImage::new(0, Resolution(200.0), pixels)
    }

    #[test]
    fn every_picture_gives_the_same_count_of_finite_numbers() {
        for (width, height) in [(8, 8), (8, 3000), (300, 200), (1, 1), (7, 100)] {
            let marks = of(&picture(width, height, |x, y| [(x * 7) as u8, (y * 3) as u8, 9]));
            assert_eq!(marks.is_some(), width.min(height) >= LEAST_SIDE);
            assert!(marks.is_none_or(|marks| marks.iter().all(|n| n.is_finite())));
        }
    }

    #[test]
    fn bars_are_counted_and_stand_on_one_line() {
        let chart = picture(256, 200, |x, y| match x / 32 {
            n @ 1..=5 if x % 32 < 20 && y < 180 && y > 30 + 20 * n => [200, 30, 30],
            _ => [255, 255, 255],
        });
        let marks = of(&chart).unwrap();
        assert_eq!(&marks[COUNT - 4..COUNT - 1], [5.0, 5.0, 5.0]);
    }
}
