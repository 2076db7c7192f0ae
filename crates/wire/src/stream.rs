//! What one event of an answer's stream means.
//!
//! In: an event as the provider sent it. Out: whether the caller would see something of it, whether it ends the answer
//! or tells of a failure, and the usage it reports. Dialects are told apart by the shape of the data; the operation
//! decides about shapes that no table knows.

use bytes::Bytes;
use claviger_types::{Operation, Usage};
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fault::Code;
use crate::raw::{Raw, count, elements, field, is_code, is_truthy, object, text};
use crate::sse::Event;
use crate::usage;

mod kind;
mod shapes;
#[cfg(test)]
mod tests;

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

/// The top level of an event's data, in all dialects.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow, rename = "type")]
    kind: Raw<'a>,
    #[serde(borrow)]
    choices: Raw<'a>,
    #[serde(borrow)]
    usage: Raw<'a>,
    #[serde(borrow)]
    delta: Raw<'a>,
    #[serde(borrow)]
    error: Raw<'a>,
    #[serde(borrow)]
    response: Raw<'a>,
    #[serde(borrow)]
    candidates: Raw<'a>,
    #[serde(borrow, rename = "usageMetadata")]
    usage_metadata: Raw<'a>,
    #[serde(borrow, rename = "promptFeedback")]
    prompt_feedback: Raw<'a>,
    #[serde(borrow)]
    message: Raw<'a>,
    #[serde(borrow)]
    content_block: Raw<'a>,
    /// Items and parts of OpenAI responses.
    #[serde(borrow)]
    item: Raw<'a>,
    #[serde(borrow)]
    part: Raw<'a>,
    #[serde(borrow)]
    text: Raw<'a>,
    #[serde(borrow)]
    arguments: Raw<'a>,
    #[serde(borrow)]
    audio: Raw<'a>,
    /// Anthropic's older completions.
    #[serde(borrow)]
    completion: Raw<'a>,
    #[serde(borrow)]
    stop_reason: Raw<'a>,
    /// Qwen's native shape.
    #[serde(borrow)]
    output: Raw<'a>,
    #[serde(borrow)]
    x_groq: Raw<'a>,
    /// Where failures show besides `error`.
    #[serde(borrow)]
    object: Raw<'a>,
    #[serde(borrow)]
    event: Raw<'a>,
    #[serde(borrow)]
    base_resp: Raw<'a>,
    #[serde(borrow)]
    error_code: Raw<'a>,
    #[serde(borrow)]
    header: Raw<'a>,
    #[serde(borrow, rename = "Response")]
    tencent: Raw<'a>,
    #[serde(borrow)]
    last_error: Raw<'a>,
    #[serde(borrow)]
    code: Raw<'a>,
    #[serde(borrow)]
    msg: Raw<'a>,
}

/// Reads an event. Costs one pass over the data and one over its choices or delta.
pub fn read(operation: Operation, event: &Event) -> Reading {
    let data = event.data();
    let named_error = memmem::find(&event.raw, b"error").is_some() && event.name().is_some_and(|name| name == "error");
    let trimmed = data.trim();
    if trimmed.is_empty() {
        return Reading { error: named_error.then(Bytes::new), ..Reading::default() };
    }
    if trimmed == "[DONE]" {
        return Reading { done: true, ..Reading::default() };
    }
    let Some(fields) = parse(trimmed) else {
        let error = named_error.then(|| own(event, &data));
        let valid = serde_json::from_str::<serde::de::IgnoredAny>(trimmed).is_ok();
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
        let list: Vec<&RawValue> = serde_json::from_str(data).ok()?;
        return object(list.first()?.get());
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
        || [data.kind, data.object, data.event].into_iter().flatten().any(|raw| raw.get() == "\"error\"")
        || data.kind.is_some_and(|kind| kind.get() == "\"response.failed\"")
        || is_code(data.error_code)
        || field::<Code<'_>>(data.base_resp).is_some_and(|base| is_code(base.status_code))
        || field::<Code<'_>>(data.header).is_some_and(|header| is_code(header.code))
        || field::<Code<'_>>(data.tencent).is_some_and(|response| is_truthy(response.error))
        || field::<Code<'_>>(data.last_error).is_some_and(|error| is_code(error.code))
        || is_bare_code(data)
}

/// `{"code":50505,"message":"…"}` and nothing of an answer. 2xx codes are how some say "fine".
fn is_bare_code(data: &Data<'_>) -> bool {
    let is_answer = [data.choices, data.candidates, data.delta, data.output, data.kind].iter().any(Option::is_some);
    let has_message = text(data.message).is_some() || text(data.msg).is_some();
    is_code(data.code) && !is_answer && has_message && !(200..300).contains(&count(data.code))
}

fn meaning(operation: Operation, data: &Data<'_>) -> Reading {
    if data.choices.is_some() {
        return chat(data);
    }
    if data.candidates.is_some() || data.usage_metadata.is_some() || data.prompt_feedback.is_some() {
        return gemini(data);
    }
    match (text(data.kind), data.output) {
        (Some(name), _) => typed(operation, &name, data),
        (None, Some(_)) => qwen(data),
        (None, None) => Reading {
            content: !kind(operation).is_known() || text(data.completion).is_some(),
            usage: usage::counts(data.usage).or_else(|| usage::nested(data.x_groq)),
            finished: is_truthy(data.stop_reason),
            ..Reading::default()
        },
    }
}

fn chat(data: &Data<'_>) -> Reading {
    let choices: Vec<Choice<'_>> = elements(data.choices);
    let usage = usage::counts(data.usage)
        .or_else(|| usage::nested(data.x_groq))
        .or_else(|| choices.first().and_then(|first| usage::counts(first.usage)));
    Reading {
        content: choices.iter().any(Choice::has_content),
        finished: choices.iter().any(Choice::is_finished),
        usage_only: is_empty_list(data.choices) && data.usage.is_some_and(|raw| raw.get().starts_with('{')),
        usage,
        ..Reading::default()
    }
}

fn is_empty_list(raw: Raw<'_>) -> bool {
    let inner = raw.and_then(|raw| raw.get().strip_prefix('[')?.strip_suffix(']'));
    inner.is_some_and(|inner| inner.trim().is_empty())
}

fn gemini(data: &Data<'_>) -> Reading {
    let candidates: Vec<Candidate<'_>> = elements(data.candidates);
    let blocked = field::<Code<'_>>(data.prompt_feedback).is_some_and(|feedback| is_truthy(feedback.block_reason));
    Reading {
        content: candidates.iter().any(Candidate::has_content),
        finished: blocked || candidates.iter().any(|candidate| is_truthy(candidate.finish_reason)),
        usage: usage::metadata(data.usage_metadata),
        ..Reading::default()
    }
}

fn qwen(data: &Data<'_>) -> Reading {
    let output: Choice<'_> = field(data.output).unwrap_or_default();
    let choices: Vec<Choice<'_>> = elements(output.choices);
    Reading {
        content: output.has_content() || choices.iter().any(Choice::has_content),
        finished: output.is_finished() || choices.iter().any(Choice::is_finished),
        usage: usage::counts(data.usage),
        ..Reading::default()
    }
}

/// Events that name their type: OpenAI responses, images, speech and transcripts, Anthropic.
fn typed(operation: Operation, name: &str, data: &Data<'_>) -> Reading {
    let mut reading = Reading {
        usage: usage::counts(data.usage)
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
