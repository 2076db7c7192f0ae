//! Parts that overlap, put one after another.
//!
//! OpenAI may send the arguments of parallel tool calls in turns; most other dialects fill one part at a time. The first
//! call goes through as it comes. It ends when it is closed, or when its arguments are a complete object and another
//! part waits. What waits is kept, in order. Only the first of several answers goes through.

use std::collections::VecDeque;

use serde_json::value::RawValue;

use crate::model::{CallKind, Citation, Delta, Event, Media, OpaquePart, Opening, Vendor};
use crate::text::Text;

#[cfg(test)]
mod tests;

/// Puts parts one after another. Part numbers that come out rise by one.
#[derive(Debug, Default)]
pub(crate) struct Sequencer {
    current: Option<Current>,
    waiting: VecDeque<Waiting>,
    next_number: u32,
}

#[derive(Debug)]
struct Current {
    /// Its number as it came.
    part: u32,
    /// Its number as it goes out.
    number: u32,
    /// How far the arguments have come, for tool calls.
    arguments: Option<Braces>,
}

/// A part that came while another was open.
#[derive(Debug)]
struct Waiting {
    part: u32,
    held: Held,
    /// Signatures, hidden thoughts and citations, in order.
    more: Vec<Delta<'static>>,
    is_closed: bool,
}

#[derive(Debug)]
enum Held {
    Text { opening: Opening<'static>, text: String },
    Opaque { kind: Text<'static>, vendor: Vendor, json: Option<Box<RawValue>> },
}

impl Sequencer {
    /// Takes an event and gives those that can go out now.
    pub(crate) fn feed(&mut self, event: Event<'_>, next: &mut dyn FnMut(Event<'_>)) {
        match event {
            Event::Open { choice: 0, part, opening } => self.open(part, opening, next),
            Event::Delta { choice: 0, part, delta } => self.delta(part, delta, next),
            Event::Close { choice: 0, part } => self.close(part, next),
            Event::Finish { choice: 0, finish } => {
                self.flush(next);
                next(Event::Finish { choice: 0, finish });
            }
            Event::Open { .. } | Event::Delta { .. } | Event::Close { .. } | Event::Finish { .. } => {}
            Event::End => {
                self.flush(next);
                next(Event::End);
            }
            Event::Start(_) | Event::Usage(_) | Event::Ping | Event::Fault(_) => next(event),
        }
    }

    fn open(&mut self, part: u32, opening: Opening<'_>, next: &mut dyn FnMut(Event<'_>)) {
        let must_wait = self.current.as_ref().is_some_and(Current::is_unfinished_call) || !self.waiting.is_empty();
        if must_wait {
            self.waiting.push_back(Waiting { part, held: hold(opening), more: Vec::new(), is_closed: false });
            return;
        }
        self.end_current(next);
        self.begin(part, opening, next);
    }

