//! Metrics whose names come from the kernel: each is registered when it is first seen.

use std::collections::HashMap;

use gaxx_sdk::prelude::*;

/// How many names one component takes: several times what any kernel has.
const MOST: usize = 2048;

/// Handles of metrics, by what the kernel calls them.
#[derive(Debug)]
pub(crate) struct ByName<T> {
    context: Context,
    handles: HashMap<Box<str>, Option<T>>,
}

impl<T> ByName<T> {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            handles: HashMap::new(),
        }
    }

    /// The handle of what the kernel calls `name`.
    ///
    /// The first time `make` registers it; `None` from it says that this one is not collected.
    pub(crate) fn get(
        &mut self,
        name: &str,
        make: impl FnOnce(&Context) -> Result<Option<T>>,
    ) -> Option<&T> {
        if !self.handles.contains_key(name) {
            if self.handles.len() >= MOST {
                return None;
            }
            let handle = make(&self.context).unwrap_or_else(|error| {
                warn!("{name} is not collected: {error}");
                None
            });
            self.handles.insert(name.into(), handle);
        }
        self.handles.get(name)?.as_ref()
    }

    /// All handles.
    pub(crate) fn handles(&self) -> impl Iterator<Item = &T> {
        self.handles.values().flatten()
    }
}

/// Whether a text can be a part of a metric's name.
pub(crate) fn is_name_part(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
