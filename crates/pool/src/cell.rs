//! One model on one credential: where health lives.

use claviger_types::Moment;

use crate::evidence::Evidence;
use crate::limits::{Pace, Window};
use crate::rules;
use crate::standing::Standing;

/// State of one (credential, model).
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// Index of the credential's slot.
    pub(crate) credential: u32,
    pub(crate) weight: f64,
    /// Virtual time: how much service it has had, in turns over weight.
    pub(crate) served: f64,
    pub(crate) standing: Standing,
    pub(crate) evidence: Evidence,
    pub(crate) pace: Pace,
    pub(crate) window: Window,
    score: f64,
    scored: Moment,
    pub(crate) strikes: f64,
    pub(crate) ejections: u32,
    pub(crate) ejected: Moment,
    /// Attempts without a first content.
    pub(crate) pending: u32,
    /// Attempts that have not ended.
    pub(crate) open: u32,
    pub(crate) last_good: Option<Moment>,
    pub(crate) last_bad: Option<Moment>,
    pub(crate) goods: u64,
    pub(crate) bads: u64,
}

impl Cell {
    pub(crate) fn new(credential: u32, weight: u32, served: f64) -> Self {
        Self {
            credential,
            weight: f64::from(weight),
            served,
            standing: Standing::Ready,
            evidence: Evidence::default(),
            pace: Pace::default(),
            window: Window::default(),
            score: 1.0,
            scored: Moment::START,
            strikes: 0.0,
            ejections: 0,
            ejected: Moment::START,
            pending: 0,
            open: 0,
            last_good: None,
            last_bad: None,
            goods: 0,
            bads: 0,
        }
    }

    /// EWMA of success, drifting back to 1 while nothing is learned.
    pub(crate) fn score(&self, now: Moment) -> f64 {
        let quiet = now.since(self.scored).as_secs_f64();
        1.0 - (1.0 - self.score) * 0.5_f64.powf(quiet / rules::SCORE_HALF_LIFE)
    }

    /// Weight × health.
    pub(crate) fn share(&self, now: Moment) -> f64 {
        // the common case spares the two powers
        if self.score >= 1.0 { self.weight } else { self.weight * self.score(now).powi(rules::SCORE_POWER).max(1e-3) }
    }

    pub(crate) fn praise(&mut self, now: Moment, step: f64) {
        let score = self.score(now);
        self.score = score + step * (1.0 - score);
        self.scored = now;
    }

    pub(crate) fn blame(&mut self, now: Moment, blame: f64) {
        self.score = self.score(now) * (1.0 - rules::SCORE_STEP * blame.min(2.0));
        self.scored = now;
    }

    pub(crate) fn restored(&mut self, now: Moment) {
        self.score = self.score(now).min(rules::SCORE_RESTORED);
        self.scored = now;
        self.strikes = 0.0;
    }

    /// Whether its places are scarce, as far as was learned.
    pub(crate) fn is_limited(&self, now: Moment) -> bool {
        self.window.is_learned(now) || self.pace.rate(now).is_some()
    }

    /// When a learned limit lets the next attempt go, if it does not now.
    pub(crate) fn limited_until(&self, now: Moment) -> Option<Moment> {
        if self.window.is_full(now, self.open) {
            return Some(now.plus(rules::LOOK_AGAIN));
        }
        self.pace.closed_until(now)
    }

    /// Whether its last word was good.
    pub(crate) fn is_proven(&self) -> bool {
        match (self.last_good, self.last_bad) {
            (Some(good), Some(bad)) => good > bad,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// Whether nothing at all is known about it.
    pub(crate) fn is_untested(&self) -> bool {
        self.last_good.is_none() && self.last_bad.is_none()
    }
}
