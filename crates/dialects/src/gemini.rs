//! Gemini's `generateContent` and `streamGenerateContent`, for callers and for providers, also at Vertex (Gemini API
//! reference, "Generating content"; Vertex AI reference, "GenerateContent", 2026-11).
//!
//! Google reads field names in both spellings, `snake_case` and `camelCase`, and so does this.

use claviger_types::Operation;

use crate::codec::{Asked, Client, Context, Refused, StreamReader, StreamWriter, Unreadable, Upstream};
use crate::count::write_kept;
use crate::json::{Object, record};
use crate::model::{Answer, Dropped, Fault, FaultKind, Finish, Request, Usage};
use crate::settings::Settings;
use crate::text::{Number, Text};

mod answer_in;
mod answer_out;
mod array;
mod audio;
mod embeddings;
mod family;
mod fields;
mod grounding;
mod images;
mod logprobs;
mod parts_in;
mod parts_out;
mod read_request;
mod schema;
mod seal;
mod stream_in;
mod stream_out;
#[cfg(test)]
mod tests;
mod thinking;
mod tools;
mod turns;
mod write_request;

/// What a provider's configuration says about this dialect alone.
#[derive(Clone, Debug, Default)]
pub struct GeminiSettings {
    /// It is Vertex, which takes labels and has embeddings of its own shape.
    pub is_vertex: bool,
    /// How many LLM tokens to think with where the caller says nothing of it; zero is not at all. Models that do not
    /// think are not told.
    pub thinking_budget: Option<u64>,
    /// Category and threshold of each safety setting where the caller sends none.
    pub safety: Vec<(String, String)>,
}

impl GeminiSettings {
    /// Those of a request.
    fn of(context: &Context) -> Option<&Self> {
        if let Settings::Gemini(settings) = &context.profile.settings { Some(settings) } else { None }
    }
}

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gemini;

impl Client for Gemini {
    fn read_request<'a>(&self, body: &'a str, context: &'a Context) -> Result<Request<'a>, Refused> {
        read_request::read(body, context)
    }

    fn write_answer(&self, answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>) {
        answer_out::write(answer, asked, out);
    }

    fn stream_writer(&self, asked: &Asked) -> Box<dyn StreamWriter> {
        Box::new(stream_out::Writer::new(asked))
    }

    fn stream_type(&self, asked: &Asked) -> &'static str {
        if asked.array_stream { "application/json" } else { "text/event-stream" }
    }

    fn write_count(&self, input: u64, out: &mut Vec<u8>) {
        Object::write(out, |body| body.count("totalTokens", input));
    }

    fn write_fault(&self, fault: &Fault<'_>, out: &mut Vec<u8>) {
        Object::write(out, |body| write_error(body, fault));
    }
}

record! {
    /// How many there are.
    struct CountFields<'a> {
        total: Number<'a> = "totalTokens",
    }
}

impl Upstream for Gemini {
    fn operation(&self, stream: bool) -> Operation {
        if stream { Operation::GeminiStreamGenerateContent } else { Operation::GeminiGenerateContent }
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

    /// Google counts a whole request within the question, Vertex its fields ("Counting tokens", 2026-11).
    fn count_request(&self, written: &[u8], context: &Context) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(written.len() + 128);
        let counted = ["contents", "systemInstruction", "tools", "generationConfig"];
        Object::write(&mut out, |body| match GeminiSettings::of(context).is_some_and(|settings| settings.is_vertex) {
            true => write_kept(body, written, |name| counted.contains(&name)),
            false => body.object("generateContentRequest", |request| {
                let model = context.model.as_deref().unwrap_or_default();
                request.joined("model", &["models/", model.strip_prefix("models/").unwrap_or(model)]);
                write_kept(request, written, |name| name != "model");
            }),
        });
        Some(out)
    }

    fn read_count(&self, body: &str) -> Option<u64> {
        let read: CountFields<'_> = serde_json::from_str(body).ok()?;
        Some(read.total?.count())
    }

