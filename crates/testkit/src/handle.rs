//! One request from arrival to answer: who asks, what goes wrong, what would be the answer, what goes out.

use std::{convert::Infallible, future::pending, io::Write as _, sync::Arc};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header, request::Parts};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, upgrade::OnUpgrade};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{
    answers::{self, Answer, AnswerBody, Call, Framing, Shelf},
    body::{Dropped, End, WireBody},
    connection::Ending,
    control,
    faults::{self, Outgoing, Plan, Subject},
    ledger::Admission,
    realtime,
    script::{FaultKind, Script, TokenScript},
    seen::{Seen, Tracker, millis_since},
    serve::State,
};

/// Answers one request as the script says. The error makes hyper drop the connection or reset the stream.
pub(crate) async fn handle(
    state: Arc<State>,
    ending: Arc<Ending>,
    mut request: Request<Incoming>,
) -> Result<Response<WireBody>, Dropped> {
    let upgrade = realtime::wants_websocket(request.headers()).then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    if state.controls && parts.uri.path().starts_with("/__") {
        let answer = control::control(&state, &parts.method, parts.uri.path(), &body);
        return Ok(respond(Outgoing { answer, end: End::Clean }, &Plan::default(), &parts, None, ending));
    }
    let script = Arc::clone(&state.script.read());
    let token = token_of(&parts);
    let behaviour = script.behaviour(&token);
    let account = behaviour.and_then(|behaviour| behaviour.account.clone()).unwrap_or_else(|| token.clone());
    let words = behaviour.and_then(|behaviour| behaviour.words).unwrap_or(0);
    let (number, shelf) = {
        let mut ledger = state.ledger.lock();
        (ledger.arrive(&token, &account), ledger.shelf(&account))
    };
    let seen = seen(&state, &parts, &body, &token, number);
    let tracker = Tracker::open(Arc::clone(&state), seen, account.clone(), script.keep_seen);
    let call = Call::read(&parts, body, words);
    Turn { state, ending, script, parts, call, token, account, number, shelf, upgrade }.play(tracker).await
}

/// One request that was read and noted.
struct Turn {
    state: Arc<State>,
    ending: Arc<Ending>,
    script: Arc<Script>,
    parts: Parts,
    call: Call,
    token: String,
    account: String,
    number: u64,
    shelf: Arc<Mutex<Shelf>>,
    upgrade: Option<OnUpgrade>,
}

impl Turn {
    /// Lets go wrong what shall, and answers.
    async fn play(mut self, mut tracker: Tracker) -> Result<Response<WireBody>, Dropped> {
        let script = Arc::clone(&self.script);
        let Some(behaviour) = script.behaviour(&self.token) else {
            tracker.fault("unknown_token");
            let answer = answers::unknown_token(&self.token, self.call.framing());
            return Ok(respond(clean(answer), &Plan::default(), &self.parts, Some(tracker), self.ending));
        };
        let plan = faults::plan(behaviour, &self.subject());
        if !plan.delay.is_zero() {
            tokio::time::sleep(plan.delay).await;
        }
        if let Some(fault) = &plan.fault {
            tracker.fault(fault.name());
        }
        let outgoing = match &plan.fault {
            Some(FaultKind::StallHead) => match pending::<Infallible>().await {},
            Some(FaultKind::Reset | FaultKind::Refuse) => {
                if plan.fault == Some(FaultKind::Reset) && self.parts.version != Version::HTTP_2 {
                    self.ending.reset();
                }
                tracker.finish();
                return Err(Dropped);
            }
            Some(fault @ FaultKind::Status { .. }) => {
                faults::apply(fault, Answer::status(200).framed(self.call.framing()))
            }
            fault => {
                let admission = self.state.ledger.lock().admit(&self.account, behaviour, Instant::now());
                match (refusal(&admission, behaviour, self.call.framing()), self.upgrade.take()) {
                    (Some((why, answer)), _) => {
                        tracker.fault(why);
                        clean(answer)
                    }
                    (None, Some(upgrade)) if self.call.is_realtime() && fault.is_none() => {
                        return Ok(realtime::accept(
                            &self.call,
                            upgrade,
                            tracker,
                            self.ending,
                            self.state.stopping.clone(),
                        ));
                    }
                    (None, _) => self.serve(behaviour, &admission, fault.as_ref()),
                }
            }
        };
        Ok(respond(outgoing, &plan, &self.parts, Some(tracker), self.ending))
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            seed: self.script.seed,
            token: &self.token,
            number: self.number,
            operation: self.call.operation,
            model: self.call.model.as_deref(),
        }
    }

    /// The answer of a request that was let in.
    fn serve(&self, behaviour: &TokenScript, admission: &Admission, fault: Option<&FaultKind>) -> Outgoing {
        let canned = answers::canned(&self.script, &self.call);
        let mut answer = canned.unwrap_or_else(|| answers::answer(&self.call, &mut self.shelf.lock()));
        if let (Some(limit), Admission::Go { remaining: Some(remaining) }) = (behaviour.rate_limit, admission) {
            answer.set("x-ratelimit-limit-requests", &limit.requests.to_string());
            answer.set("x-ratelimit-remaining-requests", &remaining.to_string());
            answer.set("x-ratelimit-reset-requests", &format!("{}ms", limit.per_ms));
        }
        behaviour.headers.apply(&mut answer.headers);
        match fault {
            Some(fault) => faults::apply(fault, answer),
            None => clean(answer),
        }
    }
}

