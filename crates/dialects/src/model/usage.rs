//! LLM tokens counted by the provider.

/// What an answer used. `None` where the provider said nothing; zero is a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens, those read from and written to a cache included.
    pub input: Option<u64>,
    /// Completion tokens, reasoning included.
    pub output: Option<u64>,
    /// The sum as the provider gave it.
    pub total: Option<u64>,
    /// The part of `input` read from the prompt cache.
    pub cache_read: Option<u64>,
    /// The part of `input` written to the prompt cache.
    pub cache_write: Option<u64>,
    /// The part of `cache_write` that stays for an hour.
    pub cache_write_1h: Option<u64>,
    /// The part of `output` that was reasoning.
    pub reasoning: Option<u64>,
    /// The part of `input` that was sound.
    pub audio_input: Option<u64>,
    /// The part of `output` that was sound.
    pub audio_output: Option<u64>,
    /// Predicted tokens that were right.
    pub accepted_prediction: Option<u64>,
    /// Predicted tokens that were wrong.
    pub rejected_prediction: Option<u64>,
    /// Searches in the web.
    pub web_searches: Option<u64>,
}

impl Usage {
    /// Whether the provider said anything.
    pub const fn is_known(&self) -> bool {
        self.input.is_some() || self.output.is_some() || self.total.is_some()
    }

    /// Input and output together, as the provider said or as they add up.
    pub fn sum(&self) -> u64 {
        self.total.unwrap_or_else(|| self.input.unwrap_or(0).saturating_add(self.output.unwrap_or(0)))
    }

    /// This report with what a later one says: counts in streams are totals so far, not additions.
    #[must_use]
    pub fn updated(self, later: Self) -> Self {
        Self {
            input: later.input.or(self.input),
            output: later.output.or(self.output),
            total: later.total.or(self.total),
            cache_read: later.cache_read.or(self.cache_read),
            cache_write: later.cache_write.or(self.cache_write),
            cache_write_1h: later.cache_write_1h.or(self.cache_write_1h),
            reasoning: later.reasoning.or(self.reasoning),
            audio_input: later.audio_input.or(self.audio_input),
            audio_output: later.audio_output.or(self.audio_output),
            accepted_prediction: later.accepted_prediction.or(self.accepted_prediction),
            rejected_prediction: later.rejected_prediction.or(self.rejected_prediction),
            web_searches: later.web_searches.or(self.web_searches),
        }
    }
}
