//! Cohere chat, version 2, for providers (Cohere API reference, "Chat", 2026-11).

use claviger_types::Operation;

use crate::codec::{Asked, Context, Refused, StreamReader, Unreadable, Upstream};
use crate::model::{Answer, Dropped, Finish, Request};
use crate::sse::Sse;
use crate::text::Text;

mod answer;
mod embeddings;
mod fields;
mod rerank;
mod stream_in;
#[cfg(test)]
mod tests;
mod write_request;

pub(crate) use embeddings::{MOST as MOST_EMBEDDED, VectorsByType, write as write_embeddings};
pub(crate) use fields::UsageFields;
pub(crate) use rerank::write as write_rerank;
pub(crate) use write_request::form;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cohere;

impl Upstream for Cohere {
    fn operation(&self, _: bool) -> Operation {
        Operation::ChatCompletions
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        write_request::write(request, context, dropped, out);
        Ok(())
    }

    fn read_answer<'a>(&self, body: &'a str, _: &Asked) -> Result<Answer<'a>, Unreadable> {
        answer::read(body)
    }

    fn stream_reader(&self, _: &Asked) -> Box<dyn StreamReader> {
        Box::new(Sse::new(stream_in::Reader::default()))
    }
}

/// `finish_reason` of both versions ("Chat", "Chat (v1)", 2026-11).
pub(crate) fn read_finish(word: Text<'_>) -> Finish<'_> {
    match word.as_str() {
        "COMPLETE" => Finish::Stop,
        "STOP_SEQUENCE" => Finish::StopText(None),
        "MAX_TOKENS" => Finish::Length,
        "TOOL_CALL" => Finish::ToolCalls,
        "ERROR_LIMIT" => Finish::ContextFull,
        "ERROR_TOXIC" => Finish::Filtered,
        "ERROR" | "TIMEOUT" | "USER_CANCEL" => Finish::Failed,
        _ => Finish::Other(word),
    }
}