fn clean(answer: Answer) -> Outgoing {
    Outgoing { answer, end: End::Clean }
}

/// The refusal of a request over a limit, and its name.
fn refusal(admission: &Admission, behaviour: &TokenScript, framing: Framing) -> Option<(&'static str, Answer)> {
    match admission {
        Admission::Go { .. } => None,
        Admission::QuotaSpent => Some(("quota", answers::quota_spent(framing))),
        Admission::Crowded => Some(("concurrency", answers::error_status(429, framing))),
        Admission::RateLimited { wait } => {
            let millis = wait.as_millis().max(1);
            let mut answer = answers::rate_limited(millis, framing);
            if behaviour.rate_limit.is_some_and(|limit| limit.retry_after) {
                answer.set("retry-after", &millis.div_ceil(1000).to_string());
                answer.set("retry-after-ms", &millis.to_string());
                answer.set("x-ratelimit-remaining-requests", "0");
                answer.set("x-ratelimit-reset-requests", &format!("{millis}ms"));
            }
            Some(("rate_limit", answer))
        }
    }
}

/// The credential as sent: a bearer token, the access key of an AWS signature, `x-api-key`, `api-key`,
/// `x-goog-api-key`, or `key` in the query; empty when there is none.
fn token_of(parts: &Parts) -> String {
    let text = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let authorization = text("authorization").and_then(|value| {
        let (scheme, rest) = value.split_once(' ')?;
        if scheme == "AWS4-HMAC-SHA256" {
            let (_, scope) = rest.split_once("Credential=")?;
            return scope.split('/').next();
        }
        scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
    });
    let query = || parts.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("key="));
    let header = || ["x-api-key", "api-key", "x-goog-api-key"].into_iter().find_map(text);
    authorization.or_else(header).or_else(query).unwrap_or_default().to_owned()
}

fn seen(state: &State, parts: &Parts, body: &Bytes, token: &str, number: u64) -> Seen {
    let lossy = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let host = parts.uri.authority().map(ToString::to_string).or_else(|| parts.headers.get(header::HOST).map(lossy));
    Seen {
        at_ms: millis_since(state.started),
        token: token.to_owned(),
        number,
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
        host: host.unwrap_or_default(),
        version: format!("{:?}", parts.version),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), lossy(value))).collect(),
        body: body.clone(),
        status: None,
        fault: None,
        finished: false,
        left_early: false,
    }
}

/// Puts an answer on the wire, shaped by `plan`.
pub(crate) fn respond(
    outgoing: Outgoing,
    plan: &Plan,
    parts: &Parts,
    tracker: Option<Tracker>,
    ending: Arc<Ending>,
) -> Response<WireBody> {
    let Outgoing { mut answer, end } = outgoing;
    let mut frames = match answer.body {
        AnswerBody::Events(frames) => frames,
        AnswerBody::Whole(bytes) => {
            let bytes = match plan.gzip {
                Some(forced) if end == End::Clean && (forced || accepts_gzip(&parts.headers)) => {
                    answer.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                    gzip(&bytes)
                }
                _ => bytes,
            };
            answer.headers.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(bytes.len()));
            vec![bytes]
        }
    };
    if let Some(size) = plan.drip {
        frames = frames.iter().flat_map(|frame| pieces(frame, size)).collect();
    }
    let bodiless = parts.method == Method::HEAD
        || answer.status == StatusCode::NO_CONTENT
        || answer.status == StatusCode::NOT_MODIFIED;
    if bodiless {
        frames.clear();
    }
    if let Some(tracker) = &tracker {
        tracker.status(answer.status.as_u16());
    }
    let mut response = Response::new(WireBody::new(frames, plan.pace, end, tracker, ending));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

fn pieces(frame: &Bytes, size: usize) -> Vec<Bytes> {
    (0..frame.len()).step_by(size).map(|at| frame.slice(at..frame.len().min(at + size))).collect()
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|value| value.split(',').any(|coding| coding.trim().starts_with("gzip")))
}

fn gzip(bytes: &Bytes) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    match encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        Ok(packed) => packed.into(),
        Err(_) => bytes.clone(), // writing to memory does not fail
    }
}
