//! A whole answer, written ("GenerateContentResponse", 2026-11).

use crate::codec::Asked;
use crate::json::{List, Object};
use crate::model::{Answer, CallKind, Choice, Media, Part, Source, TextPart, Vendor};

use super::grounding::{self, Page};
use super::parts_out::{write_call, write_media, write_text, write_thought};
use super::{finish_word, logprobs, seal, write_usage};

pub(super) fn write(answer: &Answer<'_>, asked: &Asked, out: &mut Vec<u8>) {
    Object::write(out, |body| {
        body.list("candidates", |list| answer.choices.iter().for_each(|choice| write_candidate(list, choice)));
        if let Some(usage) = &answer.usage {
            write_usage(body, usage);
        }
        body.text("modelVersion", answer.model.as_deref().unwrap_or(&asked.model));
        match answer.id.as_deref() {
            Some(id) if !id.is_empty() => body.text("responseId", id),
            Some(_) | None => body.text("responseId", &asked.id("")),
        }
    });
}

fn write_candidate(list: &mut List<'_>, choice: &Choice<'_>) {
    list.object(|candidate| {
        candidate.object("content", |content| {
            content.list("parts", |list| choice.parts.iter().for_each(|part| write_part(list, part)));
            content.text("role", "model");
        });
        candidate.text("finishReason", finish_word(choice.finish.as_ref()));
        candidate.count("index", u64::from(choice.index));
        // Others judge in shapes of their own.
        if let Some(safety) = choice.safety.filter(|safety| safety.get().starts_with('[')) {
            candidate.raw("safetyRatings", safety.get());
        }
        let texts = || choice.parts.iter().filter_map(text);
        let pages: Vec<Page> = texts().flat_map(|text| &text.citations).filter_map(Page::of).collect();
        if !pages.is_empty() {
            let whole: String = texts().map(|text| text.text.as_str()).collect();
            grounding::write(candidate, &pages, &whole);
        }
        if let Some(found) = choice.logprobs {
            logprobs::write(candidate, found);
        }
    });
}

fn text<'p>(part: &'p Part<'p>) -> Option<&'p TextPart<'p>> {
    match part {
        Part::Text(text) => Some(text),
        Part::Refusal(_)
        | Part::Media(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_)
        | Part::Thinking(_)
        | Part::Opaque(_) => None,
    }
}

fn write_part(list: &mut List<'_>, part: &Part<'_>) {
    match part {
        Part::Text(TextPart { text, signature: None, .. }) | Part::Refusal(text) if text.is_empty() => {}
        Part::Text(text) => write_text(list, &[&text.text], text.signature.as_deref()),
        Part::Refusal(text) => write_text(list, &[text], None),
        Part::Thinking(thinking) => write_thought(list, &thinking.text, seal::pack(thinking).as_deref()),
        Part::ToolCall(call) if call.kind == CallKind::Server => {}
        Part::ToolCall(call) => write_call(list, call, Some(&call.id), call.signature.as_deref()),
        Part::Media(media) => write_shown(list, media),
        Part::Opaque(opaque) => {
            if let (Vendor::Google, Some(json)) = (opaque.vendor, opaque.json) {
                list.object(|part| part.raw(&opaque.kind, json.get()));
            }
        }
        Part::ToolResult(_) => {}
    }
}

/// Media of an answer; what is said in it is text beside it.
pub(super) fn write_shown(list: &mut List<'_>, media: &Media<'_>) {
    match &media.source {
        Source::Base64(data) | Source::Text(data) if data.is_empty() => {}
        Source::Base64(_) | Source::Text(_) | Source::Url(_) | Source::File(_) => {
            write_media(list, media, media.signature.as_deref());
        }
    }
    if let Some(transcript) = media.transcript.as_deref().filter(|transcript| !transcript.is_empty()) {
        write_text(list, &[transcript], None);
    }
}
