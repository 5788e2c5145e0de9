use std::sync::Mutex;

use image::{Luma, imageops};

use super::*;
use crate::preprocess::straighten;

/// Notes the sizes of the images it is given, and finds one word in each.
#[derive(Debug, Default)]
struct Fake {
    seen: Mutex<Vec<(u32, u32)>>,
    /// Whether it finds a word as large as the image in blocks; nothing otherwise.
    reads_blocks: bool,
    blocks: Mutex<Vec<(u32, u32)>>,
}

impl Recognizer for Fake {
    fn recognize(
        &self,
        image: &GrayImage,
        _resolution: Resolution,
        _languages: &[String],
        _call: &Call,
    ) -> Result<Vec<OcrWord>> {
        self.seen.lock().unwrap().push(image.dimensions());
        Ok(vec![OcrWord {
            text: "word".to_owned(),
            rect: rect(10.0, 20.0, 50.0, 40.0),
            confidence: 0.9,
            block: 0,
            paragraph: 0,
            line: 0,
            size: Some(20.0),
            angle: 0.0,
            joined: false,
            bold: None,
        }])
    }

    fn recognize_block(
        &self,
        image: &GrayImage,
        resolution: Resolution,
        languages: &[String],
        call: &Call,
    ) -> Result<Vec<OcrWord>> {
        if !self.reads_blocks {
            return Ok(Vec::new());
        }
        let (width, height) = image.dimensions();
        self.blocks.lock().unwrap().push((width, height));
        let mut words = Fake::default().recognize(image, resolution, languages, call)?;
        words[0].rect = rect(0.0, 0.0, width as f32, height as f32);
        Ok(words)
    }
}

fn sample() -> GrayImage {
    let bytes = include_bytes!("../../testdata/ocr/text.png");
    image::load_from_memory(bytes).unwrap().into_luma8()
}

fn salt(image: &mut GrayImage, per_mille: u64, level: u8) {
    let mut state = 88_172_645_463_325_252_u64;
    for pixel in image.pixels_mut() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if state % 1000 < per_mille {
            *pixel = Luma([level]);
        }
    }
}

fn read_fake(image: &GrayImage, ppi: f32) -> (PageOcr, Vec<(u32, u32)>) {
    let fake = Fake::default();
    let page = PageImage::new(image, Resolution(ppi)).read(&fake, &[], &Call::default()).unwrap();
    (page, fake.seen.into_inner().unwrap())
}

#[test]
fn blank_pages_are_not_recognised() {
    for image in [
        GrayImage::from_pixel(2480, 3508, Luma([255])),
        GrayImage::from_pixel(300, 300, Luma([0])),
        GrayImage::new(0, 0),
        GrayImage::new(1, 1),
    ] {
        let (page, seen) = read_fake(&image, 300.0);
        let solid = image.get_pixel_checked(0, 0) == Some(&Luma([0])) && image.width() > 1;
        assert!(solid || (seen.is_empty() && page.words.is_empty()), "{:?}", image.dimensions());
        assert_eq!(
            (page.size.width, page.size.height),
            (image.width() as f32, image.height() as f32)
        );
    }
}

#[test]
fn a_huge_image_is_read_small_and_its_boxes_are_large() {
    let mut image = GrayImage::from_pixel(9_000, 8_000, Luma([255]));
    for y in 4000..4100 {
        for x in 2000..3000 {
            image.put_pixel(x, y, Luma([0]));
        }
    }
    let (page, seen) = read_fake(&image, 900.0);
    assert_eq!(seen, [(3000, 2667)]);
    assert_eq!(page.size.width, 9000.0);
    assert!((page.words[0].rect.min.x - 30.0).abs() < 0.1);
    assert!((page.words[0].size.unwrap() - 60.0).abs() < 0.1);
}

#[test]
fn noise_without_end_is_skipped() {
    let mut image = GrayImage::from_pixel(2000, 2000, Luma([255]));
    salt(&mut image, 330, 0);
    let (page, seen) = read_fake(&image, 300.0);
    assert!(seen.is_empty() && page.words.is_empty());
    assert!(page.skipped.unwrap().contains("specks"));
}

