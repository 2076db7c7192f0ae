//! iFlytek Spark, for providers (Spark open platform, "Spark HTTP API", 2026-11). The request is OpenAI chat; the answer
//! is near it, with a code of its own and without finish reasons.

use bytes::Bytes;
use claviger_types::Operation;
use claviger_wire::json;

use crate::codec::{Asked, Context, Refused, StreamReader, Unreadable, Upstream, read_fault};
use crate::model::{Answer, Dropped, Fault, FaultKind, Request};
use crate::openai_chat::OpenAiChat;
use crate::sse::Sse;
use crate::text::Number;

mod answer;
mod fields;
mod stream_in;
#[cfg(test)]
mod tests;

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spark;

impl Upstream for Spark {
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
        OpenAiChat.write_request(request, context, dropped, out)
    }

    fn pass_request(&self, body: &[u8], request: &Request<'_>, context: &Context) -> Option<Bytes> {
        let mut body = Bytes::copy_from_slice(body);
        let mut set = |key: &str, raw: &str| body = json::set_field(&body, key, raw);
        if let Some(model) = &context.model {
            set("model", &json::quote(model));
        }
        if request.stream {
            set("stream_options", r#"{"include_usage":true}"#);
        }
        // the limit has but one name here
        match (request.max_output, json::scan(&body, &["max_tokens", "max_completion_tokens"])) {
            (Some(most), Ok([None, Some(_)])) => {
                let body = json::remove_field(&body, "max_completion_tokens");
                Some(json::set_field(&body, "max_tokens", &most.to_string()))
            }
            _ => Some(body),
        }
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
    let code = serde_json::from_slice::<fields::Failed<'_>>(body).ok().and_then(|fields| fields.code);
    let kind = match code.as_ref().map(Number::count) {
        Some(10003..=10005 | 10013 | 10014 | 10019 | 10163 | 10907) => FaultKind::InvalidRequest,
        Some(10007 | 11201..=11203) => FaultKind::RateLimit,
        Some(10008 | 10010 | 10110) => FaultKind::Overloaded,
        Some(10015..=10018 | 11200) => FaultKind::Permission,
        Some(_) | None => FaultKind::Server,
    };
    Fault { kind, status: kind.status(), ..fault }
}
