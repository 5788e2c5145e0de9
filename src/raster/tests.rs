use std::io::Cursor;

use ::tiff::encoder::{TiffEncoder, colortype};
use image::{ImageFormat, Luma, Rgba, RgbaImage};

use super::*;

fn input(bytes: impl Into<std::sync::Arc<[u8]>>, format: Format) -> Input {
    Input {
        name: "sample".to_owned(),
        content: crate::source::Content::Memory(bytes.into()),
        format,
        path: None,
        limits: Limits::default(),
    }
}

fn page(bytes: impl Into<std::sync::Arc<[u8]>>, format: Format) -> Result<(GrayImage, Resolution)> {
    ImagePages::open(input(bytes, format))?.page(0)
}

/// Above: white. Below: black, half transparent black, white with alpha 0 under black paint.
fn drawing() -> RgbaImage {
    RgbaImage::from_fn(90, 40, |x, y| match (x / 30, y) {
        (_, 0) => Rgba([255, 255, 255, 255]),
        (0, _) => Rgba([0, 0, 0, 255]),
        (1, _) => Rgba([0, 0, 0, 128]),
        _ => Rgba([0, 0, 0, 0]),
    })
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn close(image: &GrayImage, x: u32, y: u32, want: u8) {
    let Luma([got]) = *image.get_pixel(x, y);
    assert!(got.abs_diff(want) <= 6, "{got} at {x},{y} instead of {want}");
}

#[test]
fn every_format_comes_as_gray_over_white() {
    let formats = [
        (ImageFormat::Png, Format::Png),
        (ImageFormat::WebP, Format::WebP),
        (ImageFormat::Tiff, Format::Tiff),
        (ImageFormat::Bmp, Format::Bmp),
    ];
    for (format, ours) in formats {
        let (image, _) = page(encoded(drawing(), format), ours).unwrap();
        assert_eq!(image.dimensions(), (90, 40), "{format:?}");
        for (x, y, want) in [(5, 0, 255), (5, 20, 0), (45, 20, 127), (80, 20, 255)] {
            close(&image, x, y, want);
        }
    }
    let opaque = DynamicImage::ImageRgba8(drawing()).into_rgb8();
    for (format, ours) in [(ImageFormat::Jpeg, Format::Jpeg), (ImageFormat::Gif, Format::Gif)] {
        let (image, _) = page(encoded(opaque.clone(), format), ours).unwrap();
        close(&image, 5, 30, 0);
    }
    let deep = DynamicImage::ImageRgba8(drawing()).into_rgba16();
    for (format, ours) in [(ImageFormat::Png, Format::Png), (ImageFormat::Tiff, Format::Tiff)] {
        let (image, _) = page(encoded(deep.clone(), format), ours).unwrap();
        close(&image, 45, 20, 127);
    }
}

#[test]
fn unusual_codings_are_read() {
    // Red is darker than half.
    let samples: [(&[u8], Format, u8, Option<f32>); 4] = [
        (include_bytes!("../../testdata/ocr/palette-lzw.tif"), Format::Tiff, 76, Some(150.0)),
        (include_bytes!("../../testdata/ocr/cmyk.jpg"), Format::Jpeg, 76, None),
        (include_bytes!("../../testdata/ocr/group3-2d.tif"), Format::Tiff, 255, Some(150.0)),
        (include_bytes!("../../testdata/ocr/huffman.tif"), Format::Tiff, 255, None),
    ];
    for (bytes, format, middle, ppi) in samples {
        let (image, resolution) = page(bytes, format).unwrap();
        assert_eq!(image.dimensions(), (90, 40));
        for (x, y, want) in [(5, 20, 0), (45, 20, middle), (80, 20, 255), (80, 39, 255)] {
            close(&image, x, y, want);
        }
        if format == Format::Tiff {
            close(&image, 5, 0, 255);
        }
        if let Some(ppi) = ppi {
            assert!((resolution.0 - ppi).abs() < 0.1, "{resolution:?}");
        }
    }
}

#[test]
fn images_are_turned_as_their_metadata_says() {
    let (image, _) = page(*include_bytes!("../../testdata/ocr/turned.jpg"), Format::Jpeg).unwrap();
    assert_eq!(image.dimensions(), (40, 90));
    // What was the left third is on top.
    close(&image, 20, 10, 0);
    close(&image, 20, 80, 255);
}

/// A TIFF of a page, its thumbnail, and another page.
fn tiff_of_three() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    for (side, kind) in [(40_u32, 0_u32), (8, 1), (60, 0)] {
        let mut image = encoder.new_image::<colortype::Gray8>(side, side).unwrap();
        image.encoder().write_tag(::tiff::tags::Tag::NewSubfileType, kind).unwrap();
        image.write_data(&vec![side as u8; (side * side) as usize]).unwrap();
    }
    bytes.into_inner()
}

