//! Neural models, run on the CPU by a runtime in Rust (feature `onnx`).
//!
//! Models are files that the set-up fetches; none of them is needed. Every one is loaded once for
//! the process, when it is first asked, and shared by all threads. Without the feature, without
//! the file, or with a file that does not load, there is no model, and whoever asks goes on
//! without.

#[cfg(feature = "onnx")]
mod model;
mod orientation;
mod tables;

pub(crate) use orientation::{Orienter, WayUp, orienter};
pub(crate) use tables::{TableReader, table_reader};
