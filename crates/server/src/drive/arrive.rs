//! An upstream's answer, read until it is known whether the client may see it.
//!
//! Errors are read whole and classified; JSON answers are read whole (a cut or an error inside a 200 can still be
//! rescued); streams are read up to their first content; everything else up to its first bytes.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use claviger_dialects::model::Dropped;
use claviger_flow::{Answer, Failed};
use claviger_net::{Reply, Upgraded};
use claviger_providers::{AnswerEdit, Failure, Prepared, Provider};
use claviger_types::{Class, Operation, Usage, Verdict};
use claviger_wire::sse::{Event, Splitter};
use claviger_wire::{answer, stream};
use http::{HeaderMap, Method, StatusCode, header};

use super::attempt::{Call, embedded};
use super::translate::{self, Translator};
use super::unpack::{Broken, Source, Whole};
use crate::shared::Shared;

/// What came of an attempt.
pub(crate) enum Arrived {
    Good(Box<Good>),
    Failed(Failed),
}

/// An answer the client may see.
pub(crate) struct Good {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) form: Form,
    pub(crate) edit: Option<AnswerEdit>,
    /// We asked for the usage chunk, the client did not.
    pub(crate) hide_usage: bool,
    /// It was translated.
    pub(crate) translated: bool,
    /// The caller's fields that were not carried to the provider.
    pub(crate) dropped: Dropped,
}

/// How the rest of the answer comes.
pub(crate) enum Form {
    /// It is all here.
    Whole { body: Bytes, usage: Option<Usage> },
    /// Events: those read so far, then the rest.
    Events(Events),
    /// Bytes: those read so far, then the rest.
    Raw { first: Bytes, source: Source },
    /// The connection now speaks another protocol.
    Upgrade(Upgraded),
}

impl Form {
    /// Where the rest comes from.
    fn source(&mut self) -> Option<&mut Source> {
        match self {
            Self::Events(events) => Some(&mut events.source),
            Self::Raw { source, .. } => Some(source),
            Self::Whole { .. } | Self::Upgrade(_) => None,
        }
    }
}

/// A stream in the middle.
pub(crate) struct Events {
    pub(crate) held: VecDeque<Event>,
    pub(crate) splitter: Splitter,
    pub(crate) source: Source,
}

/// Longest error body that is kept; the rest is left unread.
const ERROR_BODY: usize = 1 << 20;
/// How long an error body may take.
const ERROR_BODY_TIME: Duration = Duration::from_secs(10);

pub(crate) async fn read(
    shared: &Shared,
    call: &Call,
    provider: &Provider,
    prepared: &Prepared,
    mut reply: Reply,
    further: &[Bytes],
) -> Arrived {
    let status = reply.status;
    if let Some(upgraded) = reply.upgraded.take() {
        return good(call, provider, prepared, status, reply.headers, Form::Upgrade(upgraded));
    }
    let mut headers = reply.headers;
    let mut source = Source::new(reply.body, &mut headers);
    if status.is_client_error() || status.is_server_error() {
        let failed = refusal(shared, call, provider, status, headers, source).await;
        return Arrived::Failed(in_callers_words(failed, prepared));
    }
    if call.ask.method == Method::HEAD || status == StatusCode::NO_CONTENT || status.is_redirection() {
        let form = Form::Raw { first: Bytes::new(), source };
        return good(call, provider, prepared, status, headers, form);
    }
    let outcome = match Kind::of(&headers, prepared) {
        // nobody can translate what nobody can unpack
        Kind::Other if prepared.translation.is_some() => Err(Fault::Garbled),
        Kind::Events => {
            let stream = prepared.translation.as_ref().and_then(|interpreter| interpreter.stream());
            let source = match stream {
                Some(stream) => source.translated(Translator::new(stream, provider.edit_before(prepared))),
                None => source,
            };
            if translate::has_events(prepared) {
                first_content(call.ask.operation, source).await.map(Form::Events)
            } else {
                first_chunk(source).await
            }
        }
        Kind::Json => whole_json(call, provider, prepared, (source, further), &mut headers).await,
        Kind::Other => match source.chunk().await {
            Some(Ok(first)) => Ok(Form::Raw { first, source }),
            Some(Err(broken)) => Err(Fault::of(&broken)),
            None => Ok(Form::Whole { body: Bytes::new(), usage: None }),
        },
    };
    match outcome {
        Ok(form) => good(call, provider, prepared, status, headers, form),
        Err(fault) => Arrived::Failed(in_callers_words(fault.failed(shared, provider, &headers), prepared)),
    }
}

/// A failure whose body the caller can read; it has been judged by the provider's own.
fn in_callers_words(mut failed: Failed, prepared: &Prepared) -> Failed {
    if let (Some(translation), Some(answer)) = (&prepared.translation, &mut failed.answer) {
        answer.body = translation.answer(answer.status.as_u16(), &answer.body).body;
        translate::headers(&mut answer.headers, "application/json");
    }
    failed
}

