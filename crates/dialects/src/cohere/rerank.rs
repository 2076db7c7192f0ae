//! Reranking of the second version ("Rerank API v2", 2026-11).

use claviger_types::Operation;

use crate::codec::{Context, Refused};
use crate::json::Object;
use crate::model::Dropped;
use crate::rerank::{Request, Upstream, write_texts};

use super::Cohere;

impl Upstream for Cohere {
    fn operation(&self) -> Operation {
        Operation::Rerank
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
            write(body, request, dropped);
            if let Some(most) = request.max_tokens {
                body.count("max_tokens_per_doc", most);
            }
        });
        Ok(())
    }
}

/// What Bedrock takes too.
pub(crate) fn write(body: &mut Object<'_>, request: &Request<'_>, dropped: &mut Dropped) {
    body.text("query", &request.query);
    body.list("documents", |list| write_texts(list, &request.documents));
    if let Some(top_n) = request.top_n {
        body.count("top_n", top_n);
    }
    dropped.note_if(request.instruct.is_some(), "instruct");
}
