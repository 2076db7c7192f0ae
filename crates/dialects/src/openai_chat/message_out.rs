//! Messages of a request, written.
//!
//! One message of the model may become several here: each result of a tool is a message of its own and stands before
//! what else the caller says, because it must follow the calls.

use crate::codec::{CacheForm, Profile, ThoughtsBack};
use crate::json::{List, Object};
use crate::model::{
    CacheMark, CallKind, Dropped, Media, MediaKind, Message, Part, Role, Source, Thinking, ToolCall, ToolResult,
};

use super::write_request::role;

pub(super) fn write(list: &mut List<'_>, message: &Message<'_>, profile: &Profile, dropped: &mut Dropped) {
    match message.role {
        Role::Assistant => assistant(list, message, profile, dropped),
        Role::System | Role::Developer | Role::User => others(list, message, profile, dropped),
    }
}

fn others(list: &mut List<'_>, message: &Message<'_>, profile: &Profile, dropped: &mut Dropped) {
    // Pictures and files among the results follow in the caller's own message: a tool's message holds text only.
    let mut content: Vec<&Part<'_>> = Vec::with_capacity(message.parts.len());
    for part in &message.parts {
        if let Part::ToolResult(result) = part {
            write_result(list, result, dropped);
            content.extend(result.parts.iter().filter(|part| matches!(part, Part::Media(_))));
        }
    }
    let had_results = message.parts.iter().any(|part| matches!(part, Part::ToolResult(_)));
    content.extend(message.parts.iter().filter(|part| !matches!(part, Part::ToolResult(_))));
    content.retain(|part| is_kept(part, dropped));
    let marked = |part: &&Part<'_>| matches!(part, Part::Text(text) if text.cache.is_some());
    dropped.note_if(profile.cache_form == CacheForm::No && content.iter().any(marked), "messages.cache_control");
    if content.is_empty() && had_results {
        return;
    }
    list.object(|object| {
        object.text("role", role(message.role, profile));
        object.maybe_text("name", message.name.as_deref());
        write_content(object, &content, profile.cache_form);
    });
}

fn write_content(object: &mut Object<'_>, content: &[&Part<'_>], form: CacheForm) {
    match content {
        [] => object.text("content", ""),
        [Part::Text(only)] if only.cache.is_none() || form == CacheForm::No => object.text("content", &only.text),
        parts => object.list("content", |list| parts.iter().for_each(|part| write_part(list, part, form))),
    }
}

/// Whether a part of content can be written; notes those that cannot.
fn is_kept(part: &Part<'_>, dropped: &mut Dropped) -> bool {
    match part {
        Part::Text(_) | Part::Refusal(_) => true,
        Part::Media(media) => {
            let is_kept = is_known(media);
            if !is_kept {
                dropped.note(&format!("messages.{}", media.kind.name()));
            }
            dropped.note_if(is_kept && media.cache.is_some(), "messages.cache_control");
            is_kept
        }
        Part::ToolCall(_) => false,
        Part::ToolResult(_) => false,
        Part::Thinking(_) => false,
        Part::Opaque(opaque) => {
            dropped.note(&format!("messages.{}", opaque.kind));
            false
        }
    }
}

/// "Images and vision", "Audio and speech", "File inputs", 2026-11; films at Qwen, Zhipu, Doubao, vLLM.
const fn is_known(media: &Media<'_>) -> bool {
    match (media.kind, &media.source) {
        (MediaKind::Image | MediaKind::Video, Source::Url(_) | Source::Base64(_)) => true,
        (MediaKind::Image | MediaKind::Video, Source::Text(_) | Source::File(_)) => false,
        (MediaKind::Audio, Source::Base64(_)) => true,
        (MediaKind::Audio, Source::Url(_) | Source::Text(_) | Source::File(_)) => false,
        (MediaKind::Document, Source::Base64(_) | Source::Text(_) | Source::File(_)) => true,
        (MediaKind::Document, Source::Url(_)) => false,
    }
}

fn write_mark(object: &mut Object<'_>, mark: Option<&CacheMark<'_>>, form: CacheForm) {
    match (mark, form) {
        (None, _) | (_, CacheForm::No) => {}
        (Some(mark), CacheForm::CacheControl) => object.object("cache_control", |control| {
            control.text("type", "ephemeral");
            control.maybe_text("ttl", mark.ttl.as_deref());
        }),
        // Its shortest life is longer than Anthropic's five minutes, its next one longer than the hour.
        (Some(mark), CacheForm::Breakpoint) => object.object("prompt_cache_breakpoint", |point| {
            point.text("mode", "explicit");
            point.maybe_text("ttl", mark.ttl.as_deref().map(|ttl| if ttl == "1h" { "12h" } else { "30m" }));
        }),
    }
}

