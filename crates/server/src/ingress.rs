//! From an HTTP request to a routed one: who calls, what is asked, where it may go.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use claviger_config::{ClientKey, Clients, Form, Limits};
use claviger_flow::{Candidate, Flow, Route, Target, Terms, Tier};
use claviger_net::OutBody;
use claviger_types::{Operation, Secret};
use claviger_wire::ask::{Arrival, AskError};
use claviger_wire::failure::FailureKind;
use claviger_wire::{Ask, ask, operation};
use http::{HeaderMap, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming};
use parking_lot::Mutex;

use crate::drive::attempt::Call;
use crate::drive::{Served, abreast, drive};
use crate::exchange::Exchange;
use crate::live::Live;
use crate::relay::Body;
use crate::respond::{self, Refusal};
use crate::shared::Shared;
use crate::{count, models, state};

/// Serves one request of the data port.
pub(crate) async fn serve(shared: Arc<Shared>, mut request: Request<Incoming>) -> Response<Body> {
    let live = shared.live();
    if let Some(hint) = hint(&request) {
        return hint;
    }
    let mut exchange = Box::new(Exchange::new(Arc::clone(&shared), live, request_id(&shared, request.headers())));
    let (_, dialect) = operation::recognise(request.uri().path());
    let client = match authenticate(&exchange.live.plan.clients, request.headers(), request.uri().query()) {
        Ok(client) => client,
        Err(refusal) => return respond::refuse(exchange, dialect, &refusal),
    };
    let known = client.is_some();
    exchange.caller(client);
    let upgrade = wants_websocket(request.headers());
    let on_upgrade = upgrade.then(|| hyper::upgrade::on(&mut request));
    let (mut ask, stream) = match read(&exchange.live.plan.limits, request).await {
        Ok(read) => read,
        Err(refusal) => return respond::refuse(exchange, dialect, &refusal),
    };
    if known {
        // it opens our door, it is no provider's
        ask.caller_key = None;
    }
    exchange.asked(&ask);
    if matches!(ask.operation, Operation::Models | Operation::RetrieveModel | Operation::Other)
        && let Some(own) = models::answer(&shared, &exchange.live, &ask).await
    {
        return respond::answer(exchange, own.0, own.1);
    }
    if count::protocol(&ask).is_some()
        && let Some(counted) = count::answer(&shared, &exchange.live, &ask).await
    {
        return respond::answer(exchange, counted.0, counted.1);
    }
    let (call, flow, route) = match route(&exchange, ask, upgrade, stream) {
        Ok(routed) => routed,
        Err(refusal) => return respond::refuse(exchange, dialect, &refusal),
    };
    exchange.routed(&route, flow);
    let served = drive(&mut exchange, &call).await;
    abreast().await;
    match served {
        Served::Good(good) => respond::good(exchange, &call, *good, on_upgrade),
        Served::Failed(ending) => respond::failed(exchange, dialect, *ending),
    }
}

/// The root tells a person who got lost where things are; it is nobody's API and goes to no provider.
fn hint(request: &Request<Incoming>) -> Option<Response<Body>> {
    (request.method() == http::Method::GET && request.uri().path() == "/").then(|| {
        let text = "Claviger, an AI gateway. Point an OpenAI client at /v1 of this address.\n";
        let mut response = Response::new(Body::whole(Bytes::from_static(text.as_bytes())));
        response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain"));
        response
    })
}

const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

/// The client's own id when it is harmless, else a new one.
fn request_id(shared: &Shared, headers: &HeaderMap) -> String {
    let theirs = headers.get(respond::REQUEST_ID).and_then(|value| value.to_str().ok());
    match theirs.filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())) {
        Some(id) => id.to_owned(),
        None => {
            let mut id = String::with_capacity(28);
            id.push_str("req_");
            for (dice, digits) in [(shared.clock.dice(), 16), (shared.clock.dice(), 8)] {
                id.extend((0..digits).map(|place| HEX[(dice >> (place * 4) & 15) as usize]));
            }
            id
        }
    }
}

/// The name of the client key, `None` when none is asked for.
fn authenticate(clients: &Clients, headers: &HeaderMap, query: Option<&str>) -> Result<Option<String>, Refusal> {
    let Clients::Keys(known) = clients else { return Ok(None) };
    let refused = |message: &str| Refusal::with(401, "invalid_api_key", FailureKind::Authentication, message);
    let Some(offered) = ask::client_key(headers, query) else {
        return Err(refused(
            "no API key: send one as `Authorization: Bearer …`, `x-api-key`, `api-key` or `x-goog-api-key`",
        ));
    };
    let mut found = None;
    // all are compared, so that the time tells nothing about which one fits
    for client in known {
        let fits = match &client.key {
            ClientKey::Plain(secret) => secret.matches(offered),
            ClientKey::Sha256(digest) => Secret::digest_matches(offered, digest),
        };
        if fits && found.is_none() {
            found = Some(client.name.clone());
        }
    }
    found.map(Some).ok_or_else(|| refused("this API key is not known here"))
}

