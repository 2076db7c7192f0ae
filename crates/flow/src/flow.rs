//! One request from its arrival to its commit or its end: the only place that decides what happens next.

use std::sync::Arc;
use std::time::Duration;

use claviger_pool::{CredentialId, Lease, Pool, ProviderId, Ticket, Turn};
use claviger_types::Moment;

use crate::attempt::{Attempt, AttemptId, Failed};
use crate::ending::Ending;
use crate::route::Route;
use crate::walk::{Found, Walk};

/// A provider of a tier with the model it will be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Index of the provider in the plan.
    pub provider: usize,
    /// The provider in the pool.
    pub id: ProviderId,
    /// The upstream model; empty for requests without one.
    pub model: String,
}

/// What this request allows.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// When it arrived.
    pub arrived: Moment,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// Whether sending it twice could do something twice: only refusals are retried, and nothing runs beside it.
    pub creates: bool,
    /// Whether the body is gone after one send.
    pub once: bool,
    /// The credential that holds the state this request is about.
    pub pinned: Option<CredentialId>,
    /// A hash of the caller or conversation, for the sticky strategy.
    pub affinity: Option<u64>,
    /// What it may use, in LLM tokens: reserved where the operator limits usage.
    pub cost: u64,
    /// The request is about state of which nobody knows who holds it: "not found" means "ask the next".
    pub seek: bool,
    /// The client gets the provider's last word even when it is about our credential, as Higress passes it on.
    pub verbatim: bool,
}

/// What the driver is to do next.
#[derive(Debug)]
pub enum Step {
    /// Begin this attempt now, beside any that run.
    Send(Start),
    /// Nothing before `until`, unless an attempt reports or the pool improves.
    Wait {
        /// When to ask again.
        until: Moment,
        /// Whether the request is held because nobody may be asked (rather than waiting for its own attempts).
        held: bool,
    },
    /// Give up; no attempt runs any more.
    Fail(Box<Ending>),
}

/// An attempt to begin.
#[derive(Debug)]
pub struct Start {
    /// Its name in later reports.
    pub attempt: AttemptId,
    /// Tier and target, for what was prepared once per target.
    pub place: (usize, usize),
    /// Index of the provider in the plan.
    pub provider: usize,
    /// Whose secret to use.
    pub credential: CredentialId,
    /// An attempt that was silent for too long and ends now.
    pub instead_of: Option<AttemptId>,
}

/// The state of one request.
#[derive(Debug)]
pub struct Flow {
    pub(crate) route: Arc<Route>,
    pub(crate) tiers: Vec<Vec<Candidate>>,
    pub(crate) terms: Terms,
    pub(crate) attempts: Vec<Attempt>,
    /// Credentials that failed this request.
    pub(crate) tried: Vec<CredentialId>,
    /// Models whose context this request does not fit.
    pub(crate) outgrown: Vec<String>,
    /// Ambiguous failures that may be the endpoint's.
    pub(crate) guesses: u32,
    /// All ambiguous failures: sets the back-off of a lone credential.
    pub(crate) failures: u32,
    /// Earliest moment of the next attempt.
    pub(crate) not_before: Moment,
    pub(crate) last: Option<Failed>,
    /// A provider's word that the model does not exist.
    pub(crate) no_model: Option<Failed>,
    /// When holding began: `max_wait` counts from here.
    pub(crate) held_since: Option<Moment>,
    /// Its place among those who wait.
    pub(crate) ticket: Option<Ticket>,
    /// The same, kept after its turn came: who fails then waits where it waited.
    pub(crate) place: Option<Ticket>,
    pub(crate) moved: bool,
    pub(crate) ending: Option<Ending>,
    pub(crate) committed: Option<AttemptId>,
}

/// How often a running attempt's patience is asked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How many attempts of one request may run at once.
const MOST_RUNNING: usize = 4;
/// The same beside credentials that have yet to show that they work.
const MOST_UNPROVEN: usize = 16;
/// A whole answer may take this many times longer than a stream's first content before it counts as slow.
const WHOLE_ANSWER: u32 = 3;

