//! Pages of TIFF files as PDF wants them: fax strips as they are, pixels without loss.

use std::io::Cursor;

use ::image::metadata::Orientation;
use ::tiff::decoder::{Decoder, DecodingResult, Limits};
use ::tiff::tags::{CompressionMethod, PhotometricInterpretation, Tag};
use ::tiff::{ColorType, TiffError};
use lopdf::{Object, Stream, StringFormat, dictionary};

use super::font::packed;
use super::image::{Part, Picture, header};
use crate::error::{Error, Result};

type Tiff<'a> = Decoder<Cursor<&'a [u8]>>;

/// Bits of the tag NewSubfileType: a smaller copy of another image, or a mask.
const NOT_A_PAGE: u32 = 1 | 4;
/// Bytes of the largest image, decoded: what the reader takes, in colour.
const MOST_BYTES: usize = 1_500_000_000;

pub(super) fn is_tiff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"II*\0")
        || bytes.starts_with(b"MM\0*")
        || bytes.starts_with(b"II+\0")
        || bytes.starts_with(b"MM\0+")
}

/// The picture of a page, from 0.
pub(super) fn page(name: &str, bytes: &[u8], index: usize) -> Result<Picture> {
    let failed = |e: TiffError| match e {
        TiffError::UnsupportedError(e) => unsupported(name, e.to_string()),
        other => damaged(name, other.to_string()),
    };
    let mut tiff = seek(bytes, index).map_err(failed)?;
    let orientation = tag(&mut tiff, Tag::Orientation)
        .and_then(|o| Orientation::from_exif(u8::try_from(o).ok()?))
        .unwrap_or(Orientation::NoTransforms);
    let compression = tag(&mut tiff, Tag::Compression).and_then(|c| u16::try_from(c).ok());
    let parts = match compression.and_then(CompressionMethod::from_u16) {
        Some(CompressionMethod::Huffman | CompressionMethod::Fax3 | CompressionMethod::Fax4) => {
            fax(&mut tiff, bytes).map_err(failed)?
        }
        _ if tag(&mut tiff, Tag::PhotometricInterpretation)
            == Some(u32::from(PhotometricInterpretation::RGBPalette.to_u16())) =>
        {
            vec![palette(name, &mut tiff, bytes).map_err(failed)??]
        }
        _ => vec![pixels(name, &mut tiff, None).map_err(failed)??],
    };
    if parts.is_empty() {
        return Err(damaged(name, "it has no strips of pixels"));
    }
    Ok(Picture { parts, orientation })
}

fn damaged(name: &str, detail: impl Into<String>) -> Error {
    Error::Damaged { name: name.to_owned(), detail: detail.into() }
}

fn unsupported(name: &str, what: impl std::fmt::Display) -> Error {
    Error::UnsupportedFormat {
        name: name.to_owned(),
        found: format!("a TIFF image of a kind that cannot be put into a PDF ({what})").into(),
    }
}

fn open(bytes: &[u8]) -> Result<Tiff<'_>, TiffError> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MOST_BYTES;
    limits.intermediate_buffer_size = MOST_BYTES;
    Ok(Decoder::new(Cursor::new(bytes))?.with_limits(limits))
}

/// Goes to a page. Copies and masks are no pages, unless there is nothing else.
fn seek(bytes: &[u8], index: usize) -> Result<Tiff<'_>, TiffError> {
    let mut tiff = open(bytes)?;
    let mut left = index;
    loop {
        if tag(&mut tiff, Tag::NewSubfileType).unwrap_or(0) & NOT_A_PAGE == 0 {
            if left == 0 {
                return Ok(tiff);
            }
            left -= 1;
        }
        if !tiff.more_images() {
            return open(bytes);
        }
        tiff.next_image()?;
    }
}

fn tag(tiff: &mut Tiff<'_>, tag: Tag) -> Option<u32> {
    tiff.find_tag_unsigned(tag).ok().flatten()
}

/// Fax strips on top of each other, as they are.
fn fax(tiff: &mut Tiff<'_>, bytes: &[u8]) -> Result<Vec<Part>, TiffError> {
    let (width, height) = tiff.dimensions()?;
    let offsets = tiff.get_tag_u64_vec(Tag::StripOffsets)?;
    let lengths = tiff.get_tag_u64_vec(Tag::StripByteCounts)?;
    let rows_per_strip = tag(tiff, Tag::RowsPerStrip).unwrap_or(height).clamp(1, height.max(1));
    let reversed = tag(tiff, Tag::FillOrder) == Some(2);
    let black_is_zero = tag(tiff, Tag::PhotometricInterpretation) == Some(1);
    let compression = tag(tiff, Tag::Compression).unwrap_or_default();
    // T4Options, bit 0: two-dimensional; bit 2: line ends reach up to a byte.
    let options = tag(tiff, Tag::Unknown(292)).unwrap_or(0);
    let (k, aligned) = match compression {
        2 => (0, true),
        3 => (i64::from(options & 1), false),
        _ => (-1, false),
    };
    let mut parts = Vec::new();
    let mut top = 0;
    for (&offset, &length) in offsets.iter().zip(&lengths) {
        let rows = rows_per_strip.min(height.saturating_sub(top));
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let to =
            from.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(bytes.len());
        let strip = &bytes[from..to];
        if rows == 0 {
            break;
        }
        let data: Vec<u8> = if reversed {
            strip.iter().map(|b| b.reverse_bits()).collect()
        } else {
            strip.to_vec()
        };
        let mut dictionary = header(width, rows, "DeviceGray", 1);
        dictionary.set("Filter", "CCITTFaxDecode");
        dictionary.set(
            "DecodeParms",
            dictionary! {
                "K" => k,
                "Columns" => width,
                "Rows" => rows,
                "EncodedByteAlign" => aligned,
                "EndOfBlock" => false,
            },
        );
        if black_is_zero {
            // What the coding calls white is black.
            dictionary.set("Decode", vec![Object::from(1), Object::from(0)]);
        }
        let stream = Stream::new(dictionary, data).with_compression(false);
        parts.push(
            Part::whole(stream)
                .between(top as f32 / height as f32, (top + rows) as f32 / height as f32),
        );
        top += rows;
    }
    Ok(parts)
}

