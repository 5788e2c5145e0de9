//! Documents that are made to exhaust a machine: each ends at a limit, which its error or warning
//! names.

// Helpers are not covered by clippy's allowances for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod made;

use std::io::Cursor;
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use recto::export::{PdfOptions, searchable_pdf};
use recto::{
    Call, Document, Engine, Error, ErrorKind, Isolation, Limits, OcrMode, Options, Processes,
    Result, Source, Status, WarningCode,
};

fn engine(limits: Limits) -> Engine {
    Engine::builder().workers(1).limits(limits).build().unwrap()
}

/// The text layer alone is taken.
fn layer() -> Options {
    Options { ocr: OcrMode::Never, ..Options::default() }
}

fn read(bytes: Vec<u8>, limits: Limits, options: &Options) -> Result<Document> {
    engine(limits).read(Source::bytes(bytes, "a.pdf"), options)
}

/// The error is one of size, names its limit and says how to raise it.
#[track_caller]
fn names(error: &Error, limit: &str, found: &str) {
    let message = error.to_string();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{message}");
    let how = format!("--limit {limit}=N or under [limits] in recto.toml");
    assert!(message.contains(found) && message.contains(&how), "{message}");
    assert_eq!(error.kind().http_status(), 413);
}

#[track_caller]
fn warns(document: &Document, limit: &str) -> String {
    let mut warnings = document.warnings.iter().filter(|w| w.code == WarningCode::LimitReached);
    let warning = warnings.next().unwrap_or_else(|| panic!("no warning: {:?}", document.warnings));
    assert_eq!((warning.page, warnings.next()), (Some(0), None));
    assert!(warning.message.contains(&format!("--limit {limit}=N")), "{}", warning.message);
    warning.message.clone()
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let image = GrayImage::from_fn(64, 64, |x, y| Luma([(x * y) as u8]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(image).into_rgb8().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn patched(mut bytes: Vec<u8>, places: &[(usize, &[u8])]) -> Vec<u8> {
    for (at, new) in places {
        bytes[*at..at + new.len()].copy_from_slice(new);
    }
    bytes
}

fn position(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).expect("it is there")
}

#[test]
fn an_image_that_claims_more_pixels_than_anybody_holds_is_refused() {
    let jpeg = encoded(ImageFormat::Jpeg);
    let frame = position(&jpeg, &[0xff, 0xc0]);
    let bmp = encoded(ImageFormat::Bmp);
    let side = &100_000_i32.to_le_bytes();
    let gif = encoded(ImageFormat::Gif);
    let descriptor = position(&gif, &[0x2c, 0, 0, 0, 0, 64, 0, 64, 0]) + 5;
    let tiff = encoded(ImageFormat::Tiff);
    // Tags 256 and 257 of the directory, of whatever type with a count of 1.
    let directory = u32::from_le_bytes(tiff[4..8].try_into().unwrap()) as usize;
    let entry =
        |tag: u8| (directory..tiff.len() - 12).find(|&i| tiff[i..i + 2] == [tag, 1]).unwrap();
    let long =
        |side: u32| [&4_u16.to_le_bytes()[..], &1_u32.to_le_bytes(), &side.to_le_bytes()].concat();
    for (bytes, found) in [
        (patched(jpeg, &[(frame + 5, &[0xff; 4])]), "65535×65535 pixels"),
        (patched(bmp, &[(18, side), (22, side)]), ""),
        (patched(gif, &[(6, &[0xff; 4]), (descriptor, &[0xff; 4])]), "65535×65535 pixels"),
        (
            patched(
                tiff.clone(),
                &[(entry(0) + 2, &long(100_000)), (entry(1) + 2, &long(100_000))],
            ),
            "",
        ),
    ] {
        let start = Instant::now();
        let error = read(bytes, Limits::default(), &Options::default()).unwrap_err();
        if found.is_empty() {
            // Their decoders see by themselves that there is not enough in the file.
            assert!(
                [ErrorKind::TooLarge, ErrorKind::InvalidDocument].contains(&error.kind()),
                "{error}"
            );
        } else {
            names(&error, "image_pixels", found);
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[test]
fn the_limit_of_pixels_holds_for_every_format() {
    let limits = Limits { image_pixels: 4095, ..Limits::default() };
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Tiff,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Gif,
    ] {
        let error = read(encoded(format), limits, &Options::default()).unwrap_err();
        names(&error, "image_pixels", "64×64 pixels; at most 4095 are read");
        // Some decoders want room for the colours at once.
        let enough = Limits { image_pixels: 3 * 4096, ..limits };
        assert!(read(encoded(format), enough, &layer()).is_ok(), "{format:?}");
    }
}

#[test]
fn an_image_over_the_pixels_of_a_page_comes_smaller() {
    let limits = Limits { page_pixels: 1024, ..Limits::default() };
    let images = engine(limits)
        .page_images(Source::bytes(encoded(ImageFormat::Png), "a.png"), &Options::default(), 72.0)
        .unwrap();
    let image = images.into_iter().next().unwrap().unwrap();
    assert!(u64::from(image.width()) * u64::from(image.height()) <= 1024);
}

#[test]
fn documents_are_limited_in_bytes_and_pages() {
    let bytes = made::pdf(3);
    let limits = Limits { document_bytes: bytes.len() as u64 - 1, ..Limits::default() };
    let error = read(bytes.clone(), limits, &layer()).unwrap_err();
    names(&error, "document_bytes", &format!("{} bytes", bytes.len()));

    let limits = Limits { pages: 2, ..Limits::default() };
    let error = read(bytes.clone(), limits, &layer()).unwrap_err();
    names(&error, "pages", "3 pages were asked for, and at most 2 are read at once");
    let some = Options { pages: Some("0-1".parse().unwrap()), ..layer() };
    assert_eq!(read(bytes, limits, &some).unwrap().pages.len(), 2);
}

#[test]
fn limits_of_nothing_are_refused() {
    let error = Engine::builder().limits(Limits { page_words: 0, ..Limits::default() }).build();
    assert_eq!(error.unwrap_err().to_string(), "limits: page_words is 0; it is at least 1");
}

#[test]
fn the_pixels_of_a_document_are_limited_whatever_the_order_of_its_pages() {
    let always = Options { ocr: OcrMode::Always, dpi: Some(72.0), ..Options::default() };
    // Pages of 100 × 50 pixels, blank.
    let pages = |count: usize| {
        let kids: Vec<String> = (0..count).map(|n| format!("{} 0 R", n + 3)).collect();
        let mut objects = vec![
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            format!("<</Type/Pages/Kids[{}]/Count {count}>>", kids.join(" ")),
        ];
        let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 50]>>".to_owned();
        objects.extend(vec![page; count]);
        made::file_of(&objects)
    };
    let limits = Limits { document_pixels: 10_000, ..Limits::default() };
    let error = read(pages(3), limits, &always).unwrap_err();
    names(&error, "document_pixels", "more than 10000 pixels to recognise");
    assert_eq!(read(pages(2), limits, &always).unwrap().pages.len(), 2);
    // A text layer has none.
    assert_eq!(read(made::pdf(3), limits, &layer()).unwrap().pages.len(), 3);
}

#[test]
fn words_objects_and_images_of_a_page_are_limited() {
    let text = "BT /F 12 Tf 72 700 Td (one two three four five) Tj ET\n";
    let limits = Limits { page_words: 3, ..Limits::default() };
    let document = read(made::page_of(text, "", &[]), limits, &layer()).unwrap();
    assert_eq!(document.to_markdown().trim(), "one two three");
    assert!(warns(&document, "page_words").starts_with("only the first 3 words"));

    let lines = "0 0 m 100 0 l S\n".repeat(20);
    let limits = Limits { page_objects: 20, ..Limits::default() };
    let document = read(made::page_of(&(lines.clone() + text), "", &[]), limits, &layer()).unwrap();
    assert!(document.to_markdown().contains("five"), "words come without looking at objects");
    assert!(warns(&document, "page_objects").starts_with("only the first 20 objects"));
    let document = read(made::page_of(&lines, "", &[]), limits, &layer()).unwrap();
    assert!(
        document.warnings.iter().all(|w| w.code != WarningCode::LimitReached),
        "20 are allowed"
    );

    let image = made::stream(
        "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8\
         /Filter/ASCIIHexDecode",
        "30>",
    );
    let draws = "q 9 0 0 9 60 470 cm /I Do Q\n".repeat(5) + text;
    let limits = Limits { page_images: 4, ..Limits::default() };
    let pdf = made::page_of(&draws, "/XObject<</I 5 0 R>>", &[image]);
    let document = read(pdf, limits, &layer()).unwrap();
    assert!(warns(&document, "page_images").starts_with("only the first 4 images"));
}

/// A picture of so many pixels, of which the file holds next to nothing.
fn with_picture(side: u32, text: &str) -> Vec<u8> {
    with_content(side, &format!("q 612 0 0 792 0 0 cm /I Do Q\n{text}"))
}

/// A page of this content, in which /I is such a picture.
fn with_content(side: u32, content: &str) -> Vec<u8> {
    let image = made::stream(
        &format!(
            "/Type/XObject/Subtype/Image/Width {side}/Height {side}/ColorSpace/DeviceGray\
             /BitsPerComponent 8/Filter/ASCIIHexDecode"
        ),
        "30>",
    );
    made::page_of(content, "/XObject<</I 5 0 R>>", &[image])
}

#[test]
fn a_picture_of_too_many_pixels_is_not_decoded() {
    let start = Instant::now();
    let error = read(with_picture(100_000, ""), Limits::default(), &Options::default());
    names(&error.unwrap_err(), "image_pixels", "page 0 has an image of 100000×100000 pixels");

    // The text beside it is there all the same.
    let text = "BT /F 12 Tf 72 900 Td (x) Tj 0 -200 Td (All that is said stands here) Tj ET";
    let pdf = with_picture(100_000, text);
    let always = Options { ocr: OcrMode::Always, ..Options::default() };
    assert!(read(pdf.clone(), Limits::default(), &always).is_err());
    let document = read(pdf.clone(), Limits::default(), &Options::default()).unwrap();
    assert!(document.to_markdown().contains("All that is said"), "{}", document.to_markdown());

    let mut images = engine(Limits::default())
        .page_images(Source::bytes(pdf, "a.pdf"), &Options::default(), 72.0)
        .unwrap();
    names(&images.next().unwrap().unwrap_err(), "image_pixels", "100000×100000");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// Whoever looks for pictures must not stop before whoever draws them does.
#[test]
fn a_picture_behind_very_many_objects_or_forms_is_not_decoded_either() {
    let limits = Limits { page_objects: 10, ..Limits::default() };
    let always = Options { ocr: OcrMode::Always, ..Options::default() };
    // Twenty times as many objects are gone through as are looked at.
    let paths = "0 0 m 1 1 l S\n";
    let picture = |before: usize| with_content(100_000, &(paths.repeat(before) + "/I Do"));
    names(&read(picture(50), limits, &always).unwrap_err(), "image_pixels", "100000×100000");
    let error = read(picture(300), limits, &always).unwrap_err();
    names(&error, "page_objects", "more than 200 objects");
    // As many forms as one likes, one in the other.
    let image = made::stream(
        "/Type/XObject/Subtype/Image/Width 100000/Height 100000/ColorSpace/DeviceGray\
         /BitsPerComponent 8/Filter/ASCIIHexDecode",
        "30>",
    );
    let mut objects: Vec<String> = (6..26).map(|n| form(&format!("{n} 0 R"), "/X Do")).collect();
    objects.push(image);
    let pdf = made::page_of("/X Do", "/XObject<</X 5 0 R>>", &objects);
    let error = read(pdf, Limits::default(), &always).unwrap_err();
    names(&error, "page_objects", "forms within forms");
}

#[test]
fn children_keep_to_the_limits_of_their_engine() {
    let limits = Limits { image_pixels: 4095, page_words: 3, ..Limits::default() };
    let isolation = Isolation::Processes(Processes::of(env!("CARGO_BIN_EXE_recto")));
    let engine = Engine::builder().workers(1).limits(limits).isolation(isolation).build().unwrap();
    let png = Source::bytes(encoded(ImageFormat::Png), "a.png");
    let error = engine.read(png, &Options::default()).unwrap_err();
    names(&error, "image_pixels", "64×64 pixels");
    let document = engine.read(Source::bytes(made::pdf(1), "a.pdf"), &layer()).unwrap();
    assert_eq!(document.to_markdown().trim(), "This is page");
    warns(&document, "page_words");
}

#[test]
fn the_largest_page_that_there_may_be_is_drawn_small() {
    for (width, height) in [("14400000", "14400000"), ("14400000", "1"), ("0.01", "14400000")] {
        let pdf = made::file_of(&[
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents 4 0 R>>"),
            made::stream("", "0 0 m 5000 5000 l S"),
        ]);
        let start = Instant::now();
        let limits = Limits { page_pixels: 40_000, ..Limits::default() };
        let options = Options { ocr: OcrMode::Always, ..Options::default() };
        let document = read(pdf, limits, &options).unwrap();
        assert_eq!(document.pages.len(), 1);
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{width}×{height}: {:?}",
            start.elapsed()
        );
    }
}

/// A form that draws another one.
fn form(inner: &str, draws: &str) -> String {
    made::stream(
        &format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {inner}>>>>"),
        draws,
    )
}

/// Thirty forms that each draw the next one twice are a thousand million, and one that draws itself
/// twice is as bad: PDFium takes them all, and only a process of its own can be ended.
#[test]
fn a_page_that_takes_for_ever_costs_its_child_and_is_left_out() {
    let chain: Vec<String> =
        (6..36).map(|next| form(&format!("{next} 0 R"), "/X Do /X Do")).collect();
    let pdf = made::page_of("/X Do", "/XObject<</X 5 0 R>>", &chain);
    let mut processes = Processes::of(env!("CARGO_BIN_EXE_recto"));
    // Enough for a good page on a busy machine, too.
    processes.page_timeout = Duration::from_secs(5);
    let isolation = Isolation::Processes(processes);
    let engine = Engine::builder().workers(1).isolation(isolation).build().unwrap();
    let start = Instant::now();
    let error = engine.read(Source::bytes(pdf, "a.pdf"), &layer()).unwrap_err().chain();
    assert!(error.contains("it took longer than 5s"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let document = engine.read(Source::bytes(made::pdf(1), "a.pdf"), &layer()).unwrap();
    assert_eq!(document.pages.len(), 1, "the next one has another child");
}

/// What refers to itself is read once.
#[test]
fn what_runs_in_circles_ends() {
    let text = "BT /F 12 Tf 72 700 Td (after all) Tj ET\n/X Do";
    // A form that draws itself, and two that draw each other.
    for forms in
        [vec![form("5 0 R", "/X Do")], vec![form("6 0 R", "/X Do"), form("5 0 R", "/X Do")]]
    {
        let pdf = made::page_of(text, "/XObject<</X 5 0 R>>", &forms);
        let start = Instant::now();
        let document = read(pdf, Limits::default(), &layer()).unwrap();
        assert!(document.to_markdown().contains("after all"));
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    }

    let page =
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 120 40]/Contents 4 0 R/Resources<</Font<</F \
                <</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
            .to_owned();
    let content = made::stream("", "BT /F 12 Tf 20 15 Td (after all) Tj ET");
    let of = |catalog: &str, pages: &str, more: &[&str]| {
        let mut objects = vec![catalog.to_owned(), pages.to_owned(), page.clone(), content.clone()];
        objects.extend(more.iter().map(|object| (*object).to_owned()));
        made::file_of(&objects)
    };
    let one_page = "<</Type/Pages/Kids[3 0 R]/Count 1>>";
    for (what, pdf) in [
        (
            "a page tree",
            of(
                "<</Type/Catalog/Pages 2 0 R>>",
                "<</Type/Pages/Kids[3 0 R 2 0 R]/Count 3/Parent 2 0 R>>",
                &[],
            ),
        ),
        (
            "an outline",
            of(
                "<</Type/Catalog/Pages 2 0 R/Outlines 5 0 R>>",
                one_page,
                &[
                    "<</First 6 0 R/Last 6 0 R/Count 1>>",
                    "<</Title(one)/Parent 5 0 R/Next 6 0 R/First 5 0 R/Last 6 0 R/Dest[3 0 R/Fit]>>",
                ],
            ),
        ),
        (
            "names of destinations",
            of(
                "<</Type/Catalog/Pages 2 0 R/Outlines 5 0 R/Names<</Dests 7 0 R>>>>",
                one_page,
                &[
                    "<</First 6 0 R/Last 6 0 R/Count 1>>",
                    "<</Title(one)/Parent 5 0 R/Dest(there)>>",
                    "<</Kids[7 0 R 8 0 R]/Limits[(a)(z)]>>",
                    "<</Kids[7 0 R]/Limits[(a)(z)]>>",
                ],
            ),
        ),
    ] {
        let start = Instant::now();
        let document = read(pdf.clone(), Limits::default(), &layer())
            .unwrap_or_else(|error| panic!("{what}: {}", error.chain()));
        assert!(document.to_markdown().contains("after all"), "{what}");
        // The writer of PDF files reads them in its own way.
        let options = Options { ocr: OcrMode::Always, dpi: Some(72.0), ..Options::default() };
        let read = read(pdf.clone(), Limits::default(), &options).unwrap();
        let written = searchable_pdf(&read, &pdf, &PdfOptions::default());
        assert!(written.is_ok(), "{what}: {written:?}");
        assert!(start.elapsed() < Duration::from_secs(10), "{what}: {:?}", start.elapsed());
    }
}

#[test]
fn a_deadline_cuts_a_document_of_text_alone() {
    let engine = engine(Limits::default());
    // What is loaded once takes none of the time.
    engine.read(Source::bytes(made::pdf(1), "a.pdf"), &layer()).unwrap();
    let pdf = made::pdf_of(3000, |page| vec![format!("Line of page {page}"); 40]);
    let pdf: Arc<[u8]> = pdf.into();
    let mut time = Duration::from_millis(300);
    let (document, took) = loop {
        let options = Options { document_timeout: Some(time), ..layer() };
        let start = Instant::now();
        match engine.read(Source::bytes(Arc::clone(&pdf), "a.pdf"), &options) {
            Ok(document) => break (document, start.elapsed()),
            // On a busy machine it may be over before the first page.
            Err(Error::DeadlineExceeded) if time < Duration::from_secs(10) => time *= 2,
            Err(error) => panic!("{}", error.chain()),
        }
    };
    let pages = document.pages.len();
    assert!((1..3000).contains(&pages), "{pages} pages in {took:?}");
    assert_eq!(document.status, Status::Partial);
    assert!(document.pages.iter().zip(0..).all(|(page, index)| page.index == index));
    let warning = document.warnings.iter().find(|w| w.code == WarningCode::TimedOut);
    let message = format!("the deadline passed: {pages} of 3000 pages were read");
    assert_eq!(warning.expect("a warning").message, message);
    // Laying out what was read comes after.
    assert!(took < time + Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_cancelled_call_ends_with_the_page_under_way() {
    let pdf = made::pdf_of(3000, |page| vec![format!("Line of page {page}"); 40]);
    let call = Call::default();
    let cancel = call.cancel.clone();
    let engine = engine(Limits::default());
    let reading =
        std::thread::spawn(move || engine.read_with(Source::bytes(pdf, "a.pdf"), &layer(), &call));
    std::thread::sleep(Duration::from_millis(500));
    cancel.cancel();
    let cancelled = Instant::now();
    let read = reading.join().unwrap();
    assert!(cancelled.elapsed() < Duration::from_secs(4), "{:?}", cancelled.elapsed());
    match read {
        Ok(document) => {
            assert!(document.pages.len() < 3000);
            assert!(document.warnings.iter().any(|w| w.code == WarningCode::Cancelled));
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
    }
}
