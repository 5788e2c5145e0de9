use super::*;
use crate::document::Role;
use crate::export::testing::{page, text_block, word};

fn layer(words: Vec<Word>, skew: f32) -> String {
    let all: Vec<u32> = (0..words.len() as u32).collect();
    let mut page = page(words, |w| vec![text_block(w, Role::Paragraph, &[&all])]);
    page.skew = skew;
    let font = Font::new(page.words.iter().map(|w| w.text.as_str()));
    let space = PageSpace::new([0.0, 0.0, 200.0, 100.0], 0, 0, page.size);
    content(&page, &space, &font, "F").unwrap_or_default()
}

/// Of each word shown: x, y, horizontal scale, codes.
fn shown(content: &str) -> Vec<(f32, f32, f32, String)> {
    let mut out = Vec::new();
    for line in content.lines().filter(|l| l.contains(" Tm ")) {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let n = |i: usize| parts[i].parse::<f32>().unwrap();
        out.push((n(4), n(5), n(7), parts[9].to_owned()));
    }
    out
}

#[test]
fn a_word_spans_its_box_on_the_baseline() {
    let content = layer(vec![word("nono", 20.0, 30.0)], 0.0);
    let [(x, y, scale, _)] = shown(&content)[..] else { panic!("{content}") };
    // The letters reach no lower than the baseline: the bottom of the box, 40 from the top.
    assert_eq!((x, y), (20.0, 60.0));
    // Four letters of half an em of 10 points are as wide as the box.
    assert!((scale - 100.0).abs() < 0.01, "{content}");
    assert!(content.starts_with("q BT 3 Tr\n") && content.ends_with("ET Q\n"));
}

#[test]
fn letters_with_descenders_lift_the_baseline() {
    let y = |text: &str| shown(&layer(vec![word(text, 20.0, 30.0)], 0.0))[0].1;
    assert!((y("pony") - y("nono") - 2.1).abs() < 0.01);
    // All words of a line stand on one baseline.
    let both = shown(&layer(vec![word("on", 0.0, 30.0), word("no", 50.0, 30.5)], 0.0));
    assert_eq!(both[0].1, both[1].1);
}

#[test]
fn a_space_fills_the_gap_between_words() {
    let content = layer(vec![word("on", 0.0, 0.0), word("no", 20.0, 0.0)], 0.0);
    let first = content.lines().find(|l| l.contains("Tm")).unwrap();
    // 10 points, by a space of .28 em.
    assert!(first.contains(" 357.1429 Tz <0001> Tj"), "{content}");
    // The end of the line has a space too, but for a hyphen.
    assert_eq!(content.matches("<0001>").count(), 2);
    assert!(!layer(vec![word("on-", 0.0, 0.0)], 0.0).contains("<0001>"));
}

#[test]
fn joined_words_have_no_space_and_leave_no_gap() {
    let mut words = vec![word("日本", 0.0, 0.0), word("語", 14.0, 0.0)];
    words[1].joined = true;
    let content = layer(words, 0.0);
    let shown = shown(&content);
    // 14 points, by two glyphs of 10.
    assert!((shown[0].2 - 70.0).abs() < 0.01, "{content}");
    assert_eq!(content.matches("<0001>").count(), 1, "at the end of the line");
}

#[test]
fn boxes_of_joined_words_that_overlap_are_cut_at_the_next() {
    let mut words = vec![word("日本", 0.0, 0.0), word("語", 6.0, 0.0)];
    words[0].rect.max.x = 30.0;
    words[1].joined = true;
    let shown = shown(&layer(words, 0.0));
    // 6 points, by two glyphs of 10.
    assert!((shown[0].2 - 30.0).abs() < 0.01);
}

#[test]
fn right_to_left_text_stands_as_a_page_shows_it() {
    // Logical order: the first word stands at the right.
    let content = layer(vec![word("אב", 50.0, 0.0), word("גד12", 10.0, 0.0)], 0.0);
    let shown = shown(&content);
    assert_eq!(shown.iter().map(|s| s.0).collect::<Vec<_>>(), [10.0, 50.0]);
    // Codes by text: space, 1, 2, א, ב, ג, ד.
    assert_eq!(shown[0].3, "<0002000300070006>");
    assert_eq!(shown[1].3, "<00050004>");
}

#[test]
fn leaning_lines_lean_and_keep_their_boxes_middles() {
    let content = layer(vec![word("nono", 20.0, 30.0)], 5.0);
    let parts: Vec<f32> = content
        .lines()
        .find(|l| l.contains("Tm"))
        .unwrap()
        .split(' ')
        .take(6)
        .map(|p| p.parse().unwrap())
        .collect();
    let (sine, cosine) = 5.0_f32.to_radians().sin_cos();
    assert!((parts[0] - cosine).abs() < 1e-3 && (parts[1] + sine).abs() < 1e-3, "{parts:?}");
    // Half the length along the line and half the height up from there is the box's middle.
    let (along, up) = (10.0, 5.0);
    let x = parts[4] + along * parts[0] + up * parts[2];
    let y = parts[5] + along * parts[1] + up * parts[3];
    assert!((x - 30.0).abs() < 0.05 && (y - 65.0).abs() < 0.05, "{x} {y}");
}

#[test]
fn text_that_runs_down_starts_at_the_top() {
    let mut down = word("nono", 20.0, 30.0);
    // 10 wide, 20 high.
    down.rect = crate::geometry::rect(20.0, 30.0, 30.0, 50.0);
    down.angle = 90.0;
    let content = layer(vec![down], 0.0);
    // Right is down; up is right; the baseline is the left side.
    assert!(content.contains("0 -1 1 0 20 70 Tm 100 Tz"), "{content}");
}

#[test]
fn only_recognised_words_are_set() {
    let mut layered = word("layer", 0.0, 0.0);
    layered.origin = WordOrigin::TextLayer;
    assert_eq!(layer(vec![layered.clone()], 0.0), "");
    let mut lost = word("lost", f32::NAN, 0.0);
    lost.rect.max.x = f32::NAN;
    assert_eq!(layer(vec![lost], 0.0), "");
    assert_eq!(shown(&layer(vec![layered, word("read", 50.0, 0.0)], 0.0)).len(), 1);
}

#[test]
fn numbers_are_short_and_have_no_exponent() {
    assert_eq!(number(1.0), "1");
    assert_eq!(number(-0.00001), "0");
    assert_eq!(number(1.26e-3), "0.0013");
    assert_eq!(number(1e9), "1000000000");
}
