use std::fs;

use gaxx_sdk::{
    json,
    testing::{self, Measurements},
};

use super::*;

const NAME: &str = "@name@";

#[test]
fn each_sample_is_a_line() -> Result<()> {
    let path = std::env::temp_dir().join(format!("lines-{}.txt", std::process::id()));
    let measured = Measurements::default()
        .gauge("load", &[("host", "a")], 0.5)
        .histogram("took_seconds", &[], &[1.0], &[2.0], 3.0, 4.5);
    let mut exporter = testing::exporter::<Lines>(json!({ "path": path }))?;
    exporter.export(&measured)?;
    exporter.flush()?;
    let text = fs::read_to_string(&path)?;
    fs::remove_file(&path)?;
    let time = Measurements::UNIX_NANOS / 1_000_000;
    let expected = format!("{time} load{{host=\"a\"}} 0.5\n{time} took_seconds{{}} 4.5\n");
    assert_eq!(text, expected);
    assert_eq!(exporter.samples().value(LINES, &[]), Some(2.0));
    Ok(())
}

#[test]
fn a_full_disk_is_reported() -> Result<()> {
    let mut exporter = testing::exporter::<Lines>(json!({ "path": "/dev/full" }))?;
    let failed = exporter.export(&Measurements::default().gauge("load", &[], 0.5));
    let error = failed.expect_err("the disk is full");
    assert!(error.message().starts_with("/dev/full: "), "{error}");
    assert_eq!(exporter.samples().value(LINES, &[]), Some(0.0));
    Ok(())
}

// Names, units, settings, deadlines, limits and leaks: what is expected of every plugin.
#[test]
fn it_complies() {
    testing::comply(NAME).assert();
}
