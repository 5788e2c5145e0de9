use proptest::prelude::*;

use super::*;

/// Height of letters, in pixels.
const TEXT: f32 = 20.0;
/// From line to line.
const PITCH: f32 = 36.0;

/// Letters of a line of words, `size` pixels high: half as wide, a tenth between letters and as
/// much as half a letter's height between words.
fn line(left: f32, top: f32, words: &[usize], size: f32) -> Vec<Rect<Px>> {
    let mut letters = Vec::new();
    let mut x = left;
    for &length in words {
        for _ in 0..length {
            letters.push(rect(x, top, x + 0.5 * size, top + size));
            x += 0.6 * size;
        }
        x += 0.5 * size;
    }
    letters
}

/// Lines of words of changing length, so that no white runs down between them.
fn paragraph(left: f32, top: f32, lines: usize, words: usize) -> Vec<Rect<Px>> {
    let length = |line: usize, n: usize| 2 + (3 * n + 5 * line + line * n) % 7;
    (0..lines)
        .flat_map(|k| {
            let lengths: Vec<usize> = (0..words).map(|n| length(k, n)).collect();
            line(left, top + PITCH * k as f32, &lengths, TEXT)
        })
        .collect()
}

/// Rows of cells under a head that spans them, which no cut through white space can part.
fn table(left: f32, top: f32, rows: usize) -> Vec<Rect<Px>> {
    let mut letters = line(left, top, &[8, 9, 8, 9, 8], TEXT);
    for row in 1..=rows {
        for column in 0..4 {
            let x = left + 130.0 * column as f32;
            letters.extend(line(x, top + PITCH * row as f32, &[5], TEXT));
        }
    }
    letters
}

fn all(letters: &[Rect<Px>]) -> Rect<Px> {
    bounds(letters.iter().copied()).unwrap()
}

fn boxes(parting: &Parting) -> Vec<Rect<Px>> {
    parting.blocks.iter().map(|b| b.rect).collect()
}

#[test]
fn paragraphs_of_one_column_are_one_block() {
    let page = [
        paragraph(100.0, 100.0, 3, 7),
        // With a white line between, as between paragraphs.
        paragraph(100.0, 100.0 + 4.0 * PITCH, 2, 7),
        paragraph(100.0, 100.0 + 7.0 * PITCH, 4, 7),
    ]
    .concat();
    let parting = find_blocks(&page, &[], TEXT);
    assert_eq!(boxes(&parting), [all(&page)]);
    assert_eq!((parting.blocks[0].letters, parting.blocks[0].height()), (page.len(), TEXT));
    assert_eq!(parting.rest, []);
}

#[test]
fn columns_are_blocks_of_their_own() {
    let left = paragraph(100.0, 100.0, 10, 5);
    let right = paragraph(all(&left).max.x + 50.0, 100.0, 10, 5);
    let parting = find_blocks(&[left.clone(), right.clone()].concat(), &[], TEXT);
    assert_eq!(boxes(&parting), [all(&left), all(&right)]);
    assert_eq!(parting.rest, []);
}

#[test]
fn a_heading_in_larger_letters_is_a_block_of_its_own() {
    let head = line(100.0, 100.0, &[6, 8, 7], 2.0 * TEXT);
    let body = paragraph(100.0, 190.0, 8, 8);
    let parting = find_blocks(&[head.clone(), body.clone()].concat(), &[], TEXT);
    assert_eq!(boxes(&parting), [all(&head), all(&body)]);
    assert_eq!(parting.blocks[0].height(), 2.0 * TEXT);
    // In letters of the body's size it goes with it.
    let head = line(100.0, 130.0, &[6, 8, 7], TEXT);
    let page = [head, body].concat();
    assert_eq!(boxes(&find_blocks(&page, &[], TEXT)), [all(&page)]);
}

#[test]
fn a_table_is_no_plain_block() {
    let body = paragraph(100.0, 100.0, 10, 8);
    let table = table(100.0, 100.0 + 12.0 * PITCH, 4);
    let parting = find_blocks(&[body.clone(), table.clone()].concat(), &[], TEXT);
    assert_eq!(boxes(&parting), [all(&body)]);
    assert_eq!(parting.rest, [all(&table)]);
    // Two rows are as good as words that happen to stand below each other.
    let few: Vec<_> = table.iter().filter(|r| r.min.y < 100.0 + 14.5 * PITCH).copied().collect();
    assert_eq!(find_blocks(&[body, few].concat(), &[], TEXT).rest, []);
}

#[test]
fn a_page_that_is_mostly_tables_is_not_parted() {
    let table = table(100.0, 300.0, 12);
    let page = [paragraph(100.0, 100.0, 3, 8), table].concat();
    assert_eq!(find_blocks(&page, &[], TEXT), Parting::default());
}

