//! A request for the provider, written.

use crate::codec::Context;
use crate::json::{List, Object, json_of};
use crate::model::{
    CallKind, Dropped, Media, MediaKind, Message, OutputForm, Part, Request, Role, Source, TextPart, Thinking,
    ToolCall, ToolResult, Vendor,
};

use crate::text::Number;

use super::family::Version;
use super::{thinking, tools, write_cache};

/// `max_tokens` must be given; this is sent when the caller named no limit, as Higress ai-proxy v2.2.1 does.
pub(super) const DEFAULT_MAX_TOKENS: u64 = 4096;

/// Claude Code's credentials are good only for requests whose system prompt begins with this sentence.
pub(super) const CLAUDE_CODE: &str = "You are Claude Code, Anthropic's official CLI for Claude.";

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    let name = context.model.as_deref().unwrap_or(&request.model);
    let model = Version::of(name);
    let thinking = thinking::plan(request, model, dropped);
    Object::write(out, |body| {
        body.text("model", name);
        body.count("max_tokens", thinking.max_tokens);
        system(body, request, context, dropped);
        body.list("messages", |list| messages(list, request, dropped));
        tools::write(body, request, model, dropped);
        sampling(body, request, model, &thinking, dropped);
        thinking.write(body);
        output_config(body, request, &thinking, model, dropped);
        write_cache(body, request.cache.as_ref());
        if let Some(user) = &request.user {
            body.object("metadata", |metadata| metadata.text("user_id", user));
        }
        service_tier(body, request, dropped);
        if request.stream {
            body.flag("stream", true);
        }
    });
    note(request, dropped);
}

/// What has no place in the dialect.
fn note(request: &Request<'_>, dropped: &mut Dropped) {
    let sampling = &request.sampling;
    dropped.note_if(sampling.seed.is_some(), "seed");
    dropped.note_if(sampling.min_p.is_some(), "min_p");
    dropped.note_if(sampling.presence_penalty.is_some(), "presence_penalty");
    dropped.note_if(sampling.frequency_penalty.is_some(), "frequency_penalty");
    dropped.note_if(sampling.repetition_penalty.is_some(), "repetition_penalty");
    dropped.note_if(sampling.logit_bias.is_some(), "logit_bias");
    dropped.note_if(request.n.is_some_and(|n| n > 1), "n");
    dropped.note_if(request.logprobs == Some(true), "logprobs");
    dropped.note_if(request.top_logprobs.is_some(), "top_logprobs");
    dropped.note_if(request.modalities.iter().any(|word| word.as_str() != "text"), "modalities");
    dropped.note_if(request.audio.is_some(), "audio");
    dropped.note_if(request.metadata.is_some(), "metadata");
    dropped.note_if(request.safety.is_some(), "safety_settings");
    dropped.note_extras(request, &[]);
}

fn system(body: &mut Object<'_>, request: &Request<'_>, context: &Context, dropped: &mut Dropped) {
    let mut texts = Vec::new();
    for message in request.messages.iter().filter(|message| message.role.instructs()) {
        for part in &message.parts {
            match part {
                Part::Text(text) if !text.text.is_empty() => texts.push(text),
                Part::Text(_) => {}
                Part::Refusal(_)
                | Part::Media(_)
                | Part::ToolCall(_)
                | Part::ToolResult(_)
                | Part::Thinking(_)
                | Part::Opaque(_) => dropped.note("system"),
            }
        }
    }
    let needs_sentence =
        context.profile.claude_code && !texts.first().is_some_and(|text| text.text.starts_with(CLAUDE_CODE));
    match texts.as_slice() {
        [] if !needs_sentence => {}
        [only] if !needs_sentence && only.cache.is_none() && !context.profile.claude_code => {
            body.text("system", &only.text);
        }
        texts => body.list("system", |list| {
            if needs_sentence {
                list.object(|block| {
                    block.text("type", "text");
                    block.text("text", CLAUDE_CODE);
                    block.object("cache_control", |control| control.text("type", "ephemeral"));
                });
            }
            for text in texts {
                list.object(|block| write_text(block, text));
            }
        }),
    }
}

fn messages(list: &mut List<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    let last = request.messages.len().saturating_sub(1);
    for (at, message) in request.messages.iter().enumerate() {
        if message.role.instructs() {
            continue;
        }
        dropped.note_if(message.name.is_some(), "messages.name");
        // An assistant's message that says nothing is refused; one of the user's is the caller's own affair.
        let says_something = message.parts.iter().filter(|part| is_kept(part, dropped)).count() > 0;
        if message.role == Role::Assistant && !says_something {
            continue;
        }
        list.object(|object| {
            object.text("role", if message.role == Role::Assistant { "assistant" } else { "user" });
            content(object, message, at == last);
        });
    }
}

