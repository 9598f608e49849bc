//! The devices of a class, a few of them with their attributes kept open.
//!
//! Finding and opening an attribute costs several times what reading it does. Devices come and go,
//! and the number of files that a program may open is small, so only a few are kept, and only as
//! long as the folder is the one that was opened.

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use gaxx_sdk::prelude::*;
use rustix::fs::{Stat, stat};

use crate::attributes::{Attributes, Class};

/// How many devices are kept open: as many as most machines have, or the first ones seen.
const KEPT: usize = 8;

/// The devices of a class.
#[derive(Debug)]
pub(crate) struct Devices {
    folder: PathBuf,
    class: Class,
    kept: HashMap<OsString, Kept>,
}

#[derive(Debug)]
struct Kept {
    /// Which folder it is; a device that came back under its name has another one.
    identity: (u64, u64),
    used: bool,
    attributes: Attributes,
}

impl Devices {
    /// The devices in this folder, such as `/sys/class/net`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            class: Class::default(),
            kept: HashMap::new(),
        }
    }

    /// Their names, sorted; none where this machine does not have the class, and that is said once.
    pub(crate) fn names(&mut self) -> Result<Vec<OsString>> {
        self.class.names(&self.folder)
    }

    /// Closes the devices that were not read since the last time.
    pub(crate) fn close_unused(&mut self) {
        self.kept.retain(|_, kept| std::mem::take(&mut kept.used));
    }

    /// Reads the attributes of a device; nothing where it is gone or no folder.
    pub(crate) fn read<T>(
        &mut self,
        name: &OsStr,
        read: impl FnOnce(&mut Attributes) -> T,
    ) -> Option<T> {
        let folder = self.folder.join(name);
        let identity = identity(&stat(&folder).ok()?);
        if let Some(kept) = self.kept.get_mut(name) {
            if kept.identity == identity {
                kept.used = true;
                return Some(read(&mut kept.attributes));
            }
            self.kept.remove(name);
        }
        let mut attributes = Attributes::open(&folder).ok()?;
        if self.kept.len() >= KEPT {
            return Some(read(&mut attributes));
        }
        attributes.keep_open();
        let result = read(&mut attributes);
        let kept = Kept {
            identity,
            used: true,
            attributes,
        };
        self.kept.insert(name.to_owned(), kept);
        Some(result)
    }
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    fn mtu(devices: &mut Devices, name: &str) -> Option<f64> {
        devices.read(OsStr::new(name), |device| device.number("mtu"))?
    }

    #[test]
    fn one_that_goes_and_comes_back_is_read_anew() {
        let class = tempfile::tempdir().unwrap();
        let folder = class.path().join("eth0");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("mtu"), "1500\n").unwrap();
        let mut devices = Devices::new(class.path().to_owned());
        assert_eq!(devices.names().unwrap(), ["eth0"]);
        for _ in 0..2 {
            assert_eq!(mtu(&mut devices, "eth0"), Some(1500.0));
        }
        assert_eq!(devices.kept.len(), 1);
        // The old folder stays, so that the new one cannot get its number.
        fs::rename(&folder, class.path().join("eth1")).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("mtu"), "9000\n").unwrap();
        assert_eq!(mtu(&mut devices, "eth0"), Some(9000.0));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(mtu(&mut devices, "eth0"), None);
        assert_eq!(devices.names().unwrap(), ["eth1"]);
        devices.close_unused();
        devices.close_unused();
        assert!(devices.kept.is_empty());
    }

    #[test]
    fn only_a_few_are_kept() {
        let class = tempfile::tempdir().unwrap();
        let mut devices = Devices::new(class.path().to_owned());
        for number in 0..KEPT + 2 {
            let folder = class.path().join(format!("veth{number}"));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("mtu"), "1500").unwrap();
            assert_eq!(mtu(&mut devices, &format!("veth{number}")), Some(1500.0));
        }
        assert_eq!(devices.kept.len(), KEPT);
    }
}
