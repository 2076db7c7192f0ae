//! Limits that the operator stated for a credential: reserved before an attempt is sent, corrected by the usage that
//! came back. They are orders: nobody passes them, not even those who cannot wait.

use std::time::Duration;

use claviger_types::Moment;

/// What a credential may be asked for, whatever the model; `None`: no limit. Counted over sliding windows, so that no
/// minute (or day) ever sees more, wherever it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Attempts per minute.
    pub rpm: Option<u64>,
    /// Usage per minute, in LLM tokens, input and output.
    pub tpm: Option<u64>,
    /// Attempts per day (24 hours).
    pub rpd: Option<u64>,
    /// Usage per day (24 hours), in LLM tokens.
    pub tpd: Option<u64>,
    /// Answers open at once.
    pub concurrency: Option<u32>,
}

/// The books of one credential's [`Limits`].
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    limits: Limits,
    minute: Counts,
    day: Counts,
    /// Answers open now.
    open: u32,
    /// What a request usually costs: decides whether there is room for another one.
    usual: f64,
}

#[derive(Clone, Debug)]
struct Counts {
    attempts: Sliding,
    usage: Sliding,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Too many answers are open: until one of them ends.
    Full,
    /// A window is used up until then.
    Until(Moment),
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

impl Quota {
    pub(crate) fn new(limits: Limits) -> Self {
        let counts = |span| Counts { attempts: Sliding::new(span), usage: Sliding::new(span) };
        Self { limits, minute: counts(MINUTE), day: counts(DAY), open: 0, usual: 0.0 }
    }

    pub(crate) const fn limits(&self) -> Limits {
        self.limits
    }

    /// New limits for the same books.
    pub(crate) const fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Whether nobody may be asked now: for a request of `cost` (`None`: a usual one). A request that is larger than
    /// the whole limit waits for an empty window.
    pub(crate) fn closed(&self, now: Moment, cost: Option<u64>) -> Option<Closed> {
        if self.limits.concurrency.is_some_and(|most| self.open >= most) {
            return Some(Closed::Full);
        }
        let cost = cost.unwrap_or(self.usual as u64);
        let windows = [
            (self.limits.rpm, &self.minute.attempts, 1),
            (self.limits.tpm, &self.minute.usage, cost),
            (self.limits.rpd, &self.day.attempts, 1),
            (self.limits.tpd, &self.day.usage, cost),
        ];
        let opens = windows.iter().filter_map(|(limit, window, cost)| window.opens(now, (*limit)?, *cost));
        opens.max().map(Closed::Until)
    }

    pub(crate) fn reserve(&mut self, now: Moment, cost: u64) {
        self.open += 1;
        for counts in [&mut self.minute, &mut self.day] {
            counts.attempts.add(now, 1);
            counts.usage.add(now, cost);
        }
    }

    /// An attempt that reserved `cost` at `sent` has ended and used this much.
    pub(crate) fn correct(&mut self, now: Moment, sent: Moment, cost: u64, used: u64) {
        self.open = self.open.saturating_sub(1);
        for counts in [&mut self.minute, &mut self.day] {
            counts.usage.correct(now, sent, cost, used);
        }
        if used > 0 {
            self.usual += 0.1 * (used as f64 - self.usual);
        }
    }

    /// Attempts and usage of the last minute.
    pub(crate) fn last_minute(&self, now: Moment) -> (u64, u64) {
        (self.minute.attempts.sum(now), self.minute.usage.sum(now))
    }
}

/// How many parts a window has: it opens a part late rather than early.
const PARTS: usize = 60;

/// A count over the last `span`.
#[derive(Clone, Debug)]
struct Sliding {
    part: u64,
    counts: Box<[u64; PARTS]>,
    /// Number of the newest part since the start.
    newest: u64,
}

impl Sliding {
    fn new(span: Duration) -> Self {
        let part = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX) / PARTS as u64;
        Self { part, counts: Box::new([0; PARTS]), newest: 0 }
    }

    /// Parts that are over leave; where a part is kept is its number modulo their count.
    fn turn(&mut self, now: Moment) {
        let newest = now.as_nanos() / self.part;
        for number in (self.newest + 1..=newest).take(PARTS) {
            self.counts[number as usize % PARTS] = 0;
        }
        self.newest = self.newest.max(newest);
    }

