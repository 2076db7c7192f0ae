//! A gateway under test, as the world sees it: told what happens, it says what is to be done.

use claviger_types::Moment;

use crate::script::Fate;

/// What a gateway wants done.
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Send the request with this token.
    Send {
        /// Which request.
        request: usize,
        /// Counts the request's attempts from 0.
        attempt: usize,
        /// Index into the scenario's pool.
        token: usize,
    },
    /// Leave this attempt.
    Drop {
        /// Which request.
        request: usize,
        /// Which of its attempts.
        attempt: usize,
    },
    /// Call back.
    Call {
        /// Which request.
        request: usize,
        /// When.
        at: Moment,
        /// To be handed back.
        turn: u64,
    },
    /// Answer the client with this error.
    Fail {
        /// Which request.
        request: usize,
        /// The status.
        status: u16,
    },
}

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The model.
    pub model: &'a str,
    /// Whether as a stream.
    pub stream: bool,
}

/// A policy in the world.
pub trait Gateway {
    /// A client's request.
    fn arrived(&mut self, now: Moment, request: usize, asked: Asked<'_>);
    /// A moment that was asked for.
    fn called(&mut self, now: Moment, request: usize, turn: u64);
    /// An attempt failed without any content.
    fn failed(&mut self, now: Moment, request: usize, attempt: usize, fate: &Fate);
    /// An attempt's first content: the client has it.
    fn content(&mut self, now: Moment, request: usize, attempt: usize, fate: &Fate);
    /// The answer that the client got has ended, or was cut.
    fn ended(&mut self, now: Moment, request: usize, cut: bool);
    /// The client left.
    fn left(&mut self, now: Moment, request: usize);
    /// What is to be done, in order.
    fn orders(&mut self) -> Vec<Order>;
}
