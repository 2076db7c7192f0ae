//! Context files: fetched when first needed, kept, looked at again from time to time, and put into conversations.
//!
//! Once there is a text it stays, also while the file cannot be had.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use claviger_flow::Failed;
use claviger_net::{OutBody, Outgoing};
use claviger_providers::{ContextFile, PrepareError, Provider};
use claviger_types::{Class, Moment, Scope, Secret, Verdict};
use claviger_wire::Ask;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use parking_lot::Mutex;

use crate::fetched::{self, Fetched, Kept, Source};
use crate::side::{self, Via};

/// Longest text that is put into every request.
const LONGEST: usize = 1 << 20;
/// How old a text becomes before the file is looked at again, while it is in use.
const FRESH: Duration = Duration::from_secs(300);
/// How many tokens are tried in one go for a file that belongs to an account: the requests that wait for it wait for all.
const TRIES: usize = 8;
/// For so long a token that was not let at the file is not asked again.
const REFUSED: Duration = Duration::from_secs(60);

/// A context file, and its text.
#[derive(Debug)]
pub(crate) struct Context {
    file: ContextFile,
    /// With which of these it is read, if it belongs to an account; which one is not known beforehand.
    tokens: Vec<Secret>,
    known: Mutex<Known>,
    timeout: Duration,
    text: Fetched<String>,
}

/// What is known of the tokens, by their places.
#[derive(Debug, Default)]
struct Known {
    /// Where to begin: with the last that was good, or after one that failed in another way than being refused.
    first: usize,
    /// Those that were not let at it, and when.
    refused: Vec<(usize, Moment)>,
}

impl Known {
    /// Of so many tokens those to try now, in this order.
    fn order(&mut self, count: usize, now: Moment) -> Vec<usize> {
        self.refused.retain(|(_, at)| now.since(*at) < REFUSED);
        let all = (0..count).map(|step| (self.first + step) % count);
        all.filter(|place| self.refused.iter().all(|(refused, _)| refused != place)).collect()
    }
}

/// Why a request cannot have it.
pub(crate) enum Without {
    /// The file cannot be had.
    File(Failed),
    /// It does not fit in.
    Request(PrepareError),
}

impl Context {
    /// `tokens`: those of the entry, for a file that belongs to an account.
    pub(crate) fn new(file: &ContextFile, tokens: Vec<Secret>, timeout: Duration) -> Self {
        Self { file: file.clone(), tokens, known: Mutex::default(), timeout, text: Fetched::default() }
    }

    /// Whether it is the same file, fetched in the same way.
    pub(crate) fn suits(&self, file: &ContextFile, tokens: &[Secret], timeout: Duration) -> bool {
        self.file == *file && self.tokens == tokens && self.timeout == timeout
    }

    /// The file, read with this credential. `None`: it is not let at it, another may be.
    async fn read(&self, via: &Via, bearer: Option<HeaderValue>) -> Result<Option<Bytes>, Verdict> {
        let is_owned = bearer.is_some();
        let mut headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("text/plain, */*"))]);
        headers.extend(bearer.map(|value| (header::AUTHORIZATION, value)));
        let body = OutBody::Whole(Bytes::new());
        let request = Outgoing { method: Method::GET, path: self.file.path.clone(), headers, body, upgrade: false };
        let to = (self.file.tls, self.file.authority.clone());
        let (status, body) =
            side::call(via, to, request, self.timeout, LONGEST).await.map_err(|class| match class {
                Class::PayloadTooLarge => self.failed("it is longer than 1 MiB"),
                _ => self.failed(class.name()),
            })?;
        match status {
            StatusCode::OK => Ok(Some(body)),
            // whose file it is not is told that there is none
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND if is_owned => Ok(None),
            _ => Err(self.failed(status.as_str())),
        }
    }

    /// The file, read with the first token that is let at it.
    async fn body(&self, via: &Via) -> Result<Bytes, Verdict> {
        if !self.file.with_token || self.tokens.is_empty() {
            return self.read(via, None).await?.ok_or_else(|| self.failed("it is refused"));
        }
        let order = self.known.lock().order(self.tokens.len(), via.shared.clock.now());
        let bearers = order.into_iter().filter_map(|place| Some((place, bearer(self.tokens.get(place)?)?)));
        for (place, bearer) in bearers.take(TRIES) {
            let read = self.read(via, Some(bearer)).await;
            let mut known = self.known.lock();
            match read {
                Ok(Some(body)) => {
                    known.first = place;
                    return Ok(body);
                }
                Ok(None) => known.refused.push((place, via.shared.clock.now())),
                Err(failed) => {
                    // an account without money says nothing of whose file it is
                    known.first = place + 1;
                    return Err(failed);
                }
            }
        }
        Err(self.failed("no token is let at it"))
    }

    fn failed(&self, why: &str) -> Verdict {
        tracing::warn!(host = %self.file.authority, why, "a context file cannot be had");
        // no credential is to blame, none of them can do better, and another provider may do without
        let nobodys = Verdict::of(Class::Unsupported, "context_file_unavailable").scoped(Scope::Request);
        Verdict { retry_elsewhere: true, ..nobodys }
    }
}

/// `None`: no header can carry the token.
fn bearer(token: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The request with the file's text in it; `model` is the target's rename.
pub(crate) async fn put_into(
    context: &Arc<Context>,
    provider: &Provider,
    ask: &Ask,
    model: Option<&str>,
    via: &Via,
) -> Result<Ask, Without> {
    let kept = fetched::get(context, via, None).await;
    let kept = kept.map_err(|verdict| Without::File(Failed::silent(verdict, true)))?;
    provider.with_context(ask, model, &kept.value).map_err(Without::Request)
}

impl Source for Context {
    type Value = String;
    // a pool of many credentials is no reason to ask as often
    const FAILED: Duration = Duration::from_secs(1);

    fn place(&self) -> &Fetched<String> {
        &self.text
    }

    async fn fetch(&self, via: &Via) -> Result<Kept<String>, Verdict> {
        let body = self.body(via).await?;
        let value = String::from_utf8(body.into()).map_err(|_| self.failed("it is no UTF-8 text"))?;
        Ok(Kept { value, renew: via.shared.clock.now().plus(FRESH), until: Moment::NEVER })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_was_not_let_at_the_file_is_left_out_for_a_while() {
        let at = |seconds| Moment::START.plus(Duration::from_secs(seconds));
        let mut known = Known { first: 1, refused: vec![(0, at(0)), (2, at(30))] };
        assert_eq!(known.order(4, at(59)), [1, 3]);
        assert_eq!(known.order(4, at(60)), [1, 3, 0]);
        assert_eq!(known.order(4, at(90)), [1, 2, 3, 0]);
        assert!(Known::default().order(0, at(0)).is_empty());
    }
}
