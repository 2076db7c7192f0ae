//! What a dialect must be able to do: [`Client`] if callers speak it, [`Upstream`] if providers do.
//!
//! Both are stateless; what a translation must remember between request and answer is in [`Asked`].

use bytes::Bytes;
use claviger_types::Operation;
use claviger_wire::fault::{self, ErrorFields};
use std::fmt;
use std::sync::Arc;

use crate::hygiene::Hygiene;
use crate::kept::Kept;
use crate::model::{Answer, Dropped, Event, Fault, FaultKind, Request};
use crate::settings::Settings;
use crate::text::Text;

/// A dialect that callers speak.
pub trait Client: Sync {
    /// Reads a request. Unknown fields go into `extras`, parts that nobody else understands become opaque.
    ///
    /// # Errors
    /// When the caller made a mistake that no provider could make good: not JSON, fields of the wrong shape.
    fn read_request<'a>(&self, body: &'a str, context: &'a Context) -> Result<Request<'a>, Refused>;

    /// Writes a whole answer.
    fn write_answer(&self, answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>);

    /// What writes the answer to this request as a stream.
    fn stream_writer(&self, asked: &Asked) -> Box<dyn StreamWriter>;

    /// The media type of its streams.
    fn stream_type(&self, _asked: &Asked) -> &'static str {
        "text/event-stream"
    }

    /// Writes the answer to the question how many LLM tokens a request is.
    fn write_count(&self, input: u64, out: &mut Vec<u8>);

    /// Whether its callers can read the body of this failed answer as it stands: then it goes to them unchanged.
    fn can_read_fault(&self, _body: &[u8]) -> bool {
        false
    }

    /// Writes the body of a failed answer.
    fn write_fault(&self, fault: &Fault<'_>, out: &mut Vec<u8>);
}

/// A dialect that providers speak.
pub trait Upstream: Sync {
    /// The operation that serves a conversation here: decides the path.
    fn operation(&self, stream: bool) -> Operation;

    /// Whether its answers can come as streams. If not, a caller who wants one gets the whole answer told as one.
    fn streams(&self) -> bool {
        true
    }

    /// Whether its answers come as streams whatever is asked for. Then a whole answer is read from a stream that is over.
    fn only_streams(&self) -> bool {
        false
    }

    /// Writes a request and notes each field of it that has no place here.
    ///
    /// # Errors
    /// When the provider would certainly refuse what is left.
    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused>;

    /// The body of a caller of OpenAI chat as it goes up, for providers that read OpenAI's requests and answer in words of
    /// their own: nothing of it is lost. `None`: the request is written anew.
    fn pass_request(&self, _body: &[u8], _request: &Request<'_>, _context: &Context) -> Option<Bytes> {
        None
    }

    /// The body that asks how many LLM tokens this request is, made of what [`Upstream::write_request`] wrote. `None`:
    /// such providers are not asked.
    fn count_request(&self, _written: &[u8], _context: &Context) -> Option<Vec<u8>> {
        None
    }

    /// Reads the answer to it.
    fn read_count(&self, _body: &str) -> Option<u64> {
        None
    }

    /// Reads a whole answer of a good status.
    ///
    /// # Errors
    /// When it is not what the dialect sends.
    fn read_answer<'a>(&self, body: &'a str, asked: &'a Asked) -> Result<Answer<'a>, Unreadable>;

    /// What reads the answer as a stream.
    fn stream_reader(&self, asked: &Asked) -> Box<dyn StreamReader>;

    /// Reads the body of a failed answer.
    fn read_fault(&self, status: u16, body: &[u8]) -> Fault<'static> {
        read_fault(status, body)
    }

    /// The failure that the body of a good status tells of, when it holds no answer.
    fn hidden_fault(&self, status: u16, body: &[u8]) -> Option<Fault<'static>> {
        fault::in_json(body).map(|_| self.read_fault(status, body))
    }
}

