//! Limits that nobody stated, learned from refusals: a pace after a refusal that named its end, a window on open
//! answers after one that did not. Both are guesses: they order and delay, they never refuse for good.

use std::time::Duration;

use claviger_types::Moment;

use crate::rules;

/// A rate that was seen to be accepted, kept as a bucket that was empty at the last refusal: what was not used during a
/// rest may be used after it, as the provider's own books have it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    learned: Option<Learned>,
    /// Fading counts of attempts that left and were not refused (yet), and of those that were accepted.
    left: f32,
    accepted: f32,
    counted: Moment,
    /// Attempts since the last refusal that were not refused themselves.
    sent: u32,
    /// Whether any of them was accepted.
    proven: bool,
}

#[derive(Clone, Copy, Debug)]
struct Learned {
    per_second: f64,
    /// When the first refusal of the last burst of them came.
    at: Moment,
    /// Attempts that may go now, as of `filled`.
    level: f64,
    filled: Moment,
}

impl Pace {
    fn count(&mut self, now: Moment) {
        let keep = 0.5_f64.powf(now.since(self.counted).as_secs_f64() / rules::PACE_HALF_LIFE);
        self.accepted *= keep as f32;
        self.left *= keep as f32;
        self.counted = now;
    }

    /// When the first refusal of the last burst of them came.
    fn refused_at(&self) -> Option<Moment> {
        self.learned.map(|learned| learned.at)
    }

    /// An attempt that left at `sent` was accepted.
    pub(crate) fn accepted(&mut self, now: Moment, sent: Moment) {
        self.count(now);
        self.accepted += 1.0;
        self.proven |= self.refused_at().is_none_or(|refused| sent >= refused);
    }

    /// Whether anything was accepted lately: who accepts nothing has no pace, it is down.
    pub(crate) fn is_accepting(&mut self, now: Moment) -> bool {
        self.count(now);
        f64::from(self.accepted) > rules::PACE_ALIVE
    }

    /// An attempt that left at `left` was refused: the limit is what was accepted since the last time. Refusals of one
    /// burst are one lesson. `hint`: when the provider will accept one again.
    pub(crate) fn refused(&mut self, now: Moment, left: Moment, hint: Option<Duration>) {
        self.count(now);
        self.left = (self.left - 1.0).max(0.0);
        if self.refused_at().is_none_or(|refused| left >= refused) {
            self.sent = self.sent.saturating_sub(1);
        }
        let since = self.refused_at().map(|at| now.since(at).as_secs_f64());
        if since.is_some_and(|since| since < rules::PACE_ONE_BURST) {
            return;
        }
        if since.is_some() && !self.proven {
            // nothing at all is accepted: that is no pace, but an outage or a longer rest
            let rate = self.rate(now);
            if let (Some(learned), Some(rate), Some(hint)) = (&mut self.learned, rate, hint) {
                (learned.level, learned.filled) = (1.0 - rate * hint.as_secs_f64(), now);
            }
            return;
        }
        // between two refusals exactly as much was accepted as the limit allows; before the first one, perhaps a burst
        let between = since.filter(|since| *since < rules::PACE_BETWEEN).map(|since| f64::from(self.sent) / since);
        let fading = f64::from(self.left) * std::f64::consts::LN_2 / rules::PACE_HALF_LIFE;
        let per_second = match (self.rate(now), between) {
            (Some(before), Some(between)) => between.clamp(before / 2.0, before),
            (Some(before), None) => before.min(fading * rules::PACE_HOPE),
            // too fast is corrected by the next refusal, too slow is not noticed for long
            (None, between) => between.unwrap_or_default().max(fading * rules::PACE_HOPE),
        };
        let per_second = per_second.max(rules::PACE_LEAST);
        let level = hint.map_or(0.0, |hint| (1.0 - per_second * hint.as_secs_f64()).max(0.0));
        self.learned = Some(Learned { per_second, at: now, level, filled: now });
        (self.sent, self.proven) = (0, false);
    }

