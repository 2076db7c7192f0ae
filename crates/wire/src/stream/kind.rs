//! How streams of an operation look, as far as this crate knows.

use claviger_types::Operation;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// All shapes are known, and a complete stream ends in an event of its own.
    Terminated,
    /// All shapes are known; the end of the bytes is the end.
    Open,
    /// Events may have shapes that no table has.
    Unknown,
}

impl Kind {
    pub(super) const fn is_known(self) -> bool {
        match self {
            Self::Terminated | Self::Open => true,
            Self::Unknown => false,
        }
    }
}

pub(super) const fn kind(operation: Operation) -> Kind {
    match operation {
        Operation::ChatCompletions | Operation::Completions | Operation::Responses | Operation::AnthropicMessages => {
            Kind::Terminated
        }
        Operation::AnthropicComplete
        | Operation::GeminiGenerateContent
        | Operation::GeminiStreamGenerateContent
        | Operation::ImageGeneration
        | Operation::ImageEdit
        | Operation::QwenAigc => Kind::Open,
        Operation::Embeddings
        | Operation::ImageVariation
        | Operation::AudioSpeech
        | Operation::AudioTranscription
        | Operation::AudioTranslation
        | Operation::Moderations
        | Operation::Realtime
        | Operation::RetrieveResponse
        | Operation::Models
        | Operation::RetrieveModel
        | Operation::Files
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
        | Operation::CheckpointPermissions
        | Operation::DeleteCheckpointPermission
        | Operation::Videos
        | Operation::RetrieveVideo
        | Operation::RetrieveVideoContent
        | Operation::VideoRemix
        | Operation::Rerank
        | Operation::RerankV2
        | Operation::QwenRerank
        | Operation::Conversations
        | Operation::QwenTasks
        | Operation::Other => Kind::Unknown,
    }
}
