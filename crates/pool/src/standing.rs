//! Whether somebody (a credential, an account, a model on a credential, a provider) may be asked.

use claviger_types::{Class, Moment};

use crate::ids::LeaseId;
use crate::rules;

/// In or out, and if out: why, since when, until when, and who is trying.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Standing {
    /// May be asked.
    #[default]
    Ready,
    /// May not be asked for now.
    Out(Outage),
}

/// A rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    pub(crate) cause: Class,
    pub(crate) since: Moment,
    pub(crate) until: Moment,
    /// How often it was prolonged; each rest is longer than the one before.
    pub(crate) trips: u32,
    pub(crate) comeback: Comeback,
}

/// How a rest ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Comeback {
    /// By itself: the provider named the time, or a first refusal without a hint.
    Freely,
    /// By one probe that succeeds; holds the probe that is out.
    ByProbe(Option<LeaseId>),
}

/// What [`Standing`] says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Go ahead.
    Ready,
    /// Go ahead as the probe.
    Due,
    /// Out until then, or (probe out) until its answer.
    Resting { until: Moment, cause: Class },
}

impl Standing {
    pub(crate) fn admission(&self, now: Moment) -> Admission {
        match self {
            Self::Ready => Admission::Ready,
            Self::Out(out) if now < out.until => Admission::Resting { until: out.until, cause: out.cause },
            Self::Out(out) => match out.comeback {
                Comeback::Freely => Admission::Ready,
                Comeback::ByProbe(None) => Admission::Due,
                Comeback::ByProbe(Some(_)) => {
                    Admission::Resting { until: now.plus(rules::PROBE_PATIENCE), cause: out.cause }
                }
            },
        }
    }

    /// Notes that `lease` is the probe, when one is due.
    pub(crate) fn probe(&mut self, now: Moment, lease: LeaseId) {
        if self.admission(now) == Admission::Due
            && let Self::Out(out) = self
        {
            out.comeback = Comeback::ByProbe(Some(lease));
        }
    }

    /// Frees the probe's place when its attempt ended without a word about this standing; the next one is due `again`.
    pub(crate) fn release(&mut self, lease: LeaseId, again: Moment) {
        if let Self::Out(Outage { comeback: Comeback::ByProbe(probe), until, .. }) = self
            && *probe == Some(lease)
        {
            *probe = None;
            *until = again.max(*until);
        }
    }

    /// A success of an attempt leased at `sent`: ends the outage unless that began after the attempt was sent (an
    /// older answer proves nothing). Returns whether somebody came back.
    pub(crate) fn recover(&mut self, sent: Moment) -> bool {
        match self {
            Self::Out(out) if out.since <= sent => {
                *self = Self::Ready;
                true
            }
            Self::Ready | Self::Out(_) => false,
        }
    }

    /// A fact or an ejection of an attempt leased at `sent`. An attempt sent before the present outage began belongs
    /// to the same burst and does not lengthen it.
    pub(crate) fn rest(&mut self, rest: Rest) {
        let trips = match self {
            Self::Ready => rest.trips,
            Self::Out(out) if out.since > rest.sent && rest.now < out.until => return,
            Self::Out(out) => (out.trips + 1).max(rest.trips),
        };
        let span = match rest.hint {
            Some(hint) => hint.min(rules::HINT_CAP).mul_f64(1.0 + rules::HINT_JITTER * rules::unit(rest.dice, 2)),
            None => rules::jittered(rules::doubled(rules::rest(rest.cause), trips), rest.dice),
        };
        // a first rate refusal, or one whose end the provider named, needs no proof that it is over
        let freely = rest.cause == Class::RateLimited && (rest.hint.is_some() || trips == 0);
        let comeback = if freely { Comeback::Freely } else { Comeback::ByProbe(None) };
        *self = Self::Out(Outage { cause: rest.cause, since: rest.now, until: rest.now.plus(span), trips, comeback });
    }
}

/// What [`Standing::rest`] needs to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    pub(crate) cause: Class,
    pub(crate) now: Moment,
    /// When the attempt that learned it was leased.
    pub(crate) sent: Moment,
    pub(crate) hint: Option<std::time::Duration>,
    /// The least length exponent, for outages whose history is kept elsewhere.
    pub(crate) trips: u32,
    pub(crate) dice: u64,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::START.plus(Duration::from_secs(seconds))
    }

    fn dead(now: Moment, sent: Moment) -> Rest {
        Rest { cause: Class::InvalidCredential, now, sent, hint: None, trips: 0, dice: 7 }
    }

    #[test]
    fn a_quarantined_one_comes_back_by_one_probe_and_rests_longer_each_time() {
        let mut standing = Standing::default();
        standing.rest(dead(at(10), at(9)));
        assert!(matches!(standing.admission(at(11)), Admission::Resting { .. }));
        assert_eq!(standing.admission(at(40)), Admission::Due);
        standing.probe(at(40), LeaseId(1));
        assert!(matches!(standing.admission(at(40)), Admission::Resting { .. }), "one probe at a time");
        standing.rest(dead(at(41), at(40)));
        assert!(matches!(standing.admission(at(41 + 20)), Admission::Resting { .. }), "the second rest is longer");
        assert_eq!(standing.admission(at(41 + 40)), Admission::Due);
        assert!(standing.recover(at(82)));
        assert_eq!(standing.admission(at(82)), Admission::Ready);
    }

    #[test]
    fn answers_to_older_attempts_neither_prolong_nor_end_an_outage() {
        let mut standing = Standing::default();
        standing.rest(dead(at(10), at(9)));
        let Standing::Out(first) = standing else { panic!("out") };
        standing.rest(dead(at(11), at(9)));
        let Standing::Out(second) = standing else { panic!("still out") };
        assert_eq!(first.until, second.until);
        assert!(!standing.recover(at(9)));
    }

    #[test]
    fn a_hinted_rate_limit_ends_by_itself_when_the_provider_said() {
        let mut standing = Standing::default();
        let hint = Some(Duration::from_secs(20));
        standing.rest(Rest { cause: Class::RateLimited, now: at(10), sent: at(9), hint, trips: 0, dice: 3 });
        assert!(matches!(standing.admission(at(29)), Admission::Resting { .. }));
        assert_eq!(standing.admission(at(32)), Admission::Ready);
    }
}
