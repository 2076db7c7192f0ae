//! A request as the answers see it.

use bytes::Bytes;
use claviger_types::Operation;
use http::{HeaderMap, Method, request::Parts};
use serde_json::Value;

use super::Framing;
use crate::faults::digest;

/// One request: what it asks for, and its body both raw and as JSON.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path as received, without query.
    pub(crate) path: String,
    /// Without `?`; empty when there is none.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The JSON body; null when it is none.
    pub(crate) json: Value,
    pub(crate) operation: Operation,
    /// What the path says beside the operation.
    pub(crate) door: Door,
    /// The path from the resource on: `["files", "ID", "content"]`.
    pub(crate) segments: Vec<String>,
    pub(crate) model: Option<String>,
    /// The least number of words in generated text.
    pub(crate) words: usize,
}

/// Paths whose answer the operation alone does not settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// All others.
    ByOperation,
    /// Google's `models/MODEL:ACTION`, and the list of models.
    Gemini(Action),
    /// Amazon's `model/MODEL/converse` and `converse-stream`.
    Bedrock,
    /// Anthropic's `messages/count_tokens`.
    CountTokens,
}

/// What Google's API is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Generate,
    Stream,
    CountTokens,
    Embed,
    BatchEmbed,
    ListModels,
}

/// The first path segment of each resource; what comes before is the provider's base path.
const RESOURCES: &[&str] = &[
    "chat",
    "completions",
    "embeddings",
    "images",
    "audio",
    "moderations",
    "realtime",
    "responses",
    "models",
    "files",
    "batches",
    "fine_tuning",
    "videos",
    "rerank",
    "reranks",
    "messages",
    "complete",
    "conversations",
];

impl Call {
    pub(crate) fn read(parts: &Parts, body: Bytes, words: usize) -> Self {
        let path = parts.uri.path().to_owned();
        let all: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let start = all.iter().position(|segment| RESOURCES.contains(segment)).unwrap_or(all.len());
        let segments: Vec<String> = all[start..].iter().map(|segment| (*segment).to_owned()).collect();
        let json: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let door = door(&parts.method, &all);
        let named = named_in_path(door, &all);
        let operation = match door {
            Door::Gemini(Action::Generate) => Operation::GeminiGenerateContent,
            Door::Gemini(Action::Stream) => Operation::GeminiStreamGenerateContent,
            Door::Gemini(Action::Embed | Action::BatchEmbed) => Operation::Embeddings,
            Door::Gemini(Action::ListModels) => Operation::Models,
            Door::Gemini(Action::CountTokens) | Door::CountTokens => Operation::Other,
            Door::Bedrock => Operation::ChatCompletions,
            Door::ByOperation => operation(&parts.method, &segments),
        };
        let mut call = Self {
            operation,
            door,
            method: parts.method.clone(),
            query,
            headers: parts.headers.clone(),
            model: json["model"].as_str().map(str::to_owned),
            body,
            json,
            segments,
            path,
            words,
        };
        if call.model.is_none() {
            call.model = named.or_else(|| call.field("model")).or_else(|| call.parameter("model").map(str::to_owned));
        }
        call
    }

    pub(crate) fn framing(&self) -> Framing {
        let sse = self.parameter("alt") == Some("sse");
        match (self.door, self.operation) {
            (Door::Gemini(Action::Stream), _) if !sse => Framing::GeminiList,
            (Door::Gemini(_), _) => Framing::Gemini,
            (Door::Bedrock, _) => Framing::Bedrock,
            (Door::CountTokens, _) => Framing::Anthropic,
            (Door::ByOperation, Operation::Responses | Operation::RetrieveResponse) => Framing::Responses,
            (Door::ByOperation, Operation::AnthropicMessages | Operation::AnthropicComplete) => Framing::Anthropic,
            (Door::ByOperation, _) => Framing::OpenAi,
        }
    }

    pub(crate) fn is_realtime(&self) -> bool {
        self.operation == Operation::Realtime
    }

    /// The model asked for, or a stand-in.
    pub(crate) fn model_or<'a>(&'a self, other: &'a str) -> &'a str {
        self.model.as_deref().unwrap_or(other)
    }

    pub(crate) fn streams(&self) -> bool {
        match self.door {
            Door::Gemini(action) => action == Action::Stream,
            Door::Bedrock => self.path.ends_with("/converse-stream"),
            Door::ByOperation | Door::CountTokens => self.json["stream"].as_bool().unwrap_or(false),
        }
    }

    /// A number that depends on path and body alone, for ids.
    pub(crate) fn digest(&self) -> u64 {
        digest(self.path.as_bytes()) ^ digest(&self.body).rotate_left(7)
    }

    /// A number that depends on the credential alone: keeps the ids of different tokens apart.
    pub(crate) fn salt(&self) -> u64 {
        let credentials = ["authorization", "x-api-key", "api-key", "x-goog-api-key"]
            .iter()
            .filter_map(|name| self.headers.get(*name));
        credentials.fold(0, |salt, value| salt ^ digest(value.as_bytes()))
    }

