//! One page worker, seen from its parent.

use std::io::{self, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel, sync_channel};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

use super::protocol::{Answer, Ask, Refusal, Reply, Request, receive, send};

/// How often a wait looks whether it is still wanted. Answers end it at once.
pub(super) const POLL: Duration = Duration::from_millis(10);
/// A worker that was told to stop may take so long before it is killed.
const GRACE: Duration = Duration::from_millis(300);
/// Between its pipe's end and its own a process takes no longer than this.
const DYING: Duration = Duration::from_millis(500);
/// So much of the end of its standard error is kept, in bytes.
const LAST_WORDS: usize = 2048;
/// So many answers wait to be taken: there is never more than one that was asked for.
const BACKLOG: usize = 2;

/// Variables that say where libraries, models and temporary files are.
const ENVIRONMENT: [&str; 14] = [
    "CARGO_MANIFEST_DIR",
    "DYLD_LIBRARY_PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "ORT_DYLIB_PATH",
    "RECTO_ONNXRUNTIME",
    "RECTO_PDFIUM",
    "SYSTEMROOT",
    "TEMP",
    "TESSDATA_PREFIX",
    "TMPDIR",
    "XDG_CACHE_HOME",
];

/// What is asked of a wait: whether to go on, and until when.
pub(super) struct Patience<'a> {
    /// Fails when the call was cancelled or is overdue.
    pub(super) check: &'a dyn Fn() -> Result<()>,
    /// Whether the answer is still of use.
    pub(super) wanted: &'a dyn Fn() -> bool,
    /// Time for the answer.
    pub(super) limit: Duration,
}

/// Why there is no answer. Except for [`Unneeded`](Self::Unneeded), the process is of no more use.
#[derive(Debug)]
pub(super) enum Lost {
    /// The process ended, or spoke nonsense: how.
    Died(String),
    /// It took too long.
    Slow,
    /// The call ended.
    Stopped(Error),
    /// Nobody wants the answer any more; it is thrown away when it comes.
    Unneeded,
}

/// A running page worker. Dropping it kills it and waits for its end: no zombie is left.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    replies: Receiver<io::Result<Reply>>,
    last_words: Receiver<String>,
    asked: u64,
    /// Whether it ever answered.
    pub(super) spoke: bool,
    /// The documents that are open in it, the one used last at the end.
    pub(super) documents: Vec<u64>,
    /// Pages asked of it.
    pub(super) pages: u32,
    /// Its memory when it first answered, in bytes.
    memory: Option<u64>,
}

