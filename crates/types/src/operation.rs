//! What the client asks for, independent of the dialect it asks in.

/// A wire protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// OpenAI: chat completions, responses and the rest of `/v1`.
    OpenAi,
    /// Anthropic messages.
    Anthropic,
    /// Gemini `generateContent`.
    Gemini,
}

impl Dialect {
    /// The stable name, for labels and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What the client asks for. The names are those of Higress ai-proxy v2.2.1, which `capabilities`
        /// uses as keys, and ours where it has none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation { $($(#[$doc])* $variant,)* }

        impl Operation {
            /// All operations, in declaration order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name: capability key, label, log field.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

operations! {
    /// `POST /v1/chat/completions`
    ChatCompletions = "openai/v1/chatcompletions",
    /// `POST /v1/completions`
    Completions = "openai/v1/completions",
    /// `POST /v1/embeddings`
    Embeddings = "openai/v1/embeddings",
    /// `POST /v1/images/generations`
    ImageGeneration = "openai/v1/imagegeneration",
    /// `POST /v1/images/variations`, multipart
    ImageVariation = "openai/v1/imagevariation",
    /// `POST /v1/images/edits`, multipart
    ImageEdit = "openai/v1/imageedit",
    /// `POST /v1/audio/speech`, binary answer
    AudioSpeech = "openai/v1/audiospeech",
    /// `POST /v1/audio/transcriptions`, multipart
    AudioTranscription = "openai/v1/audiotranscription",
    /// `POST /v1/audio/translations`, multipart
    AudioTranslation = "openai/v1/audiotranslation",
    /// `POST /v1/moderations`
    Moderations = "openai/v1/moderations",
    /// `GET /v1/realtime`, WebSocket
    Realtime = "openai/v1/realtime",
    /// `POST /v1/responses`
    Responses = "openai/v1/responses",
    /// `/v1/responses/ID` and below
    RetrieveResponse = "openai/v1/retrieveresponse",
    /// `GET /v1/models`
    Models = "openai/v1/models",
    /// `GET /v1/models/ID`
    RetrieveModel = "openai/v1/retrievemodel",
    /// `/v1/files`
    Files = "openai/v1/files",
    /// `/v1/files/ID`
    RetrieveFile = "openai/v1/retrievefile",
    /// `GET /v1/files/ID/content`
    RetrieveFileContent = "openai/v1/retrievefilecontent",
    /// `/v1/batches`
    Batches = "openai/v1/batches",
    /// `GET /v1/batches/ID`
    RetrieveBatch = "openai/v1/retrievebatch",
    /// `POST /v1/batches/ID/cancel`
    CancelBatch = "openai/v1/cancelbatch",
    /// `/v1/fine_tuning/jobs`
    FineTuningJobs = "openai/v1/fine-tuningjobs",
    /// `GET /v1/fine_tuning/jobs/ID`
    RetrieveFineTuningJob = "openai/v1/retrievefine-tuningjob",
    /// `GET /v1/fine_tuning/jobs/ID/events`
    FineTuningJobEvents = "openai/v1/fine-tuningjobsevents",
    /// `GET /v1/fine_tuning/jobs/ID/checkpoints`
    FineTuningJobCheckpoints = "openai/v1/fine-tuningjobcheckpoints",
    /// `POST /v1/fine_tuning/jobs/ID/cancel`
    CancelFineTuningJob = "openai/v1/cancelfine-tuningjob",
    /// `POST /v1/fine_tuning/jobs/ID/resume`
    ResumeFineTuningJob = "openai/v1/resumefine-tuningjob",
    /// `POST /v1/fine_tuning/jobs/ID/pause`
    PauseFineTuningJob = "openai/v1/pausefine-tuningjob",
    /// `/v1/fine_tuning/checkpoints/ID/permissions`
    CheckpointPermissions = "openai/v1/fine-tuningjobcheckpointpermissions",
    /// `DELETE /v1/fine_tuning/checkpoints/ID/permissions/ID`
    DeleteCheckpointPermission = "openai/v1/deletefine-tuningjobcheckpointpermission",
    /// `/v1/videos`
    Videos = "openai/v1/videos",
    /// `/v1/videos/ID`
    RetrieveVideo = "openai/v1/retrievevideo",
    /// `GET /v1/videos/ID/content`
    RetrieveVideoContent = "openai/v1/retrievevideocontent",
    /// `POST /v1/videos/ID/remix`
    VideoRemix = "openai/v1/videoremix",
    /// `POST /v1/rerank`, `POST /rerank`
    Rerank = "cohere/v1/rerank",
    /// `POST /v2/rerank`
    RerankV2 = "cohere/v2/rerank",
    /// `POST /v1/reranks`
    QwenRerank = "qwen/v1/rerank",
    /// `/v1/conversations`
    Conversations = "qwen/v1/conversations",
    /// Qwen's native `/api/v1/services/aigc/…`
    QwenAigc = "qwen/v1/services/aigc",
    /// Qwen's native `/api/v1/tasks/…`
    QwenTasks = "qwen/v1/tasks",
    /// `POST /v1/messages`
    AnthropicMessages = "anthropic/v1/messages",
    /// `POST /v1/complete`
    AnthropicComplete = "anthropic/v1/complete",
    /// `POST /ANY/models/MODEL:generateContent`
    GeminiGenerateContent = "gemini/v1beta/generatecontent",
    /// `POST /ANY/models/MODEL:streamGenerateContent`
    GeminiStreamGenerateContent = "gemini/v1beta/streamgeneratecontent",
    /// Any other path: passed through the same engine.
    Other = "other",
}

impl Operation {
    /// The operation with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|operation| operation.name() == name)
    }

