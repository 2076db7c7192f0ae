//! AWS Bedrock Converse and ConverseStream, for providers (Bedrock API reference, "Converse", "ConverseStream", 2026-11).
//!
//! The model stands in the path, the answer's id in a header: neither is here.

use claviger_types::Operation;

use crate::codec::{Asked, Context, Refused, StreamReader, Unreadable, Upstream};
use crate::model::{Answer, Dropped, Finish, Request};
use crate::text::Text;

mod additional;
mod answer;
mod blocks;
mod embeddings;
mod family;
mod fields;
mod frames;
mod images;
mod rerank;
mod settings;
mod stream_in;
#[cfg(test)]
mod tests;
mod tools;
mod write_request;

pub use settings::{BedrockSettings, CachePoints};

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bedrock;

impl Upstream for Bedrock {
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
        write_request::write(request, context, dropped, out)
    }

    fn read_answer<'a>(&self, body: &'a str, _: &Asked) -> Result<Answer<'a>, Unreadable> {
        answer::read(body)
    }

    fn stream_reader(&self, _: &Asked) -> Box<dyn StreamReader> {
        Box::new(stream_in::Reader::default())
    }
}

/// `stopReason` ("Converse", 2026-11), with the text that stopped it if that is known.
fn read_finish<'a>(word: Text<'a>, stop_text: Option<Text<'a>>) -> Finish<'a> {
    match word.as_str() {
        "end_turn" => Finish::Stop,
        "tool_use" => Finish::ToolCalls,
        "max_tokens" => Finish::Length,
        "stop_sequence" => Finish::StopText(stop_text),
        "guardrail_intervened" | "content_filtered" => Finish::Filtered,
        "model_context_window_exceeded" => Finish::ContextFull,
        "malformed_model_output" | "malformed_tool_use" => Finish::Failed,
        _ => Finish::Other(word),
    }
}
