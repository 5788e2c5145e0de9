//! Formulas set by hand, glyph by glyph, as TeX places them: an em of ten points, the axis a quarter of it above
//! the baseline at y = 100.

use super::latex;
use crate::geometry::{Pt, rect};
use crate::page::{Glyph, Rule};

/// Width of a glyph, in ems.
const WIDTH: f32 = 0.5;

/// A glyph of a text font, slanted if it is a letter of a variable.
fn glyph(char: char, x: f32, baseline: f32, size: f32, italic: bool) -> Glyph {
    Glyph {
        char,
        mapped: true,
        font: Some("Test".into()),
        size,
        bold: false,
        italic,
        advance: (x, x + WIDTH * size),
        baseline,
        ink: rect(x, baseline - 0.65 * size, x + WIDTH * size, baseline),
        word: Some(0),
    }
}

/// Characters in a row from `x`; letters are slanted.
fn set(text: &str, x: f32, baseline: f32, size: f32) -> Vec<Glyph> {
    let place = |n: usize| x + n as f32 * WIDTH * size;
    let chars = text.chars().enumerate().filter(|(_, c)| *c != ' ');
    chars.map(|(n, c)| glyph(c, place(n), baseline, size, c.is_alphabetic())).collect()
}

/// The same, set upright.
fn upright(text: &str, x: f32, baseline: f32, size: f32) -> Vec<Glyph> {
    set(text, x, baseline, size).into_iter().map(|g| Glyph { italic: false, ..g }).collect()
}

/// A sign of TeX's font of large signs, by its code and the height of its ink.
fn large(code: u8, x: f32, top: f32, bottom: f32, width: f32) -> Glyph {
    Glyph {
        char: char::from(code),
        mapped: false,
        font: Some("CMEX10".into()),
        advance: (x, x + width),
        ink: rect(x, top, x + width, bottom),
        word: None,
        ..glyph('x', x, top, 10.0, false)
    }
}

fn line(left: f32, right: f32, y: f32) -> Rule {
    Rule { rect: rect::<Pt>(left, y - 0.2, right, y + 0.2) }
}

fn read(parts: &[Vec<Glyph>], rules: &[Rule]) -> String {
    let glyphs: Vec<&Glyph> = parts.iter().flatten().collect();
    latex(&glyphs, rules).unwrap_or_else(|| "none".to_owned())
}

#[test]
fn scripts_are_told_by_baseline_and_size() {
    let squares =
        [set("x", 0.0, 100.0, 10.0), set("2", 5.0, 96.0, 7.0), set("+", 10.0, 100.0, 10.0)];
    let both =
        [set("a", 20.0, 100.0, 10.0), set("ij", 25.0, 102.5, 7.0), set("k", 25.0, 95.9, 7.0)];
    let read = read(&[squares.concat(), both.concat()], &[]);
    assert_eq!(read, "x^{2} + a_{ij}^{k}");
}

#[test]
fn scripts_of_scripts_go_with_what_they_follow() {
    // e to the minus x squared, and x with an index that has a power.
    let first = [set("e", 0.0, 100.0, 10.0), set("-x", 5.0, 96.0, 7.0), set("2", 12.0, 93.5, 5.0)];
    let second =
        [set("x", 20.0, 100.0, 10.0), set("a", 25.0, 102.5, 7.0), set("2", 28.5, 100.0, 5.0)];
    assert_eq!(read(&first, &[]), "e^{-x^{2}}");
    assert_eq!(read(&second, &[]), "x_{a^{2}}");
}

#[test]
fn lines_make_fractions_and_fractions_within_fractions() {
    let simple = [set("a", 2.0, 93.0, 10.0), set("b", 2.0, 107.0, 10.0)];
    assert_eq!(read(&simple, &[line(0.0, 9.0, 97.5)]), "\\frac{a}{b}");
    let nested = [
        set("1", 12.0, 93.0, 10.0),
        set("1+", 2.0, 111.0, 10.0),
        set("a", 14.0, 108.0, 7.0),
        set("b", 14.0, 117.0, 7.0),
    ];
    let lines = [line(0.0, 20.0, 97.5), line(13.0, 19.0, 109.5)];
    assert_eq!(read(&nested, &lines), "\\frac{1}{1 + \\frac{a}{b}}");
}

#[test]
fn a_fraction_that_lost_its_bar_is_still_one() {
    let parts = [
        set("y=", 0.0, 100.0, 10.0),
        set("a+b", 12.0, 93.2, 10.0),
        set("2", 17.0, 106.9, 10.0),
        set("+c", 30.0, 100.0, 10.0),
    ];
    assert_eq!(read(&parts, &[]), "y = \\frac{a + b}{2} + c");
}

#[test]
fn a_line_close_above_letters_is_no_fraction() {
    let barred = [set("z", 2.0, 100.0, 10.0)];
    assert_eq!(read(&barred, &[line(2.0, 7.0, 92.5)]), "\\overline{z}");
    let row_above = [set("pqrs", -20.0, 84.0, 10.0), set("z", 2.0, 100.0, 10.0)];
    assert!(read(&row_above, &[line(2.0, 7.0, 92.5)]).contains("\\overline{z}"));
}

#[test]
fn a_root_holds_what_is_under_its_line() {
    let mut sign = glyph('√', 0.0, 92.0, 10.0, false);
    sign.ink = rect(0.0, 91.0, 8.0, 103.0);
    sign.advance = (0.0, 8.0);
    let parts = [
        vec![sign],
        set("3", 0.8, 95.0, 5.0),
        set("x", 9.0, 100.0, 10.0),
        set("y", 20.0, 100.0, 10.0),
    ];
    assert_eq!(read(&parts, &[line(8.0, 15.0, 91.2)]), "\\sqrt[3]{x}y");
}

