//! The dialects by name: which there are, and who speaks them. A new one is a line in the table below.

use bytes::Bytes;
use claviger_types::{Dialect, Operation};

use crate::codec::{Client, Upstream};
use crate::{
    anthropic, bedrock, cohere, cohere_v1, coze, deepl, dify, gemini, hunyuan, minimax, openai_chat, openai_responses,
    qwen, spark, triton,
};
use crate::{audio, embeddings, images, rerank};

/// A side of a dialect: `None` where nobody speaks it.
macro_rules! side {
    () => {
        None
    };
    ($side:expr) => {
        Some(&$side)
    };
}

macro_rules! protocols {
    ($($(#[$doc:meta])* $variant:ident = $name:literal { $(client: $client:expr,)? $(upstream: $upstream:expr,)?
        $(embeddings_client: $embeds_for:expr,)? $(embeddings_upstream: $embeds:expr,)?
        $(images: $draws:expr,)? $(audio: $speaks:expr,)? $(rerank: $ranks:expr,)? })*) => {
        /// A wire protocol for conversations. Finer than [`Dialect`], which says how a caller is answered: OpenAI has
        /// two.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Protocol { $($(#[$doc])* $variant,)* }

        impl Protocol {
            /// All.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable name: rows, labels, folders of fixtures.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its caller's side. `None`: no caller speaks it.
            pub fn client(self) -> Option<&'static dyn Client> {
                match self { $(Self::$variant => side!($($client)?),)* }
            }

            /// Its provider's side. `None`: no provider speaks it.
            pub fn upstream(self) -> Option<&'static dyn Upstream> {
                match self { $(Self::$variant => side!($($upstream)?),)* }
            }

            /// The caller's side of its embeddings, if it has them.
            pub fn embeddings_client(self) -> Option<&'static dyn embeddings::Client> {
                match self { $(Self::$variant => side!($($embeds_for)?),)* }
            }

            /// The provider's side of its embeddings, if it has them.
            pub fn embeddings_upstream(self) -> Option<&'static dyn embeddings::Upstream> {
                match self { $(Self::$variant => side!($($embeds)?),)* }
            }

            /// The provider's side of its images, if they are not OpenAI's.
            pub fn images(self) -> Option<&'static dyn images::Upstream> {
                match self { $(Self::$variant => side!($($draws)?),)* }
            }

            /// The provider's side of its speech and transcripts, if they are not OpenAI's.
            pub fn audio(self) -> Option<&'static dyn audio::Upstream> {
                match self { $(Self::$variant => side!($($speaks)?),)* }
            }

            /// The provider's side of its reranking, if it is not the one that all others copy.
            pub fn rerank(self) -> Option<&'static dyn rerank::Upstream> {
                match self { $(Self::$variant => side!($($ranks)?),)* }
            }
        }
    };
}

protocols! {
    /// OpenAI chat completions, and all who copy them.
    OpenAiChat = "openai-chat" {
        client: openai_chat::OpenAiChat, upstream: openai_chat::OpenAiChat,
        embeddings_client: embeddings::OpenAi, embeddings_upstream: embeddings::OpenAi,
    }
    /// OpenAI responses.
    OpenAiResponses = "openai-responses" {
        client: openai_responses::OpenAiResponses,
        upstream: openai_responses::OpenAiResponses,
    }
    /// Anthropic messages.
    Anthropic = "anthropic" { client: anthropic::Anthropic, upstream: anthropic::Anthropic, }
    /// Gemini's `generateContent`, also at Vertex.
    Gemini = "gemini" {
        client: gemini::Gemini, upstream: gemini::Gemini,
        embeddings_client: gemini::Gemini, embeddings_upstream: gemini::Gemini,
        images: gemini::Gemini, audio: gemini::Gemini,
    }
    /// AWS Bedrock Converse.
    Bedrock = "bedrock" {
        upstream: bedrock::Bedrock, embeddings_upstream: bedrock::Bedrock, images: bedrock::Bedrock,
        rerank: bedrock::Bedrock,
    }
    /// Cohere chat, version 2.
    Cohere = "cohere" { upstream: cohere::Cohere, embeddings_upstream: cohere::Cohere, rerank: cohere::Cohere, }
    /// Cohere chat, version 1.
    CohereV1 = "cohere-v1" { upstream: cohere_v1::CohereV1, embeddings_upstream: cohere::Cohere, }
    /// Qwen's own dialect, DashScope generation.
    Qwen = "qwen" {
        upstream: qwen::Qwen, embeddings_upstream: qwen::Qwen, images: qwen::Qwen, audio: qwen::Qwen,
        rerank: qwen::Qwen,
    }
    /// Tencent Hunyuan's signed API.
    Hunyuan = "hunyuan" { upstream: hunyuan::Hunyuan, }
    /// MiniMax' older dialect.
    MiniMaxPro = "minimax-pro" { upstream: minimax::MiniMaxPro, }
    /// iFlytek Spark.
    Spark = "spark" { upstream: spark::Spark, }
    /// Dify applications.
    Dify = "dify" { upstream: dify::Dify, }
    /// DeepL.
    DeepL = "deepl" { upstream: deepl::DeepL, }
    /// Triton's generate extension.
    Triton = "triton" { upstream: triton::Triton, }
    /// Coze bots.
    Coze = "coze" { upstream: coze::Coze, }
}

impl Protocol {
    /// The body of a request that passes untranslated, without what another vendor left in the conversation and this
    /// one refuses. `None`: there is nothing of the kind.
    pub fn cleaned(self, body: &Bytes) -> Option<Bytes> {
        (self == Self::Anthropic).then(|| anthropic::without_foreign_thoughts(body))?
    }

    /// The protocol with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|protocol| protocol.name() == name)
    }

    /// What the caller speaks. `None`: the operation is no conversation, or its dialect is not translated.
    pub const fn of_caller(dialect: Dialect, operation: Operation) -> Option<Self> {
        match (dialect, operation) {
            (Dialect::OpenAi, Operation::ChatCompletions) => Some(Self::OpenAiChat),
            (Dialect::OpenAi, Operation::Responses) => Some(Self::OpenAiResponses),
            (Dialect::Anthropic, Operation::AnthropicMessages) => Some(Self::Anthropic),
            (Dialect::Gemini, Operation::GeminiGenerateContent | Operation::GeminiStreamGenerateContent) => {
                Some(Self::Gemini)
            }
            _ => None,
        }
    }
}
