//! Plays a history to its end, and looks at the laws after every step.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use claviger_flow::{AttemptId, Candidate, Ending, Flow, Start, Terms};
use claviger_pool::{CredentialId, CredentialView, End, Pool, Roster};
use claviger_sim::agenda::Agenda;
use claviger_sim::chance::Dice;
use claviger_sim::drive::{Driver, Order};
use claviger_types::{Class, Moment, Verdict};

use crate::fate::{Fate, fate, mistake, model, nature};
use crate::laws::{Before, Broken};
use crate::plan::{LENGTH, Plan};

/// A request of the history.
pub(crate) struct Request {
    pub(crate) arrived: Moment,
    pub(crate) model: usize,
    pub(crate) malformed: bool,
    /// Since when it was held first, counted in waits.
    pub(crate) held: Option<u64>,
    pub(crate) tiers: Vec<Vec<Candidate>>,
    /// Whom it asked, with what came of it.
    pub(crate) asked: Vec<(CredentialId, Option<Verdict>)>,
    pub(crate) committed: Option<AttemptId>,
    pub(crate) over: bool,
    pub(crate) served: bool,
    pub(crate) left: bool,
    /// Calls at one and the same moment.
    pub(crate) at_once: (Moment, u32),
}

#[derive(Clone, Copy)]
enum Event {
    Arrive,
    Call(usize, u64),
    Head(usize, AttemptId),
    Over(usize),
    Leave(usize),
    Reload,
    Jump(f64),
}

pub(crate) struct History {
    pub(crate) plan: Plan,
    pub(crate) driver: Driver,
    pub(crate) roster: Roster,
    pub(crate) requests: Vec<Request>,
    pub(crate) now: Moment,
    pub(crate) reloaded: bool,
    /// Everybody, as of the last step that looked.
    pub(crate) views: HashMap<CredentialId, CredentialView>,
    places: HashMap<CredentialId, (usize, usize)>,
    buckets: HashMap<(usize, usize), f64>,
    fates: HashMap<(usize, AttemptId), Fate>,
    agenda: Agenda<Event>,
    dice: Dice,
    seconds: f64,
    /// Nothing moves before this.
    frozen: f64,
    waits: u64,
}

fn moment(seconds: f64) -> Moment {
    Moment::from_nanos(1_000_000_000 + (seconds * 1e9).round() as u64)
}