fn write_part(list: &mut List<'_>, part: &Part<'_>, form: CacheForm) {
    match part {
        Part::Text(text) => list.object(|object| {
            object.text("type", "text");
            object.text("text", &text.text);
            write_mark(object, text.cache.as_ref(), form);
        }),
        Part::Refusal(text) => list.object(|object| {
            object.text("type", "refusal");
            object.text("refusal", text);
        }),
        Part::Media(media) => list.object(|object| write_media(object, media)),
        Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => {}
    }
}

fn write_media(object: &mut Object<'_>, media: &Media<'_>) {
    match media.kind {
        MediaKind::Image => {
            object.text("type", "image_url");
            object.object("image_url", |image| {
                write_url(image, media, "image/png");
                image.maybe_text("detail", media.detail.as_deref());
            });
        }
        MediaKind::Video => {
            object.text("type", "video_url");
            object.object("video_url", |video| write_url(video, media, "video/mp4"));
        }
        MediaKind::Audio => {
            object.text("type", "input_audio");
            object.object("input_audio", |audio| {
                if let Source::Base64(data) = &media.source {
                    audio.text("data", data);
                }
                audio.text("format", sound_format(media.mime.as_deref()));
            });
        }
        MediaKind::Document => write_document(object, media),
    }
}

fn write_url(object: &mut Object<'_>, media: &Media<'_>, default_mime: &str) {
    match &media.source {
        Source::Url(url) => object.text("url", url),
        Source::Base64(data) => {
            object.joined("url", &["data:", media.mime.as_deref().unwrap_or(default_mime), ";base64,", data]);
        }
        Source::Text(_) | Source::File(_) => {}
    }
}

fn sound_format(mime: Option<&str>) -> &str {
    match mime {
        None | Some("audio/mpeg" | "audio/mp3") => "mp3",
        Some("audio/x-wav" | "audio/wave" | "audio/wav") => "wav",
        Some(other) => other.rsplit('/').next().unwrap_or(other),
    }
}

fn write_document(object: &mut Object<'_>, media: &Media<'_>) {
    match &media.source {
        Source::Text(text) => {
            object.text("type", "text");
            let heading = [media.name.as_deref(), media.context.as_deref()];
            let mut pieces: Vec<&str> = heading.into_iter().flatten().flat_map(|line| [line, "\n"]).collect();
            pieces.push(text);
            object.joined("text", &pieces);
        }
        source => {
            object.text("type", "file");
            object.object("file", |file| match source {
                Source::Base64(data) => {
                    file.text("filename", media.name.as_deref().unwrap_or("document.pdf"));
                    let mime = media.mime.as_deref().unwrap_or("application/pdf");
                    file.joined("file_data", &["data:", mime, ";base64,", data]);
                }
                Source::File(id) => file.text("file_id", id),
                Source::Url(_) | Source::Text(_) => {}
            });
        }
    }
}

/// There is no place for the mark of an error: the text tells of it.
fn write_result(list: &mut List<'_>, result: &ToolResult<'_>, dropped: &mut Dropped) {
    dropped.note_if(result.is_error == Some(true), "messages.tool_result.is_error");
    dropped.note_if(result.cache.is_some(), "messages.cache_control");
    let mut pieces: Vec<&str> = Vec::new();
    for part in &result.parts {
        if let Part::Text(text) = part {
            if !pieces.is_empty() {
                pieces.push("\n");
            }
            pieces.push(&text.text);
        }
    }
    list.object(|object| {
        object.text("role", "tool");
        object.text("tool_call_id", &result.id);
        object.joined("content", &pieces);
    });
}

