//! The runtime in Rust.

use std::path::Path;
use std::sync::Arc;

use rten::{NodeId, RunOptions, ThreadPool, TryFromValueError, Value, ValueView};
use rten_tensor::Layout;

use super::Tensor;

thread_local! {
    /// The threads of pages are as many as the machine has cores: a run that spread over all cores
    /// from each of them would be slower for all.
    static ONE_THREAD: Arc<ThreadPool> = Arc::new(ThreadPool::with_num_threads(1));
}

/// Does something on a thread of its own, and waits for it.
///
/// The runtime's own pool hands work over in rayon's way: a worker of another pool that waits for it
/// takes up further jobs meanwhile, on top of its stack. The next page would begin inside of this one,
/// and one that needs what this one is loading would wait for itself.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| scope.spawn(work).join().ok())
}

/// A loaded model of one input and one or more outputs.
pub(super) struct Model {
    model: rten::Model,
    input: NodeId,
    outputs: Vec<NodeId>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("params", &self.model.total_params()).finish()
    }
}

impl Model {
    pub(super) fn load(path: &Path) -> Option<Self> {
        let load = || rten::ModelOptions::with_all_ops().prepack_weights(true).load_file(path);
        let model = match apart(load)? {
            Ok(model) => model,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the model does not load");
                return None;
            }
        };
        match (model.input_ids(), model.output_ids()) {
            (&[input], [_, ..]) => {
                let outputs = model.output_ids().to_vec();
                Some(Self { model, input, outputs })
            }
            _ => {
                tracing::warn!(path = %path.display(), "the model has other inputs or outputs");
                None
            }
        }
    }

    pub(super) fn metadata(&self, key: &str) -> Option<&str> {
        self.model.metadata().get(key)
    }

    pub(super) fn run(&self, shape: &[usize], data: &[f32]) -> Option<Vec<Tensor>> {
        let pool = ONE_THREAD.with(Arc::clone);
        let options = RunOptions::default().with_thread_pool(Some(pool));
        let run = || -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
            let input = ValueView::from_shape(shape, data)?;
            let outputs =
                self.model.run(vec![(self.input, input.into())], &self.outputs, Some(options))?;
            let tensor = |output: Value| -> Result<_, TryFromValueError> {
                let shape = output.shape().to_vec();
                let output: rten_tensor::Tensor<f32> = output.try_into()?;
                Ok(Tensor { shape, data: output.into_data() })
            };
            Ok(outputs.into_iter().map(tensor).collect::<Result<Vec<_>, _>>()?)
        };
        apart(run)?.inspect_err(|error| tracing::warn!(%error, "the model does not run")).ok()
    }
}
