//! Summaries of thoughts, which OpenAI gives to verified organisations alone ("API organization verification",
//! help.openai.com, 2026-11).
//!
//! In: a translated request that asks for one. Out: the same without. That of a caller who asks in the words of responses
//! is the caller's own affair.

use bytes::Bytes;
use claviger_types::Operation;
use claviger_wire::json;

use crate::prepare::Prepared;

/// The rule by which a refusal of a summary is known.
pub const SUMMARY_BARRED: &str = "summary_barred";

impl Prepared {
    /// The request without the summary that its translation asks for; it is named among what was dropped. `None`: it asks
    /// for none.
    pub fn without_summary(&self) -> Option<Self> {
        let conversation = self.translation.as_ref()?.conversation()?;
        if conversation.asks() != Operation::Responses {
            return None;
        }
        let [reasoning] = json::scan(&self.body, &["reasoning"]).ok()?;
        let reasoning = Bytes::copy_from_slice(reasoning?.as_bytes());
        let [summary] = json::scan(&reasoning, &["summary"]).ok()?;
        summary?;
        let rest = json::remove_field(&reasoning, "summary");
        let mut plain = self.clone();
        plain.body = json::set_field(&self.body, "reasoning", std::str::from_utf8(&rest).ok()?);
        plain.dropped.note("reasoning.summary");
        Some(plain)
    }
}
