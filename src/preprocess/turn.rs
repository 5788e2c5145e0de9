//! Turning images.

use image::{GrayImage, imageops};

/// How the content of a page is turned: quarter turns, clockwise, that were applied to upright
/// content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct QuarterTurns(pub(crate) u8);

impl QuarterTurns {
    /// Degrees: 0, 90, 180 or 270.
    pub(crate) fn degrees(self) -> u16 {
        u16::from(self.0 % 4) * 90
    }

    /// The turns that take these back.
    pub(crate) fn back(self) -> Self {
        Self((4 - self.0 % 4) % 4)
    }

    /// The image with the turns undone.
    pub(crate) fn undo(self, image: &GrayImage) -> GrayImage {
        match self.0 % 4 {
            1 => imageops::rotate270(image),
            2 => imageops::rotate180(image),
            3 => imageops::rotate90(image),
            _ => image.clone(),
        }
    }
}

/// Bits of the fraction in coordinates.
const FRACTION: u32 = 16;

/// Undoes a skew of so many degrees, clockwise, about the middle of the image, whose size is kept.
/// What comes in from outside takes the colour of the nearest pixel of the edge.
pub(crate) fn straighten(image: &GrayImage, degrees: f32) -> GrayImage {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    let pixels = image.as_raw();
    let fixed = |v: f32| (f64::from(v) * f64::from(1_u32 << FRACTION)).round() as i64;
    let (middle_x, middle_y) = (width as f32 / 2.0, height as f32 / 2.0);
    let mut out = Vec::with_capacity(pixels.len());
    for y in 0..height {
        let dy = y as f32 - middle_y;
        let mut x_at = fixed(middle_x - middle_x * cosine - dy * sine);
        let mut y_at = fixed(middle_y - middle_x * sine + dy * cosine);
        for _ in 0..width {
            out.push(bilinear(pixels, width, height, x_at, y_at));
            x_at += fixed(cosine);
            y_at += fixed(sine);
        }
    }
    GrayImage::from_raw(image.width(), image.height(), out).unwrap_or_default()
}

/// The level at a point between pixels, whose middles have whole coordinates.
pub(super) fn sample(image: &GrayImage, x: f32, y: f32) -> u8 {
    let one = (1_u32 << FRACTION) as f32;
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    bilinear(image.as_raw(), width, height, (x * one) as i64, (y * one) as i64)
}

fn bilinear(pixels: &[u8], width: i64, height: i64, x_at: i64, y_at: i64) -> u8 {
    let at = |x: i64, y: i64| {
        let (x, y) = (x.clamp(0, width - 1), y.clamp(0, height - 1));
        i64::from(pixels[(y * width + x) as usize])
    };
    let (x, y) = (x_at >> FRACTION, y_at >> FRACTION);
    // Eight bits of the fraction are plenty for pixels of eight bits.
    let fx = (x_at >> (FRACTION - 8)) & 255;
    let fy = (y_at >> (FRACTION - 8)) & 255;
    let (nw, ne, sw, se) = if x >= 0 && y >= 0 && x + 1 < width && y + 1 < height {
        let i = (y * width + x) as usize;
        let below = i + width as usize;
        let p = |i: usize| i64::from(pixels[i]);
        (p(i), p(i + 1), p(below), p(below + 1))
    } else {
        (at(x, y), at(x + 1, y), at(x, y + 1), at(x + 1, y + 1))
    };
    let top = nw * (256 - fx) + ne * fx;
    let bottom = sw * (256 - fx) + se * fx;
    ((top * (256 - fy) + bottom * fy + (1 << 15)) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    #[test]
    fn quarter_turns_are_undone() {
        let mut image = GrayImage::new(4, 2);
        image.put_pixel(0, 0, Luma([9]));
        let turned = imageops::rotate90(&image);
        assert_eq!(QuarterTurns(1).undo(&turned), image);
        assert_eq!(QuarterTurns(2).undo(&imageops::rotate180(&image)), image);
        assert_eq!(QuarterTurns(3).undo(&imageops::rotate270(&image)), image);
        assert_eq!(QuarterTurns(3).degrees(), 270);
        assert_eq!(QuarterTurns(1).back(), QuarterTurns(3));
        assert_eq!(QuarterTurns(0).back(), QuarterTurns(0));
    }

    #[test]
    fn no_angle_changes_nothing() {
        let image = GrayImage::from_fn(20, 10, |x, y| Luma([(x * 10 + y) as u8]));
        assert_eq!(straighten(&image, 0.0), image);
    }

    #[test]
    fn what_fell_to_the_right_is_level() {
        // A dot right of the middle; the page is skewed clockwise by 3°, so it lies lower there.
        let mut skewed = GrayImage::from_pixel(401, 301, Luma([255]));
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            skewed.put_pixel(380 + dx, 159 + dy, Luma([0]));
        }
        let straight = straighten(&skewed, 3.0);
        let dark = straight.enumerate_pixels().min_by_key(|(_, _, p)| p.0[0]).unwrap();
        assert!(dark.1.abs_diff(150) <= 1 && dark.0.abs_diff(380) <= 1, "{dark:?}");
        assert_eq!(straight.get_pixel(0, 0).0, [255]);
    }
}
