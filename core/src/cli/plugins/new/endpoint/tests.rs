use gaxx_sdk::{json, testing};

use super::*;

const NAME: &str = "@name@";

#[test]
fn everybody_is_greeted_by_name() -> Result<()> {
    let greeter = testing::endpoint::<Greeter>(json!({ "greeting": "Good day" }))?;
    for (name, expected) in [
        ("Ada", r#"{"greeting":"Good day, Ada!"}"#),
        ("", r#"{"greeting":"Good day, world!"}"#),
    ] {
        let answer = greeter.request(0, &format!("/{NAME}/{name}"), b"")?;
        assert_eq!((answer.status, answer.text().as_str()), (200, expected));
    }
    assert_eq!(greeter.samples().value(SENT, &[]), Some(2.0));
    Ok(())
}

// Names, units, settings, deadlines, limits and leaks: what is expected of every plugin.
#[test]
fn it_complies() {
    testing::comply(NAME).assert();
}
