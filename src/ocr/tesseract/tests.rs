use std::time::{Duration, Instant};

use super::*;
use crate::call::CancelFlag;

fn sample() -> GrayImage {
    let bytes = include_bytes!("../../../testdata/ocr/text.png");
    image::load_from_memory(bytes).unwrap().into_luma8()
}

fn english() -> Vec<String> {
    vec!["eng".to_owned()]
}

fn read(image: &GrayImage) -> Vec<OcrWord> {
    let recognizer = TesseractRecognizer::new(None).unwrap();
    recognizer.recognize(image, Resolution(300.0), &english(), &Call::default()).unwrap()
}

fn text(words: &[OcrWord]) -> String {
    words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn words_come_with_boxes_lines_and_sizes() {
    let words = read(&sample());
    assert_eq!(
        text(&words),
        "The quick brown fox jumps over the lazy dog. Pack my box with \
         five dozen liquor jugs, 1,234.50 for each of 42 sleeping judges."
    );
    let last = words.last().unwrap();
    assert_eq!((words[0].line, last.line), (0, 3));
    assert!(last.paragraph > 0);
    assert!(words.iter().all(|w| w.confidence > 0.8 && w.angle == 0.0 && !w.joined));
    // 12 pt at 300 dpi are 50 px, in a face that is tall for its size.
    let size = words[0].size.unwrap();
    assert!((48.0..60.0).contains(&size), "{size}");
    let first = words[0].rect;
    assert!((55.0..75.0).contains(&first.min.x) && first.max.y < 110.0, "{first:?}");
}

#[test]
fn a_blank_or_tiny_image_has_no_words() {
    let white = |w, h| GrayImage::from_pixel(w, h, image::Luma([255]));
    assert_eq!(read(&white(400, 300)), []);
    assert_eq!(read(&white(1, 1)), []);
    assert_eq!(read(&GrayImage::new(0, 0)), []);
}

#[test]
fn a_missing_model_is_an_error_even_beside_one_that_is_there() {
    let recognizer = TesseractRecognizer::new(None).unwrap();
    for languages in [&["xyz"][..], &["eng", "xyz"], &["eng+eng"]] {
        let languages: Vec<String> = languages.iter().map(|&l| l.to_owned()).collect();
        let error = recognizer
            .recognize(&sample(), Resolution(300.0), &languages, &Call::default())
            .unwrap_err();
        assert!(matches!(error, Error::LanguageNotInstalled { .. }), "{languages:?}: {error}");
    }
}

#[test]
fn a_folder_without_models_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = TesseractRecognizer::new(Some(folder.path().to_owned())).unwrap_err();
    assert!(matches!(error, Error::MissingComponent { .. }), "{error}");
}

#[test]
fn a_damaged_model_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("eng.traineddata"), b"no model").unwrap();
    let recognizer = TesseractRecognizer::new(Some(folder.path().to_owned())).unwrap();
    let error = recognizer
        .recognize(&sample(), Resolution(300.0), &english(), &Call::default())
        .unwrap_err();
    assert!(error.chain().contains("could not be started"), "{}", error.chain());
}

#[test]
fn a_cancelled_or_overdue_call_stops() {
    let recognizer = TesseractRecognizer::new(None).unwrap();
    let cancel = CancelFlag::default();
    cancel.cancel();
    let call = Call { cancel, ..Call::default() };
    let result = recognizer.recognize(&sample(), Resolution(300.0), &english(), &call);
    assert!(matches!(result, Err(Error::Cancelled)));

    // Many copies of the sample: half a minute of work.
    let line = sample();
    let mut page = GrayImage::from_pixel(line.width() * 4, line.height() * 12, image::Luma([255]));
    for i in 0..48_u32 {
        let at = ((i % 4) * line.width(), (i / 4) * line.height());
        image::imageops::replace(&mut page, &line, at.0.into(), at.1.into());
    }
    let call = Call::default().with_timeout(Some(Duration::from_millis(900)));
    let start = Instant::now();
    let result = recognizer.recognize(&page, Resolution(300.0), &english(), &call);
    assert!(matches!(result, Err(Error::DeadlineExceeded)), "{result:?}");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    // The handle works on.
    let words = recognizer.recognize(&line, Resolution(300.0), &english(), &Call::default());
    assert_eq!(words.unwrap().len(), 24);
}

