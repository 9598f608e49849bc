//! Paths that lead elsewhere, and do not.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};
use serde_json::Value;

use super::{Data, get, raw};

/// Reason and target a line.
const CORPUS: &str = include_str!("hostile.txt");

/// Ends a thread when it is dropped.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// `{N}` in a target as N letters.
fn written_out(target: &str) -> String {
    let mut parts = target.split('{');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (count, rest) = part.split_once('}').unwrap();
        whole.push_str(&"x".repeat(count.parse().unwrap()));
        whole.push_str(rest);
    }
    whole
}

/// All that is beneath a folder: names, and contents of files.
fn snapshot(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            if kind.is_dir() {
                folders.push(path.clone());
            }
            let content = kind.is_file().then(|| fs::read(&path).unwrap());
            all.insert(path.display().to_string(), content.unwrap_or_default());
        }
    }
    all
}

#[test]
fn no_hostile_path_is_served_and_none_harms() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("passwd"), "SECRET").unwrap();
    let data = Data::new();
    fs::create_dir(data.path("sub")).unwrap();
    fs::write(data.path("plain"), "plain").unwrap();
    for (name, target) in [
        ("away", outside.path()),
        ("file", &outside.path().join("passwd")),
        ("up", Path::new("../../../../../../../..")),
        ("abs", Path::new("/")),
        ("magic", Path::new("/proc/self/root")),
        ("fd", Path::new("/proc/self/fd")),
        ("loop", Path::new("loop")),
        ("chain", Path::new("away")),
        ("sub/back", Path::new("..")),
    ] {
        symlink(target, data.path(name)).unwrap();
    }
    for name in ["pipe", "sub/pipe"] {
        mknodat(
            CWD,
            data.path(name),
            FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
    }
    let _socket = UnixListener::bind(data.path("socket")).unwrap();
    let agent = data.agent().start();
    let before = (snapshot(outside.path()), snapshot(data.0.path()));
    let cases: Vec<_> = CORPUS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    for (reason, target) in cases {
        let methods = match reason {
            // Harmless, so that it may be made.
            "missing" => &["GET", "HEAD", "DELETE"][..],
            // The link itself may be deleted.
            "link" => &["GET", "HEAD", "PUT"],
            _ => &["GET", "HEAD", "PUT", "DELETE"],
        };
        let expected = if reason == "missing" {
            "not_found"
        } else {
            reason
        };
        for method in methods {
            let path = format!("/v0/files/{}", written_out(target));
            let (status, body) = raw::ask(&agent, method, &path);
            assert_eq!(status / 100, 4, "{method} {target}: {status} {body}");
            assert!(
                !body.contains("SECRET") && !body.contains("root:"),
                "{method} {target}"
            );
            if *method != "HEAD" {
                let told: Value = serde_json::from_str(&body).unwrap_or_default();
                assert_eq!(told["reason"], expected, "{method} {target}: {body}");
            }
        }
        let labels = [("reason", expected)];
        let metrics = agent.metrics();
        let counted = metrics.value("gaxx_file_transfer_refused_total", &labels);
        assert!(counted.is_some(), "{expected}");
    }
    assert_eq!((snapshot(outside.path()), snapshot(data.0.path())), before);
    assert_eq!(get(&agent, "data/plain").expect(200).body, b"plain");
}

#[test]
fn a_path_that_changes_while_it_is_resolved_leads_nowhere_else() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("a"), "SECRET").unwrap();
    let data = Data::new();
    fs::create_dir(data.path("d")).unwrap();
    fs::write(data.path("d/a"), "inside").unwrap();
    symlink(outside.path(), data.path("link")).unwrap();
    let agent = data.agent().start();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        // Also where an assertion fails: the scope would wait for ever.
        let _end = End(&over);
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let (one, other) = (data.path("d"), data.path("link"));
                renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let mut seen = 0;
        for number in 0..300 {
            let (status, body) = raw::ask(&agent, "GET", "/v0/files/data/d/a");
            assert!(
                matches!(
                    (status, body.as_str()),
                    (200, "inside") | (403 | 404 | 503, _)
                ),
                "{status} {body}"
            );
            seen += u32::from(status == 200);
            raw::ask(&agent, "PUT", &format!("/v0/files/data/d/new-{number}"));
            raw::ask(&agent, "DELETE", &format!("/v0/files/data/d/new-{number}"));
        }
        assert!(seen > 0, "the folder was never there");
    });
    assert_eq!(snapshot(outside.path()).len(), 1);
}
