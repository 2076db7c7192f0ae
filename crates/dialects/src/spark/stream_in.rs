//! A provider's stream, read.

use crate::codec::Sink;
use crate::json::{Loose, text_of};
use crate::model::{Event, Start};
use crate::sse::{SseReader, broken};
use crate::teller::Teller;
use crate::text::Number;

use super::answer::finish;
use super::fault;
use super::fields::{AnswerFields, CallFields, UsageFields};

#[derive(Debug, Default)]
pub(super) struct Reader {
    teller: Teller,
    /// The answers that have begun.
    choices: Vec<u32>,
    /// The calls that have begun: of which answer, and their index.
    calls: Vec<(u32, u64)>,
}

impl SseReader for Reader {
    fn read(&mut self, _: Option<&str>, data: &str, sink: Sink<'_>) {
        if data == "[DONE]" {
            return self.end(sink);
        }
        let Ok(event) = serde_json::from_str::<AnswerFields<'_>>(data) else {
            return sink(Event::Fault(broken("an event of the stream could not be read".to_owned())));
        };
        if event.has_failed() {
            return sink(Event::Fault(fault(0, data.as_bytes())));
        }
        let created = event.created.and_then(Loose::known).as_ref().map(Number::count);
        self.teller.start(Start { id: event.id, created, ..Start::default() }, sink);
        for (fields, at) in event.choices.unwrap_or_default().into_iter().zip(0..) {
            let index = fields.index.unwrap_or(at);
            if !self.choices.contains(&index) {
                self.choices.push(index);
            }
            let message = fields.message.unwrap_or_default();
            let voice = self.teller.voice(index);
            voice.think(message.reasoning.unwrap_or_default(), sink);
            voice.say(message.content.unwrap_or_default(), sink);
            for (call, at) in message.calls.unwrap_or_default().0.into_iter().zip(0..) {
                self.call(index, call, at, sink);
            }
            if let Some(word) = fields.finish_reason.filter(|word| !word.is_empty()) {
                self.teller.voice(index).finish(finish(Some(word), false), sink);
            }
        }
        self.teller.usage(event.usage.and_then(Loose::known).map(UsageFields::usage), sink);
    }

    fn finish(&mut self, sink: Sink<'_>) {
        if self.teller.has_finished() {
            self.end(sink);
        }
    }
}

impl Reader {
    /// The terminator stands for the finish reason that mostly does not come.
    fn end(&mut self, sink: Sink<'_>) {
        for index in &self.choices {
            self.teller.voice(*index).finish(finish(None, false), sink);
        }
        match self.choices.is_empty() {
            true => sink(Event::Fault(broken("the stream ended without an answer".to_owned()))),
            false => self.teller.end(sink),
        }
    }

    fn call(&mut self, choice: u32, fields: CallFields<'_>, at: u64, sink: Sink<'_>) {
        let index = fields.index.unwrap_or(at);
        let function = fields.function.unwrap_or_default();
        let voice = self.teller.voice(choice);
        if !self.calls.contains(&(choice, index)) {
            self.calls.push((choice, index));
            voice.call(index, fields.id.unwrap_or_default(), function.name.unwrap_or_default(), sink);
        }
        voice.arguments(index, function.arguments.map(text_of).unwrap_or_default(), sink);
    }
}
