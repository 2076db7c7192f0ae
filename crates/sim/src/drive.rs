//! The gateway's loop in virtual time: asks the flow what to do, says what is to be done, and is told what came of it.
//!
//! It mirrors the server's loop: who is held is woken, in the order of the waits, when somebody may be asked who could
//! not before; timers are those of the steps; a loser's attempt is dropped. It owns the pool; time is told, chance is
//! a seeded stream.

use std::collections::{BTreeMap, HashMap};

use claviger_flow::{AttemptId, Ending, Failed, Flow, Start, Step};
use claviger_pool::{End, Pool};
use claviger_types::{Allowance, Moment};
use http::StatusCode;

use crate::chance::Dice;

/// What is to be done for a request.
#[derive(Debug)]
pub enum Order {
    /// Begin this attempt.
    Send(Start),
    /// End this attempt: its answer is not wanted any more.
    Drop(AttemptId),
    /// Call [`Driver::call`] with this turn at that moment; calls with turns that are over do nothing.
    Call {
        /// When.
        at: Moment,
        /// To be handed back.
        turn: u64,
    },
    /// Nobody could serve.
    Fail(Box<Ending>),
}

/// The pool, and the requests in progress by number.
#[derive(Debug)]
pub struct Driver {
    /// The state of all credentials.
    pub pool: Pool,
    dice: Dice,
    requests: HashMap<usize, Request>,
    /// Who waits for the pool to improve, in the order of the waits.
    held: BTreeMap<u64, usize>,
    turns: u64,
    orders: Vec<(usize, Order)>,
}

#[derive(Debug)]
struct Request {
    flow: Flow,
    turn: u64,
}

/// Timers of the server's runtime fire at whole milliseconds.
const TICK: u64 = 1_000_000;

impl Driver {
    /// A gateway with this pool and no requests.
    pub fn new(pool: Pool, seed: u64) -> Self {
        Self {
            pool,
            dice: Dice::new(seed),
            requests: HashMap::new(),
            held: BTreeMap::new(),
            turns: 0,
            orders: Vec::new(),
        }
    }

    /// What is to be done now, in order.
    pub fn orders(&mut self) -> Vec<(usize, Order)> {
        std::mem::take(&mut self.orders)
    }

    /// The flow of a request in progress.
    pub fn flow(&self, request: usize) -> Option<&Flow> {
        self.requests.get(&request).map(|request| &request.flow)
    }

    /// All requests in progress, in no order.
    pub fn flows(&self) -> impl Iterator<Item = (usize, &Flow)> {
        self.requests.iter().map(|(number, request)| (*number, &request.flow))
    }

    /// Whether the request is held until somebody may be asked.
    pub fn is_held(&self, request: usize) -> bool {
        self.requests.get(&request).is_some_and(|found| self.held.get(&found.turn) == Some(&request))
    }

    /// A routed request.
    pub fn arrive(&mut self, now: Moment, request: usize, flow: Flow) {
        self.requests.insert(request, Request { flow, turn: 0 });
        self.step(now, request);
    }

    /// A moment that was asked for has come.
    pub fn call(&mut self, now: Moment, request: usize, turn: u64) {
        if self.requests.get(&request).is_some_and(|found| found.turn == turn) {
            self.step(now, request);
        }
    }

    /// An attempt failed before its first content.
    pub fn failed(&mut self, now: Moment, request: usize, attempt: AttemptId, failed: Failed) {
        let dice = self.dice.throw();
        let Some(found) = self.requests.get_mut(&request) else { return };
        let improved = found.flow.failed(now, &mut self.pool, dice, attempt, failed);
        self.wake(now, improved);
        self.step(now, request);
    }

    /// An attempt has its first content: the client gets its answer. `allowance` is what its headers say is left.
    pub fn content(&mut self, now: Moment, request: usize, attempt: AttemptId, allowance: Option<Allowance>) {
        let dice = self.dice.throw();
        let Some(found) = self.requests.get_mut(&request) else { return };
        self.held.remove(&found.turn);
        self.turns += 1;
        found.turn = self.turns;
        let (losers, improved) = found.flow.content(now, &mut self.pool, dice, attempt, StatusCode::OK);
        if let Some(allowance) = allowance {
            found.flow.allowance(now, &mut self.pool, &allowance);
        }
        self.orders.extend(losers.into_iter().map(|loser| (request, Order::Drop(loser))));
        self.wake(now, improved);
    }

    /// The answer that the client gets has ended.
    pub fn ended(&mut self, now: Moment, request: usize, end: End) {
        let dice = self.dice.throw();
        let Some(mut found) = self.requests.remove(&request) else { return };
        let improved = found.flow.ended(now, &mut self.pool, dice, end);
        self.wake(now, improved);
    }

    /// The client left.
    pub fn leave(&mut self, now: Moment, request: usize) {
        let dice = self.dice.throw();
        let Some(mut found) = self.requests.remove(&request) else { return };
        self.held.remove(&found.turn);
        found.flow.abandon(now, &mut self.pool, dice);
        self.wake(now, true);
    }

    /// Somebody may be asked who could not before.
    pub fn wake(&mut self, now: Moment, improved: bool) {
        if improved {
            let held = self.held.iter();
            self.orders.extend(held.map(|(turn, request)| (*request, Order::Call { at: now, turn: *turn })));
        }
    }

    fn step(&mut self, now: Moment, request: usize) {
        loop {
            let dice = self.dice.throw();
            let Some(found) = self.requests.get_mut(&request) else { return };
            self.held.remove(&found.turn);
            self.turns += 1;
            found.turn = self.turns;
            let step = found.flow.next(now, &mut self.pool, dice);
            let (moved, turn) = (found.flow.take_moved(), found.turn);
            self.wake(now, moved);
            match step {
                Step::Send(start) => {
                    self.orders.extend(start.instead_of.map(|silent| (request, Order::Drop(silent))));
                    self.orders.push((request, Order::Send(start)));
                }
                Step::Wait { until, held } => {
                    if held {
                        self.held.insert(turn, request);
                    }
                    let tick = until.as_nanos().div_ceil(TICK).saturating_mul(TICK);
                    let at = now.max(Moment::from_nanos(tick));
                    self.orders.push((request, Order::Call { at, turn }));
                    return;
                }
                Step::Fail(ending) => {
                    self.requests.remove(&request);
                    self.orders.push((request, Order::Fail(ending)));
                    return;
                }
            }
        }
    }
}
