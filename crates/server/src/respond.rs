//! Answers to the client: an upstream's with our headers, or our own in the caller's dialect.

use bytes::Bytes;
use claviger_dialects::model::Dropped;
use claviger_flow::{Ending, Reason};
use claviger_pool::End as PoolEnd;
use claviger_telemetry::End;
use claviger_types::Dialect;
use claviger_wire::ask;
use claviger_wire::failure::{self, Failure, FailureKind};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use hyper::upgrade::OnUpgrade;

use crate::drive::arrive::{Form, Good};
use crate::drive::attempt::Call;
use crate::exchange::{Exchange, millis};
use crate::relay::{Body, Idle, RawRelay, Terms, relay_events};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const UPSTREAM_REQUEST_ID: HeaderName = HeaderName::from_static("x-upstream-request-id");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-claviger-attempts");
const WAIT_MS: HeaderName = HeaderName::from_static("x-claviger-wait-ms");
const PROVIDER: HeaderName = HeaderName::from_static("x-claviger-provider");
const CREDENTIAL: HeaderName = HeaderName::from_static("x-claviger-credential");
const DROPPED: HeaderName = HeaderName::from_static("x-claviger-dropped");

/// An upstream's good answer.
pub(crate) fn good(mut exchange: Box<Exchange>, call: &Call, good: Good, client: Option<OnUpgrade>) -> Response<Body> {
    let mut headers = passed(good.headers);
    ours(&mut headers, &exchange);
    dropped(&mut headers, &mut exchange, &good.dropped);
    let Some(attempt) = exchange.flow().and_then(|flow| flow.committed().map(|id| &flow.attempts()[id.index()])) else {
        return refuse(exchange, Dialect::OpenAi, &Refusal::internal());
    };
    let (provider, credential) = (attempt.provider, attempt.credential);
    let idle = Idle::new(exchange.idle_limit());
    // what was translated is kept by nobody under the id that the caller sees
    let is_stateful = call.ask.operation.is_stateful() && !good.translated;
    let body = match good.form {
        Form::Whole { body, usage } => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            if let Some(usage) = usage {
                exchange.used(usage);
            }
            if is_stateful {
                crate::state::remember(&exchange.shared, &body, credential);
            }
            exchange.sent(body.len());
            exchange.end(PoolEnd::Good, End::Complete);
            Body::whole(body)
        }
        Form::Raw { first, source } => Body::Raw(Box::new(RawRelay::new(first, source, exchange, provider, idle))),
        Form::Events(events) => {
            headers.remove(header::CONTENT_LENGTH);
            // proxies in front must not hold events back
            headers.entry("x-accel-buffering").or_insert(HeaderValue::from_static("no"));
            let terms = Terms {
                edit: good.edit.as_ref().map(claviger_providers::AnswerEdit::stream),
                hide_usage: good.hide_usage,
                operation: call.ask.operation,
                dialect: call.ask.dialect,
                provider,
                holder: is_stateful.then_some(credential),
                idle,
            };
            relay_events(events, terms, exchange)
        }
        Form::Upgrade(upstream) => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            if let Some(client) = client {
                tokio::spawn(crate::splice::splice(client, upstream, exchange));
            }
            Body::whole(Bytes::new())
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = good.status;
    *response.headers_mut() = headers;
    response
}

/// Nobody could serve: the upstream's own answer where it is the best word, else ours.
pub(crate) fn failed(mut exchange: Box<Exchange>, dialect: Dialect, ending: Ending) -> Response<Body> {
    if let Some(answer) = &ending.answer {
        let mut headers = passed(answer.headers.clone());
        ours(&mut headers, &exchange);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(answer.body.len()));
        exchange.sent(answer.body.len());
        exchange.fail(&ending, answer.status.as_u16());
        let mut response = Response::new(Body::whole(answer.body.clone()));
        *response.status_mut() = answer.status;
        *response.headers_mut() = headers;
        return response;
    }
    let kind = match ending.reason {
        Reason::RateLimited => FailureKind::RateLimit,
        Reason::NoCredential => FailureKind::Overloaded,
        Reason::NoneServes | Reason::ModelNotFound => FailureKind::NotFound,
        Reason::Deadline => FailureKind::Timeout,
        Reason::Upstream | Reason::ProviderFailing | Reason::NotRepeatable => FailureKind::Server,
    };
    let status = ending.reason.status();
    let notes = exchange.notes();
    let said =
        Failure { status, code: ending.reason.code(), kind, message: &ending.message, param: None, attempts: &notes };
    let body = failure::body(dialect, &said);
    let mut headers = HeaderMap::new();
    ours(&mut headers, &exchange);
    if let Some(after) = ending.retry_after {
        // whole seconds, rounded up: coming back too early is another refusal
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_millis().div_ceil(1000).max(1) as u64));
    }
    // the gateway has tried what there is: official clients decide by status alone and would multiply the attempts
    if !matches!(ending.reason, Reason::RateLimited) {
        headers.insert("x-should-retry", HeaderValue::from_static("false"));
    }
    exchange.sent(body.len());
    exchange.fail(&ending, status);
    own(status, headers, body)
}

