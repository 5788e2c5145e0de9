//! What is found out about blocks once they are laid out: the language of code, what pictures are,
//! what codes for machines say.
//!
//! Pure functions over texts and pixels; the engine decides what is asked of which block.

#[cfg(feature = "barcodes")]
mod barcodes;
mod code;
mod pictures;

#[cfg(feature = "barcodes")]
pub(crate) use barcodes::read as read_codes;
pub(crate) use code::language as code_language;
pub(crate) use pictures::{classify, marks as picture_marks};
