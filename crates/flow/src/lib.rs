//! The life of one request as a state machine: route, decide, account for what happened.
//!
//! Events in, steps out. This crate must never send, wait, read a clock, throw dice or log.

mod attempt;
mod ending;
mod flow;
mod report;
pub mod route;
mod walk;

pub use attempt::{Answer, Attempt, AttemptId, Failed, Outcome};
pub use ending::{Ending, Reason};
pub use flow::{Candidate, Flow, Start, Step, Terms};
pub use route::{Matcher, Route, Routes, Target, Tier};
