//! Embeddings by way of InvokeModel: Amazon's Titan and Cohere's models (Bedrock user guide, "Amazon Titan Text
//! Embeddings", "Cohere Embed", 2026-11). The model stands in the path.

use claviger_types::Operation;
use serde_json::value::RawValue;

use crate::codec::{Context, Refused, Unreadable};
use crate::cohere::{MOST_EMBEDDED, VectorsByType, write_embeddings};
use crate::embeddings::{Answer, Input, Request, Upstream, Vector};
use crate::json::{Object, record};
use crate::model::{Dropped, Usage};
use crate::text::Number;

use super::Bedrock;

record! {
    /// The answer: Titan's one vector, or Cohere's in either of two shapes.
    struct AnswerFields<'a> {
        one: &'a RawValue = "embedding",
        several: &'a RawValue = "embeddings",
        tokens: Number<'a> = "inputTextTokenCount",
    }
}

impl Upstream for Bedrock {
    fn operation(&self) -> Operation {
        Operation::Embeddings
    }

    /// Titan takes one text a request.
    fn most(&self, request: &Request<'_>, context: &Context) -> usize {
        if is_coheres(request, context) { MOST_EMBEDDED } else { 1 }
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if is_coheres(request, context) {
            return write_embeddings(request, None, dropped, out);
        }
        let [Input::Text(text)] = request.inputs.as_slice() else {
            return Err(Refused::field(
                "input",
                "this model embeds texts, one at least, and knows no tokens of others",
            ));
        };
        Object::write(out, |body| {
            body.text("inputText", text);
            if let Some(dimensions) = request.dimensions {
                body.count("dimensions", dimensions);
            }
            if let Some(normalize) = request.extras.iter().find(|extra| extra.name.as_str() == "normalize") {
                body.raw("normalize", normalize.value.get());
            }
        });
        dropped.note_if(request.task.is_some(), "task_type");
        dropped.note_if(request.title.is_some(), "title");
        dropped.note_if(request.user.is_some(), "user");
        let lost = request.extras.iter().filter(|extra| extra.name.as_str() != "normalize");
        lost.for_each(|extra| dropped.note(&extra.name));
        Ok(())
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        let AnswerFields { one, several, tokens, .. } = serde_json::from_str(body)?;
        let typed = |raw: &'a RawValue| serde_json::from_str::<VectorsByType<'a>>(raw.get()).ok()?.float;
        let plain = |raw: &'a RawValue| serde_json::from_str::<Vec<&'a RawValue>>(raw.get()).ok();
        let found = match (one, several) {
            (Some(one), _) => Some(vec![one]),
            (None, Some(several)) => plain(several).or_else(|| typed(several)),
            (None, None) => None,
        };
        let found = found.ok_or_else(|| Unreadable { message: "the answer has no vectors".to_owned() })?;
        let input = tokens.as_ref().map(Number::count);
        Ok(Answer {
            model: None,
            vectors: found.into_iter().map(Vector::Numbers).collect(),
            usage: input.map(|input| Usage { input: Some(input), ..Usage::default() }),
        })
    }
}

fn is_coheres(request: &Request<'_>, context: &Context) -> bool {
    context.model.as_deref().unwrap_or(&request.model).contains("cohere.")
}
