//! What one event of an answer's stream means.
//!
//! In: an event as the provider sent it. Out: whether the caller would see something of it, whether it ends the answer
//! or tells of a failure, and the usage it reports. Dialects are told apart by the shape of the data; the operation
//! decides about shapes that no table knows.

use bytes::Bytes;
use claviger_types::{Operation, Usage};

use crate::answer::{Code, is_coded, names_failure};
use crate::json;
use crate::raw::{Raw, elements, field, fields, is_code, is_truthy, object, objects, text};
use crate::sse::Event;
use crate::usage::{self, Counts, Metadata};

mod again;
mod kind;
mod shapes;
#[cfg(test)]
mod tests;

pub use again::Reader;
use kind::{Kind, kind};
use shapes::{Candidate, Choice, Delta, Holder, Item};

/// What an event means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// It carries something the caller would see: text, refusal, reasoning text, tool call, image, sound.
    pub content: bool,
    /// Usage reported so far. Anthropic spreads it over two events: take the larger of each count.
    pub usage: Option<Usage>,
    /// The answer itself is complete. What may still come is usage and the terminator.
    pub finished: bool,
    /// Nothing comes after it.
    pub done: bool,
    /// The data, when it tells of a failure; `fault::in_json` reads it. Empty for an `error` event without data.
    pub error: Option<Bytes>,
    /// It is the chunk that `stream_options.include_usage` asks for: usage and no choices.
    pub usage_only: bool,
    /// The data should be JSON and is not.
    pub malformed: bool,
}

/// Whether a complete stream of this operation ends in an event of its own (`[DONE]`, `response.completed`,
/// `message_stop`), so that an end without it is a cut. Some OpenAI-like providers leave `[DONE]` out: after
/// [`Reading::finished`] its lack proves nothing.
pub const fn expects_terminator(operation: Operation) -> bool {
    matches!(kind(operation), Kind::Terminated)
}

fields! {
    /// The top level of an event's data, in all dialects.
    struct Data<'a> {
        kind: Raw<'a> = "type",
        choices: Option<Vec<Choice<'a>>> = "choices",
        usage: Option<Counts<'a>> = "usage",
        delta: Raw<'a> = "delta",
        error: Raw<'a> = "error",
        response: Raw<'a> = "response",
        candidates: Option<Vec<Candidate<'a>>> = "candidates",
        usage_metadata: Option<Metadata<'a>> = "usageMetadata",
        prompt_feedback: Raw<'a> = "promptFeedback",
        message: Raw<'a> = "message",
        content_block: Raw<'a> = "content_block",
        /// Items and parts of OpenAI responses.
        item: Raw<'a> = "item",
        part: Raw<'a> = "part",
        text: Raw<'a> = "text",
        arguments: Raw<'a> = "arguments",
        audio: Raw<'a> = "audio",
        /// Anthropic's older completions.
        completion: Raw<'a> = "completion",
        stop_reason: Raw<'a> = "stop_reason",
        /// Qwen's native shape.
        output: Raw<'a> = "output",
        x_groq: Raw<'a> = "x_groq",
        /// Where failures show besides `error`.
        object: Raw<'a> = "object",
        event: Raw<'a> = "event",
        base_resp: Raw<'a> = "base_resp",
        error_code: Raw<'a> = "error_code",
        success: Raw<'a> = "success",
        header: Raw<'a> = "header",
        tencent: Raw<'a> = "Response",
        error_message: Raw<'a> = "ErrorMsg",
        last_error: Raw<'a> = "last_error",
        code: Raw<'a> = "code",
        msg: Raw<'a> = "msg",
    }
}

/// Reads an event. Costs one pass over the data, and one more over the delta of events that name their type.
pub fn read(operation: Operation, event: &Event) -> Reading {
    let (name, data) = event.fields();
    let named_error = name.is_some_and(|name| name == "error");
    let trimmed = data.trim();
    if trimmed.is_empty() {
        return Reading { error: named_error.then(Bytes::new), ..Reading::default() };
    }
    if trimmed == "[DONE]" {
        return Reading { done: true, ..Reading::default() };
    }
    let Some(fields) = parse(trimmed) else {
        let error = named_error.then(|| own(event, &data));
        let valid = json::is_valid(trimmed.as_bytes());
        let malformed = error.is_none() && !valid && kind(operation).is_known();
        // Who streams what no table knows, streams content. So does an object that only gives a field twice.
        let content = error.is_none() && (!kind(operation).is_known() || valid && trimmed.starts_with('{'));
        return Reading { error, malformed, content, ..Reading::default() };
    };
    let mut reading = meaning(operation, &fields);
    if named_error || is_failure(&fields) {
        reading.error = Some(own(event, &data));
        reading.content = false;
    }
    reading
}

/// One object, or a list with it in front, as Gemini sends its errors.
fn parse(data: &str) -> Option<Data<'_>> {
    if data.starts_with('[') {
        return object(elements(Some(data)).next()?);
    }
    object(data)
}

/// The data as bytes of its own, shared with the event where it lies in one piece.
fn own(event: &Event, data: &str) -> Bytes {
    match event.raw.as_ptr_range().contains(&data.as_ptr()) {
        true => event.raw.slice_ref(data.as_bytes()),
        false => Bytes::copy_from_slice(data.as_bytes()),
    }
}

