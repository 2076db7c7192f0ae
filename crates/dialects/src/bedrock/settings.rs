//! What a configuration says about Bedrock alone.

use serde_json::value::RawValue;

/// Settings of a Bedrock provider (Higress ai-proxy v2.2.1).
#[derive(Debug, Default)]
pub struct BedrockSettings {
    /// `bedrockAdditionalFields`: names and JSON values for `additionalModelRequestFields`. They win over all others.
    pub additional_fields: Vec<(String, Box<RawValue>)>,
    /// `promptCacheRetention`: how long prompts are cached unless the request says it. `in_memory` or `24h`.
    pub cache_retention: Option<String>,
    /// `bedrockPromptCachePointPositions`: up to where.
    pub cache_points: CachePoints,
}

/// After what a prompt may be cached.
#[derive(Clone, Copy, Debug)]
pub struct CachePoints {
    /// The system prompt.
    pub system: bool,
    /// The user's last message.
    pub last_user_message: bool,
    /// The last message.
    pub last_message: bool,
}

impl Default for CachePoints {
    fn default() -> Self {
        Self { system: true, last_user_message: false, last_message: false }
    }
}

/// How long a cached prompt stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Retention {
    /// The vendor's default, five minutes.
    Short,
    /// An hour, the longest there is ("Prompt caching", 2026-11).
    Hour,
}

impl Retention {
    /// Reads OpenAI's `prompt_cache_retention`; case and word separators do not count.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        let plain: String = word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect();
        match plain.to_ascii_lowercase().as_str() {
            "inmemory" => Some(Self::Short),
            "24h" => Some(Self::Hour),
            _ => None,
        }
    }

    /// The word for it in a cache point.
    pub(super) const fn ttl(self) -> Option<&'static str> {
        match self {
            Self::Short => None,
            Self::Hour => Some("1h"),
        }
    }
}
