//! What an outcome teaches: facts are believed at once, guesses are weighed.

use claviger_types::{Allowance, Class, Moment, Scope, Verdict};

use crate::ids::{CredentialId, LeaseId, ProviderId};
use crate::lease::{End, Lease, Settled};
use crate::limits::Pace;
use crate::pool::Pool;
use crate::rules;
use crate::standing::{Rest, Standing};

/// Where a lease's cell is now; a reload may have removed it.
struct Place {
    cell: usize,
    live: bool,
}

impl Pool {
    /// The first content of the attempt arrived: it counts as a success from now on.
    pub fn progressed(&mut self, now: Moment, lease: &mut Lease) -> Settled {
        let Some(place) = self.place(lease) else { return Settled::default() };
        if std::mem::replace(&mut lease.progressed, true) {
            return Settled::default();
        }
        let mut improved = place.live && self.recover_shared(now, lease.credential, (lease.id, lease.sent), |_| true);
        let Some(endpoint) = self.endpoints.get_mut(lease.endpoint) else { return Settled::default() };
        let took = now.since(lease.sent);
        let ratio = endpoint.latency.ratio(took, lease.stream);
        endpoint.latency.add(took, lease.stream);
        endpoint.pending = endpoint.pending.saturating_sub(1);
        endpoint.heard = now;
        endpoint.evidence.add_good(now, 1.0);
        endpoint.pace.accepted(now, lease.sent);
        if endpoint.breaker.good(1.0) {
            improved = true;
            // what was learned while it went down says nothing about it now
            endpoint.pace = Pace::default();
        }
        endpoint.blocks.touch(place.cell);
        let cell = &mut endpoint.cells[place.cell];
        cell.pace.accepted(now, lease.sent);
        cell.window.accepted(cell.open);
        cell.pending = cell.pending.saturating_sub(1);
        cell.evidence.add_good(now, 1.0);
        if let Some(ratio) = ratio {
            cell.timed(now, ratio);
        }
        cell.praise(now, rules::SCORE_STEP / 2.0);
        cell.last_good = Some(now);
        if !cell.standing.wants_whole() && cell.standing.recover(now, lease.id, lease.sent) {
            cell.restored(now);
            improved = true;
        }
        if cell.ejections > 0 && now.since(cell.ejected).as_secs_f64() > rules::EJECT_FORGET {
            cell.ejections -= 1;
            cell.ejected = now;
        }
        Settled { endpoint_share: 0.0, improved }
    }

    /// The provider said with an answer how much it still allows.
    pub fn allowance(&mut self, now: Moment, lease: &Lease, allowance: &Allowance) {
        let Some(place) = self.place(lease) else { return };
        if let Some(endpoint) = self.endpoints.get_mut(lease.endpoint) {
            endpoint.blocks.touch(place.cell);
            endpoint.cells[place.cell].allowed(now, allowance, lease.attempt, endpoint.resets_whole);
        }
    }

    /// Ends the attempt with what it meant.
    pub fn settle(&mut self, now: Moment, mut lease: Lease, end: End, dice: u64) -> Settled {
        let mut settled = match end {
            End::Good => self.progressed(now, &mut lease),
            End::Said(_) | End::Cancelled => Settled::default(),
        };
        settled.improved |= self.give_back(now, &lease, end);
        let Some(place) = self.place(&lease) else { return settled };
        let Some(endpoint) = self.endpoints.get_mut(lease.endpoint) else { return settled };
        endpoint.open = endpoint.open.saturating_sub(1);
        endpoint.blocks.touch(place.cell);
        let cell = &mut endpoint.cells[place.cell];
        cell.open = cell.open.saturating_sub(1);
        // a place in the window became free
        settled.improved |= cell.window.is_learned(now);
        if !lease.progressed {
            cell.pending = cell.pending.saturating_sub(1);
            endpoint.pending = endpoint.pending.saturating_sub(1);
        }
        match end {
            End::Good => {
                cell.praise(now, rules::SCORE_STEP / 2.0);
                cell.strikes = 0.0;
                if cell.standing.wants_whole() && cell.standing.recover(now, lease.id, lease.sent) {
                    cell.restored(now);
                    settled.improved = true;
                }
                cell.goods = cell.goods.saturating_add(1);
            }
            End::Said(verdict) if verdict.class.is_callers() => self.callers(&lease, now),
            // the operator says that it counts against nobody
            End::Said(Verdict { scope: Scope::Request, .. }) => self.release(&lease, now),
            End::Said(verdict) if verdict.class.is_guess() => {
                let (share, probe) = self.guess(now, &lease, place.cell, verdict, dice);
                settled.endpoint_share = share;
                settled.improved |= probe;
            }
            End::Said(verdict) => self.fact(now, &lease, place.cell, verdict, dice),
            End::Cancelled => self.release(&lease, now),
        }
        settled
    }

