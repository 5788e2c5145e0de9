//! Which system calls a child makes (seccomp(2)): those that reading, computing and answering take.
//! All others fail as not permitted, among them every way to a socket, to another program, to
//! another process, and to change a file.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter_all_threads,
};

/// Calls that are allowed whatever their arguments: `recvmsg` has the one socket that the parent
/// made. [`opening`] files is below.
const ALLOWED: &[c_long] = &[
    // Files and pipes that are open.
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_newfstatat,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_pselect6,
    libc::SYS_read,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_recvmsg,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_write,
    libc::SYS_writev,
    // Memory.
    libc::SYS_brk,
    libc::SYS_get_mempolicy,
    libc::SYS_madvise,
    libc::SYS_mincore,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    // Threads of this process; `clone` is below.
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_get_robust_list,
    libc::SYS_getcpu,
    libc::SYS_gettid,
    libc::SYS_membarrier,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    // Time, chance, and what this process is.
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_nanosleep,
    libc::SYS_sysinfo,
    libc::SYS_times,
    libc::SYS_uname,
];

/// Older forms of calls above, which only x86-64 has.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_dup2,
    libc::SYS_getrlimit,
    libc::SYS_lstat,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_select,
    libc::SYS_stat,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// Numbers of calls that are newer than this program, the same for all processors. Where a C library
/// tries one of them, it does without if it is not there, and not always if it is refused.
const NEWER: RangeInclusive<c_long> = 463..=511;

/// Whether the kernel has seccomp filters.
pub(super) fn available() -> bool {
    rustix::thread::secure_computing_mode().is_ok()
}

/// Gives up all other calls; whether that was possible.
pub(super) fn confine() -> bool {
    let Ok(filters) = filters() else { return false };
    filters.iter().all(|filter| apply_filter_all_threads(filter).is_ok())
}

/// The filters, the last of which says for good what is allowed. One filter has one kind of refusal,
/// and of two the stricter counts.
fn filters() -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let refuse = |error: i32| SeccompAction::Errno(error.unsigned_abs());
    let compile = |rules: BTreeMap<c_long, Vec<SeccompRule>>, others, these| {
        let arch = TargetArch::try_from(std::env::consts::ARCH)?;
        SeccompFilter::new(rules, others, these, arch).and_then(BpfProgram::try_from)
    };
    // The C library asks `clone` where `clone3` is not there: unlike this one's, its flags can be seen.
    let absent = || NEWER.chain([libc::SYS_clone3]).map(|call| (call, vec![]));
    let mut rules = allowed()?;
    rules.extend(absent());
    let absent = compile(absent().collect(), SeccompAction::Allow, refuse(libc::ENOSYS))?;
    let allowed = compile(rules, refuse(libc::EPERM), SeccompAction::Allow)?;
    Ok([absent, allowed])
}

fn allowed() -> Result<BTreeMap<c_long, Vec<SeccompRule>>, seccompiler::BackendError> {
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> =
        ALLOWED.iter().chain(OLDER).map(|call| (*call, vec![])).collect();
    rules.insert(libc::SYS_openat, opening(2)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, opening(1)?);
    // New threads, and no processes.
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    let has_flag = SeccompCmpOp::MaskedEq(thread);
    rules.insert(libc::SYS_clone, vec![rule(0, SeccompCmpArgLen::Qword, has_flag, thread)?]);
    // Signals to threads of its own: how `abort` ends a process.
    let own = u64::from(std::process::id());
    let equal = SeccompCmpOp::Eq;
    rules.insert(libc::SYS_tgkill, vec![rule(0, SeccompCmpArgLen::Dword, equal, own)?]);
    let limits = rule(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![limits]);
    // Names of threads and of memory, which debuggers show.
    let names = [libc::PR_SET_NAME, libc::PR_GET_NAME, libc::PR_SET_VMA];
    let names = names.map(|name| {
        rule(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, u64::from(name.unsigned_abs()))
    });
    rules.insert(libc::SYS_prctl, names.into_iter().collect::<Result<_, _>>()?);
    // Nothing that has another process told of what happens here.
    let kept = [
        libc::F_DUPFD,
        libc::F_DUPFD_CLOEXEC,
        libc::F_GETFD,
        libc::F_SETFD,
        libc::F_GETFL,
        libc::F_SETFL,
    ];
    let kept = kept.map(|command| {
        rule(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, u64::from(command.unsigned_abs()))
    });
    rules.insert(libc::SYS_fcntl, kept.into_iter().collect::<Result<_, _>>()?);
    // Whether it is a terminal, and closing with `exec`.
    let asked = [libc::TCGETS, libc::FIOCLEX];
    // Another type with other C libraries.
    #[allow(clippy::unnecessary_cast)]
    let asked =
        asked.map(|request| rule(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, request as u64));
    rules.insert(libc::SYS_ioctl, asked.into_iter().collect::<Result<_, _>>()?);
    Ok(rules)
}

/// Opening files, with the flags in this argument. Which files is for landlock to say, which asks for
/// the right to write where a file is opened for writing. Before Linux 6.2 it does not where a file is
/// cut short (`O_TRUNC`), which can be done in opening it to be read: so that is only for writing.
fn opening(flags: u8) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let with = |mask: libc::c_int, bits: libc::c_int| {
        let compare = SeccompCmpOp::MaskedEq(u64::from(mask.unsigned_abs()));
        rule(flags, SeccompCmpArgLen::Dword, compare, u64::from(bits.unsigned_abs()))
    };
    let kept = with(libc::O_TRUNC, 0)?;
    // `/dev/null`, as Tesseract opens it.
    let written = with(libc::O_WRONLY | libc::O_RDWR, libc::O_WRONLY)?;
    Ok(vec![kept, written])
}

/// Calls with such an argument.
fn rule(
    argument: u8,
    length: SeccompCmpArgLen,
    compare: SeccompCmpOp,
    with: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, length, compare, with)?])
}
