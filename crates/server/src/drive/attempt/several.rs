//! One request of the caller's that takes several of the provider's: all with one credential, some at a time.
//!
//! It fails with the first that fails, and is asked anew as a whole.

use bytes::Bytes;
use claviger_flow::Failed;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::super::arrive;
use super::Sending;
use crate::live::Key;

/// How many are on their way at once.
const AT_ONCE: usize = 8;

/// The answers to these bodies, in order.
pub(super) async fn ask(sending: &Sending<'_>, key: &Key, bodies: &[Bytes]) -> Result<Vec<Bytes>, Failed> {
    let mut asked = Vec::with_capacity(bodies.len());
    for body in bodies {
        asked.push(one(Sending { body: Some(body), ..*sending }, key));
    }
    stream::iter(asked).buffered(AT_ONCE).try_collect().await
}

async fn one(sending: Sending<'_>, key: &Key) -> Result<Bytes, Failed> {
    let reply = sending.signed_in(key).await?;
    arrive::part(sending.shared, sending.call, sending.provider, sending.prepared, reply).await
}