fn is_failure(data: &Data<'_>) -> bool {
    is_truthy(data.error)
        || [data.kind, data.object, data.event].into_iter().flatten().any(|raw| raw == "\"error\"")
        || data.kind.is_some_and(|kind| kind == "\"response.failed\"")
        || is_code(data.error_code)
        || data.success == Some("false")
        || field::<Code<'_>>(data.base_resp).is_some_and(|base| is_code(base.status_code))
        || field::<Code<'_>>(data.header).is_some_and(|header| is_code(header.code))
        || field::<Code<'_>>(data.tencent)
            .is_some_and(|answer| is_truthy(answer.error) || is_coded(answer.error_message))
        || is_coded(data.error_message)
        || field::<Code<'_>>(data.last_error).is_some_and(|error| is_code(error.code))
        || is_bare_code(data)
}

/// Gemini refuses the prompt: no candidates, only why.
fn is_blocked(data: &Data<'_>) -> bool {
    data.candidates.as_ref().is_none_or(Vec::is_empty)
        && field::<Code<'_>>(data.prompt_feedback).is_some_and(|feedback| is_truthy(feedback.block_reason))
}

/// `{"code":50505,"message":"…"}` and nothing of an answer.
fn is_bare_code(data: &Data<'_>) -> bool {
    let is_answer = data.choices.is_some()
        || data.candidates.is_some()
        || [data.delta, data.output, data.kind].iter().any(Option::is_some);
    let has_message = text(data.message).is_some() || text(data.msg).is_some();
    names_failure(data.code) && !is_answer && has_message
}

fn meaning(operation: Operation, data: &Data<'_>) -> Reading {
    if let Some(choices) = &data.choices {
        return chat(data, choices);
    }
    if data.candidates.is_some() || data.usage_metadata.is_some() || data.prompt_feedback.is_some() {
        return gemini(data);
    }
    match (text(data.kind), data.output) {
        (Some(name), _) => typed(operation, &name, data),
        (None, Some(_)) => qwen(data),
        (None, None) => Reading {
            content: !kind(operation).is_known() || text(data.completion).is_some(),
            usage: usage::counts(data.usage.as_ref()).or_else(|| usage::nested(data.x_groq)),
            finished: is_truthy(data.stop_reason),
            ..Reading::default()
        },
    }
}

fn chat(data: &Data<'_>, choices: &[Choice<'_>]) -> Reading {
    let usage = usage::counts(data.usage.as_ref())
        .or_else(|| usage::nested(data.x_groq))
        .or_else(|| choices.first().and_then(|first| usage::counts(first.usage.as_ref())));
    Reading {
        content: choices.iter().any(Choice::has_content),
        finished: choices.iter().any(Choice::is_finished),
        usage_only: choices.is_empty() && data.usage.is_some(),
        usage,
        ..Reading::default()
    }
}

fn gemini(data: &Data<'_>) -> Reading {
    let candidates = data.candidates.as_deref().unwrap_or_default();
    Reading {
        content: candidates.iter().any(Candidate::has_content),
        finished: is_blocked(data) || candidates.iter().any(|candidate| is_truthy(candidate.finish_reason)),
        usage: usage::metadata(data.usage_metadata.as_ref()),
        ..Reading::default()
    }
}

fn qwen(data: &Data<'_>) -> Reading {
    let output: Choice<'_> = field(data.output).unwrap_or_default();
    let choices: Vec<Choice<'_>> = objects(output.choices).collect();
    Reading {
        content: output.has_content() || choices.iter().any(Choice::has_content),
        finished: output.is_finished() || choices.iter().any(Choice::is_finished),
        usage: usage::counts(data.usage.as_ref()),
        ..Reading::default()
    }
}

/// Events that name their type: OpenAI responses, images, speech and transcripts, Anthropic.
fn typed(operation: Operation, name: &str, data: &Data<'_>) -> Reading {
    let mut reading = Reading {
        usage: usage::counts(data.usage.as_ref())
            .or_else(|| usage::nested(data.response))
            .or_else(|| usage::nested(data.message)),
        ..Reading::default()
    };
    match name {
        "content_block_delta" => reading.content = field::<Delta<'_>>(data.delta).is_some_and(|d| d.has_content()),
        "content_block_start" => reading.content = field::<Delta<'_>>(data.content_block).is_some_and(|d| d.has_text()),
        "message_delta" => {
            reading.finished = field::<Delta<'_>>(data.delta).is_some_and(|delta| is_truthy(delta.stop_reason));
        }
        "message_stop" => reading.done = true,
        "message_start" | "content_block_stop" | "ping" | "error" => {}
        "completion" => {
            reading.content = text(data.completion).is_some();
            reading.finished = is_truthy(data.stop_reason);
        }
        "response.completed" | "response.incomplete" => {
            reading.content = field::<Holder<'_>>(data.response).is_some_and(|response| is_truthy(response.output));
            (reading.finished, reading.done) = (true, true);
        }
        "response.failed" => reading.done = true,
        "response.output_item.added" | "response.output_item.done" => {
            reading.content =
                field::<Item<'_>>(data.item).is_some_and(|item| item.has_content(name.ends_with(".done")));
        }
        "response.content_part.added" | "response.content_part.done" | "response.reasoning_summary_part.done" => {
            reading.content = field::<Delta<'_>>(data.part).is_some_and(|part| part.has_text());
        }
        "image_generation.completed" | "image_edit.completed" => (reading.content, reading.finished) = (true, true),
        "transcript.text.done" | "speech.audio.done" => {
            reading.content = text(data.text).is_some();
            (reading.finished, reading.done) = (true, true);
        }
        _ if name.ends_with(".partial_image") => reading.content = true,
        _ if name.ends_with(".delta") => reading.content = is_truthy(data.delta) || is_truthy(data.audio),
        _ if name.ends_with(".done") => reading.content = is_truthy(data.text) || is_truthy(data.arguments),
        _ => reading.content = !kind(operation).is_known(),
    }
    reading
}
