//! What a scripted provider shall do: which tokens exist, what goes wrong for each, which replies are canned.
//!
//! In: JSON or the builder methods. Out: plain values that the server reads. No behaviour lives here.

mod fault;
mod headers;
mod reply;

pub use fault::{CutHow, Fault, FaultKind};
pub use headers::Headers;
pub use reply::{Reply, ReplyBody, ReplyMatch};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The whole script. As JSON, every field may be missing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// What happens to a token that `tokens` does not name.
    pub unknown_token: UnknownToken,
    /// How an unknown token behaves when it is accepted.
    pub default: TokenScript,
    /// The known tokens.
    pub tokens: BTreeMap<String, TokenScript>,
    /// The seed of every fault with a probability.
    pub seed: u64,
    /// Canned replies, the first that matches wins; they come after the token's faults and before built-in answers.
    pub replies: Vec<Reply>,
    /// How many of the latest requests are remembered for `seen`.
    pub keep_seen: usize,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            unknown_token: UnknownToken::Reject,
            default: TokenScript::default(),
            tokens: BTreeMap::new(),
            seed: 1,
            replies: Vec::new(),
            keep_seen: 100_000,
        }
    }
}

impl Script {
    /// A provider that knows no token yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A provider that serves every token, and requests without one.
    pub fn accepting_all() -> Self {
        Self { unknown_token: UnknownToken::Accept, ..Self::default() }
    }

    /// Adds or replaces a token.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>, script: TokenScript) -> Self {
        self.tokens.insert(token.into(), script);
        self
    }

    /// Adds tokens without any fault.
    #[must_use]
    pub fn healthy<I: IntoIterator<Item = impl Into<String>>>(mut self, tokens: I) -> Self {
        self.tokens.extend(tokens.into_iter().map(|token| (token.into(), TokenScript::default())));
        self
    }

    /// Adds a canned reply, after those already there.
    #[must_use]
    pub fn reply(mut self, reply: Reply) -> Self {
        self.replies.push(reply);
        self
    }

    /// Sets the seed of faults with a probability.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The behaviour of `token`; none when it is unknown and unknown ones are rejected.
    pub(crate) fn behaviour(&self, token: &str) -> Option<&TokenScript> {
        self.tokens.get(token).or(match self.unknown_token {
            UnknownToken::Accept => Some(&self.default),
            UnknownToken::Reject => None,
        })
    }
}

/// What happens to a token the script does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownToken {
    /// 401, as OpenAI says it.
    #[default]
    Reject,
    /// Served by the script's `default`.
    Accept,
}

/// How one token behaves. The default has no fault and no limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenScript {
    /// What goes wrong. All matching shapers (`delay`, `pace`, `drip`, `gzip`) apply; of the others, the first match.
    pub faults: Vec<Fault>,
    /// Requests over this rate are refused with 429 `rate_limit_exceeded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Requests over this number are refused with 429 `insufficient_quota`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// Requests over this many at once are refused with 429.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// Tokens of one account share rate limit, quota, concurrency and stored objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Headers added to every answer that is not a fault.
    #[serde(skip_serializing_if = "Headers::is_empty")]
    pub headers: Headers,
    /// Pads generated text to at least this many words, for long streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<usize>,
}

impl TokenScript {
    /// No fault, no limit.
    pub fn healthy() -> Self {
        Self::default()
    }

    /// Every request gets this status, with the error body OpenAI would send.
    pub fn status(status: u16) -> Self {
        Self::default().fault(Fault::status(status))
    }

    /// One fault on every request.
    pub fn broken(kind: FaultKind) -> Self {
        Self::default().fault(kind)
    }

    /// Adds a fault, after those already there.
    #[must_use]
    pub fn fault(mut self, fault: impl Into<Fault>) -> Self {
        self.faults.push(fault.into());
        self
    }

    /// Allows `requests` in any `per_ms`; refusals carry `retry-after`.
    #[must_use]
    pub fn rate_limit(mut self, requests: u32, per_ms: u64) -> Self {
        self.rate_limit = Some(RateLimit { requests, per_ms, retry_after: true });
        self
    }

    /// Allows `requests` in all.
    #[must_use]
    pub fn quota(mut self, requests: u64) -> Self {
        self.quota = Some(Quota { requests });
        self
    }

    /// Allows `max` requests at once.
    #[must_use]
    pub fn concurrency(mut self, max: u64) -> Self {
        self.concurrency = Some(Concurrency { max });
        self
    }

    /// Shares limits and stored objects with the other tokens of `account`.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Pads generated text to `words` words.
    #[must_use]
    pub fn words(mut self, words: usize) -> Self {
        self.words = Some(words);
        self
    }
}

/// A rate: a sliding window, counted on arrival of the requests that were not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many requests.
    pub requests: u32,
    /// In how many milliseconds.
    pub per_ms: u64,
    /// Whether a refusal says when to come back (`retry-after` in whole seconds, `retry-after-ms`).
    #[serde(default = "yes")]
    pub retry_after: bool,
}

const fn yes() -> bool {
    true
}

/// A number of requests after which the token has no money left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// How many requests are served before.
    pub requests: u64,
}

/// How many requests may be open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// The most; a stalled request counts until its client leaves.
    pub max: u64,
}
