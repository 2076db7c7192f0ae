//! The caller's stream, written ("Streaming events", 2026-11).
//!
//! `response.created`, `response.in_progress`; per item `output_item.added`, what is added to it, `output_item.done`; at
//! last the whole response as `response.completed` (or `.incomplete`, `.failed`). Items may overlap: each event names
//! its item. Texts that follow each other are parts of one message, which ends when something else begins.

use crate::codec::{Asked, StreamWriter};
use crate::json::Object;
use crate::model::{CallKind, Delta, Event, Finish, Media, MediaKind, Opening, Source, Start, Usage};
use crate::sse::write_named;

use super::answer_out::Head;
use super::finish::{status, write_stream_fault};
use super::item_out::{self, Annotation, Ids, Status};
use super::stream_part::{Call, Content, Message, Search, Thoughts};

pub(super) struct Writer {
    head: Head,
    output: Output,
    has_started: bool,
    /// The message that texts go to.
    message: Option<Message>,
    parts: Vec<(u32, Open)>,
    /// A call that is complete unless the answer turns out to have been cut within it.
    last_call: Option<Call>,
    finish: Option<Finish<'static>>,
    usage: Option<Usage>,
}

/// Events and items, in the order in which they are told.
pub(super) struct Output {
    ids: Ids,
    next_event: u64,
    next_item: u32,
    /// The items that are complete, in JSON.
    done: Vec<(u32, String)>,
}

/// A part that is being told.
enum Open {
    Content(Content),
    Thoughts(Thoughts),
    Call(Call),
    Search(Search),
}

impl Output {
    /// Writes an event with its number.
    pub(super) fn event(&mut self, out: &mut Vec<u8>, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        write_named(out, name, |data| {
            data.count("sequence_number", self.next_event);
            fill(data);
        });
        self.next_event += 1;
    }

    /// The place and id of a new item.
    pub(super) fn next(&mut self, prefix: &str) -> (u32, String) {
        let index = self.next_item;
        self.next_item += 1;
        (index, self.ids.id(prefix, index))
    }

