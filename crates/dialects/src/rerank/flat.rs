//! The shape that most speak: Cohere's ("Rerank", versions 1 and 2), Jina's, vLLM's and Qwen's compatible mode's, 2026-11.

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Answer, Document, Ranked, Request};
use crate::codec::{Refused, Unreadable};
use crate::json::{Loose, Object, TextOr, record};
use crate::text::{Number, Text};

record! {
    /// A request.
    struct Body<'a> {
        model: Text<'a> = "model",
        query: Text<'a> = "query",
        documents: Vec<Document<'a>> = "documents",
        top_n: Number<'a> = "top_n",
        with_texts: bool = "return_documents",
        instruct: Text<'a> = "instruct" | "instruction",
        max_tokens: Number<'a> = "max_tokens_per_doc",
    }
}

record! {
    /// A document with fields.
    struct TextDocument<'a> {
        text: Text<'a> = "text",
    }
}

record! {
    /// An answer.
    struct AnswerFields<'a> {
        id: Text<'a> = "id",
        results: Vec<Entry<'a>> = "results",
        usage: Loose<'a, UsageFields<'a>> = "usage",
        meta: Loose<'a, Meta<'a>> = "meta",
    }
}

record! {
    /// One of the texts.
    pub(crate) struct Entry<'a> {
        index: u64 = "index",
        score: Number<'a> = "relevance_score" | "score",
    }
}

record! {
    /// Counts.
    pub(crate) struct UsageFields<'a> {
        total: Number<'a> = "total_tokens",
    }
}

record! {
    /// Cohere's counts.
    struct Meta<'a> {
        billed: Billed<'a> = "billed_units",
        tokens: Tokens<'a> = "tokens",
    }
}

record! {
    /// What is paid for.
    struct Billed<'a> {
        searches: Number<'a> = "search_units",
    }
}

record! {
    /// LLM tokens.
    struct Tokens<'a> {
        input: Number<'a> = "input_tokens",
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Document<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(from)?;
        let read: Result<TextOr<'a, TextDocument<'a>>, _> = serde_json::from_str(raw.get());
        Ok(match read {
            Ok(TextOr::Text(text)) => Self::Text(text),
            Ok(TextOr::Other(TextDocument { text: Some(text), unknown })) if unknown.is_empty() => Self::Text(text),
            Ok(TextOr::Other(_)) | Err(_) => Self::Fields(raw),
        })
    }
}

pub(super) fn read_request(body: &str, is_mapped: bool) -> Result<Request<'_>, Refused> {
    let body: Body<'_> = serde_json::from_str(body)?;
    let missing = |field: &'static str| Refused::field(field, format!("{field} is missing"));
    if body.model.is_none() && !is_mapped {
        return Err(missing("model"));
    }
    Ok(Request {
        model: body.model.unwrap_or_default(),
        query: body.query.ok_or_else(|| missing("query"))?,
        documents: body.documents.filter(|list| !list.is_empty()).ok_or_else(|| missing("documents"))?,
        top_n: body.top_n.as_ref().map(Number::count),
        with_texts: body.with_texts == Some(true),
        instruct: body.instruct,
        max_tokens: body.max_tokens.as_ref().map(Number::count),
        extras: body.unknown,
    })
}

pub(super) fn read_answer(body: &str) -> Result<Answer<'_>, Unreadable> {
    let AnswerFields { id, results, usage, meta, .. } = serde_json::from_str(body)?;
    let results = results.ok_or_else(|| Unreadable { message: "the answer has no results".to_owned() })?;
    let meta = meta.and_then(Loose::known).unwrap_or_default();
    let told = meta.tokens.and_then(|tokens| tokens.input);
    let total = usage.and_then(Loose::known).and_then(|usage| usage.total).or(told);
    Ok(Answer {
        id,
        results: ranked(results),
        tokens: total.as_ref().map(Number::count),
        searches: meta.billed.and_then(|billed| billed.searches).as_ref().map(Number::count),
    })
}

/// Those that tell both place and score.
pub(crate) fn ranked(entries: Vec<Entry<'_>>) -> Vec<Ranked<'_>> {
    let entries = entries.into_iter();
    entries.filter_map(|entry| Some(Ranked { index: entry.index?, score: entry.score? })).collect()
}

pub(super) fn write_answer(answer: &Answer<'_>, model: &str, texts: &[String], out: &mut Vec<u8>) {
    Object::write(out, |body| {
        body.maybe_text("id", answer.id.as_deref());
        body.text("model", model);
        body.list("results", |list| {
            for ranked in &answer.results {
                list.object(|entry| {
                    entry.count("index", ranked.index);
                    entry.number("relevance_score", Some(&ranked.score));
                    let text = usize::try_from(ranked.index).ok().and_then(|index| texts.get(index));
                    if let Some(text) = text {
                        entry.object("document", |document| document.text("text", text));
                    }
                });
            }
        });
        if let Some(tokens) = answer.tokens {
            body.object("usage", |usage| usage.count("total_tokens", tokens));
        }
        if let Some(searches) = answer.searches {
            body.object("meta", |meta| meta.object("billed_units", |billed| billed.count("search_units", searches)));
        }
    });
}
