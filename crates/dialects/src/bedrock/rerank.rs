//! Reranking by way of InvokeModel: Cohere's models and Amazon's (Bedrock user guide, "Use a reranker model", 2026-11).

use claviger_types::Operation;

use crate::codec::{Context, Refused};
use crate::cohere::write_rerank;
use crate::json::Object;
use crate::model::Dropped;
use crate::rerank::{Request, Upstream};

use super::Bedrock;

impl Upstream for Bedrock {
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
        let is_coheres = context.model.as_deref().unwrap_or(&request.model).contains("cohere.");
        Object::write(out, |body| {
            write_rerank(body, request, dropped);
            if is_coheres {
                body.count("api_version", 2);
            }
        });
        dropped.note_if(request.max_tokens.is_some(), "max_tokens_per_doc");
        Ok(())
    }
}
