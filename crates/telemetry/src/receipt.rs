//! The receipt: everything that is told about one request, made once when it is over.

use claviger_types::{Usage, WallTime};
use serde::{Serialize, Serializer};

use crate::line;

/// One request, from arrival to end. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// When it arrived; RFC 3339 in UTC when written.
    #[serde(serialize_with = "date")]
    pub at: WallTime,
    /// The `x-request-id` it was answered with. Callers may choose it: shortened when written.
    #[serde(serialize_with = "capped")]
    pub request_id: String,
    /// The name of the client key it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The name of the route that took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// `Operation::name`.
    pub operation: &'static str,
    /// `Dialect::name` of the caller's dialect.
    pub dialect: &'static str,
    /// The model asked for. Callers choose it: shortened when written, never a label.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped_option")]
    pub model: Option<String>,
    /// The model that the serving target was asked for.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped_option")]
    pub upstream_model: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The status the caller got; 0 when it left before any.
    pub status: u16,
    /// How it ended.
    pub end: End,
    /// The provider whose answer was passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The credential whose answer was passed on: name or masked, never the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Every attempt, in the order they were started.
    pub attempts: Vec<AttemptLine>,
    /// Time spent waiting for a credential.
    pub wait_ms: u64,
    /// Arrival to the first content sent to the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_content_ms: Option<u64>,
    /// Arrival to the end.
    pub total_ms: u64,
    /// LLM tokens as the provider counted them.
    pub usage: Usage,
    /// The caller's fields that the provider's dialect has no place for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<String>,
    /// True when the body was over the cap: it streamed through and could not be retried.
    pub body_streamed: bool,
    /// Bytes of the caller's body.
    pub bytes_in: u64,
    /// Bytes of the body it was sent.
    pub bytes_out: u64,
    /// The stable code of our own error answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
}

/// One send to one credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttemptLine {
    /// The provider's id.
    pub provider: String,
    /// The credential: name or masked, never the secret.
    pub credential: String,
    /// The model it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "capped_option")]
    pub model: Option<String>,
    /// `good`, `cancelled`, or `Class::name`.
    pub verdict: &'static str,
    /// `Scope::name` of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'static str>,
    /// The upstream status, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// From send to end.
    pub ms: u64,
    /// From send to first content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_content_ms: Option<u64>,
    /// Whether it tested a credential that was out.
    pub probe: bool,
    /// Which rule gave the verdict.
    pub rule: &'static str,
    /// Whether it was started beside a slow one.
    pub hedge: bool,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The answer was passed on whole.
    Complete,
    /// The request was wrong, by our reading or the provider's.
    ClientError,
    /// Turned away before any attempt: no credential, no room, or not allowed.
    Refused,
    /// Attempts were made and none could serve.
    Failed,
    /// The answer broke off after its first content was sent.
    Cut,
    /// The caller left first.
    ClientLeft,
}

impl End {
    /// All ends, in declaration order.
    pub const ALL: [Self; 6] =
        [Self::Complete, Self::ClientError, Self::Refused, Self::Failed, Self::Cut, Self::ClientLeft];

    /// The stable name, for labels and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::ClientError => "client_error",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cut => "cut",
            Self::ClientLeft => "client_left",
        }
    }
}

impl Serialize for End {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

fn date<S: Serializer>(at: &WallTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&line::rfc3339(*at))
}

fn capped<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(line::cap(text))
}

fn capped_option<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().map(line::cap).serialize(serializer)
}