#[test]
fn the_pages_of_a_tiff_are_those_that_are_no_thumbnails() {
    let mut pages = ImagePages::open(input(tiff_of_three(), Format::Tiff)).unwrap();
    assert_eq!(pages.page_count(), 2);
    let (image, _) = pages.page(1).unwrap();
    assert_eq!((image.dimensions(), image.get_pixel(3, 3).0), ((60, 60), [60]));
    assert!(matches!(pages.page(2), Err(Error::PageOutOfRange { page: 2, count: 2, .. })));
}

#[test]
fn one_pixel_is_a_page() {
    let (image, resolution) =
        page(encoded(GrayImage::new(1, 1), ImageFormat::Png), Format::Png).unwrap();
    assert_eq!(image.dimensions(), (1, 1));
    assert!(resolution.0 > 0.0);
}

#[test]
fn very_large_images_come_scaled_down() {
    // 12,000 × 9,000: blank, so the file is small.
    let blank = GrayImage::from_pixel(12_000, 9_000, Luma([200]));
    let (image, resolution) = page(encoded(blank, ImageFormat::Png), Format::Png).unwrap();
    assert_eq!(image.dimensions(), (6_000, 4_500));
    assert_eq!(image.get_pixel(5_999, 4_499).0, [200]);
    assert!((resolution.0 - 300.0).abs() < 0.1, "half of the estimate's limit: {resolution:?}");
}

#[test]
fn sizes_that_nobody_can_hold_are_refused() {
    let mut png = encoded(GrayImage::new(1, 1), ImageFormat::Png);
    // The header's width and height, with a checksum that fits them.
    png[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let crc = crc(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    let error = page(png, Format::Png).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, b| {
        (0..8).fold(crc ^ u32::from(*b), |c, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg()))
    })
}

#[test]
fn damage_is_named_and_never_a_panic() {
    let noise = GrayImage::from_fn(64, 64, |x, y| Luma([(x * 37 + y * 91 + x * y) as u8]));
    let formats = [
        (ImageFormat::Png, Format::Png),
        (ImageFormat::Jpeg, Format::Jpeg),
        (ImageFormat::Tiff, Format::Tiff),
        (ImageFormat::WebP, Format::WebP),
        (ImageFormat::Bmp, Format::Bmp),
        (ImageFormat::Gif, Format::Gif),
    ];
    for (format, ours) in formats {
        let whole = encoded(DynamicImage::ImageLuma8(noise.clone()).into_rgb8(), format);
        for cut in [0, 3, 9, 20, whole.len() / 4] {
            let error = page(&whole[..cut.min(whole.len())], ours);
            // A JPEG cut in its data may still be shown in part.
            if format != ImageFormat::Jpeg || cut < 100 {
                let error = error.expect_err("cut short");
                let named = error.to_string().starts_with("sample is");
                assert!(named, "{format:?} cut at {cut}: {error}");
            }
        }
        for at in 0..whole.len().min(200) {
            let mut broken = whole.clone();
            broken[at] ^= 0x5a;
            let _ = page(broken, ours);
        }
    }
}
