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

/// The answers to these bodies, in order. The first that fails is heard of at once, however slow those before it are.
pub(super) async fn ask(sending: &Sending<'_>, key: &Key, bodies: &[Bytes]) -> Result<Vec<Bytes>, Failed> {
    let mut asked = Vec::with_capacity(bodies.len());
    for (at, body) in bodies.iter().enumerate() {
        asked.push(one(at, Sending { body: Some(body), ..*sending }, key));
    }
    let mut answers: Vec<(usize, Bytes)> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
    answers.sort_unstable_by_key(|(at, _)| *at);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

async fn one(at: usize, sending: Sending<'_>, key: &Key) -> Result<(usize, Bytes), Failed> {
    let reply = sending.signed_in(key).await?;
    Ok((at, arrive::part(sending.shared, sending.call, sending.provider, sending.prepared, reply).await?))
}
