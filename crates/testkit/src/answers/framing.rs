//! How each protocol puts events and errors on the wire.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{default_error, eventstream};

/// How a family of operations frames events and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `data:` lines, `[DONE]` at the end.
    OpenAi,
    /// Named events, `response.completed` at the end.
    Responses,
    /// Named events, `message_stop` at the end.
    Anthropic,
    /// `data:` lines, a `finishReason` at the end (`alt=sse`).
    Gemini,
    /// The same as the elements of one JSON list.
    GeminiList,
    /// Binary frames, `messageStop` and `metadata` at the end.
    Bedrock,
}

impl Framing {
    /// The media type of a stream.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Responses | Self::Anthropic => "text/event-stream; charset=utf-8",
            Self::Gemini => "text/event-stream",
            Self::GeminiList => "application/json; charset=UTF-8",
            Self::Bedrock => "application/vnd.amazon.eventstream",
        }
    }

    /// One event on the wire; the name is left out where the family has none.
    pub(crate) fn frame(self, name: &str, data: &[u8]) -> Bytes {
        let around = |before: &[&[u8]], after: &[u8]| -> Bytes { [&before.concat(), data, after].concat().into() };
        match self {
            Self::OpenAi | Self::Gemini => around(&[b"data: "], b"\n\n"),
            Self::Responses | Self::Anthropic => around(&[b"event: ", name.as_bytes(), b"\ndata: "], b"\n\n"),
            Self::GeminiList => around(&[b",\r\n"], b""),
            Self::Bedrock => eventstream::event(name, data),
        }
    }

    /// One event named by its own `type`.
    pub(crate) fn event(self, data: &Value) -> Bytes {
        self.frame(data["type"].as_str().unwrap_or_default(), data.to_string().as_bytes())
    }

    /// A whole stream of events that have no names.
    pub(crate) fn unnamed(self, events: &[Value]) -> Vec<Bytes> {
        let mut frames: Vec<Bytes> = events.iter().map(|event| self.frame("", event.to_string().as_bytes())).collect();
        self.begin(&mut frames);
        if self == Self::GeminiList {
            frames.push(Bytes::from_static(b"\r\n]\r\n"));
        }
        frames
    }

    /// Makes the first of `frames` one that begins a stream.
    fn begin(self, frames: &mut [Bytes]) {
        if let (Self::GeminiList, Some(first)) = (self, frames.first_mut()) {
            *first = [b"[", first.strip_prefix(b",\r\n").unwrap_or(first)].concat().into();
        }
    }

    /// Cuts a stream after so many events and lets it end in an error; without a body the default one.
    pub(crate) fn break_off(self, frames: &mut Vec<Bytes>, after: usize, body: Option<&Value>) {
        frames.truncate(after);
        let event = body.cloned().unwrap_or_else(|| self.error_event(frames.len()));
        let data = match &event {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match self {
            Self::OpenAi | Self::Responses | Self::Anthropic | Self::Gemini => {
                frames.push(self.frame("error", data.as_bytes()));
            }
            Self::GeminiList => {
                frames.push(self.frame("error", data.as_bytes()));
                self.begin(frames);
                frames.push(Bytes::from_static(b"\r\n]\r\n"));
            }
            Self::Bedrock => frames.push(eventstream::exception(&event)),
        }
    }

    /// The default error inside a stream, after so many events.
    fn error_event(self, after: usize) -> Value {
        match self {
            Self::Responses => json!({
                "type": "error", "code": "server_error", "param": null, "sequence_number": after,
                "message": "The server had an error while processing your request. Sorry about that!",
            }),
            Self::OpenAi | Self::Anthropic | Self::Gemini | Self::GeminiList | Self::Bedrock => {
                default_error(500, self)
            }
        }
    }

    /// An event nobody can read, in place of `frame`.
    pub(crate) fn malformed(self, frame: &Bytes) -> Bytes {
        match self {
            Self::OpenAi | Self::Responses | Self::Anthropic | Self::Gemini => {
                Bytes::from_static(b"data: {\"id\": \"chatcmpl-bro, \"choices\": [{]\n\n")
            }
            Self::GeminiList => Bytes::from_static(b",\r\n{\"candidates\": [{]"),
            // the checksum no longer fits
            Self::Bedrock => {
                let mut bytes = frame.to_vec();
                if let Some(last) = bytes.last_mut() {
                    *last ^= 0xff;
                }
                bytes.into()
            }
        }
    }

    /// How many events of a text stream come before its first content.
    pub(crate) const fn events_before_content(self) -> usize {
        match self {
            Self::OpenAi => 1,                    // the role
            Self::Responses => 4,                 // created, in_progress, output_item.added, content_part.added
            Self::Anthropic => 3,                 // message_start, content_block_start, ping
            Self::Gemini | Self::GeminiList => 0, // the first event has text
            Self::Bedrock => 1,                   // messageStart
        }
    }

    /// How many events mark the end of a stream.
    pub(crate) const fn events_of_end(self) -> usize {
        match self {
            Self::OpenAi | Self::Responses | Self::Anthropic | Self::Gemini => 1,
            Self::GeminiList => 2, // `finishReason`, and the end of the list
            Self::Bedrock => 2,    // messageStop, metadata
        }
    }
}
