//! A failure that a provider tells of, or that we tell the caller of.

use crate::text::Text;

/// A failure.
#[derive(Clone, Debug)]
pub struct Fault<'a> {
    /// The HTTP status it came or goes with; in a stream, the one it would have come with.
    pub status: u16,
    /// What kind it is.
    pub kind: FaultKind,
    /// The provider's or our own code (`context_length_exceeded`), if there is one.
    pub code: Option<Text<'a>>,
    /// A sentence for people.
    pub message: Text<'a>,
    /// The request's field at fault.
    pub param: Option<Text<'a>>,
}

impl Fault<'_> {
    /// The same, owned.
    pub fn into_owned(self) -> Fault<'static> {
        Fault {
            status: self.status,
            kind: self.kind,
            code: self.code.map(Text::into_owned),
            message: self.message.into_owned(),
            param: self.param.map(Text::into_owned),
        }
    }
}

/// What kind of failure it is: decides each dialect's own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The request is wrong.
    InvalidRequest,
    /// The credential is wrong.
    Authentication,
    /// It must be paid first.
    Billing,
    /// The credential may not do this.
    Permission,
    /// There is no such thing.
    NotFound,
    /// The request is too large.
    TooLarge,
    /// Too many requests.
    RateLimit,
    /// It took too long.
    Timeout,
    /// The provider failed.
    Server,
    /// The provider is too busy.
    Overloaded,
}

impl FaultKind {
    /// The kind an HTTP status stands for. 529 is Anthropic's "overloaded" (API errors, 2026-11).
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 => Self::Billing,
            403 => Self::Permission,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            413 => Self::TooLarge,
            429 => Self::RateLimit,
            503 | 529 => Self::Overloaded,
            400..=499 => Self::InvalidRequest,
            _ => Self::Server,
        }
    }

    /// The HTTP status for it where none is given.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::Authentication => 401,
            Self::Billing => 402,
            Self::Permission => 403,
            Self::NotFound => 404,
            Self::TooLarge => 413,
            Self::RateLimit => 429,
            Self::Timeout => 504,
            Self::Server => 500,
            Self::Overloaded => 503,
        }
    }
}
