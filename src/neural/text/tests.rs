use std::path::PathBuf;

use super::*;

/// The models of this checkout; `None`, with a message, where they are not installed.
fn tiny() -> Option<TextModels> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let models = TextModels {
        detection: folder.join("PP-OCRv6_det_tiny.onnx"),
        recognition: folder.join("PP-OCRv6_rec_tiny.onnx"),
        dictionary: None,
    };
    let there = models.detection.is_file() && models.recognition.is_file();
    if !there {
        eprintln!("skipped: the models of text are not installed");
    }
    there.then_some(models)
}

fn sample() -> GrayImage {
    let bytes = include_bytes!("../../../testdata/ocr/text.png");
    image::load_from_memory(bytes).unwrap().into_luma8()
}

fn read(image: &GrayImage, models: &TextModels) -> Vec<OcrWord> {
    let reader = reader(models).unwrap();
    reader.recognize(image, Resolution(300.0), &[], &Call::default()).unwrap()
}

fn text(words: &[OcrWord]) -> String {
    let mut lines: Vec<&[OcrWord]> = words.chunk_by(|a, b| a.line == b.line).collect();
    lines.sort_by(|a, b| a[0].rect.min.y.total_cmp(&b[0].rect.min.y));
    lines.concat().iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn words_come_with_boxes_lines_and_sizes() {
    let Some(models) = tiny() else { return };
    let image = sample();
    let words = read(&image, &models);
    assert_eq!(
        text(&words),
        "The quick brown fox jumps over the lazy dog. Pack my box with \
         five dozen liquor jugs, 1,234.50 for each of 42 sleeping judges."
    );
    for word in &words {
        assert!(word.confidence > 0.7 && word.size.is_some(), "{word:?}");
        assert!(word.rect.max.x <= image.width() as f32 && word.rect.min.x >= 0.0, "{word:?}");
        // Ink at the box's edges, none around it.
        assert!(word.rect.height() > 8.0 && word.rect.width() > 4.0, "{word:?}");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let Some(models) = tiny() else { return };
    let image = sample();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| read(&image, &models))
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn white_paper_and_slivers_are_read_as_nothing() {
    let Some(models) = tiny() else { return };
    for (width, height) in [(1, 1), (2000, 3), (600, 800), (0, 0)] {
        let image = GrayImage::from_pixel(width, height, image::Luma([255]));
        assert!(read(&image, &models).is_empty());
    }
}

#[test]
fn models_that_cannot_be_used_are_named_with_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("det.onnx");
    std::fs::write(&broken, b"no model").unwrap();
    let models = |detection: PathBuf, recognition: PathBuf, dictionary| {
        reader(&TextModels { detection, recognition, dictionary }).unwrap_err().to_string()
    };
    let message = models(broken.clone(), broken.clone(), None);
    assert!(message.contains("det.onnx") && message.contains("does not load"), "{message}");
    let Some(tiny) = tiny() else { return };
    // A detector names no characters; a dictionary beside it is read instead.
    let message = models(tiny.detection.clone(), tiny.detection.clone(), None);
    assert!(message.contains("metadata `character`"), "{message}");
    let missing = dir.path().join("missing.txt");
    let message = models(tiny.detection.clone(), tiny.detection.clone(), Some(missing));
    assert!(message.contains("missing.txt"), "{message}");
}
