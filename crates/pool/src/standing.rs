//! Whether somebody (a credential, an account, a model on a credential, a provider) may be asked.

use std::time::Duration;

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
    /// Probes that must still succeed.
    pub(crate) wanted: u32,
    /// Whether an answer that merely begins is not enough: the ones before broke later.
    pub(crate) whole: bool,
    /// When it may really be over: a rest without a hint is our guess, and hints are rounded up to whole seconds.
    pub(crate) perhaps: Moment,
}

/// How a rest ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Comeback {
    /// By itself: the provider named the time, or a first refusal without a hint.
    Freely,
    /// By one probe that succeeds; holds the probe that is out.
    ByProbe(Option<LeaseId>),
}

impl Comeback {
    /// Whether a probe other than this one is out.
    fn is_of_another(self, lease: LeaseId) -> bool {
        matches!(self, Self::ByProbe(Some(probe)) if probe != lease)
    }
}

/// What [`Standing`] says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Go ahead.
    Ready,
    /// Go ahead as the probe.
    Due {
        /// Why it rested.
        cause: Class,
    },
    /// Out until then; `None`: until the probe that is out has answered.
    Resting {
        /// See above.
        until: Option<Moment>,
        /// Why.
        cause: Class,
    },
}

impl Standing {
    pub(crate) fn admission(&self, now: Moment) -> Admission {
        match self {
            Self::Ready => Admission::Ready,
            Self::Out(out) if now < out.until => Admission::Resting { until: Some(out.until), cause: out.cause },
            Self::Out(out) => match out.comeback {
                Comeback::Freely => Admission::Ready,
                Comeback::ByProbe(None) => Admission::Due { cause: out.cause },
                Comeback::ByProbe(Some(_)) => Admission::Resting { until: None, cause: out.cause },
            },
        }
    }

    /// Notes that `lease` is the probe, when one is due. Returns whether it is.
    pub(crate) fn probe(&mut self, now: Moment, lease: LeaseId) -> bool {
        match self {
            Self::Out(out) if now >= out.until && matches!(out.comeback, Comeback::ByProbe(None)) => {
                out.comeback = Comeback::ByProbe(Some(lease));
                true
            }
            Self::Ready | Self::Out(_) => false,
        }
    }

    /// Frees the probe's place when its attempt ended without a word about this standing; the next one is due `again`.
    /// Returns whether it held it.
    pub(crate) fn release(&mut self, lease: LeaseId, again: Moment) -> bool {
        match self {
            Self::Out(Outage { comeback: Comeback::ByProbe(probe), until, .. }) if *probe == Some(lease) => {
                *probe = None;
                *until = again.max(*until);
                true
            }
            Self::Ready | Self::Out(_) => false,
        }
    }

    /// A success of attempt `lease`, which left at `sent`: ends the outage unless that began after the attempt was sent
    /// (an older answer proves nothing) or more successes are wanted. Returns whether somebody may be asked again.
    pub(crate) fn recover(&mut self, now: Moment, lease: LeaseId, sent: Moment) -> bool {
        match self {
            Self::Out(out) if out.since <= sent && out.wanted > 1 => {
                out.wanted -= 1;
                out.until = now;
                if !out.comeback.is_of_another(lease) {
                    out.comeback = Comeback::ByProbe(None);
                }
                true
            }
            Self::Out(out) if out.since <= sent => {
                *self = Self::Ready;
                true
            }
            Self::Ready | Self::Out(_) => false,
        }
    }

    /// Since when a rate limit may be over, for who cannot wait; `None` for everything else.
    pub(crate) const fn perhaps(&self) -> Option<Moment> {
        match self {
            Self::Out(Outage { cause: Class::RateLimited, perhaps, .. }) => Some(*perhaps),
            Self::Ready | Self::Out(_) => None,
        }
    }

    /// Whether only a whole good answer ends it.
    pub(crate) const fn wants_whole(&self) -> bool {
        matches!(self, Self::Out(Outage { whole: true, .. }))
    }

