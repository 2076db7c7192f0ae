//! Items and their parts, read: of requests and of answers.

use serde_json::value::RawValue;

use crate::json::{TextOr, text_of};
use crate::model::{
    CacheMark, CallKind, Citation, Media, MediaKind, OpaquePart, Part, Source, TextPart, Thinking, ToolCall,
    ToolResult, Vendor, carried,
};
use crate::text::{Number, Text};

use super::fields::{AnnotationFields, AudioFields, ItemFields, PartFields, UrlFields};
use super::{SEAL_HIDDEN, SEAL_OF_LAST, SEAL_OF_NEXT};

/// The parts of an item of the model's: a message, thoughts, a call. What only this dialect has becomes opaque.
pub(super) fn spoken<'a>(item: ItemFields<'a>, parts: &mut Vec<Part<'a>>) {
    match item.kind.as_deref() {
        Some("message") | None => parts.extend(content(item.content)),
        Some("reasoning") => match seal_of_last(item.encrypted_content.as_ref()) {
            Some(seal) => mark(parts.last_mut(), seal),
            None => parts.push(Part::Thinking(thinking(item))),
        },
        Some("function_call" | "custom_tool_call") => {
            let signature = seal_of_next(parts);
            parts.push(Part::ToolCall(ToolCall { signature, ..call(item) }));
        }
        Some("web_search_call") => parts.push(Part::ToolCall(search(item))),
        Some("image_generation_call") if item.result.is_some() => parts.extend(picture(item).map(Part::Media)),
        Some(_) => parts.push(Part::Opaque(OpaquePart {
            kind: item.kind.unwrap_or_default(),
            vendor: Vendor::OpenAi,
            json: None,
        })),
    }
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
    // "Prompt caching: breakpoints", 2026-11.
    let cache = fields.prompt_cache_breakpoint.map(|_| CacheMark::default());
    let media = match kind.as_str() {
        "input_text" | "output_text" | "text" | "" => {
            let citations = fields.annotations.unwrap_or_default().into_iter().filter_map(citation).collect();
            return Some(Part::Text(TextPart { text: fields.text?, citations, cache, signature: None }));
        }
        "refusal" => return Some(Part::Refusal(fields.refusal?)),
        "input_image" | "image_url" => image(fields.image_url, fields.file_id, fields.detail)?,
        "input_file" => {
            let mut document = match (fields.file_data, fields.file_url, fields.file_id) {
                (Some(data), _, _) if data.starts_with("data:") => located(MediaKind::Document, data),
                (Some(data), _, _) => Media::new(MediaKind::Document, Source::Base64(data)),
                (None, Some(url), _) => Media::new(MediaKind::Document, Source::Url(url)),
                (None, None, Some(id)) => Media::new(MediaKind::Document, Source::File(id)),
                (None, None, None) => return None,
            };
            if let Some(mime) = &document.mime {
                document.kind = MediaKind::of(mime);
            }
            document.name = fields.filename;
            document.detail = fields.detail;
            document
        }
        "input_audio" => sound(fields.input_audio?)?,
        _ => return Some(Part::Opaque(OpaquePart { kind, vendor: Vendor::OpenAi, json: None })),
    };
    Some(Part::Media(Media { cache, ..media }))
}

fn image<'a>(
    address: Option<TextOr<'a, UrlFields<'a>>>,
    file_id: Option<Text<'a>>,
    detail: Option<Text<'a>>,
) -> Option<Media<'a>> {
    let (media, inner) = match (address, file_id) {
        (Some(TextOr::Text(url)), _) => (located(MediaKind::Image, url), None),
        (Some(TextOr::Other(fields)), _) => (located(MediaKind::Image, fields.url?), fields.detail),
        (None, Some(id)) => (Media::new(MediaKind::Image, Source::File(id)), None),
        (None, None) => return None,
    };
    Some(Media { detail: detail.or(inner), ..media })
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

fn sound<'a>(audio: AudioFields<'a>) -> Option<Media<'a>> {
    let mime = audio.format.map(|format| match format.as_str() {
        "mp3" => Text::fixed("audio/mpeg"),
        other => Text::from(format!("audio/{other}")),
    });
    Some(Media { mime, ..Media::new(MediaKind::Audio, Source::Base64(audio.data?)) })
}

/// A picture the model made ("Image generation", 2026-11): base64, PNG unless it says else.
pub(super) fn picture<'a>(item: ItemFields<'a>) -> Option<Media<'a>> {
    let mime = match item.output_format {
        Some(format) => Text::from(format!("image/{}", format.as_str())),
        None => Text::fixed("image/png"),
    };
    Some(Media { mime: Some(mime), ..Media::new(MediaKind::Image, Source::Base64(text_of(item.result?))) })
}

