//! An image as PDF wants it, without loss.

use ::image::metadata::Orientation;
use ::image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use lopdf::{Dictionary, Document as Pdf, Object, ObjectId, Stream, dictionary};

use super::font::packed;
use super::png;
use crate::error::{Error, Result};

/// An image of a page: one part, or several on top of each other.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) parts: Vec<Part>,
    pub(super) orientation: Orientation,
}

/// A rectangle of pixels.
#[derive(Debug)]
pub(super) struct Part {
    /// Where it begins and ends, as shares of the image's height from its top.
    pub(super) top: f32,
    pub(super) bottom: f32,
    stream: Stream,
    /// Opacity, where the image has it.
    mask: Option<Stream>,
}

impl Part {
    /// All of an image.
    pub(super) fn whole(stream: Stream) -> Self {
        Self { top: 0.0, bottom: 1.0, stream, mask: None }
    }

    /// The same, as a part of the height only.
    pub(super) fn between(self, top: f32, bottom: f32) -> Self {
        Self { top, bottom, ..self }
    }

    /// The same, with its opacity.
    pub(super) fn with_mask(self, mask: Stream) -> Self {
        Self { mask: Some(mask), ..self }
    }

    /// Adds the image to a PDF.
    pub(super) fn add(mut self, pdf: &mut Pdf) -> ObjectId {
        if let Some(mask) = self.mask.take() {
            self.stream.dict.set("SMask", pdf.add_object(mask));
        }
        pdf.add_object(self.stream)
    }
}

impl Picture {
    /// The picture in an image file that is no TIFF.
    pub(super) fn of(name: &str, bytes: &[u8]) -> Result<Self> {
        let damaged = |e: ::image::ImageError| Error::Damaged {
            name: name.to_owned(),
            detail: e.to_string(),
        };
        let reader = ImageReader::new(std::io::Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|e| damaged(e.into()))?;
        let format = reader.format();
        let mut decoder = reader.into_decoder().map_err(damaged)?;
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let as_it_is = match format {
            Some(ImageFormat::Jpeg) => jpeg(bytes),
            Some(ImageFormat::Png) => png::stream(bytes),
            _ => None,
        };
        let part = match as_it_is {
            Some(stream) => Part::whole(stream),
            None => pixels(DynamicImage::from_decoder(decoder).map_err(damaged)?),
        };
        Ok(Self { parts: vec![part], orientation })
    }
}

/// The dictionary of an image.
pub(super) fn header(width: u32, height: u32, space: impl Into<Object>, bits: u8) -> Dictionary {
    dictionary! {
        "Type" => "XObject",
        "Subtype" => "Image",
        "Width" => width,
        "Height" => height,
        "ColorSpace" => space.into(),
        "BitsPerComponent" => i64::from(bits),
    }
}

/// JPEG data as it is; `None` where its frame header cannot be found.
fn jpeg(bytes: &[u8]) -> Option<Stream> {
    let mut at = 2;
    let mut adobe = false;
    loop {
        let &[0xFF, marker, ..] = bytes.get(at..)? else { return None };
        // Fill bytes.
        if marker == 0xFF {
            at += 1;
            continue;
        }
        let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
        let segment = bytes.get(at + 4..at + 2 + length)?;
        match (marker, segment) {
            (0xEE, [b'A', b'd', b'o', b'b', b'e', ..]) => adobe = true,
            // Start of frame: 0xC0 to 0xCF but for tables (C4), extensions (C8) and
            // arithmetic conditioning (CC).
            (0xC0..=0xCF, &[bits, h1, h0, w1, w0, components, ..])
                if !matches!(marker, 0xC4 | 0xC8 | 0xCC) =>
            {
                let space = match components {
                    1 => "DeviceGray",
                    3 => "DeviceRGB",
                    4 => "DeviceCMYK",
                    _ => return None,
                };
                let [width, height] = [[w1, w0], [h1, h0]].map(u16::from_be_bytes).map(u32::from);
                let mut dictionary = header(width, height, space, bits);
                dictionary.set("Filter", "DCTDecode");
                if components == 4 && adobe {
                    // Adobe's programs write CMYK inverted.
                    dictionary.set(
                        "Decode",
                        Object::Array([1, 0].repeat(4).into_iter().map(Object::from).collect()),
                    );
                }
                return Some(Stream::new(dictionary, bytes.to_vec()).with_compression(false));
            }
            _ => {}
        }
        at += 2 + length;
    }
}

