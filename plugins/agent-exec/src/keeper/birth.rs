//! How a command begins: what its process does before it becomes the program.
#![allow(
    // Nothing safe shares memory with a child, and rustix lacks some of the calls.
    unsafe_code
)]

use std::{
    convert::Infallible,
    ffi::c_void,
    io::{self, PipeReader, Read as _},
    mem::MaybeUninit,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

use rustix::{
    io::{Errno, FdFlags, fcntl_setfd, read, retry_on_intr, write},
    process::{
        Pid, Signal, chdir, getpid, getppid, set_parent_process_death_signal, setrlimit, setsid,
        umask,
    },
    stdio::{dup2_stderr, dup2_stdin, dup2_stdout},
    thread::{
        clear_ambient_capability_set, set_no_new_privs, set_thread_groups, set_thread_res_gid,
        set_thread_res_uid,
    },
};

use super::{
    Step, landlock,
    plan::{Identity, Image, Plan, number},
    signals,
};

/// Far more than the few calls need, also without optimisation. Only what is used is there.
const STACK: usize = 256 << 10;

type Failure = (Step, Errno);

/// A process on its way to becoming a program. Dropping it waits until it is on that way no more.
#[derive(Debug)]
pub(super) struct Embryo {
    pub(super) pid: Pid,
    /// Says why it failed. It is closed when the process is the program, or dead.
    told: PipeReader,
    /// What the process runs on and reads.
    child: *mut Child,
    _stack: Box<[MaybeUninit<u8>]>,
}

/// What the child needs, at a place that stays.
#[derive(Debug)]
struct Child {
    plan: Plan,
    keeper: Pid,
    streams: [RawFd; 3],
    tell: RawFd,
}

/// Begins a process that shares this one's memory until it becomes the program, so that nothing
/// needs to be copied: `posix_spawn` does the same, but waits, and confines little.
pub(super) fn begin(plan: Plan, streams: &[OwnedFd; 3]) -> Result<Embryo, Failure> {
    let (told, tell) = io::pipe().map_err(|error| (Step::Fork, number(&error)))?;
    let mut stack = Box::new_uninit_slice(STACK);
    let top = top(stack.as_mut_ptr_range().end);
    let mut embryo = Embryo {
        pid: getpid(),
        told,
        child: Box::into_raw(Box::new(Child {
            plan,
            keeper: getpid(),
            streams: streams.each_ref().map(AsRawFd::as_raw_fd),
            tell: tell.as_raw_fd(),
        })),
        _stack: stack,
    };
    // SAFETY: the stack is the child's alone, and it and what the child reads are there until the
    // embryo is dropped, which waits for the child. The child runs `born`, which only makes system
    // calls, changes nothing that is shared but `errno`, and ends in another program or ends.
    // Until then this process makes calls only by rustix, which does not use `errno`. The
    // descriptors are copies of its own.
    let pid = unsafe {
        libc::clone(
            born,
            top,
            libc::CLONE_VM | libc::SIGCHLD,
            embryo.child.cast(),
        )
    };
    let failed = (pid <= 0).then(last_errno);
    // Now the child's is the only one.
    drop(tell);
    if let Some(error) = failed {
        return Err((Step::Fork, error));
    }
    embryo.pid = Pid::from_raw(pid).unwrap_or(embryo.pid);
    Ok(embryo)
}

/// Where a stack begins that ends here: it must be aligned for any machine.
fn top(end: *mut MaybeUninit<u8>) -> *mut c_void {
    end.map_addr(|address| address & !0xf).cast()
}

impl Embryo {
    /// Once this is readable: nothing if it has become the program, or the step that failed.
    pub(super) fn outcome(mut self) -> Result<(), Failure> {
        let mut word = [0; 5];
        if self.told.read_exact(&mut word).is_err() {
            // It has become the program, or was killed on the way; its end will tell.
            return Ok(());
        }
        let [step, error @ ..] = word;
        let step = Step::ALL.get(usize::from(step)).copied();
        let error = Errno::from_raw_os_error(i32::from_le_bytes(error));
        Err((step.unwrap_or(Step::Exec), error))
    }
}

impl Drop for Embryo {
    fn drop(&mut self) {
        // Its end closes the pipe, whose other end it alone has; before that it uses what is
        // freed here.
        let mut word = [0; 8];
        while retry_on_intr(|| read(&self.told, &mut word)).is_ok_and(|read| read > 0) {}
        // SAFETY: it comes from a box, and nobody reads it any more.
        drop(unsafe { Box::from_raw(self.child) });
    }
}

impl AsFd for Embryo {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.told.as_fd()
    }
}

