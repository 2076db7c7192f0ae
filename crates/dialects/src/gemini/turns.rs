//! What both sides said, written as `contents`.

use crate::json::List;
use crate::model::{
    CallKind, Dropped, Media, Message, Part, Request, Role, Source, TextPart, Thinking, ToolCall, ToolResult, Vendor,
};
use crate::text::Text;

use super::family::Version;
use super::parts_out::{is_known, write_call, write_media, write_place, write_text, write_thought};
use super::seal;

pub(super) fn write(
    list: &mut List<'_>,
    request: &Request<'_>,
    version: Version,
    has_turns: bool,
    dropped: &mut Dropped,
) {
    let mut calls: Vec<&ToolCall<'_>> = Vec::new();
    for message in &request.messages {
        if message.role.instructs() && has_turns {
            continue;
        }
        dropped.note_if(message.name.is_some(), "messages.name");
        let says_something = message.parts.iter().filter(|part| is_kept(part, dropped)).count() > 0;
        if !says_something && message.role == Role::Assistant {
            continue;
        }
        list.object(|content| {
            content.text("role", if message.role == Role::Assistant { "model" } else { "user" });
            content.list("parts", |list| {
                if !says_something {
                    return write_text(list, &[], None);
                }
                let mut turn = Turn::new(&calls, version);
                turn.results(list, message, request, dropped);
                message.parts.iter().for_each(|part| turn.write(list, part, dropped));
                turn.end(list);
            });
        });
        if message.role == Role::Assistant {
            calls = message.parts.iter().filter_map(called).collect();
        }
    }
}

fn called<'m>(part: &'m Part<'m>) -> Option<&'m ToolCall<'m>> {
    match part {
        Part::ToolCall(call) => Some(call),
        Part::Text(_)
        | Part::Refusal(_)
        | Part::Media(_)
        | Part::ToolResult(_)
        | Part::Thinking(_)
        | Part::Opaque(_) => None,
    }
}

/// Whether a part can be written; notes those that cannot.
fn is_kept(part: &Part<'_>, dropped: &mut Dropped) -> bool {
    match part {
        // Parts without text are refused.
        Part::Text(text) => {
            dropped.note_if(text.cache.is_some(), "messages.cache_control");
            !text.text.is_empty() || text.signature.is_some()
        }
        Part::Refusal(text) => !text.is_empty(),
        Part::Media(media) => {
            let is_kept = is_known(media);
            if !is_kept {
                dropped.note(&format!("messages.{}", media.kind.name()));
            }
            dropped.note_if(media.cache.is_some(), "messages.cache_control");
            let is_text = matches!(media.source, Source::Text(_));
            dropped.note_if(is_kept && media.name.is_some() && !is_text, "messages.document.name");
            dropped.note_if(is_kept && media.context.is_some() && !is_text, "messages.document.context");
            dropped.note_if(is_kept && media.citations == Some(true), "messages.document.citations");
            is_kept
        }
        Part::ToolCall(call) => {
            dropped.note_if(call.cache.is_some(), "messages.cache_control");
            dropped.note_if(call.kind == CallKind::Server, "messages.server_tool_use");
            call.kind != CallKind::Server
        }
        Part::ToolResult(result) => {
            dropped.note_if(result.cache.is_some(), "messages.cache_control");
            true
        }
        Part::Thinking(thinking) => {
            let is_kept = thinking.vendor == Some(Vendor::Google);
            dropped.note_if(!is_kept, "messages.thinking");
            is_kept
        }
        Part::Opaque(opaque) => {
            let is_kept = opaque.vendor == Vendor::Google && opaque.json.is_some();
            if !is_kept {
                dropped.note(&format!("messages.{}", opaque.kind));
            }
            is_kept
        }
    }
}

/// A message being written.
struct Turn<'t> {
    /// What the message before called.
    calls: &'t [&'t ToolCall<'t>],
    version: Version,
    /// The seal of thoughts, which belongs on the part after them.
    seal: Option<&'t str>,
    has_call: bool,
}

impl<'t> Turn<'t> {
    const fn new(calls: &'t [&'t ToolCall<'t>], version: Version) -> Self {
        Self { calls, version, seal: None, has_call: false }
    }

