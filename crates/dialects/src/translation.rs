//! One exchange between a caller and a provider that speak different dialects.
//!
//! In: the caller's body, then the provider's answer. Out: the provider's body, then the caller's answer. Nothing here
//! knows a dialect.

use std::sync::Arc;

use bytes::Bytes;
use claviger_types::Operation;

use crate::codec::{Asked, Client, Context, Refused, Sink, StreamReader, StreamWriter, Upstream};
use crate::count::estimate;
use crate::hygiene::{self, Hygiene, Promotion};
use crate::model::{Answer, Delta, Dropped, Event, Fault, FaultKind, Opening};
use crate::protocol::Protocol;
use crate::replay::replay;
use crate::text::Text;

#[cfg(test)]
mod tests;

/// A pair of dialects and what the answer must know of the request.
#[derive(Clone)]
pub struct Translation {
    client: &'static dyn Client,
    /// Whether that is OpenAI chat.
    is_chat: bool,
    /// Writes failures in the provider's own dialect, or in OpenAI's if nobody but the provider speaks it.
    teller: &'static dyn Client,
    upstream: &'static dyn Upstream,
    context: Context,
    /// What is tidied; callers of OpenAI chat have it tidied in their own words.
    hygiene: Option<Arc<Hygiene>>,
    asked: Asked,
}

impl std::fmt::Debug for Translation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Translation")
            .field("context", &self.context)
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

/// A request in the provider's dialect.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The body.
    pub body: Bytes,
    /// What is asked of the provider: decides the path.
    pub operation: Operation,
    /// Whether the provider is asked for a stream.
    pub stream: bool,
    /// The caller's fields that could not be carried.
    pub dropped: Dropped,
    /// The bodies of further requests of the same kind, where one holds too little; the answers to all are read as one
    /// list of JSON.
    pub further: Vec<Bytes>,
}

/// An answer in the caller's dialect.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body, always JSON.
    pub body: Bytes,
}

impl Translation {
    /// The translation between what the caller speaks and what the provider speaks. `None`: both speak the same and
    /// bytes pass, or one of them is not spoken on that side.
    pub fn new(client: Protocol, upstream: Protocol, context: Context) -> Option<Self> {
        if client == upstream {
            return None;
        }
        let asked = Asked {
            now: context.now,
            nonce: context.nonce,
            array_stream: context.array_stream,
            unnamed: context.profile.unnamed,
            settings: context.profile.settings.clone(),
            ..Asked::default()
        };
        let teller = upstream.client().or(Protocol::OpenAiChat.client())?;
        let hygiene = context.profile.hygiene.clone().filter(|_| client != Protocol::OpenAiChat);
        let is_chat = client == Protocol::OpenAiChat;
        Some(Self {
            client: client.client()?,
            is_chat,
            teller,
            upstream: upstream.upstream()?,
            context,
            hygiene,
            asked,
        })
    }

    /// Translates the request. The answer's methods depend on it: call this first.
    ///
    /// # Errors
    /// When the caller made a mistake; [`Translation::refusal`] is the answer to it.
    pub fn request(&mut self, body: &[u8]) -> Result<Outgoing, Refused> {
        let text = utf8(body)?;
        let mut request = self.client.read_request(text, &self.context)?;
        if let Some(hygiene) = &self.hygiene {
            hygiene.tidy(&mut request.messages);
        }
        self.asked.model = self.context.model.as_deref().unwrap_or(&request.model).to_owned();
        self.asked.stream = request.stream;
        self.asked.has_tools = !request.tools.is_empty();
        self.asked.include_usage = request.include_usage;
        request.stream &= self.upstream.streams();
        let mut dropped = Dropped::default();
        let passed = self.is_chat.then(|| self.upstream.pass_request(body, &request, &self.context)).flatten();
        let body = match passed {
            Some(body) => body,
            None => {
                let mut out = Vec::with_capacity(body.len() + body.len() / 8 + 256);
                self.upstream.write_request(&request, &self.context, &mut dropped, &mut out)?;
                out.into()
            }
        };
        let operation = self.upstream.operation(request.stream);
        Ok(Outgoing { body, operation, stream: request.stream, dropped, further: Vec::new() })
    }

