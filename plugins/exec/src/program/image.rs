//! What a process is to become.
#![allow(
    // std offers `execvp` alone.
    unsafe_code
)]

use std::{
    collections::BTreeMap,
    ffi::{CString, NulError, c_char},
    io, ptr,
};

/// A program, its arguments and its environment, as `execve` wants them.
///
/// std executes by `execvp`, which has a shell read whatever the kernel does not take for a
/// program: a text without `#!`, or a program built for another machine.
pub(super) struct Image {
    program: CString,
    arguments: Pointers,
    environment: Pointers,
}

/// Texts, and where they are; a null ends the list.
struct Pointers {
    /// Keeps what is pointed at.
    _texts: Vec<CString>,
    list: Vec<*const c_char>,
}

// SAFETY: what is pointed at is on the heap, belongs to the value and is not changed.
unsafe impl Send for Pointers {}
// SAFETY: as above; nothing can be changed through a reference.
unsafe impl Sync for Pointers {}

impl Image {
    /// The first of the command is the path of the program. Fails where a text has a zero byte.
    pub(super) fn new(
        command: &[String],
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, NulError> {
        let program = command.first().map_or("", String::as_str);
        let path = ("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        let own = environment.clone();
        let whole: BTreeMap<String, String> = [path].into_iter().chain(own).collect();
        let variables = whole.iter().map(|(name, value)| format!("{name}={value}"));
        Ok(Self {
            program: CString::new(program)?,
            arguments: Pointers::new(command.iter().cloned())?,
            environment: Pointers::new(variables)?,
        })
    }

    /// Makes this process the program. Returns only if that failed. Allocates nothing.
    pub(super) fn exec(&self) -> io::Error {
        let (arguments, environment) = (&self.arguments.list, &self.environment.list);
        // SAFETY: the program is a C string, both lists are of C strings and end with a null, and
        // all of it is there as long as `self` is.
        unsafe {
            libc::execve(
                self.program.as_ptr(),
                arguments.as_ptr(),
                environment.as_ptr(),
            );
        }
        io::Error::last_os_error()
    }
}

impl Pointers {
    fn new(texts: impl Iterator<Item = String>) -> Result<Self, NulError> {
        let texts = texts.map(CString::new).collect::<Result<Vec<_>, _>>()?;
        let pointers = texts.iter().map(|text| text.as_ptr());
        let list = pointers.chain([ptr::null()]).collect();
        Ok(Self {
            _texts: texts,
            list,
        })
    }
}
