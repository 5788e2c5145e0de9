//! Tables looked at by a model: which parts of a page are shown to it, and from which pixels.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use image::{GrayImage, imageops};

use crate::geometry::{Pt, Px, Rect, Resolution};
use crate::layout;
use crate::neural::{self, TableReader};
use crate::options::{Options, TableMode};
use crate::page::PageRead;
use crate::setup;

/// The model of tables by its name in the manifest.
const MODEL: &str = "tables";
/// Pages that are drawn for the model alone are drawn at this: it shrinks a table to 488 pixels, and
/// letters of a table as wide as a page are two pixels high at 50.
pub(crate) const RESOLUTION: Resolution = Resolution(120.0);
/// White around a table that is shown, in points: its letters must not touch the edge, and a line of
/// text above it must not come in.
const MARGIN: f32 = 2.0;

/// The model, where the options ask for it and it is installed.
fn reader(options: &Options) -> Option<Arc<dyn TableReader>> {
    static FOUND: OnceLock<Option<Arc<dyn TableReader>>> = OnceLock::new();
    let wanted = options.do_table_structure && options.table_mode == TableMode::Accurate;
    let find = || {
        // A build that cannot run it need not look for it.
        let path = if cfg!(feature = "onnx") { setup::model(MODEL) } else { None };
        path.as_deref().and_then(neural::table_reader)
    };
    if wanted { FOUND.get_or_init(find).clone() } else { None }
}

/// Parts of the page that are worth the model's look; none where there is no model.
pub(crate) fn regions(read: &PageRead, options: &Options) -> Vec<Rect<Pt>> {
    match reader(options) {
        Some(_) => layout::doubtful_tables(read, options),
        None => Vec::new(),
    }
}

/// Has the model look at the doubtful tables of a page, whose upright image this is.
pub(crate) fn sketch(
    read: &mut PageRead,
    image: &GrayImage,
    resolution: Resolution,
    options: &Options,
) {
    let Some(reader) = reader(options) else { return };
    let started = Instant::now();
    let regions = layout::doubtful_tables(read, options);
    if regions.is_empty() {
        return;
    }
    let _span = tracing::debug_span!("tables").entered();
    let sketches = regions.iter().filter_map(|region| {
        let around = resolution.to_pixels(region.inflate(MARGIN, MARGIN));
        let (part, taken) = cut(image, around)?;
        reader.sketch(&part, resolution.to_points(taken))
    });
    read.sketches = sketches.collect();
    read.timings.add("tables", started.elapsed().as_secs_f64());
}

/// What of a box lies in the image, and its whole pixels; `None` if nothing does.
fn cut(image: &GrayImage, wanted: Rect<Px>) -> Option<(GrayImage, Rect<Px>)> {
    let clamp = |v: f32, most: u32| (v.max(0.0) as u32).min(most);
    let (left, top) = (clamp(wanted.min.x, image.width()), clamp(wanted.min.y, image.height()));
    let right = clamp(wanted.max.x.ceil(), image.width());
    let bottom = clamp(wanted.max.y.ceil(), image.height());
    if right <= left || bottom <= top {
        return None;
    }
    let part = imageops::crop_imm(image, left, top, right - left, bottom - top).to_image();
    let taken = crate::geometry::rect(left as f32, top as f32, right as f32, bottom as f32);
    Some((part, taken))
}
