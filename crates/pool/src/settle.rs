//! What an outcome teaches: facts are believed at once, guesses are weighed.

use claviger_types::{Class, Moment, Scope, Verdict};

use crate::ids::LeaseId;
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
        let Some(endpoint) = self.endpoints.get_mut(&lease.endpoint) else { return Settled::default() };
        endpoint.latency.add(now.since(lease.sent), lease.stream);
        endpoint.evidence.add_good(now, 1.0);
        endpoint.pace.accepted(now);
        let mut improved = endpoint.breaker.good(1.0);
        if improved {
            // what was learned while it went down says nothing about it now
            endpoint.pace = Pace::default();
        }
        let cell = &mut endpoint.cells[place.cell];
        cell.pace.accepted(now);
        cell.window.accepted(cell.open);
        cell.pending = cell.pending.saturating_sub(1);
        cell.evidence.add_good(now, 1.0);
        cell.praise(now, rules::SCORE_STEP / 2.0);
        cell.last_good = Some(now);
        if cell.standing.recover(lease.sent) {
            cell.restored(now);
            improved = true;
        }
        if cell.ejections > 0 && now.since(cell.ejected).as_secs_f64() > rules::EJECT_FORGET {
            cell.ejections -= 1;
            cell.ejected = now;
        }
        if place.live {
            for standing in self.shared_standings(lease) {
                improved |= standing.recover(lease.sent);
            }
        }
        Settled { endpoint_share: 0.0, improved }
    }

    /// Ends the attempt with what it meant.
    pub fn settle(&mut self, now: Moment, mut lease: Lease, end: End, dice: u64) -> Settled {
        let mut settled = match end {
            End::Good => self.progressed(now, &mut lease),
            End::Said(_) | End::Cancelled => Settled::default(),
        };
        let Some(place) = self.place(&lease) else { return settled };
        let Some(endpoint) = self.endpoints.get_mut(&lease.endpoint) else { return settled };
        let cell = &mut endpoint.cells[place.cell];
        cell.open = cell.open.saturating_sub(1);
        // a place in the window became free
        settled.improved |= cell.window.is_learned(now);
        if !lease.progressed {
            cell.pending = cell.pending.saturating_sub(1);
        }
        match end {
            End::Good => {
                cell.praise(now, rules::SCORE_STEP / 2.0);
                cell.strikes = 0.0;
                cell.goods += 1;
            }
            End::Said(verdict) if verdict.class.is_callers() => self.callers(&lease, now),
            End::Said(verdict) if verdict.class.is_guess() => {
                settled.endpoint_share = self.guess(now, &lease, place.cell, verdict, dice);
            }
            End::Said(verdict) => self.fact(now, &lease, place.cell, verdict, dice),
            End::Cancelled => self.release(&lease, now),
        }
        settled
    }

    fn place(&self, lease: &Lease) -> Option<Place> {
        let endpoint = self.endpoints.get(&lease.endpoint)?;
        let cell = endpoint.cell_of(lease.credential.index)?;
        let slot = self.slots.get(lease.credential.index as usize)?;
        (slot.generation == lease.credential.generation).then_some(Place { cell, live: slot.live })
    }

    /// Credential and account of a lease.
    fn shared_standings(&mut self, lease: &Lease) -> Vec<&mut Standing> {
        let slot = &mut self.slots[lease.credential.index as usize];
        let mut standings = Vec::with_capacity(2);
        if let Some(account) = slot.account {
            standings.push(&mut self.accounts[account as usize].standing);
        }
        standings.push(&mut slot.standing);
        standings
    }

    /// The provider read the request and refused it: the key works, nothing else is known.
    fn callers(&mut self, lease: &Lease, now: Moment) {
        self.proves_key(lease);
        if let Some(endpoint) = self.endpoints.get_mut(&lease.endpoint) {
            endpoint.evidence.add_good(now, rules::FACT_IS_LIFE);
            endpoint.breaker.good(1.0);
        }
        self.release(lease, now);
    }

    /// Any refusal that is not about the key shows that the key is known.
    fn proves_key(&mut self, lease: &Lease) {
        for standing in self.shared_standings(lease) {
            if matches!(standing, Standing::Out(out) if out.cause == Class::InvalidCredential) {
                standing.recover(lease.sent);
            }
        }
    }

    fn fact(&mut self, now: Moment, lease: &Lease, cell: usize, verdict: Verdict, dice: u64) {
        if verdict.class != Class::InvalidCredential {
            self.proves_key(lease);
        }
        let rest = Rest { cause: verdict.class, now, sent: lease.sent, hint: verdict.hint, trips: 0, dice };
        let account = self.slots[lease.credential.index as usize].account;
        let Some(endpoint) = self.endpoints.get_mut(&lease.endpoint) else { return };
        endpoint.evidence.add_good(now, rules::FACT_IS_LIFE);
        endpoint.breaker.good(rules::FACT_IS_LIFE);
        endpoint.breaker.release(lease.id);
        let state = &mut endpoint.cells[cell];
        state.last_bad = Some(now);
        state.bads += 1;
        match (verdict.class, verdict.hint) {
            (Class::RateLimited, Some(_)) => state.pace.refused(now),
            (Class::RateLimited, None) => state.window.refused(now, state.open),
            _ => {}
        }
        match verdict.scope {
            Scope::TokenModel => state.standing.rest(rest),
            // "we do not serve your country" would concern every credential of the provider, if it were true; but one
            // credential does not speak for the others, and one of them may still be welcome
            Scope::Token | Scope::Provider => self.slots[lease.credential.index as usize].standing.rest(rest),
            Scope::Account => match account {
                Some(account) => self.accounts[account as usize].standing.rest(rest),
                None => self.slots[lease.credential.index as usize].standing.rest(rest),
            },
            Scope::Request => {}
        }
        self.release(lease, now);
    }

    /// Shares the blame between credential and endpoint by how the others fared. Returns the endpoint's share.
    fn guess(&mut self, now: Moment, lease: &Lease, cell: usize, verdict: Verdict, dice: u64) -> f64 {
        let Some(endpoint) = self.endpoints.get_mut(&lease.endpoint) else { return 0.0 };
        let state = &mut endpoint.cells[cell];
        let share = match verdict.class {
            // capacity is the provider's, whoever asked
            Class::Overloaded => endpoint.evidence.endpoint_share(&mut state.evidence, now).max(0.9),
            _ => endpoint.evidence.endpoint_share(&mut state.evidence, now),
        };
        let weight = if verdict.class == Class::Timeout { rules::TIMEOUT_WEIGHT } else { 1.0 };
        let blame = (1.0 - share) * weight;
        // somebody who never did anything right gets no benefit of the doubt
        let unproven = state.last_good.is_none();
        let untested = state.is_untested();
        state.blame(now, blame);
        state.strikes += blame;
        state.evidence.add_bad(now);
        state.last_bad = Some(now);
        state.bads += 1;
        endpoint.evidence.add_bad(now);
        if verdict.class == Class::Overloaded && endpoint.pace.is_accepting(now) {
            endpoint.pace.refused(now);
        }
        endpoint.breaker.bad(now, share, lease.id, dice);
        let state = &mut endpoint.cells[cell];
        let probing = matches!(state.standing, Standing::Out(_));
        if unproven || probing || state.strikes >= rules::EJECT_STRIKES {
            let trips = state.ejections;
            state.ejections += 1;
            state.ejected = now;
            state.strikes = 0.0;
            let cause = verdict.class;
            state.standing.rest(Rest { cause, now, sent: lease.sent, hint: verdict.hint, trips, dice });
        }
        self.release(lease, now);
        // each may fail its very first attempt without costing the request anything: many broken ones must not hide one
        // that works
        if untested { 0.0 } else { share }
    }

    /// Frees the probe's place wherever this lease held one; the next probe is not due at once.
    fn release(&mut self, lease: &Lease, now: Moment) {
        let id: LeaseId = lease.id;
        let again = now.plus(rules::EJECT.0);
        for standing in self.shared_standings(lease) {
            standing.release(id, again);
        }
        if let Some(endpoint) = self.endpoints.get_mut(&lease.endpoint) {
            endpoint.breaker.release(id);
            if let Some(cell) = endpoint.cell_of(lease.credential.index) {
                endpoint.cells[cell].standing.release(id, again);
            }
        }
    }
}
