//! Messages and their parts, read: of requests and of answers.

use crate::json::{TextOr, text_of};
use crate::model::{
    CallKind, Citation, Media, MediaKind, OpaquePart, Part, Source, TextPart, Thinking, ToolCall, Vendor,
};
use crate::text::{Number, Text};

use super::fields::{
    AnnotationFields, AudioFields, Cache, CallFields, DetailFields, FileFields, MessageFields, PartFields, UrlFields,
};

/// The parts of a message of the model's: thoughts, text, refusal, media, calls.
pub(super) fn spoken<'a>(message: MessageFields<'a>) -> Vec<Part<'a>> {
    let mut parts = thoughts(message.reasoning_content, message.reasoning_details, message.thinking_blocks);
    let content_at = parts.len();
    parts.extend(content(message.content));
    let sources = message.annotations.unwrap_or_default().into_iter().filter_map(citation);
    if let Some(Part::Text(text)) = parts.get_mut(content_at) {
        text.citations.extend(sources);
    }
    parts.extend(message.refusal.filter(|text| !text.is_empty()).map(Part::Refusal));
    parts.extend(message.images.unwrap_or_default().into_iter().filter_map(part));
    parts.extend(message.audio.and_then(sound).map(Part::Media));
    parts.extend(message.tool_calls.unwrap_or_default().into_iter().map(|call| Part::ToolCall(self::call(call))));
    if let Some(old) = message.function_call {
        // The older form has no ids: the name links call and result.
        let name = old.name.unwrap_or_default();
        parts.push(Part::ToolCall(ToolCall {
            id: name.clone(),
            name,
            arguments: old.arguments.map(text_of).unwrap_or_default(),
            kind: CallKind::Function,
            cache: None,
            signature: None,
        }));
    }
    parts
}

/// Content as parts; an empty string is none.
pub(super) fn content<'a>(content: Option<TextOr<'a, Vec<PartFields<'a>>>>) -> Vec<Part<'a>> {
    match content {
        None => Vec::new(),
        Some(TextOr::Text(text)) if text.is_empty() => Vec::new(),
        Some(TextOr::Text(text)) => vec![Part::Text(TextPart { text, ..TextPart::default() })],
        Some(TextOr::Other(list)) => list.into_iter().filter_map(part).collect(),
    }
}

fn part<'a>(fields: PartFields<'a>) -> Option<Part<'a>> {
    let kind = fields.kind.unwrap_or_default();
    let cache = fields.cache_control.map(Cache::mark);
    Some(match kind.as_str() {
        "text" | "input_text" | "output_text" | "" => {
            Part::Text(TextPart { text: fields.text?, cache, ..TextPart::default() })
        }
        "image_url" => Part::Media(Media { cache, ..at(MediaKind::Image, fields.image_url?)? }),
        "video_url" => Part::Media(Media { cache, ..at(MediaKind::Video, fields.video_url?)? }),
        "input_audio" => Part::Media(Media { cache, ..sound(fields.input_audio?)? }),
        "file" => Part::Media(Media { cache, ..file(fields.file?)? }),
        "refusal" => Part::Refusal(fields.refusal?),
        "thinking" => {
            let text = match fields.thinking? {
                TextOr::Text(text) => text,
                TextOr::Other(list) => list
                    .into_iter()
                    .filter_map(|part| part.text)
                    .map(|text| text.to_string())
                    .collect::<String>()
                    .into(),
            };
            Part::Thinking(Thinking { text, ..Thinking::default() })
        }
        _ => Part::Opaque(OpaquePart { kind, vendor: Vendor::OpenAi, json: None }),
    })
}

fn at<'a>(kind: MediaKind, address: TextOr<'a, UrlFields<'a>>) -> Option<Media<'a>> {
    let (url, detail) = match address {
        TextOr::Text(url) => (url, None),
        TextOr::Other(fields) => (fields.url?, fields.detail),
    };
    Some(Media { detail, ..located(kind, url) })
}

