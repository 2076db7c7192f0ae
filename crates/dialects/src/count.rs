//! How many LLM tokens a request is, roughly: for callers that ask before they send, of providers that do not count.
//!
//! An estimate from the texts, without a vocabulary. It errs on the high side, as callers use it to stay within limits.

use serde_json::value::RawValue;

use crate::json::{Object, record};
use crate::model::{Extra, Media, MediaKind, Message, Part, Request, Source, Tool};

record! {
    /// Any object: its fields, all unknown.
    struct Any<'a> {
    }
}

/// Writes those fields of a written request that a question for its number may have. Nothing if it is no object.
pub(crate) fn write_kept(object: &mut Object<'_>, written: &[u8], keeps: impl Fn(&str) -> bool) {
    let body = std::str::from_utf8(written).ok().and_then(|body| serde_json::from_str::<Any<'_>>(body).ok());
    let fields: Vec<Extra<'_>> = body.map(|body| body.unknown).unwrap_or_default();
    let kept = fields.into_iter().filter(|field| keeps(&field.name));
    kept.for_each(|field| object.raw(&field.name, RawValue::get(field.value)));
}

/// What each message costs beside its words.
const PER_MESSAGE: u64 = 4;

/// What a tool costs beside its words.
const PER_TOOL: u64 = 12;

/// A picture of middling size: Anthropic counts width × height / 750, at most about 1600 ("Vision", 2026-11).
const PER_IMAGE: u64 = 1600;

/// A page of a PDF is 1500 to 3000 tokens and some 50 kB ("PDF support", 2026-11): one per 25 bytes.
const BYTES_PER_DOCUMENT_TOKEN: u64 = 25;

/// Sound: 32 tokens a second at 16 kB a second ("Audio understanding", Google, 2026-11): one per 500 bytes.
const BYTES_PER_SOUND_TOKEN: u64 = 500;

/// The estimate for a whole request.
pub(crate) fn estimate(request: &Request<'_>) -> u64 {
    let messages: u64 = request.messages.iter().map(message).sum();
    let tools: u64 = request.tools.iter().map(tool).sum();
    messages + tools + 3
}

fn message(message: &Message<'_>) -> u64 {
    PER_MESSAGE + message.parts.iter().map(part).sum::<u64>()
}

fn part(content: &Part<'_>) -> u64 {
    match content {
        Part::Text(text) => words(&text.text),
        Part::Refusal(text) => words(text),
        Part::Media(found) => media(found),
        Part::ToolCall(call) => PER_MESSAGE + words(&call.name) + words(&call.arguments),
        Part::ToolResult(result) => PER_MESSAGE + result.parts.iter().map(part).sum::<u64>(),
        Part::Thinking(thinking) => words(&thinking.text),
        Part::Opaque(opaque) => opaque.json.map_or(0, |json| words(json.get())),
    }
}

fn media(media: &Media<'_>) -> u64 {
    let size = match &media.source {
        Source::Base64(data) => length(data) / 4 * 3,
        Source::Text(text) => return words(text),
        Source::Url(_) | Source::File(_) => 0,
    };
    match media.kind {
        MediaKind::Image => PER_IMAGE,
        MediaKind::Document => (size / BYTES_PER_DOCUMENT_TOKEN).max(PER_IMAGE),
        MediaKind::Audio | MediaKind::Video => (size / BYTES_PER_SOUND_TOKEN).max(PER_MESSAGE),
    }
}

fn tool(tool: &Tool<'_>) -> u64 {
    let text = |text: Option<&str>| text.map_or(0, words);
    match tool {
        Tool::Function(function) => {
            let schema = text(function.schema.map(|schema| schema.get()));
            PER_TOOL + words(&function.name) + text(function.description.as_deref()) + schema
        }
        Tool::WebSearch(_) => PER_TOOL,
        Tool::Opaque(opaque) => PER_TOOL + text(opaque.json.map(|json| json.get())),
    }
}

/// Some three and a half letters of Latin script are a token; of others, each letter is about one.
fn words(text: &str) -> u64 {
    let plain = text.bytes().filter(u8::is_ascii).fold(0_u64, |count, _| count + 1);
    let others = text.chars().filter(|letter| !letter.is_ascii()).fold(0_u64, |count, _| count + 1);
    (plain * 2).div_ceil(7) + others
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Client as _, Context};
    use crate::openai_chat::OpenAiChat;

    fn count(body: &str) -> u64 {
        estimate(&OpenAiChat.read_request(body, &Context::default()).unwrap())
    }

    #[test]
    fn an_estimate_is_a_little_above_what_vocabularies_give() {
        // 24 words, some 30 tokens with any of today's vocabularies.
        let text = "The quick brown fox jumps over the lazy dog while the ferry from Visby leaves the harbour at \
                    nine in the morning, rain or shine.";
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}]}}"#);
        assert!((30..60).contains(&count(&body)), "{}", count(&body));
    }

    #[test]
    fn tools_and_pictures_count_too() {
        let plain = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}"#;
        let picture = plain.replace("}]}]}", r#"},{"type":"image_url","image_url":{"url":"https://a.test/b"}}]}]}"#);
        assert!(count(&picture) > count(plain) + 1000);
        let tool =
            plain.replace(r#""model":"m""#, r#""model":"m","tools":[{"type":"function","function":{"name":"f"}}]"#);
        assert!(count(&tool) > count(plain) + 10);
    }
}
