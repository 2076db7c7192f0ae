//! The life of one request as a state machine: route, decide, receipt.
//!
//! Events in, steps out. This crate must never send, wait, read a clock, throw dice or log.

pub mod route;

pub use route::{Matcher, Route, Routes, Target, Tier};
