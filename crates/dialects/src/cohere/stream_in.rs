//! A provider's stream, read ("Chat with streaming", 2026-11).

use crate::codec::{Sink, read_fault};
use crate::json::{Loose, text_of};
use crate::model::{Event, Finish, Start};
use crate::sse::{SseReader, broken};
use crate::teller::Teller;
use crate::text::{Number, Text};

use super::fields::{CitationFields, DeltaFields, EventFields, MessageDelta, UsageFields};
use super::read_finish;

#[derive(Debug, Default)]
pub(super) struct Reader {
    teller: Teller,
}

impl SseReader for Reader {
    fn read(&mut self, name: Option<&str>, data: &str, sink: Sink<'_>) {
        if data == "[DONE]" {
            return self.finish(sink);
        }
        let Ok(event) = serde_json::from_str::<EventFields<'_>>(data) else {
            return sink(Event::Fault(broken("an event of the stream could not be read".to_owned())));
        };
        let EventFields { kind, id, index, delta, .. } = event;
        let kind = kind.as_deref().or(name);
        let index = index.as_ref().map_or(0, Number::count);
        let delta = delta.unwrap_or_default();
        match kind {
            Some("message-start") => self.teller.start(Start { id, ..Start::default() }, sink),
            Some("message-end") => self.end(delta, sink),
            Some(
                word @ ("content-start" | "content-delta" | "tool-plan-delta" | "tool-call-start" | "tool-call-delta"
                | "citation-start"),
            ) => {
                self.teller.start(Start::default(), sink);
                self.add(word == "tool-call-start", index, delta.message.unwrap_or_default(), sink);
            }
            Some("error") => sink(Event::Fault(read_fault(0, data.as_bytes()))),
            // Ends of blocks say nothing, new kinds are passed over; what has no kind is an error.
            Some(_) => {}
            None => sink(Event::Fault(read_fault(0, data.as_bytes()))),
        }
    }

    fn finish(&mut self, sink: Sink<'_>) {
        if self.teller.has_finished() {
            self.teller.end(sink);
        }
    }
}

impl Reader {
    fn add(&mut self, begins_call: bool, index: u64, message: MessageDelta<'_>, sink: Sink<'_>) {
        let voice = self.teller.voice(0);
        if let Some(plan) = message.tool_plan {
            voice.think(plan, sink);
        }
        if let Some(block) = message.content.and_then(Loose::known) {
            block.thinking.into_iter().for_each(|text| voice.think(text, sink));
            block.text.into_iter().for_each(|text| voice.say(text, sink));
        }
        if let Some(call) = message.tool_calls.and_then(Loose::known) {
            let function = call.function.unwrap_or_default();
            if begins_call {
                voice.call(index, call.id.unwrap_or_default(), function.name.unwrap_or_default(), sink);
            }
            voice.arguments(index, function.arguments.map(text_of).unwrap_or_default(), sink);
        }
        if let Some(source) = message.citations.and_then(Loose::known) {
            voice.cite(CitationFields::citation(source), sink);
        }
    }

    fn end(&mut self, delta: DeltaFields<'_>, sink: Sink<'_>) {
        let word = delta.finish_reason.unwrap_or(Text::fixed("COMPLETE"));
        if let Some(error) = delta.error.filter(|_| word.as_str() == "ERROR") {
            return sink(Event::Fault(read_fault(0, error.get().as_bytes())));
        }
        self.teller.start(Start::default(), sink);
        let finish: Finish<'_> = read_finish(word);
        self.teller.voice(0).finish(finish, sink);
        self.teller.usage(delta.usage.and_then(Loose::known).and_then(UsageFields::usage), sink);
        self.teller.end(sink);
    }
}
