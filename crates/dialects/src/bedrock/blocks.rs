//! Content blocks, written ("ContentBlock", 2026-11).

use std::borrow::Cow;

use crate::codec::Refused;
use crate::json::{List, Object, json_of};
use crate::model::{
    CacheMark, CallKind, Dropped, Media, MediaKind, Part, Source, Thinking, ToolCall, ToolResult, Vendor,
};
use crate::text::Text;

use super::family::Family;

/// Whether a part can be written; notes those that cannot.
///
/// # Errors
/// For media at an address of the web: Bedrock fetches nothing, and an answer about a picture that the model never saw
/// is worse than none.
pub(super) fn is_kept(part: &Part<'_>, family: Family, dropped: &mut Dropped) -> Result<bool, Refused> {
    Ok(match part {
        // Blank blocks are refused.
        Part::Text(text) => !text.text.trim().is_empty(),
        Part::Refusal(text) => !text.trim().is_empty(),
        Part::Media(media) => {
            let is_known = format(media).is_some();
            let is_here = match &media.source {
                Source::Url(url) | Source::File(url) if is_known && url.starts_with("s3://") => true,
                Source::Url(_) if is_known => {
                    let what = "must come as data or from s3://, as the provider fetches no addresses";
                    return Err(Refused::field("messages", format!("{} {what}", media.kind.name())));
                }
                Source::Url(_) | Source::File(_) => false,
                Source::Base64(_) => is_known,
                Source::Text(_) => media.kind == MediaKind::Document,
            };
            if !is_here {
                dropped.note(&format!("messages.{}", media.kind.name()));
            }
            note_details(media, dropped);
            is_here
        }
        Part::ToolCall(call) => call.kind != CallKind::Server,
        Part::ToolResult(result) => {
            for part in &result.parts {
                is_kept(part, family, dropped)?;
            }
            true
        }
        Part::Thinking(thinking) => {
            let is_ours = is_sealed(thinking) && family.may_be_claude();
            dropped.note_if(!is_ours, "messages.thinking");
            is_ours
        }
        Part::Opaque(opaque) => {
            let is_ours = opaque.vendor == Vendor::Amazon && opaque.json.is_some();
            if !is_ours {
                dropped.note(&format!("messages.{}", opaque.kind));
            }
            is_ours
        }
    })
}

fn note_details(media: &Media<'_>, dropped: &mut Dropped) {
    dropped.note_detail(media);
    dropped.note_if(media.context.is_some() && media.kind != MediaKind::Document, "messages.context");
}

/// Whether thoughts carry a seal that comes back to Bedrock: Claude's signature, or what Bedrock itself hid.
pub(super) fn is_sealed(thinking: &Thinking<'_>) -> bool {
    match thinking.vendor {
        Some(Vendor::Anthropic) => thinking.signature.is_some() && thinking.hidden.is_none(),
        Some(Vendor::Amazon) => thinking.signature.is_some() || thinking.hidden.is_some(),
        Some(Vendor::OpenAi | Vendor::Google | Vendor::Other) | None => false,
    }
}

/// Writes parts that [`is_kept`] has let through, each with the cache point that it wants.
pub(super) fn write(list: &mut List<'_>, part: &Part<'_>, family: Family) {
    match part {
        Part::Text(text) => list.object(|block| block.text("text", &text.text)),
        Part::Refusal(text) => list.object(|block| block.text("text", text)),
        Part::Media(media) => list.object(|block| write_media(block, media)),
        Part::ToolCall(call) => list.object(|block| block.object("toolUse", |fields| write_call(fields, call))),
        Part::ToolResult(result) => {
            list.object(|block| block.object("toolResult", |fields| write_result(fields, result, family)));
        }
        Part::Thinking(thinking) => {
            list.object(|block| block.object("reasoningContent", |fields| write_thinking(fields, thinking)));
        }
        Part::Opaque(opaque) => {
            if let Some(json) = opaque.json {
                list.raw(json.get());
            }
        }
    }
    write_cache_point(list, cache_mark(part), family);
}