    /// Answers the question how many LLM tokens a request is, by an estimate: for providers that do not count.
    ///
    /// # Errors
    /// When the caller made a mistake.
    pub fn token_count(&self, body: &[u8]) -> Result<Reply, Refused> {
        let body = utf8(body)?;
        let request = self.client.read_request(body, &self.context)?;
        let mut out = Vec::with_capacity(32);
        self.client.write_count(estimate(&request), &mut out);
        Ok(Reply { status: 200, body: out.into() })
    }

    /// The request that asks the provider how many LLM tokens it is. `None`: such providers are not asked.
    ///
    /// # Errors
    /// When the caller made a mistake.
    pub fn count_request(&self, body: &[u8]) -> Result<Option<Bytes>, Refused> {
        let request = self.client.read_request(utf8(body)?, &self.context)?;
        let (mut out, mut dropped) = (Vec::with_capacity(body.len() + 256), Dropped::default());
        self.upstream.write_request(&request, &self.context, &mut dropped, &mut out)?;
        Ok(self.upstream.count_request(&out, &self.context).map(Bytes::from))
    }

    /// The provider's answer to it in the caller's dialect. `None`: it says no number.
    pub fn counted(&self, body: &[u8]) -> Option<Reply> {
        let count = std::str::from_utf8(body).ok().and_then(|body| self.upstream.read_count(body))?;
        let mut out = Vec::with_capacity(32);
        self.client.write_count(count, &mut out);
        Some(Reply { status: 200, body: out.into() })
    }

    /// The answer to a request that was refused.
    pub fn refusal(&self, refused: &Refused) -> Reply {
        self.failure(&refused.fault())
    }

    /// A failure in the caller's dialect.
    pub fn failure(&self, fault: &Fault<'_>) -> Reply {
        let mut out = Vec::with_capacity(256);
        self.client.write_fault(fault, &mut out);
        Reply { status: fault.status, body: out.into() }
    }

    /// Translates a whole answer, good or failed. A good one that cannot be read becomes a 502.
    pub fn answer(&self, status: u16, body: &[u8]) -> Reply {
        if status >= 400 && self.client.can_read_fault(body) {
            return Reply { status, body: Bytes::copy_from_slice(body) };
        }
        if status >= 400 {
            return self.failure(&self.upstream.read_fault(status, body));
        }
        let read = std::str::from_utf8(body).ok().map(|body| self.upstream.read_answer(body, &self.asked));
        match read {
            Some(Ok(mut answer)) => {
                self.promote(&mut answer);
                let mut out = Vec::with_capacity(body.len() + 256);
                self.client.write_answer(&answer, &self.asked, &mut out);
                Reply { status, body: out.into() }
            }
            Some(Err(_)) | None => self.failure(&self.unread(status, body)),
        }
    }

    /// Translates a whole good answer into the stream that the caller asked for and the provider does not have
    /// ([`Outgoing::stream`] is false). One that cannot be read becomes a stream of an error alone.
    pub fn answer_as_stream(&self, body: &[u8], out: &mut Vec<u8>) {
        let (mut writer, mut has_ended) = (self.client.stream_writer(&self.asked), false);
        let mut sink = |event: Event<'_>| forward(writer.as_mut(), &mut has_ended, event, out);
        match std::str::from_utf8(body).ok().map(|body| self.upstream.read_answer(body, &self.asked)) {
            Some(Ok(mut answer)) => {
                self.promote(&mut answer);
                replay(&answer, &mut sink);
            }
            Some(Err(_)) | None => sink(Event::Fault(self.unread(200, body))),
        }
    }

    fn promotes(&self) -> bool {
        self.hygiene.as_ref().is_some_and(|hygiene| hygiene.promotes)
    }

    fn promote(&self, answer: &mut Answer<'_>) {
        if self.promotes() {
            hygiene::promote(answer);
        }
    }

    /// Why a good status brought no answer: some providers tell of a failure that way.
    fn unread(&self, status: u16, body: &[u8]) -> Fault<'static> {
        self.upstream.hidden_fault(status, body).unwrap_or_else(invalid_answer)
    }

    /// Whether a whole answer is read from a stream that is over, as the provider has no other.
    pub fn gathers(&self) -> bool {
        self.upstream.only_streams()
    }

    /// What is asked of the provider.
    pub fn asks(&self) -> Operation {
        self.upstream.operation(self.asked.stream)
    }

    /// Whether the caller asked for a stream.
    pub const fn wants_stream(&self) -> bool {
        self.asked.stream
    }

    /// The media type of the caller's stream.
    pub fn stream_type(&self) -> &'static str {
        self.client.stream_type(&self.asked)
    }

    /// What translates the answer as a stream.
    pub fn stream(&self) -> StreamTranslation {
        StreamTranslation {
            reader: self.upstream.stream_reader(&self.asked),
            writer: self.client.stream_writer(&self.asked),
            teller: self.teller,
            promotion: self.promotes().then(Promotion::default),
            failure: None,
            has_ended: false,
        }
    }
}

