//! Healthy answers in the shapes OpenAI, Anthropic, Google and Amazon send, and the errors a provider gives for bad requests.
//!
//! In: a [`Call`] and the caller's [`Shelf`]. Out: an [`Answer`] with all its bytes. Pure: the same call on the same
//! shelf gives the same answer, so a test can expect exact bytes.

mod anthropic;
mod audio;
mod bedrock;
mod call;
mod canned;
mod chat;
mod completions;
mod embeddings;
mod errors;
mod eventstream;
mod framing;
mod gemini;
mod images;
mod lists;
mod responses;
mod schema;
mod shelf;
mod stored;
mod text;
mod turn;

pub(crate) use call::Call;
use call::Door;
pub(crate) use canned::canned;
pub(crate) use errors::{default_error, error_status, quota_spent, rate_limited, unknown_token};
pub(crate) use framing::Framing;
pub(crate) use shelf::Shelf;

use bytes::Bytes;
use claviger_types::Operation;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

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
        answer.set("content-type", framing.content_type());
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

/// The answer of a healthy provider.
pub(crate) fn answer(call: &Call, shelf: &mut Shelf) -> Answer {
    let made = errors::complaint(call).unwrap_or_else(|| dispatch(call, shelf));
    let mut made = made.framed(call.framing());
    let id = format!("req_{:016x}{:016x}", call.digest(), call.digest().rotate_left(17));
    made.set("x-request-id", &id);
    match call.framing() {
        Framing::Anthropic => made.set("request-id", &id),
        Framing::Bedrock => made.set("x-amzn-requestid", &id),
        Framing::Gemini | Framing::GeminiList => {}
        Framing::OpenAi | Framing::Responses => {
            made.set("openai-version", "2020-10-01");
            made.set("openai-processing-ms", "7");
        }
    }
    made
}

fn dispatch(call: &Call, shelf: &mut Shelf) -> Answer {
    match call.door {
        Door::Gemini(action) => return gemini::gemini(call, action),
        Door::Bedrock => return bedrock::converse(call),
        Door::CountTokens => return anthropic::count_tokens(call),
        Door::ByOperation => {}
    }
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
        Operation::Rerank | Operation::RerankV2 | Operation::QwenRerank => lists::rerank(call),
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
