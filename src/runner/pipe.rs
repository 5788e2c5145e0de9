//! The way of requests to a child: frames and, on Linux, open documents beside them. So a child needs
//! no right to open documents by itself, and a document of any size is not copied.

use std::fs::File;
use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

#[cfg(target_os = "linux")]
pub(super) use linux::Inlet;
#[cfg(target_os = "linux")]
use linux::start;
#[cfg(not(target_os = "linux"))]
pub(super) use others::Inlet;
#[cfg(not(target_os = "linux"))]
use others::start;

/// Whether documents are handed over open; else a child opens their paths.
pub(super) const HANDS_OVER: bool = cfg!(target_os = "linux");

/// So many frames wait to be taken by a child, which has a thread that does nothing else: more wait
/// only where it does not take them at all.
const WAITING: usize = 32;

/// A frame, and the document that goes with it.
type Message = (Vec<u8>, Option<File>);

/// The parent's end. A thread of its own writes to the child, so that one that does not read keeps
/// nobody waiting.
#[derive(Debug)]
pub(super) struct Outlet(SyncSender<Message>);

/// Starts a program whose standard input is the other end.
pub(super) fn spawn(command: Command) -> io::Result<(Child, Outlet)> {
    let (child, pipe) = start(command)?;
    let (sender, messages) = sync_channel::<Message>(WAITING);
    std::thread::spawn(move || {
        while let Ok((frame, document)) = messages.recv() {
            if pipe.send(&frame, document.as_ref()).is_err() {
                // It has ended, which shows where its answers are waited for.
                return;
            }
        }
    });
    Ok((child, Outlet(sender)))
}

impl Outlet {
    /// Sends a frame, and a document with it. Returns at once.
    ///
    /// # Errors
    ///
    /// Where the child takes no frames: [`io::ErrorKind::TimedOut`] while it lives.
    pub(super) fn send(&self, frame: Vec<u8>, document: Option<File>) -> io::Result<()> {
        self.0.try_send((frame, document)).map_err(|error| match error {
            TrySendError::Full(_) => {
                io::Error::new(io::ErrorKind::TimedOut, "it does not read what it is told")
            }
            TrySendError::Disconnected(_) => io::ErrorKind::BrokenPipe.into(),
        })
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::VecDeque;
    use std::fs::File;
    use std::io::{self, IoSlice, IoSliceMut, Read, Write as _};
    use std::mem::MaybeUninit;
    use std::net::Shutdown;
    use std::os::fd::{AsFd as _, OwnedFd};
    use std::os::unix::net::UnixStream;
    use std::process::{Child, Command};

    use rustix::io::Errno;
    use rustix::net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
    };

    use crate::runner::descriptors;

    /// A socket, over which descriptors can be sent (unix(7), `SCM_RIGHTS`).
    #[derive(Debug)]
    pub(super) struct Pipe(UnixStream);

    /// Starts a program whose standard input is the other end.
    pub(super) fn start(mut command: Command) -> io::Result<(Child, Pipe)> {
        let (own, theirs) = UnixStream::pair()?;
        // One way alone: nobody here reads what a child would write to it.
        own.shutdown(Shutdown::Read)?;
        command.stdin(OwnedFd::from(theirs));
        descriptors::keep_from(&mut command);
        Ok((command.spawn()?, Pipe(own)))
    }

    impl Pipe {
        /// Sends a frame, and a document with its first bytes.
        pub(super) fn send(&self, frame: &[u8], document: Option<&File>) -> io::Result<()> {
            let mut sent = 0;
            if let Some(document) = document {
                let descriptors = [document.as_fd()];
                let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
                let mut beside = SendAncillaryBuffer::new(&mut space);
                beside.push(SendAncillaryMessage::ScmRights(&descriptors));
                let flags = SendFlags::NOSIGNAL;
                sent = retry(|| sendmsg(&self.0, &[IoSlice::new(frame)], &mut beside, flags))?;
            }
            (&self.0).write_all(&frame[sent..])
        }
    }

    /// The child's end.
    #[derive(Debug)]
    pub(in crate::runner) struct Inlet {
        input: io::Stdin,
        /// Documents that came and were not taken, in their order.
        documents: VecDeque<OwnedFd>,
    }

    impl Inlet {
        pub(in crate::runner) fn new() -> Self {
            Self { input: io::stdin(), documents: VecDeque::new() }
        }

        /// The document that came with the frame read last, or with one before it.
        pub(in crate::runner) fn document(&mut self) -> Option<File> {
            self.documents.pop_front().map(File::from)
        }
    }

    impl Read for Inlet {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut beside = RecvAncillaryBuffer::new(&mut space);
            let flags = RecvFlags::CMSG_CLOEXEC;
            let received =
                retry(|| recvmsg(&self.input, &mut [IoSliceMut::new(buffer)], &mut beside, flags));
            match received {
                Ok(received) => {
                    for message in beside.drain() {
                        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                            self.documents.extend(descriptors);
                        }
                    }
                    Ok(received.bytes)
                }
                // A pipe, where somebody else than an engine starts the program.
                Err(Errno::NOTSOCK) => Ok(retry(|| rustix::io::read(&self.input, &mut *buffer))?),
                Err(error) => Err(error.into()),
            }
        }
    }

    fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
        loop {
            match call() {
                Err(Errno::INTR) => {}
                done => return done,
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod others {
    use std::fs::File;
    use std::io::{self, Read, Write as _};
    use std::process::{Child, ChildStdin, Command, Stdio};

    /// A pipe.
    #[derive(Debug)]
    pub(super) struct Pipe(ChildStdin);

    /// Starts a program whose standard input is the other end.
    pub(super) fn start(mut command: Command) -> io::Result<(Child, Pipe)> {
        command.stdin(Stdio::piped());
        let mut child = command.spawn()?;
        let input = child.stdin.take().ok_or_else(|| io::Error::other("it has no pipes"))?;
        Ok((child, Pipe(input)))
    }

    impl Pipe {
        /// Sends a frame.
        pub(super) fn send(&self, frame: &[u8], _document: Option<&File>) -> io::Result<()> {
            (&self.0).write_all(frame)
        }
    }

    /// The child's end.
    #[derive(Debug)]
    pub(in crate::runner) struct Inlet(io::Stdin);

    impl Inlet {
        pub(in crate::runner) fn new() -> Self {
            Self(io::stdin())
        }

        /// None comes here.
        pub(in crate::runner) fn document(&mut self) -> Option<File> {
            None
        }
    }

    impl Read for Inlet {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }
}
