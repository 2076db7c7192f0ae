//! What must be true of every history.

use std::collections::HashMap;

use claviger_flow::{Ending, Reason, Start};
use claviger_pool::{CredentialId, CredentialView, Explanation, Limits, ProviderId, Say, State};
use claviger_types::{Class, Moment};

use crate::fate::model;
use crate::play::{History, Request};

/// A law was broken: how.
pub(crate) struct Broken(pub(crate) String);

/// The pool as it was before a step.
#[derive(Default)]
pub(crate) struct Before {
    views: HashMap<CredentialId, CredentialView>,
    /// Whether places are limited, by credential and model; where there is one tier of one provider and somebody waits.
    scarce: HashMap<(CredentialId, usize), bool>,
}

impl Before {
    /// The state of a credential for a model: its own, or the whole's.
    fn state(&self, credential: CredentialId, number: usize) -> Option<State> {
        let view = self.views.get(&credential)?;
        let own = view.models.iter().find(|view| view.model == model(number)).map(|view| view.state);
        let out = [Some(view.state), own].into_iter().flatten().find(|state| *state != State::Ready);
        Some(out.unwrap_or(State::Ready))
    }
}

/// With more credentials than this, books are checked at every [`SELDOM`]th step.
const MANY: usize = 24;
const SELDOM: u32 = 4;

impl History {
    /// What is needed to judge the next step.
    pub(crate) fn before(&mut self) -> Before {
        let mut before = Before { views: std::mem::take(&mut self.views), scarce: HashMap::new() };
        let waits = |request: &Request| !request.over && request.held.is_some();
        if self.plan.tiers.len() == 1 && self.plan.tiers[0].len() == 1 && self.requests.iter().any(waits) {
            for number in 0..self.plan.models {
                let targets = [(self.roster.providers[self.plan.tiers[0][0]], model(number))];
                let (endpoints, explained) = self.driver.pool.explain(self.now, &targets);
                // behind an open breaker it is not places that are scarce
                let open = endpoints.iter().any(|endpoint| endpoint.breaker.is_open());
                let paced = endpoints.iter().any(|endpoint| endpoint.pace.is_some());
                for one in explained {
                    before.scarce.insert((one.credential, number), !open && (paced || is_limited(&one)));
                }
            }
        }
        before
    }

    fn is_due_for_books(&self, step: u32) -> bool {
        let all: usize = self.plan.providers.iter().map(|provider| provider.credentials.len()).sum();
        all <= MANY || step.is_multiple_of(SELDOM)
    }
}

fn is_limited(one: &Explanation) -> bool {
    one.pace.is_some() || one.window.is_some() || one.limits != Limits::default()
}

impl History {
    /// Whether the endpoints are limited as a whole, and everybody.
    fn explain(&mut self, targets: &[(ProviderId, &str)]) -> (bool, Vec<Explanation>) {
        let (endpoints, explained) = self.driver.pool.explain(self.now, targets);
        (endpoints.iter().any(|endpoint| endpoint.pace.is_some() || endpoint.breaker.is_open()), explained)
    }

    fn broken<T>(&self, request: usize, what: impl Into<String>) -> Result<T, Broken> {
        let at = self.now.since(Moment::from_nanos(1_000_000_000));
        Err(Broken(format!("request {request} at {at:?}: {}", what.into())))
    }

    /// Nobody twice in one request; nothing but one probe to those who are out; in the order of the waits.
    pub(crate) fn may_send(&mut self, request: usize, start: &Start, before: &Before) -> Result<(), Broken> {
        let (credential, of) = (start.credential, &self.requests[request]);
        let running = self.driver.flow(request).map_or(0, |flow| {
            flow.attempts().iter().filter(|a| a.credential == credential && a.outcome.is_none()).count()
        });
        if running > 1 {
            return self.broken(request, "one credential was asked twice at once");
        }
        let last = of.asked.iter().rev().find(|(asked, _)| *asked == credential);
        let named = |class, hint: bool| class == Class::RateLimited && hint;
        if let Some((_, Some(verdict))) = last
            && !named(verdict.class, verdict.hint.is_some())
            && !self.plan.route.reuse_failed
            && self.alternatives(start) > 1
        {
            return self.broken(request, format!("a credential was asked again after {:?}", verdict.class));
        }
        self.not_out(request, start, before)?;
        self.in_order(request, start, before)
    }

    /// How many could be asked for the same in the tier, reloads aside.
    fn alternatives(&self, start: &Start) -> usize {
        if self.reloaded {
            return 0;
        }
        let able = |p: &usize| {
            let all = self.plan.providers[*p].credentials.iter();
            all.filter(|c| c.present && (c.spec.models.is_empty())).count()
        };
        self.plan.tiers[start.place.0].iter().map(able).sum()
    }

    fn not_out(&self, request: usize, start: &Start, before: &Before) -> Result<(), Broken> {
        let Some(view) = before.views.get(&start.credential) else { return Ok(()) };
        let name = model(self.requests[request].model);
        let own = view.models.iter().find(|view| view.model == name).map(|view| &view.state);
        let flow = self.driver.flow(request);
        let probe = flow.is_some_and(|flow| flow.attempts()[start.attempt.index()].probe);
        for state in [Some(&view.state), own].into_iter().flatten() {
            match state {
                // who may not wait tries whether a rate limit is really over
                State::Resting { cause: Class::RateLimited, .. } if self.plan.route.max_wait.is_zero() => {}
                // the view is as old as the last step: some rests are over now
                State::Resting { cause, until, .. } if !cause.is_guess() && *until > self.now => {
                    return self.broken(request, format!("somebody who rests for {cause:?} was asked"));
                }
                State::Probing { cause, .. } if !cause.is_guess() => {
                    return self.broken(request, format!("a second probe of somebody out for {cause:?}"));
                }
                State::Due { cause, since } if !cause.is_guess() && self.is_probed(request, start, *since) => {
                    return self.broken(request, format!("two probes at once of somebody out for {cause:?}"));
                }
                State::Due { cause, .. } if !probe => {
                    return self.broken(request, format!("somebody due for {cause:?} was asked, but not as a probe"));
                }
                State::Ready | State::Due { .. } | State::Resting { .. } | State::Probing { .. } => {}
            }
        }
        Ok(())
    }

