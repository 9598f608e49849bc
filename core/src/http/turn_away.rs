//! What a client hears when the listener has no room for it.

use std::{sync::LazyLock, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::Failure;

/// Clients told at one time that there is no room; those beyond are closed without a word.
pub(super) const MAX_TURNED_AWAY: usize = 32;

/// Time to take the answer, and bytes read meanwhile. A socket closed with bytes unread is reset,
/// and the reset would destroy the answer on its way.
const PATIENCE: Duration = Duration::from_secs(1);
const MAX_READ: u64 = 64 * 1024;

static ANSWER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let body = Failure::unavailable(
        "this listener has all the connections it may have",
        "close idle connections, try again later, or raise the limit of connections",
    )
    .to_json();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
         content-length: {}\r\ncache-control: no-store\r\nretry-after: 5\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
});

/// Answers 503, whatever was asked, and closes.
pub(super) async fn turn_away(mut client: TcpStream) {
    let farewell = async {
        client.write_all(&ANSWER).await?;
        client.shutdown().await?;
        tokio::io::copy(&mut client.take(MAX_READ), &mut tokio::io::sink()).await
    };
    // Whether the client heard it is its own affair.
    let _ = timeout(PATIENCE, farewell).await;
}
