//! Coze bots, for providers (Coze API reference, "Chat v3", 2026-11). The model's name is the bot's id.
//!
//! Without a stream a chat only begins, and must be asked for again and again. So a stream is always asked for: who wants
//! a whole answer hands the whole stream to [`Upstream::read_answer`].

use claviger_types::Operation;

use crate::codec::{Asked, Context, Refused, StreamReader, Unreadable, Upstream, read_fault};
use crate::gather;
use crate::model::{Answer, Dropped, Fault, FaultKind, Request};
use crate::sse::Sse;
use crate::text::Number;

mod fields;
mod stream_in;
#[cfg(test)]
mod tests;
mod write_request;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coze;

impl Upstream for Coze {
    fn operation(&self, _: bool) -> Operation {
        Operation::ChatCompletions
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        write_request::write(request, context, dropped, out);
        Ok(())
    }

    fn only_streams(&self) -> bool {
        true
    }

    fn read_answer<'a>(&self, body: &'a str, asked: &'a Asked) -> Result<Answer<'a>, Unreadable> {
        if body.trim_start().starts_with('{') {
            return Err(Unreadable { message: "the answer is no stream".to_owned() });
        }
        gather::answer(self.stream_reader(asked), body, &asked.kept)
    }

    fn stream_reader(&self, _: &Asked) -> Box<dyn StreamReader> {
        Box::new(Sse::new(stream_in::Reader::default()))
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault<'static> {
        fault(status, body)
    }

    fn hidden_fault(&self, status: u16, body: &[u8]) -> Option<Fault<'static>> {
        let told = || gather::fault(self.stream_reader(&Asked::default()), std::str::from_utf8(body).ok()?);
        claviger_wire::fault::in_json(body).map(|_| self.read_fault(status, body)).or_else(told)
    }
}

/// A failure. Many come with status 200; the number tells what it is ("Error codes", 2026-11).
fn fault(status: u16, body: &[u8]) -> Fault<'static> {
    let fault = read_fault(status, body);
    if status >= 400 {
        return fault;
    }
    let code = serde_json::from_slice::<fields::Failed<'_>>(body).ok().and_then(|fields| fields.code);
    let kind = match code.as_ref().map(Number::count) {
        Some(4000 | 4015 | 4024) => FaultKind::InvalidRequest,
        Some(4100 | 700_012_006) => FaultKind::Authentication,
        Some(4101) => FaultKind::Permission,
        Some(4200) => FaultKind::NotFound,
        Some(4008 | 4009 | 4011 | 4027 | 4028) => FaultKind::Billing,
        Some(4013) => FaultKind::RateLimit,
        Some(4019 | 5001) => FaultKind::Overloaded,
        Some(_) | None => FaultKind::Server,
    };
    Fault { kind, status: kind.status(), ..fault }
}
