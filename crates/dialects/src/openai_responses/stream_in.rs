//! A provider's stream, read ("Streaming events", 2026-11).
//!
//! Events tell of items by their place in the output, and of the parts of messages by their place in the item. What an
//! event at the end of a part or item says whole is taken from there if it was not told before: not all who copy the
//! dialect send all events.

use serde_json::value::RawValue;

use crate::codec::Sink;
use crate::json::{Loose, TextOr};
use crate::model::{Delta, Event, OpaquePart, Opening, Part, Start, TextPart, Thinking, ToolCall, Vendor};
use crate::sse::{SseReader, broken};
use crate::text::{Number, Text};

use super::BETWEEN_SUMMARIES;
use super::answer_in::{counted, finish};
use super::fields::{EventFields, ItemFields, PartFields, ResponseFields};
use super::finish::failure;
use super::items_in::{call, citation, content, picture, search, thinking};
use super::stream_item::{Item, Kind, Place};

#[derive(Debug, Default)]
pub(super) struct Reader {
    has_started: bool,
    has_ended: bool,
    next_part: u32,
    items: Vec<Item>,
    has_calls: bool,
    searches: u64,
}

impl SseReader for Reader {
    fn read(&mut self, name: Option<&str>, data: &str, sink: Sink<'_>) {
        if data == "[DONE]" || self.has_ended {
            return;
        }
        let mut event: EventFields<'_> = match serde_json::from_str(data) {
            Ok(event) => event,
            Err(_) => return sink(Event::Fault(broken("an event of the stream could not be read".to_owned()))),
        };
        let kind = event.kind.take();
        let place = Place::of(&mut event);
        let text = match event.delta.or(event.text) {
            Some(TextOr::Text(text)) => Some(text),
            Some(TextOr::Other(_)) | None => None,
        };
        match kind.as_deref().or(name) {
            Some("response.created" | "response.in_progress" | "response.queued") => {
                self.start(event.response.and_then(Loose::known).as_mut(), sink);
            }
            Some("response.output_item.added") => self.added(event.item, &place, sink),
            Some("response.output_item.done") => self.done(event.item, &place, sink),
            Some("response.content_part.added") => self.part_added(event.part, &place, sink),
            Some("response.content_part.done") => self.part_done(event.part, &place, sink),
            Some("response.output_text.delta") => self.say(Kind::Text, &place, text, event.logprobs, sink),
            Some("response.output_text.done") => self.complete(Kind::Text, &place, text, sink),
            Some("response.refusal.delta") => self.say(Kind::Refusal, &place, text, None, sink),
            Some("response.refusal.done") => self.complete(Kind::Refusal, &place, text, sink),
            Some("response.output_text.annotation.added") => self.cite(event.annotation, &place, sink),
            Some("response.function_call_arguments.delta" | "response.custom_tool_call_input.delta") => {
                self.say(Kind::Call, &place, text, None, sink);
            }
            Some("response.function_call_arguments.done" | "response.custom_tool_call_input.done") => {
                self.complete(Kind::Call, &place, text, sink);
            }
            Some("response.reasoning_summary_text.delta") => self.think(true, &place, text, sink),
            Some("response.reasoning_text.delta") => self.think(false, &place, text, sink),
            Some("response.completed" | "response.incomplete") => self.end(event.response, sink),
            Some("response.failed" | "response.cancelled" | "error") => sink(Event::Fault(failure(0, data.as_bytes()))),
            None if event.error.is_some() => sink(Event::Fault(failure(0, data.as_bytes()))),
            // Others tell how far the provider's own tools are, or repeat what was said.
            Some(_) | None => {}
        }
    }

    /// Only the closing events tell that an answer is complete.
    fn finish(&mut self, _: Sink<'_>) {}
}

impl Reader {
    /// Takes what the start tells of the response; the first event of any kind begins the answer.
    fn start(&mut self, response: Option<&mut ResponseFields<'_>>, sink: Sink<'_>) {
        if self.has_started {
            return;
        }
        self.has_started = true;
        let start = response.map(|response| Start {
            id: response.id.take(),
            model: response.model.take(),
            created: response.created_at.take().and_then(Loose::known).as_ref().map(Number::count),
            usage: None,
            service_tier: response.service_tier.take().and_then(Loose::known),
        });
        sink(Event::Start(start.unwrap_or_default()));
    }

    /// The item at a place, newly known if need be.
    fn item(&mut self, place: &Place<'_>, sink: Sink<'_>) -> &mut Item {
        self.start(None, sink);
        let at = self.items.iter().position(|item| item.is_at(place)).unwrap_or_else(|| {
            self.items.push(Item::new(place));
            self.items.len() - 1
        });
        &mut self.items[at]
    }

