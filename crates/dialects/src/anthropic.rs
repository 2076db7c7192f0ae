//! Anthropic messages, for callers and for providers (Claude API reference, "Messages", 2026-11).

use claviger_types::Operation;

use crate::codec::{Asked, Client, Context, Refused, StreamReader, StreamWriter, Unreadable, Upstream};
use crate::count::write_kept;
use crate::json::{Object, record};
use crate::model::{Answer, CacheMark, Dropped, Fault, FaultKind, Finish, Request, Usage};
use crate::sse::Sse;
use crate::text::{Number, Text};

mod answer;
mod blocks;
mod claude_code;
mod family;
mod fields;
mod foreign;
mod read_request;
mod stream_in;
mod stream_out;
#[cfg(test)]
mod tests;
mod thinking;
mod tools;
mod write_request;

pub(crate) use family::Version;

pub use claude_code::with_claude_code;
pub(crate) use foreign::without_foreign_thoughts;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anthropic;

impl Client for Anthropic {
    fn read_request<'a>(&self, body: &'a str, _: &Context) -> Result<Request<'a>, Refused> {
        read_request::read(body)
    }

    fn write_answer(&self, answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>) {
        answer::write(answer, asked, out);
    }

    fn stream_writer(&self, asked: &Asked) -> Box<dyn StreamWriter> {
        Box::new(stream_out::Writer::new(asked))
    }

    /// "Token counting", 2026-11.
    fn write_count(&self, input: u64, out: &mut Vec<u8>) {
        crate::json::Object::write(out, |body| body.count("input_tokens", input));
    }

    fn write_fault(&self, fault: &Fault<'_>, out: &mut Vec<u8>) {
        crate::json::Object::write(out, |body| {
            body.text("type", "error");
            write_error(body, fault);
        });
    }
}

record! {
    /// How many there are.
    struct CountFields<'a> {
        input: Number<'a> = "input_tokens",
    }
}

impl Upstream for Anthropic {
    fn operation(&self, _: bool) -> Operation {
        Operation::AnthropicMessages
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

    /// It takes no more than what is counted ("Count tokens", 2026-11).
    fn count_request(&self, written: &[u8], _: &Context) -> Option<Vec<u8>> {
        let counted = ["model", "messages", "system", "tools", "tool_choice", "thinking", "mcp_servers"];
        let mut out = Vec::with_capacity(written.len());
        Object::write(&mut out, |body| write_kept(body, written, |name| counted.contains(&name)));
        Some(out)
    }

    fn read_count(&self, body: &str) -> Option<u64> {
        let read: CountFields<'_> = serde_json::from_str(body).ok()?;
        Some(read.input?.count())
    }

    fn read_answer<'a>(&self, body: &'a str, asked: &'a Asked) -> Result<Answer<'a>, Unreadable> {
        answer::read(body, asked)
    }

    fn stream_reader(&self, asked: &Asked) -> Box<dyn StreamReader> {
        Box::new(Sse::new(stream_in::Reader::new(asked)))
    }
}

/// The `error` object ("Errors", 2026-11).
fn write_error(body: &mut crate::json::Object<'_>, fault: &Fault<'_>) {
    let kind = match fault.kind {
        FaultKind::InvalidRequest => "invalid_request_error",
        FaultKind::Authentication => "authentication_error",
        FaultKind::Billing => "billing_error",
        FaultKind::Permission => "permission_error",
        FaultKind::NotFound => "not_found_error",
        FaultKind::TooLarge => "request_too_large",
        FaultKind::RateLimit => "rate_limit_error",
        FaultKind::Timeout => "timeout_error",
        FaultKind::Server => "api_error",
        FaultKind::Overloaded => "overloaded_error",
    };
    body.object("error", |error| {
        error.text("type", kind);
        error.text("message", &fault.message);
        error.maybe_text("code", fault.code.as_deref());
        error.maybe_text("param", fault.param.as_deref());
    });
}

/// "Handling stop reasons", 2026-11.
fn read_finish<'a>(word: Text<'a>, stop_text: Option<Text<'a>>) -> Finish<'a> {
    match word.as_str() {
        "end_turn" => Finish::Stop,
        "stop_sequence" => Finish::StopText(stop_text),
        "max_tokens" => Finish::Length,
        "model_context_window_exceeded" => Finish::ContextFull,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::Refused,
        "pause_turn" => Finish::Paused,
        _ => Finish::Other(word),
    }
}

fn finish_word<'f>(finish: Option<&'f Finish<'_>>) -> &'f str {
    match finish {
        None | Some(Finish::Stop | Finish::Failed) => "end_turn",
        Some(Finish::StopText(_)) => "stop_sequence",
        Some(Finish::Length) => "max_tokens",
        Some(Finish::ContextFull) => "model_context_window_exceeded",
        Some(Finish::ToolCalls) => "tool_use",
        Some(Finish::Filtered | Finish::Refused) => "refusal",
        Some(Finish::Paused) => "pause_turn",
        Some(Finish::Other(word)) => word,
    }
}

fn write_finish(object: &mut crate::json::Object<'_>, finish: Option<&Finish<'_>>) {
    object.text("stop_reason", finish_word(finish));
    match finish {
        Some(Finish::StopText(Some(text))) => object.text("stop_sequence", text),
        _ => object.null("stop_sequence"),
    }
}

/// `input_tokens` counts neither what was read from the cache nor what was written to it ("Prompt caching", 2026-11).
fn write_usage(object: &mut crate::json::Object<'_>, usage: Option<&Usage>) {
    let usage = usage.copied().unwrap_or_default();
    let cached = usage.cache_read.unwrap_or(0).saturating_add(usage.cache_write.unwrap_or(0));
    object.object("usage", |counts| {
        counts.count("input_tokens", usage.input.unwrap_or(0).saturating_sub(cached));
        for (key, count) in
            [("cache_creation_input_tokens", usage.cache_write), ("cache_read_input_tokens", usage.cache_read)]
        {
            if let Some(count) = count {
                counts.count(key, count);
            }
        }
        counts.count("output_tokens", usage.output.unwrap_or(0));
        if let Some(thinking) = usage.reasoning {
            counts.object("output_tokens_details", |details| details.count("thinking_tokens", thinking));
        }
        if let Some(searches) = usage.web_searches {
            counts.object("server_tool_use", |tools| tools.count("web_search_requests", searches));
        }
    });
}

fn write_cache(object: &mut crate::json::Object<'_>, mark: Option<&CacheMark<'_>>) {
    if let Some(mark) = mark {
        object.object("cache_control", |control| {
            control.text("type", "ephemeral");
            control.maybe_text("ttl", mark.ttl.as_deref());
        });
    }
}
