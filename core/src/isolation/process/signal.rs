//! Signals by name, and what they mean for who finds one in an error.

use rustix::process::Signal;

/// Those that end a process; see signal(7).
const KNOWN: [(Signal, &str); 23] = [
    (Signal::HUP, "SIGHUP: its terminal was closed"),
    (Signal::INT, "SIGINT: somebody interrupted it"),
    (Signal::QUIT, "SIGQUIT: somebody told it to quit"),
    (Signal::ILL, "SIGILL: an invalid instruction"),
    (Signal::TRAP, "SIGTRAP: a breakpoint"),
    (Signal::ABORT, "SIGABRT: it aborted"),
    (Signal::BUS, "SIGBUS: memory that is not there"),
    (Signal::FPE, "SIGFPE: an invalid calculation"),
    (
        Signal::KILL,
        "SIGKILL: by somebody, or by the kernel for want of memory",
    ),
    (Signal::USR1, "SIGUSR1: by somebody"),
    (
        Signal::SEGV,
        "SIGSEGV: invalid memory; a stack overflow looks the same",
    ),
    (Signal::USR2, "SIGUSR2: by somebody"),
    (Signal::PIPE, "SIGPIPE: a write that nobody reads"),
    (Signal::ALARM, "SIGALRM: a timer"),
    (Signal::TERM, "SIGTERM: somebody told it to end"),
    (Signal::STKFLT, "SIGSTKFLT: a fault of the stack"),
    (Signal::XCPU, "SIGXCPU: too much CPU time"),
    (Signal::XFSZ, "SIGXFSZ: a file too large"),
    (Signal::VTALARM, "SIGVTALRM: a timer"),
    (Signal::PROF, "SIGPROF: a timer of a profile"),
    (Signal::IO, "SIGIO: a descriptor is ready"),
    (Signal::POWER, "SIGPWR: the power fails"),
    (Signal::SYS, "SIGSYS: a system call that it may not make"),
];

/// A signal's name and meaning.
pub(in crate::isolation) fn describe(raw: i32) -> String {
    let known = KNOWN.iter().find(|(signal, _)| signal.as_raw() == raw);
    match known {
        Some((_, words)) => (*words).to_owned(),
        None if raw > Signal::SYS.as_raw() => "a real-time signal: by somebody".to_owned(),
        None => "a signal that ends no process by itself".to_owned(),
    }
}