    /// Whether another request's probe of the same model on the same credential, begun since it is out, has heard nothing
    /// yet.
    fn is_probed(&self, request: usize, start: &Start, since: Moment) -> bool {
        let number = self.requests[request].model;
        let others =
            self.driver.flows().filter(|(other, _)| *other != request && self.requests[*other].model == number);
        others.flat_map(|(_, flow)| flow.attempts()).any(|attempt| {
            let silent = attempt.outcome.is_none() && attempt.content.is_none();
            silent && attempt.probe && attempt.credential == start.credential && attempt.started > since
        })
    }

    fn in_order(&self, request: usize, start: &Start, before: &Before) -> Result<(), Broken> {
        let of = &self.requests[request];
        // probes, and the least bad of those who are out, are no scarce places: who gets them has no advantage
        let ready = before.state(start.credential, of.model).is_some_and(|state| state == State::Ready);
        if !ready || before.scarce.get(&(start.credential, of.model)) != Some(&true) {
            return Ok(());
        }
        let passed = self.requests.iter().enumerate().find(|(other, waiting)| {
            *other != request
                && !waiting.over
                && waiting.model == of.model
                && self.driver.is_held(*other)
                && waiting.asked.iter().all(|(asked, _)| *asked != start.credential)
                && waiting.held.is_some_and(|held| of.held.is_none_or(|mine| held < mine))
        });
        match passed {
            Some((other, _)) => self.broken(request, format!("it passed request {other}, which waited before it")),
            None => Ok(()),
        }
    }

    /// Nobody gives up while somebody who is ready was not asked.
    pub(crate) fn may_fail(&mut self, request: usize, ending: &Ending) -> Result<(), Broken> {
        let most = self.plan.route.max_attempts.map_or(usize::MAX, |most| most as usize);
        let of = &self.requests[request];
        if of.asked.len() >= most || of.malformed {
            return Ok(());
        }
        if self.plan.facts_only && self.plan.jumps.is_empty() && ending.reason != Reason::Deadline {
            return self.broken(request, format!("not served although somebody could: {}", ending.message));
        }
        let nobody = matches!(ending.reason, Reason::NoCredential | Reason::RateLimited | Reason::NoneServes);
        if !nobody {
            return Ok(());
        }
        for tier in of.tiers.clone() {
            let targets: Vec<(ProviderId, &str)> = tier.iter().map(|c| (c.id, c.model.as_str())).collect();
            let (limited, explained) = self.explain(&targets);
            let asked = &self.requests[request].asked;
            let free = explained.iter().filter(|one| one.say == Say::Ready && !is_limited(one));
            let mut free = free.filter(|one| asked.iter().all(|(asked, _)| *asked != one.credential));
            if !limited && free.next().is_some() {
                return self.broken(request, format!("it gave up while somebody was ready: {}", ending.message));
            }
        }
        Ok(())
    }

    /// A request that is called again and again in one moment makes no progress.
    pub(crate) fn spins(&mut self, request: usize) -> Result<(), Broken> {
        let of = &mut self.requests[request];
        of.at_once = if of.at_once.0 == self.now { (self.now, of.at_once.1 + 1) } else { (self.now, 1) };
        if of.at_once.1 > 1000 {
            return self.broken(request, "it spins");
        }
        Ok(())
    }

    /// What the pool counts is what runs.
    pub(crate) fn books(&mut self, step: u32) -> Result<(), Broken> {
        if !self.is_due_for_books(step) {
            return Ok(());
        }
        let mut open: HashMap<CredentialId, u32> = HashMap::new();
        for (_, flow) in self.driver.flows() {
            for attempt in flow.attempts().iter().filter(|attempt| attempt.outcome.is_none()) {
                *open.entry(attempt.credential).or_default() += 1;
            }
        }
        let views = self.driver.pool.snapshot(self.now);
        for view in &views {
            let mine = open.get(&view.id).copied().unwrap_or(0);
            if view.in_flight != mine {
                return Err(Broken(format!("{:?}: {} in flight, {mine} leases", view.id, view.in_flight)));
            }
        }
        self.views = views.into_iter().map(|view| (view.id, view)).collect();
        Ok(())
    }

    /// Everybody got an end, and nothing is left behind.
    pub(crate) fn done(&mut self) -> Result<(), Broken> {
        if let Some(request) = self.requests.iter().position(|request| !request.over) {
            return self.broken(request, "it never ended");
        }
        if let Some((request, _)) = self.driver.flows().next() {
            return self.broken(request, "it is still there");
        }
        for number in 0..self.plan.models {
            let targets: Vec<_> = self.roster.providers.iter().map(|id| (*id, model(number))).collect();
            let (endpoints, explained) = self.driver.pool.explain(self.now, &targets);
            if endpoints.iter().any(|endpoint| endpoint.waiting > 0) {
                return Err(Broken("somebody is still in a line".to_owned()));
            }
            if let Some(one) = explained.iter().find(|one| one.open > 0 || one.pending > 0) {
                return Err(Broken(format!("{:?} has open attempts", one.credential)));
            }
        }
        Ok(())
    }
}
