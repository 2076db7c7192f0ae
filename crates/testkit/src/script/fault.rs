//! One thing that goes wrong, and when.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Headers;

/// A fault and the requests it hits: those that pass every filter. As JSON a flat object:
/// `{"kind": "status", "status": 503, "from": 1, "to": 3, "probability": 0.5, "model": "gpt-*"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// The first request of the token that is hit, counted from 1 over all its requests.
    pub from: Option<u64>,
    /// The last request of the token that is hit.
    pub to: Option<u64>,
    /// How likely each request is hit, 0 to 1; drawn from the script's seed, the token and the request number.
    pub probability: Option<f64>,
    /// Only this operation: a pattern for its whole name or the part after the last slash (`chatcompletions`).
    pub operation: Option<String>,
    /// Only models that fit this pattern.
    pub model: Option<String>,
}

/// What goes wrong. Kinds about events cut an answer that is no stream in the middle of its body instead, or (for
/// errors inside a stream) replace it by the error with status 200.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// Answers with this status. Without a body, the one OpenAI sends with it.
    Status {
        /// The status, 200 to 999.
        status: u16,
        /// Extra headers.
        headers: Headers,
        /// A string is sent as it is, anything else as JSON.
        body: Option<Value>,
    },
    /// Shaper: waits before anything else is decided.
    Delay {
        /// How long.
        ms: u64,
    },
    /// Takes the request and never answers.
    StallHead,
    /// Sends the head and this many events, then nothing.
    StallStream {
        /// How many events come first.
        after_events: usize,
    },
    /// Ends the answer early.
    Cut {
        /// How many events come first.
        after_events: usize,
        /// How it ends.
        how: CutHow,
    },
    /// Resets the connection (HTTP/2: the stream) instead of answering.
    Reset,
    /// Closes the connection (HTTP/2: resets the stream) instead of answering.
    Refuse,
    /// Shaper: sends the body in small pieces.
    Drip {
        /// Bytes per piece, at least 1.
        bytes: usize,
        /// Time between pieces.
        every_ms: u64,
    },
    /// Shaper: waits between events.
    Pace {
        /// How long.
        ms: u64,
    },
    /// Makes one event unreadable.
    MalformedEvent {
        /// Which, from 0.
        at: usize,
    },
    /// Leaves out the event that marks the end (`[DONE]`, `message_stop`, `response.completed`).
    MissingDone,
    /// Status 200 with an error body, also when a stream was asked for.
    ErrorIn200 {
        /// The JSON; without it a server error.
        body: Option<Value>,
    },
    /// A stream whose only event is an error.
    ErrorFirstEvent {
        /// The JSON of the event; without it a server error.
        body: Option<Value>,
    },
    /// A stream that ends in an error event.
    ErrorMidStream {
        /// How many events come first.
        after_events: usize,
        /// The JSON of the event; without it a server error.
        body: Option<Value>,
    },
    /// Only the events before the first content, then the connection closes.
    RoleOnlyThenCut,
    /// Status 200, an event stream, no byte.
    EmptyStream,
    /// Status 200, `application/json`, and bytes that are none.
    GarbageBody,
    /// Shaper: compresses an answer that is no stream.
    Gzip {
        /// Also when the client does not accept it.
        forced: bool,
    },
}

impl FaultKind {
    /// The stable name, as in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Delay { .. } => "delay",
            Self::StallHead => "stall_head",
            Self::StallStream { .. } => "stall_stream",
            Self::Cut { .. } => "cut",
            Self::Reset => "reset",
            Self::Refuse => "refuse",
            Self::Drip { .. } => "drip",
            Self::Pace { .. } => "pace",
            Self::MalformedEvent { .. } => "malformed_event",
            Self::MissingDone => "missing_done",
            Self::ErrorIn200 { .. } => "error_in_200",
            Self::ErrorFirstEvent { .. } => "error_first_event",
            Self::ErrorMidStream { .. } => "error_mid_stream",
            Self::RoleOnlyThenCut => "role_only_then_cut",
            Self::EmptyStream => "empty_stream",
            Self::GarbageBody => "garbage_body",
            Self::Gzip { .. } => "gzip",
        }
    }
}

/// How a cut answer ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutHow {
    /// TCP reset.
    Rst,
    /// The connection closes inside the body.
    #[default]
    Fin,
    /// The body ends properly, too early.
    CleanEnd,
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self { kind, from: None, to: None, probability: None, operation: None, model: None }
    }
}

impl Fault {
    /// A fixed status with the body OpenAI sends with it.
    pub fn status(status: u16) -> Self {
        FaultKind::Status { status, headers: Headers::default(), body: None }.into()
    }

