//! Qwen's own dialect, DashScope generation, for providers (Alibaba Cloud Model Studio, "DashScope API reference",
//! 2026-11). Text and multimodal models have the same body and different paths: [`is_multimodal`] tells which.

use claviger_types::Operation;

use crate::codec::{Asked, Context, Refused, StreamReader, Unreadable, Upstream, read_fault};
use crate::model::{Answer, Dropped, Fault, FaultKind, Finish, Request};
use crate::sse::Sse;
use crate::text::Text;

mod answer;
mod audio;
mod embeddings;
mod fields;
mod images;
mod pieces;
mod rerank;
mod settings;
mod stream_in;
#[cfg(test)]
mod tests;
mod tools;
mod write_request;

pub use settings::{QwenSettings, QwenThoughts};

/// The dialect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Qwen;

impl Upstream for Qwen {
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

    fn read_answer<'a>(&self, body: &'a str, asked: &Asked) -> Result<Answer<'a>, Unreadable> {
        answer::read(body, settings::thoughts(asked))
    }

    fn stream_reader(&self, asked: &Asked) -> Box<dyn StreamReader> {
        Box::new(Sse::new(stream_in::Reader::new(asked)))
    }

    fn read_fault(&self, status: u16, body: &[u8]) -> Fault<'static> {
        fault(status, body)
    }
}

/// Whether a model is served by the multimodal endpoint: those that see, hear or speak ("Visual understanding", "Audio
/// understanding", 2026-11).
pub fn is_multimodal(model: &str) -> bool {
    ["-vl", "qvq", "-omni", "-audio", "-ocr", "-asr", "-tts"].iter().any(|word| model.contains(word))
}

/// A failure; in streams it comes without a status, but its code tells ("Error codes", 2026-11).
fn fault(status: u16, body: &[u8]) -> Fault<'static> {
    let fault = read_fault(status, body);
    if status >= 400 {
        return fault;
    }
    let code = fault.code.as_deref().unwrap_or_default();
    let kind = match code.split('.').next().unwrap_or_default() {
        "InvalidApiKey" => FaultKind::Authentication,
        "Arrearage" | "AllocationQuota" => FaultKind::Billing,
        "AccessDenied" | "Model" if code != "Model.NotExist" => FaultKind::Permission,
        "ModelNotFound" | "Model" => FaultKind::NotFound,
        "Throttling" | "LimitRequests" => FaultKind::RateLimit,
        "RequestTimeOut" | "ResponseTimeout" => FaultKind::Timeout,
        "ModelServingError" | "ModelUnavailable" => FaultKind::Overloaded,
        "InvalidParameter" | "DataInspectionFailed" | "BadRequest" | "InvalidURL" => FaultKind::InvalidRequest,
        _ => return fault,
    };
    Fault { kind, status: kind.status(), ..fault }
}

/// `finish_reason`, which is the word `null` while there is none.
fn read_finish(word: Text<'_>) -> Option<Finish<'_>> {
    Some(match word.as_str() {
        "" | "null" => return None,
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        "tool_calls" => Finish::ToolCalls,
        "content_filter" => Finish::Filtered,
        _ => Finish::Other(word),
    })
}
