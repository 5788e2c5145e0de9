use std::sync::Mutex;

use super::*;

/// A word of ten pixels a letter; the em is 20 pixels.
fn word(text: &str, left: f32, line: u32, confidence: f32) -> OcrWord {
    let (top, width) = (40.0 * line as f32, 10.0 * text.chars().count() as f32);
    OcrWord {
        text: text.to_owned(),
        rect: rect(left, top, left + width, top + 20.0),
        confidence,
        block: 2,
        paragraph: 3,
        line,
        size: Some(20.0),
        angle: 0.0,
        joined: false,
        bold: None,
    }
}

/// Lines of good words, `doubtful` of them with one at the end that is not.
fn page(lines: u32, doubtful: u32) -> Vec<OcrWord> {
    let good = ["harbour", "between", "station", "journey"];
    (0..lines)
        .flat_map(|line| {
            let last = if line < doubtful { ("qvestion", 0.3) } else { ("question", 0.96) };
            let first = good.iter().zip([0.0, 100.0, 200.0, 300.0]);
            let mut words: Vec<_> = first.map(|(w, x)| word(w, x, line, 0.96)).collect();
            words.push(word(last.0, 400.0, line, last.1));
            words
        })
        .collect()
}

/// Reads a page again, where every part turns out to be these words (left side within the part,
/// confidence); gives the sizes of the images that were read.
fn again(words: &mut Vec<OcrWord>, found: &[(&str, f32, f32)]) -> Vec<(u32, u32)> {
    let seen = Mutex::new(Vec::new());
    let image = GrayImage::from_pixel(600, 2000, Luma([255]));
    read_doubtful(&image, words, &|cut| {
        seen.lock().unwrap().push(cut.dimensions());
        // The margin that was cut out with the part, and the white around it.
        Ok(found.iter().map(|&(text, x, c)| word(text, x + 10.0, 0, c)).collect())
    })
    .unwrap();
    seen.into_inner().unwrap()
}

fn texts(words: &[OcrWord]) -> Vec<&str> {
    words.iter().map(|w| w.text.as_str()).collect()
}

#[test]
fn clean_pages_are_not_read_again() {
    let mut words = page(40, 0);
    assert!(again(&mut words, &[("rubbish", 0.0, 0.99)]).is_empty());
    // One doubtful word on a page is not worth it either.
    let mut words = page(40, 1);
    assert!(again(&mut words, &[("rubbish", 0.0, 0.99)]).is_empty());
    assert_eq!(words, page(40, 1));
}

#[test]
fn a_better_second_reading_takes_the_place_of_the_first() {
    let mut words = page(10, 1);
    let seen = again(&mut words, &[("journey", 0.0, 0.96), ("question", 100.0, 0.95)]);
    assert_eq!(seen.len(), 1);
    // The doubtful word and the one before it, with margins: not the whole line.
    assert!(seen[0].0 < 250, "{seen:?}");
    assert_eq!(texts(&words), texts(&page(10, 0)));
    let read = &words[4];
    assert_eq!((read.line, read.block, read.paragraph, read.size), (0, 2, 3, Some(20.0)));
    assert!((read.rect.min.x - 400.0).abs() <= 6.0, "{:?}", read.rect);
}

#[test]
fn a_word_read_with_good_confidence_is_never_lost() {
    // The second reading misses a word, and has another text for one that was sure.
    for found in [vec![], vec![("jovial", 0.0, 0.99)], vec![("question", 100.0, 0.95)]] {
        let mut words = page(10, 1);
        again(&mut words, &found);
        assert_eq!(words.len(), 50);
        assert_eq!(words[3].text, "journey");
    }
}

#[test]
fn a_second_reading_that_is_no_better_changes_nothing() {
    let mut words = page(10, 1);
    again(&mut words, &[("journey", 0.0, 0.96), ("ovestion", 100.0, 0.3)]);
    assert_eq!(words, page(10, 1));
}

#[test]
fn words_cut_otherwise_are_chosen_together() {
    let mut words = page(10, 0);
    words[4] = word("inthe", 400.0, 0, 0.25);
    let found = [("journey", 0.0, 0.96), ("in", 100.0, 0.96), ("the", 122.0, 0.96)];
    again(&mut words, &found);
    assert_eq!(texts(&words[3..6]), ["journey", "in", "the"]);
    // And the other way round.
    let first = [word("qu", 0.0, 0, 0.3), word("estion", 20.0, 0, 0.4)];
    let merged = merge(&first, vec![word("question", 0.0, 0, 0.96)], 20.0);
    assert_eq!(texts(&merged), ["question"]);
}

#[test]
fn text_that_runs_to_the_left_keeps_its_order() {
    let first = [word("שלום", 200.0, 0, 0.96), word("עולמ", 100.0, 0, 0.2)];
    let second = vec![word("שלום", 200.0, 0, 0.96), word("עולם", 100.0, 0, 0.96)];
    assert_eq!(texts(&merge(&first, second, 20.0)), ["שלום", "עולם"]);
}

#[test]
fn the_share_of_a_page_that_is_read_again_is_bounded() {
    let mut words = page(40, 40);
    let seen = again(&mut words, &[]);
    let width: f32 = page(40, 40).iter().map(|w| w.rect.width()).sum();
    let read: f32 = seen.iter().map(|s| s.0 as f32 - 20.0).sum();
    assert!(!seen.is_empty() && read <= 1.1 * MOST * width, "{read} of {width}");
    assert_eq!(words, page(40, 40));
}

#[test]
fn parts_reach_into_no_other_line_or_word() {
    let mut words = page(10, 1);
    // The lines nearly touch.
    for w in &mut words {
        w.rect = w.rect.translate(euclid::vec2(0.0, -18.0 * w.line as f32));
    }
    let part = &parts(&words)[0];
    let area = surroundings(part, &words, &lines(&words), 20.0, (600, 2000));
    assert_eq!((area.min.y, area.max.y), (0.0, 22.0));
    assert!(area.min.x >= words[2].rect.max.x && area.max.x <= 600.0);
}
