//! Healthy answers in the shapes OpenAI and Anthropic send, and the errors a provider gives for bad requests.
//!
//! In: a [`Call`] and the caller's [`Shelf`]. Out: an [`Answer`] with all its bytes. Pure: the same call on the same
//! shelf gives the same answer, so a test can expect exact bytes.

mod anthropic;
mod audio;
mod call;
mod canned;
mod chat;
mod completions;
mod embeddings;
mod errors;
mod images;
mod lists;
mod responses;
mod schema;
mod shelf;
mod stored;
mod text;

pub(crate) use call::Call;
pub(crate) use canned::canned;
pub(crate) use errors::{default_error, error_status, quota_spent, unknown_token};
pub(crate) use shelf::Shelf;

use bytes::Bytes;
use claviger_types::Operation;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// The moment every answer claims to be made at: 2023-11-14T22:13:20Z, so that answers do not depend on a clock.
pub(crate) const CREATED: u64 = 1_700_000_000;

/// An answer before faults and shaping.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// How events and errors of this operation look.
    pub(crate) framing: Framing,
    pub(crate) body: AnswerBody,
}

/// A body: all of it, or event by event.
#[derive(Clone, Debug)]
pub(crate) enum AnswerBody {
    Whole(Bytes),
    /// Each is a complete event with its blank line.
    Events(Vec<Bytes>),
}

/// How a family of operations frames events and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `data:` lines, `[DONE]` at the end.
    OpenAi,
    /// Named events, `response.completed` at the end.
    Responses,
    /// Named events, `message_stop` at the end.
    Anthropic,
}

impl Answer {
    /// An empty answer.
    pub(crate) fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = AnswerBody::Whole(Bytes::new());
        Self { status, headers: HeaderMap::new(), framing: Framing::OpenAi, body }
    }

    /// A 200 with this JSON.
    pub(crate) fn json(value: &Value) -> Self {
        Self::status(200).with_json(value)
    }

    /// A 200 that streams `events`, each already framed.
    pub(crate) fn events(events: Vec<Bytes>, framing: Framing) -> Self {
        let mut answer = Self::status(200).framed(framing);
        answer.set("content-type", "text/event-stream; charset=utf-8");
        answer.set("cache-control", "no-cache, must-revalidate");
        answer.body = AnswerBody::Events(events);
        answer
    }

    pub(crate) fn with_json(self, value: &Value) -> Self {
        self.with_bytes(value.to_string().into(), "application/json")
    }

    pub(crate) fn with_bytes(mut self, bytes: Bytes, content_type: &'static str) -> Self {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = AnswerBody::Whole(bytes);
        self
    }

    pub(crate) fn framed(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// Sets a header; a value HTTP cannot carry is left out.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
    }
}

impl Framing {
    /// How `operation` is framed.
    pub(crate) const fn of(operation: Operation) -> Self {
        if matches!(operation, Operation::Responses | Operation::RetrieveResponse) {
            Self::Responses
        } else if matches!(operation, Operation::AnthropicMessages | Operation::AnthropicComplete) {
            Self::Anthropic
        } else {
            Self::OpenAi
        }
    }

    /// One event on the wire; the name is left out where the family has none.
    pub(crate) fn frame(self, name: &str, data: &[u8]) -> Bytes {
        let mut frame = Vec::with_capacity(data.len() + name.len() + 16);
        if self != Self::OpenAi {
            frame.extend_from_slice(b"event: ");
            frame.extend_from_slice(name.as_bytes());
            frame.push(b'\n');
        }
        frame.extend_from_slice(b"data: ");
        frame.extend_from_slice(data);
        frame.extend_from_slice(b"\n\n");
        frame.into()
    }

    /// One event named by its own `type`.
    pub(crate) fn event(self, data: &Value) -> Bytes {
        self.frame(data["type"].as_str().unwrap_or_default(), data.to_string().as_bytes())
    }

    /// The default error inside a stream.
    pub(crate) fn error_event(self) -> Value {
        match self {
            Self::Responses => json!({
                "type": "error", "code": "server_error", "param": null, "sequence_number": 4,
                "message": "The server had an error while processing your request. Sorry about that!",
            }),
            Self::OpenAi | Self::Anthropic => default_error(500, self),
        }
    }

    /// How many events of a text stream come before its first content.
    pub(crate) const fn events_before_content(self) -> usize {
        match self {
            Self::OpenAi => 1,    // the role
            Self::Responses => 4, // created, in_progress, output_item.added, content_part.added
            Self::Anthropic => 3, // message_start, content_block_start, ping
        }
    }
}

/// The answer of a healthy provider.
pub(crate) fn answer(call: &Call, shelf: &mut Shelf) -> Answer {
    let made = errors::complaint(call).unwrap_or_else(|| dispatch(call, shelf));
    let mut made = made.framed(call.framing());
    let id = format!("req_{:016x}{:016x}", call.digest(), call.digest().rotate_left(17));
    made.set("x-request-id", &id);
    if call.framing() == Framing::Anthropic {
        made.set("request-id", &id);
    } else {
        made.set("openai-version", "2020-10-01");
        made.set("openai-processing-ms", "7");
    }
    made
}

fn dispatch(call: &Call, shelf: &mut Shelf) -> Answer {
    match call.operation {
        Operation::ChatCompletions => chat::chat(call),
        Operation::Completions => completions::completions(call),
        Operation::Embeddings => embeddings::embeddings(call),
        Operation::ImageGeneration | Operation::ImageEdit | Operation::ImageVariation => images::images(call),
        Operation::AudioSpeech => audio::speech(call),
        Operation::AudioTranscription | Operation::AudioTranslation => audio::transcript(call),
        Operation::Moderations => lists::moderations(call),
        Operation::Models => lists::models(),
        Operation::RetrieveModel => lists::model(call),
        Operation::Rerank | Operation::QwenRerank => lists::rerank(call),
        Operation::Responses => responses::create(call, shelf),
        Operation::RetrieveResponse => responses::stored(call, shelf),
        Operation::AnthropicMessages => anthropic::messages(call),
        Operation::Files
        | Operation::RetrieveFile
        | Operation::RetrieveFileContent
        | Operation::Batches
        | Operation::RetrieveBatch
        | Operation::CancelBatch
        | Operation::FineTuningJobs
        | Operation::RetrieveFineTuningJob
        | Operation::FineTuningJobEvents
        | Operation::FineTuningJobCheckpoints
        | Operation::CancelFineTuningJob
        | Operation::ResumeFineTuningJob
        | Operation::PauseFineTuningJob
        | Operation::Videos
        | Operation::RetrieveVideo
        | Operation::RetrieveVideoContent
        | Operation::VideoRemix => stored::stored(call, shelf),
        Operation::Realtime
        | Operation::CheckpointPermissions
        | Operation::DeleteCheckpointPermission
        | Operation::Conversations
        | Operation::QwenAigc
        | Operation::QwenTasks
        | Operation::AnthropicComplete
        | Operation::GeminiGenerateContent
        | Operation::GeminiStreamGenerateContent
        | Operation::Other => errors::unknown_url(call),
    }
}