#[test]
fn plain_blocks_are_read_by_themselves() {
    let line = sample();
    let mut image = GrayImage::from_pixel(line.width(), 3000, Luma([255]));
    for i in 0..5 {
        imageops::replace(&mut image, &line, 0, i * 600);
    }
    let fake = Fake { reads_blocks: true, ..Fake::default() };
    let mut page = PageImage::new(&image, Resolution(300.0));
    let words = page.read(&fake, &[], &Call::default()).unwrap().words;
    assert!(fake.seen.into_inner().unwrap().is_empty());
    assert_eq!(fake.blocks.into_inner().unwrap().len(), words.len());
    // In their places, each with a line of its own.
    for n in 0..5 {
        let here = (n as f32 * 600.0 - 20.0)..(n as f32 * 600.0 + 300.0);
        assert!(words.iter().any(|w| here.contains(&w.rect.min.y)), "{n} {words:?}");
    }
    assert!(words.iter().enumerate().all(|(n, w)| w.line == n as u32 && w.rect.height() < 300.0));
}

#[test]
fn a_tall_page_that_is_no_plain_text_is_read_in_halves() {
    let mut line = sample();
    // With a picture among its words it may be anything.
    let (middle, bottom) = (line.width() / 2, line.height());
    for (x, y, pixel) in line.enumerate_pixels_mut() {
        if (middle..middle + 120).contains(&x) && y < bottom.min(120) {
            *pixel = Luma([0]);
        }
    }
    let mut image = GrayImage::from_pixel(line.width(), 3000, Luma([255]));
    for i in 0..5 {
        imageops::replace(&mut image, &line, 0, i * 600);
    }
    let (page, seen) = read_fake(&image, 300.0);
    assert_eq!(seen.len(), 2);
    // Print of this size is read at four fifths; both halves may have the row at the cut.
    assert!((2400..=2401).contains(&(seen[0].1 + seen[1].1)), "{seen:?}");
    let lines: Vec<u32> = page.words.iter().map(|w| w.line).collect();
    let second = page.words[1].rect.min.y;
    let fits = |s: &(u32, u32)| (s.1 as f32 * 1.25 + 25.0 - second).abs() < 2.0;
    assert!(lines == [0, 1] && seen.iter().any(fits), "{seen:?} {:?}", page.words);
    assert!((page.words[0].size.unwrap() - 25.0).abs() < 0.1);
}

#[test]
fn skew_is_found_and_told() {
    let tall = {
        let line = sample();
        let mut image = GrayImage::from_pixel(line.width(), 1200, Luma([255]));
        imageops::replace(&mut image, &line, 0, 0);
        imageops::replace(&mut image, &line, 0, 600);
        image
    };
    let skewed = straighten(&tall, -2.0);
    let mut page = PageImage::new(&skewed, Resolution(300.0));
    let read = page.read(&Fake::default(), &[], &Call::default()).unwrap();
    assert!((read.skew - 2.0).abs() <= 0.3, "{}", read.skew);
}

#[cfg(feature = "tesseract")]
mod with_tesseract {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::ocr::TesseractRecognizer;

    const TEXT: &str = "The quick brown fox jumps over the lazy dog. Pack my box with five dozen \
                        liquor jugs, 1,234.50 for each of 42 sleeping judges.";

    fn read(image: &GrayImage, ppi: f32) -> PageOcr {
        let tesseract = TesseractRecognizer::new(None).unwrap();
        let languages = ["eng".to_owned()];
        PageImage::new(image, Resolution(ppi))
            .read(&tesseract, &languages, &Call::default())
            .unwrap()
    }

