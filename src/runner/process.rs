//! One page worker, seen from its parent.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel, sync_channel};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

use super::counts::End;
use super::pipe::{self, Outlet};
use super::protocol::{Answer, Ask, Refusal, Reply, Request, frame, receive};
use super::sandbox::Confinement;

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
    input: Outlet,
    replies: Receiver<io::Result<Reply>>,
    last_words: Receiver<String>,
    asked: u64,
    /// Whether it ever answered.
    pub(super) spoke: bool,
    /// The documents that are open in it, the one used last at the end.
    pub(super) documents: Vec<u64>,
    /// Pages asked of it.
    pub(super) pages: u32,
    /// How it ended, once it did.
    pub(super) end: Option<End>,
    /// What confines it, once it said so.
    pub(super) confined: Option<Confinement>,
    /// Bytes that it may take.
    max_memory: Option<u64>,
    /// Its memory when it first answered, in bytes.
    memory: Option<u64>,
}

impl Process {
    /// Starts a program as page worker, which is told how many bytes of memory it may take.
    ///
    /// # Errors
    ///
    /// When it cannot be run.
    pub(super) fn start(mut command: Command, max_memory: Option<u64>) -> io::Result<Self> {
        let own = ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let given: Vec<_> =
            command.get_envs().filter_map(|(k, v)| Some((k.to_owned(), v?.to_owned()))).collect();
        command.env_clear().envs(own).envs(given);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C at a terminal is for the parent, which decides what becomes of pages under way.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let (mut child, input) = pipe::spawn(command)?;
        let (Some(output), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
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
            end: None,
            confined: None,
            max_memory,
            memory: None,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request that has no answer, or whose answer nobody waits for.
    pub(super) fn tell(&mut self, ask: Ask) -> io::Result<()> {
        let request = self.request(ask)?;
        self.input.send(request, None)
    }

    /// The frame of the next request.
    fn request(&mut self, ask: Ask) -> io::Result<Vec<u8>> {
        self.asked += 1;
        frame(&Request { id: self.asked, ask })
    }

    /// Sends a request and waits for its answer, as which `fits` takes it. A process that answers
    /// something else is of no more use.
    pub(super) fn ask<T>(
        &mut self,
        ask: Ask,
        fits: impl FnOnce(Answer) -> Option<T>,
        patience: &Patience<'_>,
    ) -> Result<Result<T>, Lost> {
        self.ask_with(ask, None, fits, patience)
    }

    /// The same, with an open document.
    pub(super) fn ask_with<T>(
        &mut self,
        ask: Ask,
        document: Option<File>,
        fits: impl FnOnce(Answer) -> Option<T>,
        patience: &Patience<'_>,
    ) -> Result<Result<T>, Lost> {
        let answer = match self.answer(ask, document, patience) {
            Ok(Ok(answer)) => match fits(answer) {
                Some(answer) => Ok(Ok(answer)),
                None => {
                    let what = "it answered something else than it was asked";
                    let nonsense = io::Error::new(io::ErrorKind::InvalidData, what);
                    Err(Lost::Died(self.post_mortem(Some(&nonsense))))
                }
            },
            Ok(Err(error)) => Ok(Err(error)),
            Err(lost) => Err(lost),
        };
        match &answer {
            Err(Lost::Slow) => self.end = Some(End::TimedOut),
            Err(Lost::Stopped(_)) => self.end = Some(End::Cancelled),
            // A death was looked into; all others live.
            Err(Lost::Died(_) | Lost::Unneeded) | Ok(_) => {}
        }
        answer
    }

    fn answer(
        &mut self,
        ask: Ask,
        document: Option<File>,
        patience: &Patience<'_>,
    ) -> Result<Result<Answer>, Lost> {
        let request = match self.request(ask) {
            Ok(request) => request,
            // Nothing of it was sent: the process is as good as before.
            Err(error) => {
                let (name, detail) = ("what a page worker is asked".to_owned(), error.to_string());
                return Ok(Err(Error::TooLarge { name, detail }));
            }
        };
        if let Err(error) = self.input.send(request, document) {
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
                    if let Ok(Answer::Ready(confined)) = reply.answer {
                        self.confined = Some(confined);
                    // Other ones that are older were given up.
                    } else if reply.id == wanted {
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
                        let _ = frame(&Request { id: 0, ask: Ask::Cancel })
                            .and_then(|frame| self.input.send(frame, None));
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

    /// How it ended, where it did so while nothing was asked of it.
    pub(super) fn found_dead(&mut self) -> Option<End> {
        if matches!(self.child.try_wait(), Ok(None)) {
            return None;
        }
        self.post_mortem(None);
        self.end
    }

    /// Makes sure that it is dead, and tells how it died.
    fn post_mortem(&mut self, broken: Option<&io::Error>) -> String {
        let began = Instant::now();
        let mut parts = Vec::new();
        let mut status = None;
        let misbehaved = |error: &&io::Error| {
            matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::TimedOut)
        };
        match broken.filter(misbehaved) {
            Some(error) => parts.push(error.to_string()),
            None => {
                while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < DYING {
                    std::thread::sleep(Duration::from_millis(1));
                }
                status = self.child.try_wait().ok().flatten();
                parts.push(match status {
                    Some(status) => status.to_string(),
                    None => "it closed its output".to_owned(),
                });
            }
        }
        self.kill();
        let words = self.last_words.recv_timeout(DYING).unwrap_or_default();
        let end = cause(status, &words);
        if end == End::OutOfMemory {
            let limit = self.max_memory.map_or_else(String::new, |bytes| {
                format!(" than the {} MB that it may have", bytes.div_ceil(1_000_000))
            });
            parts.insert(0, format!("it needed more memory{limit}"));
        }
        self.end = Some(end);
        parts.extend(words.lines().rev().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned));
        parts.join(": ")
    }

    fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How a process ended that nobody here ended, from its own last words: those of Rust, of C++ and of
/// most libraries tell that memory ran out.
fn cause(status: Option<ExitStatus>, words: &str) -> End {
    const MEMORY: [&str; 3] = ["memory allocation of", "bad_alloc", "out of memory"];
    let words = words.to_lowercase();
    if MEMORY.iter().any(|said| words.contains(said)) {
        return End::OutOfMemory;
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        /// `SIGKILL`, which has this number everywhere.
        const KILL: i32 = 9;
        if status.is_some_and(|status| status.signal() == Some(KILL)) {
            return End::Killed;
        }
    }
    let _ = status;
    End::Crashed
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
pub(super) fn resident(process: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(rustix::param::page_size() as u64)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn resident(_process: u32) -> Option<u64> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::runner::protocol::{MAX_FRAME, Opening};

    /// A program that reads nothing, and says nothing.
    fn deaf() -> Process {
        let mut command = Command::new("sleep");
        command.arg("60");
        Process::start(command, None).unwrap()
    }

    /// A request of at least so many bytes.
    fn request_of(bytes: usize) -> Ask {
        let opening = Opening {
            path: None,
            name: "x".repeat(bytes),
            options: String::new(),
            password: None,
            limits: Limits::default(),
        };
        Ask::Open(1, Box::new(opening))
    }

    #[test]
    fn a_request_that_is_too_large_is_no_fault_of_the_process() {
        let mut process = deaf();
        let check = || -> Result<()> { Ok(()) };
        let limit = Duration::from_secs(60);
        let patience = Patience { check: &check, wanted: &|| true, limit };
        let answer = process.ask(request_of(MAX_FRAME as usize + 1), Some, &patience);
        assert!(matches!(answer, Ok(Err(Error::TooLarge { .. }))), "{answer:?}");
        assert_eq!((process.found_dead(), process.end), (None, None));
    }

    #[test]
    fn a_process_that_does_not_read_keeps_nobody_waiting() {
        let mut process = deaf();
        let began = Instant::now();
        let check = || -> Result<()> { Ok(()) };
        let limit = Duration::from_millis(100);
        let patience = Patience { check: &check, wanted: &|| true, limit };
        // More than its pipe holds.
        let answer = process.ask(request_of(1 << 20), Some, &patience);
        assert!(matches!(answer, Err(Lost::Slow)), "{answer:?}");
        let told = (0..100).find_map(|_| process.tell(request_of(9)).err());
        assert_eq!(told.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
        let answer = process.ask(request_of(9), Some, &patience);
        let how = match answer {
            Err(Lost::Died(how)) => how,
            other => panic!("{other:?}"),
        };
        assert!(how.contains("does not read"), "{how}");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}
