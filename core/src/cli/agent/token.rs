//! `agent token`: a token for a caller.

use std::{
    process::ExitCode,
    time::{Duration, SystemTime},
};

use clap::Args;

use super::super::{load::refuse, style};
use crate::security::{Scope, Scopes, TokenHash, token_file};

/// What `gaxx-mon agent token` understands.
#[derive(Debug, Args)]
pub(super) struct NewToken {
    /// Whose it is, as the audit log will name it
    name: String,
    /// What its bearer may do: read, exec, files, tasks, admin, profile
    #[arg(
        long,
        value_name = "SCOPE,SCOPE",
        value_delimiter = ',',
        required = true
    )]
    scopes: Vec<Scope>,
    /// How long it is taken: 30d, 12w
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    expires: Option<Duration>,
}

pub(super) fn run(new: &NewToken) -> ExitCode {
    let is_plain =
        |name: &str| (1..=100).contains(&name.len()) && !name.chars().any(char::is_control);
    if !is_plain(&new.name) {
        return refuse(&"a name has 1 to 100 characters, all of them visible: choose another one");
    }
    let last_day = match new.expires.map(last_day).transpose() {
        Ok(last_day) => last_day,
        Err(error) => return refuse(&error),
    };
    let token = token_file::generate();
    // The token alone on standard output, so that it can be piped to where it belongs.
    style::say(&format!("{token}\n"));
    eprint!("{}", instructions(new, &token, last_day.as_deref()));
    ExitCode::SUCCESS
}

/// The last whole day of a time from now, as the configuration has it.
fn last_day(from_now: Duration) -> Result<String, &'static str> {
    const TOO_LONG: &str = "--expires: so long a time has no end: choose a shorter one, or none";
    let end = SystemTime::now().checked_add(from_now).ok_or(TOO_LONG)?;
    // The year 9999 is the last that has four digits.
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    if end > last {
        return Err(TOO_LONG);
    }
    let mut text = humantime::format_rfc3339_seconds(end).to_string();
    text.truncate("2030-12-31".len());
    Ok(text)
}

fn instructions(new: &NewToken, token: &str, last_day: Option<&str>) -> String {
    let granted: Scopes = new.scopes.iter().copied().collect();
    let scopes: Vec<&str> = granted.iter().map(Scope::label).collect();
    let expires = last_day.map_or_else(String::new, |day| format!(", expires: \"{day}\""));
    format!(
        "\nThis is the only time the token is shown: the agent keeps its hash.\n\
         Put this into the agent's configuration, and send it SIGHUP:\n\n\
         auth:\n  tokens:\n    - {{name: {}, scopes: [{}]{expires},\n       hash: \"{}\"}}\n\n\
         The client takes the token from a file: write it to one of mode 0600 and give that with\n\
         --token-file FILE or client.token_file; or from the variable GAXX_AGENT_TOKEN itself.\n",
        // JSON's texts are YAML's, too.
        serde_json::Value::from(new.name.as_str()),
        scopes.join(", "),
        TokenHash::of(token),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::Config;

    #[test]
    fn the_configuration_that_it_prints_is_one() {
        let new = NewToken {
            name: "ci: \\runner".to_owned(),
            scopes: vec![Scope::Exec, Scope::Files, Scope::Exec],
            expires: None,
        };
        let told = instructions(&new, "abc", Some("2030-12-31"));
        let (_, yaml) = told.split_once("SIGHUP:\n\n").unwrap();
        let (yaml, _) = yaml.split_once("\n\nThe client").unwrap();
        let config: Config = serde_yaml::from_str(yaml).unwrap();
        assert!(!yaml.contains("abc"));
        let token = &config.auth.tokens[0];
        assert_eq!(token.scopes.len(), 2);
        assert_eq!(token.expires.as_deref(), Some("2030-12-31"));
        assert_eq!(token.hash.reveal(), TokenHash::of("abc").to_string());
    }

    #[test]
    fn a_time_becomes_its_last_day() {
        let day = last_day(Duration::from_hours(24 * 30)).unwrap();
        assert!(day.parse::<crate::security::Expiry>().is_ok(), "{day}");
        assert!(last_day(Duration::MAX).is_err());
        assert!(last_day(Duration::from_secs(400_000_000_000)).is_err());
    }
}