#[test]
fn english_goes_with_scripts_whose_models_know_no_latin_letters() {
    let folder = tempfile::tempdir().unwrap();
    let add = |code: &str| {
        std::fs::write(folder.path().join(format!("{code}.traineddata")), b"").unwrap();
    };
    add("rus");
    let recognizer = TesseractRecognizer::new(Some(folder.path().to_owned())).unwrap();
    let models = |codes: &[&str]| {
        let codes: Vec<String> = codes.iter().map(|&c| c.to_owned()).collect();
        recognizer.models(&codes)
    };
    assert_eq!(models(&["rus"]), "rus");
    add("eng");
    assert_eq!(models(&["rus"]), "rus+eng");
    assert_eq!(models(&["ell", "heb"]), "ell+heb+eng");
    assert_eq!(models(&["../more/hin"]), "../more/hin+eng");
    for codes in [&["deu"][..], &["rus", "deu"], &["jpn"], &["chi_sim"], &["eng"], &["osd"]] {
        assert_eq!(models(codes), codes.join("+"));
    }
}

#[test]
fn handles_are_used_again() {
    let recognizer = TesseractRecognizer::new(None).unwrap();
    let read = || {
        let call = Call::default();
        recognizer.recognize(&sample(), Resolution(300.0), &english(), &call).unwrap()
    };
    let first = read();
    assert_eq!(recognizer.pool.idle_count(), 1);
    assert_eq!(read(), first);
    assert_eq!(recognizer.pool.idle_count(), 1);
}

#[test]
fn nested_parallel_recognition_does_not_deadlock() {
    let recognizer = TesseractRecognizer::new(None).unwrap();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .start_handler(|_| crate::ocr::prepare_worker_thread())
        .build()
        .unwrap();
    let image = sample();
    let top = image::imageops::crop_imm(&image, 0, 0, image.width(), 200).to_image();
    let read = |part: &GrayImage| {
        let call = Call::default();
        recognizer.recognize(part, Resolution(300.0), &english(), &call).unwrap().len()
    };
    // More pages than threads, each split in two: waiting halves are filled with stolen work.
    let counts: Vec<(usize, usize)> = pool.install(|| {
        use rayon::prelude::*;
        (0..6).into_par_iter().map(|_| rayon::join(|| read(&top), || read(&image))).collect()
    });
    assert_eq!(counts, [(13, 24); 6]);
    assert!(recognizer.pool.idle_count() <= 2);
}

#[test]
fn warming_up_loads_no_more_than_enough() {
    let recognizer = TesseractRecognizer::new(None).unwrap();
    for _ in 0..3 {
        recognizer.pool.add("eng", 2, || recognizer.load("eng")).unwrap();
    }
    assert_eq!(recognizer.pool.idle_count(), 2);
    recognizer.warm_up(&["xyz".to_owned()]);
    assert_eq!(recognizer.pool.idle_count(), 2);
}

#[test]
fn fraktur_is_read_with_its_own_model() {
    let recognizer = TesseractRecognizer::new(None).unwrap();
    let german = Language::parse("deu-Latf").unwrap();
    let Some(model) = german.tesseract_codes().into_iter().find(|code| recognizer.has_model(code))
    else {
        eprintln!("skipped: no model of Fraktur is installed (tesseract-ocr-frk)");
        return;
    };
    let bytes = include_bytes!("../../../testdata/ocr/fraktur.png");
    let image = image::load_from_memory(bytes).unwrap().into_luma8();
    let words = recognizer
        .recognize(&image, Resolution(300.0), &[model.to_owned()], &Call::default())
        .unwrap();
    let found = text(&words);
    for want in ["Es war einmal ein König,", "wohnte in einem großen Schloß am Meer."] {
        assert!(found.contains(want), "{found}");
    }
}
