//! A whole answer put together from the events of a stream: for callers who want one of a provider that only streams.
//!
//! In: a stream that is over, and what reads it. Out: the answer, or the failure that the stream told of. The opposite
//! is [`crate::replay`].

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::codec::{StreamReader, Unreadable};
use crate::json::Object;
use crate::kept::Kept;
use crate::model::OpaquePart;
use crate::model::{
    Answer, CallKind, Choice, Citation, Delta, Event, Fault, Finish, Media, Opening, Part, Start, TextPart, Thinking,
    ToolCall, Usage, Vendor,
};
use crate::text::Text;

#[cfg(test)]
mod tests;

/// The answer that the stream told. What is JSON in it is kept in `kept`.
///
/// # Errors
/// When it failed or was not complete.
pub(crate) fn answer<'a>(reader: Box<dyn StreamReader>, body: &str, kept: &'a Kept) -> Result<Answer<'a>, Unreadable> {
    let gathered = Gathered::of(reader, body);
    match gathered.failure {
        Some(fault) => Err(Unreadable { message: fault.message.to_string() }),
        None if !gathered.is_complete => Err(Unreadable { message: "the stream is not complete".to_owned() }),
        None => Ok(gathered.answer(kept)),
    }
}

/// The failure that the stream told of.
pub(crate) fn fault(reader: Box<dyn StreamReader>, body: &str) -> Option<Fault<'static>> {
    Gathered::of(reader, body).failure
}

/// What has come of an answer.
#[derive(Default)]
struct Gathered {
    start: Start<'static>,
    choices: Vec<Growing>,
    usage: Option<Usage>,
    failure: Option<Fault<'static>>,
    is_complete: bool,
}

/// One of the answers in it.
#[derive(Default)]
struct Growing {
    index: u32,
    parts: Vec<Piece>,
    finish: Option<Finish<'static>>,
    /// The tokens of all texts, as JSON.
    logprobs: Vec<String>,
}

/// A part that grows.
#[derive(Default)]
struct Piece {
    kind: Kind,
    text: String,
    signature: Option<String>,
    hidden: Option<String>,
    citations: Vec<Cited>,
}

/// A source, its JSON beside it.
struct Cited(Citation<'static>, Option<(Vendor, Box<RawValue>)>);

#[derive(Default)]
enum Kind {
    #[default]
    Text,
    Refusal,
    Thinking {
        id: Option<String>,
        vendor: Option<Vendor>,
    },
    Call {
        id: String,
        name: String,
        kind: CallKind,
    },
    Media(Media<'static>),
    Opaque {
        kind: String,
        vendor: Vendor,
        json: Option<Box<RawValue>>,
    },
}

impl Gathered {
    fn of(mut reader: Box<dyn StreamReader>, body: &str) -> Self {
        let mut gathered = Self::default();
        reader.push(Bytes::copy_from_slice(body.as_bytes()), &mut |event| gathered.take(event));
        reader.finish(&mut |event| gathered.take(event));
        gathered
    }

    fn take(&mut self, event: Event<'_>) {
        if self.is_complete || self.failure.is_some() {
            return;
        }
        match event {
            Event::Start(start) => {
                self.usage = start.usage;
                self.start = Start {
                    id: start.id.map(Text::into_owned),
                    model: start.model.map(Text::into_owned),
                    created: start.created,
                    usage: None,
                    service_tier: start.service_tier.map(Text::into_owned),
                };
            }
            Event::Open { choice, opening, .. } => {
                let piece = Piece::opened(opening);
                self.choice(choice).parts.push(piece);
            }
            Event::Delta { choice, part, delta } => self.choice(choice).add(part, delta),
            Event::Finish { choice, finish } => self.choice(choice).finish = Some(finish.into_owned()),
            Event::Usage(usage) => self.usage = Some(usage),
            Event::Fault(fault) => self.failure = Some(fault.into_owned()),
            Event::End => self.is_complete = true,
            Event::Close { .. } | Event::Ping => {}
        }
    }

    fn choice(&mut self, index: u32) -> &mut Growing {
        let at = self.choices.iter().position(|choice| choice.index == index).unwrap_or_else(|| {
            self.choices.push(Growing { index, ..Growing::default() });
            self.choices.len() - 1
        });
        &mut self.choices[at]
    }

    fn answer(self, kept: &Kept) -> Answer<'_> {
        let mut choices: Vec<_> = self.choices.into_iter().map(|choice| choice.whole(kept)).collect();
        choices.sort_by_key(|choice| choice.index);
        let Start { id, model, created, usage: _, service_tier } = self.start;
        Answer { id, model, created, choices, usage: self.usage, service_tier, extras: Vec::new() }
    }
}

impl Growing {
    fn add(&mut self, part: u32, delta: Delta<'_>) {
        if let Delta::Logprobs(logprobs) = delta {
            #[derive(Deserialize)]
            struct Tokens<'a> {
                #[serde(borrow, default)]
                content: Option<Vec<&'a RawValue>>,
            }
            let tokens = serde_json::from_str::<Tokens<'_>>(logprobs.get()).ok().and_then(|tokens| tokens.content);
            self.logprobs.extend(tokens.into_iter().flatten().map(|token| token.get().to_owned()));
            return;
        }
        let Some(piece) = self.parts.get_mut(part as usize) else { return };
        match delta {
            Delta::Text(more) | Delta::Arguments(more) => piece.text.push_str(&more),
            Delta::Signature(seal) => piece.signature.get_or_insert_default().push_str(&seal),
            Delta::Hidden(data) => piece.hidden.get_or_insert_default().push_str(&data),
            Delta::Citation(citation) => {
                let json = citation.json.map(|(vendor, json)| (vendor, json.to_owned()));
                let owned = |text: Option<Text<'_>>| text.map(Text::into_owned);
                let citation = Citation {
                    url: owned(citation.url),
                    title: owned(citation.title),
                    quote: owned(citation.quote),
                    start: citation.start,
                    end: citation.end,
                    json: None,
                };
                piece.citations.push(Cited(citation, json));
            }
            Delta::Logprobs(_) => {}
        }
    }

    fn whole(self, kept: &Kept) -> Choice<'_> {
        let logprobs = (!self.logprobs.is_empty()).then(|| {
            let mut out = Vec::new();
            Object::write(&mut out, |object| object.raw("content", &format!("[{}]", self.logprobs.join(","))));
            String::from_utf8(out).ok().and_then(|json| RawValue::from_string(json).ok())
        });
        Choice {
            index: self.index,
            parts: self.parts.into_iter().map(|piece| piece.whole(kept)).collect(),
            finish: self.finish,
            logprobs: logprobs.flatten().and_then(|json| keep(kept, json)),
            ..Choice::default()
        }
    }
}

