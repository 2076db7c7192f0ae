//! A whole answer, read.

use crate::codec::Unreadable;
use crate::json::Loose;
use crate::model::{Answer, Choice, Finish, Part, Usage};
use crate::text::Number;

use super::fields::{AnswerChoice, AnswerFields, UsageFields};
use super::message_in::spoken;
use super::read_finish;

pub(super) fn read(body: &str) -> Result<Answer<'_>, Unreadable> {
    let answer: AnswerFields<'_> = serde_json::from_str(body)?;
    let Some(choices) = answer.choices else {
        return Err(Unreadable { message: "the answer has no choices".to_owned() });
    };
    Ok(Answer {
        id: answer.id,
        model: answer.model,
        created: answer.created.and_then(Loose::known).as_ref().map(Number::count),
        usage: usage(answer.usage),
        choices: choices.into_iter().map(choice).collect(),
        service_tier: answer.service_tier,
        extras: answer.unknown,
    })
}

fn choice(fields: AnswerChoice<'_>) -> Choice<'_> {
    let parts = fields.message.or(fields.delta).map(spoken).unwrap_or_default();
    let has_calls = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let finish = fields.finish_reason.filter(|word| !matches!(word.as_str(), "" | "null")).map(read_finish);
    Choice {
        index: fields.index.unwrap_or(0),
        name: None,
        parts,
        finish: finish.map(|finish| of_calls(finish, has_calls)),
        logprobs: fields.logprobs,
        safety: fields.content_filter_results,
    }
}

/// Some say `stop` though the model calls tools: then callers of other dialects would not run them.
pub(super) fn of_calls(finish: Finish<'_>, has_calls: bool) -> Finish<'_> {
    match finish {
        Finish::Stop if has_calls => Finish::ToolCalls,
        finish => finish,
    }
}

pub(super) fn usage(fields: Option<Loose<'_, UsageFields<'_>>>) -> Option<Usage> {
    let usage = fields?.known()?.usage();
    usage.is_known().then_some(usage)
}
