//! Failed logins, counted for each peer.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Peers remembered at one time. Of more, the one that failed longest ago is forgotten: an attacker
/// with so many addresses guesses no faster for it, each of them starts at nothing anyway.
const MAX_PEERS: usize = 4096;

/// Stops peers that guess. All listeners of the program share one.
///
/// A peer is an IPv4 address, or the first 64 bits of an IPv6 address, since a single client has
/// all addresses below those.
#[derive(Debug)]
pub struct Limiter {
    failures: u32,
    window: Duration,
    peers: Mutex<HashMap<IpAddr, Failed>>,
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    /// When the first of them was.
    since: Instant,
    times: u32,
}

impl Limiter {
    /// A peer may fail `failures` times within `window` before it has to wait for the window's
    /// end; with 0 failures there is no limit.
    pub fn new(failures: u32, window: Duration) -> Self {
        Self {
            failures,
            window,
            peers: Mutex::default(),
        }
    }

    /// How long the peer has to wait before it may fail again, where it has to.
    pub(super) fn wait(&self, peer: IpAddr) -> Option<Duration> {
        let now = Instant::now();
        let failed = self.peers.lock().get(&block(peer)).copied()?;
        self.left(failed, now)
            .filter(|_| self.failures > 0 && failed.times >= self.failures)
    }

    /// Counts a failure; says how long to wait instead, where the peer had used all it may.
    pub(super) fn charge(&self, peer: IpAddr) -> Result<(), Duration> {
        if self.failures == 0 {
            return Ok(());
        }
        let (peer, now) = (block(peer), Instant::now());
        let mut peers = self.peers.lock();
        if peers.len() >= MAX_PEERS && !peers.contains_key(&peer) {
            self.make_room(&mut peers, now);
        }
        let fresh = Failed {
            since: now,
            times: 0,
        };
        let failed = peers.entry(peer).or_insert(fresh);
        let Some(left) = self.left(*failed, now) else {
            *failed = Failed { times: 1, ..fresh };
            return Ok(());
        };
        if failed.times >= self.failures {
            return Err(left);
        }
        failed.times += 1;
        Ok(())
    }

    /// What is left of the window.
    fn left(&self, failed: Failed, now: Instant) -> Option<Duration> {
        self.window
            .checked_sub(now.saturating_duration_since(failed.since))
            .filter(|left| !left.is_zero())
    }

    fn make_room(&self, peers: &mut HashMap<IpAddr, Failed>, now: Instant) {
        peers.retain(|_, failed| self.left(*failed, now).is_some());
        if peers.len() < MAX_PEERS {
            return;
        }
        let oldest = peers.iter().min_by_key(|(_, failed)| failed.since);
        if let Some(oldest) = oldest.map(|(peer, _)| *peer) {
            peers.remove(&oldest);
        }
    }
}

fn block(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LONG: Duration = Duration::from_hours(1);

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_peer_that_failed_too_often_waits_and_another_does_not() {
        let limiter = Limiter::new(3, LONG);
        let (bad, good) = (peer("192.0.2.1"), peer("192.0.2.2"));
        for _ in 0..3 {
            assert_eq!(limiter.wait(bad), None);
            limiter.charge(bad).unwrap();
        }
        assert!(limiter.wait(bad).is_some_and(|wait| wait <= LONG));
        assert!(limiter.charge(bad).is_err());
        assert_eq!(limiter.wait(good), None);
        limiter.charge(good).unwrap();
    }

    #[test]
    fn a_window_that_is_over_is_forgotten() {
        let limiter = Limiter::new(1, Duration::ZERO);
        for _ in 0..3 {
            limiter.charge(peer("::1")).unwrap();
            assert_eq!(limiter.wait(peer("::1")), None);
        }
    }

    #[test]
    fn zero_failures_is_no_limit() {
        let limiter = Limiter::new(0, LONG);
        for _ in 0..100 {
            limiter.charge(peer("::1")).unwrap();
        }
        assert_eq!(limiter.wait(peer("::1")), None);
    }

    #[test]
    fn a_client_cannot_change_its_address_below_64_bits() {
        let limiter = Limiter::new(1, LONG);
        limiter.charge(peer("2001:db8::1")).unwrap();
        assert!(limiter.charge(peer("2001:db8::ffff:2")).is_err());
        assert!(limiter.charge(peer("2001:db8:0:1::1")).is_ok());
        limiter.charge(peer("192.0.2.1")).unwrap();
        assert!(limiter.charge(peer("::ffff:192.0.2.1")).is_err());
    }

    #[test]
    fn the_table_stays_bounded() {
        let limiter = Limiter::new(1, LONG);
        for number in 0..u32::try_from(MAX_PEERS).unwrap() + 100 {
            limiter.charge(IpAddr::from(number.to_be_bytes())).unwrap();
        }
        assert_eq!(limiter.peers.lock().len(), MAX_PEERS);
        let last = u32::try_from(MAX_PEERS).unwrap() + 99;
        assert!(limiter.wait(IpAddr::from(last.to_be_bytes())).is_some());
    }
}