fn wants_websocket(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Reads the body (bounded, and not slower than allowed) and understands the request.
async fn read(limits: &Limits, request: Request<Incoming>) -> Result<(Ask, Option<OutBody>), Refusal> {
    let (parts, mut incoming) = request.into_parts();
    // only a tunnel is asked for by authority alone
    let tunnel = parts.uri.scheme().is_none() && parts.uri.authority().is_some();
    if parts.method == http::Method::CONNECT || parts.uri.path() == "*" || tunnel {
        let message = "this is a gateway to language models, not a tunnel";
        return Err(Refusal::with(405, "method_not_allowed", FailureKind::InvalidRequest, message));
    }
    let path = parts.uri.path();
    if path.contains('%') && !is_well_escaped(path) {
        return Err(Refusal::bad("the percent escapes of the path are malformed or no UTF-8"));
    }
    let announced = incoming.size_hint().lower();
    if announced > limits.max_body as u64 {
        return Err(too_large(limits));
    }
    let host = parts.uri.host().or_else(|| host_of(&parts.headers)).unwrap_or_default().to_owned();
    let (body, rest) = buffer(limits, &mut incoming).await?;
    let truncated = rest.is_some();
    let arrival =
        Arrival { method: parts.method, uri: parts.uri, host, headers: parts.headers, body: body.clone(), truncated };
    let ask = Ask::read(arrival).map_err(misunderstood)?;
    let stream = rest.map(|over| {
        let left = limits.max_body.saturating_sub(body.len() + over.len());
        OutBody::Stream(Box::pin(Resumed { first: vec![over, body], rest: incoming, left }))
    });
    Ok((ask, stream))
}

/// Whether every `%` begins an escape, and what the escapes say is UTF-8.
fn is_well_escaped(path: &str) -> bool {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let Some(value) = digits.and_then(|d| std::str::from_utf8(d).ok()).and_then(|d| u8::from_str_radix(d, 16).ok())
        else {
            return false;
        };
        decoded.push(value);
        rest = &tail[2..];
    }
    std::str::from_utf8(&decoded).is_ok()
}

fn host_of(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    // a port, but not the colons of an IPv6 address
    Some(match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        Some(_) | None => host,
    })
}

/// The body up to the cap; and what came beyond it, when it is longer.
async fn buffer(limits: &Limits, incoming: &mut Incoming) -> Result<(Bytes, Option<Bytes>), Refusal> {
    let announced = incoming.size_hint().lower();
    let mut first = Bytes::new();
    let mut all: Vec<u8> = Vec::new();
    loop {
        let frame = match tokio::time::timeout(limits.body_idle_timeout, incoming.frame()).await {
            Err(_) => return Err(slow(limits.body_idle_timeout)),
            Ok(None) => return Ok((if all.is_empty() { first } else { all.into() }, None)),
            Ok(Some(Err(_))) => return Err(Refusal::bad("the request body broke off or is malformed")),
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        let have = first.len().max(all.len());
        if have + data.len() > limits.max_body {
            return Err(too_large(limits));
        }
        if have + data.len() > limits.buffer_body {
            return Ok((if all.is_empty() { first } else { all.into() }, Some(data)));
        }
        // the usual body is one frame: no copy
        if have == 0 {
            first = data;
        } else {
            if all.is_empty() {
                let announced = usize::try_from(announced).unwrap_or(usize::MAX).min(limits.buffer_body);
                all.reserve_exact(announced.max(have + data.len()));
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&data);
        }
    }
}

fn slow(limit: Duration) -> Refusal {
    let message = format!("nothing of the request body arrived for {} s", limit.as_secs());
    Refusal::with(408, "request_timeout", FailureKind::Timeout, message)
}

fn too_large(limits: &Limits) -> Refusal {
    let message = format!("the request body is larger than {} bytes (`limits.maxBody`)", limits.max_body);
    Refusal::with(413, "request_too_large", FailureKind::InvalidRequest, message)
}

fn misunderstood(error: AskError) -> Refusal {
    match error {
        AskError::BadRequest { message, param } => Refusal { param, ..Refusal::bad(message) },
        AskError::UnsupportedMediaType { message } => {
            Refusal::with(415, "unsupported_media_type", FailureKind::InvalidRequest, message)
        }
        AskError::MethodNotAllowed { allow } => Refusal {
            allow: Some(allow),
            ..Refusal::with(
                405,
                "method_not_allowed",
                FailureKind::InvalidRequest,
                format!("this path takes {allow} only"),
            )
        },
    }
}

/// A body of which some has been read already.
struct Resumed {
    /// In reverse order.
    first: Vec<Bytes>,
    rest: Incoming,
    /// How much more may come.
    left: usize,
}

impl hyper::body::Body for Resumed {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(bytes) = self.first.pop() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let next = std::task::ready!(Pin::new(&mut self.rest).poll_frame(cx));
        Poll::Ready(next.map(|frame| {
            let frame = frame.map_err(std::io::Error::other)?;
            let size = frame.data_ref().map_or(0, Bytes::len);
            self.left =
                self.left.checked_sub(size).ok_or_else(|| std::io::Error::other("larger than limits.maxBody"))?;
            Ok(frame)
        }))
    }
}

