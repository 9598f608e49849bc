//! Which operating system this is, from `/etc/os-release`.

use gaxx_sdk::prelude::*;

use crate::{roots::Roots, source::Source};

gaxx_sdk::component!(collector "os" => Os, "Name and version of the operating system.");

/// The keys of the file that become labels, in lower case.
const KEYS: [&str; 12] = [
    "BUILD_ID",
    "ID",
    "ID_LIKE",
    "IMAGE_ID",
    "IMAGE_VERSION",
    "NAME",
    "PRETTY_NAME",
    "VARIANT",
    "VARIANT_ID",
    "VERSION",
    "VERSION_CODENAME",
    "VERSION_ID",
];

const LABELS: [&str; 12] = [
    "build_id",
    "id",
    "id_like",
    "image_id",
    "image_version",
    "name",
    "pretty_name",
    "variant",
    "variant_id",
    "version",
    "version_codename",
    "version_id",
];

struct Os {
    /// The administrator's file, and the one of the system's maker behind it.
    files: [Source; 2],
    info: Family<Gauge, 12>,
    version: Family<Gauge, 3>,
    /// What the values are of; the file almost never changes.
    text: String,
}

impl Component for Os {
    type Settings = Roots;

    fn new(roots: Roots, context: &Context) -> Result<Self> {
        Ok(Self {
            files: ["etc/os-release", "usr/lib/os-release"]
                .map(|below| Source::new(&roots.rootfs, below)),
            info: context.gauges(
                "node_os_info",
                "The operating system, in the labels; always 1.",
                LABELS,
            )?,
            version: context.gauges(
                "node_os_version",
                "Version of the operating system, major and minor.",
                ["id", "id_like", "name"],
            )?,
            text: String::new(),
        })
    }
}

impl Collector for Os {
    fn collect(&mut self, _deadline: Deadline) -> Result<()> {
        for file in &mut self.files {
            let Some(text) = file.read_if_there()? else {
                continue;
            };
            if self.text != text {
                self.text = text.into_owned();
                self.tell();
            }
            return Ok(());
        }
        Ok(())
    }
}

impl Os {
    fn tell(&self) {
        let values = KEYS.map(|key| value(&self.text, key));
        let labels = values.each_ref().map(String::as_str);
        self.info.reset();
        self.info.with(labels).set(1.0);
        self.version.reset();
        let of = |key| value(&self.text, key);
        if let Some(version) = version(&of("VERSION_ID")) {
            self.version
                .with([&of("ID"), &of("ID_LIKE"), &of("NAME")])
                .set(version);
        }
    }
}

/// The value of a key, without its quotes; empty where the file does not have it.
fn value(text: &str, key: &str) -> String {
    let value = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
    unquote(value.unwrap_or_default())
}

/// A value as a shell would read it.
fn unquote(value: &str) -> String {
    let value = value.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let Some(quote) = quote else {
        return value.to_owned();
    };
    let mut plain = String::with_capacity(value.len());
    let mut rest = value.chars().skip(1);
    while let Some(c) = rest.next() {
        match c {
            '\\' if quote == '"' => plain.extend(rest.next()),
            c if c == quote => break,
            c => plain.push(c),
        }
    }
    plain
}

/// Major and minor version as one number: `22.04.1` is 22.04.
fn version(id: &str) -> Option<f64> {
    let mut parts = id.split('.');
    let major = parts.next()?;
    let number = parts
        .next()
        .map_or(major.to_owned(), |minor| format!("{major}.{minor}"));
    number.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    crate::golden::tests!(Os, "os");

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(unquote("plain"), "plain");
        assert_eq!(unquote(r#""a \"b\" \\c""#), r#"a "b" \c"#);
        assert_eq!(unquote("'a \\b'"), "a \\b");
        assert_eq!(unquote("\"open"), "open");
        assert_eq!(unquote("\""), "");
    }

    #[test]
    fn versions() {
        assert_eq!(version("12"), Some(12.0));
        assert_eq!(version("22.04.1"), Some(22.04));
        assert_eq!(version("rolling"), None);
        assert_eq!(version(""), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "((ID|NAME)=[\"'\\\\a-z ]{0,9}\n|\\PC*\n){0,6}") {
            for key in KEYS {
                let _ = version(&value(&text, key));
            }
        }
    }
}
