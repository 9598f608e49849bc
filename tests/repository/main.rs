//! Rules that the repository's own files keep: who imports whom, where unsafe code may stand, and
//! that everything in it is our own.
#![allow(clippy::unwrap_used)]

mod layers;
mod own_files;
mod tracked;
mod unsafe_code;
