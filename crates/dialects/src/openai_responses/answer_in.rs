//! A whole answer, read.

use serde_json::value::RawValue;

use crate::codec::Unreadable;
use crate::json::{Loose, TextOr};
use crate::model::{Answer, CallKind, Choice, Finish, Part, Thinking, Usage};
use crate::text::Number;

use super::fields::{IncompleteFields, ItemFields, ResponseFields, UsageFields};
use super::finish::read_finish;
use super::items_in::spoken;

pub(super) fn read(body: &str) -> Result<Answer<'_>, Unreadable> {
    let mut response: ResponseFields<'_> = serde_json::from_str(body)?;
    let Some(output) = response.output.take() else {
        return Err(Unreadable { message: "the response has no output".to_owned() });
    };
    let (mut parts, mut logprobs) = (Vec::new(), None);
    for item in output.into_iter().filter_map(Loose::known) {
        logprobs = logprobs.or(probabilities(&item));
        spoken(item, &mut parts);
    }
    parts.retain(|part| !matches!(part, Part::Thinking(thinking) if says_nothing(thinking)));
    let finish = finish(&response, has_calls(&parts));
    if finish == Finish::Failed {
        return Err(Unreadable { message: "the response failed".to_owned() });
    }
    let usage = usage(response.usage.take(), &parts);
    Ok(Answer {
        id: response.id,
        model: response.model,
        created: response.created_at.and_then(Loose::known).as_ref().map(Number::count),
        choices: vec![Choice { parts, finish: Some(finish), logprobs, ..Choice::default() }],
        usage,
        service_tier: response.service_tier.and_then(Loose::known),
        extras: response.unknown,
    })
}

/// Thoughts that are kept at the provider: nobody else has any use for them.
fn says_nothing(thinking: &Thinking<'_>) -> bool {
    thinking.text.is_empty() && thinking.signature.is_none() && thinking.hidden.is_none()
}

/// Why the answer ended.
pub(super) fn finish(response: &ResponseFields<'_>, has_calls: bool) -> Finish<'static> {
    let reason = match &response.incomplete_details {
        Some(Loose::Known(IncompleteFields { reason, .. })) => reason.as_deref(),
        Some(Loose::Strange(_)) | None => None,
    };
    read_finish(response.status.as_deref(), reason, has_calls)
}

/// What was used. Searches are items of the output, not counts.
fn usage(fields: Option<Loose<'_, UsageFields<'_>>>, parts: &[Part<'_>]) -> Option<Usage> {
    let searches = parts.iter().filter(|part| matches!(part, Part::ToolCall(call) if call.kind == CallKind::Server));
    counted(fields, u64::try_from(searches.count()).unwrap_or(0))
}

/// What was used, with so many searches.
pub(super) fn counted(fields: Option<Loose<'_, UsageFields<'_>>>, searches: u64) -> Option<Usage> {
    let usage = fields?.known()?.usage();
    let usage = Usage { web_searches: Some(searches).filter(|count| *count > 0), ..usage };
    usage.is_known().then_some(usage)
}

fn has_calls(parts: &[Part<'_>]) -> bool {
    parts.iter().any(|part| matches!(part, Part::ToolCall(call) if call.kind != CallKind::Server))
}

/// The log probabilities of an item's first text: a list, where chat completions have an object around it.
fn probabilities<'a>(item: &ItemFields<'a>) -> Option<&'a RawValue> {
    match &item.content {
        Some(TextOr::Other(parts)) => parts.iter().find_map(|part| part.logprobs).filter(|raw| raw.get() != "[]"),
        Some(TextOr::Text(_)) | None => None,
    }
}