/// What Bedrock itself hid may come back in a field that others have for signatures.
fn write_thinking(fields: &mut Object<'_>, thinking: &Thinking<'_>) {
    match (thinking.vendor, thinking.hidden.as_ref().or(thinking.signature.as_ref())) {
        (Some(Vendor::Amazon), Some(hidden)) => fields.text("redactedContent", hidden),
        _ => fields.object("reasoningText", |text| {
            text.text("text", &thinking.text);
            text.maybe_text("signature", thinking.signature.as_deref());
        }),
    }
}

/// The mark a part carries.
pub(super) const fn cache_mark<'p, 'a>(part: &'p Part<'a>) -> Option<&'p CacheMark<'a>> {
    match part {
        Part::Text(text) => text.cache.as_ref(),
        Part::Media(media) => media.cache.as_ref(),
        Part::ToolCall(call) => call.cache.as_ref(),
        Part::ToolResult(result) => result.cache.as_ref(),
        Part::Refusal(_) | Part::Thinking(_) | Part::Opaque(_) => None,
    }
}

pub(super) fn write_cache_point(list: &mut List<'_>, mark: Option<&CacheMark<'_>>, family: Family) {
    if let Some(mark) = mark.filter(|_| family.caches()) {
        cache_point(list, mark.ttl.as_deref());
    }
}

/// "Prompt caching", 2026-11.
pub(super) fn cache_point(list: &mut List<'_>, ttl: Option<&str>) {
    list.object(|block| {
        block.object("cachePoint", |point| {
            point.text("type", "default");
            point.maybe_text("ttl", ttl);
        });
    });
}

fn write_call(fields: &mut Object<'_>, call: &ToolCall<'_>) {
    fields.text("toolUseId", &id(&call.id));
    fields.text("name", &call.name);
    fields.raw("input", &json_of(&call.arguments));
}

