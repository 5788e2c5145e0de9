//! Batches as jobs: what a queue keeps of one, and what is done for it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::error::{ApiError, Class};
use super::super::jobs::{About, Outcome, Tools};
use super::super::order;
use super::super::stored::Stored;
use super::line::{self, Line, Rules};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::jobs::Job;
use crate::source::StoredFile;

/// What these jobs are called.
pub(in crate::server) const BATCH: &str = "mistral.batch";

/// Most bytes of all answers of a batch, which are in memory until it ends.
const MOST_ANSWERS: usize = 512_000_000;
/// So many different errors are told of a batch.
const MOST_ERRORS: usize = 20;

/// What is kept of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) model: Option<String>,
    pub(super) metadata: Option<Map<String, Value>>,
    pub(super) input_files: Vec<String>,
    /// So many of the job's inputs, the first ones, have lines.
    pub(super) lines: usize,
    /// What the lines name of the store of files, as they name it, and what it is called. Those that are
    /// there are the job's other inputs, in this order.
    pub(super) documents: BTreeMap<String, Option<String>>,
    /// When the batch ends, in seconds since 1970.
    pub(super) until: u64,
    /// Most bytes of a line.
    pub(super) most: usize,
}

/// What whoever asks how a batch is wants to know of its result: answers, and then the errors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct More {
    pub(super) succeeded: usize,
    pub(super) failed: usize,
    /// Lines were left when its time was over.
    pub(super) timed_out: bool,
    /// Bytes of the answers.
    pub(super) answers: usize,
    /// What was wrong with how many.
    pub(super) errors: BTreeMap<String, usize>,
}

impl Order {
    pub(super) fn of(order: &Value) -> Result<Self> {
        serde_json::from_value(order.clone()).map_err(|error| Error::stage("jobs", error))
    }

    /// What the lines name, where it is now.
    fn stored(&self, job: &Job) -> Stored {
        let mut inputs = job.inputs.iter().skip(self.lines);
        let file = |(key, name): (&String, &Option<String>)| {
            let file = name.as_ref().and_then(|name| Some((inputs.next()?, name)));
            (key.clone(), file.map(|(path, name)| StoredFile::new(path, name.clone())))
        };
        Stored::given(self.documents.iter().map(file).collect())
    }
}

/// What was done of a batch.
#[derive(Debug, Default)]
struct Done {
    answers: Vec<u8>,
    errors: Vec<u8>,
    more: More,
    pages: usize,
    bytes: u64,
}

impl Done {
    fn add(&mut self, id: &str, custom_id: &Value, read: Result<order::Answered, ApiError>) {
        let read = read.map(|read| {
            self.pages += read.pages;
            self.bytes += read.bytes;
            read.body
        });
        let text = line::result(id, custom_id, &read);
        match read {
            Ok(_) => {
                self.more.succeeded += 1;
                self.answers.extend_from_slice(text.as_bytes());
            }
            Err(error) => {
                self.more.failed += 1;
                self.errors.extend_from_slice(text.as_bytes());
                let errors = &mut self.more.errors;
                if errors.len() < MOST_ERRORS || errors.contains_key(&error.message) {
                    *errors.entry(error.message).or_default() += 1;
                }
            }
        }
    }

    fn count(&self) -> usize {
        self.more.succeeded + self.more.failed
    }

    fn outcome(mut self) -> Result<Outcome> {
        self.more.answers = self.answers.len();
        let more = serde_json::to_value(self.more).map_err(|error| Error::stage("jobs", error))?;
        let mut body = self.answers;
        body.append(&mut self.errors);
        let media_type = "application/jsonl".to_owned();
        let about = About { media_type, failure: None, pages: self.pages, bytes: self.bytes, more };
        Ok(Outcome { about, body })
    }
}

/// Answers the lines of a batch, one after the other.
pub(in crate::server) fn run(tools: &Tools, job: &Job, call: &Call) -> Result<Outcome> {
    let order = Order::of(&job.request["order"])?;
    let stored = order.stored(job);
    let rules = Rules { most: order.most, model: order.model.as_deref(), stored: &stored };
    let total = job.request["documents"].as_u64().unwrap_or(0);
    // Each line has the time of a read; the batch has hours.
    let end = UNIX_EPOCH + Duration::from_secs(order.until);
    let left = || end.duration_since(SystemTime::now()).ok().filter(|left| !left.is_zero());
    let mut done = Done::default();
    let mut text = Vec::new();
    job.report(0, total);
    for path in job.inputs.iter().take(order.lines) {
        let io = |source| Error::Io { action: "read", path: path.clone(), source };
        let mut lines = BufReader::new(File::open(path).map_err(io)?);
        while line::next(&mut lines, order.most, &mut text).map_err(io)? {
            if call.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let Some(left) = left() else {
                done.more.timed_out = true;
                return done.outcome();
            };
            let line = Line::read(&text, rules);
            let read = match line.asked {
                Err(error) => Err(error),
                Ok(_) if done.answers.len() > MOST_ANSWERS => Err(too_much()),
                Ok(asked) => {
                    let (cancel, progress) = (call.cancel.clone(), tools.watch.clone());
                    let one = Call { cancel, progress, ..Call::default() };
                    let one = one.with_timeout(tools.timeout).with_timeout(Some(left));
                    match order::answer(tools.provider.as_ref(), asked, &one) {
                        Err(Error::Cancelled) => return Err(Error::Cancelled),
                        read => read.map_err(|error| ApiError::of(&error)),
                    }
                }
            };
            done.add(&format!("{}-{}", job.id, done.count()), &line.custom_id, read);
            job.report(done.count() as u64, total);
        }
    }
    done.outcome()
}

fn too_much() -> ApiError {
    let message = format!(
        "the answers of this batch have more than {MOST_ANSWERS} bytes; make it smaller, or ask for \
         no images"
    );
    ApiError::new(Class::TooLarge, message)
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
