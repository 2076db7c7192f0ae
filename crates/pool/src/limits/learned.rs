//! Limits that nobody stated, learned from refusals: a pace after a refusal that named its end, a window on open
//! answers after one that did not. Both are guesses: they order and delay, they never refuse for good.

use claviger_types::Moment;

use crate::rules;

/// A rate that was seen to be accepted, enforced by spacing attempts evenly (GCRA with burst 1).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    learned: Option<Learned>,
    /// Earliest moment of the next attempt.
    next: Moment,
    /// Fading count of accepted attempts.
    accepted: f64,
    counted: Moment,
}

#[derive(Clone, Copy, Debug)]
struct Learned {
    per_second: f64,
    at: Moment,
}

impl Pace {
    fn count(&mut self, now: Moment) {
        self.accepted *= 0.5_f64.powf(now.since(self.counted).as_secs_f64() / rules::PACE_HALF_LIFE);
        self.counted = now;
    }

    pub(crate) fn accepted(&mut self, now: Moment) {
        self.count(now);
        self.accepted += 1.0;
    }

    /// Whether anything was accepted lately: who accepts nothing has no pace, it is down.
    pub(crate) fn is_accepting(&mut self, now: Moment) -> bool {
        self.count(now);
        self.accepted > rules::PACE_ALIVE
    }

    /// Takes nine tenths of what was seen to be accepted. Refusals of one burst are one lesson.
    pub(crate) fn refused(&mut self, now: Moment) {
        self.count(now);
        let seen = (self.accepted * std::f64::consts::LN_2 / rules::PACE_HALF_LIFE).max(rules::PACE_LEAST);
        let per_second = match (self.learned, self.rate(now)) {
            (Some(learned), _) if now.since(learned.at).as_secs_f64() < rules::PACE_ONE_BURST => return,
            (_, Some(rate)) => rate.min(seen * 1.2),
            (_, None) => seen,
        };
        self.learned = Some(Learned { per_second: (per_second * rules::PACE_CAUTION).max(rules::PACE_LEAST), at: now });
    }

    /// The rate now, in attempts per second: it grows until the next refusal and is forgotten in the end.
    pub(crate) fn rate(&self, now: Moment) -> Option<f64> {
        let learned = self.learned?;
        let age = now.since(learned.at).as_secs_f64();
        (age < rules::LEARNED_FORGET).then(|| learned.per_second * rules::PACE_GROWTH.powf(age))
    }

    /// When the next attempt may go, if that is in the future.
    pub(crate) fn closed_until(&self, now: Moment) -> Option<Moment> {
        (self.next > now && self.rate(now).is_some()).then_some(self.next)
    }

    pub(crate) fn take(&mut self, now: Moment) {
        if let Some(rate) = self.rate(now) {
            self.next = self.next.max(now).plus(std::time::Duration::from_secs_f64(1.0 / rate));
        }
    }
}

/// How many answers may be open at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    learned: Option<(f64, Moment)>,
}

impl Window {
    /// Refused with `open` answers open.
    pub(crate) fn refused(&mut self, now: Moment, open: u32) {
        self.learned = Some((f64::from(open.max(1)), now));
    }

    /// A success while `open` answers were open: the window grows by one per window's worth of them.
    pub(crate) fn accepted(&mut self, open: u32) {
        if let Some((size, _)) = &mut self.learned
            && f64::from(open) >= size.floor()
        {
            *size += 1.0 / size.max(1.0);
        }
    }

    pub(crate) fn is_full(&self, now: Moment, open: u32) -> bool {
        self.learned.is_some_and(|(size, at)| {
            now.since(at).as_secs_f64() < rules::LEARNED_FORGET && f64::from(open) >= size.floor()
        })
    }

    pub(crate) fn is_learned(&self, now: Moment) -> bool {
        self.learned.is_some_and(|(_, at)| now.since(at).as_secs_f64() < rules::LEARNED_FORGET)
    }

    /// How many answers, if that was learned lately.
    pub(crate) fn size(&self, now: Moment) -> Option<u32> {
        self.learned.filter(|_| self.is_learned(now)).map(|(size, _)| size as u32)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::START.plus(Duration::from_millis(millis))
    }

    #[test]
    fn the_pace_settles_just_below_what_was_accepted_and_grows_again() {
        let mut pace = Pace::default();
        for i in 0..100 {
            pace.accepted(at(i * 100));
        }
        pace.refused(at(10_000));
        let rate = pace.rate(at(10_000)).unwrap();
        assert!((7.0..10.5).contains(&rate), "{rate} of ten per second");
        pace.take(at(10_000));
        assert!(pace.closed_until(at(10_010)).is_some());
        assert!(pace.closed_until(at(10_300)).is_none());
        assert!(pace.rate(at(15_000)).unwrap() > rate * 1.5);
        assert_eq!(pace.rate(at(80_000)), None, "forgotten");
    }

    #[test]
    fn a_window_holds_what_was_open_at_the_refusal() {
        let mut window = Window::default();
        assert!(!window.is_full(at(0), 1000));
        window.refused(at(0), 4);
        assert!(window.is_full(at(1), 4) && !window.is_full(at(1), 3));
        for _ in 0..5 {
            window.accepted(4);
        }
        assert!(!window.is_full(at(1), 4));
        assert!(!window.is_full(at(61_000), 50), "forgotten");
    }
}
