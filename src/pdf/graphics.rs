//! Vector paths and images of a page: ruling lines and placements.

use super::ffi::{Object, ObjectKind, PageHandle, Segment};
use super::matrix::Matrix;
use super::space::Space;
use crate::geometry::{Pt, Rect, RectExt, bounds, rect};
use crate::limits::Limits;
use crate::page::{Placement, PlacementKind, Rule};

/// The widest a filled shape may be and still count as a line, in ems of body text: table rules
/// are rarely thicker than a quarter of the text beside them.
const RULE_WIDTH: f32 = 0.3;
/// The shortest line kept, in ems: shorter ones are parts of glyphs, dots and dashes.
const RULE_LENGTH: f32 = 0.5;
/// The shortest level line kept as the bar of a fraction, in ems: a bar is as wide as a letter, and half
/// as wide where it is set small.
const BAR_LENGTH: f32 = 0.15;
/// How far a line may lean, as a share of its length, and still be horizontal or vertical.
const LEAN: f32 = 0.01;
/// Paths with more points than this are drawings, whatever they hold: no table is one path of
/// thousands of segments, and reading them takes long.
const MAX_SEGMENTS: usize = 2000;
/// Channel value from which a fill is taken for the white of the page.
const WHITE: u8 = 250;

/// Ruling lines, images, drawings and fills of a page.
#[derive(Debug, Default)]
pub(super) struct Graphics {
    pub(super) rules: Vec<Rule>,
    /// Level lines that are too short for rules.
    pub(super) bars: Vec<Rule>,
    pub(super) placements: Vec<Placement>,
    /// Coloured rectangles, with what they look like on white.
    pub(super) grounds: Vec<(Rect<Pt>, [u8; 3])>,
    /// Whether the page has more objects, or more images, than are looked at.
    pub(super) cut: Cut,
    /// Images seen.
    pub(super) images: u64,
}

/// What a page has more of than is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cut {
    pub(super) objects: bool,
    pub(super) images: bool,
}

/// Collects the graphics of a page. `em` is the size of its body text, in points.
pub(super) fn read(page: &PageHandle<'_>, space: &Space, em: f32, limits: &Limits) -> Graphics {
    let size = space.size();
    let visible = rect(0.0, 0.0, size.width, size.height);
    let mut out = Graphics::default();
    let most = usize::try_from(limits.page_objects).unwrap_or(usize::MAX);
    let walk = page.visit_objects(most, &mut |object| match object.kind {
        ObjectKind::Path => path(&object, space, em, &visible, &mut out),
        ObjectKind::Image => {
            out.images += 1;
            if out.images > limits.page_images {
                out.cut.images = true;
            } else if let Some(b) = object.bounds() {
                out.place(space.rect(&b), &visible, PlacementKind::Image, object.pixel_size());
            }
        }
        ObjectKind::Shading => {
            if let Some(b) = object.bounds() {
                out.place(space.rect(&b), &visible, PlacementKind::Fill, None);
            }
        }
        ObjectKind::Text => {}
    });
    out.cut.objects = !walk.counted_all();
    out
}

impl Graphics {
    fn place(
        &mut self,
        r: Rect<Pt>,
        visible: &Rect<Pt>,
        kind: PlacementKind,
        pixels: Option<(u32, u32)>,
    ) {
        let r = r.intersection_unchecked(visible);
        if r.width() > 0.0 && r.height() > 0.0 {
            self.placements.push(Placement { rect: r, kind, pixels });
        }
    }

    fn fill(&mut self, r: Rect<Pt>, visible: &Rect<Pt>, color: Option<[u8; 4]>) {
        self.place(r, visible, PlacementKind::Fill, None);
        if let Some([red, green, blue, alpha]) = color {
            let over_white = |c: u8| {
                let (c, alpha) = (u32::from(c), u32::from(alpha));
                ((c * alpha + 255 * (255 - alpha)) / 255) as u8
            };
            self.grounds.push((r, [red, green, blue].map(over_white)));
        }
    }

    fn rule(&mut self, r: Rect<Pt>, em: f32, visible: &Rect<Pt>) {
        let r = r.intersection_unchecked(visible);
        let (width, height) = (r.width(), r.height());
        if width.max(height) >= RULE_LENGTH * em && width >= 0.0 && height >= 0.0 {
            self.rules.push(Rule { rect: r });
        } else if width >= BAR_LENGTH * em && width > 2.0 * height && height >= 0.0 {
            self.bars.push(Rule { rect: r });
        }
    }
}

/// One straight piece or one closed shape of a path, in page space.
struct Subpath {
    points: Vec<(f32, f32)>,
    curved: bool,
    closed: bool,
}

