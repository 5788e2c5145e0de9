//! The other end: the process that reads pages for its parent.

use std::fs::File;
use std::io::{self, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use crate::call::{Call, CancelFlag};
use crate::error::{Error, Result};
use crate::geometry::Resolution;
use crate::options::Options;
use crate::page_images;
use crate::recognition::{Plan, Recognition};
use crate::source::{Input, Source, UrlPolicy};

use super::faults::Faults;
use super::pipe::Inlet;
use super::protocol::{Answer, Ask, Opening, PART, Reply, Request, receive, send};
use super::sandbox::Rules;
use super::{InProcess, OpenDocument, guarded, threads};

/// Reads pages for the engine that started this program, until it closes standard input.
///
/// This is all that a program has to do to serve as
/// [`Processes::program`](crate::Processes::program); `recto page-worker` does no more. Answers go
/// to standard output, so nothing else may be written there. Where the engine asks for it, the system
/// confines this process ([`Sandbox`](crate::Sandbox)), and the threads that it starts from then on: call
/// this before there are others.
///
/// # Errors
///
/// When standard input holds something else than an engine's requests, standard output is closed,
/// or the system cannot confine this process as it is required to.
pub fn serve_pages() -> Result<()> {
    let broken = |e: io::Error| Error::stage("page worker", e);
    let output = own_output().map_err(broken)?;
    let mut input = BufReader::new(Inlet::new());
    // What threads may do is settled when they start: there is none before this.
    let Some(Request { id, ask }) = receive(&mut input).map_err(broken)? else { return Ok(()) };
    let Ask::Set { rules, raw_confidence } = ask else { return Err(unset()) };
    let ready = Ok(Answer::Ready(rules.confine()?));
    send(&output, &Reply { id, answer: ready }).map_err(broken)?;
    let Rules { pdfium, tessdata, model_dir, .. } = *rules;
    let recognition = Recognition::new(tessdata, model_dir, !raw_confidence);
    let runner = InProcess::new(threads(1)?, pdfium, recognition);
    let under_way = Arc::new(Mutex::new(CancelFlag::default()));
    let requests = listen(input, Arc::clone(&under_way));
    let mut worker = Worker { runner, open: Vec::new(), drawn: Vec::new() };
    let faults = Faults::named();
    while let Ok(request) = requests.recv() {
        let (Request { id, ask }, file) = request.map_err(broken)?;
        let cancel = CancelFlag::default();
        if let Ok(mut current) = under_way.lock() {
            *current = cancel.clone();
        }
        let answer = match ask {
            Ask::Set { .. } => return Err(Error::stage("page worker", "it is set already")),
            Ask::Close(document) => {
                worker.open.retain(|(id, _)| *id != document);
                continue;
            }
            Ask::Cancel => continue,
            Ask::Open(id, opening) => faults.lie("open-", 0, worker.open(id, *opening, file)),
            Ask::Page { document, index } => {
                faults.commit("", index, &output);
                let answer = match faults.probe(index) {
                    Some(found) => Err(found),
                    None => worker.page(document, index, &Call { cancel, ..Call::default() }),
                };
                faults.lie("", index, answer)
            }
            Ask::Draw { document, index, dpi } => {
                faults.commit("draw-", index, &output);
                faults.lie("draw-", index, worker.draw(document, index, Resolution(dpi)))
            }
            Ask::Pixels { from } => Ok(worker.pixels(from)),
        };
        let answer = answer.map_err(Into::into);
        send(&output, &Reply { id, answer }).map_err(broken)?;
    }
    Ok(())
}

/// Takes standard output for the answers alone: what a native library prints goes to standard error.
fn own_output() -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        Ok(output.into())
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle as _;
        Ok(io::stdout().as_handle().try_clone_to_owned()?.into())
    }
}

