//! Whether a file is there, fresh, and as large as it should be.

use std::{fs, io, path::PathBuf, time::SystemTime};

use gaxx_sdk::prelude::*;

use crate::not_set;

gaxx_sdk::component!(check "file" => File, "Whether a file is there, fresh, and as large as it should be.");

#[settings]
pub(crate) struct Settings {
    /// A file. Without it no such check is made.
    file: Option<Wanted>,
}

/// A file.
#[settings]
pub(crate) struct Wanted {
    /// Where it is.
    path: PathBuf,
    /// Whether it must not be there.
    #[default(false)]
    absent: bool,
    /// How long ago it may have been changed until it is degraded; any time without it.
    degraded_age: Option<Duration>,
    /// How long ago it may have been changed until it is unhealthy; any time without it.
    unhealthy_age: Option<Duration>,
    /// How large it must be.
    min_size: Option<Size>,
    /// How large it may be.
    max_size: Option<Size>,
}

struct File(Wanted);

impl Component for File {
    type Settings = Settings;
    const ASKED_BY: Option<&'static str> = Some("file");

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        settings.file.map(Self).ok_or_else(|| not_set("file"))
    }
}

impl HealthCheck for File {
    fn check(&mut self, _deadline: Deadline) -> Result<Verdict> {
        let wanted = &self.0;
        let path = wanted.path.display();
        let about = match fs::metadata(&wanted.path) {
            Ok(_) if wanted.absent => return Ok(Verdict::unhealthy(format!("{path} is there"))),
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(if wanted.absent {
                    Verdict::healthy(format!("{path} is not there"))
                } else {
                    Verdict::unhealthy(format!("{path} is not there"))
                });
            }
            Err(error) => return Err(Error::failed(format!("{path}: {error}"))),
        };
        let modified = about
            .modified()
            .explain(|| "its age cannot be read".to_owned())?;
        // One of the future is fresh.
        let age = SystemTime::now()
            .duration_since(modified)
            .unwrap_or_default();
        let size = about.len();
        let over = |limit: Option<Duration>| limit.is_some_and(|limit| age > limit);
        let bytes = |size: Option<Size>| size.map(|size| size.length() as u64);
        let seconds = age.as_secs();
        let verdict = if bytes(wanted.min_size).is_some_and(|least| size < least) {
            Verdict::unhealthy(format!("{path} has {size} bytes: too few"))
        } else if bytes(wanted.max_size).is_some_and(|most| size > most) {
            Verdict::unhealthy(format!("{path} has {size} bytes: too many"))
        } else if over(wanted.unhealthy_age) {
            Verdict::unhealthy(format!("{path} was changed {seconds} s ago"))
        } else if over(wanted.degraded_age) {
            Verdict::degraded(format!("{path} was changed {seconds} s ago"))
        } else {
            Verdict::healthy(format!("{path} was changed {seconds} s ago"))
        };
        Ok(verdict.detail("age_seconds", seconds).detail("bytes", size))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gaxx_sdk::{json, serde_json, testing};

    use super::*;

    #[test]
    fn age_size_and_presence_decide() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let status = |more: serde_json::Value| {
            let mut settings = more;
            settings["path"] = json!(path);
            let mut check = testing::check::<File>(json!({ "file": settings })).unwrap();
            check.check().unwrap().status
        };
        assert_eq!(status(json!({})), Status::Unhealthy);
        assert_eq!(status(json!({"absent": true})), Status::Healthy);
        fs::write(&path, [0; 2000]).unwrap();
        let long_ago = SystemTime::now() - Duration::from_hours(2);
        fs::File::open(&path)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        assert_eq!(status(json!({"absent": true})), Status::Unhealthy);
        assert_eq!(status(json!({"degraded_age": "3h"})), Status::Healthy);
        assert_eq!(
            status(json!({"degraded_age": "1h", "unhealthy_age": "3h"})),
            Status::Degraded
        );
        assert_eq!(status(json!({"unhealthy_age": "1h"})), Status::Unhealthy);
        assert_eq!(
            status(json!({"min_size": "2000B", "max_size": "2KiB"})),
            Status::Healthy
        );
        assert_eq!(status(json!({"min_size": "2KiB"})), Status::Unhealthy);
        assert_eq!(status(json!({"max_size": "1KiB"})), Status::Unhealthy);
    }

    #[test]
    fn what_cannot_be_looked_at_is_unknown() {
        let settings = json!({ "file": { "path": "/dev/null/x" } });
        let mut check = testing::check::<File>(settings).unwrap();
        assert!(check.check().is_err());
    }
}
