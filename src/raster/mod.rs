//! Image files as pages.

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageDecoder, RgbImage, metadata::Orientation};

use self::canvas::Canvas;
use self::density::Density;
use crate::error::{Error, Result};
use crate::geometry::Resolution;
use crate::limits::Limits;
use crate::source::{Format, Input};

mod canvas;
mod density;
mod fax;
mod png;
mod tiff;

/// Bytes that a decoder may use for one image: the largest image that [`Canvas`] takes, in colour.
fn most_decoded_bytes(input: &Input) -> u64 {
    input.limits.image_pixels.saturating_mul(3)
}

/// An image file, opened: pages are decoded one at a time.
///
/// Pages come upright as far as the file says how (EXIF orientation), in gray with transparency
/// over white. An image of more than [`Limits::page_pixels`] comes scaled down.
#[derive(Debug)]
pub(crate) struct ImagePages {
    input: Input,
    /// Index of each page among the file's images (a TIFF holds thumbnails and masks too).
    pages: Vec<usize>,
}

/// A decoded image, before what its metadata asks for.
#[derive(Debug)]
struct Decoded {
    canvas: Canvas,
    density: Option<Density>,
    orientation: Orientation,
}

impl ImagePages {
    /// Opens the file and counts its pages (more than one in TIFF only: the frames of an
    /// animation are one page, its first).
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] where the file's structure cannot be read.
    pub(crate) fn open(input: Input) -> Result<Self> {
        let pages = match input.format {
            Format::Tiff => tiff::pages(&input)?,
            _ => vec![0],
        };
        Ok(Self { input, pages })
    }

    /// How many pages there are, at least 1.
    pub(crate) fn page_count(&self) -> usize {
        self.pages.len()
    }

    /// Decodes a page (from 0) to gray, with its resolution as the file states it where that is
    /// sane, or else estimated for a page of A4 size.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`], [`Error::UnsupportedFormat`] for a variant of a format that is not
    /// read, [`Error::TooLarge`] above [`Limits::image_pixels`], [`Error::PageOutOfRange`].
    pub(crate) fn page(&mut self, index: usize) -> Result<(GrayImage, Resolution)> {
        let input = &self.input;
        let &image = self.pages.get(index).ok_or_else(|| Error::PageOutOfRange {
            name: input.name.clone(),
            page: index,
            count: self.pages.len(),
        })?;
        let decoded = match input.format {
            Format::Tiff => tiff::decode(input, image)?,
            Format::Png => png::decode(input)?,
            Format::Jpeg => {
                // The decoder makes up what is missing; half a page must not pass for a whole one.
                if !has_jpeg_end(input.content.bytes()) {
                    return Err(Error::Damaged {
                        name: input.name.clone(),
                        detail: "the JPEG data ends early".to_owned(),
                    });
                }
                let decoder = image::codecs::jpeg::JpegDecoder::new(reader(input));
                whole(input, decoder, density::of_jpeg(input.content.bytes()))?
            }
            Format::WebP => {
                whole(input, image::codecs::webp::WebPDecoder::new(reader(input)), None)?
            }
            Format::Bmp => {
                let decoder = image::codecs::bmp::BmpDecoder::new(reader(input));
                whole(input, decoder, density::of_bmp(input.content.bytes()))?
            }
            Format::Gif => whole(input, image::codecs::gif::GifDecoder::new(reader(input)), None)?,
            Format::Pdf => {
                return Err(Error::UnsupportedFormat {
                    name: input.name.clone(),
                    found: "a PDF, not an image".into(),
                });
            }
        };
        Ok(finish(decoded))
    }

    /// Decodes a page (from 0) to colour, as large as [`page`](Self::page) gives it. Pages of TIFF
    /// files, and those too large to be held in colour, come in gray.
    ///
    /// # Errors
    ///
    /// As [`page`](Self::page).
    pub(crate) fn color_page(&mut self, index: usize) -> Result<(RgbImage, Resolution)> {
        let (gray, resolution) = self.page(index)?;
        let (width, height) = gray.dimensions();
        let image = match self.color(width, height) {
            // Squared pixels, or scaled down.
            Some(image) if image.dimensions() != (width, height) => {
                imageops::resize(&image, width, height, FilterType::Triangle)
            }
            Some(image) => image,
            None => DynamicImage::ImageLuma8(gray).into_rgb8(),
        };
        Ok((image, resolution))
    }

    fn color(&self, width: u32, height: u32) -> Option<RgbImage> {
        if self.input.format == Format::Tiff {
            return None;
        }
        let mut reader = image::ImageReader::new(reader(&self.input)).with_guessed_format().ok()?;
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(most_decoded_bytes(&self.input));
        reader.limits(limits);
        let mut decoder = reader.into_decoder().ok()?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut image = DynamicImage::from_decoder(decoder).ok()?;
        image.apply_orientation(orientation);
        // What the two ways of decoding disagree about is not scaled into agreement.
        let wide = |w: u32, h: u32| w as f32 / h as f32;
        let ratio = wide(image.width(), image.height()) / wide(width, height);
        (0.25..4.0).contains(&ratio).then(|| on_white(image))
    }
}