    /// The part of this kind at a place, newly opened if need be.
    fn part(&mut self, kind: Kind, place: &Place<'_>, opening: Opening<'_>, sink: Sink<'_>) -> u32 {
        let next = self.next_part;
        let (part, is_new) = self.item(place, sink).part(kind, place.content_index, next);
        if is_new {
            self.next_part += 1;
            sink(Event::Open { choice: 0, part, opening });
        }
        part
    }

    fn added(&mut self, item: Option<Loose<'_, ItemFields<'_>>>, place: &Place<'_>, sink: Sink<'_>) {
        let Some(item) = item.and_then(Loose::known) else { return };
        let place = place.or_id(item.id.as_ref());
        match item.kind.as_deref() {
            Some("function_call" | "custom_tool_call") => {
                self.open_call(call(item), &place, sink);
            }
            Some("reasoning") => {
                self.part(
                    Kind::Thinking,
                    &place,
                    Opening::Thinking { id: item.id, vendor: Some(Vendor::OpenAi) },
                    sink,
                );
            }
            Some(_) | None => {
                self.item(&place, sink);
            }
        }
    }

    /// Opens a call; what arguments it has already are told when it is done, if nothing else tells them.
    fn open_call<'a>(&mut self, call: ToolCall<'a>, place: &Place<'_>, sink: Sink<'_>) -> Text<'a> {
        self.has_calls = true;
        let ToolCall { id, name, arguments, kind, signature, cache: _ } = call;
        self.part(Kind::Call, place, Opening::ToolCall { id, name, kind, signature }, sink);
        arguments
    }

    /// An item is whole: tells what was not told, and closes it.
    fn done(&mut self, item: Option<Loose<'_, ItemFields<'_>>>, place: &Place<'_>, sink: Sink<'_>) {
        let Some(item) = item.and_then(Loose::known) else { return self.close(place, sink) };
        let place = place.or_id(item.id.as_ref());
        match item.kind.as_deref() {
            Some("message") => self.message_done(item, &place, sink),
            Some("function_call" | "custom_tool_call") => {
                let arguments = self.open_call(call(item), &place, sink);
                self.complete(Kind::Call, &place, Some(arguments), sink);
            }
            Some("reasoning") => self.thinking_done(item, &place, sink),
            Some("web_search_call") => {
                self.searches += 1;
                let ToolCall { id, name, arguments, kind, .. } = search(item);
                self.part(Kind::Server, &place, Opening::ToolCall { id, name, kind, signature: None }, sink);
                self.complete(Kind::Server, &place, Some(arguments), sink);
            }
            Some("image_generation_call") if item.result.is_some() => {
                if let Some(media) = picture(item) {
                    self.part(Kind::Whole, &place, Opening::Media(media), sink);
                }
            }
            Some(_) => {
                let kind = item.kind.unwrap_or_default();
                let opaque = OpaquePart { kind, vendor: Vendor::OpenAi, json: None };
                self.part(Kind::Whole, &place, Opening::Opaque(opaque), sink);
            }
            None => {}
        }
        self.close(&place, sink);
    }

    fn message_done(&mut self, item: ItemFields<'_>, place: &Place<'_>, sink: Sink<'_>) {
        for (part, content_index) in content(item.content).into_iter().zip(0..) {
            self.whole(part, &Place { content_index, ..place.clone() }, sink);
        }
    }

    /// A part of a message as it stands in the end.
    fn whole(&mut self, part: Part<'_>, place: &Place<'_>, sink: Sink<'_>) {
        match part {
            Part::Text(TextPart { text, citations, .. }) => {
                self.complete(Kind::Text, place, Some(text), sink);
                if !self.item(place, sink).is_cited(place.content_index) {
                    for source in citations {
                        let part = self.part(Kind::Text, place, Opening::Text, sink);
                        sink(Event::Delta { choice: 0, part, delta: Delta::Citation(source) });
                    }
                }
            }
            Part::Refusal(text) => self.complete(Kind::Refusal, place, Some(text), sink),
            Part::Media(_) | Part::ToolCall(_) | Part::ToolResult(_) | Part::Thinking(_) | Part::Opaque(_) => {}
        }
    }

    fn thinking_done(&mut self, item: ItemFields<'_>, place: &Place<'_>, sink: Sink<'_>) {
        let Thinking { text, signature, hidden, id, vendor } = thinking(item);
        if text.is_empty() && signature.is_none() && hidden.is_none() {
            return;
        }
        let opening = Opening::Thinking { id, vendor: vendor.or(Some(Vendor::OpenAi)) };
        let part = self.part(Kind::Thinking, place, opening, sink);
        if !self.item(place, sink).is_open(part) {
            return;
        }
        self.complete(Kind::Thinking, place, Some(text), sink);
        for delta in signature.map(Delta::Signature).into_iter().chain(hidden.map(Delta::Hidden)) {
            sink(Event::Delta { choice: 0, part, delta });
        }
    }

    fn part_added(&mut self, part: Option<Loose<'_, PartFields<'_>>>, place: &Place<'_>, sink: Sink<'_>) {
        match part.and_then(Loose::known).and_then(|part| part.kind).as_deref() {
            Some("output_text") => self.part(Kind::Text, place, Opening::Text, sink),
            Some("refusal") => self.part(Kind::Refusal, place, Opening::Refusal, sink),
            Some(_) | None => return,
        };
    }

    fn part_done(&mut self, part: Option<Loose<'_, PartFields<'_>>>, place: &Place<'_>, sink: Sink<'_>) {
        let Some(fields) = part.and_then(Loose::known) else { return };
        for part in content(Some(TextOr::Other(vec![fields]))) {
            self.whole(part, place, sink);
        }
        if let Some(part) = self.item(place, sink).close_content(place.content_index) {
            sink(Event::Close { choice: 0, part });
        }
    }

    fn say(
        &mut self,
        kind: Kind,
        place: &Place<'_>,
        text: Option<Text<'_>>,
        logprobs: Option<&RawValue>,
        sink: Sink<'_>,
    ) {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return };
        // Arguments of a call that nobody announced have no name to go by.
        if kind == Kind::Call && !self.item(place, sink).has(Kind::Call) {
            return;
        }
        let opening = if kind == Kind::Refusal { Opening::Refusal } else { Opening::Text };
        let part = self.part(kind, place, opening, sink);
        if !self.item(place, sink).says(part) {
            return;
        }
        let delta = match kind {
            Kind::Call | Kind::Server => Delta::Arguments(text),
            Kind::Text | Kind::Refusal | Kind::Thinking | Kind::Whole => Delta::Text(text),
        };
        sink(Event::Delta { choice: 0, part, delta });
        if let Some(list) = logprobs.filter(|raw| raw.get().starts_with("[{"))
            && let Ok(wrapped) = RawValue::from_string(["{\"content\":", list.get(), "}"].concat())
        {
            sink(Event::Delta { choice: 0, part, delta: Delta::Logprobs(&wrapped) });
        }
    }

    /// The whole of what a part says: told now if it was not told piece by piece.
    fn complete(&mut self, kind: Kind, place: &Place<'_>, text: Option<Text<'_>>, sink: Sink<'_>) {
        if !self.item(place, sink).has_said(kind, place.content_index) {
            self.say(kind, place, text, None, sink);
        }
    }

    /// Thoughts or a summary of them, whichever comes first. A summary has parts.
    fn think(&mut self, is_summary: bool, place: &Place<'_>, text: Option<Text<'_>>, sink: Sink<'_>) {
        let place = Place { content_index: 0, ..place.clone() };
        let opening = Opening::Thinking { id: place.id.clone(), vendor: Some(Vendor::OpenAi) };
        self.part(Kind::Thinking, &place, opening, sink);
        let Some(is_next) = self.item(&place, sink).thinks(is_summary, place.summary_index) else { return };
        if is_next {
            self.say(Kind::Thinking, &place, Some(Text::fixed(BETWEEN_SUMMARIES)), None, sink);
        }
        self.say(Kind::Thinking, &place, text, None, sink);
    }

    fn cite(&mut self, annotation: Option<&RawValue>, place: &Place<'_>, sink: Sink<'_>) {
        let Some(source) = annotation.and_then(citation) else { return };
        let part = self.part(Kind::Text, place, Opening::Text, sink);
        if self.item(place, sink).cites(part) {
            sink(Event::Delta { choice: 0, part, delta: Delta::Citation(source) });
        }
    }

    fn close(&mut self, place: &Place<'_>, sink: Sink<'_>) {
        for part in self.item(place, sink).close() {
            sink(Event::Close { choice: 0, part });
        }
    }

    fn end(&mut self, response: Option<Loose<'_, ResponseFields<'_>>>, sink: Sink<'_>) {
        let mut response = response.and_then(Loose::known).unwrap_or_default();
        let output = response.output.take().unwrap_or_default();
        self.start(Some(&mut response), sink);
        if self.items.is_empty() {
            for (item, index) in output.into_iter().zip(0..) {
                self.done(Some(item), &Place { index: Some(index), ..Place::default() }, sink);
            }
        }
        for part in self.items.iter_mut().flat_map(Item::close) {
            sink(Event::Close { choice: 0, part });
        }
        self.has_ended = true;
        sink(Event::Finish { choice: 0, finish: finish(&response, self.has_calls) });
        if let Some(usage) = counted(response.usage, self.searches) {
            sink(Event::Usage(usage));
        }
        sink(Event::End);
    }
}
