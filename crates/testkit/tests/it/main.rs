//! The scripted provider as a client sees it.

#![expect(clippy::expect_used, reason = "a failed expectation is how a test fails")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

mod answers;
mod client;
mod control;
mod dialects;
mod faults;
mod limits;
mod realtime;
mod recordings;
