//! A new PDF from the pages of an image file.

use ::image::metadata::Orientation;
use lopdf::{Dictionary, Document as Pdf, Object, dictionary};

use super::font::{Font, packed};
use super::image::{Part, Picture};
use super::layer::{self, number};
use super::space::PageSpace;
use super::tiff;
use crate::document::{Document, Page};
use crate::error::Result;

/// The PDF of the pages that were read.
pub(super) fn pdf(document: &Document, original: &[u8]) -> Result<Vec<u8>> {
    let name = super::name(document);
    let font = Font::new(super::texts(document));
    let mut pdf = Pdf::with_version("1.5");
    let tree = pdf.new_object_id();
    let font_id = font.add(&mut pdf);
    let mut kids = Vec::new();
    for page in &document.pages {
        let picture = if tiff::is_tiff(original) {
            tiff::page(&name, original, page.index)?
        } else {
            Picture::of(&name, original)?
        };
        let shown = Shown::new(page, picture.orientation);
        let mut content = String::new();
        let mut objects = Dictionary::new();
        for (i, part) in picture.parts.into_iter().enumerate() {
            let name = format!("Im{i}");
            content.push_str(&shown.draw(&part, &name));
            objects.set(name, part.add(&mut pdf));
        }
        let space = PageSpace::new(shown.media, 0, page.rotation, page.size);
        let text = layer::content(page, &space, &font, "F").unwrap_or_default();
        let content = pdf.add_object(packed(Dictionary::new(), (text + &content).into_bytes()));
        let [_, _, width, height] = shown.media;
        kids.push(Object::Reference(pdf.add_object(dictionary! {
            "Type" => "Page",
            "Parent" => tree,
            "MediaBox" => vec![0.into(), 0.into(), width.into(), height.into()],
            "Rotate" => shown.rotate,
            "Resources" => dictionary! {
                "Font" => dictionary! { "F" => font_id },
                "XObject" => objects,
            },
            "Contents" => content,
        })));
    }
    let count = kids.len() as i64;
    pdf.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count });
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).map_err(|error| crate::Error::stage("PDF output", error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// How a page shows its image.
struct Shown {
    /// Left, bottom, right, top, in points.
    media: [f32; 4],
    /// So that the content is upright.
    rotate: i64,
    orientation: Orientation,
}

impl Shown {
    fn new(page: &Page, orientation: Orientation) -> Self {
        let (width, height) = (page.size.width, page.size.height);
        // The page's size is that of the upright content; the file's may lie on its side.
        let (width, height) =
            if page.rotation.is_multiple_of(180) { (width, height) } else { (height, width) };
        let rotate = (360 - i64::from(page.rotation)) % 360;
        Self { media: [0.0, 0.0, width, height], rotate, orientation }
    }

    /// Draws a part of the image, from `top` to `bottom` as shares of its height.
    fn draw(&self, part: &Part, name: &str) -> String {
        let [_, _, w, h] = self.media;
        // The unit square of an image has its first pixel at the top left: (0, 1).
        let Part { top, bottom, .. } = *part;
        // Where the image's corners go: origin (bottom left), and the vectors along its bottom and
        // its left side, in shares of the page.
        let (origin, right, up) = match self.orientation {
            Orientation::NoTransforms => ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)),
            Orientation::FlipHorizontal => ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0)),
            Orientation::Rotate180 => ((1.0, 1.0), (-1.0, 0.0), (0.0, -1.0)),
            Orientation::FlipVertical => ((0.0, 1.0), (1.0, 0.0), (0.0, -1.0)),
            // Clockwise: the bottom left goes to the top left, right becomes down, up right.
            Orientation::Rotate90 => ((0.0, 1.0), (0.0, -1.0), (1.0, 0.0)),
            Orientation::Rotate270 => ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)),
            Orientation::Rotate90FlipH => ((1.0, 1.0), (0.0, -1.0), (-1.0, 0.0)),
            Orientation::Rotate270FlipH => ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0)),
        };
        let at = 1.0 - bottom;
        let tall = bottom - top;
        let matrix = [
            right.0 * w,
            right.1 * h,
            up.0 * tall * w,
            up.1 * tall * h,
            (origin.0 + at * up.0) * w,
            (origin.1 + at * up.1) * h,
        ];
        let matrix: Vec<String> = matrix.into_iter().map(number).collect();
        format!("q {} cm /{name} Do Q\n", matrix.join(" "))
    }
}

#[cfg(test)]
mod tests;
