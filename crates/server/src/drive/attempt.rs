//! One attempt: prepare, sign, send, read the answer as far as it must be read before the client sees any of it.

mod several;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use claviger_flow::{Answer, Failed, Start};
use claviger_net::{Endpoint, OutBody, Outgoing, Reply, SendError};
use claviger_pool::CredentialId;
use claviger_providers::{Failure, PrepareError, Prepared, Provider, SUMMARY_BARRED, Stamp};
use claviger_types::{Class, Scope, Secret, Verdict};
use claviger_wire::Ask;
use claviger_wire::failure::{self, FailureKind};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use parking_lot::Mutex;

use super::abreast;
use super::arrive::{self, Arrived};
use crate::context::{self, Context, Without};
use crate::live::{Key, Live, Supply};
use crate::shared::Shared;
use crate::side::Via;
use crate::tokens;

/// What is sent to a target, by its place among the tiers.
pub(crate) type PreparedFor = ((usize, usize), Arc<Prepared>);

/// What all attempts of a request have in common.
pub(crate) struct Call {
    pub(crate) ask: Ask,
    pub(crate) live: Arc<Live>,
    /// Per tier, the model each target is asked for instead of the client's.
    pub(crate) renames: Vec<Vec<Option<String>>>,
    /// Whether the client wants to switch to WebSocket.
    pub(crate) upgrade: bool,
    /// The whole body as a stream, when it was too large to keep; gone after one send.
    pub(crate) stream: Mutex<Option<OutBody>>,
    /// Made once per target, resent as the same bytes.
    pub(crate) prepared: Mutex<Vec<PreparedFor>>,
    /// Whether a request that would lose fields in translation is refused.
    pub(crate) strict: bool,
}

pub(crate) async fn run(shared: Arc<Shared>, call: Arc<Call>, start: Start) -> Arrived {
    once(&shared, &call, start.provider, start.place, start.credential).await
}

/// The same for a credential that nobody chose: a check of the gateway's own.
pub(crate) async fn once(
    shared: &Arc<Shared>,
    call: &Call,
    provider: usize,
    place: (usize, usize),
    credential: CredentialId,
) -> Arrived {
    let plan = &call.live.plan.providers[provider];
    let supply = &call.live.supplies[provider];
    let provider = &*plan.provider;
    let prepared = match &supply.context {
        Some(context) => Box::pin(prepare_with(shared, call, supply, provider, place, context)).await,
        None => prepare(shared, call, &call.ask, provider, place).map_err(Without::Request),
    };
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(Without::File(failed)) => return Arrived::Failed(failed),
        Err(Without::Request(error)) => return Arrived::Failed(unprepared(&call.ask, &error)),
    };
    // a request that began before a reload may be given a credential that came with it
    let newest;
    let key = match call.live.key(credential) {
        Some(key) => Some(key),
        None => {
            newest = shared.live();
            newest.key(credential)
        }
    };
    let Some(key) = key else {
        return Arrived::Failed(unreachable_credential());
    };
    let sending = Sending { shared, call, supply, provider, prepared: &prepared, body: None };
    let work = async {
        let plain = || prepared.without_summary().filter(|_| !call.strict);
        if key.no_summaries.load(Ordering::Relaxed)
            && let Some(plain) = plain()
        {
            return Box::pin(Sending { prepared: &plain, ..sending }.ask(key)).await;
        }
        match sending.ask(key).await {
            Arrived::Failed(failed) if failed.verdict.rule == SUMMARY_BARRED => {
                let Some(plain) = plain() else { return Arrived::Failed(failed) };
                key.no_summaries.store(true, Ordering::Relaxed);
                Box::pin(Sending { prepared: &plain, ..sending }.ask(key)).await
            }
            arrived => arrived,
        }
    };
    match supply.attempt_timeout {
        None => work.await,
        Some(limit) => match tokio::time::timeout(limit, work).await {
            Ok(arrived) => arrived,
            Err(_) => Arrived::Failed(Failed::silent(provider.classify(&Failure::Timeout), false)),
        },
    }
}

/// A request on its way out, but for its credential.
#[derive(Clone, Copy)]
pub(crate) struct Sending<'a> {
    shared: &'a Arc<Shared>,
    call: &'a Call,
    supply: &'a Supply,
    provider: &'a Provider,
    prepared: &'a Prepared,
    /// Instead of the prepared one's.
    body: Option<&'a Bytes>,
}

impl Sending<'_> {
    /// Sends with this credential and reads the answer as far as it must be read.
    async fn ask(&self, key: &Key) -> Arrived {
        let further = match &self.prepared.further {
            None => Vec::new(),
            Some(bodies) => match Box::pin(several::ask(self, key, bodies)).await {
                Ok(answers) => answers,
                Err(failed) => return Arrived::Failed(failed),
            },
        };
        match self.signed_in(key).await {
            Ok(reply) => arrive::read(self.shared, self.call, self.provider, self.prepared, reply, &further).await,
            Err(failed) => Arrived::Failed(failed),
        }
    }

    /// Sends with this credential; hands the answer over at its head.
    async fn signed_in(&self, key: &Key) -> Result<Reply, Failed> {
        match &key.account {
            None => self.with(key.secret.as_ref()).await,
            Some(account) => Box::pin(tokens::send(account.as_ref(), self)).await,
        }
    }

    /// Signs and sends; hands the answer over at its head.
    pub(crate) async fn with(&self, secret: Option<&Secret>) -> Result<Reply, Failed> {
        let mut signed = self.prepared.clone();
        if let Some(body) = self.body {
            signed.body = body.clone();
        }
        self.provider.authorise(&mut signed, secret, self.shared.clock.wall());
        let (endpoint, outgoing) = outgoing(self.call, signed, Arc::clone(&self.supply.egress));
        abreast().await;
        let sent = self.shared.net.send(&endpoint, outgoing, self.supply.connect_timeout).await;
        sent.map_err(|error| unsent(self.provider, &error))
    }

    /// Whether it can be sent once more.
    pub(crate) const fn is_repeatable(&self) -> bool {
        !self.call.ask.truncated
    }

    /// The same way out, for calls of our own.
    pub(crate) fn via(&self) -> Via {
        via(self.shared, self.supply)
    }
}