type Routed = (Arc<Call>, Flow, String);

fn route(exchange: &Exchange, ask: Ask, upgrade: bool, stream: Option<OutBody>) -> Result<Routed, Refusal> {
    let live = &exchange.live;
    let Some(route) = live.plan.routes.find(&ask).map(Arc::clone) else { return Err(no_route(live, &ask)) };
    let (tiers, renames) = tiers(live, &route, &ask);
    if tiers.iter().all(Vec::is_empty) {
        return Err(unsupported(&route, &ask));
    }
    let tie = state::tie(&exchange.shared, &ask);
    let terms = Terms {
        arrived: exchange.arrived,
        stream: ask.stream,
        creates: ask.operation.creates()
            && ask.method != http::Method::GET
            && !(ask.operation == Operation::Other && operation::only_tells(&ask.path)),
        once: stream.is_some(),
        pinned: tie.pinned,
        affinity: live.is_sticky.then(|| ask.affinity(exchange.client())),
        cost: if live.counts_usage { ask.cost() } else { 0 },
        seek: tie.seek,
        verbatim: live.plan.form != Form::Own,
    };
    let (name, strict) = (route.name.clone(), route.strict_translation);
    let flow = Flow::new(route, tiers, terms);
    let call = Call {
        ask,
        live: Arc::clone(live),
        renames,
        upgrade,
        stream: Mutex::new(stream),
        prepared: Mutex::default(),
        strict,
    };
    Ok((Arc::new(call), flow, name))
}

/// The way to one provider, past the routes; `None` when it does not offer the operation.
pub(crate) fn straight(exchange: &Exchange, ask: Ask, provider: usize) -> Option<(Arc<Call>, Flow)> {
    let live = &exchange.live;
    let target = Target { provider, model: None };
    let route = Route { tiers: vec![Tier { targets: vec![target] }], ..(**live.plan.routes.routes.first()?).clone() };
    let (tiers, renames) = tiers(live, &route, &ask);
    if tiers.iter().all(Vec::is_empty) {
        return None;
    }
    let terms = Terms {
        arrived: exchange.arrived,
        stream: false,
        creates: false,
        once: false,
        pinned: None,
        affinity: None,
        cost: 0,
        seek: false,
        verbatim: false,
    };
    let (stream, prepared) = (Mutex::new(None), Mutex::default());
    let call = Call { ask, live: Arc::clone(live), renames, upgrade: false, stream, prepared, strict: false };
    Some((Arc::new(call), Flow::new(Arc::new(route), tiers, terms)))
}

/// The route's tiers without the targets that cannot do the operation, and what each target is asked for.
fn tiers(live: &Live, route: &Route, ask: &Ask) -> (Vec<Vec<Candidate>>, Vec<Vec<Option<String>>>) {
    let mut tiers = Vec::with_capacity(route.tiers.len());
    let mut renames = Vec::with_capacity(route.tiers.len());
    let counted = count::protocol(ask);
    for tier in &route.tiers {
        let able = tier.targets.iter().filter(|target| {
            let provider = &live.plan.providers[target.provider].provider;
            // who speaks another protocol cannot be asked how many LLM tokens it would be
            let speaks = |protocol| {
                let asked = target.model.as_deref().or(ask.model.as_deref());
                provider.speaks(protocol, provider.model_for(asked).as_deref())
            };
            provider.supports(ask.operation) && counted.is_none_or(speaks)
        });
        let (candidates, names) = able
            .map(|target| {
                let asked = target.model.as_deref().or(ask.model.as_deref());
                let model = live.plan.providers[target.provider].provider.model_for(asked).unwrap_or_default();
                let id = live.roster.providers[target.provider];
                (Candidate { provider: target.provider, id, model }, target.model.clone())
            })
            .unzip();
        tiers.push(candidates);
        renames.push(names);
    }
    (tiers, renames)
}

fn no_route(live: &Live, ask: &Ask) -> Refusal {
    if live.plan.routes.routes.is_empty() {
        let message = "no provider is configured: add one under `providers`";
        return Refusal::with(404, "no_route", FailureKind::NotFound, message);
    }
    match &ask.model {
        Some(model) => {
            let message = format!("no route serves the model `{}`", model.chars().take(128).collect::<String>());
            Refusal { param: Some("model"), ..Refusal::with(404, "model_not_found", FailureKind::NotFound, message) }
        }
        None => Refusal::with(404, "no_route", FailureKind::NotFound, "no route takes this request"),
    }
}

fn unsupported(route: &Route, ask: &Ask) -> Refusal {
    let message = if route.tiers.iter().all(|tier| tier.targets.is_empty()) {
        format!("the rule `{}` names no provider for this traffic", route.name)
    } else {
        format!("no provider of the route `{}` offers {}", route.name, ask.operation.name())
    };
    Refusal::with(404, "unsupported_operation", FailureKind::NotFound, message)
}