impl Flow {
    /// A request that has just been routed. `tiers` are the route's, without targets that cannot do the operation.
    pub fn new(route: Arc<Route>, tiers: Vec<Vec<Candidate>>, terms: Terms) -> Self {
        Self {
            route,
            tiers,
            terms,
            attempts: Vec::new(),
            tried: Vec::new(),
            outgrown: Vec::new(),
            guesses: 0,
            failures: 0,
            not_before: terms.arrived,
            last: None,
            no_model: None,
            held_since: None,
            ticket: None,
            place: None,
            moved: false,
            ending: None,
            committed: None,
        }
    }

    /// What happened so far, in order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The route that took it.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// When the request must have its first content.
    pub fn deadline(&self) -> Moment {
        self.terms.arrived.plus(self.route.deadline)
    }

    /// The attempt whose answer the client gets.
    pub const fn committed(&self) -> Option<AttemptId> {
        self.committed
    }

    /// What to do now. `dice` is a fresh random number.
    pub fn next(&mut self, now: Moment, pool: &mut Pool, dice: u64) -> Step {
        if let Some(ending) = self.ending.take() {
            self.stop_running(now, pool, dice);
            return Step::Fail(Box::new(ending));
        }
        if now >= self.deadline() {
            self.time_out_running(now, pool, dice);
            return Step::Fail(Box::new(Ending::deadline(&self.attempts)));
        }
        if self.running().next().is_some() {
            return self.beside_running(now, pool, dice);
        }
        if self.route.max_attempts.is_some_and(|most| self.attempts.len() >= most.max(1) as usize) {
            return Step::Fail(Box::new(Ending::enough(now, self.last.as_ref(), &self.attempts)));
        }
        if now < self.not_before {
            return Step::Wait { until: self.not_before.min(self.deadline()), held: false };
        }
        self.leave(now, pool, dice)
    }

    /// Its place among those who wait, while it is held.
    pub const fn ticket(&self) -> Option<Ticket> {
        self.ticket
    }

    /// Joins the line, with the first wait. Returns whether there was room.
    fn hold(&mut self, now: Moment, pool: &mut Pool, dice: u64) -> bool {
        self.held_since.get_or_insert(now);
        if let (None, Some(place)) = (self.ticket, self.place) {
            pool.requeue(place);
            self.ticket = self.place;
        } else if self.ticket.is_none()
            && let Some(tier) = self.tiers.first()
        {
            let targets: Vec<_> = tier.iter().map(|c| (c.id, c.model.as_str())).collect();
            self.ticket = pool.queue(now, &targets, dice);
            self.place = self.ticket;
        }
        self.ticket.is_some()
    }

    pub(crate) fn leave_line(&mut self, pool: &mut Pool) {
        if let Some(ticket) = self.ticket.take() {
            self.moved |= pool.leave(ticket);
        }
    }

    /// Whether others moved up in the line since the last call: wake them.
    pub fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    fn leave(&mut self, now: Moment, pool: &mut Pool, dice: u64) -> Step {
        let repeatable = !self.terms.creates && !self.terms.once;
        let turn = match (self.attempts.is_empty(), repeatable) {
            (true, true) => Turn::First,
            (true, false) => Turn::Careful,
            (false, _) => Turn::Rescue,
        };
        match Walk::new(self, now, turn).go(pool, dice) {
            Found::Lease(place, lease) => {
                self.leave_line(pool);
                self.start(place, lease, false)
            }
            Found::Wait(until, _) if self.hold(now, pool, dice) => {
                Step::Wait { until: until.min(self.deadline()), held: true }
            }
            // too many wait already
            Found::Wait(until, census) => Step::Fail(Box::new(Walk::new(self, now, turn).give_up(census, Some(until)))),
            Found::Again(at) => {
                self.not_before = at;
                Step::Wait { until: at.min(self.deadline()), held: false }
            }
            Found::Nobody(ending) => {
                self.leave_line(pool);
                Step::Fail(ending)
            }
        }
    }