impl History {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::random(&mut dice);
        let driver = Driver::new(Pool::new(), dice.throw());
        let mut history = Self {
            plan,
            driver,
            roster: Roster::default(),
            requests: Vec::new(),
            now: moment(0.0),
            reloaded: false,
            views: HashMap::new(),
            places: HashMap::new(),
            buckets: HashMap::new(),
            fates: HashMap::new(),
            agenda: Agenda::new(),
            dice,
            seconds: 0.0,
            frozen: 0.0,
            waits: 0,
        };
        history.configure();
        history.agenda.enter(0.0, Event::Arrive);
        for at in history.plan.reloads.clone() {
            history.agenda.enter(at, Event::Reload);
        }
        for (at, by) in history.plan.jumps.clone() {
            history.agenda.enter(at, Event::Jump(by));
        }
        history
    }

    fn configure(&mut self) {
        self.roster = self.driver.pool.reconcile(self.now, &self.plan.wanted());
        for (p, provider) in self.plan.providers.iter().enumerate() {
            let present = provider.credentials.iter().enumerate().filter(|(_, credential)| credential.present);
            for ((c, _), id) in present.zip(&self.roster.credentials[p]) {
                self.places.insert(*id, (p, c));
            }
        }
    }

    /// To the end, or to the first broken law.
    pub(crate) fn play(mut self) -> Result<(), Broken> {
        let mut steps = 0_u32;
        while let Some((at, event)) = self.agenda.pop() {
            self.seconds = at.max(self.frozen);
            self.now = moment(self.seconds);
            let before = self.before();
            self.happen(event);
            self.obey(&before, at)?;
            self.books(steps)?;
            steps += 1;
            if steps > 200_000 {
                return Err(Broken("the history does not end".to_owned()));
            }
        }
        self.done()
    }

    fn happen(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::Arrive => self.arrive(),
            Event::Call(request, turn) => self.driver.call(now, request, turn),
            Event::Head(request, attempt) => self.head(request, attempt),
            Event::Over(request) => {
                let committed = self.requests[request].committed;
                let cut = committed.and_then(|attempt| self.fates.get(&(request, attempt)));
                let cut = matches!(cut, Some(Fate::Good { cut: true, .. }));
                if !self.requests[request].over {
                    let end = if cut { End::Said(Verdict::of(Class::Connection, "cut")) } else { End::Good };
                    self.driver.ended(now, request, end);
                    self.requests[request].over = true;
                }
            }
            Event::Leave(request) => {
                if !self.requests[request].over {
                    self.driver.leave(now, request);
                    (self.requests[request].over, self.requests[request].left) = (true, true);
                }
            }
            Event::Reload => {
                self.plan.reload(&mut self.dice);
                self.configure();
                self.reloaded = true;
                // the server wakes those who wait: the newcomers may serve them
                self.driver.wake(now, true);
            }
            Event::Jump(by) => self.frozen = self.seconds + by,
        }
    }

    fn arrive(&mut self) {
        let request = self.requests.len();
        let number = self.dice.below(self.plan.models);
        let candidate = |provider: &usize| Candidate {
            provider: *provider,
            id: self.roster.providers[*provider],
            model: model(number).to_owned(),
        };
        let tiers: Vec<Vec<Candidate>> =
            self.plan.tiers.iter().map(|tier| tier.iter().map(candidate).collect()).collect();
        let terms = Terms {
            arrived: self.now,
            stream: self.dice.chance(0.5),
            creates: self.dice.chance(0.05),
            once: false,
            pinned: None,
            affinity: Some(self.dice.throw() % 8),
            cost: 0,
            seek: false,
            verbatim: false,
        };
        self.requests.push(Request {
            arrived: self.now,
            model: number,
            malformed: self.dice.chance(self.plan.malformed),
            held: None,
            tiers: tiers.clone(),
            asked: Vec::new(),
            committed: None,
            over: false,
            served: false,
            left: false,
            at_once: (self.now, 0),
        });
        if self.dice.chance(self.plan.leaving) {
            self.agenda.enter(self.seconds + self.dice.unit() * 6.0, Event::Leave(request));
        }
        let next = self.seconds - (1.0 - self.dice.unit()).ln() / self.plan.rate;
        if next < LENGTH {
            self.agenda.enter(next, Event::Arrive);
        }
        self.driver.arrive(self.now, request, Flow::new(Arc::clone(&self.plan.route), tiers, terms));
    }

    fn head(&mut self, request: usize, attempt: AttemptId) {
        let runs = self.driver.flow(request).is_some_and(|flow| flow.attempts()[attempt.index()].outcome.is_none());
        if !runs || self.requests[request].committed.is_some() {
            return;
        }
        match self.fates.get(&(request, attempt)) {
            Some(Fate::Good { head, end, .. }) => {
                self.agenda.enter(self.seconds + end - head, Event::Over(request));
                self.requests[request].committed = Some(attempt);
                self.requests[request].served = true;
                self.driver.content(self.now, request, attempt, None);
            }
            Some(Fate::Fails { failed, .. }) => {
                self.requests[request].asked[attempt.index()].1 = Some(failed.verdict);
                self.driver.failed(self.now, request, attempt, (**failed).clone());
            }
            Some(Fate::Silent) | None => {}
        }
    }

    fn obey(&mut self, before: &Before, due: f64) -> Result<(), Broken> {
        for (request, order) in self.driver.orders() {
            match order {
                Order::Send(start) => {
                    self.may_send(request, &start, before)?;
                    self.send(request, &start);
                }
                Order::Drop(attempt) => {
                    let asked = &mut self.requests[request].asked[attempt.index()].1;
                    asked.get_or_insert(Verdict::of(Class::Timeout, "dropped"));
                }
                Order::Call { at, turn } => {
                    let at = at.since(moment(0.0)).as_secs_f64();
                    self.agenda.enter(at.max(self.seconds), Event::Call(request, turn));
                    if self.driver.is_held(request) && self.requests[request].held.is_none() {
                        self.waits += 1;
                        self.requests[request].held = Some(self.waits);
                    }
                    self.spins(request)?;
                }
                Order::Fail(ending) => self.fail(request, &ending, due)?,
            }
        }
        Ok(())
    }

    fn send(&mut self, request: usize, start: &Start) {
        let Some((p, c)) = self.places.get(&start.credential).copied() else { return };
        let provider = &self.plan.providers[p];
        let nature = nature(provider, &provider.credentials[c], self.seconds);
        let bucket = self.buckets.entry((p, c)).or_default();
        let of = &mut self.requests[request];
        let fate = match of.malformed {
            true => mistake(),
            false => fate(nature, of.model, bucket, self.seconds, &mut self.dice),
        };
        let after = match &fate {
            Fate::Good { head, .. } => Some(*head),
            Fate::Fails { after, .. } => Some(*after),
            Fate::Silent => None,
        };
        if let Some(after) = after {
            self.agenda.enter(self.seconds + after, Event::Head(request, start.attempt));
        }
        of.asked.push((start.credential, None));
        self.fates.insert((request, start.attempt), fate);
    }

    fn fail(&mut self, request: usize, ending: &Ending, due: f64) -> Result<(), Broken> {
        self.requests[request].over = true;
        let deadline = self.requests[request].arrived.plus(self.plan.route.deadline);
        if moment(due) > deadline.plus(Duration::from_millis(2)) {
            return Err(Broken(format!("request {request} ended {:?} late", moment(due).since(deadline))));
        }
        self.may_fail(request, ending)
    }
}
