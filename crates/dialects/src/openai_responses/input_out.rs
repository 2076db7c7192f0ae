//! Messages of a request, written as items of input.
//!
//! Parts keep their order: what follows each other in one message item ends where a call, a result or a thought begins.

use crate::json::{List, Object};
use crate::model::{
    CallKind, Dropped, Media, MediaKind, Message, Part, Request, Role, Source, Thinking, ToolCall, ToolResult, Vendor,
};

use super::options_out::is_custom_call;

/// What the model and the provider take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    /// Cache marks.
    pub(super) marks: bool,
    /// The role `developer`.
    pub(super) developer: bool,
}

impl Ways {
    const fn role(self, role: Role) -> &'static str {
        match role {
            Role::Developer if self.developer => "developer",
            Role::System | Role::Developer => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        }
    }
}

pub(super) fn write(
    list: &mut List<'_>,
    message: &Message<'_>,
    request: &Request<'_>,
    ways: Ways,
    dropped: &mut Dropped,
) {
    dropped.note_if(message.name.is_some(), "messages.name");
    let marks = ways.marks;
    let mut content: Vec<&Part<'_>> = Vec::with_capacity(message.parts.len());
    for (at, part) in message.parts.iter().enumerate() {
        note_marks(part, marks, dropped);
        match part {
            Part::ToolCall(call) if call.kind == CallKind::Server => dropped.note("messages.server_tool_use"),
            Part::ToolCall(call) => {
                write_message(list, message.role, &mut content, ways);
                write_call(list, call);
            }
            Part::ToolResult(result) => {
                write_message(list, message.role, &mut content, ways);
                write_result(list, result, request, marks, dropped);
            }
            Part::Thinking(thinking) if is_ours(thinking) && message.parts.iter().skip(at).any(is_output) => {
                write_message(list, message.role, &mut content, ways);
                write_thinking(list, thinking);
            }
            Part::Thinking(_) => dropped.note("messages.thinking"),
            Part::Text(text) if text.text.is_empty() => {}
            Part::Text(_) | Part::Refusal(_) => content.push(part),
            Part::Media(media) if message.role != Role::Assistant && is_known(media) => content.push(part),
            // The assistant's own messages hold text only.
            Part::Media(media) => dropped.note(&format!("messages.{}", media.kind.name())),
            Part::Opaque(opaque) => dropped.note(&format!("messages.{}", opaque.kind)),
        }
    }
    // A message of the user's that says nothing is the caller's own affair.
    if message.parts.is_empty() && message.role != Role::Assistant {
        list.object(|item| {
            item.text("role", ways.role(message.role));
            item.text("content", "");
        });
    }
    write_message(list, message.role, &mut content, ways);
}

/// Cache marks that cannot be written, and seals that are Google's.
fn note_marks(part: &Part<'_>, marks: bool, dropped: &mut Dropped) {
    let (is_marked, has_place, signature) = match part {
        Part::Text(text) => (text.cache.is_some(), true, &text.signature),
        Part::Media(media) => (media.cache.is_some(), true, &media.signature),
        Part::ToolCall(call) => (call.cache.is_some(), false, &call.signature),
        Part::ToolResult(result) => (result.cache.is_some(), false, &None),
        Part::Refusal(_) | Part::Thinking(_) | Part::Opaque(_) => return,
    };
    dropped.note_if(is_marked && !(marks && has_place), "messages.cache_control");
    dropped.note_if(signature.is_some(), "messages.signature");
}

fn write_message(list: &mut List<'_>, role: Role, content: &mut Vec<&Part<'_>>, ways: Ways) {
    let parts = std::mem::take(content);
    if parts.is_empty() {
        return;
    }
    list.object(|item| {
        item.text("role", ways.role(role));
        match parts.as_slice() {
            [Part::Text(only)] if only.cache.is_none() || !ways.marks => item.text("content", &only.text),
            parts => item.list("content", |list| {
                parts.iter().for_each(|part| write_part(list, part, role == Role::Assistant, ways.marks));
            }),
        }
    });
}