    fn text(page: &PageOcr) -> String {
        page.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The sample four times over.
    fn tall() -> GrayImage {
        let line = sample();
        let mut image = GrayImage::from_pixel(line.width() + 200, 2300, Luma([255]));
        for i in 0..4 {
            imageops::replace(&mut image, &line, 100, 50 + i * 560);
        }
        image
    }

    #[test]
    fn every_way_up_is_read() {
        let upright = tall();
        let want = [TEXT; 4].join(" ");
        let turned = [
            (upright.clone(), 0),
            (imageops::rotate90(&upright), 90),
            (imageops::rotate180(&upright), 180),
            (imageops::rotate270(&upright), 270),
        ];
        for (image, rotation) in turned {
            let page = read(&image, 300.0);
            assert_eq!(page.rotation, rotation);
            assert_eq!(text(&page), want, "{rotation}");
            assert_eq!((page.size.width, page.size.height), (1700.0, 2300.0));
            let first = page.words[0].rect;
            assert!((155.0..180.0).contains(&first.min.x), "{rotation}: {first:?}");
        }
    }

    #[test]
    fn skewed_and_coarse_pages_are_read() {
        let skewed = straighten(&tall(), -2.5);
        assert_eq!(text(&read(&skewed, 300.0)), [TEXT; 4].join(" "));
        let coarse = imageops::thumbnail(&tall(), 850, 1150);
        let page = read(&coarse, 150.0);
        assert_eq!(text(&page), [TEXT; 4].join(" "));
        assert!((75.0..95.0).contains(&page.words[0].rect.min.x));
    }

    #[test]
    fn light_on_dark_is_read() {
        let mut image = sample();
        imageops::invert(&mut image);
        assert_eq!(text(&read(&image, 300.0)), TEXT);
    }

    #[test]
    fn text_under_salt_is_read_in_time() {
        let mut image = GrayImage::from_pixel(2000, 2000, Luma([255]));
        imageops::replace(&mut image, &sample(), 200, 200);
        salt(&mut image, 120, 0);
        let start = Instant::now();
        let page = read(&image, 300.0);
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
        assert_eq!(page.skipped, None);
        let found = text(&page);
        assert!(found.contains("quick brown fox"), "{found}");
    }
}

/// Says the same of every page.
#[derive(Debug)]
struct Says(u8, f32);

impl Orienter for Says {
    fn way_up(&self, _page: &GrayImage) -> Option<WayUp> {
        Some(WayUp { turns: self.0, probability: self.1 })
    }
}

/// Reads well what has its darkest half above, and notes how often it was asked for how much.
#[derive(Debug, Default)]
struct TopHeavy {
    seen: Mutex<Vec<(u32, u32)>>,
}

impl Recognizer for TopHeavy {
    fn recognize(
        &self,
        image: &GrayImage,
        _resolution: Resolution,
        _languages: &[String],
        _call: &Call,
    ) -> Result<Vec<OcrWord>> {
        self.seen.lock().unwrap().push(image.dimensions());
        let half = image.as_raw().len() / 2;
        let sum = |part: &[u8]| part.iter().map(|&p| u64::from(p)).sum::<u64>();
        let upright = sum(&image.as_raw()[..half]) < sum(&image.as_raw()[half..]);
        let words = Fake::default().recognize(image, Resolution(300.0), &[], &Call::default())?;
        let confidence = if upright { 0.95 } else { 0.2 };
        Ok(words.into_iter().map(|w| OcrWord { confidence, ..w }).collect())
    }

    fn recognize_block(
        &self,
        _: &GrayImage,
        _: Resolution,
        _: &[String],
        _: &Call,
    ) -> Result<Vec<OcrWord>> {
        Ok(Vec::new())
    }
}

/// Squares, which tell no way up, more of them above.
fn squares() -> GrayImage {
    GrayImage::from_fn(700, 700, |x, y| {
        let on = x % 40 < 20 && y % 60 < 20 && (y < 360 || x < 300);
        Luma([if on && (40..640).contains(&x) && (60..640).contains(&y) { 0 } else { 255 }])
    })
}

fn oriented(image: &GrayImage, says: Says) -> (u16, usize) {
    let reader = TopHeavy::default();
    let mut page = PageImage::of_page(image, Resolution(300.0), Some(Arc::new(says)));
    page.orient(&reader, &[], &Call::default()).unwrap();
    let asked = reader.seen.lock().unwrap().len();
    (page.turns.degrees(), asked)
}

#[test]
fn a_page_on_its_head_is_turned_on_the_word_of_the_model_and_one_trial() {
    assert_eq!(oriented(&imageops::rotate180(&squares()), Says(2, 0.9)), (180, 1));
}

#[test]
fn an_upright_page_is_not_turned_by_a_model_that_errs() {
    // Hebrew pages look upside down to the model: recognition does not bear it out.
    assert_eq!(oriented(&squares(), Says(2, 0.9)), (0, 1));
}

#[test]
fn a_model_that_is_unsure_or_content_costs_no_recognition() {
    assert_eq!(oriented(&squares(), Says(2, 0.5)), (0, 0));
    assert_eq!(oriented(&squares(), Says(0, 0.9)), (0, 0));
}