/// Decoded pixels, in the colour space given or in their own.
fn pixels(
    name: &str,
    tiff: &mut Tiff<'_>,
    space: Option<Object>,
) -> Result<Result<Part>, TiffError> {
    let (width, height) = tiff.dimensions()?;
    let color = tiff.colortype()?;
    if tag(tiff, Tag::PlanarConfiguration) == Some(2) && color.num_samples() > 1 {
        return Ok(Err(unsupported(name, "its colours are stored one after the other")));
    }
    let (own, alpha): (&str, bool) = match color {
        ColorType::Gray(1 | 2 | 4 | 8 | 16) => ("DeviceGray", false),
        ColorType::GrayA(8 | 16) => ("DeviceGray", true),
        ColorType::RGB(8 | 16) => ("DeviceRGB", false),
        ColorType::RGBA(8 | 16) => ("DeviceRGB", true),
        ColorType::CMYK(8 | 16) => ("DeviceCMYK", false),
        other => return Ok(Err(unsupported(name, format!("samples of {other:?}")))),
    };
    let (bits, samples) = (color.bit_depth(), usize::from(color.num_samples()));
    let bytes = match tiff.read_image()? {
        DecodingResult::U8(bytes) => bytes,
        DecodingResult::U16(values) => values.into_iter().flat_map(u16::to_be_bytes).collect(),
        _ => return Ok(Err(unsupported(name, "samples that are no whole numbers"))),
    };
    let header = |space: Object| header(width, height, space, bits);
    let space = space.unwrap_or_else(|| own.into());
    if !alpha {
        return Ok(Ok(Part::whole(packed(header(space), bytes))));
    }
    let sample = usize::from(bits / 8);
    let cut = (samples - 1) * sample;
    let pick = |from: usize, to: usize| -> Vec<u8> {
        bytes.chunks_exact(samples * sample).flat_map(|p| &p[from..to]).copied().collect()
    };
    let mask = packed(header("DeviceGray".into()), pick(cut, samples * sample));
    Ok(Ok(Part::whole(packed(header(space), pick(0, cut))).with_mask(mask)))
}

/// An image with a palette. The `tiff` crate refuses those; told that the image is gray, it gives
/// the indices.
fn palette(name: &str, tiff: &mut Tiff<'_>, bytes: &[u8]) -> Result<Result<Part>, TiffError> {
    let map = tiff.get_tag_u16_vec(Tag::ColorMap)?;
    let count = map.len() / 3;
    let directory = tiff.ifd_pointer().and_then(|p| usize::try_from(p.0).ok());
    let mut gray = bytes.to_vec();
    let named = directory.and_then(|at| photometric(&gray, at)).and_then(|at| {
        let one = if gray.starts_with(b"II") { [1, 0] } else { [0, 1] };
        gray.get_mut(at..at + 2).map(|value| value.copy_from_slice(&one))
    });
    if named.is_none() || count == 0 || count > 256 {
        return Ok(Err(unsupported(name, "its palette cannot be used")));
    }
    // All reds, then all greens, then all blues, in 16 bits; three bytes for each colour in a PDF.
    let table = (0..count)
        .flat_map(|i| [map[i], map[count + i], map[2 * count + i]].map(|v| (v >> 8) as u8))
        .collect();
    let space: Object = vec![
        "Indexed".into(),
        "DeviceRGB".into(),
        (count as i64 - 1).into(),
        Object::String(table, StringFormat::Hexadecimal),
    ]
    .into();
    let mut decoder = open(&gray)?;
    while decoder.ifd_pointer() != tiff.ifd_pointer() {
        decoder.next_image()?;
    }
    pixels(name, &mut decoder, Some(space))
}

/// Where the value of PhotometricInterpretation stands in the directory at an offset.
fn photometric(bytes: &[u8], directory: usize) -> Option<usize> {
    let big = bytes.get(2..4)?.contains(&43);
    let (count_bytes, entry_bytes, value_at) = if big { (8, 20, 12) } else { (2, 12, 8) };
    let tag = |at: usize| -> Option<u16> {
        let pair = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if bytes.starts_with(b"II") {
            u16::from_le_bytes(pair)
        } else {
            u16::from_be_bytes(pair)
        })
    };
    let wanted = Tag::PhotometricInterpretation.to_u16();
    // Tags ascend.
    let mut at = directory.checked_add(count_bytes)?;
    while tag(at)? < wanted {
        at = at.checked_add(entry_bytes)?;
    }
    (tag(at)? == wanted).then_some(at + value_at)
}
