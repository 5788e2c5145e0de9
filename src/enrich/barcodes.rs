//! Codes for machines: QR codes, bar codes and the like, by `rxing`.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{GrayImage, imageops};
use rxing::{BarcodeFormat, DecodeHints, helpers};

use crate::document::ScannedCode;
use crate::picture::PageImage;

/// The longer side of what is searched, in pixels; larger pictures are made smaller. The bars of a code
/// that fills a picture still have several pixels each, and the work is bounded.
const LONGEST_SIDE: u32 = 1600;
/// Nothing smaller holds a code, in pixels.
const SHORTEST_SIDE: u32 = 24;
/// Codes of one picture; nobody prints more side by side, and a hostile picture may.
const MOST_CODES: usize = 32;
/// Characters of one code: no kind holds more than a QR code's 7,089 digits.
const MOST_CHARS: usize = 8192;

/// Kinds that check themselves. Codabar and Interleaved 2 of 5 do not, and find themselves in the
/// hatching of any drawing.
const FORMATS: [(BarcodeFormat, &str); 12] = [
    (BarcodeFormat::QR_CODE, "qr_code"),
    (BarcodeFormat::MICRO_QR_CODE, "micro_qr_code"),
    (BarcodeFormat::DATA_MATRIX, "data_matrix"),
    (BarcodeFormat::AZTEC, "aztec"),
    (BarcodeFormat::PDF_417, "pdf_417"),
    (BarcodeFormat::EAN_13, "ean_13"),
    (BarcodeFormat::EAN_8, "ean_8"),
    (BarcodeFormat::UPC_A, "upc_a"),
    (BarcodeFormat::UPC_E, "upc_e"),
    (BarcodeFormat::CODE_128, "code_128"),
    (BarcodeFormat::CODE_93, "code_93"),
    (BarcodeFormat::CODE_39, "code_39"),
];
/// A Code 39 of fewer characters, which has no check digit, is chance.
const SHORTEST_CODE_39: usize = 4;

/// The codes on a picture, from top to bottom, each once.
pub(crate) fn read(picture: &PageImage) -> Vec<ScannedCode> {
    let (width, height) = (picture.width(), picture.height());
    if width.min(height) < SHORTEST_SIDE {
        return Vec::new();
    }
    let luma = fitted(gray(picture));
    let (width, height) = luma.dimensions();
    let mut hints = DecodeHints {
        TryHarder: Some(true),
        PossibleFormats: Some(HashSet::from(FORMATS.map(|(format, _)| format))),
        ..DecodeHints::default()
    };
    // Pictures come from anybody, and the decoders were written for a language in which an index
    // outside of a list is an error like any other.
    let found = catch_unwind(AssertUnwindSafe(|| {
        helpers::detect_multiple_in_luma_with_hints(luma.into_raw(), width, height, &mut hints)
    }));
    let found = match found {
        Ok(found) => found.unwrap_or_default(),
        Err(_) => {
            tracing::warn!("a picture broke the search for codes");
            Vec::new()
        }
    };
    let mut codes: Vec<(f32, ScannedCode)> = Vec::new();
    for result in found.iter().take(MOST_CODES) {
        let Some((_, name)) =
            FORMATS.iter().find(|(format, _)| format == result.getBarcodeFormat())
        else {
            continue;
        };
        let text: String = result.getText().chars().take(MOST_CHARS).collect();
        if text.is_empty() || *name == "code_39" && text.chars().count() < SHORTEST_CODE_39 {
            continue;
        }
        let top = result.getPoints().iter().map(|p| p.y).fold(f32::INFINITY, f32::min);
        let code = ScannedCode { format: (*name).to_owned(), text };
        if !codes.iter().any(|(_, other)| *other == code) {
            codes.push((top, code));
        }
    }
    codes.sort_by(|a, b| a.0.total_cmp(&b.0));
    codes.into_iter().map(|(_, code)| code).collect()
}

fn gray(picture: &PageImage) -> GrayImage {
    let pixels = picture.rgb().chunks_exact(3);
    // The weights of ITU-R BT.601.
    let luma = pixels.map(|p| match *p {
        [r, g, b] => ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b)) / 1000) as u8,
        _ => 255,
    });
    GrayImage::from_raw(picture.width(), picture.height(), luma.collect()).unwrap_or_default()
}