/// What the child runs.
extern "C" fn born(child: *mut c_void) -> i32 {
    // SAFETY: `begin` passes one that stays.
    let child: &'static Child = unsafe { &*child.cast() };
    let Err((step, error)) = child.become_program();
    let [a, b, c, d] = error.raw_os_error().to_le_bytes();
    // Where even this fails its end will tell.
    let _ = write(borrow(&child.tell), &[step as u8, a, b, c, d]);
    127
}

/// In the child all descriptors are open that were when it began.
fn borrow(fd: &RawFd) -> BorrowedFd<'_> {
    // SAFETY: they are copies that only the child closes, and it does not before exec.
    unsafe { BorrowedFd::borrow_raw(*fd) }
}

impl Child {
    /// Confines itself, and becomes the program. Only makes system calls.
    fn become_program(&self) -> Result<Infallible, Failure> {
        let plan = &self.plan;
        let at = |step| move |error| (step, error);
        setsid().map_err(at(Step::Session))?;
        umask(plan.umask);
        for (resource, limit) in &plan.limits {
            setrlimit(*resource, *limit).map_err(at(Step::Limits))?;
        }
        let [input, output, errors] = &self.streams;
        dup2_stdin(borrow(input)).map_err(at(Step::Streams))?;
        dup2_stdout(borrow(output)).map_err(at(Step::Streams))?;
        dup2_stderr(borrow(errors)).map_err(at(Step::Streams))?;
        close_others_at_exec().map_err(at(Step::Descriptors))?;
        if let Some(user) = &plan.user {
            user.assume()?;
        }
        // What the agent has beyond its user is not handed on. An old kernel has no such thing.
        let _ = clear_ambient_capability_set();
        // As its user, who must be allowed to.
        chdir(&plan.folder).map_err(at(Step::Folder))?;
        // Changing the user undoes it, so not before.
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(at(Step::Bond))?;
        // Who died before that has sent no signal.
        if getppid() != Some(self.keeper) {
            return Err((Step::Bond, Errno::SRCH));
        }
        set_no_new_privs(true).map_err(at(Step::Privileges))?;
        if let Some(rules) = &plan.rules {
            landlock::obey(rules.fd()).map_err(at(Step::Landlock))?;
        }
        if let Some(filter) = &plan.filter {
            filter.obey().map_err(at(Step::Network))?;
        }
        signals::let_through().map_err(at(Step::Signals))?;
        plan.exec().map_err(at(Step::Exec))
    }
}

impl Identity {
    /// Becomes this user for good.
    fn assume(&self) -> Result<(), Failure> {
        let Self { uid, gid, groups } = self;
        set_thread_groups(groups).map_err(|error| (Step::Groups, error))?;
        set_thread_res_gid(*gid, *gid, *gid).map_err(|error| (Step::Groups, error))?;
        set_thread_res_uid(*uid, *uid, *uid).map_err(|error| (Step::User, error))
    }
}

impl Plan {
    /// Becomes the program, or returns why not. Never has a shell read what is no program, as
    /// `execvp` does.
    fn exec(&self) -> Result<Infallible, Errno> {
        let (arguments, environment) = (&self.arguments.list, &self.environment.list);
        // SAFETY: the program is a C string, both lists are of C strings and end with a null, and
        // all of it stays.
        unsafe {
            match &self.image {
                Some(image) => {
                    image.keep_for_interpreter()?;
                    libc::syscall(
                        libc::SYS_execveat,
                        image.file.as_raw_fd(),
                        c"".as_ptr(),
                        arguments.as_ptr(),
                        environment.as_ptr(),
                        libc::AT_EMPTY_PATH,
                    );
                }
                None => {
                    libc::execve(
                        self.program.as_ptr(),
                        arguments.as_ptr(),
                        environment.as_ptr(),
                    );
                }
            }
        }
        Err(last_errno())
    }
}

impl Image {
    fn keep_for_interpreter(&self) -> Result<(), Errno> {
        if self.is_script {
            fcntl_setfd(&self.file, FdFlags::empty())?;
        }
        Ok(())
    }
}

/// Has all files but the first three closed at exec. Linux before 5.11 cannot.
fn close_others_at_exec() -> Result<(), Errno> {
    // SAFETY: it closes nothing yet, and the process becomes another one or ends.
    let done = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3_u32,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    match done {
        0 => Ok(()),
        _ => Err(last_errno()),
    }
}

/// What a call of the C library has just failed with.
pub(super) fn last_errno() -> Errno {
    // SAFETY: the place is the thread's own.
    Errno::from_raw_os_error(unsafe { *libc::__errno_location() })
}
