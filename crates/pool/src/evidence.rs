//! Fading counts of what went well and what failed ambiguously.

use claviger_types::Moment;

use crate::rules::EVIDENCE_HALF_LIFE;

/// Good first contents and ambiguous failures of the last seconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evidence {
    good: f64,
    bad: f64,
    at: Moment,
}

impl Evidence {
    fn fade(&mut self, now: Moment) {
        if now > self.at {
            let keep = 0.5_f64.powf(now.since(self.at).as_secs_f64() / EVIDENCE_HALF_LIFE);
            self.good *= keep;
            self.bad *= keep;
            self.at = now;
        }
    }

    pub(crate) fn add_good(&mut self, now: Moment, amount: f64) {
        self.fade(now);
        self.good += amount;
    }

    pub(crate) fn add_bad(&mut self, now: Moment) {
        self.fade(now);
        self.bad += 1.0;
    }

    /// The endpoint's share of a failure, judged by everybody but the one that failed: their failures over their
    /// outcomes, one half without any evidence. One healthy neighbour is enough to tell a sick credential from a sick
    /// endpoint.
    pub(crate) fn endpoint_share(&mut self, own: &mut Self, now: Moment) -> f64 {
        self.fade(now);
        own.fade(now);
        let bad = (self.bad - own.bad).max(0.0);
        let good = (self.good - own.good).max(0.0);
        (bad + 1.0) / (bad + good + 2.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn healthy_neighbours_put_the_blame_on_the_one_that_failed() {
        let (mut all, mut own) = (Evidence::default(), Evidence::default());
        let now = Moment::START.plus(Duration::from_secs(1));
        assert!((all.endpoint_share(&mut own, now) - 0.5).abs() < 1e-9);
        for _ in 0..8 {
            all.add_good(now, 1.0);
        }
        assert!((all.endpoint_share(&mut own, now) - 0.1).abs() < 1e-9);
        let later = now.plus(Duration::from_secs(60));
        assert!(all.endpoint_share(&mut own, later) > 0.49, "old news fades");
    }
}
