//! Answers requests with a greeting, as JSON.

use gaxx_sdk::{json, prelude::*};

// `*` stands for any rest of the path.
const PATH: &str = "/@name@/*";
const SENT: &str = "@snake@_sent_total";

/// Settings under `plugins.@name@` in config.yaml.
#[settings]
struct Settings {
    /// What stands before the name.
    #[default("Hello".to_owned())]
    greeting: String,
}

struct Greeter {
    settings: Settings,
    sent: Counter,
}

impl Component for Greeter {
    type Settings = Settings;

    fn new(settings: Settings, context: &Context) -> Result<Self> {
        let sent = context.counter(SENT, "Greetings that were sent.")?;
        Ok(Self { settings, sent })
    }
}

impl Endpoint for Greeter {
    // A route for `GET` answers `HEAD` too.
    const ROUTES: &'static [Route] = &[Route::get(PATH)];

    // Called for each request, from several threads at once. An error before the reply has begun
    // becomes an error answer.
    fn handle(&self, request: Request, _: Body, reply: Reply, deadline: Deadline) -> Result<()> {
        let name = request.path().rsplit('/').next().unwrap_or_default();
        let name = if name.is_empty() { "world" } else { name };
        let text = format!("{}, {name}!", self.settings.greeting);
        let answer = json!({ "greeting": text }).to_string();
        self.sent.increment();
        reply.send(200, "application/json", answer.as_bytes(), deadline)
    }
}

gaxx_sdk::plugin! {
    name = "@name@";
    description = "@summary@";
    endpoint "@name@" => Greeter;
}

#[cfg(test)]
mod tests;