#[test]
fn bullets_in_the_margin_belong_to_their_block() {
    let body = paragraph(160.0, 100.0, 9, 8);
    let bullet = |line: usize| {
        let top = 106.0 + PITCH * line as f32;
        rect(110.0, top, 118.0, top + 8.0)
    };
    // One a line, and one alone. (Several that stand far apart stay in the rest.)
    for at in [(0..9).collect::<Vec<_>>(), vec![4]] {
        let bullets: Vec<_> = at.iter().copied().map(bullet).collect();
        let parting = find_blocks(&body, &bullets, TEXT);
        assert_eq!(boxes(&parting), [all(&body).around(&all(&bullets))], "{at:?}");
        assert_eq!(parting.rest, []);
    }
    // A picture between keeps them apart.
    let bullets: Vec<_> = [0, 3, 7].map(bullet).to_vec();
    let picture = rect(20.0, 200.0, 120.0, 330.0);
    let parting = find_blocks(&body, &[bullets.clone(), vec![picture]].concat(), TEXT);
    let parts = [boxes(&parting), parting.rest].concat();
    let apart = |r: &Rect<Px>| parts.iter().filter(|p| p.intersects(r)).count() == 1;
    assert!(parts.iter().all(apart), "{parts:?}");
}

#[test]
fn what_stands_far_from_a_block_is_the_rest() {
    let body = paragraph(160.0, 100.0, 9, 8);
    let number = line(400.0, 600.0, &[2], TEXT);
    let picture = rect(160.0, 700.0, 500.0, 900.0);
    let parting = find_blocks(&[body.clone(), number.clone()].concat(), &[picture], TEXT);
    assert_eq!(boxes(&parting), [all(&body)]);
    assert_eq!(parting.rest, [all(&number), picture]);
}

#[test]
fn letters_below_each_other_are_no_lines() {
    let page: Vec<_> = (0..4)
        .flat_map(|column| (0..12).map(move |k| (60.0 * column as f32, 24.0 * k as f32)))
        .map(|(x, y)| rect(x, y, x + TEXT, y + TEXT))
        .collect();
    assert_eq!(find_blocks(&page, &[], TEXT), Parting::default());
}

#[test]
fn a_noisy_page_is_not_parted() {
    let body = paragraph(100.0, 100.0, 10, 8);
    let specks = |count: usize| -> Vec<Rect<Px>> {
        let at = |n: usize| (100.0 + 40.0 * (n % 20) as f32, 600.0 + 40.0 * (n / 20) as f32);
        (0..count).map(at).map(|(x, y)| rect(x, y, x + 3.0, y + 3.0)).collect()
    };
    let most = (NOISY * body.len() as f32) as usize;
    assert_eq!(boxes(&find_blocks(&body, &specks(most), TEXT)), [all(&body)]);
    assert_eq!(find_blocks(&body, &specks(most + 1), TEXT), Parting::default());
    // Dots at letters are no specks.
    let dots: Vec<_> =
        body.iter().map(|l| rect(l.min.x, l.min.y - 8.0, l.min.x + 3.0, l.min.y - 5.0)).collect();
    assert_eq!(find_blocks(&body, &dots, TEXT).blocks.len(), 1);
}

#[test]
fn an_empty_page_has_no_blocks() {
    assert_eq!(find_blocks(&[], &[], TEXT), Parting::default());
    assert_eq!(find_blocks(&[], &[rect(0.0, 0.0, 500.0, 500.0)], TEXT).blocks, []);
}

/// Paragraphs, tables and lone words in rows of one to three, wherever they come to stand.
fn letters() -> impl Strategy<Value = Vec<Rect<Px>>> {
    let part = (0_u8..6, 1_usize..8, 1_usize..7, 0.0_f32..90.0);
    let row = prop::collection::vec(part, 1..4);
    prop::collection::vec((row, 0.0_f32..120.0), 1..5).prop_map(|rows| {
        let mut letters: Vec<Rect<Px>> = Vec::new();
        let mut top = 0.0;
        for (row, gap) in rows {
            let mut left = 0.0;
            let mut bottom: f32 = top;
            for (kind, lines, words, beside) in row {
                let part = match kind {
                    0 => table(left + beside, top, lines),
                    1 => line(left + beside, top, &[words], TEXT),
                    2 => line(left + beside, top, &[words, lines], 1.6 * TEXT),
                    _ => paragraph(left + beside, top, lines, words),
                };
                left = all(&part).max.x;
                bottom = bottom.max(all(&part).max.y);
                letters.extend(part);
            }
            top = bottom + gap;
        }
        letters
    })
}

fn others() -> impl Strategy<Value = Vec<Rect<Px>>> {
    let mark = (0.0_f32..900.0, 0.0_f32..900.0, 1.0_f32..60.0, 1.0_f32..60.0);
    prop::collection::vec(mark.prop_map(|(x, y, w, h)| rect(x, y, x + w, y + h)), 0..6)
}

proptest! {
    // A page that is parted loses nothing and reads nothing twice.
    #[test]
    fn every_letter_is_in_one_part(letters in letters(), others in others()) {
        let parting = find_blocks(&letters, &others, TEXT);
        prop_assume!(!parting.blocks.is_empty());
        let parts = [boxes(&parting), parting.rest.clone()].concat();
        for letter in &letters {
            let within = parts.iter().filter(|p| p.contains(letter.center())).count();
            prop_assert_eq!(within, 1, "{:?} of {:?}", letter, parting);
        }
        for block in &parting.blocks {
            let held = letters.iter().filter(|l| block.rect.contains(l.center())).count();
            prop_assert_eq!(held, block.letters);
            prop_assert!(block.height() > 0.0);
        }
        let mut turned = letters.clone();
        turned.reverse();
        prop_assert_eq!(parting, find_blocks(&turned, &others, TEXT));
    }
}