    /// A query parameter, as sent.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, v)| v)
    }

    /// A text field of a multipart body.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let part = self.parts().into_iter().find(|part| part.name == name && part.filename.is_none())?;
        Some(String::from_utf8_lossy(&part.content).into_owned())
    }

    /// The first file of a multipart body.
    pub(crate) fn file(&self) -> Option<Part> {
        self.parts().into_iter().find(|part| part.filename.is_some())
    }

    /// The parts of a multipart body; none when it is not one. Reads what well-behaved clients send, no more.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let content_type = self.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some((kind, rest)) = content_type.split_once(';') else { return Vec::new() };
        let Some((_, boundary)) = rest.split_once("boundary=") else { return Vec::new() };
        if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
            return Vec::new();
        }
        let boundary = boundary.split(';').next().unwrap_or_default().trim().trim_matches('"');
        split(&self.body, format!("--{boundary}").as_bytes()).into_iter().filter_map(Part::read).collect()
    }
}

/// One part of a multipart body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content: Vec<u8>,
}

impl Part {
    /// Reads what stands between two boundaries: a line break, headers, a blank line, content, a line break.
    fn read(raw: &[u8]) -> Option<Self> {
        let raw = raw.strip_prefix(b"\r\n")?;
        let at = find(raw, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&raw[..at]).into_owned();
        let content = &raw[at + 4..];
        let content = content.strip_suffix(b"\r\n").unwrap_or(content).to_vec();
        let quoted = |key: &str| {
            let (_, rest) = head.split_once(&format!("{key}=\""))?;
            rest.split_once('"').map(|(value, _)| value.to_owned())
        };
        Some(Self { name: quoted(" name").or_else(|| quoted(";name"))?, filename: quoted("filename"), content })
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

fn split<'a>(mut bytes: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = find(bytes, boundary) {
        pieces.push(&bytes[..at]);
        bytes = &bytes[at + boundary.len()..];
    }
    pieces
}

/// Whether a path is one of those that say more than an operation.
fn door(method: &Method, path: &[&str]) -> Door {
    if method == Method::GET && path == ["v1beta", "models"] {
        return Door::Gemini(Action::ListModels);
    }
    if method != Method::POST {
        return Door::ByOperation;
    }
    match path {
        [.., "messages", "count_tokens"] => Door::CountTokens,
        [.., "model", _, "converse" | "converse-stream"] => Door::Bedrock,
        [.., "models", last] => match last.split_once(':').map(|(_, action)| action) {
            Some("generateContent") => Door::Gemini(Action::Generate),
            Some("streamGenerateContent") => Door::Gemini(Action::Stream),
            Some("countTokens") => Door::Gemini(Action::CountTokens),
            Some("embedContent") => Door::Gemini(Action::Embed),
            Some("batchEmbedContents") => Door::Gemini(Action::BatchEmbed),
            Some(_) | None => Door::ByOperation,
        },
        _ => Door::ByOperation,
    }
}

/// The model, where the path names it.
fn named_in_path(door: Door, path: &[&str]) -> Option<String> {
    match door {
        Door::Gemini(Action::ListModels) | Door::ByOperation | Door::CountTokens => None,
        Door::Gemini(_) => path.last()?.split_once(':').map(|(model, _)| model.to_owned()),
        Door::Bedrock => path.iter().rev().nth(1).map(|model| model.replace("%3A", ":")),
    }
}

/// The operation of a path, from the resource on.
fn operation(method: &Method, segments: &[String]) -> Operation {
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let post = method == Method::POST;
    match segments.as_slice() {
        ["chat", "completions"] if post => Operation::ChatCompletions,
        ["completions"] if post => Operation::Completions,
        ["embeddings"] if post => Operation::Embeddings,
        ["images", "generations"] if post => Operation::ImageGeneration,
        ["images", "edits"] if post => Operation::ImageEdit,
        ["images", "variations"] if post => Operation::ImageVariation,
        ["audio", "speech"] if post => Operation::AudioSpeech,
        ["audio", "transcriptions"] if post => Operation::AudioTranscription,
        ["audio", "translations"] if post => Operation::AudioTranslation,
        ["moderations"] if post => Operation::Moderations,
        ["realtime"] => Operation::Realtime,
        ["responses"] if post => Operation::Responses,
        ["responses", ..] => Operation::RetrieveResponse,
        ["models"] => Operation::Models,
        ["models", ..] if !post => Operation::RetrieveModel,
        ["files"] => Operation::Files,
        ["files", _] => Operation::RetrieveFile,
        ["files", _, "content"] => Operation::RetrieveFileContent,
        ["batches"] => Operation::Batches,
        ["batches", _] => Operation::RetrieveBatch,
        ["batches", _, "cancel"] => Operation::CancelBatch,
        ["fine_tuning", "jobs"] => Operation::FineTuningJobs,
        ["fine_tuning", "jobs", _] => Operation::RetrieveFineTuningJob,
        ["fine_tuning", "jobs", _, "events"] => Operation::FineTuningJobEvents,
        ["fine_tuning", "jobs", _, "checkpoints"] => Operation::FineTuningJobCheckpoints,
        ["fine_tuning", "jobs", _, "cancel"] => Operation::CancelFineTuningJob,
        ["fine_tuning", "jobs", _, "resume"] => Operation::ResumeFineTuningJob,
        ["fine_tuning", "jobs", _, "pause"] => Operation::PauseFineTuningJob,
        ["videos"] => Operation::Videos,
        ["videos", _] => Operation::RetrieveVideo,
        ["videos", _, "content"] => Operation::RetrieveVideoContent,
        ["videos", _, "remix"] => Operation::VideoRemix,
        ["rerank"] if post => Operation::Rerank,
        ["reranks"] if post => Operation::QwenRerank,
        ["messages"] if post => Operation::AnthropicMessages,
        ["complete"] if post => Operation::AnthropicComplete,
        ["conversations", ..] => Operation::Conversations,
        _ => Operation::Other,
    }
}
