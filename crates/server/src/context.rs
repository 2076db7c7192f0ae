//! Context files: fetched when first needed, kept, looked at again from time to time, and put into conversations.
//!
//! Once there is a text it stays, also while the file cannot be had.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use claviger_flow::Failed;
use claviger_net::{OutBody, Outgoing};
use claviger_providers::{ContextFile, PrepareError, Provider};
use claviger_types::{Class, Moment, Scope, Secret, Verdict};
use claviger_wire::Ask;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::fetched::{self, Fetched, Kept, Source};
use crate::side::{self, Via};

/// Longest text that is put into every request.
const LONGEST: usize = 1 << 20;
/// How old a text becomes before the file is looked at again, while it is in use.
const FRESH: Duration = Duration::from_secs(300);

/// How many tokens are tried in one go for a file that belongs to an account.
const TRIES: usize = 8;

/// A context file, and its text.
#[derive(Debug)]
pub(crate) struct Context {
    file: ContextFile,
    /// With which of these it is read, if it belongs to an account; which one is not known beforehand.
    tokens: Vec<Secret>,
    /// The token to begin with: the last one that was good, or the first that was not tried.
    next: AtomicUsize,
    timeout: Duration,
    text: Fetched<String>,
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
        Self { file: file.clone(), tokens, next: AtomicUsize::new(0), timeout, text: Fetched::default() }
    }

    /// Whether it is the same file, fetched in the same way.
    pub(crate) fn suits(&self, file: &ContextFile, tokens: &[Secret], timeout: Duration) -> bool {
        self.file == *file && self.tokens == tokens && self.timeout == timeout
    }

    /// The file, read with this token. `None`: this token is not let at it, another may be.
    async fn read(&self, via: &Via, token: Option<&Secret>) -> Result<Option<Bytes>, Verdict> {
        let mut headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("text/plain, */*"))]);
        if let Some(mut value) = token.and_then(|t| HeaderValue::from_str(&format!("Bearer {}", t.expose())).ok()) {
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
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
            _ if token.is_some() && status.is_client_error() => Ok(None),
            _ => Err(self.failed(status.as_str())),
        }
    }

    /// The file, read with the first token that is let at it.
    async fn body(&self, via: &Via) -> Result<Bytes, Verdict> {
        if !self.file.with_token || self.tokens.is_empty() {
            return self.read(via, None).await?.ok_or_else(|| self.failed("it is refused"));
        }
        for _ in 0..self.tokens.len().min(TRIES) {
            let at = self.next.load(Ordering::Relaxed) % self.tokens.len();
            if let Some(body) = self.read(via, self.tokens.get(at)).await? {
                return Ok(body);
            }
            self.next.store(at + 1, Ordering::Relaxed);
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
