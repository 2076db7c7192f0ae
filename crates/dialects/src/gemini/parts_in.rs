//! Parts, read: of requests and of answers.

use serde_json::value::RawValue;

use crate::json::text_of;
use crate::model::{Media, MediaKind, OpaquePart, Part, Source, TextPart, Thinking, Vendor};
use crate::text::Text;

use super::fields::{BlobFields, CallFields, FileFields, PartFields, ResponseFields};
use super::seal;

/// A part, as far as it can be read without knowing what came before.
pub(super) enum Found<'a> {
    /// What is said, thought or shown.
    Said(Part<'a>),
    /// A call, with its signature.
    Call(CallFields<'a>, Option<Text<'a>>),
    /// What a function gave.
    Response(ResponseFields<'a>),
}

/// Reads a part. `None`: it says nothing.
pub(super) fn part(fields: PartFields<'_>) -> Option<Found<'_>> {
    let PartFields { text, thought, signature, inline, file, call, response, resolution, unknown, .. } = fields;
    let detail = resolution.and_then(|resolution| detail(resolution.level?));
    if let Some(call) = call {
        return Some(Found::Call(call, googles(signature)));
    }
    if let Some(response) = response {
        return Some(Found::Response(response));
    }
    let media = inline.and_then(blob).or_else(|| file.and_then(self::file));
    if let Some(media) = media {
        // Pictures drawn while thinking are for the model alone.
        let is_thought = thought == Some(true);
        return (!is_thought).then_some(Found::Said(Part::Media(Media {
            detail,
            signature: googles(signature),
            ..media
        })));
    }
    if thought == Some(true) {
        return Some(Found::Said(Part::Thinking(seal::unpack(text.unwrap_or_default(), signature))));
    }
    if text.is_some() || signature.is_some() {
        let text = TextPart { text: text.unwrap_or_default(), signature: googles(signature), ..TextPart::default() };
        return Some(Found::Said(Part::Text(text)));
    }
    // Code, its outcome, and calls of Google's own tools: the field's name is the kind.
    let own = unknown.into_iter().next()?;
    Some(Found::Said(Part::Opaque(OpaquePart { kind: own.name, vendor: Vendor::Google, json: Some(own.value) })))
}

/// A signature that Google made.
fn googles(signature: Option<Text<'_>>) -> Option<Text<'_>> {
    let thinking = seal::unpack(Text::default(), signature);
    thinking.signature.filter(|_| thinking.vendor == Some(Vendor::Google))
}

fn blob(blob: BlobFields<'_>) -> Option<Media<'_>> {
    let kind = MediaKind::of(blob.mime.as_deref().unwrap_or_default());
    let data = standard_base64(blob.data?);
    Some(Media { mime: blob.mime, name: blob.name, ..Media::new(kind, Source::Base64(data)) })
}

/// Google reads base64 in both alphabets and its own libraries write the one for addresses; others read the standard
/// one alone (RFC 4648, sections 4 and 5).
fn standard_base64(data: Text<'_>) -> Text<'_> {
    match memchr::memchr2(b'-', b'_', data.as_bytes()) {
        None => data,
        Some(_) => data.replace('-', "+").replace('_', "/").into(),
    }
}

/// Files at Google ("Files API"; Cloud Storage, 2026-11) are for Google alone; other addresses are everybody's.
fn file(file: FileFields<'_>) -> Option<Media<'_>> {
    let uri = file.uri?;
    let is_googles = is_file(&uri);
    let is_film = ["youtube.com/", "youtu.be/"].iter().any(|place| uri.contains(place));
    let guess = || if is_film { "video/mp4" } else { super::parts_out::mime_of(&uri, "") };
    let kind = MediaKind::of(file.mime.as_deref().unwrap_or_else(guess));
    let source = if is_googles { Source::File(uri) } else { Source::Url(uri) };
    Some(Media { mime: file.mime, name: file.name, ..Media::new(kind, source) })
}

/// Whether this is the address of a file at Google.
pub(super) fn is_file(uri: &str) -> bool {
    ["gs://", "files/", "https://generativelanguage.googleapis.com/"].iter().any(|start| uri.starts_with(start))
}

fn detail(level: Text<'_>) -> Option<Text<'static>> {
    match level.as_str() {
        "MEDIA_RESOLUTION_LOW" => Some(Text::fixed("low")),
        "MEDIA_RESOLUTION_MEDIUM" => Some(Text::fixed("auto")),
        "MEDIA_RESOLUTION_HIGH" | "MEDIA_RESOLUTION_ULTRA_HIGH" => Some(Text::fixed("high")),
        _ => None,
    }
}

/// A call's arguments.
pub(super) fn arguments<'a>(args: Option<&'a RawValue>) -> Text<'a> {
    args.map_or(Text::fixed("{}"), compact)
}

/// The text of a value. Google indents its answers; the space between tokens says nothing.
pub(super) fn compact(value: &RawValue) -> Text<'_> {
    if value.get().starts_with('"') || !value.get().contains('\n') {
        return text_of(value);
    }
    let mut out = String::with_capacity(value.get().len());
    let (mut in_string, mut is_escaped) = (false, false);
    for letter in value.get().chars() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = in_string,
            '"' => in_string = !in_string,
            _ if !in_string && letter.is_ascii_whitespace() => continue,
            _ => {}
        }
        out.push(letter);
    }
    out.into()
}

/// Adds what the model said. Text comes in pieces, and so do thoughts; a signature may come in a piece of its own.
pub(super) fn push<'a>(list: &mut Vec<Part<'a>>, said: Part<'a>) {
    match (list.last_mut(), said) {
        (Some(Part::Text(last)), Part::Text(more)) if last.signature.is_none() && goes_on(&more) => {
            join(&mut last.text, &more.text);
            last.signature = more.signature;
        }
        (Some(Part::Thinking(last)), Part::Thinking(more)) if is_unsealed(last) && is_rest(&more) => {
            join(&mut last.text, &more.text);
            let Thinking { text: _, signature, hidden, id, vendor } = more;
            (last.signature, last.hidden, last.id) = (signature, hidden, id);
            last.vendor = vendor.or(last.vendor);
        }
        (_, Part::Text(TextPart { text, signature: None, .. })) if text.is_empty() => {}
        (_, said) => list.push(said),
    }
}

fn join<'a>(text: &mut Text<'a>, more: &Text<'a>) {
    if !more.is_empty() {
        *text = Text::from([text.as_str(), more.as_str()].concat());
    }
}

/// Parts with a signature stay apart ("Thought signatures", 2026-11), unless there is nothing else in them.
fn goes_on(more: &TextPart<'_>) -> bool {
    more.signature.is_none() || more.text.is_empty()
}

fn is_unsealed(thinking: &Thinking<'_>) -> bool {
    thinking.signature.is_none() && thinking.hidden.is_none()
}

/// Whether these are more of the thoughts before, or their seal. Anthropic's hidden thoughts stand for themselves.
fn is_rest(more: &Thinking<'_>) -> bool {
    let is_redacted = more.hidden.is_some() && more.vendor == Some(Vendor::Anthropic);
    is_unsealed(more) || more.text.is_empty() && !is_redacted
}