/// Takes the events a reader finds.
pub type Sink<'s> = &'s mut dyn FnMut(Event<'_>);

/// Reads a stream, in bytes cut anywhere.
pub trait StreamReader: Send {
    /// Takes the next bytes.
    fn push(&mut self, chunk: Bytes, sink: Sink<'_>);

    /// The bytes have ended. Gives [`Event::End`] if the answer was complete and it was not given yet.
    fn finish(&mut self, sink: Sink<'_>);
}

/// Writes a stream. After [`Event::End`] or [`Event::Fault`] it is not called again.
pub trait StreamWriter: Send {
    /// Writes what this event means in the dialect: nothing, one event or several.
    fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>);
}

/// What is known beside the body when a request is translated.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The caller's model, if it stands outside the body (Gemini's path).
    pub named_model: Option<String>,
    /// Whether the caller asked for a stream outside the body (Gemini's path).
    pub stream: bool,
    /// Whether a stream is to be a JSON array instead of events (Gemini without `alt=sse`).
    pub array_stream: bool,
    /// The provider's name of the model, after mapping; otherwise the caller's is sent.
    pub model: Option<String>,
    /// Unix seconds: dialects without a time of their own get this one.
    pub now: u64,
    /// A random number: dialects without ids of their own get ids made of it.
    pub nonce: u64,
    /// The conversation that goes on, if the caller named it outside the body (header `ConversationId`; Dify).
    pub conversation: Option<String>,
    /// The provider's ways.
    pub profile: Profile,
    /// What the reader of the request makes anew.
    pub kept: Kept,
}

/// How a provider differs from the dialect it speaks. The default is the dialect as its vendor documents it.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// How it wants earlier thoughts back (OpenAI chat).
    pub thoughts_back: ThoughtsBack,
    /// How it is told how much to think (OpenAI chat).
    pub reasoning_form: ReasoningForm,
    /// It knows no `developer` role (OpenAI chat).
    pub no_developer: bool,
    /// How it is told what to cache (OpenAI chat).
    pub cache_form: CacheForm,
    /// It refuses the field `user` (OpenAI chat).
    pub no_user: bool,
    /// Its limit of output is called `max_completion_tokens` for all models (OpenAI chat).
    pub max_completion_tokens: bool,
    /// The credential is Claude Code's: the system prompt must begin with its sentence (Anthropic).
    pub claude_code: bool,
    /// The model stands in the path alone, and the answer's name for it is one of the inside (Anthropic, at Vertex).
    pub unnamed: bool,
    /// What the configuration says about one dialect alone.
    pub settings: Settings,
    /// What the operator wants tidied where neither side speaks OpenAI chat.
    pub hygiene: Option<Arc<Hygiene>>,
}

/// How a provider that speaks OpenAI chat is told how much to think.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReasoningForm {
    /// In a word: `reasoning_effort` (API reference, 2026-11).
    #[default]
    Effort,
    /// In LLM tokens where the caller named them: `reasoning.max_tokens` (OpenRouter, "Reasoning tokens", 2026-11).
    Budget,
    /// On or off, and on if nothing is said: `thinking.type` (Zhipu, "Thinking mode", 2026-11).
    Switch,
}

/// How a provider that speaks OpenAI chat is told that the prompt may be cached up to a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheForm {
    /// In Anthropic's form, `cache_control`, as OpenAI's followers that know marks at all have it (2026-11).
    #[default]
    CacheControl,
    /// `prompt_cache_breakpoint` (OpenAI, "Prompt caching", 2026-11).
    Breakpoint,
    /// Not at all.
    No,
}

/// How a provider that speaks OpenAI chat wants earlier thoughts back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThoughtsBack {
    /// Not at all: OpenAI's chat completions have no place for them (API reference, 2026-11).
    #[default]
    No,
    /// As text in `reasoning_content` (DeepSeek, Moonshot, Zhipu with tools, 2026-11).
    Content,
    /// With seals in `reasoning_details` (OpenRouter, "Reasoning tokens", 2026-11).
    Details,
}

/// What an answer must know of its request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The model that was asked, for answers that name none: after mapping.
    pub model: String,
    /// Whether the caller asked for a stream.
    pub stream: bool,
    /// Whether the caller wants the usage of a stream.
    pub include_usage: bool,
    /// Whether a stream is to be a JSON array instead of events.
    pub array_stream: bool,
    /// Whether the model may call tools.
    pub has_tools: bool,
    /// Whether the answer names the model as it was asked for, whatever the provider calls it.
    pub unnamed: bool,
    /// Unix seconds.
    pub now: u64,
    /// A random number, for ids.
    pub nonce: u64,
    /// What the configuration says about the provider's dialect alone.
    pub settings: Settings,
    /// What the reader of the answer makes anew.
    pub kept: Kept,
}