/// Reads requests on a thread of its own, so that cancelling is heard while a page is read. When the
/// parent is gone, for whatever reason, the system closes the pipe and this process ends at once.
fn listen(mut input: BufReader<Inlet>, under_way: Arc<Mutex<CancelFlag>>) -> Receiver<Heard> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        loop {
            match receive::<Request>(&mut input) {
                Ok(None) => std::process::exit(0),
                Ok(Some(Request { ask: Ask::Cancel, .. })) => {
                    if let Ok(current) = under_way.lock() {
                        current.cancel();
                    }
                }
                Ok(Some(request)) => {
                    let opens = matches!(&request.ask, Ask::Open(_, it) if it.path.is_none());
                    let file = if opens { input.get_mut().document() } else { None };
                    if sender.send(Ok((request, file))).is_err() {
                        return;
                    }
                }
                Err(error) => {
                    // The main thread ends the process.
                    let _ = sender.send(Err(error));
                    return;
                }
            }
        }
    });
    receiver
}

/// A request, with the document where one is to be opened.
type Heard = io::Result<(Request, Option<File>)>;

struct Worker {
    runner: InProcess,
    open: Vec<(u64, Opened)>,
    /// The image drawn last, as far as it was not handed out.
    drawn: Vec<u8>,
}

struct Opened {
    document: OpenDocument,
    options: Options,
    /// Settled with the first page: drawing needs none.
    plan: Option<Plan>,
}

impl Worker {
    fn open(&mut self, id: u64, opening: Opening, file: Option<File>) -> Result<Answer> {
        let options: Options =
            serde_json::from_str(&opening.options).map_err(|e| Error::stage("page worker", e))?;
        let options = Options { password: opening.password, ..options };
        let input = match (opening.path, file) {
            (None, Some(file)) => Input::opened(file, opening.name, &opening.limits)?,
            (Some(path), _) => {
                let source = Source::path(path);
                let input =
                    source.load_with(UrlPolicy::Refuse, &opening.limits, &Call::default())?;
                Input { name: opening.name, ..input }
            }
            (None, None) => return Err(Error::stage("page worker", "no document came")),
        };
        let document = self.runner.open_here(&input, &options)?;
        let (page_count, metadata) = (document.page_count(), document.metadata());
        self.open.push((id, Opened { document, options, plan: None }));
        Ok(Answer::Opened { page_count, metadata })
    }

    fn page(&mut self, document: u64, index: usize, call: &Call) -> Result<Answer> {
        let Self { runner, open, .. } = self;
        let opened = find(open, document)?;
        let plan = match opened.plan.take() {
            Some(plan) => plan,
            // The parent has told the caller what there is to warn of.
            None => runner.plan(&opened.options, &mut Vec::new())?,
        };
        let plan = opened.plan.insert(plan);
        let read = runner.page(&opened.document, &opened.options, plan, index, call)?;
        Ok(Answer::Page(Box::new(read)))
    }

    fn draw(&mut self, document: u64, index: usize, resolution: Resolution) -> Result<Answer> {
        let opened = find(&mut self.open, document)?;
        let image = guarded(index, || page_images::draw(&opened.document, index, resolution))?;
        let answer =
            Answer::Drawn { width: image.width(), height: image.height(), dpi: image.resolution.0 };
        self.drawn = image.into_rgb();
        Ok(answer)
    }

    fn pixels(&mut self, from: usize) -> Answer {
        let end = from.saturating_add(PART).min(self.drawn.len());
        let part = self.drawn.get(from..end).unwrap_or_default().to_vec();
        if end == self.drawn.len() {
            self.drawn = Vec::new();
        }
        Answer::Pixels(part)
    }
}

fn unset() -> Error {
    Error::stage("page worker", "nothing was set")
}

fn find(open: &mut [(u64, Opened)], document: u64) -> Result<&mut Opened> {
    let found = open.iter_mut().find(|(id, _)| *id == document);
    let (_, opened) =
        found.ok_or_else(|| Error::stage("page worker", "the document is not open"))?;
    Ok(opened)
}
