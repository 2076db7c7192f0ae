//! Our own error bodies, in the caller's dialect.
//!
//! In: what went wrong and what was tried. Out: a JSON body, or the event that ends a stream which already began.
//! Clients parse these with their SDK's own error types, so the shapes are the dialects'; what we add (a stable code,
//! the attempt trail) stands beside their fields.

use bytes::Bytes;
use claviger_types::{Dialect, Operation};
use serde::Serialize;

use crate::json;
use crate::sse::Event;

#[cfg(test)]
mod tests;

/// The field that numbers the events of responses.
const NUMBER: &str = "sequence_number";

/// What kind of failure it is: decides the dialect's own type word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The request is wrong.
    InvalidRequest,
    /// The client key is missing or wrong.
    Authentication,
    /// The client key may not do this.
    Permission,
    /// No such route or model.
    NotFound,
    /// Too many requests, here or at every credential.
    RateLimit,
    /// Upstream or we failed.
    Server,
    /// Nothing can serve at the moment.
    Overloaded,
    /// The deadline passed.
    Timeout,
}

/// A failure of ours, as the caller learns of it.
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a> {
    /// The HTTP status it is sent with.
    pub status: u16,
    /// The stable code, such as `no_credential_available`.
    pub code: &'a str,
    /// Its kind.
    pub kind: FailureKind,
    /// A sentence for people. Must hold no secret.
    pub message: &'a str,
    /// The request field at fault.
    pub param: Option<&'a str>,
    /// What was tried, in order. Left out of the body when empty.
    pub attempts: &'a [AttemptNote],
}

/// One attempt in the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttemptNote {
    /// The provider's id.
    pub provider: String,
    /// The credential's name or masked form, never the secret.
    pub credential: String,
    /// The verdict's class name.
    pub verdict: &'static str,
    /// The upstream status, if there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

impl FailureKind {
    /// OpenAI's `type`.
    const fn openai(self) -> &'static str {
        match self {
            Self::InvalidRequest | Self::NotFound => "invalid_request_error",
            Self::Authentication => "authentication_error",
            Self::Permission => "permission_error",
            Self::RateLimit => "rate_limit_error",
            Self::Server | Self::Overloaded => "server_error",
            Self::Timeout => "timeout_error",
        }
    }

    const fn anthropic(self) -> &'static str {
        match self {
            Self::NotFound => "not_found_error",
            Self::Server => "api_error",
            Self::Overloaded => "overloaded_error",
            Self::InvalidRequest | Self::Authentication | Self::Permission | Self::RateLimit | Self::Timeout => {
                self.openai()
            }
        }
    }

    /// Google's canonical status word.
    const fn google(self) -> &'static str {
        match self {
            Self::InvalidRequest => "INVALID_ARGUMENT",
            Self::Authentication => "UNAUTHENTICATED",
            Self::Permission => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::RateLimit => "RESOURCE_EXHAUSTED",
            Self::Server => "INTERNAL",
            Self::Overloaded => "UNAVAILABLE",
            Self::Timeout => "DEADLINE_EXCEEDED",
        }
    }
}

#[derive(Serialize)]
struct Wrapped<T> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    error: T,
}

#[derive(Serialize)]
struct OpenAi<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<&'a str>,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'a [AttemptNote],
}

/// The `error` event of OpenAI responses has its fields at the top level. The official clients throw what they find in
/// `error`, as in every other stream of theirs, so it stands there, too (openai-node 6.49, `core/streaming`, 2026-11).
#[derive(Serialize)]
struct ResponsesEvent<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<u64>,
    code: &'a str,
    message: &'a str,
    param: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'a [AttemptNote],
    error: OpenAi<'a>,
}

#[derive(Serialize)]
struct Anthropic<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'a [AttemptNote],
}

#[derive(Serialize)]
struct Gemini<'a> {
    code: u16,
    message: &'a str,
    status: &'static str,
    details: [ErrorInfo<'a>; 1],
}

/// `google.rpc.ErrorInfo`, with the trail beside its fields.
#[derive(Serialize)]
struct ErrorInfo<'a> {
    #[serde(rename = "@type")]
    kind: &'static str,
    reason: &'a str,
    domain: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attempts: &'a [AttemptNote],
}

/// The body of an error answer.
pub fn body(dialect: Dialect, failure: &Failure<'_>) -> Bytes {
    let Failure { status, code, kind, message, param, attempts } = *failure;
    match dialect {
        Dialect::OpenAi => {
            text(&Wrapped { kind: None, error: OpenAi { message, kind: kind.openai(), param, code, attempts } })
        }
        Dialect::Anthropic => {
            text(&Wrapped { kind: Some("error"), error: Anthropic { kind: kind.anthropic(), message, code, attempts } })
        }
        Dialect::Gemini => {
            let kind_url = "type.googleapis.com/google.rpc.ErrorInfo";
            let details = [ErrorInfo { kind: kind_url, reason: code, domain: "claviger", attempts }];
            text(&Wrapped { kind: None, error: Gemini { code: status, message, status: kind.google(), details } })
        }
    }
}

/// The event that ends a stream of this operation honestly: the dialect's own error event, blank line included. `last`:
/// the event before it, if the operation numbers them.
pub fn stream_event(dialect: Dialect, operation: Operation, last: Option<&Event>, failure: &Failure<'_>) -> Bytes {
    let Failure { code, kind, message, param, attempts, .. } = *failure;
    let (name, data) = match dialect {
        Dialect::OpenAi if numbers_events(operation) => {
            let error = OpenAi { message, kind: kind.openai(), param, code, attempts: &[] };
            let sequence_number = last.and_then(number_after);
            let event = ResponsesEvent { kind: "error", sequence_number, code, message, param, attempts, error };
            ("event: error\n", text(&event))
        }
        Dialect::Anthropic => ("event: error\n", body(dialect, failure)),
        Dialect::OpenAi | Dialect::Gemini => ("", body(dialect, failure)),
    };
    Bytes::from([name.as_bytes(), b"data: ", &data, b"\n\n"].concat())
}

/// Whether all events of this operation's streams have numbers that follow each other (API reference, "Responses:
/// streaming events", 2026-11).
pub const fn numbers_events(operation: Operation) -> bool {
    matches!(operation, Operation::Responses | Operation::RetrieveResponse)
}

/// An error event with its number after `last`. `None`: it has one, or none can be given.
pub fn numbered(error: &Event, last: &Event) -> Option<Event> {
    let data = Bytes::from(error.data().into_owned());
    let [number] = json::scan(&data, &[NUMBER]).ok()?;
    if number.is_some() {
        return None;
    }
    let data = json::set_field(&data, NUMBER, &number_after(last)?.to_string());
    let name = error.name();
    let lead = name.iter().flat_map(|name| [b"event: ", name.as_bytes(), b"\n"]).collect::<Vec<_>>().concat();
    Some(Event::new(Bytes::from([lead.as_slice(), b"data: ", &data, b"\n\n"].concat())))
}

fn number_after(last: &Event) -> Option<u64> {
    let data = last.data();
    let [number] = json::scan(data.as_bytes(), &[NUMBER]).ok()?;
    number?.parse::<u64>().ok()?.checked_add(1)
}

fn text(value: &impl Serialize) -> Bytes {
    // Cannot fail: no map keys, no floats, no foreign serializers.
    Bytes::from(serde_json::to_vec(value).unwrap_or_default())
}
