//! A provider's stream, read. The last event repeats the whole text.

use crate::codec::Sink;
use crate::json::Loose;
use crate::model::{Event, Start};
use crate::sse::{SseReader, broken};
use crate::teller::Teller;
use crate::text::Number;

use super::answer::call;
use super::fields::{AnswerFields, ChoiceFields, UsageFields};
use super::{fault, read_finish};

#[derive(Debug, Default)]
pub(super) struct Reader {
    teller: Teller,
    /// The answers that have said something.
    spoken: Vec<u32>,
    calls: u64,
}

impl SseReader for Reader {
    fn read(&mut self, _: Option<&str>, data: &str, sink: Sink<'_>) {
        if data == "[DONE]" {
            return self.finish(sink);
        }
        let Ok(event) = serde_json::from_str::<AnswerFields<'_>>(data) else {
            return sink(Event::Fault(broken("an event of the stream could not be read".to_owned())));
        };
        let has_failed = event.has_failed();
        let Some(choices) = event.choices.filter(|_| !has_failed) else {
            if has_failed || claviger_wire::fault::in_json(data.as_bytes()).is_some() {
                sink(Event::Fault(fault(0, data.as_bytes())));
            }
            return;
        };
        let created = event.created.and_then(Loose::known).as_ref().map(Number::count);
        self.teller.start(Start { id: event.id, model: event.model, created, ..Start::default() }, sink);
        for (fields, index) in choices.into_iter().zip(0..) {
            self.choice(fields, index, sink);
        }
        self.teller.usage(event.usage.and_then(Loose::known).map(UsageFields::usage), sink);
    }

    fn finish(&mut self, sink: Sink<'_>) {
        // There is no terminator: the last event has the finish reason.
        if self.teller.has_finished() {
            self.teller.end(sink);
        }
    }
}

impl Reader {
    fn choice(&mut self, fields: ChoiceFields<'_>, index: u32, sink: Sink<'_>) {
        let voice = self.teller.voice(index);
        let finish = fields.finish_reason.and_then(read_finish);
        for message in fields.messages.unwrap_or_default() {
            let text = message.text.unwrap_or_default();
            let repeats = finish.is_some() && self.spoken.contains(&index);
            if !repeats && !text.is_empty() {
                if !self.spoken.contains(&index) {
                    self.spoken.push(index);
                }
                voice.say(text, sink);
            }
            if let Some(fields) = message.call {
                let call = call(self.calls, fields);
                voice.call(self.calls, call.id, call.name, sink);
                voice.arguments(self.calls, call.arguments, sink);
                self.calls += 1;
            }
        }
        if let Some(finish) = finish {
            voice.finish(finish, sink);
        }
    }
}
