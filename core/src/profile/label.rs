//! Whose call a thread is in: what a sample of it is labelled with.

use std::{cell::Cell, path::Path};

use parking_lot::RwLock;

use crate::registry::Owner;

thread_local! {
    // No destructor and no lazy start: a signal handler reads it.
    static CURRENT: Cell<u32> = const { Cell::new(0) };
}

static OWNERS: RwLock<Vec<Owner>> = RwLock::new(Vec::new());

/// Files that plugins were loaded from, and the names of those plugins.
static LIBRARIES: RwLock<Vec<(String, String)>> = RwLock::new(Vec::new());

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

    /// The number that it crosses a signal handler as.
    pub(super) fn number(self) -> u32 {
        self.0
    }

    /// The label with this number.
    pub(super) fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// That of the call this thread is in. Safe in a signal handler.
    pub(crate) fn current() -> Self {
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

/// Notes that this file, which stays mapped, is the code of a plugin: threads that the plugin
/// begins itself are known by it.
pub fn library(file: &Path, plugin: &str) {
    let file = file.to_string_lossy();
    let mut libraries = LIBRARIES.write();
    if !libraries.iter().any(|(known, _)| *known == file) {
        libraries.push((file.into_owned(), plugin.to_owned()));
    }
}

/// The plugin whose code this file is, as the kernel names it.
pub(super) fn plugin_of(file: &str) -> Option<String> {
    // A copy may be removed while it is mapped.
    let file = file.strip_suffix(" (deleted)").unwrap_or(file);
    let libraries = LIBRARIES.read();
    let known = libraries.iter().find(|(known, _)| known == file);
    known.map(|(_, plugin)| plugin.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_within_each_other() {
        let one = Label::of(&Owner::new("label-test", "one"));
        let other = Label::of(&Owner::new("label-test", "other"));
        assert_eq!(one, Label::of(&Owner::new("label-test", "one")));
        assert_ne!(one, other);
        assert_eq!(Label::current().owner(), None);
        {
            let _one = one.enter();
            {
                let _other = other.enter();
                assert_eq!(Label::current(), other);
            }
            assert_eq!(
                Label::current().owner(),
                Some(Owner::new("label-test", "one"))
            );
        }
        assert_eq!(Label::current(), Label::default());
    }

    #[test]
    fn a_library_is_known_after_its_copy_was_removed() {
        library(Path::new("/copies/label-test.so"), "label-test");
        library(Path::new("/copies/label-test.so"), "label-test");
        for file in ["/copies/label-test.so", "/copies/label-test.so (deleted)"] {
            assert_eq!(plugin_of(file).as_deref(), Some("label-test"));
        }
        assert_eq!(plugin_of("/copies/other.so"), None);
    }
}
