//! Whether a name has the addresses that it should.

mod message;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use gaxx_sdk::{
    prelude::*,
    schemars::JsonSchema,
    serde::{Deserialize, Serialize},
};

use self::message::{Answer, Question};
use crate::{not_set, slowness::Slowness};

gaxx_sdk::component!(check "dns" => Dns, "Whether a name has the addresses that it should.");

/// The largest answer that is read, in bytes.
const MOST: usize = 4096;
/// After so long without an answer a server is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// The shortest time that is waited.
const SHORTEST: Duration = Duration::from_millis(1);

#[settings]
pub(crate) struct Settings {
    /// A name. Without it no such check is made.
    dns: Option<Wanted>,
}

/// A name.
#[settings]
pub(crate) struct Wanted {
    /// The name, such as `www.example.org`.
    name: String,
    /// Which addresses are asked for: `a` (IPv4) or `aaaa` (IPv6); without it, what there is.
    record: Option<Record>,
    /// Addresses that it must have, each of them; without any, some will do.
    #[default]
    expect: Vec<IpAddr>,
    /// The server that is asked, such as `192.0.2.53:53`; without it, the system's way.
    server: Option<SocketAddr>,
    #[serde(flatten)]
    slowness: Slowness,
}

/// Kinds of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(crate = "gaxx_sdk::serde", rename_all = "lowercase")]
#[schemars(crate = "gaxx_sdk::schemars")]
pub(crate) enum Record {
    /// IPv4.
    A,
    /// IPv6.
    Aaaa,
}

struct Dns(Wanted);

impl Component for Dns {
    type Settings = Settings;
    const ASKED_BY: Option<&'static str> = Some("dns");

    fn new(settings: Settings, _context: &Context) -> Result<Self> {
        let wanted = settings.dns.ok_or_else(|| not_set("dns"))?;
        if !message::is_name(&wanted.name) {
            return Err(Error::settings("dns.name is no name of a host")
                .remedy("write it as www.example.org"));
        }
        Ok(Self(wanted))
    }
}

impl HealthCheck for Dns {
    fn check(&mut self, deadline: Deadline) -> Result<Verdict> {
        let wanted = &self.0;
        let name = &wanted.name;
        let began = Instant::now();
        let addresses = match wanted.look_up(deadline) {
            Ok(addresses) => addresses,
            Err(why) => return Ok(Verdict::unhealthy(format!("{name}: {why}"))),
        };
        let took = began.elapsed();
        let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let shown = shown.join(", ");
        let missing = wanted.expect.iter().find(|one| !addresses.contains(one));
        let verdict = if addresses.is_empty() {
            Verdict::unhealthy(format!("{name} has no such address"))
        } else if let Some(missing) = missing {
            Verdict::unhealthy(format!("{name} is {shown}, and not {missing}"))
        } else {
            Verdict::new(wanted.slowness.judge(took), format!("{name} is {shown}"))
        };
        Ok(verdict
            .detail("addresses", shown)
            .detail("seconds", took.as_secs_f64()))
    }
}

impl Wanted {
    fn look_up(&self, deadline: Deadline) -> Result<BTreeSet<IpAddr>, String> {
        let Some(server) = self.server else {
            let found = (self.name.as_str(), 0).to_socket_addrs();
            let found = found.map_err(|error| error.to_string())?;
            let fits = |address: &IpAddr| match self.record {
                None => true,
                Some(Record::A) => address.is_ipv4(),
                Some(Record::Aaaa) => address.is_ipv6(),
            };
            return Ok(found.map(|address| address.ip()).filter(fits).collect());
        };
        let records = match self.record {
            Some(Record::A) => &[Record::A][..],
            Some(Record::Aaaa) => &[Record::Aaaa],
            None => &[Record::A, Record::Aaaa],
        };
        let mut addresses = BTreeSet::new();
        for record in records {
            addresses.extend(ask(server, &self.name, *record, deadline)?);
        }
        Ok(addresses)
    }
}

/// Asks a server by UDP, once a second until it answers.
fn ask(
    server: SocketAddr,
    name: &str,
    record: Record,
    deadline: Deadline,
) -> Result<Vec<IpAddr>, String> {
    let own: IpAddr = if server.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let told = |error: std::io::Error| format!("{server}: {error}");
    let socket = UdpSocket::bind((own, 0)).map_err(told)?;
    socket.connect(server).map_err(told)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    // The port is chosen by the kernel, and nobody else is heard: this only tells tries apart.
    let nanos = now.unwrap_or_default().subsec_nanos();
    let number = u16::try_from(nanos % 0x1_0000).unwrap_or_default();
    let question = Question {
        number,
        name,
        record,
    };
    let bytes = question.bytes();
    let mut buffer = [0; MOST];
    loop {
        socket.send(&bytes).map_err(told)?;
        let until = Instant::now() + AGAIN;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let left = left.min(deadline.remaining()).max(SHORTEST);
            socket.set_read_timeout(Some(left)).map_err(told)?;
            match socket.recv(&mut buffer) {
                Ok(length) => match question.read(&buffer[..length]) {
                    Some(Answer::Addresses(addresses)) => return Ok(addresses),
                    Some(Answer::Refused(why)) => return Err(format!("{server} answers: {why}")),
                    // It is of another question.
                    None => {}
                },
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    break;
                }
                Err(error) => return Err(told(error)),
            }
        }
        if deadline.has_passed() {
            return Err(format!("{server} does not answer"));
        }
    }
}
