//! OpenAI responses, for callers and for providers (OpenAI API reference, "Responses", 2026-11).
//!
//! Input and output are lists of items: messages, thoughts, calls, results. The model's messages hold the items that
//! follow each other; seals that the dialect has no field for travel in `encrypted_content` of reasoning items.

use claviger_types::Operation;

use crate::codec::{Asked, Client, Context, Refused, StreamReader, StreamWriter, Unreadable, Upstream};
use crate::json::Object;
use crate::model::{Answer, Dropped, Fault, Request};
use crate::openai_chat::{is_error, write_error};
use crate::sse::Sse;

mod answer_in;
mod answer_out;
mod family;
mod fields;
mod finish;
mod input_out;
mod item_out;
mod items_in;
mod options_out;
mod read_request;
mod stream_in;
mod stream_item;
mod stream_out;
mod stream_part;
#[cfg(test)]
mod tests;
mod write_request;

/// Marks a carried seal as thoughts that cannot be read, rather than as the proof of those that can.
const SEAL_HIDDEN: &str = "hidden";

/// Marks a carried seal as that of the item after the reasoning item it travels in.
const SEAL_OF_NEXT: &str = "next";

/// Marks a carried seal as that of the item before the reasoning item it travels in.
const SEAL_OF_LAST: &str = "last";

/// Stands between the parts of a summary, which are paragraphs with headings of their own.
const BETWEEN_SUMMARIES: &str = "\n\n";

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAiResponses;

impl Client for OpenAiResponses {
    fn read_request<'a>(&self, body: &'a str, _: &Context) -> Result<Request<'a>, Refused> {
        read_request::read(body)
    }

    fn write_answer(&self, answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>) {
        answer_out::write(answer, asked, out);
    }

    fn stream_writer(&self, asked: &Asked) -> Box<dyn StreamWriter> {
        Box::new(stream_out::Writer::new(asked))
    }

    /// "Counting tokens", 2026-11.
    fn write_count(&self, input: u64, out: &mut Vec<u8>) {
        Object::write(out, |body| {
            body.text("object", "response.input_tokens");
            body.count("input_tokens", input);
        });
    }

    fn can_read_fault(&self, body: &[u8]) -> bool {
        is_error(body)
    }

    fn write_fault(&self, fault: &Fault<'_>, out: &mut Vec<u8>) {
        Object::write(out, |body| write_error(body, fault));
    }
}

impl Upstream for OpenAiResponses {
    fn operation(&self, _: bool) -> Operation {
        Operation::Responses
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
        answer_in::read(body)
    }

    fn stream_reader(&self, _: &Asked) -> Box<dyn StreamReader> {
        Box::new(Sse::new(stream_in::Reader::default()))
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault<'static> {
        finish::failure(status, body)
    }
}