/// Pixels without loss, opacity as a mask.
fn pixels(image: DynamicImage) -> Part {
    let (width, height) = (image.width(), image.height());
    let color = image.color();
    let (channels, alpha) = (usize::from(color.channel_count()), color.has_alpha());
    let wide =
        matches!(color, ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16);
    let colors = channels - usize::from(alpha);
    let (bytes, bytes_each) = match image {
        image if wide => (big_endian(image.as_bytes()), 2),
        DynamicImage::ImageRgb32F(_) | DynamicImage::ImageRgba32F(_) => {
            let rgb = image.to_rgb8();
            return Part::whole(packed(header(width, height, "DeviceRGB", 8), rgb.into_raw()));
        }
        image => (image.into_bytes(), 1),
    };
    let bits = 8 * bytes_each as u8;
    let pick = |channels_of: std::ops::Range<usize>| -> Vec<u8> {
        bytes
            .chunks_exact(channels * bytes_each)
            .flat_map(|p| &p[channels_of.start * bytes_each..channels_of.end * bytes_each])
            .copied()
            .collect()
    };
    let space = if colors == 1 { "DeviceGray" } else { "DeviceRGB" };
    let dictionary = header(width, height, space, bits);
    let mask =
        alpha.then(|| packed(header(width, height, "DeviceGray", bits), pick(colors..channels)));
    let pixels = if alpha { pick(0..colors) } else { bytes };
    Part { mask, ..Part::whole(packed(dictionary, pixels)) }
}

/// Samples of 16 bits as PDF has them.
fn big_endian(native: &[u8]) -> Vec<u8> {
    native.chunks_exact(2).flat_map(|s| u16::from_ne_bytes([s[0], s[1]]).to_be_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn only_part(image: &DynamicImage, format: ImageFormat) -> (Part, Vec<u8>) {
        let bytes = encoded(image, format);
        let mut parts = Picture::of("x", &bytes).unwrap().parts;
        assert_eq!(parts.len(), 1);
        (parts.remove(0), bytes)
    }

    fn number(stream: &Stream, key: &str) -> i64 {
        stream.dict.get(key.as_bytes()).unwrap().as_i64().unwrap()
    }

    #[test]
    fn jpeg_data_goes_in_as_it_is() {
        let image = DynamicImage::ImageRgb8(::image::RgbImage::new(7, 5));
        let (part, bytes) = only_part(&image, ImageFormat::Jpeg);
        assert_eq!(part.stream.content, bytes);
        assert_eq!((number(&part.stream, "Width"), number(&part.stream, "Height")), (7, 5));
    }

    #[test]
    fn opacity_becomes_a_mask() {
        let mut image = ::image::RgbaImage::new(2, 1);
        image.put_pixel(0, 0, ::image::Rgba([1, 2, 3, 4]));
        image.put_pixel(1, 0, ::image::Rgba([5, 6, 7, 8]));
        let (part, _) = only_part(&DynamicImage::ImageRgba8(image), ImageFormat::WebP);
        assert_eq!(part.stream.get_plain_content().unwrap(), [1, 2, 3, 5, 6, 7]);
        assert_eq!(part.mask.unwrap().get_plain_content().unwrap(), [4, 8]);
    }

    #[test]
    fn deep_samples_keep_their_bits() {
        let image = ::image::ImageBuffer::from_raw(1, 1, vec![0x0102_u16, 0x0304]).unwrap();
        let part = pixels(DynamicImage::ImageLumaA16(image));
        assert_eq!(part.stream.get_plain_content().unwrap(), [1, 2]);
        assert_eq!(number(&part.stream, "BitsPerComponent"), 16);
        assert_eq!(part.mask.unwrap().get_plain_content().unwrap(), [3, 4]);
    }

    #[test]
    fn a_jpeg_with_a_segment_of_adobe_is_read_to_its_frame() {
        // Once read over and over again; as CMYK its samples are inverted.
        let bytes =
            b"\xff\xd8\xff\xee\x00\x0eAdobe\0d\0\0\0\0\0\xff\xc0\x00\x14\x08\0\x28\0\x5a\x04\
                      C\x11\0M\x11\0Y\x11\0K\x11\0";
        let stream = jpeg(bytes).unwrap();
        assert_eq!((number(&stream, "Width"), number(&stream, "Height")), (90, 40));
        assert_eq!(stream.dict.get(b"Decode").and_then(Object::as_array).unwrap().len(), 8);
    }

    #[test]
    fn a_jpeg_without_a_frame_is_no_jpeg() {
        assert!(jpeg(b"\xff\xd8\xff\xfe\x00\x04ab").is_none());
        assert!(jpeg(b"\xff\xd8").is_none());
    }
}
