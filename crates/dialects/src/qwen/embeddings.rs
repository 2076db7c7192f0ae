//! Embeddings ("Text embedding: DashScope API", 2026-11).

use claviger_types::Operation;
use serde_json::value::RawValue;

use crate::codec::{Context, Refused, Unreadable};
use crate::embeddings::{Answer, Input, Request, Upstream, Vector};
use crate::json::{Loose, Object, record};
use crate::model::{Dropped, Usage};
use crate::text::Number;

use super::Qwen;

record! {
    /// The answer.
    struct AnswerFields<'a> {
        output: OutputFields<'a> = "output",
        usage: Loose<'a, UsageFields<'a>> = "usage",
    }
}

record! {
    /// `output`.
    struct OutputFields<'a> {
        embeddings: Vec<Embedding<'a>> = "embeddings",
    }
}

record! {
    /// A vector and whose it is.
    struct Embedding<'a> {
        index: u64 = "text_index",
        vector: &'a RawValue = "embedding",
    }
}

record! {
    /// What was used.
    struct UsageFields<'a> {
        total: Number<'a> = "total_tokens",
    }
}

impl Upstream for Qwen {
    fn operation(&self) -> Operation {
        Operation::Embeddings
    }

    /// The first two versions take more texts than later ones ("Text embedding: synchronous API", 2026-11).
    fn most(&self, request: &Request<'_>, context: &Context) -> usize {
        let model = context.model.as_deref().unwrap_or(&request.model);
        if ["text-embedding-v1", "text-embedding-v2"].contains(&model) { 25 } else { 10 }
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if request.inputs.iter().any(|input| matches!(input, Input::Tokens(_))) {
            return Err(Refused::field("input", "the input must be text"));
        }
        Object::write(out, |body| {
            body.text("model", context.model.as_deref().unwrap_or(&request.model));
            body.object("input", |input| {
                input.list("texts", |list| {
                    for input in &request.inputs {
                        match input {
                            Input::Text(text) => list.text(text),
                            Input::Tokens(_) => {}
                        }
                    }
                });
            });
            body.object("parameters", |parameters| {
                if let Some(dimensions) = request.dimensions {
                    parameters.count("dimension", dimensions);
                }
                let is_query = request.task.as_ref().map(|task| task.to_ascii_lowercase().ends_with("query"));
                if let Some(is_query) = is_query {
                    parameters.text("text_type", if is_query { "query" } else { "document" });
                }
            });
        });
        dropped.note_if(request.title.is_some(), "title");
        dropped.note_if(request.user.is_some(), "user");
        request.extras.iter().for_each(|extra| dropped.note(&extra.name));
        Ok(())
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        let answer: AnswerFields<'a> = serde_json::from_str(body)?;
        let Some(mut embeddings) = answer.output.and_then(|output| output.embeddings) else {
            return Err(Unreadable { message: "the answer has no vectors".to_owned() });
        };
        embeddings.sort_by_key(|embedding| embedding.index);
        let total = answer.usage.and_then(Loose::known).and_then(|usage| usage.total).as_ref().map(Number::count);
        Ok(Answer {
            model: None,
            vectors: embeddings.into_iter().filter_map(|embedding| embedding.vector).map(Vector::Numbers).collect(),
            usage: total.map(|total| Usage { input: Some(total), total: Some(total), ..Usage::default() }),
        })
    }
}
