//! What a path asks for.
//!
//! In: a path as received. Out: the operation, the dialect its errors are written in, and the ids inside the path.
//! The tables are those of Higress ai-proxy v2.2.1 (suffixes first, then patterns; any prefix may come before `/v1`)
//! with moderations, models and stored responses added.

use std::borrow::Cow;

use claviger_types::{Dialect, Operation};

#[cfg(test)]
mod tests;

/// Tested first, on the end of the decoded path.
const SUFFIXES: &[(&str, Operation)] = &[
    ("/v1/chat/completions", Operation::ChatCompletions),
    ("/v1/completions", Operation::Completions),
    ("/v1/responses", Operation::Responses),
    ("/v1/embeddings", Operation::Embeddings),
    ("/v1/messages", Operation::AnthropicMessages),
    ("/v1/audio/speech", Operation::AudioSpeech),
    ("/v1/audio/transcriptions", Operation::AudioTranscription),
    ("/v1/audio/translations", Operation::AudioTranslation),
    ("/v1/realtime", Operation::Realtime),
    ("/v1/images/generations", Operation::ImageGeneration),
    ("/v1/images/variations", Operation::ImageVariation),
    ("/v1/images/edits", Operation::ImageEdit),
    ("/v1/moderations", Operation::Moderations),
    ("/v1/batches", Operation::Batches),
    ("/v1/files", Operation::Files),
    ("/v1/models", Operation::Models),
    ("/v1/fine_tuning/jobs", Operation::FineTuningJobs),
    ("/v1/videos", Operation::Videos),
    ("/v1/complete", Operation::AnthropicComplete),
    ("/v1/rerank", Operation::Rerank),
    ("/v2/rerank", Operation::RerankV2),
    ("/v1/reranks", Operation::QwenRerank),
    ("/v1/conversations", Operation::Conversations),
];

/// What a path that is received as `path` (no query) asks for, and the dialect of its caller.
///
/// A path with a bad percent escape is [`Operation::Other`].
pub fn recognise(path: &str) -> (Operation, Dialect) {
    let Some(path) = decode(path) else { return (Operation::Other, Dialect::OpenAi) };
    let by_suffix = SUFFIXES.iter().find(|(suffix, _)| path.ends_with(suffix)).map(|(_, operation)| *operation);
    let operation = by_suffix.unwrap_or_else(|| find(&path).operation);
    // its followers ("Jina Reranker API", vLLM "Re-rank API", 2026-11) serve it without a version too
    let is_bare = operation == Operation::Other && is_bare_rerank(&path);
    let operation = if is_bare { Operation::Rerank } else { operation };
    (operation, dialect(operation, &path))
}

/// Whether a path asks for a ranking without saying of which version of the API.
pub fn is_bare_rerank(path: &str) -> bool {
    path.strip_suffix("/rerank").is_some_and(|before| {
        let last = before.rsplit('/').next().unwrap_or_default();
        !last.strip_prefix('v').is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
    })
}

/// The ids in a path as received, by the names that path templates use: `file_id`, `batch_id`, `video_id`,
/// `fine_tuning_job_id`, `fine_tuned_model_checkpoint`, `permission_id`, `response_id`, `model`. Escapes are kept.
pub fn ids(path: &str) -> Vec<(&'static str, &str)> {
    find(path).ids.into_iter().flatten().collect()
}

/// The model that the path itself names (Gemini, `/v1/models/ID`), decoded.
pub(crate) fn model_in(path: &str) -> Option<String> {
    // every pattern with a model in it has this
    memchr::memmem::find(path.as_bytes(), b"/models/")?;
    let (_, raw) = ids(path).into_iter().find(|(name, _)| *name == "model")?;
    decode(raw).map(Cow::into_owned)
}

/// Percent escapes resolved. `None` when one is malformed or the outcome is not UTF-8.
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        out.push(digit()? << 4 | digit()?);
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

fn dialect(operation: Operation, path: &str) -> Dialect {
    let name = operation.name();
    // The paths that an unknown operation may have: `/v1/messages/count_tokens`, `/v1beta/models/M:countTokens`.
    let unknown = operation == Operation::Other;
    if name.starts_with("anthropic/") || unknown && path.contains("/v1/messages/") {
        Dialect::Anthropic
    } else if name.starts_with("gemini/") || unknown && (path.contains("/v1beta/") || is_geminis(path)) {
        Dialect::Gemini
    } else {
        Dialect::OpenAi
    }
}

/// What Gemini does beside generating, by the path's last word (also below `/v1`, "API versions", 2026-11).
const GEMINI_ACTIONS: [&str; 3] = ["countTokens", "embedContent", "batchEmbedContents"];

fn is_geminis(path: &str) -> bool {
    path.rsplit_once(':').is_some_and(|(_, action)| GEMINI_ACTIONS.contains(&action))
}

