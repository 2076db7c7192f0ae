//! Two upgraded connections joined: bytes pass both ways until one side ends.

use claviger_net::Upgraded;
use claviger_pool::End as PoolEnd;
use claviger_telemetry::End;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::exchange::Exchange;

/// Runs until either side closes, then accounts for it.
pub(crate) async fn splice(client: OnUpgrade, mut upstream: Upgraded, mut exchange: Box<Exchange>) {
    // the exchange accounts for a client that left
    let Ok(client) = client.await else { return };
    let mut client = TokioIo::new(client);
    // how a WebSocket ends is between the two: an abrupt end is told by the missing close frame
    let end = match tokio::io::copy_bidirectional(&mut client, &mut upstream).await {
        Ok((_, down)) => {
            exchange.sent(usize::try_from(down).unwrap_or(usize::MAX));
            End::Complete
        }
        Err(_) => End::Cut,
    };
    exchange.end(PoolEnd::Good, end);
}