/// The image without transparency: over white, as paper is.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [r, g, b, alpha] = image.get_pixel(x, y).0.map(u16::from);
        let over = |c: u16| ((c * alpha + 255 * (255 - alpha)) / 255) as u8;
        image::Rgb([over(r), over(g), over(b)])
    })
}

fn reader(input: &Input) -> std::io::Cursor<&[u8]> {
    std::io::Cursor::new(input.content.bytes())
}

/// Decodes with a decoder that gives whole images only.
fn whole<D: ImageDecoder>(
    input: &Input,
    decoder: image::ImageResult<D>,
    density: Option<Density>,
) -> Result<Decoded> {
    let failed = |e: image::ImageError| match e {
        image::ImageError::Limits(_) => too_large(input, "it needs too much memory".to_owned()),
        image::ImageError::Unsupported(e) => unsupported(input, e.to_string()),
        other => damaged(input, other.to_string()),
    };
    let mut decoder = decoder.map_err(failed)?;
    let (width, height) = decoder.dimensions();
    let mut canvas = Canvas::new(input, width, height)?;
    let most = most_decoded_bytes(input);
    if decoder.total_bytes() > most {
        return Err(too_large(input, format!("{width}×{height} pixels in colour")));
    }
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(most);
    decoder.set_limits(limits).map_err(failed)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let color = decoder.color_type();
    // Fits: at most three bytes for each pixel that the limit allows.
    let mut bytes = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut bytes).map_err(failed)?;
    let row_bytes = usize::from(color.bytes_per_pixel()) * width as usize;
    for row in bytes.chunks_exact(row_bytes) {
        canvas.push_color(row, color);
    }
    Ok(Decoded { canvas, density, orientation })
}

/// Squares the pixels, turns the image as its metadata says, and settles its resolution.
fn finish(decoded: Decoded) -> (GrayImage, Resolution) {
    let Decoded { canvas, density, orientation } = decoded;
    let (full_width, full_height) = canvas.source_size();
    let density = density.filter(|d| d.is_sane(full_width, full_height));
    let factor = canvas.factor();
    let image = canvas.finish();
    let (image, ppi) = match density {
        Some(density) => density.square(image),
        None => (image, density::estimate(full_width, full_height)),
    };
    let mut image = DynamicImage::ImageLuma8(image);
    image.apply_orientation(orientation);
    (image.into_luma8(), Resolution(ppi / factor as f32))
}

fn damaged(input: &Input, detail: impl Into<String>) -> Error {
    Error::Damaged { name: input.name.clone(), detail: detail.into() }
}

fn too_large(input: &Input, detail: impl Into<String>) -> Error {
    Limits::exceeded(&input.name, &detail.into(), "image_pixels")
}

/// For a variant of a known format.
fn unsupported(input: &Input, what: impl std::fmt::Display) -> Error {
    Error::UnsupportedFormat {
        name: input.name.clone(),
        found: format!("a {:?} image of a kind that is not supported ({what})", input.format)
            .into(),
    }
}

/// Whether the end marker of JPEG stands near the end of the file (some writers pad).
fn has_jpeg_end(bytes: &[u8]) -> bool {
    /// Padding that is still believed.
    const PADDING: usize = 4096;
    let tail = &bytes[bytes.len().saturating_sub(PADDING)..];
    tail.windows(2).any(|pair| pair == [0xFF, 0xD9])
}

#[cfg(test)]
mod tests;