    fn begin(&mut self, part: u32, opening: Opening<'_>, next: &mut dyn FnMut(Event<'_>)) {
        let arguments = match &opening {
            Opening::ToolCall { kind: CallKind::Function | CallKind::Server, .. } => Some(Braces::default()),
            Opening::ToolCall { kind: CallKind::Custom, .. } => Some(Braces::endless()),
            Opening::Text | Opening::Refusal | Opening::Thinking { .. } | Opening::Media(_) | Opening::Opaque(_) => {
                None
            }
        };
        let number = self.next_number;
        self.next_number += 1;
        self.current = Some(Current { part, number, arguments });
        next(Event::Open { choice: 0, part: number, opening });
    }

    fn delta(&mut self, part: u32, delta: Delta<'_>, next: &mut dyn FnMut(Event<'_>)) {
        if let Some(current) = self.current.as_mut().filter(|current| current.part == part) {
            if let (Some(braces), Delta::Arguments(text)) = (&mut current.arguments, &delta) {
                braces.read(text);
            }
            next(Event::Delta { choice: 0, part: current.number, delta });
            if !self.waiting.is_empty() && self.current.as_ref().is_some_and(|current| !current.is_unfinished_call()) {
                self.end_current(next);
                self.promote(next);
            }
            return;
        }
        // What belongs to no part that waits belongs to one that was complete: nothing but white space.
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.part == part) {
            waiting.add(delta);
        }
    }

    fn close(&mut self, part: u32, next: &mut dyn FnMut(Event<'_>)) {
        if self.current.as_ref().is_some_and(|current| current.part == part) {
            self.end_current(next);
            self.promote(next);
        } else if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.part == part) {
            waiting.is_closed = true;
        }
    }

    /// Lets those that wait go out, until one of them may still grow.
    fn promote(&mut self, next: &mut dyn FnMut(Event<'_>)) {
        while self.current.is_none() {
            let Some(waiting) = self.waiting.pop_front() else { return };
            self.release(waiting, next);
        }
    }

    fn release(&mut self, waiting: Waiting, next: &mut dyn FnMut(Event<'_>)) {
        let Waiting { part, held, more, is_closed } = waiting;
        match held {
            Held::Text { opening, text } => {
                let is_call = matches!(opening, Opening::ToolCall { .. });
                self.begin(part, opening, next);
                if !text.is_empty() {
                    let text = Text::from(text.as_str());
                    self.delta(part, if is_call { Delta::Arguments(text) } else { Delta::Text(text) }, next);
                }
            }
            Held::Opaque { kind, vendor, json } => {
                self.begin(part, Opening::Opaque(OpaquePart { kind, vendor, json: json.as_deref() }), next);
            }
        }
        let number = self.next_number - 1;
        let still_current = self.current.as_ref().is_some_and(|current| current.part == part);
        if still_current {
            for delta in more {
                next(Event::Delta { choice: 0, part: number, delta });
            }
            let is_done = self.current.as_ref().is_some_and(|current| !current.is_unfinished_call());
            if is_closed || is_done && !self.waiting.is_empty() {
                self.end_current(next);
            }
        }
    }

    fn end_current(&mut self, next: &mut dyn FnMut(Event<'_>)) {
        if let Some(current) = self.current.take() {
            next(Event::Close { choice: 0, part: current.number });
        }
    }

    fn flush(&mut self, next: &mut dyn FnMut(Event<'_>)) {
        self.end_current(next);
        while let Some(mut waiting) = self.waiting.pop_front() {
            waiting.is_closed = true;
            self.release(waiting, next);
        }
    }
}

impl Current {
    fn is_unfinished_call(&self) -> bool {
        self.arguments.as_ref().is_some_and(|braces| !braces.is_complete())
    }
}

impl Waiting {
    fn add(&mut self, delta: Delta<'_>) {
        let Held::Text { text, .. } = &mut self.held else { return };
        match delta {
            Delta::Text(more) | Delta::Arguments(more) => text.push_str(&more),
            Delta::Signature(seal) => self.more.push(Delta::Signature(seal.into_owned())),
            Delta::Hidden(data) => self.more.push(Delta::Hidden(data.into_owned())),
            Delta::Citation(citation) => self.more.push(Delta::Citation(own(citation))),
            // Probabilities belong to the moment: no dialect that fills one part at a time has them.
            Delta::Logprobs(_) => {}
        }
    }
}

fn own(citation: Citation<'_>) -> Citation<'static> {
    let Citation { url, title, quote, start, end, json: _ } = citation;
    let owned = |text: Option<Text<'_>>| text.map(Text::into_owned);
    Citation { url: owned(url), title: owned(title), quote: owned(quote), start, end, json: None }
}

fn hold(opening: Opening<'_>) -> Held {
    let text = String::new();
    let opening = match opening {
        Opening::Opaque(OpaquePart { kind, vendor, json }) => {
            return Held::Opaque { kind: kind.into_owned(), vendor, json: json.map(ToOwned::to_owned) };
        }
        Opening::Text => Opening::Text,
        Opening::Refusal => Opening::Refusal,
        Opening::Thinking { id, vendor } => Opening::Thinking { id: id.map(Text::into_owned), vendor },
        Opening::ToolCall { id, name, kind, signature } => Opening::ToolCall {
            id: id.into_owned(),
            name: name.into_owned(),
            kind,
            signature: signature.map(Text::into_owned),
        },
        Opening::Media(media) => Opening::Media(Media::into_owned(media)),
    };
    Held::Text { opening, text }
}

/// Watches whether the text of an object is complete.
#[derive(Debug, Default)]
struct Braces {
    depth: u32,
    in_string: bool,
    escaped: bool,
    is_complete: bool,
    is_endless: bool,
}

impl Braces {
    /// For free text, whose end cannot be seen in it.
    fn endless() -> Self {
        Self { is_endless: true, ..Self::default() }
    }

    const fn is_complete(&self) -> bool {
        self.is_complete && !self.is_endless
    }

    fn read(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                b'{' | b'[' if !self.in_string => self.depth += 1,
                b'}' | b']' if !self.in_string => {
                    self.depth = self.depth.saturating_sub(1);
                    self.is_complete = self.depth == 0;
                }
                _ => {}
            }
        }
    }
}