    /// Something runs: is it so slow that one more attempt is due? Those that run go on, the first content wins; each
    /// further one waits longer, so that a model that merely thinks is not paid for many times.
    fn beside_running(&mut self, now: Moment, pool: &mut Pool, dice: u64) -> Step {
        let deadline = self.deadline();
        let running = self.running().count();
        let repeatable = !self.terms.creates && !self.terms.once && self.terms.pinned.is_none();
        let Some((_, attempt, lease)) = self.running().last().filter(|_| repeatable) else {
            return Step::Wait { until: deadline, held: false };
        };
        let known = pool.hedge_after(lease);
        // there must be time left for those who are asked then
        let most = self.patience().min(self.route.deadline / 3);
        let once = known.map_or(most, |known| known.after.min(most));
        let unproven = known.is_some_and(|known| known.unproven);
        let measured = known.is_some_and(|known| known.measured);
        let room = running < if unproven { MOST_UNPROVEN } else { MOST_RUNNING };
        if !room && !measured {
            return Step::Wait { until: deadline.min(now.plus(LOOK_AGAIN)), held: false };
        }
        let again = if unproven { 0 } else { (running - 1).min(MOST_RUNNING - 2) };
        let due = attempt.started.plus(once * (1 << again));
        if now < due {
            // meanwhile others may show how fast the endpoint is
            let until = due.min(now.plus(LOOK_AGAIN)).min(deadline);
            return Step::Wait { until, held: false };
        }
        let asked = self.running().map(|(_, attempt, _)| attempt.credential).collect();
        match Walk::new(self, now, Turn::Hedge).beside(asked).go_once(pool, dice) {
            Some((place, lease)) => {
                // as many run as may: the one that has been silent for longest has had its chance
                let oldest = self.running().next().map(|(id, ..)| id).filter(|_| !room);
                if let Some(id) = oldest {
                    self.give_up_on(now, pool, dice, id);
                }
                let step = self.start(place, lease, true);
                match step {
                    Step::Send(start) => Step::Send(Start { instead_of: oldest, ..start }),
                    Step::Wait { .. } | Step::Fail(_) => step,
                }
            }
            None => Step::Wait { until: deadline.min(now.plus(LOOK_AGAIN)), held: false },
        }
    }

    /// How long the operator lets an attempt be silent.
    fn patience(&self) -> Duration {
        self.route.first_token_timeout * if self.terms.stream { 1 } else { WHOLE_ANSWER }
    }

    fn start(&mut self, place: (usize, usize), lease: Lease, hedge: bool) -> Step {
        let candidate = &self.tiers[place.0][place.1];
        let attempt = AttemptId(self.attempts.len());
        let (provider, credential) = (candidate.provider, lease.credential());
        self.attempts.push(Attempt {
            provider,
            credential,
            model: candidate.model.clone(),
            started: lease.sent(),
            content: None,
            ended: None,
            outcome: None,
            status: None,
            probe: lease.probe,
            hedge,
            lease: Some(lease),
        });
        Step::Send(Start { attempt, place, provider, credential, instead_of: None })
    }

    /// The last attempt of each credential that is still passed over; the others are counted by the pool.
    pub(crate) fn tried_attempts(&self) -> Vec<&Attempt> {
        let last = |id: &CredentialId| self.attempts.iter().rev().find(|attempt| attempt.credential == *id);
        self.tried.iter().filter_map(last).collect()
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = (AttemptId, &Attempt, &Lease)> {
        let all = self.attempts.iter().enumerate();
        all.filter_map(|(index, attempt)| attempt.lease.as_ref().map(|lease| (AttemptId(index), attempt, lease)))
    }
}
