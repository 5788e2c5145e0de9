//! TIFF: several images in a file, many codings.

use std::io::Cursor;

use ::tiff::decoder::ifd::Value;
use ::tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use ::tiff::tags::{CompressionMethod, PhotometricInterpretation, Tag};
use ::tiff::{ColorType, TiffError};
use image::metadata::Orientation;

use super::canvas::Canvas;
use super::density::Density;
use super::fax::{self, Coding};
use super::{Decoded, damaged, too_large, unsupported};
use crate::error::{Error, Result};
use crate::source::Input;

type Tiff<'a> = Decoder<Cursor<&'a [u8]>>;

/// Bits of the tag NewSubfileType: a smaller copy of another image, or a mask.
const NOT_A_PAGE: u32 = 1 | 4;

/// Images looked at in one file.
const MOST_IMAGES: usize = 65_536;

/// Indices of the file's images that are pages.
pub(super) fn pages(input: &Input) -> Result<Vec<usize>> {
    let mut tiff = open(input, input.content.bytes())?;
    let mut pages = Vec::new();
    for index in 0..MOST_IMAGES {
        let kind = tiff.find_tag_unsigned::<u32>(Tag::NewSubfileType).ok().flatten();
        if kind.unwrap_or(0) & NOT_A_PAGE == 0 {
            pages.push(index);
        }
        // A chain that breaks off gives the images before the break.
        if !tiff.more_images() || tiff.next_image().is_err() {
            break;
        }
    }
    Ok(if pages.is_empty() { vec![0] } else { pages })
}

/// Decodes the image with this index in the file.
pub(super) fn decode(input: &Input, index: usize) -> Result<Decoded> {
    let mut tiff = seek(input, input.content.bytes(), index)?;
    let photometric = tag::<u16>(&mut tiff, Tag::PhotometricInterpretation);
    if photometric == Some(PhotometricInterpretation::RGBPalette.to_u16()) {
        return palette(input, index, &mut tiff);
    }
    let compression = tag::<u16>(&mut tiff, Tag::Compression).unwrap_or(1);
    let coding = match CompressionMethod::from_u16(compression) {
        Some(CompressionMethod::Huffman) => Some(Coding::Huffman),
        Some(CompressionMethod::Fax3) => {
            // T4Options, bit 0.
            let options = tag::<u32>(&mut tiff, Tag::Unknown(292)).unwrap_or(0);
            Some(Coding::Group3 { two_dimensional: options & 1 == 1 })
        }
        Some(CompressionMethod::Fax4) => Some(Coding::Group4),
        _ => None,
    };
    let canvas = match coding {
        Some(coding) => {
            let black_is_zero =
                photometric == Some(PhotometricInterpretation::BlackIsZero.to_u16());
            fax_strips(input, &mut tiff, coding, black_is_zero)?
        }
        None => chunks(input, &mut tiff, None)?,
    };
    Ok(with_metadata(canvas, &mut tiff))
}

fn with_metadata(canvas: Canvas, tiff: &mut Tiff<'_>) -> Decoded {
    let per_inch = |tag: Tag, tiff: &mut Tiff<'_>| match tiff.get_tag(tag).ok()? {
        Value::Rational(of, by) if by > 0 => Some(of as f32 / by as f32),
        Value::Float(value) => Some(value),
        _ => None,
    };
    // ResolutionUnit: 1 none, 2 inch (the default), 3 centimetre.
    let unit = match tag::<u16>(tiff, Tag::ResolutionUnit) {
        Some(1) => None,
        Some(3) => Some(2.54),
        _ => Some(1.0),
    };
    let density = unit.and_then(|unit| {
        let x = per_inch(Tag::XResolution, tiff)? * unit;
        let y = per_inch(Tag::YResolution, tiff)? * unit;
        Some(Density { x, y })
    });
    let orientation = tag::<u16>(tiff, Tag::Orientation)
        .and_then(|o| Orientation::from_exif(u8::try_from(o).ok()?))
        .unwrap_or(Orientation::NoTransforms);
    Decoded { canvas, density, orientation }
}

