//! What differs between the models that Bedrock serves, told by their name.

use crate::anthropic::Version;

/// Whose model it is, as far as that changes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Anthropic's.
    Claude(Version),
    /// Amazon's.
    Nova {
        /// Whether it can think: from the second generation on.
        thinks: bool,
    },
    /// OpenAI's open models.
    OpenAi,
    /// Named by a profile of the account's own, which does not tell.
    Hidden,
    /// Another.
    Other,
}

impl Family {
    /// Of a model id, an inference profile or an ARN, also percent-encoded ("Supported foundation models", 2026-11).
    pub(super) fn of(model: &str) -> Self {
        if model.contains("anthropic.claude") {
            return Self::Claude(Version::of(model));
        }
        if let Some((_, name)) = model.split_once("amazon.nova-") {
            return Self::Nova { thinks: name.starts_with('2') };
        }
        match model {
            _ if model.contains("openai.gpt-oss") => Self::OpenAi,
            _ if model.starts_with("arn:") || model.starts_with("arn%") => Self::Hidden,
            _ => Self::Other,
        }
    }

    /// Whether it caches prompts ("Prompt caching: supported models", 2026-11).
    pub(super) const fn caches(self) -> bool {
        matches!(self, Self::Claude(_) | Self::Nova { .. })
    }

    /// Whether it may be Claude, whose sealed thoughts must come back.
    pub(super) const fn may_be_claude(self) -> bool {
        matches!(self, Self::Claude(_) | Self::Hidden)
    }

    /// Whether it takes `temperature` and `topP`.
    pub(super) const fn takes_sampling(self) -> bool {
        match self {
            Self::Claude(version) => version.takes_sampling(),
            Self::Nova { .. } | Self::OpenAi | Self::Hidden | Self::Other => true,
        }
    }

    /// Whether a call of a tool can be forced.
    pub(super) const fn can_be_forced(self) -> bool {
        match self {
            Self::Claude(version) => version.can_be_forced(),
            Self::Nova { .. } | Self::OpenAi | Self::Hidden | Self::Other => true,
        }
    }

    /// Whether it takes a schema for its answer ("Structured outputs: supported models", 2026-11): Claude from 4.5 on
    /// and the open models, but not Amazon's, Meta's and older ones.
    pub(super) fn takes_schema(self, model: &str) -> bool {
        match self {
            Self::Claude(version) => version.is_at_least(4, 5),
            Self::OpenAi | Self::Hidden => true,
            Self::Nova { .. } => false,
            Self::Other => {
                let able = ["qwen.", "deepseek.v3", "google.gemma", "minimax.", "moonshot", "nvidia.", "mistral.mini"];
                able.iter().any(|name| model.contains(name)) || model.contains("mistral.mistral-large-3")
            }
        }
    }
}
