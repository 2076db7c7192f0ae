//! Embeddings of both versions ("Embed", 2026-11).

use claviger_types::Operation;
use serde_json::value::RawValue;

use crate::codec::{Context, Refused, Unreadable};
use crate::embeddings::{Answer, Input, Request, Upstream, Vector};
use crate::json::{Loose, Object, record};
use crate::model::Dropped;

use super::Cohere;
use super::fields::UsageFields;

record! {
    /// The answer.
    struct AnswerFields<'a> {
        embeddings: VectorsByType<'a> = "embeddings",
        meta: Loose<'a, UsageFields<'a>> = "meta",
    }
}

record! {
    /// Vectors by the type of their numbers.
    pub(crate) struct VectorsByType<'a> {
        float: Vec<&'a RawValue> = "float",
    }
}

/// Most texts of a request ("Embed API", 2026-11).
pub(crate) const MOST: usize = 96;

impl Upstream for Cohere {
    fn operation(&self) -> Operation {
        Operation::Embeddings
    }

    fn most(&self, _: &Request<'_>, _: &Context) -> usize {
        MOST
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        write(request, Some(context.model.as_deref().unwrap_or(&request.model)), dropped, out)
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        let answer: AnswerFields<'a> = serde_json::from_str(body)?;
        let Some(vectors) = answer.embeddings.and_then(|vectors| vectors.float) else {
            return Err(Unreadable { message: "the answer has no vectors".to_owned() });
        };
        Ok(Answer {
            model: None,
            vectors: vectors.into_iter().map(Vector::Numbers).collect(),
            usage: answer.meta.and_then(Loose::known).and_then(UsageFields::usage),
        })
    }
}

/// `input_type` must be given: what the caller said in Cohere's, Google's or Qwen's words, else that of texts to be found.
fn purpose(task: Option<&str>) -> &'static str {
    match task.unwrap_or_default().to_ascii_lowercase().as_str() {
        "search_query" | "query" | "retrieval_query" | "question_answering" | "code_retrieval_query" => "search_query",
        "classification" => "classification",
        "clustering" | "semantic_similarity" => "clustering",
        _ => "search_document",
    }
}

/// The request; without a model where that stands in the path.
pub(crate) fn write(
    request: &Request<'_>,
    model: Option<&str>,
    dropped: &mut Dropped,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    if request.inputs.iter().any(|input| matches!(input, Input::Tokens(_))) {
        return Err(Refused::field("input", "the input must be text"));
    }
    Object::write(out, |body| {
        body.maybe_text("model", model);
        body.list("texts", |list| {
            for input in &request.inputs {
                match input {
                    Input::Text(text) => list.text(text),
                    Input::Tokens(_) => {}
                }
            }
        });
        body.text("input_type", purpose(request.task.as_deref()));
        body.list("embedding_types", |list| list.text("float"));
        if let Some(dimensions) = request.dimensions {
            body.count("output_dimension", dimensions);
        }
        if let Some(truncate) = request.extras.iter().find(|extra| extra.name.as_str() == "truncate") {
            body.raw("truncate", truncate.value.get());
        }
    });
    dropped.note_if(request.title.is_some(), "title");
    dropped.note_if(request.user.is_some(), "user");
    let lost = request.extras.iter().filter(|extra| extra.name.as_str() != "truncate");
    lost.for_each(|extra| dropped.note(&extra.name));
    Ok(())
}