fn open<'a>(input: &Input, bytes: &'a [u8]) -> Result<Tiff<'a>> {
    // A strip of a large image may be the whole image, in colour.
    let mut limits = Limits::default();
    let most = usize::try_from(input.limits.image_pixels).unwrap_or(usize::MAX);
    limits.decoding_buffer_size = most.saturating_mul(3);
    limits.intermediate_buffer_size = most;
    Decoder::new(Cursor::new(bytes))
        .map(|decoder| decoder.with_limits(limits))
        .map_err(|e| failed(input, e))
}

fn seek<'a>(input: &Input, bytes: &'a [u8], index: usize) -> Result<Tiff<'a>> {
    let mut tiff = open(input, bytes)?;
    for _ in 0..index {
        tiff.next_image().map_err(|e| failed(input, e))?;
    }
    Ok(tiff)
}

fn failed(input: &Input, e: TiffError) -> Error {
    match e {
        TiffError::UnsupportedError(e) => unsupported(input, e),
        TiffError::LimitsExceeded => too_large(input, "it needs too much memory"),
        other => damaged(input, other.to_string()),
    }
}

fn tag<T: TryFrom<u64>>(tiff: &mut Tiff<'_>, tag: Tag) -> Option<T> {
    tiff.find_tag_unsigned(tag).ok().flatten()
}

/// Strips in a fax coding, read from the file as they are: the `tiff` crate knows Group 4 only,
/// and only one order of bits.
fn fax_strips(
    input: &Input,
    tiff: &mut Tiff<'_>,
    coding: Coding,
    black_is_zero: bool,
) -> Result<Canvas> {
    let (width, height) = tiff.dimensions().map_err(|e| failed(input, e))?;
    let mut canvas = Canvas::new(input, width, height)?;
    let offsets = tiff.get_tag_u64_vec(Tag::StripOffsets).map_err(|e| failed(input, e))?;
    let lengths = tiff.get_tag_u64_vec(Tag::StripByteCounts).map_err(|e| failed(input, e))?;
    let rows_per_strip = tag::<u32>(tiff, Tag::RowsPerStrip).unwrap_or(height).clamp(1, height);
    let reversed = tag::<u16>(tiff, Tag::FillOrder) == Some(2);
    let mut rows = 0;
    for (strip, (&offset, &length)) in offsets.iter().zip(&lengths).enumerate() {
        let bytes = usize::try_from(offset).ok().zip(usize::try_from(length).ok()).and_then(
            |(from, length)| {
                let to = from.checked_add(length)?.min(input.content.bytes().len());
                input.content.bytes().get(from..to)
            },
        );
        let Some(bytes) = bytes else {
            return Err(damaged(input, format!("strip {strip} lies outside of the file")));
        };
        let turned: Vec<u8>;
        let bytes = if reversed {
            turned = bytes.iter().map(|b| b.reverse_bits()).collect();
            &turned
        } else {
            bytes
        };
        let wanted = rows_per_strip.min(height.saturating_sub(rows));
        let got = fax::decode(bytes, width, wanted, coding, black_is_zero, |r| canvas.push(r));
        rows += got;
        // Encoders may leave out white lines at the end; so may damage.
        let blank = vec![255; width as usize];
        for _ in got..wanted {
            canvas.push(&blank);
            rows += 1;
        }
        if strip == 0 && got == 0 && wanted > 0 && offsets.len() == 1 && !bytes.is_empty() {
            return Err(damaged(input, "no line of the fax image can be decoded"));
        }
    }
    Ok(canvas)
}

/// An image with a palette. The `tiff` crate refuses those; told that the image is gray, it gives
/// the indices.
fn palette(input: &Input, index: usize, tiff: &mut Tiff<'_>) -> Result<Decoded> {
    let map = tiff.get_tag_u16_vec(Tag::ColorMap).map_err(|e| failed(input, e))?;
    let count = map.len() / 3;
    // All reds, then all greens, then all blues, in 16 bits.
    let grays: Vec<u8> = (0..count)
        .map(|i| {
            let [r, g, b] = [map[i], map[count + i], map[2 * count + i]].map(u32::from);
            ((r * 77 + g * 150 + b * 29) >> 16).min(255) as u8
        })
        .collect();
    let directory = tiff.ifd_pointer().map(|p| p.0).and_then(|p| usize::try_from(p).ok());
    let mut bytes = input.content.bytes().to_vec();
    directory
        .and_then(|at| call_it_gray(&mut bytes, at))
        .ok_or_else(|| damaged(input, "its directory of tags cannot be read"))?;
    let mut tiff = seek(input, &bytes, index)?;
    let canvas = chunks(input, &mut tiff, Some(&grays))?;
    Ok(with_metadata(canvas, &mut tiff))
}

