//! What goes into and out of the pool's verbs.

use std::time::Duration;

use claviger_types::{Class, Moment, Verdict};

use crate::ids::{CredentialId, EndpointId, LeaseId, ProviderId};
use crate::line::Ticket;

/// What a request wants a credential for.
#[derive(Clone, Copy, Debug)]
pub struct Need<'a> {
    /// The tier: each provider with the model it will be asked for (empty for requests without one).
    pub targets: &'a [(ProviderId, &'a str)],
    /// Credentials that failed this request.
    pub tried: &'a [CredentialId],
    /// Which turn this is.
    pub turn: Turn,
    /// The one credential that holds the state this request is about.
    pub pinned: Option<CredentialId>,
    /// Its place in the line, once it waits.
    pub ticket: Option<Ticket>,
    /// Whether it may wait for a limit that was merely learned.
    pub patient: bool,
    /// Whether the endpoint itself may have failed it before.
    pub shaken: bool,
    /// Whether it cannot wait any longer: now or never.
    pub last: bool,
    /// Whether the answer will stream: its first content comes sooner.
    pub stream: bool,
    /// A hash of the caller or conversation, for the sticky strategy.
    pub affinity: Option<u64>,
    /// What it will use at most or probably, in LLM tokens: reserved where the operator limits usage.
    pub cost: u64,
}

impl<'a> Need<'a> {
    /// A first attempt with these targets that may wait, streams, and has no further wishes.
    pub const fn first(targets: &'a [(ProviderId, &'a str)]) -> Self {
        Self {
            targets,
            tried: &[],
            turn: Turn::First,
            pinned: None,
            ticket: None,
            patient: true,
            shaken: false,
            last: false,
            stream: true,
            affinity: None,
            cost: 0,
        }
    }
}

/// Which turn of the request this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The first attempt: fairness decides, and it may be a probe while somebody healthy can still rescue it.
    First,
    /// The first attempt of something that cannot be repeated: fairness decides, and it is no probe.
    Careful,
    /// A later attempt: reliability before fairness, no probes while somebody healthy is left.
    Rescue,
    /// A second attempt beside one that is slow to speak: only somebody in good standing.
    Hedge,
}

/// Permission for one attempt with one credential. Hand it back through [`crate::Pool::settle`].
#[derive(Debug)]
#[must_use]
pub struct Lease {
    pub(crate) id: LeaseId,
    pub(crate) endpoint: EndpointId,
    pub(crate) credential: CredentialId,
    /// Index into [`Need::targets`].
    pub target: usize,
    pub(crate) sent: Moment,
    /// Whether the attempt is to prove that somebody may come back.
    pub probe: bool,
    /// Whether somebody else could have been asked as well.
    pub(crate) rescuers: bool,
    pub(crate) stream: bool,
    pub(crate) progressed: bool,
    /// Its number among the attempts of its cell.
    pub(crate) attempt: u32,
    /// Usage reserved.
    pub(crate) cost: u64,
    /// Usage reported so far.
    pub(crate) used: Option<u64>,
}

impl Lease {
    /// The attempt used so many LLM tokens, as far as is known: corrects the reservation when it is settled.
    pub const fn used(&mut self, tokens: u64) {
        self.used = Some(tokens);
    }

    /// Whose.
    pub const fn credential(&self) -> CredentialId {
        self.credential
    }

    /// When it was given.
    pub const fn sent(&self) -> Moment {
        self.sent
    }
}

/// How long an attempt may be silent before somebody else is asked as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From its start.
    pub after: Duration,
    /// Whether its credential has yet to show that it works: then silence is no sign of thinking.
    pub unproven: bool,
    /// Whether it is known how long answers take here: only then may silence end an attempt.
    pub measured: bool,
}

/// Why there is no lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Somebody comes back at a known moment.
    Resting {
        /// The earliest moment that may change something.
        until: Moment,
        /// Who is out, and why.
        census: Census,
    },
    /// Every credential of the tier has failed this request.
    Tried {
        /// When the first of them may be asked again, if that is known.
        until: Option<Moment>,
        /// Who is out, and why.
        census: Census,
    },
    /// No credential may serve this model at all.
    NoneServes,
}

/// Who is out, by cause, among the credentials this request has not tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// All that were looked at.
    pub all: u32,
    /// Tried by this request.
    pub tried: u32,
    /// Quarantined: unknown or revoked key.
    pub invalid: u32,
    /// Out of money or allowance.
    pub quota: u32,
    /// Resting after a rate limit.
    pub limited: u32,
    /// Not entitled to the model.
    pub barred: u32,
    /// Without the model.
    pub lacking: u32,
    /// Out by guesses, or behind an open breaker.
    pub failing: u32,
}

impl Census {
    /// Counts somebody who is out for this cause.
    pub const fn count(&mut self, cause: Class) {
        self.count_many(cause, 1);
    }

    /// Counts `many` who are out for this cause.
    pub const fn count_many(&mut self, cause: Class, many: u32) {
        match cause {
            Class::InvalidCredential => self.invalid += many,
            Class::QuotaExhausted => self.quota += many,
            Class::RateLimited => self.limited += many,
            Class::Permission => self.barred += many,
            Class::ModelUnavailable => self.lacking += many,
            Class::Overloaded | Class::ServerError | Class::Timeout | Class::Connection => self.failing += many,
            // the caller's own mistakes put nobody out
            Class::BadRequest | Class::ContentPolicy | Class::PayloadTooLarge | Class::Unsupported => {}
        }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            all: self.all + other.all,
            tried: self.tried + other.tried,
            invalid: self.invalid + other.invalid,
            quota: self.quota + other.quota,
            limited: self.limited + other.limited,
            barred: self.barred + other.barred,
            lacking: self.lacking + other.lacking,
            failing: self.failing + other.failing,
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// A whole good answer.
    Good,
    /// The provider (or the lack of an answer) said this.
    Said(Verdict),
    /// Nobody is to blame: the client left, or another attempt won.
    Cancelled,
}

/// What [`crate::Pool::settle`] and [`crate::Pool::progressed`] found out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Settled {
    /// The endpoint's share of an ambiguous failure, 0 to 1; 0 for everything else, and for the very first attempt of a
    /// credential.
    pub endpoint_share: f64,
    /// Whether somebody may be asked again who could not before: wake those who wait.
    pub improved: bool,
}
