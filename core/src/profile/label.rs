//! Whose call a thread is in: what a sample of it is labelled with.

use std::cell::Cell;

use parking_lot::RwLock;

use crate::registry::Owner;

thread_local! {
    // No destructor and no lazy start: a signal handler reads it.
    static CURRENT: Cell<u32> = const { Cell::new(0) };
}

static OWNERS: RwLock<Vec<Owner>> = RwLock::new(Vec::new());

/// Stands for a component; 0 stands for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Label(u32);

impl Label {
    /// The label of this component, the same each time.
    pub fn of(owner: &Owner) -> Self {
        let mut owners = OWNERS.write();
        let known = owners.iter().position(|known| known == owner);
        let index = known.unwrap_or_else(|| {
            owners.push(owner.clone());
            owners.len() - 1
        });
        Self(u32::try_from(index + 1).unwrap_or(0))
    }

    /// Whose it is.
    pub fn owner(self) -> Option<Owner> {
        let index = usize::try_from(self.0).ok()?.checked_sub(1)?;
        OWNERS.read().get(index).cloned()
    }

    /// That of the call this thread is in. Safe in a signal handler.
    pub(super) fn current() -> Self {
        Self(CURRENT.get())
    }

    /// Marks this thread as in a call of the component, until what is answered is dropped.
    pub fn enter(self) -> Entered {
        Entered(CURRENT.replace(self.0))
    }
}

/// A call that this thread is in.
#[derive(Debug)]
#[must_use = "the call is over when it is dropped"]
pub struct Entered(u32);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}
