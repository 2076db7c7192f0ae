//! Settings of a provider's configuration that one dialect alone reads.

use std::sync::Arc;

use crate::bedrock::BedrockSettings;
use crate::deepl::DeepLSettings;
use crate::dify::DifySettings;
use crate::gemini::GeminiSettings;
use crate::qwen::QwenSettings;

/// The settings of the dialect that the provider speaks. Shared, because every request has them.
#[derive(Clone, Debug, Default)]
pub enum Settings {
    /// The dialect has none, or its defaults are meant.
    #[default]
    None,
    /// AWS Bedrock.
    Bedrock(Arc<BedrockSettings>),
    /// Gemini, also at Vertex.
    Gemini(Arc<GeminiSettings>),
    /// Qwen's own dialect.
    Qwen(Arc<QwenSettings>),
    /// Dify.
    Dify(Arc<DifySettings>),
    /// DeepL.
    DeepL(Arc<DeepLSettings>),
}
