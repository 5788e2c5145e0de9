//! A model that runs on one thread for each caller, on one of two runtimes.

#[cfg(feature = "ort")]
mod ort;
mod rten;

use std::path::Path;

/// What a model gives: numbers row by row, and their shape.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor {
    pub(super) shape: Vec<usize>,
    pub(super) data: Vec<f32>,
}

/// A loaded model of one input and one or more outputs.
#[derive(Debug)]
pub(super) struct Model(Kind);

#[derive(Debug)]
enum Kind {
    Rten(rten::Model),
    #[cfg(feature = "ort")]
    Ort(ort::Model),
}

impl Model {
    /// Loads an ONNX file. `None`, with an event that says why, where it cannot be used.
    ///
    /// ONNX Runtime runs it where its library was named and loads, and the runtime in Rust where
    /// not.
    pub(super) fn load(path: &Path) -> Option<Self> {
        #[cfg(feature = "ort")]
        if let Some(environment) = ort::environment() {
            return ort::Model::load(environment, path).map(|model| Self(Kind::Ort(model)));
        }
        rten::Model::load(path).map(|model| Self(Kind::Rten(model)))
    }

    /// What the file says about itself under this key: classes, characters.
    pub(super) fn metadata(&self, key: &str) -> Option<&str> {
        match &self.0 {
            Kind::Rten(model) => model.metadata(key),
            #[cfg(feature = "ort")]
            Kind::Ort(model) => model.metadata(key),
        }
    }

    /// Runs the model on a tensor of this shape; gives its outputs in the file's order.
    /// `None`, with an event that says why, if it fails.
    pub(super) fn run(&self, shape: &[usize], data: &[f32]) -> Option<Vec<Tensor>> {
        match &self.0 {
            Kind::Rten(model) => model.run(shape, data),
            #[cfg(feature = "ort")]
            Kind::Ort(model) => model.run(shape, data),
        }
    }
}
