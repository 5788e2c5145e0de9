//! Ctrl-C: the first ends the read after the pages under way, the second ends the program.

use recto::CancelFlag;

use super::console::{Exit, to_stderr};

/// The flag that Ctrl-C raises. Without a handler (the system refused it) Ctrl-C ends the program
/// as usual.
pub(super) fn on_interrupt() -> CancelFlag {
    let flag = CancelFlag::default();
    let raised = flag.clone();
    let installed = ctrlc::set_handler(move || {
        if raised.is_cancelled() {
            std::process::exit(Exit::Interrupted.code().into());
        }
        raised.cancel();
        to_stderr("recto: finishing the pages under way; press Ctrl-C again to stop at once");
    });
    if let Err(error) = installed {
        tracing::debug!(%error, "no handler for Ctrl-C");
    }
    flag
}
