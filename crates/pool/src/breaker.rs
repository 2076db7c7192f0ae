//! The endpoint's own health: a bucket that ambiguous failures empty and successes fill, and a gate when it is empty.

use std::time::Duration;

use claviger_types::Moment;

use crate::ids::LeaseId;
use crate::rules;

/// Closed, or open with one probe at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Breaker {
    bucket: f64,
    gate: Gate,
    /// How long the last failed attempt took.
    failing: Duration,
    /// When the last request went again that the endpoint may have failed before.
    retried: Moment,
}

#[derive(Clone, Copy, Debug)]
enum Gate {
    Closed,
    /// Nothing but probes until one succeeds. `trips` counts failed probes.
    Open {
        until: Moment,
        trips: u32,
        probe: Option<(LeaseId, Moment)>,
    },
}

/// How the breaker sees its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// All is well, or well enough.
    Closed,
    /// Failures are many: retries of what it may have failed are rationed.
    Suspect,
    /// It is down: nothing but probes goes.
    Open,
    /// It is down, but its probe is silent for longer than failures took: likely it is back.
    Promising,
}

impl Outlook {
    /// Whether only probes go.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Promising)
    }
}

/// What the breaker says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Go ahead.
    Free,
    /// Go ahead as the endpoint's probe.
    Probe,
    /// Come back then.
    Shut(Moment),
}

impl Default for Breaker {
    fn default() -> Self {
        Self { bucket: rules::BUCKET, gate: Gate::Closed, failing: Duration::ZERO, retried: Moment::START }
    }
}

impl Breaker {
    pub(crate) fn passage(&self, now: Moment) -> Passage {
        match self.gate {
            Gate::Closed => Passage::Free,
            Gate::Open { probe: Some((_, sent)), .. } if now < sent.plus(rules::PROBE_PATIENCE) => {
                Passage::Shut(sent.plus(rules::PROBE_PATIENCE))
            }
            Gate::Open { until, .. } if now < until => Passage::Shut(until),
            Gate::Open { .. } => Passage::Probe,
        }
    }

    /// What it says to a request that has failed so many times, of which the endpoint may have had a part if it is
    /// `shaken`. While the endpoint is suspect such retries are rationed: an outage is noticed before anybody has failed
    /// too often. Once it is open, fresh requests go first as probes, so that none fails on all of them.
    pub(crate) fn passage_again(&self, now: Moment, failed: usize, shaken: bool) -> Passage {
        let polite = rules::PROBE_YIELD * u32::try_from(failed).unwrap_or(u32::MAX);
        let next = self.retried.plus(rules::RETRY_GAP);
        match (self.passage(now), self.gate) {
            (Passage::Probe, Gate::Open { until, .. }) if now < until.plus(polite) => Passage::Shut(until.plus(polite)),
            (Passage::Free, _) if shaken && self.bucket <= rules::BUCKET_SUSPECT && now < next => Passage::Shut(next),
            (passage, _) => passage,
        }
    }

    /// A request goes again that the endpoint may have failed before.
    pub(crate) const fn retry(&mut self, now: Moment) {
        self.retried = now;
    }

    /// Whether the probe that is out has been silent for so much longer than failures took that the endpoint is likely
    /// back: somebody who cannot wait any longer may go as well.
    pub(crate) fn is_promising(&self, now: Moment) -> bool {
        let hopeful = (self.failing * rules::PROMISING.0).max(rules::PROMISING.1);
        matches!(self.gate, Gate::Open { probe: Some((_, sent)), .. } if now >= sent.plus(hopeful))
    }

    pub(crate) fn outlook(&self, now: Moment) -> Outlook {
        match self.gate {
            Gate::Open { .. } if self.is_promising(now) => Outlook::Promising,
            Gate::Open { .. } => Outlook::Open,
            Gate::Closed if self.bucket <= rules::BUCKET_SUSPECT => Outlook::Suspect,
            Gate::Closed => Outlook::Closed,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.gate, Gate::Open { .. })
    }

    pub(crate) fn probe(&mut self, now: Moment, lease: LeaseId) {
        if let Gate::Open { probe, .. } = &mut self.gate {
            *probe = Some((lease, now));
        }
    }

    pub(crate) fn release(&mut self, lease: LeaseId) {
        if let Gate::Open { probe, .. } = &mut self.gate
            && probe.is_some_and(|(id, _)| id == lease)
        {
            *probe = None;
        }
    }

    /// Returns whether the endpoint came back.
    pub(crate) fn good(&mut self, amount: f64) -> bool {
        let reopened = self.is_open() && amount >= 1.0;
        if reopened {
            *self = Self { bucket: rules::BUCKET_RESTORED, ..Self::default() };
        } else {
            self.bucket = (self.bucket + amount).min(rules::BUCKET);
        }
        reopened
    }

    /// An ambiguous failure after `took`, of which `share` is the endpoint's. Returns whether it was the probe: then those
    /// who wait for its answer may look for a turn of their own.
    pub(crate) fn bad(&mut self, now: Moment, took: Duration, share: f64, lease: LeaseId, dice: u64) -> bool {
        self.failing = took;
        self.bucket = (self.bucket - share).max(0.0);
        let (first, later) = rules::BREAKER_GAP;
        match &mut self.gate {
            Gate::Closed if self.bucket <= 0.0 => {
                self.gate = Gate::Open { until: now.plus(rules::jittered(first, dice)), trips: 0, probe: None };
                false
            }
            Gate::Open { until, trips, probe } if probe.is_some_and(|(id, _)| id == lease) => {
                *trips += 1;
                *probe = None;
                *until = now.plus(rules::jittered(later, dice));
                true
            }
            Gate::Closed | Gate::Open { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::START.plus(Duration::from_millis(millis))
    }

    #[test]
    fn an_outage_opens_it_and_one_good_probe_closes_it() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            assert_eq!(breaker.passage(at(1000)), Passage::Free);
            breaker.bad(at(1000), Duration::from_millis(50), 1.0, LeaseId(0), 1);
        }
        assert!(matches!(breaker.passage(at(1001)), Passage::Shut(_)));
        assert_eq!(breaker.passage(at(1400)), Passage::Probe);
        breaker.probe(at(1400), LeaseId(1));
        assert!(matches!(breaker.passage(at(1401)), Passage::Shut(_)), "one probe at a time");
        assert!(!breaker.is_promising(at(1450)) && breaker.is_promising(at(1600)), "failures took 50 ms");
        assert_eq!(breaker.passage(at(2500)), Passage::Probe, "a silent probe does not hold up the next");
        assert!(breaker.good(1.0));
        assert_eq!(breaker.passage(at(2501)), Passage::Free);
    }
}
