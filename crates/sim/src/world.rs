//! One run: clients, a gateway and the scripted provider in virtual time. Out come the two logs that figures are made
//! of: what each client saw, and what the provider saw of each attempt.

use std::collections::{HashMap, VecDeque};

use claviger_types::Moment;

use crate::agenda::Agenda;
use crate::arrivals::{Arrival, arrivals};
use crate::gateway::{Asked, Gateway, Order};
use crate::scenario::Scenario;
use crate::script::{Fate, Kind, Script, Try};

/// What the client of one request saw. Times are seconds; `first` and `done` count from `at`.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When it asked.
    pub at: f64,
    /// Whether it was malformed.
    pub malformed: bool,
    /// The status it got.
    pub status: Option<u16>,
    /// The first content.
    pub first: Option<f64>,
    /// The end.
    pub done: f64,
    /// How it ended; `None`: it did not.
    pub end: Option<Ended>,
}

/// How a request ended for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ended {
    /// The whole answer.
    Complete,
    /// An error.
    Error,
    /// A stream that broke.
    Cut,
    /// Content, but after the deadline.
    Late,
    /// Neither content nor an error until [`GRACE`] after the deadline.
    Hang,
}

/// One attempt as the provider saw it.
#[derive(Clone, Debug)]
pub struct Row {
    /// When it was sent, in seconds.
    pub at: f64,
    /// Index into the pool.
    pub token: usize,
    /// Which request.
    pub request: usize,
    /// What it met.
    pub fate: Fate,
    /// Whether its first byte went out.
    pub headed: bool,
}

/// Silence beyond the deadline and this many seconds is a hang.
pub const GRACE: f64 = 2.0;
/// Content this much after the deadline is late, in seconds.
const LATE: f64 = 0.1;
/// The gateway is so old when the scenario begins.
const BEFORE: u64 = 1_000_000_000;

#[derive(Clone, Copy, Debug)]
enum Event {
    Arrive(usize),
    Call { request: usize, turn: u64 },
    Head(usize),
    Over(usize),
    Patience(usize),
}

/// A run in progress.
struct World<'s, G> {
    scenario: &'s Scenario,
    script: Script<'s>,
    gateway: G,
    plan: Vec<Arrival>,
    agenda: Agenda<Event>,
    now: f64,
    answers: Vec<Option<Answer>>,
    rows: Vec<Row>,
    /// Per row: the request's name for it, and whether it is still going on.
    attempts: Vec<(usize, bool)>,
    /// Rows of the attempts that run.
    running: HashMap<(usize, usize), usize>,
    met: HashMap<(usize, usize), u64>,
    waiting: VecDeque<usize>,
    in_flight: usize,
}

/// Plays a scenario to its end: what clients saw, in the order of arrival, and what the provider saw.
pub fn run<G: Gateway>(scenario: &Scenario, seed: u64, gateway: G) -> (Vec<Answer>, Vec<Row>) {
    let plan = arrivals(scenario, seed);
    let mut world = World {
        scenario,
        script: Script::new(scenario, seed),
        gateway,
        agenda: Agenda::new(),
        now: 0.0,
        answers: vec![None; plan.len()],
        plan,
        rows: Vec::new(),
        attempts: Vec::new(),
        running: HashMap::new(),
        met: HashMap::new(),
        waiting: VecDeque::new(),
        in_flight: 0,
    };
    for arrival in &world.plan {
        world.agenda.enter(arrival.at, Event::Arrive(arrival.id));
    }
    while let Some((at, event)) = world.agenda.pop()
        && at.is_finite()
    {
        world.now = at;
        world.happen(event);
        world.obey();
    }
    (world.answers.into_iter().flatten().collect(), world.rows)
}

/// The gateway's time at a scenario's second.
fn moment(seconds: f64) -> Moment {
    Moment::from_nanos(BEFORE + (seconds * 1e9).round() as u64)
}

fn seconds(moment: Moment) -> f64 {
    moment.as_nanos().saturating_sub(BEFORE) as f64 / 1e9
}

