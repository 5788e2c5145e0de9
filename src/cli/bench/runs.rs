//! Reading and measuring.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use recto::{Call, CancelFlag, Document, Options, PageSet, Source, Status};

use super::Set;
use crate::cli::console::Console;
use crate::cli::interrupt::on_interrupt;
use crate::cli::measure::{peak_memory, processor_time, reset_peak_memory};

/// A stage's name in the library for the whole read, which is measured here as well.
const TOTAL: &str = "total";

/// One document, with the runs of each set, in the order of the sets.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) name: String,
    pub(super) sets: Vec<Runs>,
}

/// What was measured of a document with one set.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    pub(super) pages: usize,
    /// Wall time of each run.
    pub(super) seconds: Vec<f64>,
    /// Processor time of each run; empty where it cannot be told.
    pub(super) processor: Vec<f64>,
    /// Seconds by stage, for each run.
    pub(super) stages: BTreeMap<String, Vec<f64>>,
    /// The highest of all runs, in bytes.
    pub(super) peak_memory: Option<u64>,
    pub(super) confidence: Option<f32>,
    /// Whether some pages failed or the time ran out: the numbers say little then.
    pub(super) partial: bool,
}

struct Input {
    name: String,
    bytes: Arc<[u8]>,
}

/// Reads every document with every set, `rounds` times; `None` if the user interrupted it. A
/// document that cannot be read with all sets is told of and left out.
pub(super) fn measure(
    files: &[PathBuf],
    sets: &[Set],
    rounds: usize,
    console: &Console,
) -> anyhow::Result<Option<Vec<Measured>>> {
    let cancel = on_interrupt();
    let mut inputs: Vec<Option<Input>> =
        files.iter().map(|file| complain(load(file), console)).collect();
    if let Some(first) = inputs.iter().flatten().next() {
        for set in sets {
            // What fails here fails again below, where it is told.
            let _ = warm_up(first, set, &cancel);
        }
    }
    let mut measured: Vec<Vec<Runs>> = vec![vec![Runs::default(); sets.len()]; inputs.len()];
    for round in 0..rounds {
        for (input, runs) in inputs.iter_mut().zip(&mut measured) {
            // Every other round goes through the sets backwards: no set is always the first.
            let mut order: Vec<usize> = (0..sets.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for index in order {
                let Some(document) = input.as_ref() else { break };
                let outcome = one(document, &sets[index], &cancel, &mut runs[index]);
                if cancel.is_cancelled() {
                    return Ok(None);
                }
                if complain(outcome, console).is_none() {
                    *input = None;
                }
            }
        }
        if console.shows_progress() {
            console.note(format_args!("round {} of {rounds} done", round + 1));
        }
    }
    let done = inputs.into_iter().zip(measured);
    let done = done.filter_map(|(input, sets)| Some(Measured { name: input?.name, sets }));
    Ok(Some(done.collect()))
}

fn complain<T>(outcome: anyhow::Result<T>, console: &Console) -> Option<T> {
    outcome.inspect_err(|error| console.error(format_args!("{error:#}"))).ok()
}

fn load(file: &Path) -> anyhow::Result<Input> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Input { name: file.display().to_string(), bytes: bytes.into() })
}

fn warm_up(input: &Input, set: &Set, cancel: &CancelFlag) -> recto::Result<Document> {
    let options = Options { pages: Some(PageSet::from_indices([0])), ..set.options.clone() };
    read(input, set, &options, cancel)
}

fn one(input: &Input, set: &Set, cancel: &CancelFlag, runs: &mut Runs) -> anyhow::Result<()> {
    reset_peak_memory();
    let processor = processor_time();
    let started = Instant::now();
    let document = read(input, set, &set.options, cancel)
        .with_context(|| format!("{} ({})", input.name, set.label))?;
    runs.seconds.push(started.elapsed().as_secs_f64());
    if let (Some(before), Some(after)) = (processor, processor_time()) {
        runs.processor.push(after.saturating_sub(before).as_secs_f64());
    }
    runs.peak_memory = runs.peak_memory.max(peak_memory());
    runs.partial |= document.status != Status::Success;
    runs.pages = document.pages.len();
    runs.confidence = document.confidence();
    for (stage, seconds) in &document.timings.0 {
        if stage != TOTAL {
            runs.stages.entry(stage.clone()).or_default().push(*seconds);
        }
    }
    Ok(())
}

fn read(
    input: &Input,
    set: &Set,
    options: &Options,
    cancel: &CancelFlag,
) -> recto::Result<Document> {
    let source = Source::bytes(Arc::clone(&input.bytes), input.name.clone());
    set.engine.read_with(source, options, &Call { cancel: cancel.clone(), ..Call::default() })
}

impl Runs {
    /// The median wall time, in seconds.
    pub(super) fn median_seconds(&self) -> f64 {
        median(&self.seconds).unwrap_or_default()
    }

    /// The mean processor time, in seconds: single runs are shorter than the kernel's clock can
    /// tell apart.
    pub(super) fn mean_processor(&self) -> Option<f64> {
        let runs = self.processor.len();
        (runs > 0).then(|| self.processor.iter().sum::<f64>() / runs as f64)
    }

    /// The median time of each stage, in seconds.
    pub(super) fn median_stages(&self) -> BTreeMap<&str, f64> {
        let stages = self.stages.iter();
        stages.filter_map(|(name, times)| Some((name.as_str(), median(times)?))).collect()
    }
}

/// The middle value, or the mean of the two in the middle.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    Some((sorted.get(middle.checked_sub(1)?)? + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 9.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 9.0, 2.0]), Some(3.0));
    }
}
