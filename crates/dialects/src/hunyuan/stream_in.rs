//! A provider's stream, read.

use crate::codec::Sink;
use crate::json::{Loose, text_of};
use crate::model::{Event, Fault, Start};
use crate::sse::{SseReader, broken};
use crate::teller::Teller;
use crate::text::{Number, Text};

use super::fields::{AnswerFields, CallFields, Envelope, SearchFields, UsageFields};
use super::{fault, read_finish};

#[derive(Debug, Default)]
pub(super) struct Reader {
    teller: Teller,
    /// The calls that have begun: of which answer, and their index.
    calls: Vec<(u32, u64)>,
    has_cited: bool,
}

impl SseReader for Reader {
    fn read(&mut self, _: Option<&str>, data: &str, sink: Sink<'_>) {
        if data == "[DONE]" {
            return self.finish(sink);
        }
        let Ok(event) = serde_json::from_str::<AnswerFields<'_>>(data) else {
            return sink(Event::Fault(broken("an event of the stream could not be read".to_owned())));
        };
        if let Some(error) = event.error_message.and_then(Loose::known) {
            let message = error.message.unwrap_or(Text::fixed("the provider failed")).into_owned();
            let code = error.code.map(|code| Text::from(code.as_str().to_owned()));
            return sink(Event::Fault(Fault { message, code, ..fault(500, b"") }));
        }
        let Some(choices) = event.choices else {
            // A refusal comes as a whole answer, in its envelope.
            let is_error = event.error.is_some() || serde_json::from_str::<Envelope<'_>>(data).is_ok_and(is_failure);
            if is_error {
                sink(Event::Fault(fault(0, data.as_bytes())));
            }
            return;
        };
        let created = event.created.and_then(Loose::known).as_ref().map(Number::count);
        self.teller.start(Start { id: event.id, created, ..Start::default() }, sink);
        for (fields, at) in choices.into_iter().zip(0..) {
            let index = fields.index.and_then(Loose::known).unwrap_or(at);
            let voice = self.teller.voice(index);
            let message = fields.message.unwrap_or_default();
            voice.think(message.reasoning.unwrap_or_default(), sink);
            voice.say(message.content.unwrap_or_default(), sink);
            for (call, at) in message.tool_calls.unwrap_or_default().into_iter().zip(0..) {
                self.call(index, call, at, sink);
            }
            if let Some(finish) = fields.finish_reason.and_then(read_finish) {
                self.teller.voice(index).finish(finish, sink);
            }
        }
        let pages = event.search.and_then(Loose::known).map(SearchFields::citations).unwrap_or_default();
        if !self.has_cited && !pages.is_empty() && !self.teller.has_finished() {
            self.has_cited = true;
            pages.into_iter().for_each(|page| self.teller.voice(0).cite(page, sink));
        }
        self.teller.usage(event.usage.and_then(Loose::known).map(UsageFields::usage), sink);
    }

    fn finish(&mut self, sink: Sink<'_>) {
        // The last event has the finish reason; a terminator does not always come.
        if self.teller.has_finished() {
            self.teller.end(sink);
        }
    }
}

fn is_failure(envelope: Envelope<'_>) -> bool {
    envelope.response.is_some_and(|answer| answer.error.is_some())
}

impl Reader {
    fn call(&mut self, choice: u32, fields: CallFields<'_>, at: u64, sink: Sink<'_>) {
        let index = fields.index.and_then(Loose::known).unwrap_or(at);
        let function = fields.function.unwrap_or_default();
        let voice = self.teller.voice(choice);
        if !self.calls.contains(&(choice, index)) {
            self.calls.push((choice, index));
            voice.call(index, fields.id.unwrap_or_default(), function.name.unwrap_or_default(), sink);
        }
        voice.arguments(index, function.arguments.map(text_of).unwrap_or_default(), sink);
    }
}