    /// Corrects what was reserved of the operator's limits. Returns whether a place became free.
    fn give_back(&mut self, now: Moment, lease: &Lease, end: End) -> bool {
        let index = lease.credential.index;
        let Some(slot) = self.slots.get_mut(index as usize).filter(|s| s.generation == lease.credential.generation)
        else {
            return false;
        };
        let Some(quota) = &mut slot.quota else { return false };
        let used = match (lease.used, end) {
            (Some(used), _) => used,
            // a refusal costs nothing; what a broken or abandoned answer cost is not known
            (None, End::Said(verdict)) if !verdict.class.is_guess() => 0,
            (None, End::Good | End::Said(_) | End::Cancelled) => lease.cost,
        };
        quota.correct(now, lease.sent, lease.cost, used);
        self.touch(index);
        true
    }

    fn place(&self, lease: &Lease) -> Option<Place> {
        let endpoint = self.endpoints.get(lease.endpoint)?;
        let cell = endpoint.cell_of(lease.credential.index)?;
        let slot = self.slots.get(lease.credential.index as usize)?;
        (slot.generation == lease.credential.generation).then_some(Place { cell, live: slot.live })
    }

    /// Account and credential of a lease.
    fn shared_standings(&mut self, lease: &Lease) -> [Option<&mut Standing>; 2] {
        let slot = &mut self.slots[lease.credential.index as usize];
        let account = slot.account.map(|account| &mut self.accounts[account as usize].standing);
        [account, Some(&mut slot.standing)]
    }

    /// A success of a credential (by this attempt, which left then) ends its and its account's rests for the causes it disproves.
    /// Returns whether somebody came back.
    pub(crate) fn recover_shared(
        &mut self,
        now: Moment,
        credential: CredentialId,
        (lease, sent): (LeaseId, Moment),
        disproves: impl Fn(Class) -> bool,
    ) -> bool {
        let slot = &mut self.slots[credential.index as usize];
        let (provider, account) = (slot.provider, slot.account);
        let account = account.map(|account| &mut self.accounts[account as usize].standing);
        let mut own = None;
        if let Standing::Out(out) = slot.standing
            && disproves(out.cause)
            && slot.standing.recover(now, lease, sent)
        {
            own = Some(out);
        }
        let of_account = account.is_some_and(|standing| {
            matches!(standing, Standing::Out(out) if disproves(out.cause)) && standing.recover(now, lease, sent)
        });
        if let Some(out) = own.filter(|out| out.cause == Class::InvalidCredential) {
            self.hurry_likewise(now, provider, out.since);
        }
        if of_account {
            self.touch_all(provider);
        } else if own.is_some() {
            self.touch(credential.index);
        }
        own.is_some() || of_account
    }

    /// Keys that were refused at the same time as one that is known again are likely known again as well: each may be
    /// tried at once.
    fn hurry_likewise(&mut self, now: Moment, provider: ProviderId, since: Moment) {
        let Self { providers, slots, .. } = self;
        for index in &providers[provider.0 as usize].members {
            if let Standing::Out(out) = &mut slots[*index as usize].standing
                && out.cause == Class::InvalidCredential
                && out.since.since(since).max(since.since(out.since)) <= rules::LIKEWISE
            {
                out.until = out.until.min(now);
            }
        }
        self.touch_all(provider);
    }

    /// The provider read the request and refused it: the key works, nothing else is known.
    fn callers(&mut self, lease: &Lease, now: Moment) {
        self.proves_key(now, lease);
        if let Some(endpoint) = self.endpoints.get_mut(lease.endpoint) {
            endpoint.evidence.add_good(now, rules::FACT_IS_LIFE);
            endpoint.breaker.good(1.0);
        }
        self.release(lease, now);
    }

    /// Any refusal that is not about the key shows that the key is known.
    fn proves_key(&mut self, now: Moment, lease: &Lease) {
        self.recover_shared(now, lease.credential, (lease.id, lease.sent), |cause| cause == Class::InvalidCredential);
    }

    fn fact(&mut self, now: Moment, lease: &Lease, cell: usize, verdict: Verdict, dice: u64) {
        if verdict.class != Class::InvalidCredential {
            self.proves_key(now, lease);
        }
        let rest = self.rest_of(lease.credential, (lease.id, lease.sent), verdict, now, dice);
        let account = self.slots[lease.credential.index as usize].account;
        let Some(endpoint) = self.endpoints.get_mut(lease.endpoint) else { return };
        endpoint.evidence.add_good(now, rules::FACT_IS_LIFE);
        endpoint.breaker.good(rules::FACT_IS_LIFE);
        endpoint.breaker.release(lease.id);
        let state = &mut endpoint.cells[cell];
        state.last_bad = Some(now);
        state.bads = state.bads.saturating_add(1);
        if verdict.class == Class::RateLimited {
            endpoint.resets_whole |= state.refused_early(now);
        }
        match (verdict.class, verdict.hint) {
            (Class::RateLimited, Some(hint)) => state.pace.refused(now, lease.sent, Some(hint)),
            (Class::RateLimited, None) => state.window.refused(now, state.open),
            _ => {}
        }
        let slot = &mut self.slots[lease.credential.index as usize];
        match (verdict.scope, account) {
            (Scope::TokenModel, _) => state.standing.rest(rest),
            (Scope::Account, Some(account)) => {
                let provider = slot.provider;
                self.accounts[account as usize].standing.rest(rest);
                self.touch_all(provider);
            }
            // "we do not serve your country" would concern every credential of the provider, if it were true; but one
            // credential does not speak for the others, and one of them may still be welcome
            (Scope::Token | Scope::Provider | Scope::Account, _) => {
                slot.standing.rest(rest);
                self.touch(lease.credential.index);
            }
            (Scope::Request, _) => {}
        }
        self.release(lease, now);
    }

