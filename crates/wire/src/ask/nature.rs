//! What each operation takes.

use claviger_types::Operation;

/// The body an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// A JSON object and nothing else.
    Json,
    /// A form, which is checked if it is one.
    Form,
    /// Whatever the provider takes.
    Anything,
}

/// What is fixed about requests of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Nature {
    pub(super) takes: Takes,
    /// Only POST makes sense on its path.
    pub(super) post_only: bool,
    /// `stream` in the body asks for a stream.
    pub(super) streams: bool,
}

/// The table.
pub(super) const fn nature(operation: Operation) -> Nature {
    let (takes, post_only, streams) = match operation {
        Operation::ChatCompletions
        | Operation::Completions
        | Operation::Responses
        | Operation::ImageGeneration
        | Operation::AudioSpeech
        | Operation::AnthropicMessages
        | Operation::AnthropicComplete => (Takes::Json, true, true),
        Operation::Embeddings
        | Operation::Moderations
        | Operation::Rerank
        | Operation::RerankV2
        | Operation::QwenRerank
        | Operation::GeminiGenerateContent
        | Operation::GeminiStreamGenerateContent => (Takes::Json, true, false),
        Operation::ImageEdit | Operation::AudioTranscription => (Takes::Form, true, true),
        Operation::ImageVariation | Operation::AudioTranslation => (Takes::Form, true, false),
        Operation::QwenAigc => (Takes::Anything, true, true),
        Operation::CancelBatch
        | Operation::CancelFineTuningJob
        | Operation::ResumeFineTuningJob
        | Operation::PauseFineTuningJob
        | Operation::VideoRemix => (Takes::Anything, true, false),
        Operation::Realtime
        | Operation::RetrieveResponse
        | Operation::Models
        | Operation::RetrieveModel
        | Operation::Files
        | Operation::RetrieveFile
        | Operation::RetrieveFileContent
        | Operation::Batches
        | Operation::RetrieveBatch
        | Operation::FineTuningJobs
        | Operation::RetrieveFineTuningJob
        | Operation::FineTuningJobEvents
        | Operation::FineTuningJobCheckpoints
        | Operation::CheckpointPermissions
        | Operation::DeleteCheckpointPermission
        | Operation::Videos
        | Operation::RetrieveVideo
        | Operation::RetrieveVideoContent
        | Operation::Conversations
        | Operation::QwenTasks
        | Operation::Other => (Takes::Anything, false, false),
    };
    Nature { takes, post_only, streams }
}
