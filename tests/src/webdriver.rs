//! The few commands of the `WebDriver` protocol that the tests use.
//!
//! <https://www.w3.org/TR/webdriver2/>; console logs and CDP are chromedriver's own additions.

use serde_json::{Value, json};

use crate::http_client::Request;

/// One browser session of a driver.
#[derive(Debug)]
pub(crate) struct Session {
    url: String,
}

impl Session {
    /// Opens a session with these capabilities at the driver `http://HOST:PORT`.
    pub(crate) fn open(driver: &str, capabilities: &Value) -> Result<Self, String> {
        let body = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let opened = call("POST", &format!("{driver}/session"), &body)?;
        let id = opened["sessionId"]
            .as_str()
            .ok_or_else(|| format!("no session: {opened}"))?;
        Ok(Self {
            url: format!("{driver}/session/{id}"),
        })
    }

    /// POST of a command below the session.
    pub(crate) fn post(&self, command: &str, body: &Value) -> Result<Value, String> {
        call("POST", &format!("{}/{command}", self.url), body)
    }

    /// GET of a command below the session.
    pub(crate) fn get(&self, command: &str) -> Result<Value, String> {
        call("GET", &format!("{}/{command}", self.url), &Value::Null)
    }

    /// Ends the session and with it the browser.
    pub(crate) fn close(&self) -> Result<(), String> {
        call("DELETE", &self.url, &Value::Null).map(|_| ())
    }
}

/// The `value` of the driver's answer, or its error.
fn call(method: &str, url: &str, body: &Value) -> Result<Value, String> {
    let request = Request::new(method, url);
    let response = if body.is_null() {
        request.try_send()?
    } else {
        let request = request.header("content-type", "application/json; charset=utf-8");
        request.try_send_body(body.to_string().into_bytes())?
    };
    let value = response.json()["value"].take();
    match response.status {
        200 => Ok(value),
        status => Err(format!(
            "{method} {url}: {status} {}: {}",
            value["error"], value["message"]
        )),
    }
}
