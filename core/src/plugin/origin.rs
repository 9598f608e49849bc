//! Where a plugin's code is.

use std::sync::Arc;

use crate::{
    isolation::Code,
    loader::{Digest, Loader},
};

/// Where a plugin's code is: what a process of its own is started with, for as long as one may be.
pub struct Origin {
    code: Code,
    _copy: Option<PrivateCopy>,
}

/// The private copy of a library, for as long as a process may load it.
pub(super) struct PrivateCopy {
    loader: Arc<Loader>,
    digest: Digest,
}

impl Origin {
    /// Code that stays as long as the program: it is linked in, or was loaded into it.
    pub(crate) fn staying(code: Code) -> Arc<Self> {
        Self::new(code, None)
    }

    /// The code of a library that only other processes load. Its copy goes with the last who holds
    /// this.
    pub(super) fn new(code: Code, copy: Option<PrivateCopy>) -> Arc<Self> {
        Arc::new(Self { code, _copy: copy })
    }

    /// The code.
    pub fn code(&self) -> &Code {
        &self.code
    }
}

impl PrivateCopy {
    /// A copy that [`Loader::copy`] has just answered.
    pub(super) fn of(loader: &Arc<Loader>, digest: Digest) -> Self {
        Self {
            loader: Arc::clone(loader),
            digest,
        }
    }
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        self.loader.release(&self.digest);
    }
}
