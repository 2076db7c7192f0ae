//! LLM tokens counted by the provider, found in an answer or in an event of a stream.
//!
//! In: JSON bytes of any dialect. Out: the counts, if there are any. Odd shapes give no usage, never a failure, and an
//! answer that does not mention usage is not parsed.

use claviger_types::Usage;
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::raw::{Raw, count, elements, field, object};

#[cfg(test)]
mod tests;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    usage: Raw<'a>,
    /// Gemini.
    #[serde(borrow, rename = "usageMetadata")]
    usage_metadata: Raw<'a>,
    /// Events of OpenAI responses.
    #[serde(borrow)]
    response: Raw<'a>,
    /// Anthropic's first event.
    #[serde(borrow)]
    message: Raw<'a>,
    /// Moonshot puts it into the first choice.
    #[serde(borrow)]
    choices: Raw<'a>,
    /// Groq's older streams.
    #[serde(borrow)]
    x_groq: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Holder<'a> {
    #[serde(borrow)]
    usage: Raw<'a>,
}

/// The usage object of OpenAI (all operations), Anthropic and those who copy them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Counts<'a> {
    #[serde(borrow)]
    prompt_tokens: Raw<'a>,
    #[serde(borrow)]
    completion_tokens: Raw<'a>,
    #[serde(borrow)]
    input_tokens: Raw<'a>,
    #[serde(borrow)]
    output_tokens: Raw<'a>,
    #[serde(borrow)]
    total_tokens: Raw<'a>,
    #[serde(borrow)]
    prompt_tokens_details: Raw<'a>,
    #[serde(borrow)]
    input_tokens_details: Raw<'a>,
    #[serde(borrow)]
    completion_tokens_details: Raw<'a>,
    #[serde(borrow)]
    output_tokens_details: Raw<'a>,
    /// Anthropic; not part of its `input_tokens`.
    #[serde(borrow)]
    cache_read_input_tokens: Raw<'a>,
    #[serde(borrow)]
    cache_creation_input_tokens: Raw<'a>,
    /// DeepSeek.
    #[serde(borrow)]
    prompt_cache_hit_tokens: Raw<'a>,
    /// Moonshot.
    #[serde(borrow)]
    cached_tokens: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details<'a> {
    #[serde(borrow)]
    cached_tokens: Raw<'a>,
    #[serde(borrow)]
    reasoning_tokens: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    prompt_token_count: Raw<'a>,
    #[serde(borrow)]
    tool_use_prompt_token_count: Raw<'a>,
    #[serde(borrow)]
    candidates_token_count: Raw<'a>,
    #[serde(borrow)]
    thoughts_token_count: Raw<'a>,
    #[serde(borrow)]
    cached_content_token_count: Raw<'a>,
}

/// The usage that an answer, or one event of a stream, reports.
pub fn in_json(body: &[u8]) -> Option<Usage> {
    memmem::find(body, b"usage")?;
    let text = std::str::from_utf8(body).ok()?;
    if text.trim_start().starts_with('[') {
        // A Gemini stream that was not asked for as events is one array; counts grow, the last are the final ones.
        let answers: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        return answers.into_iter().rev().find_map(|answer| in_answer(&object(answer.get())?));
    }
    in_answer(&object(text)?)
}

fn in_answer(answer: &Answer<'_>) -> Option<Usage> {
    counts(answer.usage)
        .or_else(|| metadata(answer.usage_metadata))
        .or_else(|| nested(answer.response))
        .or_else(|| nested(answer.message))
        .or_else(|| nested(answer.x_groq))
        .or_else(|| elements::<&RawValue>(answer.choices).first().and_then(|first| nested(Some(first))))
}

/// The usage inside an object that has a `usage` field.
pub(crate) fn nested(holder: Raw<'_>) -> Option<Usage> {
    memmem::find(holder?.get().as_bytes(), b"usage")?;
    counts(field::<Holder<'_>>(holder)?.usage)
}

/// A usage object of OpenAI's or Anthropic's shape.
pub(crate) fn counts(raw: Raw<'_>) -> Option<Usage> {
    let counts: Counts<'_> = field(raw)?;
    let details = |first, second| field::<Details<'_>>(first).or_else(|| field(second)).unwrap_or_default();
    let of_input = details(counts.prompt_tokens_details, counts.input_tokens_details);
    let of_output = details(counts.completion_tokens_details, counts.output_tokens_details);
    let cache_read = count(counts.cache_read_input_tokens);
    let input = match counts.prompt_tokens {
        Some(_) => count(counts.prompt_tokens),
        None => count(counts.input_tokens)
            .saturating_add(cache_read)
            .saturating_add(count(counts.cache_creation_input_tokens)),
    };
    let output = count(counts.completion_tokens.or(counts.output_tokens));
    let usage = Usage {
        // Rerankers and some embedders tell the total only.
        input: if input == 0 { count(counts.total_tokens).saturating_sub(output) } else { input },
        output,
        cached: count(of_input.cached_tokens)
            .max(cache_read)
            .max(count(counts.prompt_cache_hit_tokens))
            .max(count(counts.cached_tokens)),
        reasoning: count(of_output.reasoning_tokens),
    };
    usage.is_known().then_some(usage)
}

/// Gemini's usage object.
pub(crate) fn metadata(raw: Raw<'_>) -> Option<Usage> {
    let counts: Metadata<'_> = field(raw)?;
    let reasoning = count(counts.thoughts_token_count);
    let usage = Usage {
        input: count(counts.prompt_token_count).saturating_add(count(counts.tool_use_prompt_token_count)),
        output: count(counts.candidates_token_count).saturating_add(reasoning),
        cached: count(counts.cached_content_token_count),
        reasoning,
    };
    usage.is_known().then_some(usage)
}