/// Overwrites the PhotometricInterpretation of the directory at an offset.
fn call_it_gray(bytes: &mut [u8], directory: usize) -> Option<()> {
    let little = bytes.starts_with(b"II");
    let big_tiff = bytes.get(2..4)?.contains(&43);
    let u16_at = |bytes: &[u8], at: usize| -> Option<u16> {
        let pair = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let (first, entry_bytes, value_at) = if big_tiff {
        (directory.checked_add(8)?, 20, 12)
    } else {
        (directory.checked_add(2)?, 12, 8)
    };
    let mut at = first;
    loop {
        let tag = u16_at(bytes, at)?;
        if tag == Tag::PhotometricInterpretation.to_u16() {
            let value = PhotometricInterpretation::BlackIsZero.to_u16();
            let value = if little { value.to_le_bytes() } else { value.to_be_bytes() };
            bytes.get_mut(at + value_at..at + value_at + 2)?.copy_from_slice(&value);
            return Some(());
        }
        // Tags ascend.
        if tag > Tag::PhotometricInterpretation.to_u16() {
            return None;
        }
        at += entry_bytes;
    }
}

/// Strips or tiles that the `tiff` crate decodes, a row of them at a time.
fn chunks(input: &Input, tiff: &mut Tiff<'_>, palette: Option<&[u8]>) -> Result<Canvas> {
    let bad = |e: TiffError| failed(input, e);
    let (width, height) = tiff.dimensions().map_err(bad)?;
    let mut canvas = Canvas::new(input, width, height)?;
    let color = tiff.colortype().map_err(bad)?;
    let (chunk_width, chunk_height) = tiff.chunk_dimensions();
    if chunk_width == 0 || chunk_height == 0 {
        return Err(damaged(input, "it has strips or tiles without pixels"));
    }
    let across = width.div_ceil(chunk_width);
    let down = height.div_ceil(chunk_height);
    let planes = match tag::<u16>(tiff, Tag::PlanarConfiguration) {
        Some(2) => u32::from(color.num_samples()),
        _ => 1,
    };
    if tiff.get_chunk_type() == ChunkType::Strip && across != 1 {
        return Err(damaged(input, "its strips are narrower than the image"));
    }
    let stored_color = Stored { color, planes, palette };
    for band in 0..down {
        let band_rows = chunk_height.min(height - band * chunk_height);
        let mut gray = vec![255; width as usize * band_rows as usize];
        for column in 0..across {
            let index = band * across + column;
            let mut parts = Vec::new();
            for plane in 0..planes.min(3) {
                let chunk = index + plane * across * down;
                parts.push(tiff.read_chunk(chunk).map_err(bad)?);
            }
            let (part_width, part_height) = tiff.chunk_data_dimensions(index);
            let left = (column * chunk_width) as usize;
            let samples = stored_color.samples_per_pixel();
            for y in 0..part_height.min(band_rows) as usize {
                let start = y * width as usize + left;
                let end = (start + part_width as usize).min((y + 1) * width as usize);
                let row = &mut gray[start..end];
                stored_color
                    .row(&parts, y, part_width as usize, samples, row)
                    .ok_or_else(|| unsupported(input, format!("samples of {color:?}")))?;
            }
        }
        for row in gray.chunks_exact(width as usize) {
            canvas.push(row);
        }
    }
    Ok(canvas)
}

/// How the samples of a chunk make pixels.
struct Stored<'a> {
    color: ColorType,
    planes: u32,
    palette: Option<&'a [u8]>,
}

