//! A request for the provider, written.

use crate::codec::{Context, Refused};
use crate::json::{List, Object};
use crate::model::{Dropped, Media, MediaKind, Message, Part, Request, Role, Source};
use crate::plain::{note_rest, text_of_message};

use super::settings::{self, DifyBot};

const TAKEN: &[&str] = &["user"];

/// Sent where the caller names no user, as Higress ai-proxy v2.2.1 does: there must be one.
const USER: &str = "api-user";

pub(super) fn write(
    request: &Request<'_>,
    context: &Context,
    dropped: &mut Dropped,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    let settings = settings::of(&context.profile.settings);
    let text = transcript(request, dropped);
    if text.is_empty() {
        return Err(Refused::field("messages", "there is nothing to ask"));
    }
    let variable = match settings.bot {
        DifyBot::Chat | DifyBot::Agent => None,
        DifyBot::Completion => Some("query"),
        DifyBot::Workflow => Some(settings.input_variable.as_str()),
    };
    Object::write(out, |body| {
        body.object("inputs", |inputs| {
            if let Some(variable) = variable {
                inputs.text(variable, &text);
            }
        });
        body.text("query", if variable.is_none() { &text } else { "" });
        body.text("response_mode", if request.stream { "streaming" } else { "blocking" });
        body.text("user", request.user.as_deref().unwrap_or(USER));
        body.flag("auto_generate_name", false);
        body.text("conversation_id", context.conversation.as_deref().unwrap_or_default());
        files(body, request);
    });
    note_rest(request, TAKEN, dropped);
    Ok(())
}

/// All messages as one text, in the form of Higress ai-proxy v2.2.1.
fn transcript(request: &Request<'_>, dropped: &mut Dropped) -> String {
    let mut text = String::new();
    for message in &request.messages {
        let speaker = match message.role {
            Role::System | Role::Developer => "SYSTEM: \n",
            Role::User => "USER: \n",
            Role::Assistant => "ASSISTANT: \n",
        };
        let said = words(message, dropped);
        if !said.is_empty() {
            text.extend([speaker, said.as_str(), "\n"]);
        }
    }
    text
}

/// The words of a message; files that can be attached are no loss.
fn words(message: &Message<'_>, dropped: &mut Dropped) -> String {
    let mut lost = Dropped::default();
    let text = text_of_message(message, &mut lost);
    let has_lost_media = message.parts.iter().any(|part| matches!(part, Part::Media(media) if !is_attachable(media)));
    for name in lost.names() {
        let is_media = ["image", "audio", "video", "document"].iter().any(|kind| name.ends_with(kind));
        dropped.note_if(!is_media || has_lost_media, name);
    }
    text
}

const fn is_attachable(media: &Media<'_>) -> bool {
    matches!(media.source, Source::Url(_) | Source::Text(_))
}

/// Files by their address ("Send chat message: files", 2026-11).
fn files(body: &mut Object<'_>, request: &Request<'_>) {
    let media = || {
        request.messages.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
            Part::Media(media) if matches!(media.source, Source::Url(_)) => Some(media),
            Part::Media(_)
            | Part::Text(_)
            | Part::Refusal(_)
            | Part::ToolCall(_)
            | Part::ToolResult(_)
            | Part::Thinking(_)
            | Part::Opaque(_) => None,
        })
    };
    if media().next().is_some() {
        body.list("files", |list| media().for_each(|media| write_file(list, media)));
    }
}

fn write_file(list: &mut List<'_>, media: &Media<'_>) {
    let Source::Url(address) = &media.source else { return };
    list.object(|file| {
        file.text(
            "type",
            match media.kind {
                MediaKind::Image => "image",
                MediaKind::Audio => "audio",
                MediaKind::Video => "video",
                MediaKind::Document => "document",
            },
        );
        file.text("transfer_method", "remote_url");
        file.text("url", address);
    });
}