impl Piece {
    fn opened(opening: Opening<'_>) -> Self {
        let (kind, signature) = match opening {
            Opening::Text => (Kind::Text, None),
            Opening::Refusal => (Kind::Refusal, None),
            Opening::Thinking { id, vendor } => (Kind::Thinking { id: id.map(|id| id.to_string()), vendor }, None),
            Opening::ToolCall { id, name, kind, signature } => (
                Kind::Call { id: id.to_string(), name: name.to_string(), kind },
                signature.map(|seal| seal.to_string()),
            ),
            Opening::Media(media) => (Kind::Media(media.into_owned()), None),
            Opening::Opaque(OpaquePart { kind, vendor, json }) => {
                (Kind::Opaque { kind: kind.to_string(), vendor, json: json.map(ToOwned::to_owned) }, None)
            }
        };
        Self { kind, signature, ..Self::default() }
    }

    fn whole(self, kept: &Kept) -> Part<'_> {
        let Self { kind, text, signature, hidden, citations } = self;
        let (text, signature) = (Text::from(text), signature.map(Text::from));
        match kind {
            Kind::Text => {
                let cited = |Cited(citation, json)| Citation {
                    json: json.and_then(|(vendor, json)| Some((vendor, keep(kept, json)?))),
                    ..citation
                };
                let citations = citations.into_iter().map(cited).collect();
                Part::Text(TextPart { text, citations, cache: None, signature })
            }
            Kind::Refusal => Part::Refusal(text),
            Kind::Thinking { id, vendor } => {
                let (hidden, id) = (hidden.map(Text::from), id.map(Text::from));
                Part::Thinking(Thinking { text, signature, hidden, id, vendor })
            }
            Kind::Call { id, name, kind } => {
                let (id, name) = (id.into(), name.into());
                Part::ToolCall(ToolCall { id, name, arguments: text, kind, cache: None, signature })
            }
            Kind::Media(media) => Part::Media(media),
            Kind::Opaque { kind, vendor, json } => {
                let json = json.and_then(|json| keep(kept, json));
                Part::Opaque(OpaquePart { kind: kind.into(), vendor, json })
            }
        }
    }
}

fn keep(kept: &Kept, json: Box<RawValue>) -> Option<&RawValue> {
    kept.keep(vec![json]).first().map(AsRef::as_ref)
}
