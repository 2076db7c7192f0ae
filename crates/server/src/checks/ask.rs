//! What a check asks, and what the answer means.

use std::sync::Arc;

use bytes::Bytes;
use claviger_flow::Failed;
use claviger_pool::{Check, Checks};
use claviger_types::Class;
use claviger_wire::Ask;
use claviger_wire::ask::Arrival;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use parking_lot::Mutex;
use serde_json::json;

use super::{Finding, TIMEOUT};
use crate::drive::arrive::{Arrived, Form, Good};
use crate::drive::attempt::{Call, once, stamp};
use crate::live::Live;
use crate::shared::Shared;

/// The stable name, for labels.
pub(super) const fn kind(checks: Checks) -> &'static str {
    match checks {
        Checks::Never => "none",
        Checks::Keys => "listing",
        Checks::Everything => "prompt",
    }
}

/// Asks with the credential in question, as any attempt would be made.
pub(super) async fn ask(shared: &Arc<Shared>, live: &Arc<Live>, check: &Check) -> Finding {
    let place = live.roster.providers.iter().position(|id| *id == check.provider);
    let (Some(index), Some(_)) = (place, live.key(check.credential)) else { return Finding::Nothing };
    let plan = &live.plan.providers[index];
    let ask = match check.kind {
        Checks::Never => return Finding::Nothing,
        Checks::Keys => listing(),
        Checks::Everything => prompt(plan.failover.health_check_model.as_deref().unwrap_or_default()),
    };
    let Some(ask) = ask else { return Finding::NotOffered };
    let prepared = match plan.provider.prepare(&ask, None, stamp(shared)) {
        // nobody knows the host without a caller who names it
        Ok(prepared) if !prepared.authority.is_empty() => Arc::new(prepared),
        Ok(_) | Err(_) => return Finding::NotOffered,
    };
    let call = Call {
        ask,
        live: Arc::clone(live),
        renames: vec![vec![None]],
        upgrade: false,
        stream: Mutex::new(None),
        prepared: Mutex::new(vec![((0, 0), prepared)]),
        strict: false,
    };
    let limit = plan.failover.health_check_timeout.unwrap_or(TIMEOUT);
    let asking = Box::pin(once(shared, &call, index, (0, 0), check.credential));
    match tokio::time::timeout(limit, asking).await {
        Ok(Arrived::Good(good)) => good_or_not(check.kind, &good),
        Ok(Arrived::Failed(failed)) => refused(check.kind, &failed),
        Err(_) => Finding::Said(plan.provider.classify(&claviger_providers::Failure::Timeout)),
    }
}

fn listing() -> Option<Ask> {
    arrive(Method::GET, "/v1/models", Bytes::new())
}

/// As Higress asks (ai-proxy, `provider/failover.go`): one line, no stream, no limit on the answer.
fn prompt(model: &str) -> Option<Ask> {
    let body = json!({"model": model, "messages": [{"role": "user", "content": "who are you?"}]});
    arrive(Method::POST, "/v1/chat/completions", body.to_string().into())
}

fn arrive(method: Method, path: &'static str, body: Bytes) -> Option<Ask> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("claviger/", env!("CARGO_PKG_VERSION"))));
    if !body.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let uri = Uri::from_static(path);
    Ask::read(Arrival { method, uri, host: String::new(), headers, body, truncated: false }).ok()
}

/// A listing is JSON; a page for people, or a redirection to one, was given to anybody.
fn good_or_not(kind: Checks, good: &Good) -> Finding {
    let whole = matches!(&good.form, Form::Whole { body, .. } if !body.is_empty());
    match kind {
        _ if !good.status.is_success() => Finding::NotOffered,
        Checks::Keys if !whole || !is_json(&good.headers) => Finding::NotOffered,
        Checks::Keys | Checks::Everything | Checks::Never => Finding::Good,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase().contains("json")
}

fn refused(kind: Checks, failed: &Failed) -> Finding {
    let status = failed.answer.as_ref().map(|answer| answer.status);
    let absent = matches!(
        status,
        Some(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED | StatusCode::GONE)
    );
    let callers = failed.verdict.class.is_callers() || failed.verdict.class == Class::ModelUnavailable;
    if kind == Checks::Keys && (absent || callers) { Finding::NotOffered } else { Finding::Said(failed.verdict) }
}
