//! Tencent Hunyuan's signed API, for providers (Tencent Cloud, "ChatCompletions", version 2023-09-01, read 2026-11).
//! The signature is made elsewhere.

use claviger_types::Operation;

use crate::codec::{Asked, Context, Refused, StreamReader, Unreadable, Upstream, read_fault};
use crate::model::{Answer, Dropped, Fault, FaultKind, Finish, Request};
use crate::sse::Sse;
use crate::text::Text;

mod answer;
mod fields;
mod stream_in;
#[cfg(test)]
mod tests;
mod write_request;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hunyuan;

impl Upstream for Hunyuan {
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

    fn read_answer<'a>(&self, body: &'a str, _: &Asked) -> Result<Answer<'a>, Unreadable> {
        answer::read(body)
    }

    fn stream_reader(&self, _: &Asked) -> Box<dyn StreamReader> {
        Box::new(Sse::new(stream_in::Reader::default()))
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault<'static> {
        fault(status, body)
    }
}

/// A failure. It comes with status 200; its code tells what it is ("Common error codes", 2026-11).
fn fault(status: u16, body: &[u8]) -> Fault<'static> {
    let fault = read_fault(status, body);
    if status >= 400 {
        return fault;
    }
    let code = fault.code.as_deref().unwrap_or_default();
    let kind = match code {
        _ if code.starts_with("AuthFailure") => FaultKind::Authentication,
        "UnauthorizedOperation" | "FailedOperation.UserUnAuthError" => FaultKind::Permission,
        _ if code.contains("ResourcePackExhausted") || code.contains("UserArrears") => FaultKind::Billing,
        _ if code.starts_with("ResourceInsufficient") => FaultKind::Billing,
        _ if code.starts_with("LimitExceeded") || code.starts_with("RequestLimitExceeded") => FaultKind::RateLimit,
        "FailedOperation.EngineServerLimitExceeded" => FaultKind::Overloaded,
        "FailedOperation.EngineRequestTimeout" => FaultKind::Timeout,
        _ if code.starts_with("InvalidParameter") || code.starts_with("MissingParameter") => FaultKind::InvalidRequest,
        _ if code.starts_with("ResourceNotFound") || code == "InvalidAction" => FaultKind::NotFound,
        _ => return fault,
    };
    Fault { kind, status: kind.status(), ..fault }
}

/// `FinishReason`, which is empty while there is none.
fn read_finish(word: Text<'_>) -> Option<Finish<'_>> {
    Some(match word.as_str() {
        "" => return None,
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        "tool_calls" => Finish::ToolCalls,
        "sensitive" => Finish::Filtered,
        _ => Finish::Other(word),
    })
}
