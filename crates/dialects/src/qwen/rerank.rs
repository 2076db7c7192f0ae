//! Reranking ("Text rerank: DashScope API", 2026-11).

use claviger_types::Operation;

use crate::codec::{Context, Refused, Unreadable};
use crate::json::{Loose, Object, record};
use crate::model::Dropped;
use crate::rerank::{Answer, Entry, Request, Upstream, UsageFields, ranked, write_texts};
use crate::text::{Number, Text};

use super::Qwen;

record! {
    /// The answer.
    struct AnswerFields<'a> {
        id: Text<'a> = "request_id",
        output: OutputFields<'a> = "output",
        usage: Loose<'a, UsageFields<'a>> = "usage",
    }
}

record! {
    /// `output`.
    struct OutputFields<'a> {
        results: Vec<Entry<'a>> = "results",
    }
}

impl Upstream for Qwen {
    fn operation(&self) -> Operation {
        Operation::QwenRerank
    }

    fn write_request(
        &self,
        request: &Request<'_>,
        context: &Context,
        dropped: &mut Dropped,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        Object::write(out, |body| {
            body.text("model", context.model.as_deref().unwrap_or(&request.model));
            body.object("input", |input| {
                input.text("query", &request.query);
                input.list("documents", |list| write_texts(list, &request.documents));
            });
            body.object("parameters", |parameters| {
                if let Some(top_n) = request.top_n {
                    parameters.count("top_n", top_n);
                }
                parameters.maybe_text("instruct", request.instruct.as_deref());
            });
        });
        dropped.note_if(request.max_tokens.is_some(), "max_tokens_per_doc");
        Ok(())
    }

    fn read_answer<'a>(&self, body: &'a str) -> Result<Answer<'a>, Unreadable> {
        let AnswerFields { id, output, usage, .. } = serde_json::from_str(body)?;
        let results = output.and_then(|output| output.results);
        let results = results.ok_or_else(|| Unreadable { message: "the answer has no results".to_owned() })?;
        let total = usage.and_then(Loose::known).and_then(|usage| usage.total);
        Ok(Answer { id, results: ranked(results), tokens: total.as_ref().map(Number::count), searches: None })
    }
}
