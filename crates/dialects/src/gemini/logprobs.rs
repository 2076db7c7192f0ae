//! Log probabilities: OpenAI's shape, which is the model's, and Google's ("LogprobsResult"; "Chat: logprobs", 2026-11).

use serde_json::value::RawValue;

use crate::json::{List, Object, record};
use crate::text::{Number, Text};

use super::fields::{LogprobsFields, TokenFields};

/// Google's as OpenAI's. `None`: there are none.
pub(super) fn to_model(fields: &LogprobsFields<'_>) -> Option<Box<RawValue>> {
    let chosen = fields.chosen.as_deref().filter(|chosen| !chosen.is_empty())?;
    let tops = fields.top.as_deref().unwrap_or_default();
    let mut out = Vec::with_capacity(chosen.len() * 96);
    Object::write(&mut out, |object| {
        object.list("content", |list| {
            for (at, token) in chosen.iter().enumerate() {
                let top = tops.get(at).and_then(|top| top.candidates.as_deref()).unwrap_or_default();
                list.object(|entry| {
                    write_token(entry, token);
                    entry.list("top_logprobs", |list| {
                        top.iter().for_each(|token| list.object(|entry| write_token(entry, token)));
                    });
                });
            }
        });
        object.null("refusal");
    });
    RawValue::from_string(String::from_utf8(out).ok()?).ok()
}

fn write_token(entry: &mut Object<'_>, token: &TokenFields<'_>) {
    entry.text("token", token.token.as_deref().unwrap_or_default());
    entry.number("logprob", Some(token.logprob.as_ref().unwrap_or(&Number::from(0_i64))));
    entry.null("bytes");
}

record! {
    /// OpenAI's.
    struct Chat<'a> {
        content: Vec<Token<'a>> = "content",
    }
}

record! {
    /// A token, with the likeliest in its place.
    struct Token<'a> {
        token: Text<'a> = "token",
        logprob: Number<'a> = "logprob",
        top: Vec<Token<'a>> = "top_logprobs",
    }
}

/// OpenAI's as Google's `logprobsResult`.
pub(super) fn write(object: &mut Object<'_>, logprobs: &RawValue) {
    let Ok(Chat { content: Some(tokens), .. }) = serde_json::from_str(logprobs.get()) else { return };
    object.object("logprobsResult", |result| {
        result.list("topCandidates", |list| {
            for token in &tokens {
                list.object(|top| {
                    top.list("candidates", |list| write_all(list, token.top.as_deref().unwrap_or_default()))
                });
            }
        });
        result.list("chosenCandidates", |list| write_all(list, &tokens));
    });
}

fn write_all(list: &mut List<'_>, tokens: &[Token<'_>]) {
    for token in tokens {
        list.object(|entry| {
            entry.text("token", token.token.as_deref().unwrap_or_default());
            entry.number("logProbability", token.logprob.as_ref());
        });
    }
}