    /// Whether sending it twice could create or bill something twice, so that only failures which prove that nothing
    /// was done may be retried (DESIGN section 5).
    pub const fn creates(self) -> bool {
        match self {
            Self::Files
            | Self::Batches
            | Self::CancelBatch
            | Self::FineTuningJobs
            | Self::CancelFineTuningJob
            | Self::ResumeFineTuningJob
            | Self::PauseFineTuningJob
            | Self::CheckpointPermissions
            | Self::DeleteCheckpointPermission
            | Self::ImageGeneration
            | Self::ImageVariation
            | Self::ImageEdit
            | Self::AudioSpeech
            | Self::Videos
            | Self::VideoRemix
            | Self::Conversations
            | Self::QwenTasks
            | Self::Other => true,
            Self::ChatCompletions
            | Self::Completions
            | Self::Embeddings
            | Self::AudioTranscription
            | Self::AudioTranslation
            | Self::Moderations
            | Self::Realtime
            | Self::Responses
            | Self::RetrieveResponse
            | Self::Models
            | Self::RetrieveModel
            | Self::RetrieveFile
            | Self::RetrieveFileContent
            | Self::RetrieveBatch
            | Self::RetrieveFineTuningJob
            | Self::FineTuningJobEvents
            | Self::FineTuningJobCheckpoints
            | Self::RetrieveVideo
            | Self::RetrieveVideoContent
            | Self::Rerank
            | Self::RerankV2
            | Self::QwenRerank
            | Self::QwenAigc
            | Self::AnthropicMessages
            | Self::AnthropicComplete
            | Self::GeminiGenerateContent
            | Self::GeminiStreamGenerateContent => false,
        }
    }

    /// Whether the provider keeps state behind it that only the credential which made it can see (files, batches,
    /// stored responses, fine-tuning jobs, videos): later requests must reach the same credential.
    pub const fn is_stateful(self) -> bool {
        match self {
            Self::Responses
            | Self::RetrieveResponse
            | Self::Files
            | Self::RetrieveFile
            | Self::RetrieveFileContent
            | Self::Batches
            | Self::RetrieveBatch
            | Self::CancelBatch
            | Self::FineTuningJobs
            | Self::RetrieveFineTuningJob
            | Self::FineTuningJobEvents
            | Self::FineTuningJobCheckpoints
            | Self::CancelFineTuningJob
            | Self::ResumeFineTuningJob
            | Self::PauseFineTuningJob
            | Self::CheckpointPermissions
            | Self::DeleteCheckpointPermission
            | Self::Videos
            | Self::RetrieveVideo
            | Self::RetrieveVideoContent
            | Self::VideoRemix
            | Self::Conversations => true,
            Self::ChatCompletions
            | Self::Completions
            | Self::Embeddings
            | Self::ImageGeneration
            | Self::ImageVariation
            | Self::ImageEdit
            | Self::AudioSpeech
            | Self::AudioTranscription
            | Self::AudioTranslation
            | Self::Moderations
            | Self::Realtime
            | Self::Models
            | Self::RetrieveModel
            | Self::Rerank
            | Self::RerankV2
            | Self::QwenRerank
            | Self::QwenAigc
            | Self::QwenTasks
            | Self::AnthropicMessages
            | Self::AnthropicComplete
            | Self::GeminiGenerateContent
            | Self::GeminiStreamGenerateContent
            | Self::Other => false,
        }
    }
}