/// Media at an address, which may hold the bytes itself (RFC 2397).
fn located(kind: MediaKind, url: Text<'_>) -> Media<'_> {
    let is_data = url.starts_with("data:") && url.split_once(',').is_some_and(|(head, _)| head.ends_with(";base64"));
    if !is_data {
        return Media::new(kind, Source::Url(url));
    }
    let mime = url.slice(|url| url["data:".len()..].split([';', ',']).next().unwrap_or_default());
    let data = url.slice(|url| url.split_once(',').map_or("", |(_, data)| data));
    Media { mime: Some(mime).filter(|mime| !mime.is_empty()), ..Media::new(kind, Source::Base64(data)) }
}

/// "Audio and speech", 2026-11: `wav` and `mp3` come in, more go out.
fn sound<'a>(audio: AudioFields<'a>) -> Option<Media<'a>> {
    let mime = audio.format.map(|format| match format.as_str() {
        "mp3" => Text::fixed("audio/mpeg"),
        other => Text::from(format!("audio/{other}")),
    });
    let source = match (audio.data, audio.id) {
        (Some(data), _) => Source::Base64(data),
        (None, Some(id)) => Source::File(id),
        (None, None) => return None,
    };
    Some(Media { mime, transcript: audio.transcript, ..Media::new(MediaKind::Audio, source) })
}

fn file<'a>(file: FileFields<'a>) -> Option<Media<'a>> {
    let mut media = match (file.file_data, file.file_id) {
        (Some(data), _) if data.starts_with("data:") => located(MediaKind::Document, data),
        (Some(data), _) => Media::new(MediaKind::Document, Source::Base64(data)),
        (None, Some(id)) => Media::new(MediaKind::Document, Source::File(id)),
        (None, None) => return None,
    };
    if let Some(mime) = &media.mime {
        media.kind = MediaKind::of(mime);
    }
    media.name = file.filename;
    Some(media)
}

pub(super) fn call<'a>(fields: CallFields<'a>) -> ToolCall<'a> {
    let signature = fields.extra_content.and_then(|extra| extra.google?.thought_signature);
    let id = fields.id.unwrap_or_default();
    match (fields.custom, fields.function) {
        (Some(custom), _) => ToolCall {
            id,
            name: custom.name.unwrap_or_default(),
            arguments: custom.input.unwrap_or_default(),
            kind: CallKind::Custom,
            cache: None,
            signature,
        },
        (None, function) => {
            let function = function.unwrap_or_default();
            ToolCall {
                id,
                name: function.name.unwrap_or_default(),
                arguments: function.arguments.map(text_of).unwrap_or_default(),
                kind: CallKind::Function,
                cache: None,
                signature,
            }
        }
    }
}

/// Thoughts: with seals if there are any, else as plain text.
fn thoughts<'a>(
    plain: Option<Text<'a>>,
    details: Option<Vec<DetailFields<'a>>>,
    blocks: Option<Vec<DetailFields<'a>>>,
) -> Vec<Part<'a>> {
    let sealed = details.filter(|list| !list.is_empty()).or(blocks).unwrap_or_default();
    let mut parts: Vec<Part<'a>> =
        sealed.into_iter().filter_map(|detail| thought(detail).map(Part::Thinking)).collect();
    let has_text = parts.iter().any(|part| matches!(part, Part::Thinking(thinking) if !thinking.text.is_empty()));
    if let (false, Some(text)) = (has_text, plain.filter(|text| !text.is_empty())) {
        // A lone proof belongs to the text that came beside it.
        match parts.as_mut_slice() {
            [Part::Thinking(only)] if only.signature.is_some() => only.text = text,
            _ => parts.insert(0, Part::Thinking(Thinking { text, ..Thinking::default() })),
        }
    }
    parts
}

/// One entry of `reasoning_details` or `thinking_blocks`.
pub(super) fn thought<'a>(detail: DetailFields<'a>) -> Option<Thinking<'a>> {
    let format = detail.format.as_deref().map(Vendor::from_format);
    let text = detail.text.or(detail.summary).unwrap_or_default();
    let (signature, hidden, vendor) = match detail.kind.as_deref() {
        // LiteLLM has these for Anthropic alone.
        Some("thinking" | "redacted_thinking") => (detail.signature, detail.data, Some(Vendor::Anthropic)),
        Some(_) | None => (detail.signature, detail.data, format),
    };
    let is_empty = text.is_empty() && signature.is_none() && hidden.is_none();
    (!is_empty).then_some(Thinking { text, signature, hidden, id: detail.id, vendor })
}

pub(super) fn citation<'a>(annotation: AnnotationFields<'a>) -> Option<Citation<'a>> {
    let fields = annotation.url_citation?;
    Some(Citation {
        url: fields.url,
        title: fields.title,
        quote: fields.content,
        start: fields.start.as_ref().map(Number::count),
        end: fields.end.as_ref().map(Number::count),
        json: None,
    })
}
