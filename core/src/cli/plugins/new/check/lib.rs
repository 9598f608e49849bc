//! Whether a file was written lately: a backup, say.

use std::{fs, path::PathBuf};

use gaxx_sdk::prelude::*;

const AGE: &str = "@snake@_age_seconds";

/// Settings under `plugins.@name@` in config.yaml.
#[settings]
struct Settings {
    /// The file to watch.
    #[default("/tmp/backup.tar".into())]
    path: PathBuf,
    /// A file that was not written for this long is degraded.
    #[default(Duration::from_hours(24))]
    max_age: Duration,
}

struct FileAge {
    settings: Settings,
    age: Gauge,
}

impl Component for FileAge {
    type Settings = Settings;

    // Registers the metrics. It must not block: judging begins with the first call.
    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let help = "Since the file was written; absent while it cannot be found.";
        let age = context.gauge(AGE, help)?;
        Ok(Self { settings, age })
    }
}

impl HealthCheck for FileAge {
    // Called at intervals. An error means that the check could not find out: the status is unknown.
    fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
        let Settings { path, max_age } = &self.settings;
        let name = path.display();
        self.age.clear();
        let file = match fs::metadata(path) {
            Ok(file) => file,
            Err(error) => return Ok(Verdict::unhealthy(format!("{name}: {error}"))),
        };
        // After a change of the clock a file may come from the future: it is fresh.
        let age = file.modified()?.elapsed().unwrap_or_default();
        self.age.set(age.as_secs_f64());
        let message = format!("{name} was written {} s ago", age.as_secs());
        if age > *max_age {
            return Ok(Verdict::degraded(message));
        }
        Ok(Verdict::healthy(message))
    }
}

gaxx_sdk::plugin! {
    name = "@name@";
    description = "@summary@";
    check "@name@" => FileAge;
}

#[cfg(test)]
mod tests;
