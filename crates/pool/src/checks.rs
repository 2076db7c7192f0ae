//! Requests of the gateway's own that find out whether a credential works again, where [`Checks`] asks for them.

use claviger_types::{Class, Moment};

use crate::health::Checks;
use crate::ids::{CredentialId, LeaseId, ProviderId};
use crate::lease::End;
use crate::pool::Pool;
use crate::rules;
use crate::standing::{Admission, Standing};

/// Permission for one check. Hand it back through [`Pool::checked`].
#[derive(Debug)]
#[must_use]
pub struct Check {
    id: LeaseId,
    /// Whose.
    pub credential: CredentialId,
    /// Of which provider.
    pub provider: ProviderId,
    /// What to ask: never [`Checks::Never`].
    pub kind: Checks,
    /// Since when it has been out, the latest of what this check may end.
    pub since: Moment,
    sent: Moment,
}

impl Pool {
    /// At most `most` credentials of this provider whose rest is over and which the gateway asks by itself; each is the
    /// only probe of its credential.
    pub fn checks_of(&mut self, now: Moment, provider: ProviderId, most: usize) -> Vec<Check> {
        let mut found = Vec::new();
        let Some(state) = self.providers.get(provider.0 as usize) else { return found };
        let kind = state.health.checks;
        if !state.live || kind == Checks::Never {
            return found;
        }
        for place in 0..state.members.len() {
            if found.len() >= most {
                break;
            }
            let index = self.providers[provider.0 as usize].members[place];
            found.extend(self.check(now, provider, index, kind));
        }
        found
    }

    fn check(&mut self, now: Moment, provider: ProviderId, index: u32, kind: Checks) -> Option<Check> {
        let due = |standing: &Standing| match standing.admission(now) {
            Admission::Due { cause } => kind.covers(cause),
            Admission::Ready | Admission::Resting { .. } => false,
        };
        let id = LeaseId(self.fresh());
        let mut since = None;
        let slot = &mut self.slots[index as usize];
        if due(&slot.standing) && slot.standing.probe(now, id) {
            since = since.max(began(&slot.standing));
        }
        let credential = CredentialId { index, generation: slot.generation };
        if kind == Checks::Everything {
            for endpoint in self.providers[provider.0 as usize].endpoints.values() {
                let Some(endpoint) = self.endpoints.get_mut(*endpoint) else { continue };
                if let Some(cell) = endpoint.cell_of(index)
                    && due(&endpoint.cells[cell].standing)
                    && endpoint.cells[cell].standing.probe(now, id)
                {
                    since = since.max(began(&endpoint.cells[cell].standing));
                }
            }
        }
        let since = since?;
        self.touch(index);
        Some(Check { id, credential, provider, kind, since, sent: now })
    }

    /// What a check found. A listing that succeeds proves the key, a prompt that succeeds proves everything. Returns
    /// whether somebody may be asked again.
    pub fn checked(&mut self, now: Moment, check: &Check, end: End, dice: u64) -> bool {
        let index = check.credential.index;
        let live =
            self.slots.get(index as usize).is_some_and(|s| s.live && s.generation == check.credential.generation);
        if !live {
            return false;
        }
        let improved = match end {
            End::Good => self.proven(now, check),
            End::Said(verdict) if verdict.class == Class::InvalidCredential => {
                let rest = self.rest_of(check.credential, (check.id, check.sent), verdict, now, dice);
                self.slots[index as usize].standing.rest(rest);
                false
            }
            // "too many requests", "no money": whoever says so knows the key
            End::Said(verdict) if !verdict.class.is_guess() && !verdict.class.is_callers() => {
                self.recover_shared(now, check.credential, (check.id, check.sent), |cause| {
                    cause == Class::InvalidCredential
                })
            }
            End::Said(_) | End::Cancelled => false,
        };
        let again = now.plus(self.pause(check));
        self.each_standing(index, |standing| {
            standing.release(check.id, again);
        });
        self.touch(index);
        improved
    }

    /// The provider does not offer what the checks ask for: its credentials are probed by callers' requests.
    pub fn uncheckable(&mut self, provider: ProviderId) {
        if let Some(state) = self.providers.get_mut(provider.0 as usize) {
            state.health.checks = Checks::Never;
            self.touch_all(provider);
        }
    }

    fn proven(&mut self, now: Moment, check: &Check) -> bool {
        let everything = check.kind == Checks::Everything;
        let proves = |cause| everything || cause == Class::InvalidCredential;
        let mut improved = self.recover_shared(now, check.credential, (check.id, check.sent), proves);
        if everything {
            for endpoint in self.providers[check.provider.0 as usize].endpoints.values() {
                let Some(endpoint) = self.endpoints.get_mut(*endpoint) else { continue };
                if let Some(cell) = endpoint.cell_of(check.credential.index).map(|cell| &mut endpoint.cells[cell])
                    && cell.standing.recover(now, check.id, check.sent)
                {
                    cell.restored(now);
                    improved = true;
                }
            }
        }
        improved
    }

    fn pause(&self, check: &Check) -> std::time::Duration {
        self.providers[check.provider.0 as usize].health.interval.unwrap_or(rules::CHECK_AGAIN)
    }

    fn each_standing(&mut self, index: u32, mut then: impl FnMut(&mut Standing)) {
        let slot = &mut self.slots[index as usize];
        then(&mut slot.standing);
        for endpoint in self.providers[slot.provider.0 as usize].endpoints.values() {
            let Some(endpoint) = self.endpoints.get_mut(*endpoint) else { continue };
            if let Some(cell) = endpoint.cell_of(index) {
                then(&mut endpoint.cells[cell].standing);
            }
        }
    }
}

/// Since when it is out.
const fn began(standing: &Standing) -> Option<Moment> {
    match standing {
        Standing::Ready => None,
        Standing::Out(out) => Some(out.since),
    }
}
