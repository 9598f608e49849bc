//! Names of chips that stay the same from boot to boot, as their numbers do not.

use std::path::Path;

use crate::attributes::Attributes;

/// The name of the chip in this folder: bus and device where it has one, such as
/// `platform_coretemp_0`, else what its driver calls it, else the folder's name.
pub(super) fn name(folder: &Path) -> Option<String> {
    let by_device = || {
        let device = folder.join("device").canonicalize().ok()?;
        let name = clean(&device.file_name()?.to_string_lossy());
        let bus = clean(&device.parent()?.file_name()?.to_string_lossy());
        match (bus.is_empty(), name.is_empty()) {
            (_, true) => None,
            (true, _) => Some(name),
            _ => Some(format!("{bus}_{name}")),
        }
    };
    let by_driver = || {
        let mut attributes = Attributes::open(folder).ok()?;
        Some(clean(&attributes.text("name")?)).filter(|name| !name.is_empty())
    };
    let by_folder = || {
        let folder = folder.canonicalize().ok()?;
        Some(clean(&folder.file_name()?.to_string_lossy()))
    };
    by_device().or_else(by_driver).or_else(by_folder)
}

/// The form that names have in labels and in names of metrics: lower case, all but letters,
/// digits, colons and underscores made underscores, none of these at the ends.
pub(super) fn clean(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, ':' | '_');
    let letter = |c: char| match c.to_ascii_lowercase() {
        c if allowed(c) => c,
        _ => '_',
    };
    let name: String = name.chars().map(letter).collect();
    name.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaned() {
        assert_eq!(clean("0000:00:18.3"), "0000:00:18_3");
        assert_eq!(clean("Core Temp-é "), "core_temp");
        assert_eq!(clean("..."), "");
    }
}