    /// The rest that a verdict on an attempt means, by the rules of the credential's provider.
    pub(crate) fn rest_of(
        &self,
        credential: CredentialId,
        (lease, sent): (LeaseId, Moment),
        verdict: Verdict,
        now: Moment,
        dice: u64,
    ) -> Rest {
        let provider = self.slots[credential.index as usize].provider;
        let health = self.providers[provider.0 as usize].health;
        let rest = Rest::new(lease, verdict.class, now, sent, dice);
        let successes = health.success_threshold.unwrap_or(1);
        Rest { hint: verdict.hint, interval: health.interval, successes, ..rest }
    }

    /// Shares the blame between credential and endpoint by how the others fared. Returns the endpoint's share, and
    /// whether the attempt was the endpoint's probe.
    fn guess(&mut self, now: Moment, lease: &Lease, cell: usize, verdict: Verdict, dice: u64) -> (f64, bool) {
        let rest = self.rest_of(lease.credential, (lease.id, lease.sent), verdict, now, dice);
        let threshold = self.strikes_of(lease);
        let Some(endpoint) = self.endpoints.get_mut(lease.endpoint) else { return (0.0, false) };
        let state = &mut endpoint.cells[cell];
        let share = match verdict.class {
            // capacity is the provider's, whoever asked
            Class::Overloaded => endpoint.evidence.endpoint_share(&mut state.evidence, now).max(0.9),
            _ => endpoint.evidence.endpoint_share(&mut state.evidence, now),
        };
        let weight = match verdict.class {
            _ if lease.progressed => rules::BROKEN_WEIGHT,
            Class::Timeout => rules::TIMEOUT_WEIGHT,
            _ => 1.0,
        };
        let blame = (1.0 - share) * weight;
        // somebody who never did anything right gets no benefit of the doubt
        let unproven = state.last_good.is_none();
        let untested = state.is_untested();
        state.blame(now, blame);
        state.strikes += blame;
        state.evidence.add_bad(now);
        state.last_bad = Some(now);
        state.bads = state.bads.saturating_add(1);
        endpoint.evidence.add_bad(now);
        // an endpoint that has more to do than it can refuses those that it serves at other times
        if verdict.class == Class::Overloaded && !unproven && endpoint.pace.is_accepting(now) {
            endpoint.pace.refused(now, lease.sent, None);
        }
        let outage = endpoint.breaker.is_open();
        let probe = endpoint.breaker.bad(now, now.since(lease.sent), share, lease.id, dice);
        let state = &mut endpoint.cells[cell];
        let probing = matches!(state.standing, Standing::Out(_));
        // while the whole endpoint is down, its failures put nobody out who worked before
        if unproven || (!outage && (probing || state.strikes >= threshold)) {
            let trips = state.ejections;
            state.ejections += 1;
            state.ejected = now;
            state.strikes = 0.0;
            state.standing.rest(Rest { trips, whole: lease.progressed, ..rest });
        }
        self.release(lease, now);
        // each may fail its very first attempt without costing the request anything: many broken ones must not hide one
        // that works
        (if untested { 0.0 } else { share }, probe)
    }

    fn strikes_of(&self, lease: &Lease) -> f64 {
        let provider = self.slots[lease.credential.index as usize].provider;
        let set = self.providers[provider.0 as usize].health.failure_threshold;
        set.map_or(rules::EJECT_STRIKES, f64::from)
    }

    /// Frees the probe's place wherever this lease held one; the next probe is not due at once.
    fn release(&mut self, lease: &Lease, now: Moment) {
        let id: LeaseId = lease.id;
        let again = now.plus(rules::EJECT.0);
        let [account, own] = self.shared_standings(lease);
        let of_account = account.is_some_and(|standing| standing.release(id, again));
        let of_own = own.is_some_and(|standing| standing.release(id, again));
        if of_account {
            self.touch_all(self.slots[lease.credential.index as usize].provider);
        } else if of_own {
            self.touch(lease.credential.index);
        }
        if let Some(endpoint) = self.endpoints.get_mut(lease.endpoint) {
            endpoint.breaker.release(id);
            if let Some(cell) = endpoint.cell_of(lease.credential.index) {
                endpoint.cells[cell].standing.release(id, again);
                endpoint.blocks.touch(cell);
            }
        }
    }
}
