//! Notes what the program is built from.

use std::{env, path::Path, process::Command};

fn main() {
    let git = |arguments: &[&str]| line("git", arguments);
    let commit = git(&["rev-parse", "--short=12", "HEAD"]);
    let rustc = line(&variable("RUSTC"), &["--version"]);
    let features = variable("CARGO_CFG_FEATURE");
    let features: Vec<&str> = features
        .split(',')
        .filter(|name| *name != "default")
        .collect();
    let unknown = || "unknown".to_owned();
    for (name, value) in [
        ("COMMIT", commit.unwrap_or_else(unknown)),
        ("TARGET", variable("TARGET")),
        ("PROFILE", variable("PROFILE")),
        ("RUSTC", rustc.unwrap_or_else(unknown)),
        ("FEATURES", features.join(" ")),
    ] {
        println!("cargo::rustc-env=GAXX_{name}={value}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    // A path that is not there would run this at every build.
    for name in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", name])
            && Path::new(&path).exists()
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

/// What Cargo tells the build under this name.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// What a program says in one line, if it says something.
fn line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output
        .status
        .success()
        .then(|| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}
