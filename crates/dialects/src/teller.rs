//! Tells an answer as events, for readers of streams whose dialect has no blocks: text, thoughts and calls come as they
//! come, and parts are opened and closed around them.

use crate::codec::Sink;
use crate::model::{CallKind, Citation, Delta, Event, Finish, Media, Opening, Start, Usage};
use crate::sse::{SseReader, broken};
use crate::text::Text;

/// The whole stream.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    has_started: bool,
    has_ended: bool,
    voices: Vec<Voice>,
}

/// One of the answers in it.
#[derive(Debug, Default)]
pub(crate) struct Voice {
    choice: u32,
    next_part: u32,
    /// The part that words go to.
    open: Option<(Kind, u32)>,
    calls: Vec<Call>,
    has_calls: bool,
    has_finished: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
}

/// A call that is not closed.
#[derive(Debug)]
struct Call {
    index: u64,
    part: u32,
}

impl Teller {
    /// Begins the answer, if it has not begun.
    pub(crate) fn start(&mut self, start: Start<'_>, sink: Sink<'_>) {
        if !self.has_started {
            self.has_started = true;
            sink(Event::Start(start));
        }
    }

    /// The answer with this number.
    pub(crate) fn voice(&mut self, choice: u32) -> &mut Voice {
        let at = self.voices.iter().position(|voice| voice.choice == choice).unwrap_or_else(|| {
            self.voices.push(Voice { choice, ..Voice::default() });
            self.voices.len() - 1
        });
        &mut self.voices[at]
    }

    /// What was used so far.
    pub(crate) fn usage(&self, usage: Option<Usage>, sink: Sink<'_>) {
        if let Some(usage) = usage.filter(Usage::is_known) {
            sink(Event::Usage(usage));
        }
    }

    /// Whether an answer has said why it ended.
    pub(crate) fn has_finished(&self) -> bool {
        self.voices.iter().any(|voice| voice.has_finished)
    }

    /// Ends the whole stream, once.
    pub(crate) fn end(&mut self, sink: Sink<'_>) {
        if !self.has_ended {
            self.has_ended = true;
            self.voices.iter_mut().for_each(|voice| voice.close_all(sink));
            sink(Event::End);
        }
    }
}

impl Voice {
    /// Adds text.
    pub(crate) fn say(&mut self, text: Text<'_>, sink: Sink<'_>) {
        self.add(Kind::Text, text, sink);
    }

    /// Adds thoughts.
    pub(crate) fn think(&mut self, text: Text<'_>, sink: Sink<'_>) {
        self.add(Kind::Thinking, text, sink);
    }

    /// Adds the source of the text before it.
    pub(crate) fn cite(&mut self, citation: Citation<'_>, sink: Sink<'_>) {
        let part = self.part(Kind::Text, sink);
        sink(Event::Delta { choice: self.choice, part, delta: Delta::Citation(citation) });
    }

    /// Begins a call. One without an id gets one, as its result must name it.
    pub(crate) fn call(&mut self, index: u64, id: Text<'_>, name: Text<'_>, sink: Sink<'_>) {
        self.close_words(sink);
        self.has_calls = true;
        let part = self.number();
        self.calls.push(Call { index, part });
        let id = if id.is_empty() { Text::from(format!("call_{part}")) } else { id };
        let opening = Opening::ToolCall { id, name, kind: CallKind::Function, signature: None };
        sink(Event::Open { choice: self.choice, part, opening });
    }

    /// Adds media, whole.
    pub(crate) fn show(&mut self, media: Media<'_>, sink: Sink<'_>) {
        self.close_words(sink);
        let part = self.number();
        sink(Event::Open { choice: self.choice, part, opening: Opening::Media(media) });
        sink(Event::Close { choice: self.choice, part });
    }

    /// Adds arguments to the last call with this index.
    pub(crate) fn arguments(&mut self, index: u64, text: Text<'_>, sink: Sink<'_>) {
        if let Some(call) = self.calls.iter().rev().find(|call| call.index == index).filter(|_| !text.is_empty()) {
            sink(Event::Delta { choice: self.choice, part: call.part, delta: Delta::Arguments(text) });
        }
    }

    /// Why it ended. A model that calls tools has not just stopped. Said once.
    pub(crate) fn finish(&mut self, finish: Finish<'_>, sink: Sink<'_>) {
        if self.has_finished {
            return;
        }
        self.has_finished = true;
        self.close_all(sink);
        let finish = if self.has_calls && finish == Finish::Stop { Finish::ToolCalls } else { finish };
        sink(Event::Finish { choice: self.choice, finish });
    }

    fn add(&mut self, kind: Kind, text: Text<'_>, sink: Sink<'_>) {
        if !text.is_empty() {
            let part = self.part(kind, sink);
            sink(Event::Delta { choice: self.choice, part, delta: Delta::Text(text) });
        }
    }

    fn number(&mut self) -> u32 {
        let part = self.next_part;
        self.next_part += 1;
        part
    }

    /// The open part of this kind, newly opened if need be.
    fn part(&mut self, kind: Kind, sink: Sink<'_>) -> u32 {
        if let Some((open, part)) = self.open
            && open == kind
        {
            return part;
        }
        self.close_words(sink);
        let part = self.number();
        let opening = match kind {
            Kind::Text => Opening::Text,
            Kind::Thinking => Opening::Thinking { id: None, vendor: None },
        };
        sink(Event::Open { choice: self.choice, part, opening });
        self.open = Some((kind, part));
        part
    }

    fn close_words(&mut self, sink: Sink<'_>) {
        if let Some((_, part)) = self.open.take() {
            sink(Event::Close { choice: self.choice, part });
        }
    }

    fn close_all(&mut self, sink: Sink<'_>) {
        self.close_words(sink);
        for call in self.calls.drain(..) {
            sink(Event::Close { choice: self.choice, part: call.part });
        }
    }
}

/// The reader of streams for a dialect that has none.
#[derive(Debug)]
pub(crate) struct Silent;

impl SseReader for Silent {
    fn read(&mut self, _: Option<&str>, _: &str, sink: Sink<'_>) {
        sink(Event::Fault(broken("the provider has no streams and sent one".to_owned())));
    }

    fn finish(&mut self, _: Sink<'_>) {}
}