    pub(super) fn added(&mut self, out: &mut Vec<u8>, index: u32, item: impl FnOnce(&mut Object<'_>)) {
        self.event(out, "response.output_item.added", |data| {
            data.count("output_index", u64::from(index));
            data.object("item", item);
        });
    }

    /// Tells that an item is complete, and keeps it for the end.
    pub(super) fn done(&mut self, out: &mut Vec<u8>, index: u32, item: impl FnOnce(&mut Object<'_>)) {
        let item = json(item);
        self.event(out, "response.output_item.done", |data| {
            data.count("output_index", u64::from(index));
            data.raw("item", &item);
        });
        self.done.push((index, item));
    }

    /// A reasoning item that holds nothing but a seal.
    pub(super) fn seal(&mut self, out: &mut Vec<u8>, sealed: &str) {
        let (index, id) = self.next("rs");
        self.added(out, index, |item| item_out::reasoning(item, &id, Status::InProgress, "", None));
        self.done(out, index, |item| item_out::reasoning(item, &id, Status::Completed, "", Some(sealed)));
    }
}

/// An object as text.
pub(super) fn json(fill: impl FnOnce(&mut Object<'_>)) -> String {
    let mut bytes = Vec::new();
    Object::write(&mut bytes, fill);
    String::from_utf8(bytes).unwrap_or_default()
}

impl Writer {
    pub(super) fn new(asked: &Asked) -> Self {
        Self {
            head: Head::new(asked),
            output: Output { ids: Ids { nonce: asked.nonce }, next_event: 0, next_item: 0, done: Vec::new() },
            has_started: false,
            message: None,
            parts: Vec::new(),
            last_call: None,
            finish: None,
            usage: None,
        }
    }

    fn start(&mut self, start: Start<'_>, out: &mut Vec<u8>) {
        if self.has_started {
            return;
        }
        self.has_started = true;
        if let Some(id) = start.id.as_deref().filter(|id| !id.is_empty()) {
            id.clone_into(&mut self.head.id);
        }
        if let Some(model) = start.model.as_deref().filter(|model| !model.is_empty()) {
            model.clone_into(&mut self.head.model);
        }
        self.head.created = start.created.unwrap_or(self.head.created);
        self.head.service_tier = start.service_tier.as_deref().map(str::to_owned);
        self.usage = start.usage;
        for name in ["response.created", "response.in_progress"] {
            self.output.event(out, name, |data| {
                data.object("response", |response| self.head.write(response, None, |_| {}, None));
            });
        }
    }

    fn open(&mut self, part: u32, opening: Opening<'_>, out: &mut Vec<u8>) {
        self.start(Start::default(), out);
        self.end_call(Status::Completed, out);
        let open = match opening {
            Opening::Text => Open::Content(self.content(false, out)),
            Opening::Refusal => Open::Content(self.content(true, out)),
            Opening::Media(media) => return self.media(&media, out),
            Opening::Opaque(_) => return,
            Opening::Thinking { id, vendor } => {
                self.end_message(out);
                Open::Thoughts(Thoughts::open(&mut self.output, id.as_deref(), vendor, out))
            }
            Opening::ToolCall { name, kind: CallKind::Server, .. } => {
                if name.as_str() != "web_search" {
                    return;
                }
                self.end_message(out);
                Open::Search(Search::open(&mut self.output, out))
            }
            Opening::ToolCall { id, name, kind, signature } => {
                self.end_message(out);
                if let Some(signature) = signature {
                    self.output.seal(out, &item_out::seal_of_next(&signature));
                }
                Open::Call(Call::open(&mut self.output, &id, &name, kind, out))
            }
        };
        self.parts.push((part, open));
    }

    /// A new part of the message, which is begun if need be.
    fn content(&mut self, is_refusal: bool, out: &mut Vec<u8>) -> Content {
        let message = self.message.get_or_insert_with(|| Message::open(&mut self.output, out));
        message.content(&mut self.output, is_refusal, out)
    }

    /// Ends the message, unless one of its parts is still open.
    fn end_message(&mut self, out: &mut Vec<u8>) {
        let has_open = self.parts.iter().any(|(_, open)| matches!(open, Open::Content(_)));
        if !has_open && let Some(message) = self.message.take() {
            message.end(&mut self.output, Status::Completed, out);
        }
    }

    /// Pictures are items; of what is spoken there is at least the transcript.
    fn media(&mut self, media: &Media<'_>, out: &mut Vec<u8>) {
        if let Some(transcript) = &media.transcript {
            let mut content = self.content(false, out);
            content.add(&mut self.output, transcript, out);
            self.end_content(content, out);
        } else if let (MediaKind::Image, Source::Base64(data)) = (media.kind, &media.source) {
            self.end_message(out);
            let (index, id) = self.output.next("ig");
            self.output.added(out, index, |item| {
                item.text("id", &id);
                item.text("type", "image_generation_call");
                item.text("status", "in_progress");
                item.null("result");
            });
            self.output.done(out, index, |item| item_out::picture(item, &id, data, media.mime.as_deref()));
        }
    }

    fn add(&mut self, part: u32, delta: Delta<'_>, out: &mut Vec<u8>) {
        let Some((_, open)) = self.parts.iter_mut().find(|(number, _)| *number == part) else { return };
        let output = &mut self.output;
        match (open, delta) {
            (Open::Content(content), Delta::Text(text)) => content.add(output, &text, out),
            (Open::Content(content), Delta::Logprobs(logprobs)) => content.add_logprobs(output, logprobs, out),
            (Open::Content(content), Delta::Signature(seal)) => content.seal = Some(seal.to_string()),
            (Open::Content(content), Delta::Citation(citation)) => {
                if let Some(source) = Annotation::of(&citation, content.length()) {
                    content.cite(output, source.into_owned(), out);
                }
            }
            (Open::Thoughts(thoughts), Delta::Text(text)) => thoughts.add(output, &text, out),
            (Open::Thoughts(thoughts), Delta::Signature(seal)) => thoughts.signature = Some(seal.to_string()),
            (Open::Thoughts(thoughts), Delta::Hidden(seal)) => thoughts.hidden = Some(seal.to_string()),
            (Open::Call(call), Delta::Arguments(text)) => call.add(output, &text, out),
            (Open::Search(search), Delta::Arguments(text)) => search.arguments.push_str(&text),
            (Open::Content(_) | Open::Thoughts(_) | Open::Call(_) | Open::Search(_), _) => {}
        }
    }

    fn close(&mut self, part: u32, out: &mut Vec<u8>) {
        let Some(at) = self.parts.iter().position(|(number, _)| *number == part) else { return };
        let (_, open) = self.parts.remove(at);
        self.end_part(open, out);
    }

    fn end_part(&mut self, open: Open, out: &mut Vec<u8>) {
        match open {
            Open::Content(content) => self.end_content(content, out),
            Open::Thoughts(thoughts) => thoughts.end(&mut self.output, out),
            Open::Call(call) => {
                self.end_call(Status::Completed, out);
                self.last_call = Some(call);
            }
            Open::Search(search) => search.end(&mut self.output, out),
        }
    }

    fn end_call(&mut self, status: Status, out: &mut Vec<u8>) {
        if let Some(call) = self.last_call.take() {
            call.end(&mut self.output, status, out);
        }
    }

    fn end_content(&mut self, content: Content, out: &mut Vec<u8>) {
        if let Some(message) = &mut self.message {
            message.take(&mut self.output, content, out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.start(Start::default(), out);
        for (_, open) in std::mem::take(&mut self.parts) {
            self.end_part(open, out);
        }
        let finish = self.finish.take();
        let word = status(finish.as_ref()).0;
        let state = if word == "incomplete" { Status::Incomplete } else { Status::Completed };
        self.end_call(state, out);
        if let Some(message) = self.message.take() {
            message.end(&mut self.output, state, out);
        }
        let mut items = std::mem::take(&mut self.output.done);
        items.sort_by_key(|(index, _)| *index);
        let name = ["response.", word].concat();
        self.output.event(out, &name, |data| {
            data.object("response", |response| {
                let output = |list: &mut crate::json::List<'_>| items.iter().for_each(|(_, item)| list.raw(item));
                self.head.write(response, Some(finish.as_ref()), output, self.usage.as_ref());
            });
        });
    }
}

impl StreamWriter for Writer {
    fn write(&mut self, event: Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => self.start(start, out),
            Event::Open { choice: 0, part, opening } => self.open(part, opening, out),
            Event::Delta { choice: 0, part, delta } => self.add(part, delta, out),
            Event::Close { choice: 0, part } => self.close(part, out),
            Event::Finish { choice: 0, finish } => self.finish = Some(finish.into_owned()),
            // There is one answer only.
            Event::Open { .. } | Event::Delta { .. } | Event::Close { .. } | Event::Finish { .. } => {}
            Event::Usage(usage) => self.usage = Some(self.usage.unwrap_or_default().updated(usage)),
            // A comment keeps the connection alive.
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Fault(fault) => self.output.event(out, "error", |data| write_stream_fault(data, &fault)),
            Event::End => self.end(out),
        }
    }
}
