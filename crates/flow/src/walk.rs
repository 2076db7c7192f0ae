//! One walk through the tiers: who can be asked now, and if nobody, whether waiting is worth it.

use std::time::Duration;

use claviger_pool::{Census, CredentialId, Lease, Need, Pool, ProviderId, Refusal, Turn};
use claviger_types::{Class, Moment, Verdict};

use crate::attempt::{Failed, Outcome};
use crate::ending::Ending;
use crate::flow::Flow;

/// What a walk finds.
pub(crate) enum Found {
    /// Tier and target, and the permission.
    Lease((usize, usize), Lease),
    /// Hold the request until then; who is out.
    Wait(Moment, Census),
    /// A credential that failed may be asked again then.
    Again(Moment),
    /// Give up.
    Nobody(Box<Ending>),
}

/// A walk.
pub(crate) struct Walk<'f> {
    flow: &'f mut Flow,
    now: Moment,
    turn: Turn,
    /// Skipped although they have not failed: they are being asked.
    beside: Vec<CredentialId>,
}

/// Pause before a lone credential is asked again the second time; doubles.
const LONE_BACKOFF: Duration = Duration::from_millis(500);

impl<'f> Walk<'f> {
    pub(crate) fn new(flow: &'f mut Flow, now: Moment, turn: Turn) -> Self {
        Self { flow, now, turn, beside: Vec::new() }
    }

    pub(crate) fn beside(self, running: Vec<CredentialId>) -> Self {
        Self { beside: running, ..self }
    }

    /// Somebody who may be asked at once, in any tier.
    pub(crate) fn go_once(mut self, pool: &mut Pool, dice: u64) -> Option<((usize, usize), Lease)> {
        (0..self.flow.tiers.len()).find_map(|tier| self.ask(pool, tier, dice).ok())
    }

    /// Somebody, or what to do instead.
    pub(crate) fn go(mut self, pool: &mut Pool, dice: u64) -> Found {
        let (mut census, mut soonest, mut back) = (Census::default(), None::<Moment>, None::<Moment>);
        let last_tier = self.flow.tiers.len().saturating_sub(1);
        for tier in 0..self.flow.tiers.len() {
            match self.ask(pool, tier, dice) {
                Ok((place, lease)) => return Found::Lease(place, lease),
                Err(Refusal::Resting { until, census: some }) => {
                    census = census.plus(some);
                    soonest = Some(soonest.map_or(until, |soonest| soonest.min(until)));
                    // a better tier that is back soon is worth more than another model
                    if tier < last_tier && until <= self.now.plus(self.flow.route.patience) && self.may_hold(until) {
                        return Found::Wait(until, census);
                    }
                }
                Err(Refusal::Tried { until, census: some }) => {
                    census = census.plus(some);
                    back = back.into_iter().chain(until).min();
                    if let Some(until) = until
                        && tier < last_tier
                        && until <= self.now.plus(self.flow.route.patience)
                        && self.may_hold(until)
                        && self.forgive_named()
                    {
                        return Found::Wait(until, census);
                    }
                    if let Some(at) = self.lone_again(tier, some) {
                        return Found::Again(at);
                    }
                }
                Err(Refusal::NoneServes) => {}
            }
        }
        if let Some(until) = self.hold_until(soonest, census) {
            return Found::Wait(until, census);
        }
        if self.forgive() {
            return Found::Again(self.now);
        }
        Found::Nobody(Box::new(self.give_up(census, soonest.into_iter().chain(back).min())))
    }

    fn ask(&mut self, pool: &mut Pool, tier: usize, dice: u64) -> Result<((usize, usize), Lease), Refusal> {
        let flow = &self.flow;
        let candidates = flow.tiers[tier].iter().enumerate().filter(|(_, c)| !flow.outgrown.contains(&c.model));
        let (places, targets): (Vec<usize>, Vec<(ProviderId, &str)>) =
            candidates.map(|(index, c)| (index, (c.id, c.model.as_str()))).unzip();
        let skipped;
        let tried = if self.beside.is_empty() {
            &flow.tried
        } else {
            skipped = [flow.tried.as_slice(), self.beside.as_slice()].concat();
            &skipped
        };
        let need = Need {
            targets: &targets,
            tried,
            turn: self.turn,
            pinned: flow.terms.pinned,
            ticket: flow.ticket,
            patient: !flow.route.max_wait.is_zero(),
            shaken: flow.guesses > 0,
            last: self.now >= self.hold_end(),
            stream: flow.terms.stream,
            affinity: flow.terms.affinity,
            cost: flow.terms.cost,
        };
        pool.lease(self.now, &need, dice).map(|lease| ((tier, places[lease.target]), lease))
    }

