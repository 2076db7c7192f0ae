//! How many requests of a scenario can be served at all: the arrivals replayed against the script by somebody who
//! reads limiters and coins ahead, makes one attempt per request in arrival order, and holds a request at most
//! `max_wait` seconds. The rules are those of the exam's own oracle, so that the counts agree.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::agenda::Agenda;
use crate::arrivals::{Arrival, arrivals};
use crate::scenario::Scenario;
use crate::script::{Kind, Script, Try, Why};

/// What can be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Servable {
    /// Requests that arrived.
    pub requests: usize,
    /// Of those, malformed ones.
    pub malformed: usize,
    /// Of the others, those that can be served.
    pub servable: usize,
}

/// Counts what can be served of this scenario and seed.
pub fn servable(scenario: &Scenario, seed: u64) -> Servable {
    let mut oracle = Oracle::new(scenario, seed);
    oracle.run();
    let asked = oracle.requests.iter().filter(|request| request.deadline.is_some());
    let (mut requests, mut malformed, mut servable) = (0, 0, 0);
    for request in asked {
        requests += 1;
        malformed += usize::from(request.arrival.malformed);
        servable += usize::from(request.ok && !request.arrival.malformed);
    }
    Servable { requests, malformed, servable }
}

struct Request {
    arrival: Arrival,
    began: f64,
    /// Once it is in flight.
    deadline: Option<f64>,
    asked: bool,
    done: bool,
    ok: bool,
}

#[derive(Clone, Copy)]
enum Event {
    Arrive(usize),
    Finish(usize, bool),
    Expire(usize),
    Release(usize),
    Tick(usize),
}

/// A token by virtual time; the order of floats that are never NaN.
#[derive(Clone, Copy, PartialEq)]
struct Turn(f64, usize);

impl Eq for Turn {}

impl Ord for Turn {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Pools up to this size are looked at as a whole.
const SMALL: usize = 64;

struct Oracle<'s> {
    scenario: &'s Scenario,
    script: Script<'s>,
    agenda: Agenda<Event>,
    now: f64,
    clock: f64,
    virtual_time: Vec<f64>,
    order: BinaryHeap<Reverse<Turn>>,
    requests: Vec<Request>,
    waiting: VecDeque<usize>,
    in_flight: usize,
    /// By model.
    queues: Vec<VecDeque<usize>>,
    ticking: Vec<bool>,
    has_concurrency: bool,
}

impl<'s> Oracle<'s> {
    fn new(scenario: &'s Scenario, seed: u64) -> Self {
        let (tokens, models) = (scenario.pool.len(), scenario.traffic.shares.len());
        let phases = |token: &'s crate::scenario::Token| token.place.phases.iter();
        let mut oracle = Self {
            scenario,
            script: Script::new(scenario, seed),
            agenda: Agenda::new(),
            now: 0.0,
            clock: 0.0,
            virtual_time: vec![0.0; tokens],
            order: (0..tokens).map(|token| Reverse(Turn(0.0, token))).collect(),
            requests: Vec::new(),
            waiting: VecDeque::new(),
            in_flight: 0,
            queues: vec![VecDeque::new(); models],
            ticking: vec![false; models],
            has_concurrency: scenario.pool.iter().flat_map(phases).any(|phase| phase.concurrency_limit.is_some()),
        };
        for arrival in arrivals(scenario, seed) {
            oracle.agenda.enter(arrival.at, Event::Arrive(oracle.requests.len()));
            let began = arrival.at;
            oracle.requests.push(Request { arrival, began, deadline: None, asked: false, done: false, ok: false });
        }
        oracle
    }

    fn run(&mut self) {
        let end = self.scenario.traffic.duration + self.scenario.traffic.deadline + 30.0;
        while let Some((at, event)) = self.agenda.pop()
            && at <= end
        {
            self.now = at;
            match event {
                Event::Arrive(request) => self.arrive(request),
                Event::Finish(request, ok) => self.finish(request, ok),
                Event::Expire(request) if !self.requests[request].asked => self.finish(request, false),
                Event::Expire(_) => {}
                Event::Release(token) => self.script.active[token] -= 1,
                Event::Tick(model) => {
                    self.ticking[model] = false;
                    self.drain(model);
                }
            }
        }
    }

    fn hold_ends(&self, request: usize) -> f64 {
        let request = &self.requests[request];
        (request.began + self.scenario.traffic.max_wait).min(request.deadline.unwrap_or(f64::INFINITY))
    }

    fn arrive(&mut self, index: usize) {
        let traffic = &self.scenario.traffic;
        if self.in_flight >= traffic.max_in_flight {
            self.waiting.push_back(index);
            return;
        }
        self.in_flight += 1;
        let deadline = self.now + traffic.deadline;
        let request = &mut self.requests[index];
        (request.began, request.deadline) = (self.now, Some(deadline));
        let model = request.arrival.model;
        self.agenda.enter(deadline, Event::Finish(index, false));
        self.queues[model].push_back(index);
        self.agenda.enter(self.hold_ends(index) + 1e-6, Event::Expire(index));
        if self.queues[model].len() == 1 {
            self.drain(model);
        }
    }

