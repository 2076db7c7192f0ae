//! The admin port: health, readiness, metrics, state. Loopback, or behind a token.

mod view;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use claviger_telemetry::{CredentialGauge, METRICS_CONTENT_TYPE};
use claviger_types::Secret;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::json;

use crate::explain::{Question, explain};
use crate::shared::Shared;

/// What the admin port needs to know.
pub(crate) struct Desk {
    pub(crate) shared: Arc<Shared>,
    pub(crate) token: Option<Secret>,
    /// False once the process drains: load balancers send no more.
    pub(crate) ready: AtomicBool,
    /// The file in force; `None` for the demo.
    pub(crate) file: Option<String>,
}

type Page = Response<Full<Bytes>>;

/// Serves one request of the admin port.
pub(crate) async fn serve(desk: Arc<Desk>, request: Request<Incoming>) -> Page {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
    }
    match request.uri().path() {
        // orchestrators ask these without credentials
        "/healthz" => text(StatusCode::OK, "ok\n"),
        "/readyz" if desk.ready.load(Ordering::Relaxed) => text(StatusCode::OK, "ready\n"),
        "/readyz" => text(StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        _ if !allowed(&desk, request.headers()) => {
            let mut page = text(StatusCode::UNAUTHORIZED, "send `Authorization: Bearer` with the admin token\n");
            page.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            page
        }
        "/" => text(StatusCode::OK, "Claviger admin: /healthz /readyz /metrics /state /explain\n"),
        "/metrics" => {
            desk.shared.telemetry.set_pool(&gauges(&desk.shared));
            page(StatusCode::OK, METRICS_CONTENT_TYPE, desk.shared.telemetry.encode())
        }
        "/explain" => explain_page(&desk.shared, request.uri().query().unwrap_or_default()),
        "/state" => page(StatusCode::OK, "application/json", view::state(&desk).to_string()),
        _ => text(StatusCode::NOT_FOUND, "no such page: /healthz /readyz /metrics /state /explain\n"),
    }
}

fn explain_page(shared: &Shared, query: &str) -> Page {
    let (live, now) = (shared.live(), shared.clock.both());
    let found = Question::read(query).and_then(|question| explain(&live, &mut shared.pool.lock(), now, &question));
    match found {
        Ok(found) => page(StatusCode::OK, "application/json", found.to_string()),
        Err(error) => page(StatusCode::NOT_FOUND, "application/json", json!({"error": error}).to_string()),
    }
}

fn allowed(desk: &Desk, headers: &HeaderMap) -> bool {
    let Some(token) = &desk.token else { return true };
    let offered = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    offered.and_then(|value| value.strip_prefix("Bearer ")).is_some_and(|offered| token.matches(offered))
}

fn gauges(shared: &Shared) -> Vec<CredentialGauge> {
    let live = shared.live();
    let snapshot = shared.pool.lock().snapshot(shared.clock.now());
    let gauge = |view: claviger_pool::CredentialView| {
        let key = live.key(view.id)?;
        Some(CredentialGauge {
            provider: live.plan.providers[key.provider].provider.id().to_owned(),
            credential: key.label.clone(),
            state: view.state.name(),
            in_flight: u64::from(view.in_flight),
        })
    };
    snapshot.into_iter().filter_map(gauge).collect()
}

fn text(status: StatusCode, body: &'static str) -> Page {
    page(status, "text/plain; charset=utf-8", body)
}

fn page(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Page {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
