//! OpenAI chat completions, for callers and for providers (OpenAI API reference, "Chat", 2026-11).
//!
//! Fields that other vendors added to the dialect and that clients use are read too: `reasoning_content`,
//! `reasoning_details`, `thinking`, `top_k`, `cache_control`.

use claviger_types::Operation;

use crate::codec::{Asked, Client, Context, Refused, StreamReader, StreamWriter, Unreadable, Upstream};
use crate::json::{Loose, Object, record};
use crate::model::{Answer, Dropped, Fault, FaultKind, Finish, Request, Usage};
use crate::sse::Sse;
use crate::text::Text;

mod answer_in;
mod answer_out;
mod fields;
mod message_in;
mod message_out;
mod read_request;
mod stream_in;
mod stream_out;
#[cfg(test)]
mod tests;
mod write_request;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAiChat;

impl Client for OpenAiChat {
    fn read_request<'a>(&self, body: &'a str, _: &Context) -> Result<Request<'a>, Refused> {
        read_request::read(body)
    }

    fn write_answer(&self, answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>) {
        answer_out::write(answer, asked, out);
    }

    fn stream_writer(&self, asked: &Asked) -> Box<dyn StreamWriter> {
        Box::new(stream_out::Writer::new(asked))
    }

    /// OpenAI counts for its responses alone ("Responses: input tokens", 2026-11): the same shape here.
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

impl Upstream for OpenAiChat {
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
        answer_in::read(body)
    }

    fn stream_reader(&self, _: &Asked) -> Box<dyn StreamReader> {
        Box::new(Sse::new(stream_in::Reader::default()))
    }
}

record! {
    /// A failed answer.
    struct Failed<'a> {
        error: Loose<'a, Told<'a>> = "error",
    }
}

record! {
    /// What it tells.
    struct Told<'a> {
        message: Text<'a> = "message",
    }
}

/// Whether a failed answer has the shape in which OpenAI's libraries look for its message: `error.message`, and nothing
/// around it ("Error codes", 2026-11). Google's and most others' have; Anthropic's stands beside a `type`.
pub(crate) fn is_error(body: &[u8]) -> bool {
    let read = std::str::from_utf8(body).ok().and_then(|body| serde_json::from_str::<Failed<'_>>(body).ok());
    read.filter(|read| read.unknown.is_empty())
        .and_then(|read| read.error?.known()?.message)
        .is_some_and(|message| !message.is_empty())
}

/// The `error` object ("Error codes", 2026-11).
pub(crate) fn write_error(body: &mut Object<'_>, fault: &Fault<'_>) {
    let kind = match fault.kind {
        FaultKind::InvalidRequest | FaultKind::NotFound | FaultKind::TooLarge => "invalid_request_error",
        FaultKind::Authentication => "authentication_error",
        FaultKind::Billing => "insufficient_quota",
        FaultKind::Permission => "permission_error",
        FaultKind::RateLimit => "rate_limit_error",
        FaultKind::Timeout => "timeout_error",
        FaultKind::Server | FaultKind::Overloaded => "server_error",
    };
    body.object("error", |error| {
        error.text("message", &fault.message);
        error.text("type", kind);
        match &fault.param {
            Some(param) => error.text("param", param),
            None => error.null("param"),
        }
        match &fault.code {
            Some(code) => error.text("code", code),
            None => error.null("code"),
        }
    });
}

/// `finish_reason` of the API reference, and words that others use for the same.
pub(crate) fn read_finish<'a>(word: Text<'a>) -> Finish<'a> {
    match word.as_str() {
        "stop" | "eos" | "end_turn" | "stop_sequence" => Finish::Stop,
        "length" | "max_tokens" => Finish::Length,
        "model_length" => Finish::ContextFull,
        "tool_calls" | "function_call" | "tool_use" => Finish::ToolCalls,
        "content_filter" | "sensitive" => Finish::Filtered,
        "refusal" => Finish::Refused,
        "error" | "network_error" => Finish::Failed,
        _ => Finish::Other(word),
    }
}

pub(crate) fn finish_word<'f>(finish: Option<&'f Finish<'_>>) -> &'f str {
    match finish {
        None | Some(Finish::Stop | Finish::StopText(_) | Finish::Paused | Finish::Failed) => "stop",
        Some(Finish::Length | Finish::ContextFull) => "length",
        Some(Finish::ToolCalls) => "tool_calls",
        Some(Finish::Filtered | Finish::Refused) => "content_filter",
        Some(Finish::Other(word)) => word,
    }
}

pub(crate) fn write_usage(object: &mut Object<'_>, usage: &Usage) {
    object.object("usage", |counts| {
        counts.count("prompt_tokens", usage.input.unwrap_or(0));
        counts.count("completion_tokens", usage.output.unwrap_or(0));
        counts.count("total_tokens", usage.sum());
        details(
            counts,
            "prompt_tokens_details",
            &[
                ("cached_tokens", usage.cache_read),
                ("cache_write_tokens", usage.cache_write),
                ("audio_tokens", usage.audio_input),
            ],
        );
        details(
            counts,
            "completion_tokens_details",
            &[
                ("reasoning_tokens", usage.reasoning),
                ("audio_tokens", usage.audio_output),
                ("accepted_prediction_tokens", usage.accepted_prediction),
                ("rejected_prediction_tokens", usage.rejected_prediction),
            ],
        );
    });
}

fn details(counts: &mut Object<'_>, key: &str, named: &[(&str, Option<u64>)]) {
    if named.iter().any(|(_, count)| count.is_some()) {
        counts.object(key, |details| {
            for (name, count) in named {
                if let Some(count) = count {
                    details.count(name, *count);
                }
            }
        });
    }
}
