//! What goes from one dialect to the other and back still means the same.

#![expect(clippy::expect_used, reason = "a test may fail")]

mod anthropic;
mod chat;
mod gemini;
mod media;
mod responses;