fn write_part(list: &mut List<'_>, part: &Part<'_>, is_answer: bool, marks: bool) {
    match part {
        Part::Text(text) => list.object(|object| {
            object.text("type", if is_answer { "output_text" } else { "input_text" });
            object.text("text", &text.text);
            breakpoint(object, marks && !is_answer && text.cache.is_some());
        }),
        // Only the model refuses; what others quote is text.
        Part::Refusal(text) if !is_answer => list.object(|object| {
            object.text("type", "input_text");
            object.text("text", text);
        }),
        Part::Refusal(text) => list.object(|object| {
            object.text("type", "refusal");
            object.text("refusal", text);
        }),
        Part::Media(media) if is_known(media) => list.object(|object| {
            write_media(object, media);
            breakpoint(object, marks && media.cache.is_some());
        }),
        Part::Media(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => {}
    }
}

fn breakpoint(object: &mut Object<'_>, is_marked: bool) {
    if is_marked {
        object.object("prompt_cache_breakpoint", |mark| mark.text("mode", "explicit"));
    }
}

/// Pictures and documents ("Images and vision", "File inputs", 2026-11).
const fn is_known(media: &Media<'_>) -> bool {
    match (media.kind, &media.source) {
        (MediaKind::Image, Source::Text(_)) | (MediaKind::Audio | MediaKind::Video, _) => false,
        (MediaKind::Image | MediaKind::Document, _) => true,
    }
}

fn write_media(object: &mut Object<'_>, media: &Media<'_>) {
    let mime = media.mime.as_deref();
    match (media.kind, &media.source) {
        (MediaKind::Image, source) => {
            object.text("type", "input_image");
            match source {
                Source::Url(url) => object.text("image_url", url),
                Source::Base64(data) => {
                    object.joined("image_url", &["data:", mime.unwrap_or("image/png"), ";base64,", data]);
                }
                Source::File(id) | Source::Text(id) => object.text("file_id", id),
            }
            object.text("detail", media.detail.as_deref().unwrap_or("auto"));
        }
        (MediaKind::Audio | MediaKind::Video | MediaKind::Document, Source::Text(text)) => {
            object.text("type", "input_text");
            let heading = [media.name.as_deref(), media.context.as_deref()];
            let mut pieces: Vec<&str> = heading.into_iter().flatten().flat_map(|line| [line, "\n"]).collect();
            pieces.push(text);
            object.joined("text", &pieces);
        }
        (MediaKind::Audio | MediaKind::Video | MediaKind::Document, source) => {
            object.text("type", "input_file");
            match source {
                Source::Base64(data) => {
                    object.text("filename", media.name.as_deref().unwrap_or("document.pdf"));
                    let mime = mime.unwrap_or("application/pdf");
                    object.joined("file_data", &["data:", mime, ";base64,", data]);
                }
                Source::Url(url) => object.text("file_url", url),
                Source::File(id) | Source::Text(id) => object.text("file_id", id),
            }
        }
    }
}

fn write_call(list: &mut List<'_>, call: &ToolCall<'_>) {
    let is_custom = call.kind == CallKind::Custom;
    list.object(|item| {
        item.text("type", if is_custom { "custom_tool_call" } else { "function_call" });
        item.text("call_id", &call.id);
        item.text("name", &call.name);
        let nothing = call.arguments.trim().is_empty() && !is_custom;
        let arguments = if nothing { "{}" } else { &call.arguments };
        item.text(if is_custom { "input" } else { "arguments" }, arguments);
    });
}

/// There is no place for the mark of an error: the text tells of it.
fn write_result(
    list: &mut List<'_>,
    result: &ToolResult<'_>,
    request: &Request<'_>,
    marks: bool,
    dropped: &mut Dropped,
) {
    dropped.note_if(result.is_error == Some(true), "messages.tool_result.is_error");
    let mut texts: Vec<&str> = Vec::new();
    let mut has_media = false;
    for part in &result.parts {
        match part {
            Part::Text(text) => texts.extend([if texts.is_empty() { "" } else { "\n" }, &text.text]),
            Part::Media(media) if is_known(media) => has_media = true,
            Part::Media(media) => dropped.note(&format!("messages.{}", media.kind.name())),
            Part::Opaque(opaque) => dropped.note(&format!("messages.{}", opaque.kind)),
            Part::Refusal(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) => {
                dropped.note("messages.tool_result");
            }
        }
    }
    let is_custom = is_custom_call(request, &result.id);
    list.object(|item| {
        item.text("type", if is_custom { "custom_tool_call_output" } else { "function_call_output" });
        item.text("call_id", &result.id);
        match has_media {
            false => item.joined("output", &texts),
            true => item.list("output", |list| {
                result.parts.iter().for_each(|part| write_part(list, part, false, marks));
            }),
        }
    });
}

/// Thoughts come back only with OpenAI's own seal ("Reasoning models: encrypted reasoning items", 2026-11).
fn is_ours(thinking: &Thinking<'_>) -> bool {
    thinking.vendor == Some(Vendor::OpenAi) && thinking.hidden.is_some()
}

/// Whether a part is one of those that thoughts may lead to: a reasoning item "without its required following item" is
/// refused (2026-11).
fn is_output(part: &Part<'_>) -> bool {
    match part {
        Part::Text(text) => !text.text.is_empty(),
        Part::Refusal(_) => true,
        Part::ToolCall(call) => call.kind != CallKind::Server,
        Part::Media(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => false,
    }
}

fn write_thinking(list: &mut List<'_>, thinking: &Thinking<'_>) {
    list.object(|item| {
        item.text("type", "reasoning");
        item.maybe_text("id", thinking.id.as_deref());
        item.list("summary", |list| {
            if !thinking.text.is_empty() {
                list.object(|part| {
                    part.text("type", "summary_text");
                    part.text("text", &thinking.text);
                });
            }
        });
        item.maybe_text("encrypted_content", thinking.hidden.as_deref());
    });
}
