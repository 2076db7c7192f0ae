//! A provider's rate limit, which knows exactly when the next request fits.

use crate::scenario::{Algorithm, RateLimit};

/// Two moments nearer than this are the same.
pub const EPSILON: f64 = 1e-9;

/// GCRA or fixed window.
#[derive(Clone, Debug)]
pub struct Limiter {
    per: f64,
    rate: f64,
    fixed: bool,
    gap: f64,
    /// How far ahead of time arrivals may run.
    tau: f64,
    count_rejected: bool,
    /// Theoretical arrival time of the next request.
    tat: f64,
    window: i64,
    used: f64,
}

impl Limiter {
    /// One that has seen nothing.
    pub fn new(spec: &RateLimit) -> Self {
        let gap = spec.per / spec.rate;
        Self {
            per: spec.per,
            rate: spec.rate,
            fixed: spec.algorithm == Algorithm::FixedWindow,
            gap,
            tau: (spec.burst.unwrap_or_else(|| spec.rate.max(1.0)) - 1.0) * gap,
            count_rejected: spec.count_rejected,
            tat: -1e9,
            window: -1,
            used: 0.0,
        }
    }

    /// Seconds until a request fits; 0: now.
    pub fn wait(&self, now: f64) -> f64 {
        if !self.fixed {
            return (self.tat - self.tau - now).max(0.0);
        }
        let window = self.window_at(now);
        let room = window != self.window || self.used < self.rate;
        if room { 0.0 } else { (window + 1) as f64 * self.per - now }
    }

    /// Counts a request.
    pub fn take(&mut self, now: f64) {
        let fits = self.wait(now) <= EPSILON;
        if self.fixed {
            let window = self.window_at(now);
            if window != self.window {
                (self.window, self.used) = (window, 0.0);
            }
            if fits || self.count_rejected {
                self.used += 1.0;
            }
        } else if fits {
            self.tat = self.tat.max(now) + self.gap;
        } else if self.count_rejected {
            self.tat = (self.tat + self.gap).min(now + self.tau + 10.0 * self.gap);
        }
    }

    fn window_at(&self, now: f64) -> i64 {
        (now / self.per).floor() as i64
    }

    fn remaining(&self, now: f64) -> i64 {
        if self.fixed {
            let used = if self.window_at(now) == self.window { self.used } else { 0.0 };
            return (self.rate - used) as i64;
        }
        let room = ((now + self.tau - self.tat.max(now)) / self.gap + EPSILON).max(0.0);
        room as i64 + i64::from(self.tat <= now + self.tau)
    }

    /// The value of a header: templates are filled in with this limit's numbers.
    pub fn fill(limiter: Option<&Self>, template: &str, now: f64) -> String {
        let wait = limiter.map_or(0.0, |limiter| limiter.wait(now));
        let reset = limiter.map_or(0.0, |limiter| match limiter.fixed {
            true => (limiter.window_at(now) + 1) as f64 * limiter.per - now,
            false => wait,
        });
        match template {
            "$retry_after" => format!("{}", wait.ceil().max(1.0)),
            "$retry_after_ms" => format!("{}", (wait * 1000.0).ceil().max(1.0)),
            "$reset" => format!("{reset:.3}s"),
            "$remaining" => limiter.map_or(0, |limiter| limiter.remaining(now)).to_string(),
            "$limit" => limiter.map_or(0, |limiter| limiter.rate as i64).to_string(),
            other => other.to_owned(),
        }
    }
}