fn good(
    call: &Call,
    provider: &Provider,
    prepared: &Prepared,
    status: StatusCode,
    mut headers: HeaderMap,
    mut form: Form,
) -> Arrived {
    let edit = provider.answer_edit(&call.ask, prepared);
    if let (Some(edit), Form::Whole { body, .. }) = (&edit, &mut form) {
        *body = edit.whole(std::mem::take(body));
    }
    // Higress' clients have always seen the usage chunk it asks for; ours see it when they ask
    let hide_usage = prepared.hide_usage && call.live.plan.form == claviger_config::Form::Own;
    if let Some(translation) = &prepared.translation {
        translate::headers(&mut headers, translate::media_type(translation));
        let begin = form.source().and_then(Source::translator).map(|translator| translator.begin().clone());
        headers.extend(begin.and_then(|begin| provider.answer_header(prepared, &begin)));
    }
    let (translated, dropped) = (prepared.translation.is_some(), prepared.dropped.clone());
    Arrived::Good(Box::new(Good { status, headers, form, edit, hide_usage, translated, dropped }))
}

#[derive(Clone, Copy)]
enum Kind {
    Events,
    Json,
    Other,
}

impl Kind {
    fn of(headers: &HeaderMap, prepared: &Prepared) -> Self {
        let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        // what is still packed in a coding we cannot undo passes as it is
        if headers.contains_key(header::CONTENT_ENCODING) {
            return Self::Other;
        }
        // Cohere names its stream of lines so
        let is_json = kind == "application/json" || kind.ends_with("+json") && kind != "application/stream+json";
        match kind.as_str() {
            // some streams that are translated are no events, and what is not one must be JSON
            _ if prepared.translation.is_some() => {
                if prepared.stream && !is_json {
                    Self::Events
                } else {
                    Self::Json
                }
            }
            "text/event-stream" => Self::Events,
            _ if is_json => Self::Json,
            _ => Self::Other,
        }
    }
}

/// Why an answer that began well is none.
enum Fault {
    Said(Bytes),
    Cut,
    Garbled,
}

impl Fault {
    const fn of(broken: &Broken) -> Self {
        match broken {
            Broken::Cut => Self::Cut,
            Broken::Garbled => Self::Garbled,
        }
    }

    fn failed(self, shared: &Shared, provider: &Provider, headers: &HeaderMap) -> Failed {
        match self {
            Self::Said(body) => {
                let wall = shared.clock.wall();
                let verdict = provider.classify(&Failure::Embedded { body: &body, headers, wall });
                Failed { verdict, untouched: false, answer: Some(embedded(verdict.class, body)), absent: false }
            }
            Self::Cut => Failed::silent(provider.classify(&Failure::Cut), false),
            Self::Garbled => Failed::silent(provider.classify(&Failure::Garbled), false),
        }
    }
}

async fn refusal(
    shared: &Shared,
    call: &Call,
    provider: &Provider,
    status: StatusCode,
    headers: HeaderMap,
    mut source: Source,
) -> Failed {
    let body = match tokio::time::timeout(ERROR_BODY_TIME, source.whole(ERROR_BODY)).await {
        Ok(Ok(Whole::All(body) | Whole::TooLong(body))) => body,
        // the status alone says enough
        Ok(Err(_)) | Err(_) => Bytes::new(),
    };
    let wall = shared.clock.wall();
    let mut verdict =
        provider.classify(&Failure::Status { status: status.as_u16(), headers: &headers, body: &body, wall });
    // where no model was asked for, or the path is none we know, it is the path or the object that does not exist
    let unknown_path = call.ask.operation == Operation::Other && verdict.rule == "status_404";
    if verdict.class == Class::ModelUnavailable && (unknown_path || call.ask.model.is_none()) {
        verdict = Verdict::of(Class::BadRequest, "not_found");
    }
    // a refusal of credential or rate proves that nothing was done
    let untouched = !verdict.class.is_guess() || verdict.class == Class::Overloaded;
    let absent = crate::state::is_absent(status, &body);
    Failed { verdict, untouched, answer: Some(Answer { status, headers, body }), absent }
}

