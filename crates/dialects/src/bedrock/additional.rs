//! `additionalModelRequestFields`: what Converse has no field for and the model knows in its own words.

use crate::anthropic::Version;
use crate::codec::Context;
use crate::json::{Object, record};
use crate::model::{Dropped, Effort, Part, Request, Role, ToolChoice};
use crate::settings::Settings;

use super::blocks::is_sealed;
use super::family::Family;

/// The least budget for Claude's thoughts ("Extended thinking", 2026-11).
const MIN_BUDGET: u64 = 1024;

record! {
    /// An object of which nothing is known.
    struct AnyFields<'a> {}
}

/// The fields, and what follows from them for others.
#[derive(Debug, Default)]
pub(super) struct Additional<'r> {
    fields: Vec<(&'r str, String)>,
    /// Most LLM tokens of the answer, thoughts included.
    pub(super) max_tokens: Option<u64>,
    /// Whether Claude thinks, which narrows what sampling may be asked of it.
    pub(super) is_claude_thinking: bool,
}

impl<'r> Additional<'r> {
    /// The fields for a request. The configuration's win over the caller's, and those over ours.
    pub(super) fn of(request: &'r Request<'_>, context: &'r Context, family: Family, dropped: &mut Dropped) -> Self {
        let mut all = Self { max_tokens: request.max_output, ..Self::default() };
        all.reasoning(request, family, dropped);
        if let Some(count) = &request.sampling.top_k {
            match family {
                Family::Claude(_) if all.is_claude_thinking => dropped.note("top_k"),
                Family::Claude(_) => all.set("top_k", count.as_str().to_owned()),
                Family::Nova { .. } => {
                    all.object("inferenceConfig", |config| config.number("topK", Some(count)));
                }
                Family::OpenAi | Family::Hidden | Family::Other => dropped.note("top_k"),
            }
        }
        let own = request.extra("additionalModelRequestFields");
        if let Some(Ok(own)) = own.map(|raw| serde_json::from_str::<AnyFields<'r>>(raw.get())) {
            for field in own.unknown {
                // Names in a request are short; the list outlives the record.
                all.fields.retain(|(name, _)| *name != field.name.as_str());
                all.fields.push((leak_free(&own_names(request), field.name.as_str()), field.value.get().to_owned()));
            }
        }
        all
    }
}