    /// A fact or an ejection of an attempt leased at `sent`. An attempt sent before the present outage began belongs
    /// to the same burst and does not lengthen it.
    pub(crate) fn rest(&mut self, rest: Rest) {
        let trips = match self {
            Self::Ready => rest.trips,
            Self::Out(out) if out.since > rest.sent && rest.now < out.until => return,
            Self::Out(out) => (out.trips + 1).max(rest.trips),
        };
        let span = match (rest.hint, rest.interval) {
            (Some(hint), _) => hint.min(rules::HINT_CAP).mul_f64(1.0 + rules::HINT_JITTER * rules::unit(rest.dice, 2)),
            (None, Some(interval)) if rest.cause != Class::RateLimited => rules::jittered(interval, rest.dice),
            (None, _) => rules::jittered(rules::doubled(rules::rest(rest.cause), trips), rest.dice),
        };
        // a first rate refusal, or one whose end the provider named, needs no proof that it is over
        let freely = rest.cause == Class::RateLimited && (rest.hint.is_some() || trips == 0);
        let comeback = match self {
            _ if freely => Comeback::Freely,
            // a probe that is out keeps its place
            Self::Out(out) if out.comeback.is_of_another(rest.lease) => out.comeback,
            Self::Ready | Self::Out(_) => Comeback::ByProbe(None),
        };
        let (until, wanted) = (rest.now.plus(span), rest.successes.max(1));
        let perhaps = rest.now.plus(rest.hint.map_or(Duration::ZERO, |hint| hint.saturating_sub(rules::HINT_UNIT)));
        let Rest { cause, now: since, whole, .. } = rest;
        *self = Self::Out(Outage { cause, since, until, trips, comeback, wanted, whole, perhaps });
    }
}

/// What [`Standing::rest`] needs to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    /// The attempt that learned it.
    pub(crate) lease: LeaseId,
    pub(crate) cause: Class,
    pub(crate) now: Moment,
    /// When the attempt that learned it was leased.
    pub(crate) sent: Moment,
    pub(crate) hint: Option<Duration>,
    /// The least length exponent, for outages whose history is kept elsewhere.
    pub(crate) trips: u32,
    /// Length of a rest without a hint, as the operator set it.
    pub(crate) interval: Option<Duration>,
    /// Probes that must succeed before it ends.
    pub(crate) successes: u32,
    /// Whether probes must be answered to the end.
    pub(crate) whole: bool,
    pub(crate) dice: u64,
}

impl Rest {
    /// Of an attempt leased at `sent`, without a hint, by the pool's own rules.
    pub(crate) const fn new(lease: LeaseId, cause: Class, now: Moment, sent: Moment, dice: u64) -> Self {
        Self { lease, cause, now, sent, hint: None, trips: 0, interval: None, successes: 1, whole: false, dice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::START.plus(Duration::from_secs(seconds))
    }

    fn dead(now: Moment, sent: Moment) -> Rest {
        Rest::new(LeaseId(1), Class::InvalidCredential, now, sent, 7)
    }

    #[test]
    fn a_quarantined_one_comes_back_by_one_probe_and_rests_longer_each_time() {
        let mut standing = Standing::default();
        standing.rest(dead(at(10), at(9)));
        assert!(matches!(standing.admission(at(11)), Admission::Resting { .. }));
        assert_eq!(standing.admission(at(40)), Admission::Due { cause: Class::InvalidCredential });
        standing.probe(at(40), LeaseId(1));
        assert!(matches!(standing.admission(at(40)), Admission::Resting { .. }), "one probe at a time");
        standing.rest(dead(at(41), at(40)));
        assert!(matches!(standing.admission(at(41 + 20)), Admission::Resting { .. }), "the second rest is longer");
        assert_eq!(standing.admission(at(41 + 40)), Admission::Due { cause: Class::InvalidCredential });
        assert!(standing.recover(at(82), LeaseId(1), at(82)));
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
        assert!(!standing.recover(at(12), LeaseId(1), at(9)));
    }

    #[test]
    fn as_many_probes_must_succeed_as_the_operator_wants() {
        let mut standing = Standing::default();
        let interval = Some(Duration::from_secs(5));
        standing.rest(Rest { interval, successes: 2, ..dead(at(10), at(9)) });
        assert_eq!(standing.admission(at(17)), Admission::Due { cause: Class::InvalidCredential });
        standing.probe(at(17), LeaseId(1));
        assert!(standing.recover(at(18), LeaseId(1), at(17)));
        assert_eq!(standing.admission(at(18)), Admission::Due { cause: Class::InvalidCredential });
        standing.probe(at(18), LeaseId(2));
        assert!(standing.recover(at(19), LeaseId(2), at(18)));
        assert_eq!(standing.admission(at(19)), Admission::Ready);
    }

    #[test]
    fn a_hinted_rate_limit_ends_by_itself_when_the_provider_said() {
        let mut standing = Standing::default();
        let hint = Some(Duration::from_secs(20));
        standing.rest(Rest { cause: Class::RateLimited, hint, ..dead(at(10), at(9)) });
        assert!(matches!(standing.admission(at(29)), Admission::Resting { .. }));
        assert_eq!(standing.admission(at(32)), Admission::Ready);
    }
}
