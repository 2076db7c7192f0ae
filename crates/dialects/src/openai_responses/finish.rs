//! Why an answer ended, and failures within it: read and written.

use crate::codec::read_fault;
use crate::json::{Loose, Object};
use crate::model::{Fault, FaultKind, Finish, Usage};
use crate::text::Text;

use super::fields::FaultFields;

/// From `status` and `incomplete_details` ("The response object", 2026-11).
pub(super) fn read_finish(status: Option<&str>, reason: Option<&str>, has_calls: bool) -> Finish<'static> {
    match (status, reason) {
        (Some("incomplete"), Some("content_filter")) => Finish::Filtered,
        (Some("incomplete"), _) => Finish::Length,
        (Some("failed" | "cancelled"), _) => Finish::Failed,
        (Some(_) | None, _) if has_calls => Finish::ToolCalls,
        (Some(_) | None, _) => Finish::Stop,
    }
}

/// `status`, and the reason if it is `incomplete`.
pub(super) const fn status(finish: Option<&Finish<'_>>) -> (&'static str, Option<&'static str>) {
    match finish {
        None | Some(Finish::Stop | Finish::StopText(_) | Finish::ToolCalls | Finish::Paused | Finish::Other(_)) => {
            ("completed", None)
        }
        Some(Finish::Length | Finish::ContextFull) => ("incomplete", Some("max_output_tokens")),
        Some(Finish::Filtered | Finish::Refused) => ("incomplete", Some("content_filter")),
        Some(Finish::Failed) => ("failed", None),
    }
}

/// A failure, with the field at fault. In streams and in stored responses it has no status: its code says what kind it
/// is ("The response object: error", 2026-11).
pub(super) fn failure(status: u16, body: &[u8]) -> Fault<'static> {
    let fields: FaultFields<'_> = serde_json::from_slice(body).unwrap_or_default();
    let inner = fields.error.and_then(Loose::known).and_then(|error| error.param);
    let param = inner.or(fields.param).and_then(Loose::known);
    let mut fault = Fault { param: param.map(Text::into_owned), ..read_fault(status, body) };
    if status < 400
        && let Some(kind) = fault.code.as_deref().and_then(kind_of)
    {
        fault.kind = kind;
        fault.status = kind.status();
    }
    fault
}

fn kind_of(code: &str) -> Option<FaultKind> {
    match code {
        "rate_limit_exceeded" => Some(FaultKind::RateLimit),
        "insufficient_quota" => Some(FaultKind::Billing),
        "server_is_overloaded" | "slow_down" => Some(FaultKind::Overloaded),
        "server_error" | "vector_store_timeout" => Some(FaultKind::Server),
        "invalid_prompt" | "context_length_exceeded" | "bio_policy" | "data_residency_mismatch" => {
            Some(FaultKind::InvalidRequest)
        }
        // "invalid_image", "image_too_large" and a dozen more.
        _ if code.contains("image") => Some(FaultKind::InvalidRequest),
        _ => None,
    }
}

/// The documented fields, and beside them the object that the vendor's own libraries make their exception of. Callers
/// go by the code: one of the documented stands where the provider gave none.
pub(super) fn write_stream_fault(data: &mut Object<'_>, fault: &Fault<'_>) {
    let code = match fault.kind {
        FaultKind::RateLimit => "rate_limit_exceeded",
        FaultKind::InvalidRequest | FaultKind::NotFound | FaultKind::TooLarge => "invalid_prompt",
        FaultKind::Billing => "insufficient_quota",
        FaultKind::Authentication
        | FaultKind::Permission
        | FaultKind::Timeout
        | FaultKind::Server
        | FaultKind::Overloaded => "server_error",
    };
    data.text("code", fault.code.as_deref().unwrap_or(code));
    data.text("message", &fault.message);
    match &fault.param {
        Some(param) => data.text("param", param),
        None => data.null("param"),
    }
    crate::openai_chat::write_error(data, fault);
}

/// `usage` ("The response object", 2026-11): both details are always there.
pub(super) fn write_usage(body: &mut Object<'_>, usage: Option<&Usage>) {
    let Some(usage) = usage.filter(|usage| usage.is_known()) else { return body.null("usage") };
    body.object("usage", |counts| {
        counts.count("input_tokens", usage.input.unwrap_or(0));
        counts.object("input_tokens_details", |details| {
            details.count("cached_tokens", usage.cache_read.unwrap_or(0));
            details.count("cache_write_tokens", usage.cache_write.unwrap_or(0));
        });
        counts.count("output_tokens", usage.output.unwrap_or(0));
        counts.object("output_tokens_details", |details| {
            details.count("reasoning_tokens", usage.reasoning.unwrap_or(0));
        });
        counts.count("total_tokens", usage.sum());
    });
}
