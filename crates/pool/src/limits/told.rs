//! What a provider says with its answers that it still allows.

use claviger_types::{Allowance, Moment};

use crate::rules;

/// The last word of a provider about one cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// Attempts that may still go; `None`: not told.
    requests: Option<u32>,
    /// When nobody is asked although none is left: until then.
    closed: Moment,
    /// When the allowance is whole again.
    reset: Moment,
    /// What is left of the cell's share because its quota is nearly used up, until then.
    thin: f32,
    thin_until: Moment,
}

impl Told {
    /// `since`: attempts sent after the one that was answered. `whole`: whether nothing at all is allowed before the
    /// reset, as was learned.
    pub(crate) fn new(now: Moment, allowance: &Allowance, since: u32, whole: bool) -> Self {
        let (mut least, mut until) = (1.0_f64, now);
        for budget in [allowance.requests, allowance.usage].into_iter().flatten() {
            let reset = budget.reset.unwrap_or(rules::ALLOWANCE_UNKNOWN).min(rules::ALLOWANCE_CAP);
            let Some(limit) = budget.limit.filter(|limit| *limit > 0) else { continue };
            let left = budget.remaining as f64 / limit as f64 / rules::ALLOWANCE_THIN;
            if left < least {
                (least, until) = (left, now.plus(reset));
            }
        }
        let thin = least.max(rules::ALLOWANCE_LEAST) as f32;
        let mut told = Self { requests: None, closed: now, reset: now, thin, thin_until: until };
        let usage_spent = allowance.usage.filter(|usage| usage.remaining == 0);
        if let Some(budget) = usage_spent.or(allowance.requests)
            && let Some(reset) = budget.reset
        {
            // those sent since then are not counted in it yet
            let left = budget.remaining.saturating_sub(u64::from(since));
            told.requests = Some(u32::try_from(left).unwrap_or(u32::MAX));
            told.reset = now.plus(reset.min(rules::ALLOWANCE_CAP));
            told.closed = if whole { told.reset } else { told.reset.min(now.plus(rules::ALLOWANCE_EARLY)) };
        }
        told
    }

    /// An attempt goes.
    pub(crate) fn take(&mut self) {
        self.requests = self.requests.map(|left| left.saturating_sub(1));
    }

    /// When the provider allows the next attempt, if by its own word it does not now.
    pub(crate) fn spent_until(&self, now: Moment) -> Option<Moment> {
        (self.requests == Some(0) && now < self.closed).then_some(self.closed)
    }

    /// Whether a refusal now shows that nothing is allowed before the reset.
    pub(crate) fn refused_early(&self, now: Moment) -> bool {
        self.requests == Some(0) && self.closed <= now && now < self.reset
    }

    /// The part of its share that the cell has, and until when, while its quota is nearly used up.
    pub(crate) fn thin(&self, now: Moment) -> Option<(f64, Moment)> {
        (now < self.thin_until).then_some((f64::from(self.thin), self.thin_until))
    }
}