fn via(shared: &Arc<Shared>, supply: &Supply) -> Via {
    let egress = Arc::clone(&supply.egress);
    Via { shared: Arc::clone(shared), egress, connect_timeout: supply.connect_timeout }
}

fn prepare(
    shared: &Shared,
    call: &Call,
    ask: &Ask,
    provider: &Provider,
    place: (usize, usize),
) -> Result<Arc<Prepared>, PrepareError> {
    if let Some((_, prepared)) = call.prepared.lock().iter().find(|(known, _)| *known == place) {
        return Ok(Arc::clone(prepared));
    }
    let rename = call.renames[place.0][place.1].as_deref();
    let prepared = Arc::new(provider.prepare(ask, rename, stamp(shared))?);
    if call.strict && !prepared.dropped.is_empty() {
        let message = format!("the provider's protocol has no place for {}", prepared.dropped);
        return Err(PrepareError::BadRequest { message });
    }
    call.prepared.lock().push((place, Arc::clone(&prepared)));
    Ok(prepared)
}

/// The same for a provider with a context file, which may have to be fetched first.
async fn prepare_with(
    shared: &Arc<Shared>,
    call: &Call,
    supply: &Supply,
    provider: &Provider,
    place: (usize, usize),
    context: &Arc<Context>,
) -> Result<Arc<Prepared>, Without> {
    let is_prepared = call.prepared.lock().iter().any(|(known, _)| *known == place);
    if is_prepared || !provider.wants_context(&call.ask) {
        return prepare(shared, call, &call.ask, provider, place).map_err(Without::Request);
    }
    let rename = call.renames[place.0][place.1].as_deref();
    let ask = context::put_into(context, provider, &call.ask, rename, &via(shared, supply)).await?;
    prepare(shared, call, &ask, provider, place).map_err(Without::Request)
}

pub(crate) fn stamp(shared: &Shared) -> Stamp {
    Stamp { now: shared.clock.wall().as_millis() / 1000, nonce: shared.clock.dice() }
}

fn outgoing(call: &Call, signed: Prepared, egress: Arc<claviger_net::Egress>) -> (Endpoint, Outgoing) {
    let body = call.stream.lock().take().unwrap_or(OutBody::Whole(signed.body));
    let mut headers = signed.headers;
    if call.upgrade {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    let endpoint = Endpoint { tls: signed.tls, authority: signed.authority, egress };
    (endpoint, Outgoing { method: signed.method, path: signed.path, headers, body, upgrade: call.upgrade })
}

fn unsent(provider: &Provider, error: &SendError) -> Failed {
    let (failure, untouched) = match error {
        SendError::Closed { sent, .. } => (Failure::Reset, !sent),
        SendError::Protocol { .. } => (Failure::Garbled, false),
        SendError::Resolve | SendError::Connect { .. } | SendError::Tls { .. } | SendError::ConnectTimeout => {
            (Failure::Connect, true)
        }
        SendError::BadRequest { .. } => {
            return Failed::silent(Verdict::of(Class::BadRequest, "request_not_sendable"), true);
        }
    };
    Failed::silent(provider.classify(&failure), untouched)
}

/// The target cannot be asked this: the caller learns why.
fn unprepared(ask: &Ask, error: &PrepareError) -> Failed {
    let (class, status, code, message) = match error {
        PrepareError::Unsupported { operation } => (
            Class::Unsupported,
            StatusCode::NOT_FOUND,
            "unsupported_operation",
            format!("this provider has no {}", operation.name()),
        ),
        PrepareError::BadRequest { message } => {
            (Class::BadRequest, StatusCode::BAD_REQUEST, "invalid_request", message.clone())
        }
    };
    let kind = FailureKind::InvalidRequest;
    let of = failure::Failure { status: status.as_u16(), code, kind, message: &message, param: None, attempts: &[] };
    let answer = Answer { status, headers: json(), body: failure::body(ask.dialect, &of) };
    let verdict = Verdict::of(class, "not_preparable");
    Failed { verdict, untouched: true, answer: Some(answer), absent: false }
}

/// A reload removed the credential between the choice and the send.
fn unreachable_credential() -> Failed {
    let nobodys = Verdict::of(Class::InvalidCredential, "credential_removed").scoped(Scope::Request);
    Failed::silent(Verdict { retry_elsewhere: true, ..nobodys }, true)
}

pub(crate) fn json() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}

/// An answer to pass on for an error that came without one of its own, such as an event in a stream.
pub(crate) fn embedded(class: Class, body: Bytes) -> Answer {
    let status = match class {
        Class::BadRequest | Class::ContentPolicy | Class::Unsupported => StatusCode::BAD_REQUEST,
        Class::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Class::ModelUnavailable => StatusCode::NOT_FOUND,
        Class::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Class::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        Class::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Class::InvalidCredential
        | Class::Permission
        | Class::QuotaExhausted
        | Class::ServerError
        | Class::Connection => StatusCode::BAD_GATEWAY,
    };
    Answer { status, headers: json(), body }
}
