//! What a component is to do, and when.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use gaxx_sdk::{Error, Explain, Result};

/// Two files: the orders, of which each line is a time in milliseconds since the Unix epoch and a
/// word, and the deeds that were begun, a word a line.
///
/// The deed is noted before it is done, so that the note outlives whatever it does to the process.
pub(crate) struct Orders {
    orders: PathBuf,
    begun: PathBuf,
}

impl Orders {
    /// Those of one part of a plugin.
    pub(crate) fn of(folder: &Path, plugin: &str, part: &str) -> Self {
        Self {
            orders: folder.join(format!("{plugin}.{part}.orders")),
            begun: folder.join(format!("{plugin}.{part}.begun")),
        }
    }

    /// The next deed if it is due, which is noted then. Nothing while there are no orders.
    pub(crate) fn next(&self) -> Result<Option<String>> {
        let Ok(orders) = fs::read_to_string(&self.orders) else {
            return Ok(None);
        };
        // While a version takes the place of another both may ask.
        let mut begun = self.open()?;
        let mut words = String::new();
        begun.read_to_string(&mut words)?;
        let Some(order) = orders.lines().nth(words.lines().count()) else {
            return Ok(None);
        };
        let (due, word) = read(order)?;
        if now() < due {
            return Ok(None);
        }
        begun.write_all(format!("{word}\n").as_bytes())?;
        Ok(Some(word.to_owned()))
    }

    /// The notes, which are this caller's alone until they are closed.
    fn open(&self) -> Result<File> {
        let path = &self.begun;
        let opened = File::options()
            .read(true)
            .append(true)
            .create(true)
            .open(path);
        let file = opened.explain(|| path.display().to_string())?;
        file.lock()?;
        Ok(file)
    }
}

fn read(order: &str) -> Result<(u128, &str)> {
    let (due, word) = order.split_once(' ').unwrap_or_default();
    let due = due
        .parse()
        .map_err(|_| Error::permanent(format!("`{order}` is no order")))?;
    Ok((due, word))
}

/// Milliseconds since the Unix epoch.
fn now() -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_millis()
}
