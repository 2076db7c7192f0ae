//! What reports of attempts change: the commit, the end, failures and what they mean for the rest of the request.

use std::time::Duration;

use claviger_pool::{End, Pool, Settled};
use claviger_types::{Allowance, Class, Moment, Verdict};
use http::StatusCode;

use crate::attempt::{AttemptId, Failed, Outcome};
use crate::ending::{Ending, Reason};
use crate::flow::Flow;

/// An endpoint's share of the blame below which a failure is the credential's own and costs no guess.
const CREDENTIALS_OWN: f64 = 0.25;
/// First and longest pause after an ambiguous failure, both times the endpoint's share and chance.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(2));
/// The rule of classification that says "too long for this model".
const CONTEXT_LENGTH: &str = "context_length";

impl Flow {
    /// The attempt has content to show: it is the answer, and the others end. Returns those, and whether the pool
    /// improved. After this only [`Flow::ended`] is to be called.
    pub fn content(
        &mut self,
        now: Moment,
        pool: &mut Pool,
        dice: u64,
        winner: AttemptId,
        status: StatusCode,
    ) -> (Vec<AttemptId>, bool) {
        self.committed = Some(winner);
        let mut improved = false;
        if let Some(attempt) = self.attempts.get_mut(winner.0) {
            attempt.content = Some(now);
            attempt.status = Some(status);
            if let Some(lease) = &mut attempt.lease {
                improved = pool.progressed(now, lease).improved;
            }
        }
        let losers: Vec<AttemptId> = self.running().map(|(id, ..)| id).filter(|id| *id != winner).collect();
        for id in &losers {
            // one that was overtaken by an attempt begun later was silent for too long; one begun later merely lost
            let end = if *id < winner { End::Said(silent()) } else { End::Cancelled };
            self.finish(now, pool, dice, *id, end);
        }
        (losers, improved)
    }

    /// The committed attempt has used so many LLM tokens.
    pub fn used(&mut self, tokens: u64) {
        let lease = self.committed.and_then(|id| self.attempts.get_mut(id.0)).and_then(|a| a.lease.as_mut());
        if let Some(lease) = lease {
            lease.used(tokens);
        }
    }

    /// What the provider of the committed attempt says it still allows.
    pub fn allowance(&mut self, now: Moment, pool: &mut Pool, allowance: &Allowance) {
        let lease = self.committed.and_then(|id| self.attempts.get(id.0)).and_then(|a| a.lease.as_ref());
        if let Some(lease) = lease {
            pool.allowance(now, lease, allowance);
        }
    }

    /// The answer of the committed attempt ended. Returns whether the pool improved.
    pub fn ended(&mut self, now: Moment, pool: &mut Pool, dice: u64, end: End) -> bool {
        match self.committed {
            Some(attempt) => self.finish(now, pool, dice, attempt, end).improved,
            None => false,
        }
    }

    /// An attempt failed before the commit. Returns whether the pool improved (a refusal may free a probe's place).
    pub fn failed(&mut self, now: Moment, pool: &mut Pool, dice: u64, id: AttemptId, failed: Failed) -> bool {
        let verdict = failed.verdict;
        let credential = match self.attempts.get_mut(id.0) {
            Some(attempt) => {
                attempt.status = failed.answer.as_ref().map(|answer| answer.status);
                attempt.credential
            }
            None => return false,
        };
        let settled = self.finish(now, pool, dice, id, End::Said(verdict));
        self.tried.push(credential);
        if verdict.rule == CONTEXT_LENGTH && self.outgrow(id) {
            // another tier has another model: its turn
        } else if self.is_final(&failed) {
            self.ending = Some(Ending::upstream(&failed));
        } else if self.must_not_repeat(&failed) {
            self.ending = Some(Ending::failing(Reason::NotRepeatable, Some(&failed), &self.attempts));
        } else if verdict.class.is_guess() {
            self.weigh(now, settled.endpoint_share, dice, &failed);
        }
        if verdict.class == Class::ModelUnavailable && failed.answer.is_some() {
            self.no_model = Some(failed.clone());
        }
        self.last = Some(failed);
        settled.improved
    }

    /// Too long for the model, whoever asks it: no other credential of that model is asked. Returns whether another
    /// model is left.
    fn outgrow(&mut self, id: AttemptId) -> bool {
        let model = self.attempts[id.0].model.clone();
        self.outgrown.push(model);
        self.tiers.iter().flatten().any(|candidate| !self.outgrown.contains(&candidate.model))
    }

    /// The caller's mistake, unless somebody else may see it differently.
    fn is_final(&self, failed: &Failed) -> bool {
        let sought = self.terms.seek && failed.absent;
        !failed.verdict.retry_elsewhere && !sought
    }

    fn must_not_repeat(&self, failed: &Failed) -> bool {
        !failed.untouched && (self.terms.once || (self.terms.creates && failed.verdict.class.is_guess()))
    }

    /// An ambiguous failure: how much of it is the endpoint's decides how patient the next attempt is.
    fn weigh(&mut self, now: Moment, share: f64, dice: u64, failed: &Failed) {
        self.failures += 1;
        if share < CREDENTIALS_OWN && !self.route.reuse_failed {
            return;
        }
        self.guesses += 1;
        if self.guesses >= self.route.guess_budget.max(1) {
            self.ending = Some(Ending::failing(Reason::ProviderFailing, Some(failed), &self.attempts));
            return;
        }
        let (base, longest) = BACKOFF;
        let most = (base * (1 << (self.guesses - 1).min(4))).min(longest);
        let chance = (dice >> 11) as f64 / (1_u64 << 53) as f64;
        self.not_before = now.plus(most.mul_f64(share * chance));
    }

    /// The client left: whatever runs is cancelled. Harmless when nothing runs.
    pub fn abandon(&mut self, now: Moment, pool: &mut Pool, dice: u64) {
        self.stop_running(now, pool, dice);
    }

    pub(crate) fn stop_running(&mut self, now: Moment, pool: &mut Pool, dice: u64) {
        self.leave_line(pool);
        for id in self.running().map(|(id, ..)| id).collect::<Vec<_>>() {
            self.finish(now, pool, dice, id, End::Cancelled);
        }
    }

    pub(crate) fn time_out_running(&mut self, now: Moment, pool: &mut Pool, dice: u64) {
        self.leave_line(pool);
        for id in self.running().map(|(id, ..)| id).collect::<Vec<_>>() {
            self.finish(now, pool, dice, id, End::Said(silent()));
        }
    }

    /// It was silent for too long while others may answer.
    pub(crate) fn give_up_on(&mut self, now: Moment, pool: &mut Pool, dice: u64, id: AttemptId) {
        self.finish(now, pool, dice, id, End::Said(silent()));
        if let Some(attempt) = self.attempts.get(id.0) {
            self.tried.push(attempt.credential);
        }
    }

    fn finish(&mut self, now: Moment, pool: &mut Pool, dice: u64, id: AttemptId, end: End) -> Settled {
        let Some(attempt) = self.attempts.get_mut(id.0) else { return Settled::default() };
        let Some(lease) = attempt.lease.take() else { return Settled::default() };
        attempt.ended = Some(now);
        attempt.outcome = Some(match end {
            End::Good => Outcome::Good,
            End::Said(verdict) => Outcome::Failed(verdict),
            End::Cancelled => Outcome::Cancelled,
        });
        pool.settle(now, lease, end, dice)
    }
}

/// The verdict on an attempt that said nothing for too long.
fn silent() -> Verdict {
    Verdict::of(Class::Timeout, "silent")
}