    /// The rate now, in attempts per second: it grows until the next refusal and is forgotten in the end.
    pub(crate) fn rate(&self, now: Moment) -> Option<f64> {
        let learned = self.learned?;
        let age = now.since(learned.at).as_secs_f64();
        // slowly at first, where the limit is near, then ever faster, in case it has moved
        let growth = rules::PACE_GROWTH * age + rules::PACE_HASTE * age * age;
        (age < rules::LEARNED_FORGET).then(|| learned.per_second * growth.exp())
    }

    /// When the next attempt may go, if that is in the future.
    pub(crate) fn closed_until(&self, now: Moment) -> Option<Moment> {
        let rate = self.rate(now)?;
        let missing = 1.0 - self.level(now, rate);
        (missing > 1e-6).then(|| now.plus(Duration::from_secs_f64(missing / rate)))
    }

    pub(crate) fn take(&mut self, now: Moment) {
        self.count(now);
        self.left += 1.0;
        self.sent = self.sent.saturating_add(1);
        if let Some(rate) = self.rate(now) {
            let level = self.level(now, rate);
            if let Some(learned) = &mut self.learned {
                // somebody who could not wait may have gone before their time; that is not held against all others
                (learned.level, learned.filled) = ((level - 1.0).max(-1.0), now);
            }
        }
    }

    fn level(&self, now: Moment, rate: f64) -> f64 {
        let Some(learned) = self.learned else { return f64::MAX };
        let filled = learned.level + rate * now.since(learned.filled).as_secs_f64();
        filled.min((rate * rules::PACE_SAVED).max(1.0))
    }
}

/// How many answers may be open at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    learned: Option<(f32, Moment)>,
}

impl Window {
    /// Refused with `open` answers open.
    pub(crate) fn refused(&mut self, now: Moment, open: u32) {
        self.learned = Some((open.max(1) as f32, now));
    }

    /// A success while `open` answers were open: the window grows by one per window's worth of them.
    pub(crate) fn accepted(&mut self, open: u32) {
        if let Some((size, _)) = &mut self.learned
            && open as f32 >= size.floor()
        {
            *size += 1.0 / size.max(1.0);
        }
    }

    pub(crate) fn is_full(&self, now: Moment, open: u32) -> bool {
        self.learned.is_some_and(|(size, at)| {
            now.since(at).as_secs_f64() < rules::LEARNED_FORGET && open as f32 >= size.floor()
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
    fn the_pace_begins_with_what_was_accepted_and_grows_again() {
        let mut pace = Pace::default();
        for i in 0..100 {
            pace.take(at(i * 100));
            pace.accepted(at(i * 100), at(i * 100));
        }
        pace.refused(at(10_000), at(10_000), None);
        let rate = pace.rate(at(10_000)).unwrap();
        assert!((9.0..14.0).contains(&rate), "{rate} of ten per second");
        assert!(pace.closed_until(at(10_010)).is_some());
        assert!(pace.closed_until(at(10_300)).is_none());
        assert!(pace.rate(at(15_000)).unwrap() < rate * 1.5);
        assert!(pace.rate(at(40_000)).unwrap() > rate * 5.0);
        assert_eq!(pace.rate(at(80_000)), None, "forgotten");
    }

    /// A limit of `rate` per second with a burst, refusals rounded up to whole seconds as `retry-after` is.
    #[test]
    fn a_limit_is_used_up_with_few_refusals() {
        let (rate, burst) = (5.0, 10.0);
        let (mut level, mut filled, mut pace, mut rests) = (burst, 0_u64, Pace::default(), 0);
        let (mut accepted, mut refused) = (0, 0);
        for now in (0..60_000).step_by(20) {
            level = f64::min(burst, level + rate * (now - filled) as f64 / 1000.0);
            filled = now;
            if now < rests || pace.closed_until(at(now)).is_some() {
                continue;
            }
            pace.take(at(now));
            if level >= 1.0 {
                level -= 1.0;
                accepted += 1;
                pace.accepted(at(now), at(now));
            } else {
                refused += 1;
                pace.refused(at(now), at(now), Some(Duration::from_secs(1)));
                rests = now + 1000;
            }
        }
        assert!(accepted as f64 > 0.985 * (rate * 60.0 + burst), "{accepted} accepted");
        assert!(refused < 15, "{refused} refused");
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
