//! How many pixels there are to an inch: what files say, and what to believe.

use image::GrayImage;
use image::imageops::{self, FilterType};

/// Densities outside of this are no page's.
const SANE: std::ops::RangeInclusive<f32> = 50.0..=1200.0;

/// Many programs write 72 or 96 without knowing. A page larger than this (in inches, somewhat more
/// than A3) is not believed at such a density.
const LONGEST_PAGE: f32 = 17.5;

/// A4, in inches.
const A4: (f32, f32) = (8.27, 11.69);

/// Estimates stay in a range in which text has a readable size.
const ESTIMATES: std::ops::RangeInclusive<f32> = 70.0..=600.0;

/// Above this ratio pixels are not square by intention (fax: 204×98, 204×196).
const SQUARE: f32 = 1.02;

/// Pixels per inch, as stated by a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Density {
    pub(super) x: f32,
    pub(super) y: f32,
}

impl Density {
    pub(super) fn per_metre(x: u32, y: u32) -> Self {
        Self { x: x as f32 * 0.0254, y: y as f32 * 0.0254 }
    }

    /// Whether to believe it for an image of this size.
    pub(super) fn is_sane(self, width: u32, height: u32) -> bool {
        let longest = (width as f32 / self.x).max(height as f32 / self.y);
        let ratio = self.x / self.y;
        SANE.contains(&self.x)
            && SANE.contains(&self.y)
            && (0.2..=5.0).contains(&ratio)
            && (self.x > 96.5 || longest <= LONGEST_PAGE)
    }

    /// Makes pixels square by stretching the coarser direction.
    pub(super) fn square(self, image: GrayImage) -> (GrayImage, f32) {
        let ratio = self.x / self.y;
        if (1.0 / SQUARE..=SQUARE).contains(&ratio) {
            return (image, self.x);
        }
        let ppi = self.x.max(self.y);
        let stretch = |side: u32, of: f32| ((side as f32 * ppi / of).round() as u32).max(1);
        let (width, height) = (stretch(image.width(), self.x), stretch(image.height(), self.y));
        (imageops::resize(&image, width, height, FilterType::Triangle), ppi)
    }
}

/// The density at which an image would be a page of A4, upright or lying.
pub(super) fn estimate(width: u32, height: u32) -> f32 {
    let (short, long) = (width.min(height) as f32, width.max(height) as f32);
    (short / A4.0).max(long / A4.1).clamp(*ESTIMATES.start(), *ESTIMATES.end())
}

/// The density in a JPEG's JFIF segment.
pub(super) fn of_jpeg(bytes: &[u8]) -> Option<Density> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    // JFIF comes first; a few other segments are let pass before it.
    for _ in 0..8 {
        let [0xff, marker, high, low, ..] = *rest else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(4..2 + length)?;
        if let (0xe0, [b'J', b'F', b'I', b'F', 0, _, _, unit, x1, x2, y1, y2, ..]) =
            (marker, segment)
        {
            let x = f32::from(u16::from_be_bytes([*x1, *x2]));
            let y = f32::from(u16::from_be_bytes([*y1, *y2]));
            return match unit {
                1 => Some(Density { x, y }),
                2 => Some(Density { x: x * 2.54, y: y * 2.54 }),
                _ => None,
            };
        }
        rest = rest.get(2 + length..)?;
    }
    None
}

/// The density in a BMP's header.
pub(super) fn of_bmp(bytes: &[u8]) -> Option<Density> {
    let number = |at: usize| -> Option<u32> {
        Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
    };
    // Older headers (12 bytes) have no density.
    (number(14)? >= 40).then_some(())?;
    Some(Density::per_metre(number(38)?, number(42)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_of_programs_are_not_believed_for_large_images() {
        let screen = Density { x: 72.0, y: 72.0 };
        assert!(screen.is_sane(595, 842));
        assert!(!screen.is_sane(4000, 3000));
        assert!(Density { x: 300.0, y: 300.0 }.is_sane(9000, 9000));
        assert!(!Density { x: 0.0, y: 0.0 }.is_sane(100, 100));
        assert!(!Density { x: 300.0, y: 20.0 }.is_sane(100, 100));
        assert!(!Density { x: 1.0, y: 1.0 }.is_sane(100, 100));
    }

    #[test]
    fn estimates_give_a4() {
        assert!((estimate(2480, 3508) - 300.0).abs() < 1.0);
        assert!((estimate(3508, 2480) - 300.0).abs() < 1.0);
        assert_eq!(estimate(1, 1), 70.0);
        assert_eq!(estimate(20_000, 20_000), 600.0);
    }

    #[test]
    fn fax_pixels_become_square() {
        let (image, ppi) = Density { x: 204.0, y: 102.0 }.square(GrayImage::new(100, 50));
        assert_eq!((image.dimensions(), ppi), ((100, 100), 204.0));
        let (image, ppi) = Density { x: 300.0, y: 299.0 }.square(GrayImage::new(100, 50));
        assert_eq!((image.dimensions(), ppi), ((100, 50), 300.0));
    }

    #[test]
    fn jfif_density_is_read() {
        let mut jpeg = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x02\x01\x01\x2c\x01\x2c\0\0".to_vec();
        assert_eq!(of_jpeg(&jpeg), Some(Density { x: 300.0, y: 300.0 }));
        jpeg[13] = 2;
        assert_eq!(of_jpeg(&jpeg), Some(Density { x: 762.0, y: 762.0 }));
        assert_eq!(of_jpeg(&jpeg[..12]), None);
    }
}