    /// Adds a header; no effect unless the kind is `Status`.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let FaultKind::Status { headers, .. } = &mut self.kind {
            headers.push(name, value);
        }
        self
    }

    /// Sets the body, for the kinds that have one.
    #[must_use]
    pub fn body(mut self, json: Value) -> Self {
        if let FaultKind::Status { body, .. }
        | FaultKind::ErrorIn200 { body }
        | FaultKind::ErrorFirstEvent { body }
        | FaultKind::ErrorMidStream { body, .. } = &mut self.kind
        {
            *body = Some(json);
        }
        self
    }

    /// Spares the requests before `number` (from 1).
    #[must_use]
    pub fn from_request(mut self, number: u64) -> Self {
        self.from = Some(number);
        self
    }

    /// Spares the requests after `number`.
    #[must_use]
    pub fn to_request(mut self, number: u64) -> Self {
        self.to = Some(number);
        self
    }

    /// Hits each request with this probability.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    /// Hits only this operation.
    #[must_use]
    pub fn operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Hits only these models.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }
}

/// The flat JSON form. Flat on purpose: tagged enums buffer their content, and buffered numbers do not survive
/// `serde_json`'s `arbitrary_precision`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Headers::is_empty")]
    headers: Headers,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms_per_byte: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_per_ms: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    every_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_events: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<CutHow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forced: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
}

impl TryFrom<Raw> for Fault {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let after_events = raw.after_events.unwrap_or(1);
        let body = raw.body;
        let kind = match raw.kind.as_str() {
            "status" => match raw.status {
                Some(status @ 200..=999) => FaultKind::Status { status, headers: raw.headers, body },
                Some(status) => return Err(format!("status {status} is not between 200 and 999")),
                None => return Err("`status` needs a status".to_owned()),
            },
            "delay" | "delay_ms" => FaultKind::Delay { ms: raw.ms.ok_or("`delay` needs `ms`")? },
            "stall_head" => FaultKind::StallHead,
            "stall_stream" => FaultKind::StallStream { after_events },
            "cut" => FaultKind::Cut { after_events, how: raw.how.unwrap_or_default() },
            "reset" => FaultKind::Reset,
            "refuse" => FaultKind::Refuse,
            "drip" => FaultKind::Drip {
                bytes: raw.bytes.or(raw.bytes_per_ms).unwrap_or(1).max(1),
                every_ms: raw.every_ms.or(raw.ms_per_byte).unwrap_or(1),
            },
            "pace" => FaultKind::Pace { ms: raw.ms.ok_or("`pace` needs `ms`")? },
            "malformed_event" => FaultKind::MalformedEvent { at: raw.at.unwrap_or(1) },
            "missing_done" => FaultKind::MissingDone,
            "error_in_200" => FaultKind::ErrorIn200 { body },
            "error_first_event" => FaultKind::ErrorFirstEvent { body },
            "error_mid_stream" => FaultKind::ErrorMidStream { after_events, body },
            "role_only_then_cut" => FaultKind::RoleOnlyThenCut,
            "empty_stream" => FaultKind::EmptyStream,
            "garbage_body" => FaultKind::GarbageBody,
            "gzip" => FaultKind::Gzip { forced: raw.forced.unwrap_or(false) },
            other => return Err(format!("unknown fault kind `{other}`")),
        };
        let Raw { from, to, probability, operation, model, .. } = raw;
        Ok(Self { kind, from, to, probability, operation, model })
    }
}

impl From<Fault> for Raw {
    fn from(fault: Fault) -> Self {
        let Fault { kind, from, to, probability, operation, model } = fault;
        let raw = Self { kind: kind.name().to_owned(), from, to, probability, operation, model, ..Self::default() };
        match kind {
            FaultKind::Status { status, headers, body } => Self { status: Some(status), headers, body, ..raw },
            FaultKind::Delay { ms } | FaultKind::Pace { ms } => Self { ms: Some(ms), ..raw },
            FaultKind::StallStream { after_events } => Self { after_events: Some(after_events), ..raw },
            FaultKind::Cut { after_events, how } => Self { after_events: Some(after_events), how: Some(how), ..raw },
            FaultKind::Drip { bytes, every_ms } => Self { bytes: Some(bytes), every_ms: Some(every_ms), ..raw },
            FaultKind::MalformedEvent { at } => Self { at: Some(at), ..raw },
            FaultKind::ErrorIn200 { body } | FaultKind::ErrorFirstEvent { body } => Self { body, ..raw },
            FaultKind::ErrorMidStream { after_events, body } => Self { after_events: Some(after_events), body, ..raw },
            FaultKind::Gzip { forced } => Self { forced: Some(forced), ..raw },
            FaultKind::StallHead
            | FaultKind::Reset
            | FaultKind::Refuse
            | FaultKind::MissingDone
            | FaultKind::RoleOnlyThenCut
            | FaultKind::EmptyStream
            | FaultKind::GarbageBody => raw,
        }
    }
}