    /// Until when the request may be held.
    fn hold_end(&self) -> Moment {
        self.flow.held_since.unwrap_or(self.now).plus(self.flow.route.max_wait)
    }

    fn may_hold(&self, until: Moment) -> bool {
        until <= self.hold_end() && until < self.flow.deadline()
    }

    /// When to look again, if the request may be held at all: what is known to end later is not waited for, but how
    /// long guesses hold nobody knows.
    fn hold_until(&self, soonest: Option<Moment>, census: Census) -> Option<Moment> {
        let until = soonest?;
        if self.may_hold(until) {
            return Some(until);
        }
        let end = self.hold_end();
        (census.failing > 0 && self.now < end).then(|| end.min(self.flow.deadline()))
    }

    /// A lone credential in its tier may be asked again after a guess, never after a fact and not after silence: once
    /// at once, then with back-off.
    fn lone_again(&mut self, tier: usize, census: Census) -> Option<Moment> {
        if census.all != 1 {
            return None;
        }
        let last = self.flow.attempts.iter().rev().find(|attempt| {
            self.flow.tiers[tier].iter().any(|c| c.provider == attempt.provider && c.model == attempt.model)
        })?;
        let Some(Outcome::Failed(verdict)) = last.outcome else { return None };
        if !verdict.class.is_guess() || verdict.class == Class::Timeout || self.flow.terms.once {
            return None;
        }
        let credential = last.credential;
        self.flow.tried.retain(|tried| *tried != credential);
        let again = self.flow.failures.saturating_sub(1);
        let pause = if again == 0 { Duration::ZERO } else { LONE_BACKOFF * (1 << (again - 1).min(4)) };
        Some(self.now.plus(pause).max(self.flow.not_before))
    }

    /// Nobody is left: those whose return the provider itself named, and with `reuseFailedCredentials` all, are no
    /// longer passed over. Their rests are still kept. Returns whether that changed anything.
    fn forgive(&mut self) -> bool {
        let reuse = self.flow.route.reuse_failed;
        // who may not wait cannot wait for a return that was named either
        let waits = !self.flow.route.max_wait.is_zero();
        self.forgive_where(|verdict| (waits && is_named(verdict)) || (reuse && !verdict.class.is_callers()))
    }

    /// The same for those whose return the provider named.
    fn forgive_named(&mut self) -> bool {
        self.forgive_where(is_named)
    }

    fn forgive_where(&mut self, forgiven: impl Fn(&Verdict) -> bool) -> bool {
        let Flow { tried, attempts, .. } = &mut *self.flow;
        let before = tried.len();
        tried.retain(|credential| {
            let last = attempts.iter().rev().find(|attempt| attempt.credential == *credential);
            let Some(Outcome::Failed(verdict)) = last.and_then(|attempt| attempt.outcome) else { return true };
            !forgiven(&verdict)
        });
        tried.len() < before
    }

    pub(crate) fn give_up(&self, census: Census, soonest: Option<Moment>) -> Ending {
        let flow = &self.flow;
        // the last word of a provider tells more than that nobody is left
        if flow.terms.verbatim
            && let Some(last) = flow.last.as_ref().filter(|last| last.answer.is_some())
        {
            return Ending::upstream(last);
        }
        let telling = |failed: &&Failed| {
            let class = failed.verdict.class;
            failed.answer.is_some() && (class.is_guess() || class.is_callers() || flow.terms.seek)
        };
        // that the model does not exist is worth more than that others are limited or failing
        if let Some(said) = flow.no_model.as_ref().or(flow.last.as_ref().filter(telling)) {
            return Ending::upstream(said);
        }
        Ending::nobody(self.now, census, soonest, &flow.tried_attempts())
    }
}

/// A rate limit of which the provider said when it ends.
fn is_named(verdict: &Verdict) -> bool {
    verdict.class == Class::RateLimited && verdict.hint.is_some()
}
