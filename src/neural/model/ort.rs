//! ONNX Runtime, loaded at run time from the library that a variable names (feature `ort`).

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use ort::environment::Environment;
use ort::session::Session;
use ort::value::TensorRef;

use super::Tensor;

/// Variables that name the library: recto's own, and the crate's.
const LIBRARY: [&str; 2] = ["RECTO_ONNXRUNTIME", "ORT_DYLIB_PATH"];

/// The runtime, one for the process. `None` where no library is named, or with an event that says why
/// where it does not load.
pub(super) fn environment() -> Option<&'static Environment> {
    static ENVIRONMENT: OnceLock<Option<Environment>> = OnceLock::new();
    let load = || {
        // A variable that is set but empty counts as not set.
        let named =
            LIBRARY.iter().find_map(|name| std::env::var_os(name).filter(|v| !v.is_empty()));
        let library = named?;
        let made =
            ort::init_from(&library).map_err(|error| error.to_string()).and_then(|builder| {
                builder.with_name("recto").with_telemetry(false).build().map_err(|e| e.to_string())
            });
        match made {
            Ok(environment) => {
                tracing::debug!(library = %Path::new(&library).display(), "ONNX Runtime runs the models");
                Some(environment)
            }
            Err(error) => {
                tracing::warn!(library = %Path::new(&library).display(), %error, "ONNX Runtime does not load; the runtime in Rust runs the models");
                None
            }
        }
    };
    ENVIRONMENT.get_or_init(load).as_ref()
}

/// A model as sessions: one runs on the thread that asks, and for nobody else meanwhile.
#[derive(Debug)]
pub(super) struct Model {
    environment: &'static Environment,
    file: Vec<u8>,
    metadata: HashMap<String, String>,
    idle: Mutex<Vec<Session>>,
}

impl Model {
    pub(super) fn load(environment: &'static Environment, path: &Path) -> Option<Self> {
        let load = || -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
            let file = std::fs::read(path)?;
            let session = start(environment, &file)?;
            let about = session.metadata()?;
            let entry = |key: String| about.custom(&key).map(|value| (key, value));
            let metadata = about.custom_keys()?.into_iter().filter_map(entry).collect();
            drop(about);
            Ok(Self { environment, file, metadata, idle: Mutex::new(vec![session]) })
        };
        let model = load()
            .inspect_err(|error| {
                tracing::warn!(path = %path.display(), %error, "the model does not load");
            })
            .ok()?;
        let one_input = {
            let idle = model.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.first().is_some_and(|s| s.inputs().len() == 1 && !s.outputs().is_empty())
        };
        if !one_input {
            tracing::warn!(path = %path.display(), "the model has other inputs or outputs");
        }
        one_input.then_some(model)
    }

    pub(super) fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    pub(super) fn run(&self, shape: &[usize], data: &[f32]) -> Option<Vec<Tensor>> {
        let run = || -> Result<_, ort::Error> {
            let taken = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut session = match taken {
                Some(session) => session,
                None => start(self.environment, &self.file)?,
            };
            let tensors = run(&mut session, shape, data)?;
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
            Ok(tensors)
        };
        run().inspect_err(|error| tracing::warn!(%error, "the model does not run")).ok()
    }
}

/// A session that starts no threads of its own.
fn start(environment: &Environment, file: &[u8]) -> Result<Session, ort::Error> {
    Session::builder(environment)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .commit_from_memory(file)
}

fn run(session: &mut Session, shape: &[usize], data: &[f32]) -> Result<Vec<Tensor>, ort::Error> {
    let shape: Vec<i64> = shape.iter().map(|&side| side as i64).collect();
    let input = TensorRef::from_array_view((shape, data))?;
    let outputs = session.run(ort::inputs![input])?;
    let tensor = |value: &ort::value::DynValue| {
        let (shape, data) = value.try_extract_tensor::<f32>()?;
        Ok(Tensor { shape: shape.iter().map(|&side| side as usize).collect(), data: data.to_vec() })
    };
    (0..outputs.len()).map(|n| tensor(&outputs[n])).collect()
}
