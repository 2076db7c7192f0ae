//! A provider's stream, read ("Chat v3: streaming", 2026-11).

use crate::codec::Sink;
use crate::json::Loose;
use crate::model::{Event, Fault, Finish, Start};
use crate::sse::{SseReader, broken};
use crate::teller::Teller;
use crate::text::{Number, Text};

use super::fault;
use super::fields::{ChatFields, ErrorFields, MessageFields, UsageFields};

#[derive(Debug, Default)]
pub(super) struct Reader {
    teller: Teller,
    has_spoken: bool,
}

impl SseReader for Reader {
    fn read(&mut self, name: Option<&str>, data: &str, sink: Sink<'_>) {
        match name {
            // Its data is the word `[DONE]`, with or without quotes.
            Some("done") => self.finish(sink),
            Some("conversation.message.delta") => self.message(data, true, sink),
            Some("conversation.message.completed") => self.message(data, false, sink),
            Some(
                kind @ ("conversation.chat.created"
                | "conversation.chat.in_progress"
                | "conversation.chat.completed"
                | "conversation.chat.failed"
                | "conversation.chat.requires_action"),
            ) => self.chat(kind, data, sink),
            Some("error") | None => sink(Event::Fault(fault(0, data.as_bytes()))),
            // Speech and what is new.
            Some(_) => {}
        }
    }

    fn finish(&mut self, sink: Sink<'_>) {
        if self.teller.has_finished() {
            self.teller.end(sink);
        }
    }
}

impl Reader {
    fn chat(&mut self, kind: &str, data: &str, sink: Sink<'_>) {
        let Ok(chat) = serde_json::from_str::<ChatFields<'_>>(data) else {
            return sink(Event::Fault(broken("an event of the stream could not be read".to_owned())));
        };
        let created = chat.created.and_then(Loose::known).as_ref().map(Number::count);
        self.teller.start(Start { id: chat.id, created, ..Start::default() }, sink);
        match kind {
            "conversation.chat.failed" => {
                return sink(Event::Fault(failed(chat.last_error.and_then(Loose::known).unwrap_or_default())));
            }
            "conversation.chat.completed" => self.teller.voice(0).finish(Finish::Stop, sink),
            "conversation.chat.requires_action" => {
                let outputs = chat.action.and_then(Loose::known).and_then(|action| action.outputs);
                let calls = outputs.and_then(|outputs| outputs.calls).unwrap_or_default();
                let voice = self.teller.voice(0);
                for (call, index) in calls.into_iter().zip(0..) {
                    let function = call.function.unwrap_or_default();
                    voice.call(index, call.id.unwrap_or_default(), function.name.unwrap_or_default(), sink);
                    voice.arguments(index, function.arguments.unwrap_or_default(), sink);
                }
                voice.finish(Finish::ToolCalls, sink);
            }
            _ => {}
        }
        self.teller.usage(chat.usage.and_then(Loose::known).map(UsageFields::usage), sink);
    }

    /// Only the answer counts: other messages tell of the bot's own tools, or propose further questions. A message
    /// repeats at its end what came in pieces.
    fn message(&mut self, data: &str, is_piece: bool, sink: Sink<'_>) {
        let Ok(message) = serde_json::from_str::<MessageFields<'_>>(data) else {
            return sink(Event::Fault(broken("an event of the stream could not be read".to_owned())));
        };
        let is_answer =
            message.kind.as_deref() == Some("answer") && message.role.as_deref().is_none_or(|role| role == "assistant");
        if !is_answer || !is_piece && self.has_spoken {
            return;
        }
        self.has_spoken = true;
        self.teller.start(Start::default(), sink);
        let voice = self.teller.voice(0);
        voice.think(message.reasoning.unwrap_or_default(), sink);
        voice.say(message.content.unwrap_or_default(), sink);
    }
}

fn failed(error: ErrorFields<'_>) -> Fault<'static> {
    let message = error.message.unwrap_or(Text::fixed("the chat failed")).into_owned();
    let code = error.code.as_ref().map(Number::count).unwrap_or_default();
    Fault { message, ..fault(0, format!("{{\"code\":{code}}}").as_bytes()) }
}
