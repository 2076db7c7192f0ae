//! LLM tokens counted by a provider.

use serde::Serialize;

/// What one answer used. Zero means "not reported". `input` includes `cached`; `output` includes `reasoning`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Prompt tokens, cached ones included.
    pub input: u64,
    /// Completion tokens, reasoning included.
    pub output: u64,
    /// The part of `input` that was read from the provider's prompt cache.
    pub cached: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// Whether the provider reported anything.
    pub const fn is_known(&self) -> bool {
        self.input > 0 || self.output > 0
    }

    /// The larger of both, field by field: for reports that grow or come in parts.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            cached: self.cached.max(other.cached),
            reasoning: self.reasoning.max(other.reasoning),
        }
    }

    /// Input and output together.
    pub const fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }
}