    fn finish(&mut self, index: usize, ok: bool) {
        let request = &mut self.requests[index];
        if request.done {
            return;
        }
        (request.done, request.ok) = (true, ok);
        self.in_flight -= 1;
        if let Some(next) = self.waiting.pop_front() {
            self.agenda.enter(self.now, Event::Arrive(next));
        }
    }

    fn attempt(&mut self, token: usize, index: usize, real: bool) -> crate::script::Fate {
        let arrival = &self.requests[index].arrival;
        let (model, _) = &self.scenario.traffic.shares[arrival.model];
        let (request, malformed, stream) = (arrival.id as u64, arrival.malformed, arrival.stream);
        let of = Try { token, model, request, nth: 0, malformed, stream };
        if real { self.script.answer(&of, self.now) } else { self.script.look(&of, self.now) }
    }

    /// Seconds to the first byte if this token would serve the request in time.
    fn head(&mut self, token: usize, index: usize) -> Option<f64> {
        let fate = self.attempt(token, index, false);
        let request = &self.requests[index];
        let good = fate.kind == Kind::Good || (request.arrival.malformed && fate.why == Why::Client);
        (good && request.deadline.is_some_and(|deadline| self.now + fate.head <= deadline)).then_some(fate.head)
    }

    /// Among the tokens that would answer, without the slow ones, the one furthest behind its weight.
    fn choose(&mut self, index: usize) -> Option<usize> {
        let found = if self.virtual_time.len() <= SMALL { self.all(index) } else { self.walk(index) };
        let best = found.iter().map(|(_, head)| *head).reduce(f64::min)?;
        let fast = found.iter().filter(|(_, head)| *head <= (3.0 * best).max(best + 1.0)).map(|(token, _)| *token);
        let token = fast.min_by(|a, b| {
            let (a_time, b_time) = (self.virtual_time[*a], self.virtual_time[*b]);
            let capped = a_time.max(self.clock).total_cmp(&b_time.max(self.clock));
            capped.then(a_time.total_cmp(&b_time)).then(a.cmp(b))
        })?;
        self.clock = self.virtual_time[token].max(self.clock);
        self.virtual_time[token] = self.clock + 1.0 / f64::from(self.scenario.pool[token].weight);
        if self.virtual_time.len() > SMALL {
            self.order.push(Reverse(Turn(self.virtual_time[token], token)));
        }
        Some(token)
    }

    fn all(&mut self, index: usize) -> Vec<(usize, f64)> {
        (0..self.virtual_time.len()).filter_map(|token| self.head(token, index).map(|head| (token, head))).collect()
    }

    /// For large pools: in order of virtual time until a fast one is met.
    fn walk(&mut self, index: usize) -> Vec<(usize, f64)> {
        let (mut found, mut seen) = (Vec::new(), Vec::new());
        while let Some(Reverse(Turn(time, token))) = self.order.pop() {
            if time.total_cmp(&self.virtual_time[token]).is_ne() {
                continue;
            }
            seen.push(token);
            match self.head(token, index) {
                None => self.virtual_time[token] = time.max(self.clock) + 0.05,
                Some(head) => {
                    found.push((token, head));
                    if head < 2.0 {
                        break;
                    }
                }
            }
        }
        for token in seen {
            self.order.push(Reverse(Turn(self.virtual_time[token], token)));
        }
        found
    }

    fn send(&mut self, index: usize, token: usize) {
        self.requests[index].asked = true;
        let fate = self.attempt(token, index, true);
        if fate.kind.holds() {
            self.script.active[token] += 1;
            self.agenda.enter(self.now + fate.end, Event::Release(token));
        }
        self.agenda.enter(self.now + fate.head, Event::Finish(index, fate.kind == Kind::Good));
    }

    fn drain(&mut self, model: usize) {
        let mut keep = VecDeque::new();
        let mut misses = 0;
        for index in std::mem::take(&mut self.queues[model]) {
            if self.requests[index].done || self.requests[index].asked {
                continue;
            }
            let token = if misses < 3 { self.choose(index) } else { None };
            match token {
                Some(token) => self.send(index, token),
                None => {
                    misses += 1;
                    keep.push_back(index);
                }
            }
        }
        self.queues[model] = keep;
        if self.queues[model].is_empty() || self.ticking[model] {
            return;
        }
        let name = &self.scenario.traffic.shares[model].0;
        let changes = (0..self.virtual_time.len()).map(|token| self.script.next_change(token, name, self.now));
        let change = changes.reduce(f64::min).unwrap_or(f64::INFINITY);
        if !self.has_concurrency {
            // nothing changes before the hold ends: give up at once
            for index in self.queues[model].clone() {
                if change > self.hold_ends(index) {
                    self.queues[model].retain(|kept| *kept != index);
                    self.finish(index, false);
                }
            }
            if self.queues[model].is_empty() {
                return;
            }
        }
        self.ticking[model] = true;
        self.agenda.enter(change.min(self.now + 0.1), Event::Tick(model));
    }
}
