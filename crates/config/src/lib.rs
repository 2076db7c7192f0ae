//! Text in, a validated plan out, every problem with its line.
//!
//! Three forms of configuration are understood: Claviger's own, the Higress ai-proxy plugin object, and the
//! Kubernetes manifest around it. All problems are reported at once. This crate must never read the environment or a
//! file itself: both are arguments.

mod context;
mod durations;
mod expand;
mod higress;
mod node;
mod own;
pub mod plan;
mod problem;
mod provider;
mod reader;
mod routes;
mod suggest;
mod top;
mod wasmplugin;

pub use plan::*;
pub use problem::{Problem, Severity};
pub use provider::typed_fields;

use std::fmt;

use context::{Context, Place};
use node::{Node, Value};
use problem::Code;
use reader::Item;

/// A configuration text, and what it may refer to.
pub struct Source<'a> {
    /// The file's name, for problems.
    pub name: &'a str,
    /// Its text: YAML or JSON.
    pub text: &'a str,
    /// The environment.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a file that holds a secret; the error is a sentence for people.
    pub read_file: &'a dyn Fn(&str) -> Result<String, String>,
}

/// Shows the name only: the text may hold secrets.
impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a text amounts to.
#[derive(Debug)]
pub struct Loaded {
    /// The plan; `None` when there is any error.
    pub plan: Option<Plan>,
    /// Errors and warnings, in the order of the file.
    pub problems: Vec<Problem>,
    /// Every file that secrets were (or were to be) read from.
    pub files: Vec<String>,
}

/// Reads a configuration. Never fails as such: what is wrong is in the problems, all of it at once.
pub fn load(source: &Source<'_>) -> Loaded {
    let context = Context::new(source);
    let (documents, errors) = node::parse(source.text);
    for error in &errors {
        let place = Place { line: error.line, column: error.column };
        match &error.duplicate {
            Some(key) => {
                context.report(Severity::Error, Code::Duplicate, place, key, &error.message, "remove one of them");
            }
            None => context.report(Severity::Error, Code::Syntax, place, "", &error.message, "correct the YAML"),
        }
    }
    let plan = if errors.iter().any(|error| error.duplicate.is_none()) { None } else { form(&context, &documents) };
    context.finish(plan)
}

/// The JSON Schema of our own form, for editors.
pub const fn schema() -> &'static str {
    include_str!("../../../schema/claviger.schema.json")
}

/// Finds out which form it is, and reads it.
fn form(context: &Context<'_>, documents: &[Node]) -> Option<Plan> {
    let filled: Vec<&Node> = documents.iter().filter(|document| document.value != Value::Null).collect();
    if filled.iter().any(|document| has(document, "kind")) {
        return wasmplugin::read(context, &filled);
    }
    let Some(document) = filled.first() else {
        // a file caught half written must not switch everything off; `{}`, said explicitly, may
        let fix = "write `providers: [{ id: main, type: openai, apiTokens: […] }]`";
        context.report(Severity::Error, Code::Syntax, Place { line: 1, column: 1 }, "", "the file is empty", fix);
        return None;
    };
    if let Some(second) = filled.get(1) {
        let place = Place { line: second.line, column: second.column };
        let message = "only Kubernetes manifests may share a file";
        context.report(Severity::Error, Code::Syntax, place, "", message, "remove the second document");
    }
    let Value::Map(entries) = &document.value else {
        Item::root(context, document, false).map();
        return None;
    };
    let higress = ["provider", "activeProviderId", "_rules_"].iter().any(|key| has(document, key));
    if higress || entries.is_empty() {
        return higress::read(&Item::root(context, document, true), Form::Higress);
    }
    own::read(&Item::root(context, document, false))
}

/// Whether the document is a map with this key.
fn has(document: &Node, key: &str) -> bool {
    match &document.value {
        Value::Map(entries) => entries.iter().any(|(known, _)| known.text == key),
        Value::Null | Value::Bool(_) | Value::Int(..) | Value::Float(..) | Value::Str(_) | Value::List(_) => false,
    }
}

#[cfg(test)]
mod tests;