fn content(object: &mut Object<'_>, message: &Message<'_>, is_last: bool) {
    match message.parts.as_slice() {
        [] => object.text("content", ""),
        [Part::Text(TextPart { text, cache: None, citations, .. })] if citations.is_empty() => {
            // A last word of the assistant's must not end in white space.
            let is_prefill = is_last && message.role == Role::Assistant;
            object.text("content", if is_prefill { text.trim_end() } else { text });
        }
        parts => object.list("content", |list| {
            for part in parts {
                write_part(list, part);
            }
        }),
    }
}

/// Whether a part can be written; notes those that cannot.
fn is_kept(part: &Part<'_>, dropped: &mut Dropped) -> bool {
    match part {
        // Blocks without text are refused.
        Part::Text(text) => !text.text.is_empty(),
        Part::Refusal(text) => !text.is_empty(),
        Part::Media(media) => {
            let is_kept = is_visible(media);
            dropped.note_detail(media);
            if !is_kept {
                dropped.note(&format!("messages.{}", media.kind.name()));
            }
            is_kept
        }
        Part::ToolCall(call) => call.kind != CallKind::Server,
        Part::ToolResult(result) => {
            for part in &result.parts {
                is_kept(part, dropped);
            }
            true
        }
        Part::Thinking(thinking) => {
            let is_ours = is_sealed(thinking);
            dropped.note_if(!is_ours, "messages.thinking");
            is_ours
        }
        Part::Opaque(opaque) => {
            let is_ours = opaque.vendor == Vendor::Anthropic && opaque.json.is_some();
            if !is_ours {
                dropped.note(&format!("messages.{}", opaque.kind));
            }
            is_ours
        }
    }
}

/// Claude sees pictures and documents (Vision, PDF support, 2026-11).
const fn is_visible(media: &Media<'_>) -> bool {
    match (media.kind, &media.source) {
        (MediaKind::Image, Source::Text(_)) | (MediaKind::Audio | MediaKind::Video, _) => false,
        (MediaKind::Image | MediaKind::Document, _) => true,
    }
}

/// Thoughts come back only with Anthropic's own seal ("Extended thinking", 2026-11).
pub(super) fn is_sealed(thinking: &Thinking<'_>) -> bool {
    thinking.vendor == Some(Vendor::Anthropic) && (thinking.signature.is_some() || thinking.hidden.is_some())
}

fn write_part(list: &mut List<'_>, part: &Part<'_>) {
    match part {
        Part::Text(text) if text.text.is_empty() => {}
        Part::Text(text) => list.object(|block| write_text(block, text)),
        Part::Refusal(text) if text.is_empty() => {}
        Part::Refusal(text) => list.object(|block| {
            block.text("type", "text");
            block.text("text", text);
        }),
        Part::Media(media) if is_visible(media) => list.object(|block| write_media(block, media)),
        Part::Media(_) => {}
        Part::ToolCall(call) if call.kind == CallKind::Server => {}
        Part::ToolCall(call) => list.object(|block| write_call(block, call)),
        Part::ToolResult(result) => list.object(|block| write_result(block, result)),
        Part::Thinking(thinking) if !is_sealed(thinking) => {}
        Part::Thinking(thinking) => list.object(|block| match (&thinking.hidden, &thinking.signature) {
            (Some(hidden), _) => {
                block.text("type", "redacted_thinking");
                block.text("data", hidden);
            }
            (None, signature) => {
                block.text("type", "thinking");
                block.text("thinking", &thinking.text);
                block.text("signature", signature.as_deref().unwrap_or_default());
            }
        }),
        Part::Opaque(opaque) => {
            if let (Vendor::Anthropic, Some(json)) = (opaque.vendor, opaque.json) {
                list.raw(json.get());
            }
        }
    }
}

fn write_text(block: &mut Object<'_>, text: &TextPart<'_>) {
    block.text("type", "text");
    block.text("text", &text.text);
    let ours = || text.citations.iter().filter_map(|citation| citation.json.filter(|(of, _)| *of == Vendor::Anthropic));
    if ours().next().is_some() {
        block.list("citations", |list| ours().for_each(|(_, json)| list.raw(json.get())));
    }
    write_cache(block, text.cache.as_ref());
}