fn assistant(list: &mut List<'_>, message: &Message<'_>, profile: &Profile, dropped: &mut Dropped) {
    let mut content: Vec<&Part<'_>> = Vec::with_capacity(message.parts.len());
    let mut calls: Vec<&ToolCall<'_>> = Vec::new();
    let mut thoughts: Vec<&Thinking<'_>> = Vec::new();
    for part in &message.parts {
        match part {
            Part::ToolCall(call) if call.kind == CallKind::Server => dropped.note("messages.server_tool_use"),
            Part::ToolCall(call) => calls.push(call),
            Part::Thinking(thinking) => thoughts.push(thinking),
            // The assistant's own messages hold text only.
            Part::Media(media) => dropped.note(&format!("messages.{}", media.kind.name())),
            Part::Text(_) | Part::Refusal(_) | Part::ToolResult(_) | Part::Opaque(_) => {
                if is_kept(part, dropped) {
                    content.push(part);
                }
            }
        }
    }
    if content.is_empty() && calls.is_empty() && !message.parts.is_empty() {
        // thoughts alone make no message
        for thought in thoughts {
            dropped.note(if thought.hidden.is_some() { "messages.redacted_thinking" } else { "messages.thinking" });
        }
        return;
    }
    list.object(|object| {
        object.text("role", "assistant");
        object.maybe_text("name", message.name.as_deref());
        match (content.is_empty(), calls.is_empty()) {
            (true, false) => object.null("content"),
            (false, false) => object.joined("content", &paragraphs(&content)),
            (_, true) => write_content(object, &content, profile.cache_form),
        }
        write_thoughts(object, &thoughts, profile, dropped);
        if !calls.is_empty() {
            object.list("tool_calls", |list| calls.iter().for_each(|call| write_call(list, call)));
        }
    });
}

/// Texts with blank lines between.
fn paragraphs<'p>(content: &[&'p Part<'_>]) -> Vec<&'p str> {
    let mut pieces = Vec::with_capacity(content.len() * 2);
    for part in content {
        if let Part::Text(crate::model::TextPart { text, .. }) | Part::Refusal(text) = part {
            if !pieces.is_empty() {
                pieces.push("\n\n");
            }
            pieces.push(text.as_str());
        }
    }
    pieces
}

pub(super) fn write_call(list: &mut List<'_>, call: &ToolCall<'_>) {
    list.object(|object| {
        object.text("id", &call.id);
        let is_custom = call.kind == CallKind::Custom;
        object.text("type", if is_custom { "custom" } else { "function" });
        object.object(if is_custom { "custom" } else { "function" }, |fields| {
            fields.text("name", &call.name);
            let nothing = call.arguments.trim().is_empty() && !is_custom;
            fields.text(if is_custom { "input" } else { "arguments" }, if nothing { "{}" } else { &call.arguments });
        });
        if let Some(signature) = &call.signature {
            object.object("extra_content", |extra| {
                extra.object("google", |google| google.text("thought_signature", signature));
            });
        }
    });
}

fn write_thoughts(object: &mut Object<'_>, thoughts: &[&Thinking<'_>], profile: &Profile, dropped: &mut Dropped) {
    if thoughts.is_empty() {
        return;
    }
    match profile.thoughts_back {
        ThoughtsBack::No => dropped.note("messages.thinking"),
        ThoughtsBack::Content => {
            let texts: Vec<&str> = thoughts.iter().map(|thought| thought.text.as_str()).collect();
            object.joined("reasoning_content", &texts);
            dropped.note_if(thoughts.iter().any(|thought| thought.hidden.is_some()), "messages.redacted_thinking");
        }
        ThoughtsBack::Details => write_details(object, 0, thoughts.iter().copied()),
    }
}

/// `reasoning_details` (OpenRouter, "Reasoning tokens", 2026-11).
/// Entries are numbered from `index` on: callers that put a stream together go by the numbers.
pub(super) fn write_details<'t>(
    object: &mut Object<'_>,
    mut index: u64,
    thoughts: impl Iterator<Item = &'t Thinking<'t>>,
) {
    object.list("reasoning_details", |list| {
        for thought in thoughts {
            let mut entry = |kind: &str, fill: &dyn Fn(&mut Object<'_>)| {
                list.object(|detail| {
                    detail.text("type", kind);
                    fill(detail);
                    detail.maybe_text("id", thought.id.as_deref());
                    detail.maybe_text("format", thought.vendor.map(crate::model::Vendor::format));
                    detail.count("index", index);
                });
                index += 1;
            };
            if !thought.text.is_empty() || thought.signature.is_some() {
                entry("reasoning.text", &|detail| {
                    detail.text("text", &thought.text);
                    detail.maybe_text("signature", thought.signature.as_deref());
                });
            }
            if let Some(hidden) = &thought.hidden {
                entry("reasoning.encrypted", &|detail| detail.text("data", hidden));
            }
        }
    });
}
