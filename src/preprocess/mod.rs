//! Image preparation before recognition: where the page lies on its ground, even light, what is
//! ink, how far the page is turned, and at which size to read it.
//!
//! A mask is a gray image of 0 (paper) and 255 (ink).

mod edges;
mod flatten;
mod ink;
mod panels;
mod paper;
mod photo;
mod scale;
mod skew;
mod soften;
mod turn;
mod upright;

pub(crate) use edges::{clear_borders, clear_holes, find_holes};
pub(crate) use flatten::flatten;
pub(crate) use ink::{mask, mask_of_hairlines};
pub(crate) use panels::open_panels;
pub(crate) use paper::whiten;
pub(crate) use photo::{Sheet, find_sheet};
pub(crate) use scale::{Scale, scale_to_read, shrink_to_read};
pub(crate) use skew::{find_skew, lines_run_down};
pub(crate) use soften::soften;
pub(crate) use turn::{QuarterTurns, straighten};
pub(crate) use upright::stands_upright;
