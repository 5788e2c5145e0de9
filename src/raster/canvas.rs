//! Collects decoded rows as gray.

use image::{ColorType, GrayImage};

use super::damaged;
use crate::error::Result;
use crate::limits::Limits;
use crate::source::Input;

/// Recognisers count pixels with 16-bit signed numbers.
const LONGEST_SIDE: u32 = 32_767;

/// A gray image that grows row by row, scaled down by a whole factor where it is very large.
#[derive(Debug)]
pub(super) struct Canvas {
    width: u32,
    height: u32,
    factor: u32,
    out_width: usize,
    out_height: usize,
    pixels: Vec<u8>,
    /// Sums of the rows that make up the next row of `pixels`.
    sums: Vec<u32>,
    summed_rows: u32,
    gray: Vec<u8>,
}

impl Canvas {
    /// For an image of this size. Fails on one without pixels or with too many.
    pub(super) fn new(input: &Input, width: u32, height: u32) -> Result<Self> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(damaged(input, format!("it has {width}×{height} pixels")));
        }
        let most = input.limits.image_pixels;
        if pixels > most {
            let found = format!("{width}×{height} pixels; at most {most} are read");
            return Err(Limits::exceeded(&input.name, &found, "image_pixels"));
        }
        // What is more is averaged down row by row, so that it never stands in memory.
        let mut factor = 1;
        while pixels / (u64::from(factor) * u64::from(factor)) > input.limits.page_pixels
            || width.max(height) / factor > LONGEST_SIDE
        {
            factor += 1;
        }
        // A side shorter than the factor still gives one pixel.
        let [out_width, out_height] = [width, height].map(|side| (side / factor).max(1) as usize);
        Ok(Self {
            width,
            height,
            factor,
            out_width,
            out_height,
            pixels: Vec::with_capacity(out_width * out_height),
            sums: if factor > 1 { vec![0; out_width] } else { Vec::new() },
            summed_rows: 0,
            gray: Vec::new(),
        })
    }

    /// Width and height of the image as decoded.
    pub(super) fn source_size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// By how much the image is scaled down.
    pub(super) fn factor(&self) -> u32 {
        self.factor
    }

    /// Adds a row of gray pixels. Rows beyond the height are left out.
    pub(super) fn push(&mut self, row: &[u8]) {
        if self.pixels.len() >= self.out_width * self.out_height {
            return;
        }
        if self.factor == 1 {
            let given = row.len().min(self.out_width);
            self.pixels.extend_from_slice(&row[..given]);
            self.pixels.resize(self.pixels.len() + self.out_width - given, 255);
            return;
        }
        let group = self.factor as usize;
        for (sum, pixels) in self.sums.iter_mut().zip(row.chunks(group)) {
            let total: u32 = pixels.iter().map(|&p| u32::from(p)).sum();
            *sum += total / pixels.len() as u32;
        }
        self.summed_rows += 1;
        if self.summed_rows == self.factor.min(self.height) {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let rows = self.summed_rows;
        self.pixels.extend(self.sums.iter().map(|sum| (sum / rows) as u8));
        self.sums.fill(0);
        self.summed_rows = 0;
    }

    /// Adds a row of another colour type: native byte order, alpha over white.
    pub(super) fn push_color(&mut self, row: &[u8], color: ColorType) {
        let mut gray = std::mem::take(&mut self.gray);
        gray.clear();
        to_gray(row, color, &mut gray);
        self.push(&gray);
        self.gray = gray;
    }

    /// The image; rows that never came are white.
    pub(super) fn finish(mut self) -> GrayImage {
        if self.summed_rows > 0 && self.pixels.len() < self.out_width * self.out_height {
            self.flush();
        }
        self.pixels.resize(self.out_width * self.out_height, 255);
        let (width, height) = (self.out_width as u32, self.out_height as u32);
        GrayImage::from_raw(width, height, self.pixels).unwrap_or_default()
    }
}

/// Brightness by ITU-R BT.601, in integers.
fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29 + 128) >> 8) as u8
}

fn over_white(gray: u8, alpha: u8) -> u8 {
    let (gray, alpha) = (u32::from(gray), u32::from(alpha));
    ((gray * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

fn to_gray(row: &[u8], color: ColorType, gray: &mut Vec<u8>) {
    match color {
        ColorType::L8 => gray.extend_from_slice(row),
        ColorType::La8 => gray.extend(row.chunks_exact(2).map(|p| over_white(p[0], p[1]))),
        ColorType::Rgb8 => gray.extend(row.chunks_exact(3).map(|p| luma(p[0], p[1], p[2]))),
        ColorType::Rgba8 => {
            gray.extend(row.chunks_exact(4).map(|p| over_white(luma(p[0], p[1], p[2]), p[3])));
        }
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            let narrow: Vec<u8> = row
                .chunks_exact(2)
                .map(|p| (u16::from_ne_bytes([p[0], p[1]]) >> 8) as u8)
                .collect();
            let color = match color {
                ColorType::L16 => ColorType::L8,
                ColorType::La16 => ColorType::La8,
                ColorType::Rgb16 => ColorType::Rgb8,
                _ => ColorType::Rgba8,
            };
            to_gray(&narrow, color, gray);
        }
        ColorType::Rgb32F | ColorType::Rgba32F => {
            let narrow: Vec<u8> = row
                .chunks_exact(4)
                .map(|p| {
                    (f32::from_ne_bytes([p[0], p[1], p[2], p[3]]).clamp(0.0, 1.0) * 255.0) as u8
                })
                .collect();
            let color = if color == ColorType::Rgb32F { ColorType::Rgb8 } else { ColorType::Rgba8 };
            to_gray(&narrow, color, gray);
        }
        // The enum may grow; a gray ramp would be a lie, so the row stays white.
        _ => {}
    }
}