/// A request that is turned away before it is routed.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    pub(crate) param: Option<&'static str>,
    /// The methods that would be allowed, for 405.
    pub(crate) allow: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::with(400, "invalid_request", FailureKind::InvalidRequest, message)
    }

    pub(crate) fn with(status: u16, code: &'static str, kind: FailureKind, message: impl Into<String>) -> Self {
        Self { status, code, kind, message: message.into(), param: None, allow: None }
    }

    fn internal() -> Self {
        Self::with(500, "internal_error", FailureKind::Server, "the gateway lost track of the request")
    }
}

/// Turns a request away.
pub(crate) fn refuse(mut exchange: Box<Exchange>, dialect: Dialect, refusal: &Refusal) -> Response<Body> {
    let said = Failure {
        status: refusal.status,
        code: refusal.code,
        kind: refusal.kind,
        message: &refusal.message,
        param: refusal.param,
        attempts: &[],
    };
    let body = failure::body(dialect, &said);
    let mut headers = HeaderMap::new();
    ours(&mut headers, &exchange);
    if let Some(allow) = refusal.allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    exchange.sent(body.len());
    exchange.refuse(refusal.status, refusal.code);
    own(refusal.status, headers, body)
}

/// A JSON answer that the gateway gives itself.
pub(crate) fn answer(mut exchange: Box<Exchange>, status: u16, body: Bytes) -> Response<Body> {
    let mut headers = HeaderMap::new();
    ours(&mut headers, &exchange);
    exchange.sent(body.len());
    exchange.answered(status);
    own(status, headers, body)
}

fn own(status: u16, mut headers: HeaderMap, body: Bytes) -> Response<Body> {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = Response::new(Body::whole(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

fn passed(mut headers: HeaderMap) -> HeaderMap {
    for name in ask::held_back(&headers, is_kept_back) {
        let value = headers.remove(&name);
        if let Some(theirs) = value.filter(|_| name == REQUEST_ID) {
            headers.insert(UPSTREAM_REQUEST_ID, theirs);
        }
    }
    headers
}

/// Headers that concern one connection only, and those of the upstream that are not for our clients: its cookies
/// would tie different callers together, and its request id is passed on under another name.
fn is_kept_back(name: &str) -> bool {
    // compares the few of the same length only
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "set-cookie"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "x-request-id"
    )
}

/// Names what the provider did not get, here and in the receipt.
fn dropped(headers: &mut HeaderMap, exchange: &mut Exchange, dropped: &Dropped) {
    if dropped.is_empty() {
        return;
    }
    if exchange.live.plan.headers
        && let Ok(names) = HeaderValue::from_str(&dropped.to_string())
    {
        headers.insert(DROPPED, names);
    }
    exchange.dropped(dropped);
}

/// `x-request-id` always, the others unless switched off.
fn ours(headers: &mut HeaderMap, exchange: &Exchange) {
    if let Ok(id) = HeaderValue::from_str(exchange.request_id()) {
        headers.insert(REQUEST_ID, id);
    }
    if !exchange.live.plan.headers {
        return;
    }
    let Some(flow) = exchange.flow() else { return };
    headers.insert(ATTEMPTS, HeaderValue::from(flow.attempts().len()));
    headers.insert(WAIT_MS, HeaderValue::from(millis(exchange.waited())));
    let Some(attempt) = flow.committed().map(|id| &flow.attempts()[id.index()]) else { return };
    if let Some(name) = &exchange.live.supplies[attempt.provider].name {
        headers.insert(PROVIDER, name.clone());
    }
    if let Some(shown) = exchange.live.key(attempt.credential).and_then(|key| key.header.as_ref()) {
        headers.insert(CREDENTIAL, shown.clone());
    }
}
