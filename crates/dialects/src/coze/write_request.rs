//! A request for the provider, written.

use crate::codec::Context;
use crate::json::{List, Object};
use crate::model::{Dropped, Media, MediaKind, Message, Part, Request, Role, Source};
use crate::plain::{note_rest, text_of_message};

const TAKEN: &[&str] = &["user", "metadata", "custom_variables", "parameters", "auto_save_history"];

/// Fields of Coze's own that a caller may name as they are.
const OWN: &[&str] = &["custom_variables", "parameters"];

/// Sent where the caller names no user: there must be one.
const USER: &str = "api-user";

pub(super) fn write(request: &Request<'_>, context: &Context, dropped: &mut Dropped, out: &mut Vec<u8>) {
    Object::write(out, |body| {
        body.text("bot_id", context.model.as_deref().unwrap_or(&request.model));
        body.text("user_id", request.user.as_deref().unwrap_or(USER));
        body.flag("stream", true);
        match request.extra("auto_save_history") {
            Some(wanted) => body.raw("auto_save_history", wanted.get()),
            // The caller keeps the conversation and sends it each time.
            None => body.flag("auto_save_history", false),
        }
        body.list("additional_messages", |list| {
            request.messages.iter().for_each(|message| write_message(list, message, dropped));
        });
        if let Some(metadata) = request.metadata {
            body.raw("meta_data", metadata.get());
        }
        for name in OWN {
            if let Some(value) = request.extra(name) {
                body.raw(name, value.get());
            }
        }
    });
    note_rest(request, TAKEN, dropped);
}

/// The bot has instructions of its own: those of the caller go as what the user says.
fn write_message(list: &mut List<'_>, message: &Message<'_>, dropped: &mut Dropped) {
    dropped.note_if(message.name.is_some(), "messages.name");
    let (role, kind) = match message.role {
        Role::System | Role::Developer | Role::User => ("user", "question"),
        Role::Assistant => ("assistant", "answer"),
    };
    let has_files = message.parts.iter().any(is_file);
    let (content, content_type) = match has_files {
        true => (objects(message, dropped), "object_string"),
        false => (text_of_message(message, dropped), "text"),
    };
    if content.is_empty() {
        return;
    }
    list.object(|object| {
        object.text("role", role);
        object.text("type", kind);
        object.text("content", &content);
        object.text("content_type", content_type);
    });
}

/// Pictures, sounds and files by address, or by Coze's own id ("Object string", 2026-11).
fn is_file(part: &Part<'_>) -> bool {
    matches!(part, Part::Media(Media { source: Source::Url(_) | Source::File(_), .. }))
}

/// The parts as JSON, which goes as text.
fn objects(message: &Message<'_>, dropped: &mut Dropped) -> String {
    let mut out = Vec::new();
    List::write(&mut out, |list| {
        for part in &message.parts {
            match part {
                Part::Media(media) if is_file(part) => list.object(|object| {
                    let kind = match media.kind {
                        MediaKind::Image => "image",
                        MediaKind::Audio => "audio",
                        MediaKind::Video | MediaKind::Document => "file",
                    };
                    object.text("type", kind);
                    match &media.source {
                        Source::File(id) => object.text("file_id", id),
                        Source::Url(address) | Source::Base64(address) | Source::Text(address) => {
                            object.text("file_url", address);
                        }
                    }
                }),
                Part::Text(text) => list.object(|object| {
                    object.text("type", "text");
                    object.text("text", &text.text);
                }),
                Part::Refusal(text) => list.object(|object| {
                    object.text("type", "text");
                    object.text("text", text);
                }),
                Part::Media(media) => dropped.note(&format!("messages.{}", media.kind.name())),
                Part::ToolCall(_) => dropped.note("messages.tool_calls"),
                Part::ToolResult(_) => dropped.note("messages.tool_call_id"),
                Part::Thinking(_) => dropped.note("messages.thinking"),
                Part::Opaque(opaque) => dropped.note(&format!("messages.{}", opaque.kind)),
            }
        }
    });
    String::from_utf8(out).unwrap_or_default()
}