    fn read_answer<'a>(&self, body: &'a str, asked: &'a Asked) -> Result<Answer<'a>, Unreadable> {
        answer_in::read(body, asked)
    }

    fn stream_reader(&self, asked: &Asked) -> Box<dyn StreamReader> {
        Box::new(array::Framed::new(stream_in::Reader::new(asked)))
    }
}

/// The `error` object: `google.rpc.Status` with the code as HTTP knows it ("Troubleshooting", 2026-11). Words of ours
/// or of another vendor stand where Google's own finer causes do, in `google.rpc.ErrorInfo`.
fn write_error(body: &mut Object<'_>, fault: &Fault<'_>) {
    let status = match fault.kind {
        FaultKind::InvalidRequest | FaultKind::TooLarge => "INVALID_ARGUMENT",
        FaultKind::Authentication => "UNAUTHENTICATED",
        FaultKind::Billing => "FAILED_PRECONDITION",
        FaultKind::Permission => "PERMISSION_DENIED",
        FaultKind::NotFound => "NOT_FOUND",
        FaultKind::RateLimit => "RESOURCE_EXHAUSTED",
        FaultKind::Timeout => "DEADLINE_EXCEEDED",
        FaultKind::Server => "INTERNAL",
        FaultKind::Overloaded => "UNAVAILABLE",
    };
    body.object("error", |error| {
        error.count("code", u64::from(fault.status));
        error.text("message", &fault.message);
        error.text("status", status);
        if fault.code.is_none() && fault.param.is_none() {
            return;
        }
        error.list("details", |details| {
            if let Some(code) = &fault.code {
                details.object(|info| {
                    info.text("@type", "type.googleapis.com/google.rpc.ErrorInfo");
                    info.text("reason", code);
                    info.text("domain", "claviger");
                });
            }
            if let Some(param) = &fault.param {
                details.object(|request| {
                    request.text("@type", "type.googleapis.com/google.rpc.BadRequest");
                    request.list("fieldViolations", |list| {
                        list.object(|violation| {
                            violation.text("field", param);
                            violation.text("description", &fault.message);
                        });
                    });
                });
            }
        });
    });
}

/// `FinishReason` ("Candidate", 2026-11). A call of a tool has no word of its own.
fn read_finish<'a>(word: Text<'a>, has_calls: bool) -> Finish<'a> {
    match word.as_str() {
        "STOP" if has_calls => Finish::ToolCalls,
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => Finish::Filtered,
        "LANGUAGE"
        | "OTHER"
        | "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE"
        | "NO_IMAGE"
        | "IMAGE_OTHER"
        | "FINISH_REASON_UNSPECIFIED" => Finish::Failed,
        _ => Finish::Other(word),
    }
}

fn finish_word(finish: Option<&Finish<'_>>) -> &'static str {
    match finish {
        None | Some(Finish::Stop | Finish::StopText(_) | Finish::ToolCalls | Finish::Paused) => "STOP",
        Some(Finish::Length | Finish::ContextFull) => "MAX_TOKENS",
        Some(Finish::Filtered | Finish::Refused) => "SAFETY",
        // Clients know a fixed set of words.
        Some(Finish::Failed | Finish::Other(_)) => "OTHER",
    }
}

/// `candidatesTokenCount` leaves the thoughts out ("UsageMetadata", 2026-11); the model's count has them in.
fn write_usage(object: &mut Object<'_>, usage: &Usage) {
    object.object("usageMetadata", |counts| {
        let reasoning = usage.reasoning.unwrap_or(0);
        let named = [
            ("promptTokenCount", usage.input),
            ("candidatesTokenCount", usage.output.map(|output| output.saturating_sub(reasoning))),
            ("thoughtsTokenCount", usage.reasoning.filter(|count| *count > 0)),
            ("cachedContentTokenCount", usage.cache_read.filter(|count| *count > 0)),
            ("totalTokenCount", Some(usage.sum())),
        ];
        for (key, count) in named {
            if let Some(count) = count {
                counts.count(key, count);
            }
        }
    });
}
