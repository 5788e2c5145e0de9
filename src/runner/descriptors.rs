//! Descriptors that children do not get. The one file that runs code between `fork` and `exec`.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The first descriptor after the standard ones.
const FIRST: libc::c_uint = 3;

/// Has the program start with nothing but its standard input, output and error. What Rust opens is
/// closed by itself when a program starts; what others opened in this process, or left open when they
/// started it, is not.
pub(super) fn keep_from(command: &mut Command) {
    // SAFETY: the closure makes one system call, which marks descriptors of the new process alone, and
    // touches no memory and no lock.
    unsafe {
        command.pre_exec(|| {
            // Kernels before 5.11 do not know it; descriptors of others stay open there.
            libc::syscall(
                libc::SYS_close_range,
                FIRST,
                libc::c_uint::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            );
            Ok(())
        });
    }
}