impl Process {
    /// Starts a program as page worker.
    ///
    /// # Errors
    ///
    /// When it cannot be run.
    pub(super) fn start(mut command: Command) -> io::Result<Self> {
        let own = ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let given: Vec<_> =
            command.get_envs().filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned()))).collect();
        command.env_clear().envs(own).envs(given);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C at a terminal is for the parent, which decides what becomes of pages under way.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let (Some(input), Some(output), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("it has no pipes"));
        };
        let (sender, replies) = sync_channel(BACKLOG);
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let reply = match receive(&mut output) {
                    Ok(None) => return,
                    Ok(Some(reply)) => Ok(reply),
                    Err(error) => Err(error),
                };
                let last = reply.is_err();
                if sender.send(reply).is_err() || last {
                    return;
                }
            }
        });
        let (sender, last_words) = channel();
        std::thread::spawn(move || {
            // Nobody may be interested.
            let _ = sender.send(tail(stderr));
        });
        Ok(Self {
            child,
            input,
            replies,
            last_words,
            asked: 0,
            spoke: false,
            documents: Vec::new(),
            pages: 0,
            memory: None,
        })
    }

    /// Sends a request that has no answer, or whose answer nobody waits for.
    pub(super) fn tell(&mut self, ask: Ask) -> io::Result<()> {
        self.asked += 1;
        send(&self.input, &Request { id: self.asked, ask })
    }

    /// Sends a request and waits for its answer.
    pub(super) fn ask(
        &mut self,
        ask: Ask,
        patience: &Patience<'_>,
    ) -> Result<Result<Answer>, Lost> {
        if let Err(error) = self.tell(ask) {
            return Err(Lost::Died(self.post_mortem(Some(&error))));
        }
        let wanted = self.asked;
        let began = Instant::now();
        let mut stop: Option<(Error, Instant)> = None;
        loop {
            match self.replies.recv_timeout(POLL) {
                Ok(Ok(reply)) => {
                    self.spoke = true;
                    if self.memory.is_none() {
                        self.memory = resident(self.child.id());
                    }
                    // Older ones were given up.
                    if reply.id == wanted {
                        return match (reply.answer, stop) {
                            (Err(Refusal::Cancelled), Some((error, _))) => Ok(Err(error)),
                            (answer, _) => Ok(answer.map_err(Error::from)),
                        };
                    }
                }
                Ok(Err(error)) => return Err(Lost::Died(self.post_mortem(Some(&error)))),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Lost::Died(self.post_mortem(None)));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            match &stop {
                None => {
                    if let Err(error) = (patience.check)() {
                        // A pipe that is closed shows in the next wait.
                        let _ = send(&self.input, &Request { id: 0, ask: Ask::Cancel });
                        stop = Some((error, Instant::now()));
                    } else if !(patience.wanted)() {
                        return Err(Lost::Unneeded);
                    } else if began.elapsed() >= patience.limit {
                        return Err(Lost::Slow);
                    }
                }
                Some((_, since)) if since.elapsed() >= GRACE => {
                    let error = stop.map_or(Error::Cancelled, |(error, _)| error);
                    return Err(Lost::Stopped(error));
                }
                Some(_) => {}
            }
        }
    }

    /// Closes those of its documents.
    pub(super) fn close(&mut self, which: impl Fn(u64) -> bool) {
        let (gone, kept) =
            std::mem::take(&mut self.documents).into_iter().partition(|id| which(*id));
        self.documents = kept;
        let gone: Vec<u64> = gone;
        for id in gone {
            // One that has died is noticed when it is asked for something.
            let _ = self.tell(Ask::Close(id));
        }
    }

    /// Its growth since it first answered, in bytes; `None` where that cannot be told.
    pub(super) fn growth(&self) -> Option<u64> {
        Some(resident(self.child.id())?.saturating_sub(self.memory?))
    }

    /// Makes sure that it is dead, and tells how it died.
    fn post_mortem(&mut self, broken: Option<&io::Error>) -> String {
        let began = Instant::now();
        let mut parts = Vec::new();
        match broken.filter(|error| error.kind() == io::ErrorKind::InvalidData) {
            Some(error) => parts.push(error.to_string()),
            None => {
                while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < DYING {
                    std::thread::sleep(Duration::from_millis(1));
                }
                match self.child.try_wait() {
                    Ok(Some(status)) => parts.push(status.to_string()),
                    _ => parts.push("it closed its output".to_owned()),
                }
            }
        }
        self.end();
        let words = self.last_words.recv_timeout(DYING).unwrap_or_default();
        parts.extend(words.lines().rev().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned));
        parts.join(": ")
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads to the end and keeps the last of it.
fn tail(mut from: ChildStderr) -> String {
    let (mut kept, mut part) = (Vec::new(), [0; LAST_WORDS]);
    while let Ok(read) = from.read(&mut part) {
        if read == 0 {
            break;
        }
        kept.extend_from_slice(&part[..read]);
        let over = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..over);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// Resident memory of a process, in bytes (proc(5), statm).
#[cfg(target_os = "linux")]
fn resident(process: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(rustix::param::page_size() as u64)
}

#[cfg(not(target_os = "linux"))]
fn resident(_process: u32) -> Option<u64> {
    None
}
