//! Profiles of a node's program.

use std::time::Duration;

use bytes::Bytes;
use http::Method;

use super::{
    body::Body,
    error::ClientError,
    pool::{Client, request},
};

/// Where profiles are served.
pub(super) const FOLDER: &str = "/debug/pprof/";

/// Why a node may have none.
pub(super) const MISSING: &str = "profiles are served by the plugin pprof, on the profiling port (6060) and on the monitoring port (9090, an agent's 9091), not on an agent's API; look at the port, and whether the plugin is on";

/// The longest profile, in bytes as it is sent.
const LONGEST: usize = 64 << 20;

impl Client {
    /// Fetches the profile of this name, as the node sends it: a pprof profile, compressed by gzip.
    /// `takes` is how long the node is asked to take for it.
    ///
    /// Dropping what is answered closes the connection, at which the node ends the profile.
    pub async fn profile(
        &self,
        name: &str,
        query: &[(&str, String)],
        takes: Duration,
    ) -> Result<Bytes, ClientError> {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        let request = request(Method::GET, &format!("{FOLDER}{name}?{query}"));
        let patience = takes.saturating_add(self.limits().answer);
        let mut reply = self.send(request, Body::Empty, patience).await?;
        reply.bytes(LONGEST).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use http::StatusCode;

    use super::*;
    use crate::client::fake::{Fake, answer};

    async fn cpu(fake: &Fake) -> Result<Bytes, ClientError> {
        let query = [("seconds", "2".to_owned()), ("plugin", "a&b".to_owned())];
        let two = Duration::from_secs(2);
        fake.client().profile("profile", &query, two).await
    }

    #[tokio::test]
    async fn what_is_asked_for_stands_in_the_query() {
        let fake = Fake::start(|request| async move {
            let asked = "/debug/pprof/profile?seconds=2&plugin=a%26b";
            assert_eq!(request.uri(), asked);
            answer(StatusCode::OK, "abc")
        })
        .await;
        assert_eq!(cpu(&fake).await.unwrap(), "abc");
    }

    #[tokio::test]
    async fn the_nodes_own_words_are_told() {
        let fake = Fake::start(|_| async {
            let busy = r#"{"error":"one is being taken","remedy":"wait"}"#;
            answer(StatusCode::CONFLICT, busy)
        })
        .await;
        let error = cpu(&fake).await.unwrap_err().to_string();
        assert!(error.contains("one is being taken (409): wait"), "{error}");
    }

    #[tokio::test]
    async fn a_node_without_profiles_is_not_taken_for_one_without_an_api() {
        let fake = Fake::start(|request| async move {
            assert!(request.uri().path().starts_with(FOLDER));
            let nothing = r#"{"error":"there is nothing at this path","remedy":""}"#;
            answer(StatusCode::NOT_FOUND, nothing)
        })
        .await;
        let error = cpu(&fake).await.unwrap_err().to_string();
        assert!(
            error.contains("it has no /debug/pprof/profile: profiles are served"),
            "{error}"
        );
    }
}