impl Asked {
    /// An id with this prefix; the same for the whole answer.
    pub fn id(&self, prefix: &str) -> String {
        format!("{prefix}{:016x}", self.nonce)
    }
}

/// A request that cannot be translated: the caller's mistake, a 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// A sentence for the caller, without final stop. Never repeats the body.
    pub message: String,
    /// The field at fault.
    pub param: Option<&'static str>,
}

impl Refused {
    /// A mistake in this field.
    pub fn field(param: &'static str, message: impl Into<String>) -> Self {
        Self { message: message.into(), param: Some(param) }
    }

    /// As the caller is told of it.
    pub fn fault(&self) -> Fault<'_> {
        Fault {
            status: 400,
            kind: FaultKind::InvalidRequest,
            code: None,
            message: self.message.as_str().into(),
            param: self.param.map(Text::from),
        }
    }
}

impl From<serde_json::Error> for Refused {
    fn from(error: serde_json::Error) -> Self {
        Self { message: claviger_wire::json::JsonError::from(error).to_string(), param: None }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

/// An answer that is not what the provider's dialect sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Why, for the log. Never repeats the body.
    pub message: String,
}

impl From<serde_json::Error> for Unreadable {
    fn from(error: serde_json::Error) -> Self {
        Self { message: claviger_wire::json::JsonError::from(error).to_string() }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unreadable {}

/// Reads a failure from the fields in which all known providers put it.
pub(crate) fn read_fault(status: u16, body: &[u8]) -> Fault<'static> {
    let fields = fault::in_json(body).unwrap_or_default();
    let status = if status < 400 { fields.status.unwrap_or(0) } else { status };
    let kind = match status {
        400..=599 => FaultKind::of_status(status),
        _ => kind_of(&fields),
    };
    let ErrorFields { code, kind: word, message, reason, .. } = fields;
    let code = [code, reason].into_iter().find(|word| !word.is_empty() && word.parse::<u32>().is_err());
    let message = match (message.is_empty(), word.is_empty()) {
        (false, _) => message,
        (true, false) => word,
        (true, true) => said_plainly(body)
            .map_or_else(|| format!("the provider answered with status {status} and no reason"), str::to_owned),
    };
    Fault {
        status: if (400..=599).contains(&status) { status } else { kind.status() },
        kind,
        code: code.map(Text::from),
        message: message.into(),
        param: None,
    }
}

/// A failure told as a line of plain text; pages and broken JSON tell a person nothing.
fn said_plainly(body: &[u8]) -> Option<&str> {
    const LONGEST: usize = 500;
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_plain = !text.starts_with(['<', '{', '[', '"']) && !text.contains(char::is_control);
    (is_plain && !text.is_empty() && text.len() <= LONGEST).then_some(text)
}

/// The kind of a failure that came without a status, by the words of OpenAI, Anthropic and Google (2026-11).
fn kind_of(fields: &ErrorFields) -> FaultKind {
    match fields.kind.as_str() {
        "invalid_request_error" | "INVALID_ARGUMENT" | "FAILED_PRECONDITION" => FaultKind::InvalidRequest,
        "authentication_error" | "UNAUTHENTICATED" => FaultKind::Authentication,
        "billing_error" | "insufficient_quota" => FaultKind::Billing,
        "permission_error" | "PERMISSION_DENIED" => FaultKind::Permission,
        "not_found_error" | "NOT_FOUND" => FaultKind::NotFound,
        "request_too_large" => FaultKind::TooLarge,
        "rate_limit_error" | "rate_limit_exceeded" | "RESOURCE_EXHAUSTED" => FaultKind::RateLimit,
        "timeout_error" | "DEADLINE_EXCEEDED" => FaultKind::Timeout,
        "overloaded_error" | "UNAVAILABLE" => FaultKind::Overloaded,
        _ => fields.code.parse().map_or(FaultKind::Server, FaultKind::of_status),
    }
}
