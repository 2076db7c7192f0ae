//! What a provider says it still allows.

use std::time::Duration;

/// What is left of the limits that a good answer's headers name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Requests.
    pub requests: Option<Budget>,
    /// LLM tokens.
    pub usage: Option<Budget>,
}

/// One limit, and what is left of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The whole, if it was told.
    pub limit: Option<u64>,
    /// What is left.
    pub remaining: u64,
    /// Until the limit is whole again, if it was told.
    pub reset: Option<Duration>,
}
