//! A whole answer, read.

use serde_json::value::RawValue;

use crate::codec::Unreadable;
use crate::json::{Loose, text_of};
use crate::model::{
    Answer, CallKind, Choice, Citation, Media, MediaKind, OpaquePart, Part, Source, TextPart, Thinking, ToolCall,
    Vendor,
};
use crate::text::Text;

use super::fields::{AnswerFields, Block, CitationFields, Cited, MediaFields, UsageFields};
use super::read_finish;

pub(super) fn read(body: &str) -> Result<Answer<'_>, Unreadable> {
    let answer: AnswerFields<'_> = serde_json::from_str(body)?;
    let Some(content) = answer.output.and_then(|output| output.message).map(|message| message.content) else {
        return Err(Unreadable { message: "the answer has no message".to_owned() });
    };
    let stop_text = answer.additional.and_then(Loose::known).and_then(|fields| fields.stop_sequence);
    let choice = Choice {
        parts: content.unwrap_or_default().into_iter().filter_map(part).collect(),
        finish: answer.stop_reason.map(|word| read_finish(word, stop_text)),
        safety: answer.trace.and_then(Loose::known).and_then(|trace| trace.guardrail),
        ..Choice::default()
    };
    let usage = answer.usage.and_then(Loose::known).map(UsageFields::usage);
    Ok(Answer {
        choices: vec![choice],
        usage: usage.filter(crate::model::Usage::is_known),
        service_tier: answer.service_tier.and_then(Loose::known).and_then(|tier| tier.kind),
        ..Answer::default()
    })
}

/// A block, or one that only Bedrock understands.
fn part(raw: &RawValue) -> Option<Part<'_>> {
    let block: Block<'_> = serde_json::from_str(raw.get()).ok()?;
    if let Some(text) = block.text {
        return Some(Part::Text(TextPart { text, ..TextPart::default() }));
    }
    if let Some(call) = block.tool_use {
        return Some(Part::ToolCall(ToolCall {
            id: call.id.unwrap_or_default(),
            name: call.name.unwrap_or_default(),
            arguments: call.input.map_or_else(|| Text::fixed("{}"), text_of),
            kind: call_kind(call.kind.as_deref()),
            cache: None,
            signature: None,
        }));
    }
    if let Some(reasoning) = block.reasoning {
        return Some(Part::Thinking(match (reasoning.redacted, reasoning.text) {
            (Some(hidden), _) => Thinking { hidden: Some(hidden), vendor: Some(Vendor::Amazon), ..Thinking::default() },
            (None, text) => {
                let text = text.unwrap_or_default();
                let vendor = text.signature.is_some().then_some(Vendor::Anthropic);
                let (text, signature) = (text.text.unwrap_or_default(), text.signature);
                Thinking { text, signature, vendor, ..Thinking::default() }
            }
        }));
    }
    if let Some(cited) = block.citations {
        return Some(Part::Text(cited_text(cited)));
    }
    if let Some(image) = block.image.and_then(picture) {
        return Some(Part::Media(image));
    }
    let kind = block.unknown.into_iter().next()?.name;
    Some(Part::Opaque(OpaquePart { kind, vendor: Vendor::Amazon, json: Some(raw) }))
}

pub(super) fn call_kind(word: Option<&str>) -> CallKind {
    match word {
        Some("server_tool_use") => CallKind::Server,
        Some(_) | None => CallKind::Function,
    }
}

fn joined(blocks: Vec<Block<'_>>) -> Text<'_> {
    let mut texts = blocks.into_iter().filter_map(|block| block.text);
    let first = texts.next().unwrap_or_default();
    let rest: String = texts.map(|text| text.to_string()).collect();
    if rest.is_empty() { first } else { Text::from(first.to_string() + &rest) }
}

fn cited_text(cited: Cited<'_>) -> TextPart<'_> {
    let sources = cited.citations.unwrap_or_default().into_iter().filter_map(Loose::known);
    TextPart {
        text: joined(cited.content.unwrap_or_default()),
        citations: sources.map(citation).collect(),
        ..TextPart::default()
    }
}

pub(super) fn citation(fields: CitationFields<'_>) -> Citation<'_> {
    let page = fields.location.and_then(Loose::known).and_then(|place| place.web).and_then(|web| web.url);
    Citation {
        url: page.or(fields.source),
        title: fields.title,
        quote: fields.quote.map(joined).filter(|quote| !quote.is_empty()),
        ..Citation::default()
    }
}

pub(super) fn picture(image: MediaFields<'_>) -> Option<Media<'_>> {
    let bytes = image.source?.bytes?;
    let mime = format!("image/{}", image.format.as_deref().unwrap_or("png"));
    Some(Media { mime: Some(mime.into()), ..Media::new(MediaKind::Image, Source::Base64(bytes)) })
}
