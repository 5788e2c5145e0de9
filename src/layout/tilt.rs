//! From the straightened page back to the page as it was scanned.

use crate::document::{Page, Role};
use crate::geometry::{Perspective, Point, Pt, Rect, rect};

/// Turns all boxes of a page clockwise about its middle. Boxes keep their sizes: at the few
/// degrees a scan leans, a box that kept its corners would grow into its neighbours.
pub(super) fn tilt(page: &mut Page, degrees: f32) {
    if degrees == 0.0 {
        return;
    }
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let middle: Point<Pt> = Point::new(0.5 * page.size.width, 0.5 * page.size.height);
    let turn = |r: &mut Rect<Pt>| {
        let d = r.center() - middle;
        let x = middle.x + d.x * cosine - d.y * sine;
        let y = middle.y + d.x * sine + d.y * cosine;
        let (w, h) = (0.5 * r.width(), 0.5 * r.height());
        *r = rect(x - w, y - h, x + w, y + h);
    };
    each_box(page, turn);
}

/// Puts all boxes of a page that was photographed at a slant where they are in the photograph.
pub(super) fn warp(page: &mut Page, warp: Option<Perspective>) {
    if let Some(warp) = warp {
        each_box(page, |r| *r = warp.map_rect(*r));
    }
}

fn each_box(page: &mut Page, change: impl Fn(&mut Rect<Pt>)) {
    page.words.iter_mut().for_each(|w| change(&mut w.rect));
    page.rules.iter_mut().for_each(|r| change(&mut r.rect));
    for block in &mut page.blocks {
        change(&mut block.rect);
        block.lines.iter_mut().for_each(|l| change(&mut l.rect));
        if let Role::Table { table } = &mut block.role {
            table.cells.iter_mut().for_each(|c| change(&mut c.rect));
        }
    }
}
