//! What a configuration says about Qwen's own dialect alone.

use crate::codec::Asked;
use crate::settings::Settings;

/// Settings of a Qwen provider outside compatible mode (Higress ai-proxy v2.2.1).
#[derive(Debug, Default)]
pub struct QwenSettings {
    /// `qwenEnableSearch`: the model may search the web.
    pub enable_search: bool,
    /// `qwenFileIds`: what `qwen-long` is to read.
    pub file_ids: Vec<String>,
    /// `reasoningContentMode`: what becomes of thoughts.
    pub thoughts: QwenThoughts,
}

/// What becomes of the model's thoughts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QwenThoughts {
    /// They are thoughts.
    #[default]
    Passthrough,
    /// They are left out.
    Ignore,
    /// They stand in the text, between `<think>` and `</think>`.
    Concat,
}

pub(super) fn thoughts(asked: &Asked) -> QwenThoughts {
    if let Settings::Qwen(settings) = &asked.settings { settings.thoughts } else { QwenThoughts::default() }
}
