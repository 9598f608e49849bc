//! What the README of the plugin shows, with curl.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::{Command, Output},
};

use gaxx_tests::{Agent, require};

use super::Data;

/// curl with the agent's token; `%` in the last argument is the address of the files.
fn curl(agent: &Agent, arguments: &[&str]) -> Option<Output> {
    let tool = require("curl")?;
    let mut command: Command = tool.command();
    command.args(["-sS", "--noproxy", "*", "--max-time", "60"]);
    command.args(["-H", &format!("Authorization: Bearer {}", agent.token())]);
    for argument in arguments {
        command.arg(argument.replace("%F", &format!("{}/v0/files", agent.api())));
    }
    Some(command.output().unwrap())
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_file_goes_up_and_down_again() {
    let (data, own) = (Data::new(), tempfile::tempdir().unwrap());
    let agent = data.agent().start();
    let file = own.path().join("file");
    let content: Vec<u8> = (0..5_000_000_u32)
        .map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect();
    fs::write(&file, &content).unwrap();
    let put = [
        "-T",
        path(&file),
        "-H",
        "X-File-Mode: 0750",
        "-H",
        "X-File-Mtime: 1700000000.5",
        "%F/data/in/a%20b?parents&digest=sha256",
    ];
    let Some(put) = curl(&agent, &put) else {
        return;
    };
    let told: serde_json::Value = serde_json::from_str(&text(&put)).unwrap();
    assert_eq!(told["size"], 5_000_000, "{told}");
    let sum = Command::new("sha256sum").arg(&file).output().unwrap();
    assert!(
        text(&sum).starts_with(told["sha256"].as_str().unwrap()),
        "{told}"
    );
    let there = fs::metadata(data.path("in/a b")).unwrap();
    assert_eq!(
        (there.permissions().mode() & 0o7777, there.mtime()),
        (0o750, 1_700_000_000)
    );
    // Down, in two parts.
    let back = own.path().join("back");
    let url = "%F/data/in/a%20b";
    text(&curl(&agent, &["-o", path(&back), "-r", "0-1999999", url]).unwrap());
    text(&curl(&agent, &["-o", path(&back), "-C", "-", url]).unwrap());
    assert!(
        fs::read(&back).unwrap() == content,
        "another content came back"
    );
    let head = text(&curl(&agent, &["-I", url]).unwrap());
    assert!(head.contains(told["blake3"].as_str().unwrap()), "{head}");
    // A digest that is wrong, asked before anything is sent.
    let wrong = format!("X-Content-Blake3: {}", "0".repeat(64));
    let refused = curl(&agent, &["-T", path(&file), "-H", &wrong, "%F/data/new"]).unwrap();
    assert!(
        text(&refused).contains("\"reason\":\"digest\""),
        "{refused:?}"
    );
    assert!(!data.path("new").exists());
    let list = text(&curl(&agent, &["%F/data/in"]).unwrap());
    assert!(list.contains("\"name\":\"a b\""), "{list}");
    text(&curl(&agent, &["-f", "-X", "DELETE", "%F/data/in?recursive"]).unwrap());
    assert!(!data.path("in").exists());
}

#[test]
fn a_folder_goes_up_and_down_as_tar() {
    let (data, own) = (Data::new(), tempfile::tempdir().unwrap());
    let agent = data.agent().start();
    if require("tar").is_none() || require("curl").is_none() {
        return;
    }
    let (tree, long) = (own.path().join("tree"), "long-".repeat(40));
    fs::create_dir_all(tree.join("sub/empty")).unwrap();
    for number in 0..200 {
        fs::write(tree.join(format!("sub/{number}")), number.to_string()).unwrap();
    }
    fs::write(tree.join(&long), "long").unwrap();
    for format in ["gnu", "pax", "ustar"] {
        let tar = own.path().join(format);
        let mut command = Command::new("tar");
        command.args(["--format", format, "-C", path(&tree), "-cf", path(&tar)]);
        if format == "ustar" {
            command.args(["--exclude", &long]);
        }
        assert!(command.arg(".").status().unwrap().success());
        let url = format!("%F/data/{format}");
        let kind = "Content-Type: application/x-tar";
        let told = text(&curl(&agent, &["-T", path(&tar), "-H", kind, &url]).unwrap());
        assert!(
            told.contains("\"published\":\"at once\""),
            "{format}: {told}"
        );
        let back = own.path().join(format!("{format}-back"));
        text(&curl(&agent, &["-f", "-o", path(&back), &format!("{url}?tar")]).unwrap());
        let to = own.path().join(format!("{format}-tree"));
        fs::create_dir(&to).unwrap();
        let unpacked = Command::new("tar")
            .args(["-C", path(&to), "-xf", path(&back)])
            .status();
        assert!(unpacked.unwrap().success());
        let same = Command::new("diff")
            .args(["-r", path(&data.path(format)), path(&to)])
            .status();
        assert!(same.unwrap().success(), "{format}");
        assert_eq!(fs::read_to_string(to.join("sub/199")).unwrap(), "199");
        assert_eq!(to.join(&long).exists(), format != "ustar");
    }
}
