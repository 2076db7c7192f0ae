//! A whole answer: a stream that is over, put together.

use bytes::Bytes;

use crate::codec::{StreamReader as _, Unreadable};
use crate::model::{
    Answer, CallKind, Choice, Delta, Event, Finish, Opening, Part, TextPart, Thinking, ToolCall, Usage,
};
use crate::sse::Sse;
use crate::text::Text;

use super::stream_in::Reader;

/// What has come of an answer.
#[derive(Default)]
struct Gathered {
    id: Option<String>,
    created: Option<u64>,
    parts: Vec<Growing>,
    finish: Option<Finish<'static>>,
    usage: Option<Usage>,
    failure: Option<String>,
    is_complete: bool,
}

/// A part that grows.
enum Growing {
    Text(String),
    Thinking(String),
    Call { id: String, name: String, arguments: String },
}

pub(super) fn read(body: &str) -> Result<Answer<'_>, Unreadable> {
    if body.trim_start().starts_with('{') {
        return Err(Unreadable { message: "the answer is no stream".to_owned() });
    }
    let mut gathered = Gathered::default();
    let mut reader = Sse::new(Reader::default());
    reader.push(Bytes::copy_from_slice(body.as_bytes()), &mut |event| gathered.take(event));
    reader.finish(&mut |event| gathered.take(event));
    if !gathered.is_complete {
        let message = gathered.failure.unwrap_or_else(|| "the stream is not complete".to_owned());
        return Err(Unreadable { message });
    }
    let choice = Choice {
        parts: gathered.parts.into_iter().map(Growing::part).collect(),
        finish: gathered.finish,
        ..Choice::default()
    };
    Ok(Answer {
        id: gathered.id.map(Text::from),
        created: gathered.created,
        choices: vec![choice],
        usage: gathered.usage,
        ..Answer::default()
    })
}

impl Gathered {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(start) => {
                self.id = start.id.map(|id| id.to_string());
                self.created = start.created;
            }
            Event::Open { opening, .. } => match opening {
                Opening::Text | Opening::Refusal | Opening::Media(_) | Opening::Opaque(_) => {
                    self.parts.push(Growing::Text(String::new()));
                }
                Opening::Thinking { .. } => self.parts.push(Growing::Thinking(String::new())),
                Opening::ToolCall { id, name, .. } => {
                    let (id, name) = (id.to_string(), name.to_string());
                    self.parts.push(Growing::Call { id, name, arguments: String::new() });
                }
            },
            Event::Delta { part, delta, .. } => {
                if let Some(growing) = self.parts.get_mut(part as usize) {
                    growing.add(&delta);
                }
            }
            Event::Finish { finish, .. } => self.finish = Some(finish.into_owned()),
            Event::Usage(usage) => self.usage = Some(usage),
            Event::Fault(fault) => self.failure = Some(fault.message.to_string()),
            Event::End => self.is_complete = self.failure.is_none(),
            Event::Close { .. } | Event::Ping => {}
        }
    }
}

impl Growing {
    fn add(&mut self, delta: &Delta<'_>) {
        let (Self::Text(text) | Self::Thinking(text) | Self::Call { arguments: text, .. }) = self;
        match delta {
            Delta::Text(more) | Delta::Arguments(more) => text.push_str(more),
            Delta::Signature(_) | Delta::Hidden(_) | Delta::Citation(_) | Delta::Logprobs(_) => {}
        }
    }

    fn part(self) -> Part<'static> {
        match self {
            Self::Text(text) => Part::Text(TextPart { text: text.into(), ..TextPart::default() }),
            Self::Thinking(text) => Part::Thinking(Thinking { text: text.into(), ..Thinking::default() }),
            Self::Call { id, name, arguments } => Part::ToolCall(ToolCall {
                id: id.into(),
                name: name.into(),
                arguments: arguments.into(),
                kind: CallKind::Function,
                cache: None,
                signature: None,
            }),
        }
    }
}
