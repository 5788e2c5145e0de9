//! PNG data as it is: PDF has its compression and its predictors.

use lopdf::{Object, Stream, StringFormat, dictionary};

use super::image::header;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The image data of a PNG as an image of a PDF; `None` for the kinds that PDF lacks: interlaced
/// ones, and ones with opacity.
pub(super) fn stream(bytes: &[u8]) -> Option<Stream> {
    let mut rest = bytes.strip_prefix(SIGNATURE)?;
    let mut start = None;
    let mut palette = None;
    let mut data = Vec::new();
    loop {
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        let kind = rest.get(4..8)?;
        let chunk = rest.get(8..8_usize.checked_add(length)?)?;
        match kind {
            b"IHDR" => start = Some(chunk),
            b"PLTE" => palette = Some(chunk),
            b"IDAT" => data.extend_from_slice(chunk),
            b"tRNS" => return None,
            b"IEND" => break,
            _ => {}
        }
        // The check sum follows.
        rest = rest.get(12_usize.checked_add(length)?..)?;
    }
    let &[w3, w2, w1, w0, h3, h2, h1, h0, bits, color, _, _, interlaced] = start? else {
        return None;
    };
    let width = u32::from_be_bytes([w3, w2, w1, w0]);
    let height = u32::from_be_bytes([h3, h2, h1, h0]);
    let (space, colors): (Object, i64) = match color {
        0 => ("DeviceGray".into(), 1),
        2 => ("DeviceRGB".into(), 3),
        3 => {
            let palette = palette?;
            let last = (palette.len() / 3).checked_sub(1)? as i64;
            let table = Object::String(palette.to_vec(), StringFormat::Hexadecimal);
            (vec!["Indexed".into(), "DeviceRGB".into(), last.into(), table].into(), 1)
        }
        _ => return None,
    };
    if interlaced != 0 {
        return None;
    }
    let mut dictionary = header(width, height, space, bits);
    dictionary.set("Filter", "FlateDecode");
    dictionary.set(
        "DecodeParms",
        dictionary! {
            "Predictor" => 15,
            "Colors" => colors,
            "BitsPerComponent" => i64::from(bits),
            "Columns" => width,
        },
    );
    Some(Stream::new(dictionary, data).with_compression(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(color: png::ColorType, interlaced: bool, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 2);
        encoder.set_color(color);
        if color == png::ColorType::Indexed {
            encoder.set_palette(vec![1, 2, 3, 4, 5, 6]);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        if interlaced {
            // The last byte of IHDR.
            bytes[8 + 8 + 12] = 1;
        }
        bytes
    }

    #[test]
    fn samples_come_out_as_they_went_in() {
        for (color, data) in [
            (png::ColorType::Grayscale, &[1, 2, 3, 4][..]),
            (png::ColorType::Rgb, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
            (png::ColorType::Indexed, &[0, 1, 1, 0]),
        ] {
            let stream = stream(&written(color, false, data)).unwrap();
            assert_eq!(stream.get_plain_content().unwrap(), data, "{color:?}");
        }
    }

    #[test]
    fn kinds_that_pdf_lacks_are_refused() {
        assert!(stream(&written(png::ColorType::Rgba, false, &[9; 16])).is_none());
        assert!(stream(&written(png::ColorType::Grayscale, true, &[9; 4])).is_none());
        let whole = written(png::ColorType::Grayscale, false, &[9; 4]);
        for end in 0..whole.len() - 12 {
            assert!(stream(&whole[..end]).is_none(), "{end} bytes");
        }
    }
}
