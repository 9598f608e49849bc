use gaxx_sdk::{json, testing};

use super::*;

const NAME: &str = "@name@";

#[test]
fn a_fresh_file_is_healthy() -> Result<()> {
    let settings = json!({ "path": std::env::current_exe()?, "max_age": "10000 days" });
    let mut check = testing::check::<FileAge>(settings)?;
    assert_eq!(check.check()?.status, Status::Healthy);
    assert!(check.samples().value(AGE, &[]).is_some());
    Ok(())
}

#[test]
fn an_old_file_is_degraded() -> Result<()> {
    let settings = json!({ "path": std::env::current_exe()?, "max_age": "0s" });
    let verdict = testing::check::<FileAge>(settings)?.check()?;
    assert_eq!(verdict.status, Status::Degraded);
    Ok(())
}

#[test]
fn a_missing_file_is_unhealthy_and_has_no_age() -> Result<()> {
    let mut check = testing::check::<FileAge>(json!({ "path": "/does/not/exist" }))?;
    let verdict = check.check()?;
    assert_eq!(verdict.status, Status::Unhealthy);
    assert!(verdict.message.starts_with("/does/not/exist: "));
    assert_eq!(check.samples().value(AGE, &[]), None);
    Ok(())
}

// Names, units, settings, deadlines, limits and leaks: what is expected of every plugin.
#[test]
fn it_complies() {
    testing::comply(NAME).assert();
}