fn write_result(fields: &mut Object<'_>, result: &ToolResult<'_>, family: Family) {
    fields.text("toolUseId", &id(&result.id));
    fields.list("content", |list| {
        for part in &result.parts {
            match part {
                Part::Text(text) => list.object(|block| block.text("text", &text.text)),
                Part::Refusal(text) => list.object(|block| block.text("text", text)),
                Part::Media(media) if format(media).is_some() && !is_elsewhere(media) => {
                    list.object(|block| write_media(block, media));
                }
                Part::Media(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => {}
            }
        }
    });
    // "ToolResultBlock: status", 2026-11: known to Claude and Nova only.
    if result.is_error == Some(true) && (family.caches() || family.may_be_claude()) {
        fields.text("status", "error");
    }
}

/// Whether media lies where Bedrock cannot reach it.
fn is_elsewhere(media: &Media<'_>) -> bool {
    match &media.source {
        Source::Url(url) | Source::File(url) => !url.starts_with("s3://"),
        Source::Base64(_) => false,
        Source::Text(_) => media.kind != MediaKind::Document,
    }
}

fn write_media(block: &mut Object<'_>, media: &Media<'_>) {
    block.object(media.kind.name(), |fields| {
        fields.text("format", format(media).unwrap_or("txt"));
        if media.kind == MediaKind::Document {
            fields.text("name", &document_name(media.name.as_deref().unwrap_or("document")));
        }
        fields.object("source", |source| match &media.source {
            Source::Base64(data) => source.text("bytes", data),
            Source::Text(text) => source.text("text", text),
            Source::Url(address) | Source::File(address) => {
                source.object("s3Location", |place| place.text("uri", address));
            }
        });
        if media.kind == MediaKind::Document {
            fields.maybe_text("context", media.context.as_deref());
            if media.citations == Some(true) {
                fields.object("citations", |citations| citations.flag("enabled", true));
            }
        }
    });
}

/// The word for a media type ("ImageBlock", "DocumentBlock", "VideoBlock", "AudioBlock", 2026-11). What comes without a
/// type is told by the end of its name.
fn format(media: &Media<'_>) -> Option<&'static str> {
    if let Source::Text(_) = media.source {
        return (media.kind == MediaKind::Document).then_some("txt");
    }
    let address = match &media.source {
        Source::Url(address) | Source::File(address) => Some(address),
        Source::Base64(_) | Source::Text(_) => None,
    };
    let ending = |name: &Text<'_>| name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let word = match &media.mime {
        Some(mime) => mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase(),
        None => media.name.as_ref().or(address).and_then(ending).unwrap_or_default(),
    };
    let known: &[(&str, &[&str])] = match media.kind {
        MediaKind::Image => &IMAGES,
        MediaKind::Document => &DOCUMENTS,
        MediaKind::Video => &VIDEOS,
        MediaKind::Audio => &SOUNDS,
    };
    let is_it = |(format, types): &&(&'static str, &[&str])| *format == word || types.contains(&word.as_str());
    known.iter().find(is_it).map(|(format, _)| *format)
}

const IMAGES: [(&str, &[&str]); 4] = [
    ("png", &["image/png"]),
    ("jpeg", &["image/jpeg", "image/jpg", "jpg"]),
    ("gif", &["image/gif"]),
    ("webp", &["image/webp"]),
];

const DOCUMENTS: [(&str, &[&str]); 9] = [
    ("pdf", &["application/pdf"]),
    ("csv", &["text/csv"]),
    ("doc", &["application/msword"]),
    ("docx", &["application/vnd.openxmlformats-officedocument.wordprocessingml.document"]),
    ("xls", &["application/vnd.ms-excel"]),
    ("xlsx", &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"]),
    ("html", &["text/html"]),
    ("txt", &["text/plain"]),
    ("md", &["text/markdown", "text/x-markdown"]),
];

const VIDEOS: [(&str, &[&str]); 9] = [
    ("mp4", &["video/mp4"]),
    ("mov", &["video/quicktime", "video/mov"]),
    ("mkv", &["video/x-matroska"]),
    ("webm", &["video/webm"]),
    ("flv", &["video/x-flv"]),
    ("mpeg", &["video/mpeg"]),
    ("mpg", &["video/mpg"]),
    ("wmv", &["video/x-ms-wmv", "video/wmv"]),
    ("three_gp", &["video/3gpp", "3gp"]),
];

const SOUNDS: [(&str, &[&str]); 8] = [
    ("mp3", &["audio/mpeg", "audio/mp3"]),
    ("wav", &["audio/wav", "audio/x-wav", "audio/wave"]),
    ("flac", &["audio/flac", "audio/x-flac"]),
    ("ogg", &["audio/ogg"]),
    ("opus", &["audio/opus"]),
    ("aac", &["audio/aac"]),
    ("m4a", &["audio/m4a", "audio/x-m4a", "audio/mp4"]),
    ("webm", &["audio/webm"]),
];

/// A name as it must be: letters, digits, single spaces, hyphens and brackets ("DocumentBlock: name", 2026-11).
fn document_name(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '(' | ')' | '[' | ']');
    let plain: String = name.chars().map(|c| if fits(c) { c } else { ' ' }).collect();
    let name = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() { "document".to_owned() } else { name.chars().take(200).collect() }
}

/// An id as it must be: letters, digits, `_` and `-`, 64 of them ("ToolUseBlock: toolUseId", 2026-11).
pub(super) fn id<'t>(id: &'t Text<'_>) -> Cow<'t, str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if id.len() <= 64 && id.chars().all(fits) {
        return Cow::Borrowed(id.as_str());
    }
    // Long ids often differ at their end only.
    let plain: Vec<char> = id.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    Cow::Owned(plain[plain.len().saturating_sub(64)..].iter().collect())
}
