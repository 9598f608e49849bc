//! What a client hears whose connection is not served.

use std::{sync::LazyLock, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::Failure;

/// Why a client is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// The listener has all the connections it may have.
    NoRoom,
    /// It speaks plain HTTP where TLS is spoken.
    NeedsTls,
}

/// Clients told at one time that there is no room; those beyond are closed without a word.
pub(super) const MAX_TURNED_AWAY: usize = 32;

/// Time to take the answer, and bytes read meanwhile. A socket closed with bytes unread is reset,
/// and the reset would destroy the answer on its way.
const PATIENCE: Duration = Duration::from_secs(1);
const MAX_READ: u64 = 64 * 1024;

static NO_ROOM: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let failure = Failure::unavailable(
        "this listener has all the connections it may have",
        "close idle connections, try again later, or raise the limit of connections",
    );
    answer("503 Service Unavailable", "retry-after: 5\r\n", &failure)
});

static NEEDS_TLS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let failure = Failure::bad_request(
        "this port speaks TLS, and the request came without",
        "ask with https:// in place of http://",
    );
    answer("400 Bad Request", "", &failure)
});

fn answer(status: &str, more: &str, failure: &Failure) -> Vec<u8> {
    let body = failure.to_json();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\ncache-control: no-store\r\n{more}\
         connection: close\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// Answers, whatever was asked, and closes.
pub(super) async fn turn_away(mut client: TcpStream, why: Farewell) {
    let answer: &[u8] = match why {
        Farewell::NoRoom => &NO_ROOM,
        Farewell::NeedsTls => &NEEDS_TLS,
    };
    let farewell = async {
        client.write_all(answer).await?;
        client.shutdown().await?;
        tokio::io::copy(&mut client.take(MAX_READ), &mut tokio::io::sink()).await
    };
    // Whether the client heard it is its own affair.
    let _ = timeout(PATIENCE, farewell).await;
}
