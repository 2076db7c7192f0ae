//! A provider's stream, read.

use crate::codec::{Asked, Sink};
use crate::json::{Loose, text_of};
use crate::model::{Event, Finish, Media, MediaKind, Source, Start};
use crate::settings::Settings;
use crate::sse::{SseReader, broken};
use crate::teller::Teller;
use crate::text::{Number, Text};

use super::fields::{AnswerFields, DataFields};
use super::settings::DifyBot;
use super::{failed_workflow, fault, settings};

#[derive(Debug)]
pub(super) struct Reader {
    teller: Teller,
    settings: Settings,
    has_spoken: bool,
    /// What is said is not the model's: a filter put it there.
    is_replaced: bool,
}

impl SseReader for Reader {
    fn read(&mut self, name: Option<&str>, data: &str, sink: Sink<'_>) {
        let Ok(mut event) = serde_json::from_str::<AnswerFields<'_>>(data) else {
            return sink(Event::Fault(broken("an event of the stream could not be read".to_owned())));
        };
        let kind = event.event.take();
        match kind.as_deref().or(name) {
            Some("message" | "agent_message") => {
                self.start(&mut event, sink);
                self.say(event.answer.unwrap_or_default(), sink);
            }
            Some("message_replace") => {
                self.start(&mut event, sink);
                self.is_replaced = true;
                self.say(event.answer.unwrap_or_default(), sink);
            }
            Some("agent_thought") => {
                self.start(&mut event, sink);
                // The text of the answer is told a second time here once it is whole.
                let thought = event.thought.filter(|_| !self.has_spoken).unwrap_or_default();
                self.teller.voice(0).think(thought, sink);
            }
            Some("message_file") => {
                self.start(&mut event, sink);
                let is_image = event.kind.as_deref() == Some("image");
                if let (Some(url), true) = (event.url, is_image) {
                    self.teller.voice(0).show(Media::new(MediaKind::Image, Source::Url(url)), sink);
                }
            }
            Some("message_end") => {
                self.start(&mut event, sink);
                let (usage, citations) = event.metadata.and_then(Loose::known).unwrap_or_default().read();
                citations.into_iter().for_each(|source| self.teller.voice(0).cite(source, sink));
                self.teller.usage(usage, sink);
                self.end(sink);
            }
            Some("text_chunk") => {
                self.start(&mut event, sink);
                let text = event.data.and_then(Loose::known).and_then(|data| data.text);
                self.say(text.unwrap_or_default(), sink);
            }
            Some("workflow_started") => self.start(&mut event, sink),
            Some("workflow_finished") => {
                self.start(&mut event, sink);
                self.workflow(event.data.and_then(Loose::known).unwrap_or_default(), sink);
            }
            Some("error") => sink(Event::Fault(fault(0, data.as_bytes()))),
            Some("ping") => sink(Event::Ping),
            // Nodes, speech and what is new: not the answer.
            Some(_) => {}
            None => sink(Event::Fault(fault(0, data.as_bytes()))),
        }
    }

    fn finish(&mut self, sink: Sink<'_>) {
        if self.teller.has_finished() {
            self.teller.end(sink);
        }
    }
}

impl Reader {
    pub(super) fn new(asked: &Asked) -> Self {
        let settings = asked.settings.clone();
        Self { teller: Teller::default(), settings, has_spoken: false, is_replaced: false }
    }

    fn bot(&self) -> DifyBot {
        settings::of(&self.settings).bot
    }

    fn start(&mut self, event: &mut AnswerFields<'_>, sink: Sink<'_>) {
        let id = match self.bot() {
            DifyBot::Chat | DifyBot::Agent => event.conversation_id.take(),
            DifyBot::Completion => event.message_id.take(),
            DifyBot::Workflow => match &mut event.data {
                Some(Loose::Known(data)) => data.workflow_id.take(),
                Some(Loose::Strange(_)) | None => None,
            },
        };
        let created = event.created.take().and_then(Loose::known).as_ref().map(Number::count);
        self.teller.start(Start { id, created, ..Start::default() }, sink);
    }

    fn say(&mut self, text: Text<'_>, sink: Sink<'_>) {
        self.has_spoken |= !text.is_empty();
        self.teller.voice(0).say(text, sink);
    }

    fn end(&mut self, sink: Sink<'_>) {
        let finish = if self.is_replaced { Finish::Filtered } else { Finish::Stop };
        self.teller.voice(0).finish(finish, sink);
        self.teller.end(sink);
    }

    /// Chats have workflows inside, whose end is not theirs; only if they fail.
    fn workflow(&mut self, mut data: DataFields<'_>, sink: Sink<'_>) {
        if data.has_failed() {
            let message = data.error.map_or_else(|| "the workflow failed".to_owned(), |error| error.to_string());
            return sink(Event::Fault(failed_workflow(message)));
        }
        match self.bot() {
            DifyBot::Chat | DifyBot::Agent | DifyBot::Completion => {}
            DifyBot::Workflow => {
                if !self.has_spoken {
                    let output = data.take_output(&settings::of(&self.settings).output_variable).map(text_of);
                    self.say(output.unwrap_or_default(), sink);
                }
                self.teller.usage(data.usage(), sink);
                self.end(sink);
            }
        }
    }
}
