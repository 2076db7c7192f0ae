//! The baseline: each attempt draws any token, so a retry may draw the one that has just failed; anything but a
//! success is tried again at once, up to three times, a caller's mistake included. It knows no timeouts and no waiting.

use std::collections::HashMap;

use claviger_types::Moment;

use crate::chance::Dice;
use crate::gateway::{Asked, Gateway, Order};
use crate::script::{Fate, Kind};

/// Attempts of one request.
const ATTEMPTS: usize = 4;

/// Random token, up to three retries.
#[derive(Debug)]
pub struct Naive {
    tokens: usize,
    dice: Dice,
    /// Attempts of each request in progress.
    attempts: HashMap<usize, usize>,
    orders: Vec<Order>,
}

impl Naive {
    /// For a pool of so many tokens.
    pub fn new(tokens: usize, seed: u64) -> Self {
        Self { tokens, dice: Dice::new(seed), attempts: HashMap::new(), orders: Vec::new() }
    }

    fn send(&mut self, request: usize) {
        let attempts = self.attempts.entry(request).or_default();
        self.orders.push(Order::Send { request, attempt: *attempts, token: self.dice.below(self.tokens) });
        *attempts += 1;
    }
}

impl Gateway for Naive {
    fn arrived(&mut self, _now: Moment, request: usize, _asked: Asked<'_>) {
        self.send(request);
    }

    fn called(&mut self, _now: Moment, _request: usize, _turn: u64) {}

    fn failed(&mut self, _now: Moment, request: usize, _attempt: usize, fate: &Fate) {
        if self.attempts.get(&request).is_some_and(|attempts| *attempts < ATTEMPTS) {
            return self.send(request);
        }
        self.attempts.remove(&request);
        let status = match fate.kind {
            Kind::Status(status) => status,
            Kind::Good | Kind::Cut | Kind::Reset | Kind::Stall => 502,
        };
        self.orders.push(Order::Fail { request, status });
    }

    fn content(&mut self, _now: Moment, request: usize, _attempt: usize, _fate: &Fate) {
        self.attempts.remove(&request);
    }

    fn ended(&mut self, _now: Moment, _request: usize, _cut: bool) {}

    fn left(&mut self, _now: Moment, request: usize) {
        self.attempts.remove(&request);
    }

    fn orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }
}