/// Whether a path that no operation has asks for something that changes nothing, so that it may be asked for twice:
/// counts of LLM tokens, Gemini's embeddings.
pub fn only_tells(path: &str) -> bool {
    is_geminis(path) || path.ends_with("/v1/messages/count_tokens")
}

struct Found<'p> {
    operation: Operation,
    ids: [Option<(&'static str, &'p str)>; 2],
}

impl<'p> Found<'p> {
    const NOTHING: Self = Self { operation: Operation::Other, ids: [None, None] };

    const fn with(operation: Operation, name: &'static str, id: &'p str) -> Self {
        Self { operation, ids: [Some((name, id)), None] }
    }
}

/// Matches the path's last segments against the patterns.
fn find(path: &str) -> Found<'_> {
    // The longest pattern has six segments.
    let mut tail = [""; 6];
    for (place, segment) in tail.iter_mut().rev().zip(path.rsplit('/')) {
        *place = segment;
    }
    match tail {
        [.., "v1", "batches", id] if is_id(id) => Found::with(Operation::RetrieveBatch, "batch_id", id),
        [.., "v1", "batches", id, "cancel"] if is_id(id) => Found::with(Operation::CancelBatch, "batch_id", id),
        [.., "v1", "files", id] if is_id(id) => Found::with(Operation::RetrieveFile, "file_id", id),
        [.., "v1", "files", id, "content"] if is_id(id) => Found::with(Operation::RetrieveFileContent, "file_id", id),
        [.., "v1", "videos", id] if is_id(id) => Found::with(Operation::RetrieveVideo, "video_id", id),
        [.., "v1", "videos", id, "content"] if is_id(id) => {
            Found::with(Operation::RetrieveVideoContent, "video_id", id)
        }
        [.., "v1", "videos", id, "remix"] if is_id(id) => Found::with(Operation::VideoRemix, "video_id", id),
        [.., "v1", "fine_tuning", "jobs", id] if is_id(id) => {
            Found::with(Operation::RetrieveFineTuningJob, "fine_tuning_job_id", id)
        }
        [.., "v1", "fine_tuning", "jobs", id, action] if is_id(id) => fine_tuning_action(id, action),
        [.., "v1", "fine_tuning", "checkpoints", id, "permissions"] if is_id(id) => {
            Found::with(Operation::CheckpointPermissions, "fine_tuned_model_checkpoint", id)
        }
        ["v1", "fine_tuning", "checkpoints", id, "permissions", permission] if is_id(id) && is_id(permission) => {
            Found {
                operation: Operation::DeleteCheckpointPermission,
                ids: [Some(("fine_tuned_model_checkpoint", id)), Some(("permission_id", permission))],
            }
        }
        _ => find_inside(path),
    }
}

fn fine_tuning_action<'p>(id: &'p str, action: &str) -> Found<'p> {
    let operation = match action {
        "events" => Operation::FineTuningJobEvents,
        "checkpoints" => Operation::FineTuningJobCheckpoints,
        "cancel" => Operation::CancelFineTuningJob,
        "resume" => Operation::ResumeFineTuningJob,
        "pause" => Operation::PauseFineTuningJob,
        _ => return Found::NOTHING,
    };
    Found::with(operation, "fine_tuning_job_id", id)
}

/// The patterns that end in something longer than a segment.
fn find_inside(path: &str) -> Found<'_> {
    if let Some((before, after)) = path.rsplit_once("/models/")
        && let Some((model, action)) = after.split_once(':')
        && is_id(model)
        && before.contains('/')
        && !before.ends_with('/')
    {
        // Higress matches the action's beginning only.
        if action.starts_with("generateContent") {
            return Found::with(Operation::GeminiGenerateContent, "model", model);
        }
        if action.starts_with("streamGenerateContent") {
            return Found::with(Operation::GeminiStreamGenerateContent, "model", model);
        }
        // Whole names only: models of others may have a colon in theirs.
        if GEMINI_ACTIONS.contains(&action) {
            return Found::with(Operation::Other, "model", model);
        }
    }
    if let Some((_, rest)) = path.split_once("/v1/responses/") {
        let id = rest.split('/').next().unwrap_or_default();
        if is_id(id) {
            return Found::with(Operation::RetrieveResponse, "response_id", id);
        }
    }
    // Model names may contain slashes.
    if let Some((_, model)) = path.split_once("/v1/models/")
        && model.split('/').all(is_id)
    {
        return Found::with(Operation::RetrieveModel, "model", model);
    }
    if path.contains("/api/v1/services/aigc/") {
        return Found { operation: Operation::QwenAigc, ids: [None, None] };
    }
    if path.contains("/api/v1/tasks/") {
        return Found { operation: Operation::QwenTasks, ids: [None, None] };
    }
    Found::NOTHING
}

/// Whether a segment can be an id. Dots alone would climb out of the folder the path names.
fn is_id(segment: &str) -> bool {
    !segment.is_empty() && segment != "." && segment != ".."
}
