//! Images of pages, for people and programs to look at.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage, imageops};

use crate::call::Call;
use crate::document::PictureDescription;
use crate::error::{Error, Result};
use crate::geometry::{Pt, Rect, Resolution, rect};

/// Somebody who says in words what a picture shows: a language model that sees, most likely behind
/// an endpoint. Pictures of documents go to whoever implements it, and nobody else.
pub trait PictureDescriber: std::fmt::Debug + Send + Sync + 'static {
    /// Describes a picture as the prompt asks.
    ///
    /// # Errors
    ///
    /// Where there is no answer. The picture is left without a description then, with a warning.
    fn describe(
        &self,
        picture: &PageImage,
        prompt: &str,
        call: &Call,
    ) -> Result<PictureDescription>;

    /// How many pictures may be shown to it at once, at least 1. Default: 1.
    fn at_once(&self) -> usize {
        1
    }
}

/// The image of a page in colour, upright as the document's boxes are. Comes from
/// [`Engine::page_images`](crate::Engine::page_images).
#[derive(Clone, Debug)]
pub struct PageImage {
    /// The page in the source document, from 0.
    pub index: usize,
    /// Pixels an inch.
    pub resolution: Resolution,
    pixels: RgbImage,
}

impl PageImage {
    pub(crate) fn new(index: usize, resolution: Resolution, pixels: RgbImage) -> Self {
        Self { index, resolution, pixels }
    }

    /// Its pixels alone.
    pub(crate) fn into_rgb(self) -> Vec<u8> {
        self.pixels.into_raw()
    }

    /// Width in pixels, at least 1.
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Height in pixels, at least 1.
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// The pixels, row by row from the top: three bytes each, red, green and blue.
    pub fn rgb(&self) -> &[u8] {
        self.pixels.as_raw()
    }

    /// The image turned back by what [`Page::rotation`](crate::Page::rotation) says, so that it
    /// agrees with the page's boxes. Anything but 90, 180 and 270 leaves it as it is.
    #[must_use]
    pub fn turned_back(self, rotation: u16) -> Self {
        let pixels = match rotation {
            90 => imageops::rotate270(&self.pixels),
            180 => imageops::rotate180(&self.pixels),
            270 => imageops::rotate90(&self.pixels),
            _ => self.pixels,
        };
        Self { pixels, ..self }
    }

    /// The part of the image within a box of the page, in points; `None` where they do not meet.
    pub fn crop(&self, part: Rect<Pt>) -> Option<Self> {
        let page = rect(0.0, 0.0, self.width() as f32, self.height() as f32);
        let part = self.resolution.to_pixels(part).intersection(&page)?;
        let (x, y) = (part.min.x as u32, part.min.y as u32);
        let width = (part.max.x.ceil() as u32).min(self.width()).checked_sub(x)?;
        let height = (part.max.y.ceil() as u32).min(self.height()).checked_sub(y)?;
        if width == 0 || height == 0 {
            return None;
        }
        let pixels = imageops::crop_imm(&self.pixels, x, y, width, height).to_image();
        Some(Self { pixels, ..*self })
    }

    /// The same, made smaller where a side is longer than this, in pixels.
    #[must_use]
    pub(crate) fn within(self, longest: u32) -> Self {
        let side = self.width().max(self.height());
        if side <= longest {
            return self;
        }
        let factor = longest as f32 / side as f32;
        let scaled = |side: u32| ((side as f32 * factor).round() as u32).max(1);
        let (width, height) = (scaled(self.width()), scaled(self.height()));
        let pixels = imageops::resize(&self.pixels, width, height, imageops::FilterType::Triangle);
        Self { pixels, resolution: Resolution(self.resolution.0 * factor), ..self }
    }

    /// A JPEG file of it.
    ///
    /// `quality` is 1 to 100 (values outside are brought to the nearer end); 80 is good for pages.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] for sides above 65,535 pixels, which JPEG does not have.
    pub fn jpeg(&self, quality: u8) -> Result<Vec<u8>> {
        let mut out = Cursor::new(Vec::new());
        JpegEncoder::new_with_quality(&mut out, quality.clamp(1, 100))
            .write_image(self.rgb(), self.width(), self.height(), ExtendedColorType::Rgb8)
            .map_err(|e| self.failed("JPEG", &e))?;
        Ok(out.into_inner())
    }

    /// A PNG file of it.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] where the encoder refuses the size.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut out = Cursor::new(Vec::new());
        self.pixels
            .write_to(&mut out, image::ImageFormat::Png)
            .map_err(|e| self.failed("PNG", &e))?;
        Ok(out.into_inner())
    }

    fn failed(&self, format: &str, error: &image::ImageError) -> Error {
        let detail = format!("{}×{} pixels do not fit a {format}", self.width(), self.height());
        Error::TooLarge {
            name: format!("the image of page {}", self.index),
            detail: format!("{detail} ({error})"),
        }
    }
}

/// Somebody who reads a formula from its picture: a model that sees, most likely behind an endpoint.
/// Formulas of documents go to whoever implements it, and nobody else.
pub trait FormulaReader: std::fmt::Debug + Send + Sync + 'static {
    /// The LaTeX of the formula in the picture; dollars and fences around it are taken off.
    ///
    /// # Errors
    ///
    /// Where there is no answer. The formula stays plain text then, with a warning.
    fn latex(&self, picture: &PageImage, call: &Call) -> Result<String>;

    /// How many formulas may be shown to it at once, at least 1. Default: 1.
    fn at_once(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> PageImage {
        // Red above blue: 20 × 40 pixels at 72 dots an inch, so a pixel is a point.
        let pixels = RgbImage::from_fn(20, 40, |_, y| {
            image::Rgb(if y < 20 { [255, 0, 0] } else { [0, 0, 255] })
        });
        PageImage::new(3, Resolution(72.0), pixels)
    }

    #[test]
    fn a_part_is_cut_out_in_points() {
        let part = page().crop(rect(5.0, 18.0, 15.0, 30.0)).unwrap();
        assert_eq!((part.width(), part.height(), part.index), (10, 12, 3));
        assert_eq!((&part.rgb()[..3], part.rgb().last()), (&[255, 0, 0][..], Some(&255)));
        assert!(page().crop(rect(30.0, 0.0, 40.0, 10.0)).is_none());
        // What hangs over the edge is cut off.
        assert_eq!(page().crop(rect(-5.0, 30.0, 15.0, 99.0)).unwrap().height(), 10);
    }

    #[test]
    fn turning_back_undoes_the_turn() {
        // Content turned clockwise by 90° has its top at the right; turned back it is on top.
        let turned = PageImage { pixels: imageops::rotate90(&page().pixels), ..page() };
        assert_eq!(turned.turned_back(90).rgb(), page().rgb());
        assert_eq!(page().turned_back(180).rgb()[..3], [0, 0, 255]);
    }

    #[test]
    fn files_decode_again() {
        for bytes in [page().jpeg(90).unwrap(), page().png().unwrap()] {
            let decoded = image::load_from_memory(&bytes).unwrap().into_rgb8();
            assert_eq!(decoded.dimensions(), (20, 40));
            assert!(decoded.get_pixel(10, 5).0[0] > 200);
        }
    }
}
