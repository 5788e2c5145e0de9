//! Recognition of parts of an image, as it is best recognised.

use image::GrayImage;

use crate::call::Call;
use crate::error::Result;
use crate::geometry::{Px, Rect, Resolution, rect};
use crate::preprocess::{self, Scale};
use crate::recognizer::{OcrWord, Recognizer};

/// What a recognition needs besides the image.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) recognizer: &'a dyn Recognizer,
    pub(super) languages: &'a [String],
    pub(super) call: &'a Call,
    pub(super) ppi: f32,
    /// At which scale of the images given to read them.
    pub(super) scale: Scale,
}

impl Job<'_> {
    pub(super) fn recognize(&self, image: &GrayImage) -> Result<Vec<OcrWord>> {
        if self.recognizer.finds_lines() {
            return self.recognize_as_it_is(image);
        }
        let sheet = self.prepare(image);
        let whole = rect(0.0, 0.0, image.width() as f32, image.height() as f32);
        self.recognize_part(&sheet, whole, Shape::Page)
    }

    /// Words of an image at its own scale and with its own paper, by a recogniser that wants it so.
    pub(super) fn recognize_as_it_is(&self, image: &GrayImage) -> Result<Vec<OcrWord>> {
        self.recognizer.recognize(image, Resolution(self.ppi), self.languages, self.call)
    }

    /// The image as it is recognised: smaller where that costs nothing, on white paper.
    pub(super) fn prepare(&self, image: &GrayImage) -> Prepared {
        let mut shrunk = self.scale.apply(image);
        preprocess::whiten(&mut shrunk, self.ppi * self.scale.0);
        let scale = |to: u32, from: u32| to as f32 / from.max(1) as f32;
        let scale = (scale(shrunk.width(), image.width()), scale(shrunk.height(), image.height()));
        Prepared { image: shrunk, scale }
    }

    /// Words of a part of an image, by the image prepared.
    pub(super) fn recognize_part(
        &self,
        sheet: &Prepared,
        part: Rect<Px>,
        shape: Shape,
    ) -> Result<Vec<OcrWord>> {
        let (kx, ky) = sheet.scale;
        let resolution = Resolution(self.ppi * self.scale.0);
        let left = ((part.min.x * kx) as u32).min(sheet.image.width());
        let top = ((part.min.y * ky) as u32).min(sheet.image.height());
        let right = ((part.max.x * kx).ceil() as u32).clamp(left, sheet.image.width());
        let bottom = ((part.max.y * ky).ceil() as u32).clamp(top, sheet.image.height());
        let whole = (right - left, bottom - top) == sheet.image.dimensions();
        let cut;
        let image = if whole {
            &sheet.image
        } else {
            cut = image::imageops::crop_imm(&sheet.image, left, top, right - left, bottom - top)
                .to_image();
            &cut
        };
        let words = match shape {
            Shape::Page => {
                self.recognizer.recognize(image, resolution, self.languages, self.call)?
            }
            Shape::Block => {
                self.recognizer.recognize_block(image, resolution, self.languages, self.call)?
            }
        };
        // Sides are whole pixels: the two directions are scaled by slightly different factors.
        let (x, y) = (1.0 / kx, 1.0 / ky);
        let (dx, dy) = (left as f32, top as f32);
        let back = |w: OcrWord| OcrWord {
            rect: rect(
                (w.rect.min.x + dx) * x,
                (w.rect.min.y + dy) * y,
                (w.rect.max.x + dx) * x,
                (w.rect.max.y + dy) * y,
            ),
            size: w.size.map(|size| size * y),
            ..w
        };
        Ok(words.into_iter().map(back).collect())
    }

    /// The same for one block of text, at the image's own scale.
    pub(super) fn recognize_block(&self, image: &GrayImage) -> Result<Vec<OcrWord>> {
        self.recognizer.recognize_block(image, Resolution(self.ppi), self.languages, self.call)
    }
}

/// An image as it is recognised.
pub(super) struct Prepared {
    pub(super) image: GrayImage,
    /// From the pixels of the image it was made of.
    pub(super) scale: (f32, f32),
}

impl Prepared {
    /// Makes a part white; the box is in pixels of the image that this was made of.
    pub(super) fn clear(&mut self, part: Rect<Px>) {
        let (kx, ky) = self.scale;
        let width = self.image.width() as usize;
        let side = |at: f32, k: f32, most: u32| ((at.max(0.0) * k) as usize).min(most as usize);
        let (left, right) =
            (side(part.min.x, kx, self.image.width()), side(part.max.x, kx, self.image.width()));
        let (top, bottom) =
            (side(part.min.y, ky, self.image.height()), side(part.max.y, ky, self.image.height()));
        for row in self.image.chunks_exact_mut(width.max(1)).take(bottom).skip(top) {
            row[left..right.max(left)].fill(255);
        }
    }
}

/// What a part of a page looks like.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Anything: columns, tables, pictures.
    Page,
    /// Lines, one below the other.
    Block,
}

/// Words of two parts of a page, one after the other.
pub(super) fn after(mut first: Vec<OcrWord>, second: Vec<OcrWord>) -> Vec<OcrWord> {
    let next = |of: fn(&OcrWord) -> u32| first.iter().map(of).max().map_or(0, |n| n + 1);
    let (block, paragraph, line) = (next(|w| w.block), next(|w| w.paragraph), next(|w| w.line));
    first.extend(second.into_iter().map(|w| OcrWord {
        block: w.block + block,
        paragraph: w.paragraph + paragraph,
        line: w.line + line,
        ..w
    }));
    first
}
