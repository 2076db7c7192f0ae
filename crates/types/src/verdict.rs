//! What an attempt's failure means. Classes and scopes are those of `docs/errors.md`.

use std::time::Duration;

/// What went wrong, as the provider meant it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Key unknown, revoked, expired; account banned.
    InvalidCredential,
    /// Key is good but not entitled to this model, region or feature.
    Permission,
    /// No money, credits or allowance left.
    QuotaExhausted,
    /// A rate over a window of a day or less.
    RateLimited,
    /// The provider lacks capacity.
    Overloaded,
    /// A provider bug, or its own upstream failed.
    ServerError,
    /// No answer in time.
    Timeout,
    /// No usable answer at all: refused, reset, cut, garbled.
    Connection,
    /// Model or deployment unknown, closed, or not activated for this key.
    ModelUnavailable,
    /// The caller's request is wrong.
    BadRequest,
    /// The provider refused the content by policy.
    ContentPolicy,
    /// Body or token size over a hard limit.
    PayloadTooLarge,
    /// The provider cannot do this at all.
    Unsupported,
}

impl Class {
    /// All classes, in declaration order.
    pub const ALL: [Self; 13] = [
        Self::InvalidCredential,
        Self::Permission,
        Self::QuotaExhausted,
        Self::RateLimited,
        Self::Overloaded,
        Self::ServerError,
        Self::Timeout,
        Self::Connection,
        Self::ModelUnavailable,
        Self::BadRequest,
        Self::ContentPolicy,
        Self::PayloadTooLarge,
        Self::Unsupported,
    ];

    /// The stable name, for labels, logs and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidCredential => "invalid_credential",
            Self::Permission => "permission",
            Self::QuotaExhausted => "quota_exhausted",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::ModelUnavailable => "model_unavailable",
            Self::BadRequest => "bad_request",
            Self::ContentPolicy => "content_policy",
            Self::PayloadTooLarge => "payload_too_large",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether the failure has more than one possible culprit and must be weighed; facts are believed at once.
    pub const fn is_guess(self) -> bool {
        match self {
            Self::Overloaded | Self::ServerError | Self::Timeout | Self::Connection => true,
            Self::InvalidCredential
            | Self::Permission
            | Self::QuotaExhausted
            | Self::RateLimited
            | Self::ModelUnavailable
            | Self::BadRequest
            | Self::ContentPolicy
            | Self::PayloadTooLarge
            | Self::Unsupported => false,
        }
    }

    /// Whether the caller caused it: no credential is harmed, the answer is passed on.
    pub const fn is_callers(self) -> bool {
        match self {
            Self::BadRequest | Self::ContentPolicy | Self::PayloadTooLarge | Self::Unsupported => true,
            Self::InvalidCredential
            | Self::Permission
            | Self::QuotaExhausted
            | Self::RateLimited
            | Self::Overloaded
            | Self::ServerError
            | Self::Timeout
            | Self::Connection
            | Self::ModelUnavailable => false,
        }
    }
}

/// Whose fault it is, and so whose state it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The credential as a whole.
    Token,
    /// This model on this credential.
    TokenModel,
    /// All credentials of the account.
    Account,
    /// The provider's endpoint.
    Provider,
    /// The caller's request.
    Request,
}

impl Scope {
    /// The stable name, for labels, logs and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::TokenModel => "token_model",
            Self::Account => "account",
            Self::Provider => "provider",
            Self::Request => "request",
        }
    }
}

/// The reading of one failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What went wrong.
    pub class: Class,
    /// Whose fault.
    pub scope: Scope,
    /// How long the provider said to stay away, if it said so.
    pub hint: Option<Duration>,
    /// Whether another credential (or provider) may do better.
    pub retry_elsewhere: bool,
    /// Which rule decided, for `explain` and the log.
    pub rule: &'static str,
}

impl Verdict {
    /// A verdict of `class` with the scope and retry that the class has by default.
    pub const fn of(class: Class, rule: &'static str) -> Self {
        let scope = match class {
            Class::InvalidCredential | Class::QuotaExhausted => Scope::Token,
            Class::Permission | Class::RateLimited | Class::ModelUnavailable => Scope::TokenModel,
            Class::Overloaded | Class::ServerError | Class::Timeout | Class::Connection => Scope::Provider,
            Class::BadRequest | Class::ContentPolicy | Class::PayloadTooLarge | Class::Unsupported => Scope::Request,
        };
        Self { class, scope, hint: None, retry_elsewhere: !class.is_callers(), rule }
    }

    /// The same with another scope.
    pub const fn scoped(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// The same with a hint.
    pub const fn hinted(self, hint: Option<Duration>) -> Self {
        Self { hint, ..self }
    }
}
