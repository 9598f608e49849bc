//! By what a receiver knows that it was us, and when.

use std::{
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// What signs.
#[derive(Clone)]
pub(crate) struct Key(Hmac<Sha256>);

impl Key {
    pub(crate) fn new(secret: &[u8]) -> Self {
        let mac = Hmac::new_from_slice(secret);
        Self(mac.expect("HMAC takes a key of any length"))
    }

    /// The time of now, and the signature of it and the body: of `TIME.BODY`. So nobody who has seen a
    /// request can send it again much later.
    pub(crate) fn headers(&self, body: &[u8]) -> [(String, String); 2] {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_secs().to_string();
        let signature = format!("sha256={}", self.sign(&now, body));
        [("X-Gaxx-Timestamp", now), ("X-Gaxx-Signature", signature)]
            .map(|(name, value)| (name.to_owned(), value))
    }

    pub(crate) fn sign(&self, time: &str, body: &[u8]) -> String {
        let mac = self.0.clone().chain_update(time).chain_update(b".");
        hex(&mac.chain_update(body).finalize().into_bytes())
    }
}

/// A number of the body.
pub(crate) fn digest(body: &[u8]) -> String {
    let mut digest = hex(&Sha256::digest(body));
    digest.truncate(32);
    digest
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hmac_sha_256() {
        // What `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret` prints.
        assert_eq!(
            Key::new(b"secret").sign("1700000000", br#"{"a":1}"#),
            "49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"
        );
    }
}