impl<G: Gateway> World<'_, G> {
    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(request) => self.arrive(request),
            Event::Call { request, turn } => self.gateway.called(moment(self.now), request, turn),
            Event::Head(row) if self.attempts[row].1 => self.head(row),
            Event::Over(row) if self.attempts[row].1 => self.over(row),
            Event::Head(_) | Event::Over(_) => {}
            Event::Patience(request) => self.give_up(request),
        }
    }

    fn obey(&mut self) {
        loop {
            let orders = self.gateway.orders();
            if orders.is_empty() {
                return;
            }
            for order in orders {
                match order {
                    Order::Send { request, attempt, token } => self.send(request, attempt, token),
                    Order::Drop { request, attempt } => {
                        if let Some(row) = self.running.get(&(request, attempt)).copied() {
                            self.release(row);
                        }
                    }
                    Order::Call { request, at, turn } => {
                        self.agenda.enter(seconds(at).max(self.now), Event::Call { request, turn });
                    }
                    Order::Fail { request, status } => {
                        for row in self.rows_of(request) {
                            self.release(row);
                        }
                        if let Some(answer) = &mut self.answers[request] {
                            answer.status = Some(status);
                        }
                        self.finish(request, Ended::Error);
                    }
                }
            }
        }
    }

    fn arrive(&mut self, request: usize) {
        if self.in_flight >= self.scenario.traffic.max_in_flight {
            self.waiting.push_back(request);
            return;
        }
        self.in_flight += 1;
        let Arrival { model, stream, malformed, .. } = self.plan[request];
        self.answers[request] =
            Some(Answer { at: self.now, malformed, status: None, first: None, done: 0.0, end: None });
        self.agenda.enter(self.now + self.scenario.traffic.deadline + GRACE, Event::Patience(request));
        let asked = Asked { model: &self.scenario.traffic.shares[model].0, stream };
        self.gateway.arrived(moment(self.now), request, asked);
    }

    fn send(&mut self, request: usize, attempt: usize, token: usize) {
        let arrival = &self.plan[request];
        let model = &self.scenario.traffic.shares[arrival.model].0;
        let nth = self.met.entry((request, token)).or_default();
        let (malformed, stream) = (arrival.malformed, arrival.stream);
        let of = Try { token, model, request: request as u64, nth: *nth, malformed, stream };
        *nth += 1;
        let fate = self.script.answer(&of, self.now);
        if fate.kind.holds() {
            self.script.active[token] += 1;
        }
        let row = self.rows.len();
        self.agenda.enter(self.now + fate.head, Event::Head(row));
        self.running.insert((request, attempt), row);
        self.attempts.push((attempt, true));
        self.rows.push(Row { at: self.now, token, request, fate, headed: false });
    }

    fn rows_of(&self, request: usize) -> Vec<usize> {
        let mut rows: Vec<usize> =
            self.running.iter().filter(|((of, _), _)| *of == request).map(|(_, row)| *row).collect();
        rows.sort_unstable();
        rows
    }

    /// The attempt is over for the provider.
    fn release(&mut self, row: usize) {
        let (attempt, alive) = &mut self.attempts[row];
        if std::mem::replace(alive, false) {
            let Row { token, request, fate, .. } = &self.rows[row];
            self.running.remove(&(*request, *attempt));
            if fate.kind.holds() {
                self.script.active[*token] -= 1;
            }
        }
    }

    fn head(&mut self, row: usize) {
        let now = moment(self.now);
        self.rows[row].headed = true;
        let (request, attempt) = (self.rows[row].request, self.attempts[row].0);
        if !self.rows[row].fate.kind.begins() {
            self.release(row);
            self.gateway.failed(now, request, attempt, &self.rows[row].fate);
            return;
        }
        if let Some(answer) = &mut self.answers[request] {
            answer.first = Some(self.now - answer.at);
            answer.status = Some(200);
        }
        self.agenda.enter(self.rows[row].at + self.rows[row].fate.end, Event::Over(row));
        self.gateway.content(now, request, attempt, &self.rows[row].fate);
    }

    fn over(&mut self, row: usize) {
        let request = self.rows[row].request;
        let cut = self.rows[row].fate.kind == Kind::Cut;
        self.release(row);
        self.gateway.ended(moment(self.now), request, cut);
        self.finish(request, if cut { Ended::Cut } else { Ended::Complete });
    }

    /// The client has waited long enough for the first word.
    fn give_up(&mut self, request: usize) {
        let waits = |answer: &&Answer| answer.first.is_none() && answer.end.is_none();
        if self.answers[request].as_ref().filter(waits).is_none() {
            return;
        }
        for row in self.rows_of(request) {
            self.release(row);
        }
        self.gateway.left(moment(self.now), request);
        self.finish(request, Ended::Hang);
    }

    fn finish(&mut self, request: usize, end: Ended) {
        let deadline = self.scenario.traffic.deadline;
        if let Some(answer) = &mut self.answers[request] {
            let late = answer.first.is_some_and(|first| first > deadline + LATE);
            answer.end = Some(if late { Ended::Late } else { end });
            answer.done = if late || end == Ended::Hang { deadline } else { self.now - answer.at };
        }
        self.in_flight -= 1;
        if let Some(next) = self.waiting.pop_front() {
            self.agenda.enter(self.now, Event::Arrive(next));
        }
    }
}
