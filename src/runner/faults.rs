//! Faults that a child commits when it is told to, for tests of those who run children: it crashes,
//! hangs, takes all memory, lies, or tries what it must not.

use std::fs::File;
use std::io::{self, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::protocol::{Answer, FAULT};
use crate::error::{Error, Result};

/// How long a page takes besides where it is to be slow.
const SLOW: Duration = Duration::from_millis(400);

/// Memory is taken in parts of so many bytes, up to this.
const PART: usize = 64 << 20;
const MOST: usize = 64 << 30;

/// What [`FAULT`] asks for.
pub(super) struct Faults(Vec<(String, usize)>);

impl Faults {
    pub(super) fn named() -> Self {
        let value = std::env::var(FAULT).unwrap_or_default();
        let fault = |part: &str| {
            let (what, page) = part.split_once(':')?;
            Some((what.to_owned(), page.parse().ok()?))
        };
        Self(value.split(',').filter_map(fault).collect())
    }

    /// Commits the faults of this page whose names start so.
    pub(super) fn commit(&self, prefix: &str, page: usize, mut output: &File) {
        for (what, _) in self.0.iter().filter(|(_, at)| *at == page) {
            let written = match what.strip_prefix(prefix).unwrap_or_default() {
                "crash" => std::process::abort(),
                "hang" => loop {
                    std::thread::park();
                },
                "slow" => {
                    std::thread::sleep(SLOW);
                    Ok(())
                }
                "memory" => {
                    take_memory();
                    Ok(())
                }
                "huge" => output.write_all(&[0xff; 64]),
                "garble" => output.write_all(&[4, 0, 0, 0, 0xc1, 0xc1, 0xc1, 0xc1]),
                _ => Ok(()),
            };
            // A closed pipe is noticed with the answer.
            let _ = written;
        }
    }

    /// The answer, or another that is well formed: of another kind, or of a size that nothing has.
    pub(super) fn lie(&self, prefix: &str, page: usize, answer: Result<Answer>) -> Result<Answer> {
        let asked = |lie: &str| {
            self.0.iter().any(|(what, at)| *at == page && what.strip_prefix(prefix) == Some(lie))
        };
        match answer {
            Ok(_) if asked("lie") => Ok(Answer::Pixels(Vec::new())),
            Ok(Answer::Opened { metadata, .. }) if asked("vast") => {
                Ok(Answer::Opened { page_count: usize::MAX, metadata })
            }
            Ok(Answer::Drawn { dpi, .. }) if asked("vast") => {
                Ok(Answer::Drawn { width: u32::MAX, height: u32::MAX, dpi })
            }
            answer => answer,
        }
    }

    /// What a child can do that it should not, where that is to be tried on this page: an error that
    /// says of each attempt "done" or why it failed.
    pub(super) fn probe(&self, page: usize) -> Option<Error> {
        let asked = self.0.iter().any(|(what, at)| what == "probe" && *at == page);
        let tried = |(what, done): (&str, io::Result<()>)| match done {
            Ok(()) => format!("{what}: done"),
            Err(error) => format!("{what}: {error}"),
        };
        let detail = || attempts().into_iter().map(tried).collect::<Vec<_>>().join("; ");
        asked.then(|| Error::Page { page, detail: detail() })
    }
}

/// Takes memory until there is none. It is not used, so the machine's own does not run out.
fn take_memory() {
    for _ in 0..MOST / PART {
        std::mem::forget(Vec::<u8>::with_capacity(PART));
    }
}

/// Tries what a child has no business with. Files are in the home folder, which tests choose.
fn attempts() -> Vec<(&'static str, io::Result<()>)> {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    let connect = || {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        TcpStream::connect(listener.local_addr()?).map(drop)
    };
    let run = || {
        let mut command = Command::new("/bin/true");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().map(drop)
    };
    #[cfg_attr(not(target_os = "linux"), allow(unused_mut))]
    let mut attempts = vec![
        ("read /etc/passwd", std::fs::read("/etc/passwd").map(drop)),
        ("read a file", std::fs::read(home.join("secret")).map(drop)),
        ("list a folder", std::fs::read_dir(&home).map(drop)),
        ("write a file", std::fs::write(home.join("written"), b"x")),
        ("remove a file", std::fs::remove_file(home.join("removable"))),
        ("connect", connect()),
        ("send a datagram", UdpSocket::bind("127.0.0.1:0").map(drop)),
        ("run a program", run()),
    ];
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        use std::os::unix::process::CommandExt as _;
        // A model is there to be read. Opening a file for that can cut it short all the same.
        let mut cutting = File::options();
        cutting.read(true).custom_flags(libc::O_TRUNC);
        attempts.push(("cut a model short", cutting.open(home.join("models/model")).map(drop)));
        // A program that is not there: the system says so only to those who may run one.
        let replaced = Command::new("/no/such/program").exec();
        let missing = replaced.kind() == io::ErrorKind::NotFound;
        attempts.push(("exec", if missing { Ok(()) } else { Err(replaced) }));
        let parent = rustix::process::getppid().ok_or(io::ErrorKind::NotFound.into());
        let signal = |parent| rustix::process::test_kill_process(parent).map_err(io::Error::from);
        attempts.push(("signal the parent", parent.and_then(signal)));
        attempts.push(("socket", std::os::unix::net::UnixDatagram::unbound().map(drop)));
        let memory =
            std::fs::read(format!("/proc/{}/environ", std::os::unix::process::parent_id()));
        attempts.push(("look at the parent", memory.map(drop)));
    }
    attempts
}
