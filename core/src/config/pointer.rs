//! JSON pointers (RFC 6901), by which every part of the configuration names a value.

/// The pointer one level below `parent`.
pub(super) fn join(parent: &str, key: &str) -> String {
    format!("{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The keys along a pointer, unescaped.
pub(super) fn segments(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer
        .split('/')
        .skip(1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
}

/// The pointer one level above, and none for the root.
pub(super) fn parent(pointer: &str) -> Option<&str> {
    pointer.rsplit_once('/').map(|(parent, _)| parent)
}

/// Whether `pointer` is `ancestor` or below it.
pub(super) fn is_within(pointer: &str, ancestor: &str) -> bool {
    pointer
        .strip_prefix(ancestor)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A pointer as people write it, `telemetry.monitoring_port`. A key that could be misread, or
/// that could play tricks on a terminal, is put in quotes and escaped.
pub(super) fn dotted(pointer: &str) -> String {
    segments(pointer)
        .map(|key| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-/".contains(c);
            if !key.is_empty() && key.chars().all(plain) {
                key
            } else {
                format!("\"{}\"", key.escape_debug())
            }
        })
        .collect::<Vec<_>>()
        .join(".")
}

/// The pointer to a key written with dots, such as a claim's.
pub(super) fn from_dotted(key: &str) -> String {
    key.split('.')
        .fold(String::new(), |pointer, key| join(&pointer, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_and_dots() {
        let pointer = join(&join("/health/checks", "tcp-port/web"), "a~b.c\n");
        assert_eq!(pointer, "/health/checks/tcp-port~1web/a~0b.c\n");
        assert_eq!(dotted(&pointer), r#"health.checks.tcp-port/web."a~b.c\n""#);
        assert_eq!(segments(&pointer).last().as_deref(), Some("a~b.c\n"));
        assert_eq!(
            from_dotted("telemetry.otlp_endpoint"),
            "/telemetry/otlp_endpoint"
        );
        assert!(is_within("/a/b", "/a") && is_within("/a", "/a") && !is_within("/ab", "/a"));
        assert_eq!(parent("/a/b"), Some("/a"));
        assert_eq!(parent(""), None);
    }
}