fn path(object: &Object<'_>, space: &Space, em: f32, visible: &Rect<Pt>, out: &mut Graphics) {
    let (filled, stroked) = object.draw_mode();
    if !filled && !stroked {
        return;
    }
    if object.segment_count() > MAX_SEGMENTS {
        if let Some(b) = object.bounds() {
            out.place(space.rect(&b), visible, PlacementKind::Drawing, None);
        }
        return;
    }
    let matrix = object.matrix().then(&object.outer);
    let color = if filled { object.fill_color() } else { None };
    let white = color.is_some_and(|[r, g, b, a]| a == 0 || r.min(g).min(b) >= WHITE);
    let width = if stroked { object.stroke_width() * scale_of(&matrix) } else { 0.0 };
    let mut drawing: Option<Rect<Pt>> = None;
    for sub in subpaths(&object.segments(), &matrix, space) {
        let Some(around) = sub.around() else { continue };
        let thin = around.width().min(around.height()) <= RULE_WIDTH * em;
        if !sub.curved && thin && (filled && !white || stroked) {
            out.rule(grow(around, width), em, visible);
        } else if !sub.curved && stroked && width <= RULE_WIDTH * em {
            let all_straight = sub.sides().all(|(a, b)| is_straight(a, b));
            for (a, b) in sub.sides().filter(|&(a, b)| is_straight(a, b)) {
                out.rule(grow(side(a, b), width), em, visible);
            }
            if !all_straight {
                drawing = Some(drawing.map_or(around, |d| d.around(&around)));
            }
            if filled && !white && sub.is_rectangle() {
                out.fill(around, visible, color);
            }
        } else if filled && !sub.curved && sub.is_rectangle() {
            if !white {
                out.fill(around, visible, color);
            }
        } else if !white || stroked {
            drawing = Some(drawing.map_or(around, |d| d.around(&around)));
        }
    }
    if let Some(around) = drawing {
        out.place(around, visible, PlacementKind::Drawing, None);
    }
}

/// How much a matrix enlarges lengths.
fn scale_of(m: &Matrix) -> f32 {
    (m.a * m.d - m.b * m.c).abs().sqrt()
}

fn grow(r: Rect<Pt>, width: f32) -> Rect<Pt> {
    let h = 0.5 * width;
    if r.width() >= r.height() {
        rect(r.min.x, r.min.y - h, r.max.x, r.max.y + h)
    } else {
        rect(r.min.x - h, r.min.y, r.max.x + h, r.max.y)
    }
}

fn side(a: (f32, f32), b: (f32, f32)) -> Rect<Pt> {
    rect(a.0.min(b.0), a.1.min(b.1), a.0.max(b.0), a.1.max(b.1))
}

fn is_straight(a: (f32, f32), b: (f32, f32)) -> bool {
    let (dx, dy) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
    dx.min(dy) <= LEAN * dx.max(dy)
}

impl Subpath {
    fn around(&self) -> Option<Rect<Pt>> {
        bounds(self.points.iter().map(|&(x, y)| rect(x, y, x, y)))
    }

    fn sides(&self) -> impl Iterator<Item = ((f32, f32), (f32, f32))> + '_ {
        let back = self.closed.then(|| (self.points[self.points.len() - 1], self.points[0]));
        self.points.windows(2).map(|w| (w[0], w[1])).chain(back)
    }

    /// Whether all sides run along an axis.
    fn is_rectangle(&self) -> bool {
        self.points.len() >= 4 && self.sides().all(|(a, b)| is_straight(a, b))
    }
}

fn subpaths(segments: &[Segment], matrix: &Matrix, space: &Space) -> Vec<Subpath> {
    let mut out: Vec<Subpath> = Vec::new();
    let to_page = |x: f32, y: f32| {
        let (x, y) = matrix.apply(x, y);
        space.point(x, y)
    };
    for segment in segments {
        match *segment {
            Segment::Move(x, y) => {
                out.push(Subpath { points: vec![to_page(x, y)], curved: false, closed: false })
            }
            Segment::Line(x, y) | Segment::Curve(x, y) => {
                if let Some(sub) = out.last_mut() {
                    sub.points.push(to_page(x, y));
                    sub.curved |= matches!(segment, Segment::Curve(..));
                }
            }
            Segment::Close => {
                if let Some(sub) = out.last_mut() {
                    sub.closed = true;
                }
            }
        }
    }
    out.retain(|sub| {
        sub.points.len() > 1 && sub.points.iter().all(|p| p.0.is_finite() && p.1.is_finite())
    });
    out
}

/// The box of one image that is all a page shows, with its size in pixels.
pub(super) fn single_scan(
    graphics: &Graphics,
    page: Rect<Pt>,
    has_visible_text: bool,
) -> Option<(Rect<Pt>, (u32, u32))> {
    /// A scan may leave a margin of a few percent.
    const COVERS: f32 = 0.8;
    let mut images = graphics.placements.iter().filter(|p| p.kind == PlacementKind::Image);
    let image = images.next()?;
    let alone = images.next().is_none()
        && graphics.rules.is_empty()
        && !graphics.placements.iter().any(|p| p.kind == PlacementKind::Drawing);
    let covers = page.share_in(&image.rect) >= COVERS;
    (alone && covers && !has_visible_text).then_some((image.rect, image.pixels?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_one_scan_is_taken_at_its_own_resolution() {
        let page = rect(0.0, 0.0, 600.0, 800.0);
        let scan =
            |r| Placement { rect: r, kind: PlacementKind::Image, pixels: Some((2500, 3300)) };
        let mut graphics = Graphics { placements: vec![scan(page)], ..Graphics::default() };
        assert_eq!(single_scan(&graphics, page, false), Some((page, (2500, 3300))));
        assert_eq!(single_scan(&graphics, page, true), None, "text over a picture");
        graphics.placements.push(scan(rect(0.0, 0.0, 100.0, 100.0)));
        assert_eq!(single_scan(&graphics, page, false), None, "two pictures");
    }
}