    fn write(&mut self, list: &mut List<'_>, part: &'t Part<'t>, dropped: &mut Dropped) {
        if matches!(part, Part::ToolResult(_)) || !is_kept(part, dropped) {
            return;
        }
        match part {
            Part::Text(text) => write_text(list, &[&text.text], self.signature(text.signature.as_ref())),
            Part::Refusal(text) => write_text(list, &[text], None),
            Part::Media(media) => write_media(list, media, self.signature(media.signature.as_ref())),
            Part::ToolCall(call) => {
                let signature = self.signature(call.signature.as_ref());
                // Of calls at once the first carries the signature; one that another model made has none.
                let needs_one = self.version.is_third() && !self.has_call;
                self.has_call = true;
                write_call(list, call, None, signature.or(needs_one.then_some(seal::UNCHECKED)));
            }
            Part::Thinking(thinking) => self.thought(list, thinking),
            Part::Opaque(opaque) => list.object(|part| {
                part.raw(&opaque.kind, opaque.json.map_or("{}", |json| json.get()));
            }),
            Part::ToolResult(_) => {}
        }
    }

    fn signature(&mut self, own: Option<&'t Text<'t>>) -> Option<&'t str> {
        let of_thoughts = self.seal.take();
        own.map(Text::as_str).or(of_thoughts)
    }

    fn thought(&mut self, list: &mut List<'_>, thinking: &'t Thinking<'t>) {
        self.end(list);
        if !thinking.text.is_empty() {
            write_thought(list, &thinking.text, None);
        }
        self.seal = thinking.signature.as_deref();
    }

    /// A seal that nothing came after stands on an empty part.
    fn end(&mut self, list: &mut List<'_>) {
        if let Some(seal) = self.seal.take() {
            write_text(list, &[], Some(seal));
        }
    }

    /// Results of calls made at once stand in the order of the calls: no id links them.
    fn results(&mut self, list: &mut List<'_>, message: &'t Message<'t>, request: &Request<'_>, dropped: &mut Dropped) {
        let mut results: Vec<&ToolResult<'_>> = message
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::ToolResult(result) => Some(result),
                Part::Text(_)
                | Part::Refusal(_)
                | Part::Media(_)
                | Part::ToolCall(_)
                | Part::Thinking(_)
                | Part::Opaque(_) => None,
            })
            .collect();
        let place = |result: &&ToolResult<'_>| self.calls.iter().position(|call| call.id == result.id);
        results.sort_by_key(|result| place(result).unwrap_or(usize::MAX));
        for result in &results {
            let called = self.calls.iter().find(|call| call.id == result.id).map(|call| call.name.as_str());
            let name = called.or(result.name.as_deref()).or_else(|| request.tool_name(&result.id));
            write_result(list, result, name.unwrap_or(&result.id), self.version, dropped);
        }
        // Before the third generation media cannot stand within a result: they follow the last.
        if !self.version.is_third() {
            for media in results.iter().flat_map(|result| media_of(result)) {
                write_media(list, media, None);
            }
        }
    }
}

fn media_of<'r>(result: &'r ToolResult<'_>) -> impl Iterator<Item = &'r Media<'r>> {
    result.parts.iter().filter_map(|part| match part {
        Part::Media(media) if is_known(media) => Some(media),
        Part::Media(_)
        | Part::Text(_)
        | Part::Refusal(_)
        | Part::ToolCall(_)
        | Part::ToolResult(_)
        | Part::Thinking(_)
        | Part::Opaque(_) => None,
    })
}

/// "Function calling: multimodal function responses", 2026-11.
fn write_result(list: &mut List<'_>, result: &ToolResult<'_>, name: &str, version: Version, dropped: &mut Dropped) {
    let mut pieces: Vec<&str> = Vec::new();
    for part in result.parts.iter().filter(|part| is_kept(part, dropped)) {
        if let Part::Text(TextPart { text, .. }) | Part::Refusal(text) = part {
            if !pieces.is_empty() {
                pieces.push("\n");
            }
            pieces.push(text);
        }
    }
    list.object(|part| {
        part.object("functionResponse", |response| {
            response.text("name", name);
            response.object("response", |outcome| {
                outcome.joined(if result.is_error == Some(true) { "error" } else { "output" }, &pieces);
            });
            if version.is_third() && media_of(result).next().is_some() {
                response.list("parts", |list| {
                    media_of(result).for_each(|media| list.object(|part| write_place(part, media)));
                });
            }
        });
    });
}
