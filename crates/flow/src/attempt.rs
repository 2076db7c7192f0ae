//! What one attempt was, and how it ended.

use bytes::Bytes;
use claviger_pool::{CredentialId, Lease};
use claviger_types::{Moment, Verdict};
use http::{HeaderMap, StatusCode};

/// Which attempt of its request; counts from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(pub(crate) usize);

impl AttemptId {
    /// The attempt that was started as number `index`.
    pub const fn nth(index: usize) -> Self {
        Self(index)
    }

    /// The index into [`crate::Flow::attempts`].
    pub const fn index(self) -> usize {
        self.0
    }
}

/// One send to one credential, for the receipt.
#[derive(Debug)]
pub struct Attempt {
    /// Index of the provider in the plan.
    pub provider: usize,
    /// Whose turn it was.
    pub credential: CredentialId,
    /// The model asked for upstream; empty when none.
    pub model: String,
    /// When it began.
    pub started: Moment,
    /// When its first content came.
    pub content: Option<Moment>,
    /// When it ended.
    pub ended: Option<Moment>,
    /// How it ended; `None` while it runs.
    pub outcome: Option<Outcome>,
    /// The status of its answer, if one came.
    pub status: Option<StatusCode>,
    /// Whether it was to prove that somebody may come back.
    pub probe: bool,
    /// Whether it was started beside a slow one.
    pub hedge: bool,
    /// The permission, until it is handed back.
    pub(crate) lease: Option<Lease>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A whole good answer.
    Good,
    /// A failure, as read.
    Failed(Verdict),
    /// The client left, or another attempt won.
    Cancelled,
}

impl Outcome {
    /// The stable name, for labels and logs: `good`, `cancelled`, or the class.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Failed(verdict) => verdict.class.name(),
            Self::Cancelled => "cancelled",
        }
    }
}

/// An upstream's failure, kept in case it is what the client gets in the end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// As the upstream said.
    pub status: StatusCode,
    /// End-to-end headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// A failed attempt, as the driver reports it.
#[derive(Clone, Debug)]
pub struct Failed {
    /// What it means.
    pub verdict: Verdict,
    /// Whether it is certain that the upstream did nothing: refused, or never reached.
    pub untouched: bool,
    /// What the upstream answered, if it did.
    pub answer: Option<Answer>,
    /// Whether the upstream said that what the request is about does not exist there.
    pub absent: bool,
}

impl Failed {
    /// A failure without an answer.
    pub const fn silent(verdict: Verdict, untouched: bool) -> Self {
        Self { verdict, untouched, answer: None, absent: false }
    }
}
