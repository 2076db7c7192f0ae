//! Parts, written: in requests and in answers.

use crate::json::{List, Object, json_of};
use crate::model::{Media, MediaKind, Source, ToolCall};

/// Text, with its signature.
pub(super) fn write_text(list: &mut List<'_>, pieces: &[&str], signature: Option<&str>) {
    list.object(|part| {
        part.joined("text", pieces);
        part.maybe_text("thoughtSignature", signature);
    });
}

/// Thoughts, with their signature.
pub(super) fn write_thought(list: &mut List<'_>, text: &str, signature: Option<&str>) {
    list.object(|part| {
        part.text("text", text);
        part.flag("thought", true);
        part.maybe_text("thoughtSignature", signature);
    });
}

/// A call. Its id goes to callers alone: Vertex refuses the field for models before the third generation, and order and
/// name tell which result belongs to which call.
pub(super) fn write_call(list: &mut List<'_>, call: &ToolCall<'_>, id: Option<&str>, signature: Option<&str>) {
    list.object(|part| {
        part.object("functionCall", |fields| {
            fields.maybe_text("id", id);
            fields.text("name", &call.name);
            fields.raw("args", &json_of(&call.arguments));
        });
        part.maybe_text("thoughtSignature", signature);
    });
}

/// Whether media can be written.
pub(super) fn is_known(media: &Media<'_>) -> bool {
    match &media.source {
        Source::Url(_) | Source::Base64(_) | Source::Text(_) => true,
        Source::File(id) => super::parts_in::is_file(id),
    }
}

/// Media. Documents of plain text are text.
pub(super) fn write_media(list: &mut List<'_>, media: &Media<'_>, signature: Option<&str>) {
    if let Source::Text(text) = &media.source {
        let heading = [media.name.as_deref(), media.context.as_deref()];
        let mut pieces: Vec<&str> = heading.into_iter().flatten().flat_map(|line| [line, "\n"]).collect();
        pieces.push(text);
        return write_text(list, &pieces, signature);
    }
    list.object(|part| {
        write_place(part, media);
        part.maybe_text("thoughtSignature", signature);
    });
}

/// Where media are, as `inlineData` or `fileData`. Both need a media type.
pub(super) fn write_place(part: &mut Object<'_>, media: &Media<'_>) {
    match &media.source {
        Source::Base64(data) => part.object("inlineData", |blob| {
            blob.text("mimeType", media.mime.as_deref().unwrap_or(default_mime(media.kind)));
            blob.text("data", data);
        }),
        Source::Url(uri) | Source::File(uri) => part.object("fileData", |file| {
            let mime = media.mime.as_deref().unwrap_or_else(|| mime_of(uri, default_mime(media.kind)));
            file.text("mimeType", mime);
            file.text("fileUri", uri);
        }),
        Source::Text(text) => part.text("text", text),
    }
}

const fn default_mime(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image/jpeg",
        MediaKind::Audio => "audio/mpeg",
        MediaKind::Video => "video/mp4",
        MediaKind::Document => "application/pdf",
    }
}

/// The media type that an address tells by its ending ("Image, audio, video, document understanding", 2026-11).
pub(super) fn mime_of<'t>(uri: &str, otherwise: &'t str) -> &'t str {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("gif") => "image/gif",
        Some("bmp") => "image/bmp",
        Some("heic") => "image/heic",
        Some("heif") => "image/heif",
        Some("mp3") => "audio/mpeg",
        Some("wav") => "audio/wav",
        Some("ogg") => "audio/ogg",
        Some("flac") => "audio/flac",
        Some("aac") => "audio/aac",
        Some("mp4") => "video/mp4",
        Some("mov") => "video/quicktime",
        Some("webm") => "video/webm",
        Some("mpeg" | "mpg") => "video/mpeg",
        Some("pdf") => "application/pdf",
        Some("txt") => "text/plain",
        Some("html") => "text/html",
        Some("csv") => "text/csv",
        Some("md") => "text/md",
        _ => otherwise,
    }
}