pub(super) fn call<'a>(item: ItemFields<'a>) -> ToolCall<'a> {
    let is_custom = item.kind.as_deref() == Some("custom_tool_call");
    let said = if is_custom { item.input } else { item.arguments };
    ToolCall {
        // Results name the `call_id`; `id` is only the item's own.
        id: item.call_id.or(item.id).unwrap_or_default(),
        name: item.name.unwrap_or_default(),
        arguments: said.map(text_of).unwrap_or_default(),
        kind: if is_custom { CallKind::Custom } else { CallKind::Function },
        cache: None,
        signature: None,
    }
}

/// A search the provider made by itself. Its `action` says for what.
pub(super) fn search<'a>(item: ItemFields<'a>) -> ToolCall<'a> {
    ToolCall {
        id: item.id.unwrap_or_default(),
        name: Text::fixed("web_search"),
        arguments: item.action.map(text_of).unwrap_or_default(),
        kind: CallKind::Server,
        cache: None,
        signature: None,
    }
}

/// What a tool gave: text, or a list of parts.
pub(super) fn result<'a>(item: ItemFields<'a>) -> Result<ToolResult<'a>, serde_json::Error> {
    let output: Option<TextOr<'a, Vec<PartFields<'a>>>> =
        item.output.map(|raw| serde_json::from_str(raw.get())).transpose()?;
    Ok(ToolResult {
        id: item.call_id.unwrap_or_default(),
        name: None,
        parts: content(output),
        is_error: None,
        cache: None,
    })
}

/// Thoughts: a summary of them, or (at providers of open models) themselves, and the seal.
pub(super) fn thinking<'a>(item: ItemFields<'a>) -> Thinking<'a> {
    let summary = item.summary.unwrap_or_default().into_iter().filter_map(|part| part.text);
    let mut texts: Vec<Text<'a>> = summary.filter(|text| !text.is_empty()).collect();
    if texts.is_empty() {
        texts = match item.content {
            Some(TextOr::Text(text)) => vec![text],
            Some(TextOr::Other(parts)) => parts.into_iter().filter_map(|part| part.text).collect(),
            None => Vec::new(),
        };
    }
    let text = match texts.len() {
        0 | 1 => texts.pop().unwrap_or_default(),
        _ => texts.iter().map(Text::as_str).collect::<Vec<_>>().join(super::BETWEEN_SUMMARIES).into(),
    };
    seal(text, item.id, item.encrypted_content)
}

/// Thoughts with their seal, which may be another vendor's that travels here.
fn seal<'a>(text: Text<'a>, id: Option<Text<'a>>, sealed: Option<Text<'a>>) -> Thinking<'a> {
    let Some(sealed) = sealed.filter(|sealed| !sealed.is_empty()) else {
        return Thinking { text, ..Thinking::default() };
    };
    match carried(&sealed) {
        None => Thinking { text, signature: None, hidden: Some(sealed), id, vendor: Some(Vendor::OpenAi) },
        Some((vendor, mark, data)) => {
            let data = Some(Text::from(data.to_owned()));
            let is_hidden = mark == Some(SEAL_HIDDEN);
            let (signature, hidden) = if is_hidden { (None, data) } else { (data, None) };
            let id = mark.filter(|mark| *mark == SEAL_OF_NEXT).map(|_| Text::fixed(SEAL_OF_NEXT));
            Thinking { text, signature, hidden, id, vendor: Some(vendor) }
        }
    }
}

/// A seal that travels in a reasoning item of its own behind the part it belongs to.
fn seal_of_last<'s>(sealed: Option<&'s Text<'_>>) -> Option<&'s str> {
    let (_, mark, data) = carried(sealed?)?;
    (mark == Some(SEAL_OF_LAST)).then_some(data)
}

/// Takes the seal that stood alone before the part it belongs to.
fn seal_of_next<'a>(parts: &mut Vec<Part<'a>>) -> Option<Text<'a>> {
    let is_mark = |part: &mut Part<'_>| matches!(part, Part::Thinking(thinking) if thinking.id.as_deref() == Some(SEAL_OF_NEXT) && thinking.text.is_empty());
    match parts.pop_if(is_mark)? {
        Part::Thinking(thinking) => thinking.signature,
        Part::Text(_)
        | Part::Refusal(_)
        | Part::Media(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_)
        | Part::Opaque(_) => None,
    }
}

/// Puts a seal on the part it belongs to.
pub(super) fn mark(part: Option<&mut Part<'_>>, seal: &str) {
    let seal = Text::from(seal.to_owned());
    match part {
        Some(Part::Text(text)) => text.signature = Some(seal),
        Some(Part::ToolCall(call)) => call.signature = Some(seal),
        Some(Part::Media(media)) => media.signature = Some(seal),
        Some(Part::Refusal(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_)) | None => {}
    }
}

/// A page the text cites. Files at OpenAI mean nothing to anybody else.
pub(super) fn citation(json: &RawValue) -> Option<Citation<'_>> {
    let fields: AnnotationFields<'_> = serde_json::from_str(json.get()).ok()?;
    Some(Citation {
        url: Some(fields.url?),
        title: fields.title,
        quote: None,
        start: fields.start.as_ref().map(Number::count),
        end: fields.end.as_ref().map(Number::count),
        json: Some((Vendor::OpenAi, json)),
    })
}