fn write_media(block: &mut Object<'_>, media: &Media<'_>) {
    let is_document = media.kind == MediaKind::Document;
    block.text("type", if is_document { "document" } else { "image" });
    let mime = media.mime.as_deref();
    block.object("source", |source| match &media.source {
        Source::Url(url) => {
            source.text("type", "url");
            source.text("url", url);
        }
        Source::Base64(data) => {
            source.text("type", "base64");
            source.text("media_type", mime.unwrap_or(if is_document { "application/pdf" } else { "image/png" }));
            source.text("data", data);
        }
        Source::Text(text) => {
            source.text("type", "text");
            source.text("media_type", "text/plain");
            source.text("data", text);
        }
        Source::File(id) => {
            source.text("type", "file");
            source.text("file_id", id);
        }
    });
    if is_document {
        block.maybe_text("title", media.name.as_deref());
        block.maybe_text("context", media.context.as_deref());
        if let Some(enabled) = media.citations {
            block.object("citations", |citations| citations.flag("enabled", enabled));
        }
    }
    write_cache(block, media.cache.as_ref());
}

fn write_call(block: &mut Object<'_>, call: &ToolCall<'_>) {
    block.text("type", "tool_use");
    block.text("id", &tools::id(&call.id));
    block.text("name", &call.name);
    block.raw("input", &json_of(&call.arguments));
    write_cache(block, call.cache.as_ref());
}

fn write_result(block: &mut Object<'_>, result: &ToolResult<'_>) {
    block.text("type", "tool_result");
    block.text("tool_use_id", &tools::id(&result.id));
    match result.parts.as_slice() {
        [] => {}
        [Part::Text(TextPart { text, cache: None, .. })] => block.text("content", text),
        parts => block.list("content", |list| {
            for part in parts {
                write_part(list, part);
            }
        }),
    }
    if result.is_error == Some(true) {
        block.flag("is_error", true);
    }
    write_cache(block, result.cache.as_ref());
}

fn sampling(
    body: &mut Object<'_>,
    request: &Request<'_>,
    model: Version,
    thinking: &thinking::Plan,
    dropped: &mut Dropped,
) {
    // Texts of white space alone are refused.
    let stop = || request.stop.iter().filter(|text| !text.trim().is_empty());
    dropped.note_if(stop().count() < request.stop.len(), "stop");
    if stop().next().is_some() {
        body.list("stop_sequences", |list| stop().for_each(|text| list.text(text)));
    }
    let sampling = &request.sampling;
    let is_one = |number: &Number<'_>| (number.value() - 1.0).abs() < f64::EPSILON;
    // With thinking, temperature and top_k are refused, and top_p below 0.95 ("Extended thinking", 2026-11).
    let is_free = model.takes_sampling() && !thinking.is_on();
    let temperature = sampling.temperature.as_ref();
    // Claude's range ends at 1; Anthropic's own OpenAI-compatible endpoint caps it too ("OpenAI SDK compatibility").
    let is_lost = |number: &Number<'_>| if is_free { number.value() > 1.0 } else { !is_one(number) };
    dropped.note_if(temperature.is_some_and(is_lost), "temperature");
    let top_p = sampling.top_p.as_ref().filter(|number| model.takes_sampling() && (is_free || number.value() >= 0.95));
    dropped.note_if(top_p.is_none() && sampling.top_p.as_ref().is_some_and(|number| !is_one(number)), "top_p");
    dropped.note_if(!is_free && sampling.top_k.is_some(), "top_k");
    if is_free {
        body.number("temperature", temperature.map(|number| number.clamped(0, 1)).as_ref());
        body.number("top_k", sampling.top_k.as_ref());
    }
    body.number("top_p", top_p);
}

fn output_config(
    body: &mut Object<'_>,
    request: &Request<'_>,
    thinking: &thinking::Plan,
    model: Version,
    dropped: &mut Dropped,
) {
    let schema = match &request.output {
        OutputForm::Free => None,
        OutputForm::JsonObject => {
            dropped.note("response_format");
            None
        }
        OutputForm::JsonSchema { schema, .. } => {
            dropped.note_if(!model.takes_schema(), "response_format");
            Some(schema).filter(|_| model.takes_schema())
        }
    };
    let effort = thinking.effort(model);
    if schema.is_none() && effort.is_none() {
        return;
    }
    body.object("output_config", |config| {
        config.maybe_text("effort", effort);
        if let Some(schema) = schema {
            config.object("format", |format| {
                format.text("type", "json_schema");
                format.raw("schema", schema.get());
            });
        }
    });
}

/// "Service tiers", 2026-11. OpenAI's `default` is Anthropic's `standard_only`.
fn service_tier(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    match request.service_tier.as_deref() {
        None => {}
        Some("auto") => body.text("service_tier", "auto"),
        Some("default" | "standard_only") => body.text("service_tier", "standard_only"),
        Some(_) => dropped.note("service_tier"),
    }
}