/// The body as text, which JSON must be.
pub(crate) fn utf8(body: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(body).map_err(|_| Refused { message: "the body is not valid UTF-8".to_owned(), param: None })
}

/// Of a good status, and not what the provider's dialect sends.
pub(crate) fn invalid_answer() -> Fault<'static> {
    Fault {
        status: 502,
        kind: FaultKind::Server,
        code: Some(Text::fixed("invalid_upstream_answer")),
        message: Text::fixed("the provider's answer could not be read"),
        param: None,
    }
}

/// Translates a stream. Ends once, whatever comes.
pub struct StreamTranslation {
    reader: Box<dyn StreamReader>,
    writer: Box<dyn StreamWriter>,
    teller: &'static dyn Client,
    promotion: Option<Promotion>,
    failure: Option<Bytes>,
    has_ended: bool,
}

impl std::fmt::Debug for StreamTranslation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamTranslation").field("has_ended", &self.has_ended).finish_non_exhaustive()
    }
}

impl StreamTranslation {
    /// Translates the next bytes, cut anywhere, and writes what they mean at the end of `out`.
    pub fn push(&mut self, chunk: Bytes, out: &mut Vec<u8>) {
        self.read(|reader, sink| reader.push(chunk, sink), out);
    }

    /// The provider's bytes have ended: ends the caller's stream too, with an error if the answer was not complete.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.complete(out) {
            self.fail(cut(), out);
        }
    }

    /// The same without the error, whose words are left to the caller: false when the answer was not complete.
    pub fn complete(&mut self, out: &mut Vec<u8>) -> bool {
        self.read(|reader, sink| reader.finish(sink), out);
        self.has_ended
    }

    fn read(&mut self, read: impl FnOnce(&mut dyn StreamReader, Sink<'_>), out: &mut Vec<u8>) {
        let Self { reader, writer, teller, promotion, failure, has_ended } = self;
        read(reader.as_mut(), &mut |event| {
            if let (Event::Fault(fault), false) = (&event, *has_ended) {
                let mut told = Vec::with_capacity(256);
                teller.write_fault(fault, &mut told);
                *failure = Some(told.into());
            }
            let owed = promotion.as_mut().and_then(|promotion| promotion.before(&event));
            if let Some((choice, part, text)) = owed {
                for event in [
                    Event::Open { choice, part, opening: Opening::Text },
                    Event::Delta { choice, part, delta: Delta::Text(text) },
                    Event::Close { choice, part },
                ] {
                    forward(writer.as_mut(), has_ended, event, out);
                }
            }
            forward(writer.as_mut(), has_ended, event, out);
        });
    }

    /// What the provider said in mid-stream when it failed, as an error body for classification.
    pub const fn failure(&self) -> Option<&Bytes> {
        self.failure.as_ref()
    }

    /// Ends the caller's stream with an error, unless it has ended.
    pub fn fail(&mut self, fault: Fault<'_>, out: &mut Vec<u8>) {
        forward(self.writer.as_mut(), &mut self.has_ended, Event::Fault(fault), out);
    }

    /// Whether the caller's stream has ended: what the provider still sends is not for the caller.
    pub const fn has_ended(&self) -> bool {
        self.has_ended
    }
}

fn forward(writer: &mut dyn StreamWriter, has_ended: &mut bool, event: Event<'_>, out: &mut Vec<u8>) {
    if *has_ended {
        return;
    }
    *has_ended = matches!(event, Event::End | Event::Fault(_));
    writer.write(event, out);
}

fn cut() -> Fault<'static> {
    Fault {
        status: 502,
        kind: FaultKind::Server,
        code: Some(Text::fixed("stream_cut")),
        message: Text::fixed("the provider's answer broke off before it was complete"),
        param: None,
    }
}
