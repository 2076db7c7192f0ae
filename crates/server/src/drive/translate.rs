//! An answer on its way into the caller's dialect.
//!
//! Whole answers are judged by what the provider said and written anew; streams are written anew chunk by chunk, so
//! that whoever reads events afterwards sees the caller's dialect alone.

use bytes::Bytes;
use claviger_dialects::model::{Fault, FaultKind};
use claviger_dialects::{StreamTranslation, Text};
use claviger_providers::{AnswerEdit, Edited, Interpreter, Prepared, StreamEdit};
use claviger_wire::sse::Splitter;
use http::{HeaderMap, HeaderValue, header};

/// A stream that is being translated.
pub(crate) struct Translator {
    stream: StreamTranslation,
    /// What changes in the provider's events before.
    edit: Option<(Splitter, StreamEdit)>,
    begin: Bytes,
}

impl Translator {
    pub(crate) fn new(stream: StreamTranslation, edit: Option<AnswerEdit>) -> Self {
        let edit = edit.map(|edit| (Splitter::default(), edit.stream()));
        Self { stream, edit, begin: Bytes::new() }
    }

    /// The first bytes that came.
    pub(crate) const fn begin(&self) -> &Bytes {
        &self.begin
    }

    /// What the provider's next bytes mean; often nothing yet.
    pub(crate) fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.begin.is_empty() {
            self.begin = chunk.clone();
        }
        let mut out = Vec::with_capacity(chunk.len() + chunk.len() / 2);
        match &mut self.edit {
            None => self.stream.push(chunk, &mut out),
            Some((splitter, edit)) => {
                // what is too long for the splitter is cut off, and told as such at the end
                let _ = splitter.push(chunk);
                while let Some(event) = splitter.next() {
                    match edit.event(&event) {
                        Edited::Same => self.stream.push(event.raw, &mut out),
                        Edited::Replace(bytes) => self.stream.push(bytes, &mut out),
                        Edited::Drop => {}
                    }
                }
            }
        }
        out.into()
    }

    /// The bytes have ended: what is owed, and whether the answer was complete.
    pub(crate) fn complete(&mut self) -> (Bytes, bool) {
        let mut out = Vec::new();
        if let Some((splitter, edit)) = &mut self.edit {
            let rest = [std::mem::take(splitter).finish(), edit.finish()];
            rest.into_iter().flatten().for_each(|bytes| self.stream.push(bytes, &mut out));
        }
        let complete = self.stream.complete(&mut out);
        (out.into(), complete)
    }

    /// The error with which the caller's stream ends; empty if it has ended.
    pub(crate) fn fail(&mut self, code: &'static str, message: &str) -> Bytes {
        let mut out = Vec::new();
        let fault = Fault {
            status: 502,
            kind: FaultKind::Server,
            code: Some(Text::fixed(code)),
            message: message.into(),
            param: None,
        };
        self.stream.fail(fault, &mut out);
        out.into()
    }

    /// What the provider said when it failed in mid-stream.
    pub(crate) const fn failure(&self) -> Option<&Bytes> {
        self.stream.failure()
    }
}

/// The provider's whole answer in the caller's dialect, else what it says instead of one; `None` when it cannot be read.
pub(crate) fn whole(interpreter: &Interpreter, body: &[u8]) -> Result<Bytes, Option<Bytes>> {
    let reply = interpreter.answer(200, body);
    if reply.status >= 400 {
        return Err((reply.status < 500).then_some(reply.body));
    }
    let Some(translation) = interpreter.conversation().filter(|translation| translation.wants_stream()) else {
        return Ok(reply.body);
    };
    let mut out = Vec::with_capacity(reply.body.len() * 2);
    translation.answer_as_stream(body, &mut out);
    Ok(out.into())
}

/// Whether the answer is a stream although the caller wants it whole.
pub(crate) fn gathers(prepared: &Prepared) -> bool {
    !prepared.stream && prepared.translation.as_ref().is_some_and(|interpreter| interpreter.gathers())
}

/// The headers of an answer that was translated.
pub(crate) fn headers(headers: &mut HeaderMap, kind: &'static str) {
    headers.remove(header::CONTENT_ENCODING);
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
}

/// The media type of a good answer.
pub(crate) fn media_type(interpreter: &Interpreter) -> &'static str {
    interpreter.media_type()
}

/// Whether the caller's stream consists of events.
pub(crate) fn has_events(prepared: &Prepared) -> bool {
    let kind = prepared.translation.as_ref().and_then(|interpreter| interpreter.stream_type());
    kind.is_none_or(|kind| kind == "text/event-stream")
}
