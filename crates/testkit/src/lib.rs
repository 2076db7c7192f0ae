//! A scripted provider over real HTTP, for tests and the demo.
//!
//! In goes a [`Script`]: which tokens exist and what goes wrong for each. Out comes a listening server that answers
//! every operation in OpenAI's shapes, misbehaves as scripted, and remembers what it was asked ([`Running::seen`]).
//! The same server is a program, `scripted-upstream`, for clients in other languages.
//!
//! Answers depend on the request and the script alone, never on a wall clock or real dice, so that a test can
//! expect exact bytes. It must never be given a real key: it keeps and shows tokens as they were sent.

mod answers;
mod body;
mod connection;
mod control;
mod demo;
mod faults;
mod handle;
mod ledger;
mod realtime;
pub mod recordings;
mod script;
mod seen;
mod serve;
mod websocket;

pub use demo::demo_script;
pub use script::{
    Concurrency, CutHow, Fault, FaultKind, Headers, Quota, RateLimit, Reply, ReplyBody, ReplyMatch, Script,
    TokenScript, UnknownToken,
};
pub use seen::Seen;
pub use serve::{Running, ScriptedUpstream};
