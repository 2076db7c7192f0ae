//! MiniMax' older dialect, chatcompletion_pro, for providers (MiniMax API reference, "ChatCompletion pro", 2026-11): a
//! conversation between a user and a bot that has a name and a setting.

use claviger_types::Operation;

use crate::codec::{Asked, Context, Refused, StreamReader, Unreadable, Upstream, read_fault};
use crate::model::{Answer, Dropped, Fault, FaultKind, Finish, Request};
use crate::sse::Sse;
use crate::text::{Number, Text};

mod answer;
mod fields;
mod stream_in;
#[cfg(test)]
mod tests;
mod write_request;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MiniMaxPro;

impl Upstream for MiniMaxPro {
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

/// A failure. It comes with status 200; its number tells what it is ("Error codes", 2026-11).
fn fault(status: u16, body: &[u8]) -> Fault<'static> {
    let fault = read_fault(status, body);
    if status >= 400 {
        return fault;
    }
    let fields: fields::Failed<'_> = serde_json::from_slice(body).unwrap_or_default();
    let code = fields.base.and_then(|base| base.status_code).as_ref().map(Number::count);
    let kind = match code {
        Some(1001) => FaultKind::Timeout,
        Some(1002 | 1039 | 1041) => FaultKind::RateLimit,
        Some(1004 | 2049) => FaultKind::Authentication,
        Some(1008) => FaultKind::Billing,
        Some(1026 | 1027 | 2013 | 1042) => FaultKind::InvalidRequest,
        Some(_) | None => FaultKind::Server,
    };
    Fault { kind, status: kind.status(), ..fault }
}

fn read_finish(word: Text<'_>) -> Option<Finish<'_>> {
    Some(match word.as_str() {
        "" => return None,
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        "max_output" => Finish::ContextFull,
        "function_call" | "tool_calls" => Finish::ToolCalls,
        _ => Finish::Other(word),
    })
}
