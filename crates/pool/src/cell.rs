//! One model on one credential: where health lives.

use claviger_types::{Allowance, Moment};

use crate::evidence::Evidence;
use crate::limits::{Pace, Told, Window};
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
    /// Mean logarithm of its time to the first content over the endpoint's: 0 is as fast as the others.
    slowness: f32,
    /// What the provider said that it still allows, if it says such things.
    told: Option<Box<Told>>,
    /// Attempts so far.
    pub(crate) leases: u32,
    pub(crate) strikes: f64,
    pub(crate) ejections: u32,
    pub(crate) ejected: Moment,
    /// Attempts without a first content.
    pub(crate) pending: u32,
    /// Attempts that have not ended.
    pub(crate) open: u32,
    pub(crate) last_good: Option<Moment>,
    pub(crate) last_bad: Option<Moment>,
    pub(crate) goods: u32,
    pub(crate) bads: u32,
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
            slowness: 0.0,
            told: None,
            leases: 0,
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

    /// Health as a factor of the share, in (0, 1]. The usual case spares all powers.
    pub(crate) fn health(&self, now: Moment) -> f64 {
        if self.score >= 1.0 { 1.0 } else { self.score(now).powi(rules::SCORE_POWER).max(1e-3) }
    }

    /// Weight × health × speed × remaining quota.
    pub(crate) fn share(&self, now: Moment) -> f64 {
        let mut share = self.weight * self.health(now);
        if f64::from(self.slowness) > rules::SLOW.ln() {
            share *= (rules::SLOW / self.pace_ratio(now).max(rules::SLOW)).powi(2);
        }
        if let Some((thin, _)) = self.told.as_ref().and_then(|told| told.thin(now)) {
            share *= thin;
        }
        share
    }

    /// How many times longer than the others it takes to its first content; drifts back to 1 without news.
    pub(crate) fn pace_ratio(&self, now: Moment) -> f64 {
        let quiet = now.since(self.scored).as_secs_f64();
        (f64::from(self.slowness) * 0.5_f64.powf(quiet / rules::SCORE_HALF_LIFE)).exp()
    }

    /// Took `ratio` times as long as the others usually do.
    pub(crate) fn timed(&mut self, now: Moment, ratio: f64) {
        let before = self.pace_ratio(now).ln();
        self.slowness = (before + rules::SCORE_STEP * (ratio.max(1e-3).ln() - before)) as f32;
    }

    /// When the share changes although nothing happens.
    pub(crate) fn drifts(&self, now: Moment) -> Option<Moment> {
        let drifting = self.score < 0.999 || f64::from(self.slowness) > rules::SLOW.ln();
        let thin = self.told.as_ref().and_then(|told| told.thin(now)).map(|(_, until)| until);
        thin.into_iter().chain(drifting.then(|| now.plus(rules::DRIFT))).min()
    }

    /// The provider said how much it still allows, in answer to this cell's attempt number `attempt`: the share shrinks
    /// over the last tenth, and who has nothing left is not asked. `whole`: whether nothing at all is allowed before the
    /// reset, as was learned.
    pub(crate) fn allowed(&mut self, now: Moment, allowance: &Allowance, attempt: u32, whole: bool) {
        let told = Told::new(now, allowance, self.leases.saturating_sub(attempt), whole);
        match &mut self.told {
            Some(before) => **before = told,
            None => self.told = Some(Box::new(told)),
        }
    }

    /// When the provider allows the next attempt, if by its own word it does not now.
    pub(crate) fn spent_until(&self, now: Moment) -> Option<Moment> {
        self.told.as_ref()?.spent_until(now)
    }

    /// An attempt goes.
    pub(crate) fn leave(&mut self, now: Moment) {
        self.pace.take(now);
        self.leases = self.leases.wrapping_add(1);
        self.pending += 1;
        self.open += 1;
        if let Some(told) = &mut self.told {
            told.take();
        }
    }

    /// Whether a refusal now shows that nothing is allowed before the reset.
    pub(crate) fn refused_early(&self, now: Moment) -> bool {
        self.told.as_ref().is_some_and(|told| told.refused_early(now))
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

#[cfg(test)]
mod tests {
    use super::Cell;

    #[test]
    fn a_cell_is_small() {
        assert!(size_of::<Cell>() <= 300, "{} bytes", size_of::<Cell>());
    }
}