/// With white around it, which codes need and whoever cuts out a picture takes away; made smaller
/// where it is large.
fn fitted(image: GrayImage) -> GrayImage {
    let longest = image.width().max(image.height());
    let image = match longest > LONGEST_SIDE {
        true => {
            let side =
                |s: u32| (u64::from(s) * u64::from(LONGEST_SIDE) / u64::from(longest)).max(1);
            let (width, height) = (side(image.width()) as u32, side(image.height()) as u32);
            imageops::resize(&image, width, height, imageops::FilterType::Triangle)
        }
        false => image,
    };
    let margin = (image.width().min(image.height()) / 10).max(10);
    let (width, height) = (image.width() + 2 * margin, image.height() + 2 * margin);
    let mut out = GrayImage::from_pixel(width, height, image::Luma([255]));
    imageops::replace(&mut out, &image, i64::from(margin), i64::from(margin));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Resolution;

    /// The modules of a QR code that says `recto`, row by row (version 1, made with the Python
    /// package `qrcode`).
    const QR: &[&str] = &[
        "#######...###.#######",
        "#.....#.#.#...#.....#",
        "#.###.#..#.##.#.###.#",
        "#.###.#..##...#.###.#",
        "#.###.#.#.#.#.#.###.#",
        "#.....#..##.#.#.....#",
        "#######.#.#.#.#######",
        ".........#.##........",
        "#.#.#.#..###....#..#.",
        "..##....#.....#....##",
        ".#..#.#.#.#.#...#####",
        "######.##.#...#....##",
        "##..#.###...#.#.#...#",
        "........#.##.#.#.#..#",
        "#######..###.###.#.##",
        "#.....#..#.###.##....",
        "#.###.#.####.###.#.##",
        "#.###.#...#...##...#.",
        "#.###.#.###.#...#.#.#",
        "#.....#..##...#.#..#.",
        "#######.##..#.##...##",
    ];

    fn picture(width: u32, height: u32, dark: impl Fn(u32, u32) -> bool) -> PageImage {
        let pixels = image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb(if dark(x, y) { [20, 20, 20] } else { [250, 250, 250] })
        });
        PageImage::new(0, Resolution(200.0), pixels)
    }

    fn qr(module: u32, left: u32, canvas: u32) -> PageImage {
        picture(canvas, canvas, |x, y| {
            let (Some(x), Some(y)) = (x.checked_sub(left), y.checked_sub(left)) else {
                return false;
            };
            let row = QR.get((y / module) as usize);
            row.and_then(|row| row.as_bytes().get((x / module) as usize)) == Some(&b'#')
        })
    }

    #[test]
    fn a_qr_code_is_read_with_and_without_white_around_it() {
        let wanted = ScannedCode { format: "qr_code".to_owned(), text: "recto".to_owned() };
        let modules = QR.len() as u32;
        assert_eq!(read(&qr(6, 40, 80 + 6 * modules)), std::slice::from_ref(&wanted));
        assert_eq!(read(&qr(5, 0, 5 * modules)), [wanted]);
    }

    #[test]
    fn a_bar_code_is_read_and_checked() {
        // EAN-13 of 4006381333931, the example of the standard's textbooks.
        let bars = "10100011010100111010111101111010001001011001101010100001010000101000010111010010000101100110101";
        let code = |bars: String| {
            picture(40 + 3 * bars.len() as u32, 120, move |x, y| {
                let at = x.checked_sub(20).map(|x| (x / 3) as usize);
                (10..110).contains(&y) && at.and_then(|at| bars.as_bytes().get(at)) == Some(&b'1')
            })
        };
        let codes = read(&code(bars.to_owned()));
        let wanted = ScannedCode { format: "ean_13".to_owned(), text: "4006381333931".to_owned() };
        assert_eq!(codes, [wanted]);
    }

    #[test]
    fn noise_and_hatching_hold_no_codes_and_end() {
        let mut seed = 1u32;
        for size in [1, 23, 24, 60, 333, 2500] {
            let mut noise = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed >> 24
            };
            let bits: Vec<bool> = (0..size * size).map(|_| noise() > 127).collect();
            let image = picture(size, size, |x, y| bits[(y * size + x) as usize]);
            assert_eq!(read(&image), [], "{size}");
        }
        assert_eq!(read(&picture(400, 300, |x, y| (x + y) % 7 < 3)), []);
        assert_eq!(read(&picture(400, 300, |x, _| x % 9 < 4)), []);
    }
}
