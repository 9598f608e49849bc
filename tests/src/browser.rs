//! A headless Chromium.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::child::Child;
use crate::poll::{BOUND, wait_for};
use crate::tool::{Tool, require};
use crate::webdriver::Session;

/// No sandbox, because root may not have one; the rest keeps the browser quiet and offline.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
];

/// A message on the page's console, the browser's own complaints included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleEntry {
    /// `SEVERE`, `WARNING`, `INFO`, `DEBUG`.
    pub level: String,
    /// The message with its source and line.
    pub message: String,
}

/// A browser with one page and a profile of its own, closed when dropped.
#[derive(Debug)]
pub struct Browser {
    session: Session,
    _driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium, or says that it is missing as [`require`] does.
    #[track_caller]
    pub fn require() -> Option<Self> {
        let (driver, chromium) = (require("chromedriver")?, require("chromium")?);
        Some(Self::start(&driver, &chromium))
    }

    /// Starts `chromium` through `driver`.
    #[track_caller]
    pub fn start(driver: &Tool, chromium: &Tool) -> Self {
        let profile = tempfile::Builder::new().prefix("gaxx-chromium-").tempdir();
        let profile = profile.expect("a temporary folder can be made");
        // The browser inherits the environment, so its HOME is a temporary folder too.
        let mut command = driver.command();
        command.arg("--port=0").env("HOME", profile.path());
        let mut child = Child::spawn("chromedriver", &mut command);
        let port: u16 = child.wait_line(BOUND, |line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).into();
        flags.push(format!(
            "--user-data-dir={}",
            profile.path().join("profile").display()
        ));
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": chromium.path(), "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        match Session::open(&format!("http://127.0.0.1:{port}"), &capabilities) {
            Ok(session) => Self {
                session,
                _driver: child,
                _profile: profile,
            },
            Err(reason) => panic!("Chromium does not start: {reason}\n{}", child.tail()),
        }
    }

    /// Opens a page and waits until it has loaded.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.ok("url", &json!({ "url": url }));
    }

    /// Runs the body of a function in the page and gives what it returns.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &Value) -> Value {
        self.ok(
            "execute/sync",
            &json!({ "script": script, "args": arguments }),
        )
    }

    /// The text of the first element that matches, as a reader sees it.
    #[track_caller]
    pub fn text(&self, selector: &str) -> Option<String> {
        let script = "return document.querySelector(arguments[0])?.innerText ?? null";
        self.run(script, &json!([selector]))
            .as_str()
            .map(str::to_owned)
    }

    /// An attribute of the first element that matches.
    #[track_caller]
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let script =
            "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? null";
        self.run(script, &json!([selector, name]))
            .as_str()
            .map(str::to_owned)
    }

    /// How many elements match.
    #[track_caller]
    pub fn count(&self, selector: &str) -> u64 {
        let script = "return document.querySelectorAll(arguments[0]).length";
        self.run(script, &json!([selector])).as_u64().unwrap_or(0)
    }

    /// Types into the first element that matches, as a keyboard does.
    #[track_caller]
    pub fn type_into(&self, selector: &str, text: &str) {
        let found = self.ok(
            "element",
            &json!({ "using": "css selector", "value": selector }),
        );
        let element = found.as_object().and_then(|object| object.values().next());
        let element = element.and_then(Value::as_str).unwrap_or_default();
        self.ok(
            &format!("element/{element}/value"),
            &json!({ "text": text }),
        );
    }

    /// Waits until an attribute of the first element that matches satisfies `accept`.
    #[track_caller]
    pub fn wait_attribute(&self, selector: &str, name: &str, accept: impl Fn(&str) -> bool) {
        let waited = wait_for(BOUND, || match self.attribute(selector, name) {
            Some(value) if accept(&value) => Ok(()),
            other => Err(format!("{selector} has {name}={other:?}")),
        });
        if let Err(reason) = waited {
            panic!("{reason}; console: {:#?}", self.console());
        }
    }

    /// Waits until a script returns true.
    #[track_caller]
    pub fn wait_true(&self, script: &str) {
        let waited = wait_for(BOUND, || match self.run(script, &json!([])) {
            Value::Bool(true) => Ok(()),
            other => Err(format!("{script} gives {other}")),
        });
        if let Err(reason) = waited {
            panic!("{reason}; console: {:#?}", self.console());
        }
    }

    /// What came onto the console since it was last asked.
    #[track_caller]
    pub fn console(&self) -> Vec<ConsoleEntry> {
        let log = self.ok("se/log", &json!({ "type": "browser" }));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = log.as_array().map(Vec::as_slice).unwrap_or_default();
        let entry = |entry: &Value| ConsoleEntry {
            level: text(&entry["level"]),
            message: text(&entry["message"]),
        };
        entries.iter().map(entry).collect()
    }

    /// The errors among [`Browser::console`]; a refused resource or script is one.
    #[track_caller]
    pub fn console_errors(&self) -> Vec<String> {
        let severe = self
            .console()
            .into_iter()
            .filter(|entry| entry.level == "SEVERE");
        severe.map(|entry| entry.message).collect()
    }

    /// Lays the page out for a screen of this size, in CSS pixels, as a phone would.
    #[track_caller]
    pub fn screen(&self, width: u32, height: u32) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": true });
        self.cdp("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Prefers `dark` or `light`.
    #[track_caller]
    pub fn color_scheme(&self, scheme: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.cdp(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [feature] }),
        );
    }

    /// A command of the `DevTools` protocol.
    #[track_caller]
    pub fn cdp(&self, command: &str, parameters: &Value) -> Value {
        self.ok(
            "goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    /// Writes a PNG of what is visible.
    #[track_caller]
    pub fn screenshot(&self, file: &Path) {
        let shot = self
            .session
            .get("screenshot")
            .unwrap_or_else(|reason| panic!("{reason}"));
        let png = decode_base64(shot.as_str().unwrap_or_default());
        fs::write(file, png).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    #[track_caller]
    fn ok(&self, command: &str, body: &Value) -> Value {
        self.session
            .post(command, body)
            .unwrap_or_else(|reason| panic!("{reason}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Killing the driver alone would leave the browser.
        let _ = self.session.close();
    }
}

fn decode_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    let digits = text
        .bytes()
        .filter_map(|byte| ALPHABET.iter().position(|known| *known == byte));
    for digit in digits {
        bits = bits << 6 | u32::try_from(digit).unwrap_or(0);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_comes_back() {
        assert_eq!(super::decode_base64("iVBORw0KGgo="), b"\x89PNG\r\n\x1a\n");
    }
}