#[test]
fn limits_stand_above_and_below_operators_and_functions() {
    let sum = large(0x58, 10.0, 90.5, 104.5, 14.0);
    let parts = [
        vec![sum],
        set("n", 15.0, 88.0, 7.0),
        set("i=1", 12.0, 112.0, 7.0),
        set("i", 26.0, 100.0, 10.0),
    ];
    assert_eq!(read(&parts, &[]), "\\sum_{i = 1}^{n}i");
    let limit = [
        upright("lim", 0.0, 100.0, 10.0),
        set("n→∞", 2.0, 108.0, 7.0),
        set("a", 18.0, 100.0, 10.0),
    ];
    assert_eq!(read(&limit, &[]), "\\lim_{n \\rightarrow \\infty}a");
}

#[test]
fn rows_in_brackets_are_matrices() {
    let [open, close] =
        [(0x12, 0.0), (0x13, 40.0)].map(|(code, x)| large(code, x, 85.0, 110.0, 6.0));
    let cells = [
        set("a", 8.0, 94.0, 10.0),
        set("b", 28.0, 94.0, 10.0),
        set("c", 8.0, 106.0, 10.0),
        set("d", 28.0, 106.0, 10.0),
    ];
    let parts = [vec![open], cells.concat(), vec![close]];
    assert_eq!(read(&parts, &[]), "\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}");
}

#[test]
fn a_brace_of_pieces_without_partner_opens_cases() {
    let pieces = [(0x38, 85.0, 92.0), (0x3C, 92.0, 103.0), (0x3A, 103.0, 110.0)];
    let brace: Vec<Glyph> =
        pieces.iter().map(|&(code, top, bottom)| large(code, 10.0, top, bottom, 8.0)).collect();
    let rows = [
        set("x", 20.0, 94.0, 10.0),
        upright("if", 40.0, 94.0, 10.0),
        set("x>0", 53.0, 94.0, 10.0),
        set("0", 20.0, 106.0, 10.0),
        upright("else", 40.0, 106.0, 10.0),
    ];
    let parts = [set("y", 0.0, 100.0, 10.0), brace, rows.concat()];
    let cases = "y\\begin{cases} x & \\text{if }x > 0 \\\\ 0 & \\text{else} \\end{cases}";
    assert_eq!(read(&parts, &[]), cases);
}

#[test]
fn rows_of_a_display_are_aligned_at_their_relations() {
    let parts =
        [set("a", 0.0, 100.0, 10.0), set("=b", 10.0, 100.0, 10.0), set("=c", 10.0, 115.0, 10.0)];
    assert_eq!(read(&parts, &[]), "\\begin{aligned} a &= b \\\\ &= c \\end{aligned}");
}

#[test]
fn a_number_at_the_margin_is_a_tag() {
    let parts = [set("a=b", 0.0, 100.0, 10.0), upright("(2.1)", 100.0, 100.0, 10.0)];
    assert_eq!(read(&parts, &[]), "a = b \\tag{2.1}");
}

#[test]
fn accents_strokes_and_dots_are_put_together() {
    let mut hat = glyph('ˆ', 0.0, 97.0, 10.0, false);
    hat.ink = rect(1.0, 91.0, 4.0, 93.0);
    assert_eq!(read(&[set("x", 0.0, 100.0, 10.0), vec![hat]], &[]), "\\hat{x}");
    let mut stroke = glyph('\u{338}', 10.0, 100.0, 10.0, false);
    stroke.advance = (10.0, 10.0);
    let parts = [set("a", 0.0, 100.0, 10.0), vec![stroke], set("=b", 10.0, 100.0, 10.0)];
    assert_eq!(read(&parts, &[]), "a \\neq b");
    let dot = |x: f32| Glyph {
        ink: rect(x + 1.0, 99.0, x + 2.0, 100.0),
        ..glyph('.', x, 100.0, 10.0, false)
    };
    let parts = [set("a", 0.0, 100.0, 10.0), vec![dot(6.0), dot(10.4), dot(14.8)]];
    assert_eq!(read(&parts, &[]), "a\\ldots");
}

#[test]
fn a_formula_of_unknown_signs_has_no_latex() {
    let unknown = |x: f32| Glyph { mapped: false, ..glyph('\u{F0}', x, 100.0, 10.0, false) };
    assert_eq!(
        read(&[set("a=", 0.0, 100.0, 10.0), vec![unknown(10.0), unknown(15.0)]], &[]),
        "none"
    );
    assert_eq!(read(&[], &[]), "none");
}

#[test]
fn letters_of_a_font_without_slant_are_variables() {
    let parts = [
        upright("E", 0.0, 100.0, 10.0),
        upright("=", 8.0, 100.0, 10.0),
        upright("mc", 16.0, 100.0, 10.0),
    ];
    assert_eq!(read(&parts, &[]), "E = mc");
}

#[test]
fn what_is_nested_without_end_comes_to_one() {
    // A staircase of brackets, each half below the last: nobody set this, but a file may hold it.
    let stairs: Vec<Glyph> = (0..1000u16)
        .map(|n| {
            let (x, y) = (f32::from(n) * 6.0, f32::from(n) * 5.0);
            large(0x12, x, y, y + 30.0, 6.0)
        })
        .collect();
    assert!(read(&[stairs, set("x", 0.0, 10.0, 10.0)], &[]).contains("\\left("));
}
