//! Calls of the gateway's own on behalf of requests, on the same ways out as the provider's: small, read whole, bounded.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use claviger_net::{Egress, Endpoint, Outgoing};
use claviger_types::Class;
use http::StatusCode;

use crate::drive::unpack::{Source, Whole};
use crate::shared::Shared;

/// How to get out.
#[derive(Clone)]
pub(crate) struct Via {
    pub(crate) shared: Arc<Shared>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) connect_timeout: Duration,
}

/// Sends once and reads the answer, up to `cap` bytes.
///
/// # Errors
/// The class of what went wrong when there is no whole answer.
pub(crate) async fn call(
    via: &Via,
    (tls, authority): (bool, String),
    request: Outgoing,
    limit: Duration,
    cap: usize,
) -> Result<(StatusCode, Bytes), Class> {
    let endpoint = Endpoint { tls, authority, egress: Arc::clone(&via.egress) };
    let work = async {
        let mut reply =
            via.shared.net.send(&endpoint, request, via.connect_timeout).await.map_err(|_| Class::Connection)?;
        match Source::new(reply.body, &mut reply.headers).whole(cap).await {
            Ok(Whole::All(body)) => Ok((reply.status, body)),
            Ok(Whole::TooLong(_)) => Err(Class::PayloadTooLarge),
            Err(_) => Err(Class::Connection),
        }
    };
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Class::Timeout))
}