    fn add(&mut self, now: Moment, amount: u64) {
        self.turn(now);
        let part = &mut self.counts[self.newest as usize % PARTS];
        *part = part.saturating_add(amount);
    }

    fn correct(&mut self, now: Moment, sent: Moment, reserved: u64, used: u64) {
        self.turn(now);
        let number = sent.as_nanos() / self.part;
        if number + PARTS as u64 > self.newest {
            let part = &mut self.counts[number as usize % PARTS];
            *part = part.saturating_sub(reserved).saturating_add(used);
        } else if used > reserved {
            // a long answer: what it used beyond its reservation is counted when it is known
            self.add(now, used - reserved);
        }
    }

    /// The parts that count at `now`, oldest first, each with the moment at which it leaves.
    fn parts(&self, now: Moment) -> impl Iterator<Item = (Moment, u64)> {
        let current = (now.as_nanos() / self.part).max(self.newest);
        let oldest = (current + 1).saturating_sub(PARTS as u64);
        (oldest..=self.newest).map(move |number| {
            let leaves = Moment::from_nanos((number + PARTS as u64).saturating_mul(self.part));
            (leaves, self.counts[number as usize % PARTS])
        })
    }

    fn sum(&self, now: Moment) -> u64 {
        self.parts(now).map(|(_, count)| count).sum()
    }

    /// When there is room for `cost` more, if there is none now.
    fn opens(&self, now: Moment, limit: u64, cost: u64) -> Option<Moment> {
        let mut over = (self.sum(now) + cost.min(limit)).saturating_sub(limit);
        if over == 0 {
            return None;
        }
        self.parts(now).find_map(|(leaves, count)| {
            over = over.saturating_sub(count);
            (over == 0).then_some(leaves)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::START.plus(Duration::from_millis(millis))
    }

    #[test]
    fn no_minute_sees_more_attempts_than_stated_wherever_it_begins() {
        let mut quota = Quota::new(Limits { rpm: Some(10), ..Limits::default() });
        let mut sent = Vec::new();
        for step in 0..10_000 {
            let now = at(step * 50);
            if quota.closed(now, None).is_none() {
                quota.reserve(now, 0);
                quota.correct(now, now, 0, 0);
                sent.push(now);
            }
        }
        assert!(sent.len() >= 80, "{} in 500 s", sent.len());
        for window in sent.windows(11) {
            assert!(window[10].since(window[0]) >= MINUTE, "{:?}", window[10].since(window[0]));
        }
    }

    #[test]
    fn usage_is_reserved_before_and_corrected_after() {
        let mut quota = Quota::new(Limits { tpm: Some(1000), ..Limits::default() });
        quota.reserve(at(0), 900);
        let Some(Closed::Until(opens)) = quota.closed(at(10), Some(200)) else { panic!("closed") };
        assert_eq!(opens, at(60_000));
        assert_eq!(quota.closed(at(10), Some(100)), None);
        quota.correct(at(20), at(0), 900, 100);
        assert_eq!(quota.closed(at(30), Some(800)), None);
        assert_eq!(quota.last_minute(at(30)), (1, 100));
        assert_eq!(quota.last_minute(at(61_000)), (0, 0));
        assert_eq!(quota.closed(at(61_000), Some(5000)), None, "larger than the limit: an empty window will do");
    }

    #[test]
    fn only_so_many_answers_are_open_at_once() {
        let mut quota = Quota::new(Limits { concurrency: Some(2), ..Limits::default() });
        quota.reserve(at(0), 0);
        quota.reserve(at(0), 0);
        assert_eq!(quota.closed(at(1), None), Some(Closed::Full));
        quota.correct(at(2), at(0), 0, 0);
        assert_eq!(quota.closed(at(2), None), None);
    }

    #[test]
    fn a_day_is_counted_as_well() {
        let mut quota = Quota::new(Limits { rpd: Some(1), ..Limits::default() });
        quota.reserve(at(0), 0);
        let Some(Closed::Until(opens)) = quota.closed(at(3_600_000), None) else { panic!("closed") };
        assert_eq!(opens.as_nanos(), DAY.as_nanos() as u64);
    }
}
