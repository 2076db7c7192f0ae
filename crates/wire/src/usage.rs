//! LLM tokens counted by the provider, as the usage objects of all dialects tell them.
//!
//! In: such an object, as far as it is wanted. Out: the counts, if there are any. Odd shapes give no usage, never a failure.

use claviger_types::Usage;
use memchr::memmem;

use crate::raw::{Raw, count, field, fields};

fields! {
    struct Holder<'a> {
        usage: Option<Counts<'a>> = "usage",
    }
}

fields! {
    /// The usage object of OpenAI (all operations), Anthropic and those who copy them.
    pub(crate) struct Counts<'a> {
        prompt_tokens: Raw<'a> = "prompt_tokens",
        completion_tokens: Raw<'a> = "completion_tokens",
        input_tokens: Raw<'a> = "input_tokens",
        output_tokens: Raw<'a> = "output_tokens",
        total_tokens: Raw<'a> = "total_tokens",
        prompt_tokens_details: Option<Details<'a>> = "prompt_tokens_details",
        input_tokens_details: Option<Details<'a>> = "input_tokens_details",
        completion_tokens_details: Option<Details<'a>> = "completion_tokens_details",
        output_tokens_details: Option<Details<'a>> = "output_tokens_details",
        /// Anthropic; not part of its `input_tokens`.
        cache_read_input_tokens: Raw<'a> = "cache_read_input_tokens",
        cache_creation_input_tokens: Raw<'a> = "cache_creation_input_tokens",
        /// DeepSeek.
        prompt_cache_hit_tokens: Raw<'a> = "prompt_cache_hit_tokens",
        /// Moonshot.
        cached_tokens: Raw<'a> = "cached_tokens",
    }
}

fields! {
    pub(crate) struct Details<'a> {
        cached_tokens: Raw<'a> = "cached_tokens",
        reasoning_tokens: Raw<'a> = "reasoning_tokens",
    }
}

fields! {
    /// Gemini's usage object.
    pub(crate) struct Metadata<'a> {
        prompt_token_count: Raw<'a> = "promptTokenCount",
        tool_use_prompt_token_count: Raw<'a> = "toolUsePromptTokenCount",
        candidates_token_count: Raw<'a> = "candidatesTokenCount",
        thoughts_token_count: Raw<'a> = "thoughtsTokenCount",
        cached_content_token_count: Raw<'a> = "cachedContentTokenCount",
    }
}

/// The usage inside an object that has a `usage` field.
pub(crate) fn nested(holder: Raw<'_>) -> Option<Usage> {
    memmem::find(holder?.as_bytes(), b"usage")?;
    counts(field::<Holder<'_>>(holder)?.usage.as_ref())
}

/// A usage object of OpenAI's or Anthropic's shape.
pub(crate) fn counts(counts: Option<&Counts<'_>>) -> Option<Usage> {
    let counts = counts?;
    let of_input = counts.prompt_tokens_details.as_ref().or(counts.input_tokens_details.as_ref());
    let of_output = counts.completion_tokens_details.as_ref().or(counts.output_tokens_details.as_ref());
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
        cached: count(of_input.and_then(|details| details.cached_tokens))
            .max(cache_read)
            .max(count(counts.prompt_cache_hit_tokens))
            .max(count(counts.cached_tokens)),
        reasoning: count(of_output.and_then(|details| details.reasoning_tokens)),
    };
    usage.is_known().then_some(usage)
}

/// Gemini's usage object.
pub(crate) fn metadata(counts: Option<&Metadata<'_>>) -> Option<Usage> {
    let counts = counts?;
    let reasoning = count(counts.thoughts_token_count);
    let usage = Usage {
        input: count(counts.prompt_token_count).saturating_add(count(counts.tool_use_prompt_token_count)),
        output: count(counts.candidates_token_count).saturating_add(reasoning),
        cached: count(counts.cached_content_token_count),
        reasoning,
    };
    usage.is_known().then_some(usage)
}
