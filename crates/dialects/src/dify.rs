//! Dify applications, for providers (Dify, "Developing with APIs", 2026-11): chats and agents, completions, workflows.
//! An application takes one text and has its own model and prompt, so most of a request has no place here.

use claviger_types::Operation;

use crate::codec::{Asked, Context, Refused, StreamReader, Unreadable, Upstream, read_fault};
use crate::model::{Answer, Dropped, Fault, FaultKind, Request};
use crate::sse::Sse;
use crate::text::Text;

mod answer;
mod fields;
mod settings;
mod stream_in;
#[cfg(test)]
mod tests;
mod write_request;

pub use answer::conversation;
pub use settings::{DifyBot, DifySettings};

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dify;

impl Upstream for Dify {
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
        write_request::write(request, context, dropped, out)
    }

    fn read_answer<'a>(&self, body: &'a str, asked: &Asked) -> Result<Answer<'a>, Unreadable> {
        answer::read(body, settings::of(&asked.settings))
    }

    fn stream_reader(&self, asked: &Asked) -> Box<dyn StreamReader> {
        Box::new(Sse::new(stream_in::Reader::new(asked)))
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault<'static> {
        fault(status, body)
    }

    fn hidden_fault(&self, status: u16, body: &[u8]) -> Option<Fault<'static>> {
        match answer::workflow_error(body) {
            Some(message) => Some(failed_workflow(message)),
            None => claviger_wire::fault::in_json(body).map(|_| fault(status, body)),
        }
    }
}

/// A failure; its code tells what it is where the status does not ("Errors", 2026-11).
fn fault(status: u16, body: &[u8]) -> Fault<'static> {
    let fault = read_fault(status, body);
    let kind = match fault.code.as_deref().unwrap_or_default() {
        "provider_quota_exceeded" => FaultKind::Billing,
        "rate_limit_error" | "too_many_requests" => FaultKind::RateLimit,
        "not_found" | "conversation_not_exists" => FaultKind::NotFound,
        "unauthorized" => FaultKind::Authentication,
        _ => return fault,
    };
    Fault { kind, ..fault }
}

fn failed_workflow(message: String) -> Fault<'static> {
    Fault {
        status: 502,
        kind: FaultKind::Server,
        code: Some(Text::fixed("workflow_failed")),
        message: message.into(),
        param: None,
    }
}
