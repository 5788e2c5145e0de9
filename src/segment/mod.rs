//! Ink, ruling lines and pictures of a raster.
//!
//! Everything here works on masks: gray images of 0 (paper) and 255 (ink), upright, mostly reduced
//! to about 150 dots an inch.

mod components;
mod figures;
mod noise;
mod regions;
mod rules;
mod split;
mod weight;

pub(crate) use components::{Component, components, text_height};
pub(crate) use figures::find_figures;
pub(crate) use noise::{despeckle, is_noise};
pub(crate) use regions::{Parting, Region, find_blocks};
pub(crate) use rules::find_rules;
pub(crate) use split::find_split;
pub(crate) use weight::{Inked, bold_lines};