impl Stored<'_> {
    fn samples_per_pixel(&self) -> usize {
        if self.planes > 1 { 1 } else { usize::from(self.color.num_samples()) }
    }

    /// Writes row `y` of a chunk (one part per plane) as gray. `None` for sample types of no
    /// image.
    fn row(
        &self,
        parts: &[DecodingResult],
        y: usize,
        width: usize,
        samples: usize,
        gray: &mut [u8],
    ) -> Option<()> {
        let depth = self.color.bit_depth();
        let rows: Vec<Vec<u8>> = parts
            .iter()
            .map(|part| match part {
                DecodingResult::U8(v) if depth < 8 => {
                    Some(unpack(v, y, width * samples, depth, self.palette.is_some()))
                }
                DecodingResult::U8(v) => Some(slice_of(v, y, width * samples).to_vec()),
                DecodingResult::U16(v) => Some(
                    slice_of(v, y, width * samples)
                        .iter()
                        .map(|s| {
                            if self.palette.is_some() {
                                (*s).min(255) as u8
                            } else {
                                (s >> 8) as u8
                            }
                        })
                        .collect(),
                ),
                DecodingResult::F32(v) => Some(
                    slice_of(v, y, width * samples)
                        .iter()
                        .map(|s| (s.clamp(0.0, 1.0) * 255.0) as u8)
                        .collect(),
                ),
                _ => None,
            })
            .collect::<Option<_>>()?;
        // Samples side by side, whatever the file's arrangement.
        let (bytes, samples) = if let [r, g, b] = rows.as_slice() {
            let mixed = r.iter().zip(g).zip(b).flat_map(|((r, g), b)| [*r, *g, *b]).collect();
            (mixed, 3)
        } else {
            (rows.into_iter().next()?, samples)
        };
        for (out, pixel) in gray.iter_mut().zip(bytes.chunks_exact(samples)) {
            *out = self.gray(pixel);
        }
        Some(())
    }

    fn gray(&self, pixel: &[u8]) -> u8 {
        if let Some(palette) = self.palette {
            return palette.get(usize::from(pixel[0])).copied().unwrap_or(255);
        }
        let luma = |r: u8, g: u8, b: u8| {
            ((u32::from(r) * 77 + u32::from(g) * 150 + u32::from(b) * 29 + 128) >> 8) as u8
        };
        match (self.color, pixel) {
            (ColorType::RGB(_), [r, g, b, ..]) => luma(*r, *g, *b),
            (ColorType::RGBA(_), [r, g, b, a]) => {
                let gray = u32::from(luma(*r, *g, *b));
                ((gray * u32::from(*a) + 255 * (255 - u32::from(*a))) / 255) as u8
            }
            (ColorType::CMYK(_) | ColorType::CMYKA(_), [c, m, y, k, ..]) => {
                let mix = |ink: &u8| ((255 - u32::from(*ink)) * (255 - u32::from(*k)) / 255) as u8;
                luma(mix(c), mix(m), mix(y))
            }
            // Gray, YCbCr and Lab begin with brightness.
            _ => pixel[0],
        }
    }
}

fn slice_of<T>(values: &[T], row: usize, length: usize) -> &[T] {
    let start = (row * length).min(values.len());
    &values[start..(start + length).min(values.len())]
}

/// Samples of less than 8 bits; rows begin at bytes. Spread over 0 to 255, or kept as they are.
fn unpack(bytes: &[u8], row: usize, count: usize, depth: u8, keep: bool) -> Vec<u8> {
    let row_bytes = (count * usize::from(depth)).div_ceil(8);
    let bytes = slice_of(bytes, row, row_bytes);
    let most = (1_u16 << depth) - 1;
    (0..count)
        .map(|i| {
            let bit = i * usize::from(depth);
            // A sample of 1 to 7 bits may cross a byte.
            let pair = [bit / 8, bit / 8 + 1].map(|b| bytes.get(b).copied().unwrap_or(0));
            let shift = 16 - depth as usize - bit % 8;
            let value = (u16::from_be_bytes(pair) >> shift) & most;
            if keep { value as u8 } else { (value * 255 / most) as u8 }
        })
        .collect()
}
