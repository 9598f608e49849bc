//! Whether somebody listens, and says what he should.

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Instant,
};

use gaxx_sdk::prelude::*;

use crate::{not_set, slowness::Slowness};

gaxx_sdk::component!(check "tcp" => Tcp, "Whether somebody listens at an address, and says what he should.");

/// The most that is read for an answer, in bytes.
const MOST: usize = 64 << 10;
/// The shortest time that a connection is given.
const SHORTEST: Duration = Duration::from_millis(1);

#[settings]
pub(crate) struct Settings {
    /// An address. Without it no such check is made.
    tcp: Option<Wanted>,
}

/// An address.
#[settings]
pub(crate) struct Wanted {
    /// Host and port, such as `db.example.org:5432`.
    address: String,
    /// What is sent once it is connected.
    #[default]
    send: String,
    /// What must come then.
    #[default]
    expect: String,
    #[serde(flatten)]
    slowness: Slowness,
}

struct Tcp(Wanted);

impl Component for Tcp {
    type Settings = Settings;
    const ASKED_BY: Option<&'static str> = Some("tcp");

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        let address = settings.tcp.ok_or_else(|| not_set("tcp"))?;
        let port = address.address.rsplit_once(':');
        let port = port.filter(|(host, _)| !host.is_empty());
        if !port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Err(Error::settings("tcp.address is not host and port")
                .remedy("write it as db.example.org:5432"));
        }
        if address.expect.len() > MOST {
            return Err(Error::settings("tcp.expect is longer than 64 KiB"));
        }
        Ok(Self(address))
    }
}

impl HealthCheck for Tcp {
    fn check(&mut self, deadline: Deadline) -> Result<Verdict> {
        let address = &self.0.address;
        let began = Instant::now();
        Ok(match self.0.ask(deadline) {
            Ok(()) => {
                let took = began.elapsed();
                let message = format!("{address} answers after {took:.0?}");
                let verdict = Verdict::new(self.0.slowness.judge(took), message);
                verdict.detail("seconds", took.as_secs_f64())
            }
            Err(why) => Verdict::unhealthy(format!("{address}: {why}")),
        })
    }
}

impl Wanted {
    fn ask(&self, deadline: Deadline) -> Result<(), String> {
        let addresses = self
            .address
            .to_socket_addrs()
            .map_err(|it| it.to_string())?;
        let mut last = "the host has no address".to_owned();
        let time = || deadline.remaining().max(SHORTEST);
        for address in addresses {
            match TcpStream::connect_timeout(&address, time()) {
                Ok(stream) => return self.talk(stream, deadline),
                Err(error) => last = error.to_string(),
            }
        }
        Err(last)
    }

    fn talk(&self, mut stream: TcpStream, deadline: Deadline) -> Result<(), String> {
        let fault = |error: std::io::Error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                "it does not say what it should in time".to_owned()
            }
            _ => error.to_string(),
        };
        let time = || Some(deadline.remaining().max(SHORTEST));
        stream.set_write_timeout(time()).map_err(fault)?;
        stream.write_all(self.send.as_bytes()).map_err(fault)?;
        let expected = self.expect.as_bytes();
        let (mut said, mut piece) = (Vec::new(), [0; 4096]);
        while !expected.is_empty() {
            if said.windows(expected.len()).any(|part| part == expected) {
                return Ok(());
            }
            if deadline.has_passed() {
                return Err(fault(ErrorKind::TimedOut.into()));
            }
            stream.set_read_timeout(time()).map_err(fault)?;
            let read = stream.read(&mut piece).map_err(fault)?;
            said.extend_from_slice(&piece[..read]);
            if read == 0 || said.len() > MOST {
                return Err(format!("it does not say {:?}", self.expect));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

    use std::{net::TcpListener, thread};

    use gaxx_sdk::{json, serde_json, testing::Conditions};

    use super::*;

    fn checked(settings: serde_json::Value) -> Verdict {
        let soon = Conditions::default().time(Duration::from_millis(300));
        let mut check = soon.check::<Tcp>(json!({ "tcp": settings })).unwrap();
        check.check().unwrap()
    }

    #[test]
    fn who_listens_must_say_what_he_should() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || {
            for stream in listener.incoming().take(5) {
                let mut stream = stream.unwrap();
                let mut said = [0; 4];
                if stream.read_exact(&mut said).is_ok() && said == *b"PING" {
                    // In two pieces.
                    stream.write_all(b"+PO").unwrap();
                    thread::sleep(Duration::from_millis(20));
                    let _ = stream.write_all(b"NG\r\n");
                }
            }
        });
        let status = |more: serde_json::Value| {
            let mut settings = more;
            settings["address"] = json!(address);
            checked(settings).status
        };
        assert_eq!(status(json!({})), Status::Healthy);
        assert_eq!(
            status(json!({"send": "PING", "expect": "+PONG"})),
            Status::Healthy
        );
        assert_eq!(
            status(json!({"send": "PING", "expect": "-ERR"})),
            Status::Unhealthy
        );
        assert_eq!(status(json!({"expect": "banner"})), Status::Unhealthy);
        assert_eq!(status(json!({"degraded_after": "1ns"})), Status::Degraded);
        server.join().unwrap();
        assert_eq!(status(json!({})), Status::Unhealthy);
    }

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for wrong in ["", "host", ":1", "host:", "host:0", "host:70000"] {
            let settings = json!({ "tcp": { "address": wrong } });
            let error = Conditions::default()
                .check::<Tcp>(settings)
                .map(drop)
                .unwrap_err();
            assert!(error.message().contains("tcp.address"), "{wrong}: {error}");
        }
    }
}
