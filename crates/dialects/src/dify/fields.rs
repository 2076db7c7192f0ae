//! The objects of answers and of stream events.

use serde_json::value::RawValue;

use crate::json::{Loose, record};
use crate::model::{Citation, Usage};
use crate::text::{Number, Text};

record! {
    /// An answer, or an event of a stream.
    pub(super) struct AnswerFields<'a> {
        event: Text<'a> = "event",
        message_id: Text<'a> = "message_id",
        conversation_id: Text<'a> = "conversation_id",
        answer: Text<'a> = "answer",
        created: Loose<'a, Number<'a>> = "created_at",
        metadata: Loose<'a, MetadataFields<'a>> = "metadata",
        data: Loose<'a, DataFields<'a>> = "data",
        kind: Text<'a> = "type",
        url: Text<'a> = "url",
        thought: Text<'a> = "thought",
    }
}

record! {
    /// `metadata`.
    pub(super) struct MetadataFields<'a> {
        usage: Loose<'a, UsageFields<'a>> = "usage",
        resources: Loose<'a, Vec<ResourceFields<'a>>> = "retriever_resources",
    }
}

record! {
    /// What was found in the application's knowledge.
    pub(super) struct ResourceFields<'a> {
        document_name: Text<'a> = "document_name",
        content: Text<'a> = "content",
    }
}

impl<'a> MetadataFields<'a> {
    /// What was used, and where the text comes from.
    pub(super) fn read(self) -> (Option<Usage>, Vec<Citation<'a>>) {
        let source = |resource: ResourceFields<'a>| Citation {
            title: resource.document_name,
            quote: resource.content,
            ..Citation::default()
        };
        let resources = self.resources.and_then(Loose::known).unwrap_or_default();
        let usage = self.usage.and_then(Loose::known).map(UsageFields::usage).filter(Usage::is_known);
        (usage, resources.into_iter().map(source).collect())
    }
}

record! {
    /// What was used.
    pub(super) struct UsageFields<'a> {
        input: Number<'a> = "prompt_tokens",
        output: Number<'a> = "completion_tokens",
        total: Number<'a> = "total_tokens",
    }
}

impl UsageFields<'_> {
    fn usage(self) -> Usage {
        let count = |number: &Option<Number<'_>>| number.as_ref().map(Number::count);
        Usage { input: count(&self.input), output: count(&self.output), total: count(&self.total), ..Usage::default() }
    }
}

record! {
    /// What a workflow tells.
    pub(super) struct DataFields<'a> {
        workflow_id: Text<'a> = "workflow_id",
        outputs: Loose<'a, Outputs<'a>> = "outputs",
        status: Text<'a> = "status",
        error: Text<'a> = "error",
        total_tokens: Loose<'a, Number<'a>> = "total_tokens",
        created: Loose<'a, Number<'a>> = "created_at",
        text: Text<'a> = "text",
    }
}

record! {
    /// A workflow's variables, whatever they are called.
    pub(super) struct Outputs<'a> {}
}

impl<'a> DataFields<'a> {
    /// The answer: the variable that is named for it, or the only one.
    pub(super) fn take_output(&mut self, variable: &str) -> Option<&'a RawValue> {
        let outputs = self.outputs.take().and_then(Loose::known)?.unknown;
        match outputs.as_slice() {
            [only] if variable.is_empty() => Some(only.value),
            several => several.iter().find(|output| output.name.as_str() == variable).map(|output| output.value),
        }
    }

    /// Workflows end as `succeeded`, `partial-succeeded`, `failed` or `stopped`.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.status.as_deref(), Some("failed" | "stopped"))
    }

    /// Only the sum is told.
    pub(super) fn usage(&self) -> Option<Usage> {
        let Some(Loose::Known(total)) = &self.total_tokens else { return None };
        Some(Usage { total: Some(total.count()), ..Usage::default() })
    }
}
