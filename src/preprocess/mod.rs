//! Image preparation before recognition: what is ink, how far the page is turned, and at which
//! size to read it.
//!
//! A mask is a gray image of 0 (paper) and 255 (ink).

mod ink;
mod paper;
mod scale;
mod skew;
mod turn;

pub(crate) use ink::mask;
pub(crate) use paper::whiten;
pub(crate) use scale::{Scale, scale_to_read, shrink_to_read};
pub(crate) use skew::{find_skew, lines_run_down};
pub(crate) use turn::{QuarterTurns, straighten};