async fn whole_json(
    call: &Call,
    provider: &Provider,
    prepared: &Prepared,
    (mut source, further): (Source, &[Bytes]),
    headers: &mut HeaderMap,
) -> Result<Form, Fault> {
    match source.whole(call.live.plan.limits.buffer_answer).await {
        Err(broken) => Err(Fault::of(&broken)),
        // a part of an answer cannot be translated
        Ok(Whole::TooLong(_)) if prepared.translation.is_some() => Err(Fault::Garbled),
        Ok(Whole::TooLong(first)) => Ok(Form::Raw { first, source }),
        Ok(Whole::All(body)) => {
            // a stored answer that failed is a good answer to the question how it went
            let stored = call.ask.operation == Operation::RetrieveResponse;
            // a stream that is gathered here is not JSON as a whole
            let gathers = translate::gathers(prepared);
            let passes = gathers || body.is_empty() && may_be_empty(call);
            let read = answer::read(&body).or_else(|| passes.then(answer::Reading::default));
            let Some(answer::Reading { usage, is_failure }) = read else { return Err(Fault::Garbled) };
            if is_failure && !stored {
                return Err(Fault::Said(body));
            }
            let Some(translation) = &prepared.translation else { return Ok(Form::Whole { body, usage }) };
            headers.extend(provider.answer_header(prepared, &body));
            let body = match provider.edit_before(prepared) {
                Some(edit) => edit.whole(body),
                None => body,
            };
            let body = if further.is_empty() { body } else { listed(&body, further) };
            let body = translate::whole(translation, &body).map_err(|said| said.map_or(Fault::Garbled, Fault::Said))?;
            // where the answer was a stream, what was used is in the whole that was made of it
            let is_made = gathers || !further.is_empty();
            let usage = usage.filter(|_| further.is_empty()).or_else(|| is_made.then(|| answer::read(&body)?.usage)?);
            Ok(Form::Whole { body, usage })
        }
    }
}

/// The answer to one of several requests, of which the caller's answer is made. What is no good answer is a failure.
pub(crate) async fn part(
    shared: &Shared,
    call: &Call,
    provider: &Provider,
    prepared: &Prepared,
    reply: Reply,
) -> Result<Bytes, Failed> {
    let (status, mut headers) = (reply.status, reply.headers);
    let mut source = Source::new(reply.body, &mut headers);
    if !status.is_success() {
        let failed = refusal(shared, call, provider, status, headers, source).await;
        return Err(in_callers_words(failed, prepared));
    }
    let fault = match source.whole(call.live.plan.limits.buffer_answer).await {
        Ok(Whole::All(body)) => match answer::read(&body) {
            Some(reading) if !reading.is_failure => return Ok(body),
            Some(_) => Fault::Said(body),
            None => Fault::Garbled,
        },
        Ok(Whole::TooLong(_)) => Fault::Garbled,
        Err(broken) => Fault::of(&broken),
    };
    Err(in_callers_words(fault.failed(shared, provider, &headers), prepared))
}

/// One list of JSON.
fn listed(first: &Bytes, further: &[Bytes]) -> Bytes {
    let mut out = Vec::with_capacity(further.iter().fold(first.len() + 2, |sum, part| sum + part.len() + 1));
    out.push(b'[');
    out.extend_from_slice(first);
    for part in further {
        out.push(b',');
        out.extend_from_slice(part);
    }
    out.push(b']');
    out.into()
}

/// Whether an answer may have no body: some deletions answer so, but nobody who is asked for something.
fn may_be_empty(call: &Call) -> bool {
    let asks = || crate::count::protocol(&call.ask).is_some() || claviger_providers::embeds(&call.ask);
    call.ask.method != http::Method::POST || call.ask.operation == Operation::Other && !asks()
}

/// What the provider said, where the caller's dialect says it in other words.
fn said(source: &mut Source, error: Bytes) -> Bytes {
    source.translator().and_then(|translator| translator.failure().cloned()).unwrap_or(error)
}

/// Reads until there is something to send.
async fn first_chunk(mut source: Source) -> Result<Form, Fault> {
    let first = match source.chunk().await {
        Some(Ok(first)) => first,
        Some(Err(broken)) => return Err(Fault::of(&broken)),
        None => return Err(Fault::Cut),
    };
    match source.translator().and_then(|translator| translator.failure().cloned()) {
        Some(said) => Err(Fault::Said(said)),
        None => Ok(Form::Raw { first, source }),
    }
}

/// Reads events until one carries content; all of them are kept for the client.
async fn first_content(operation: Operation, mut source: Source) -> Result<Events, Fault> {
    let mut splitter = Splitter::default();
    let mut held = VecDeque::new();
    let mut finished = false;
    loop {
        while let Some(event) = splitter.next() {
            let reading = stream::read(operation, &event);
            if let Some(error) = reading.error {
                return Err(Fault::Said(said(&mut source, error)));
            }
            if reading.malformed {
                return Err(Fault::Garbled);
            }
            finished |= reading.finished;
            let enough = reading.content || finished;
            if reading.done && !enough {
                // an end without a beginning is no answer
                return Err(Fault::Cut);
            }
            held.push_back(event);
            if enough {
                return Ok(Events { held, splitter, source });
            }
        }
        match source.chunk().await {
            Some(Ok(chunk)) => splitter.push(chunk).map_err(|_| Fault::Garbled)?,
            Some(Err(broken)) => return Err(Fault::of(&broken)),
            None => return Err(Fault::Cut),
        }
    }
}
