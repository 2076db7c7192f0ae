//! Cohere chat, version 1, for providers (Cohere API reference, "Chat (v1)", 2026-11): one message, the history beside
//! it. Higress ai-proxy v2.2.1 speaks this one.

use claviger_types::Operation;

use crate::codec::{Asked, Context, Refused, StreamReader, Unreadable, Upstream};
use crate::model::{Answer, Dropped, Request};

mod answer;
mod fields;
mod stream_in;
#[cfg(test)]
mod tests;
mod tools;
mod write_request;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CohereV1;

impl Upstream for CohereV1 {
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
        Box::new(stream_in::Reader::default())
    }
}
