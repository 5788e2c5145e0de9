//! PNG, row by row: a page of 400 million pixels fits where its gray fits.

use ::png::{
    BitDepth, ColorType as PngColor, Decoder, DecodingError, Limits, Transformations, Unit,
};
use image::ColorType;
use image::metadata::Orientation;

use super::canvas::Canvas;
use super::density::Density;
use super::{Decoded, damaged, most_decoded_bytes, reader, too_large};
use crate::error::{Error, Result};
use crate::source::Input;

/// For a row and for text chunks, which nobody reads.
const MOST_OTHER_BYTES: usize = 64 << 20;

pub(super) fn decode(input: &Input) -> Result<Decoded> {
    let failed = |e: DecodingError| -> Error {
        match e {
            DecodingError::LimitsExceeded => too_large(input, "it needs too much memory"),
            other => damaged(input, other.to_string()),
        }
    };
    let mut decoder = Decoder::new_with_limits(reader(input), Limits { bytes: MOST_OTHER_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let (width, height) = {
        let header = decoder.read_header_info().map_err(failed)?;
        (header.width, header.height)
    };
    let mut canvas = Canvas::new(input, width, height)?;
    let mut reader = decoder.read_info().map_err(failed)?;
    let density = reader
        .info()
        .pixel_dims
        .filter(|d| d.unit == Unit::Meter)
        .map(|d| Density::per_metre(d.xppu, d.yppu));
    let orientation = reader
        .info()
        .exif_metadata
        .as_deref()
        .and_then(Orientation::from_exif_chunk)
        .unwrap_or(Orientation::NoTransforms);
    let color = match reader.output_color_type() {
        (PngColor::Grayscale, BitDepth::Eight) => ColorType::L8,
        (PngColor::GrayscaleAlpha, BitDepth::Eight) => ColorType::La8,
        (PngColor::Rgb, BitDepth::Eight) => ColorType::Rgb8,
        (PngColor::Rgba, BitDepth::Eight) => ColorType::Rgba8,
        (color, depth) => {
            return Err(damaged(input, format!("colour type {color:?} of depth {depth:?}")));
        }
    };
    if reader.info().interlaced {
        // Rows come in no order: the whole image is needed.
        let bytes = reader.output_buffer_size().filter(|b| *b as u64 <= most_decoded_bytes(input));
        let mut pixels = match bytes {
            Some(bytes) => vec![0; bytes],
            None => return Err(too_large(input, format!("{width}×{height} pixels, interlaced"))),
        };
        reader.next_frame(&mut pixels).map_err(failed)?;
        for row in pixels.chunks_exact(usize::from(color.bytes_per_pixel()) * width as usize) {
            canvas.push_color(row, color);
        }
    } else {
        while let Some(row) = reader.next_row().map_err(failed)? {
            canvas.push_color(row.data(), color);
        }
    }
    Ok(Decoded { canvas, density, orientation })
}
