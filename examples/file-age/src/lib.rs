//! Whether a file was written lately: a backup, say.

use std::{fs, path::PathBuf};

use gaxx_sdk::prelude::*;

/// Settings under `plugins.file-age` in config.yaml.
#[settings]
struct Settings {
    /// The file to watch.
    #[default("/tmp/backup.tar".into())]
    path: PathBuf,
    /// A file that was not written for this long is unhealthy.
    #[default(Duration::from_hours(24))]
    max_age: Duration,
}

struct FileAge(Settings);

impl Component for FileAge {
    type Settings = Settings;
    const INTERVAL: Option<Duration> = Some(Duration::from_secs(5));

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        Ok(Self(settings))
    }
}

impl HealthCheck for FileAge {
    fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
        let Settings { path, max_age } = &self.0;
        let name = path.display();
        let file = match fs::metadata(path) {
            Ok(file) => file,
            Err(error) => return Ok(Verdict::unhealthy(format!("{name}: {error}"))),
        };
        // After a change of the clock a file may come from the future: it is fresh.
        let age = file.modified()?.elapsed().unwrap_or_default();
        let message = format!("{name} was written {} s ago", age.as_secs());
        if age > *max_age {
            return Ok(Verdict::unhealthy(message));
        }
        Ok(Verdict::healthy(message))
    }
}

gaxx_sdk::plugin! {
    name = "file-age";
    description = "Whether a file was written lately.";
    check "file-age" => FileAge;
}

#[cfg(test)]
mod tests {
    use super::*;
    use gaxx_sdk::{json, testing};

    #[test]
    fn a_missing_file_is_unhealthy() -> Result<()> {
        let settings = json!({ "path": "/does/not/exist", "max_age": "1h" });
        let verdict = testing::check::<FileAge>(settings)?.check()?;
        assert_eq!(verdict.status, Status::Unhealthy);
        assert!(verdict.message.starts_with("/does/not/exist: "));
        Ok(())
    }

    #[test]
    fn a_fresh_file_is_healthy() -> Result<()> {
        let settings = json!({ "path": std::env::current_exe()?, "max_age": "10000 days" });
        let verdict = testing::check::<FileAge>(settings)?.check()?;
        assert_eq!(verdict.status, Status::Healthy);
        Ok(())
    }

    #[test]
    fn it_complies() {
        testing::comply("file-age").assert();
    }
}
