//! What travels: requests read, streams split, usage and errors found, error bodies written.
//!
//! Bytes in, values or bytes out. This crate must never do I/O, know a provider by name, or change a byte that need
//! not change.

pub mod answer;
pub mod ask;
pub mod failure;
pub mod fault;
pub mod json;
pub mod multipart;
pub mod operation;
mod raw;
pub mod sse;
pub mod stream;
#[cfg(test)]
mod testing;
pub mod usage;

pub use ask::{Arrival, Ask, AskError, BodyForm};
