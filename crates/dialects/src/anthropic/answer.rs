//! A whole answer, read and written.

use crate::codec::{Asked, Unreadable};
use crate::json::{List, Object, json_of};
use crate::model::{Answer, CallKind, Choice, Citation, Part, TextPart, Thinking, Vendor, carry};

use super::blocks::part;
use super::fields::{Block, MessageAnswer};
use super::{read_finish, write_finish, write_usage};

pub(super) fn read<'a>(body: &'a str, asked: &'a Asked) -> Result<Answer<'a>, Unreadable> {
    let message: MessageAnswer<'a> = serde_json::from_str(body)?;
    let Some(content) = message.content else {
        return Err(Unreadable { message: "the message has no content".to_owned() });
    };
    let stop_text = message.stop_sequence;
    let choice = Choice {
        parts: content.into_iter().filter_map(part).collect(),
        finish: message.stop_reason.map(|word| read_finish(word, stop_text)),
        ..Choice::default()
    };
    let usage = message.usage;
    Ok(Answer {
        id: message.id,
        model: if asked.unnamed { Some(asked.model.as_str().into()) } else { message.model },
        created: None,
        choices: vec![choice],
        usage: usage.as_ref().map(super::fields::UsageFields::usage),
        service_tier: usage.and_then(|usage| usage.service_tier),
        extras: message.unknown,
    })
}

pub(super) fn write(answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>) {
    let first = answer.choices.first();
    Object::write(out, |message| {
        match &answer.id {
            Some(id) if !id.is_empty() => message.text("id", id),
            Some(_) | None => message.text("id", &asked.id("msg_")),
        }
        message.text("type", "message");
        message.text("role", "assistant");
        message.text("model", answer.model.as_deref().unwrap_or(&asked.model));
        message.list("content", |list| {
            for part in first.map(|choice| choice.parts.as_slice()).unwrap_or_default() {
                write_part(list, part);
            }
        });
        write_finish(message, first.and_then(|choice| choice.finish.as_ref()));
        write_usage(message, answer.usage.as_ref());
    });
}

fn write_part(list: &mut List<'_>, part: &Part<'_>) {
    match part {
        Part::Text(TextPart { text, citations, .. }) if text.is_empty() && citations.is_empty() => {}
        Part::Text(text) => list.object(|block| {
            block.text("type", "text");
            block.text("text", &text.text);
            if !text.citations.is_empty() {
                block.list("citations", |list| text.citations.iter().for_each(|source| write_citation(list, source)));
            }
        }),
        Part::Refusal(text) if text.is_empty() => {}
        Part::Refusal(text) => list.object(|block| {
            block.text("type", "text");
            block.text("text", text);
        }),
        Part::Thinking(thinking) => list.object(|block| write_thinking(block, thinking)),
        Part::ToolCall(call) if call.kind == CallKind::Server => {}
        Part::ToolCall(call) => list.object(|block| {
            block.text("type", "tool_use");
            block.text("id", &call.id);
            block.text("name", &call.name);
            block.raw("input", &json_of(&call.arguments));
        }),
        // What is said aloud is at least there to be read; pictures have no block in an answer.
        Part::Media(media) => {
            if let Some(transcript) = &media.transcript {
                list.object(|block| {
                    block.text("type", "text");
                    block.text("text", transcript);
                });
            }
        }
        Part::Opaque(opaque) => {
            if let (Vendor::Anthropic, Some(json)) = (opaque.vendor, opaque.json) {
                list.raw(json.get());
            }
        }
        Part::ToolResult(_) => {}
    }
}

fn write_thinking(block: &mut Object<'_>, thinking: &Thinking<'_>) {
    if let (Some(Vendor::Anthropic), Some(hidden)) = (thinking.vendor, &thinking.hidden) {
        block.text("type", "redacted_thinking");
        block.text("data", hidden);
        return;
    }
    block.text("type", "thinking");
    block.text("thinking", &thinking.text);
    block.text("signature", &signature(thinking));
}

/// The field every thinking block has: Anthropic's own, another's that travels in it, or nothing.
fn signature(thinking: &Thinking<'_>) -> String {
    let Some(seal) = thinking.signature.as_ref().or(thinking.hidden.as_ref()) else { return String::new() };
    match thinking.vendor {
        Some(Vendor::Anthropic) => seal.to_string(),
        vendor => carry(vendor.unwrap_or(Vendor::Other), thinking.id.as_deref(), seal),
    }
}

/// A source in the shape of a web search result ("Web search tool", 2026-11), unless it came in Anthropic's own.
pub(super) fn write_citation(list: &mut List<'_>, citation: &Citation<'_>) {
    match citation.json {
        Some((Vendor::Anthropic, json)) => list.raw(json.get()),
        Some(_) | None => list.object(|object| citation_fields(object, citation)),
    }
}

pub(super) fn citation_fields(object: &mut Object<'_>, citation: &Citation<'_>) {
    object.text("type", "web_search_result_location");
    object.text("url", citation.url.as_deref().unwrap_or_default());
    object.text("title", citation.title.as_deref().unwrap_or_default());
    object.text("cited_text", citation.quote.as_deref().unwrap_or_default());
    object.text("encrypted_index", "");
}

/// Whether a block stands for a tool call of the caller's.
pub(super) fn is_call(block: &Block<'_>) -> bool {
    block.kind.as_deref() == Some("tool_use")
}
