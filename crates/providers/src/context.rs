//! A context file: text from elsewhere that stands in every conversation as an instruction.
//!
//! It is put into the caller's own request, in the caller's protocol, before anything is translated; so it is right for
//! every provider, and a request that is sent again has it again. All other bytes stay.

use claviger_dialects::Protocol as Speaks;
use claviger_types::Operation;
use claviger_wire::{Ask, BodyForm, json};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::address::{Address, filled, names_set_option};
use crate::prepare::PrepareError;
use crate::provider::Provider;
use crate::speech::caller;
use crate::url::Url;

/// What stands before a context where Qwen's own protocol expects a role first, as in Higress ai-proxy v2.2.1.
const STOCK: &str = "You are a helpful assistant.";
/// How the instructions of Claude Code begin, which its credentials are only good for when nothing stands before.
const CLAUDE_CODE: &str = "You are Claude Code";

/// Where the file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextFile {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// Host and port.
    pub authority: String,
    /// Path and query.
    pub path: String,
    /// It belongs to the provider's account: read with one of the entry's tokens, as a bearer.
    pub with_token: bool,
}

impl ContextFile {
    /// Reads its URL. `port` stands for one that the URL does not name. Higress leaves the query out: `with_query`.
    pub fn new(url: &str, port: Option<u16>, with_query: bool) -> Option<Self> {
        let url = Url::parse(url).filter(|url| !url.authority.is_empty())?;
        let named = url.authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let tls = url.tls(port == Some(443));
        let usual = if tls { 443 } else { 80 };
        let authority = match port.filter(|port| !named && *port != usual) {
            Some(port) => format!("{}:{port}", url.authority),
            None => url.host(tls),
        };
        let path = if url.path.is_empty() { "/".to_owned() } else { url.path.clone() };
        let path = crate::path::with_query(path, url.query.as_deref().filter(|_| with_query));
        Some(Self { tls, authority, path, with_token: false })
    }
}

impl Provider {
    /// The file whose text stands in conversations, if there is one.
    pub const fn context_file(&self) -> Option<&ContextFile> {
        self.context.as_ref()
    }

    /// The file that the provider itself has.
    pub(crate) fn own_file(&self) -> Option<ContextFile> {
        let template = self.row.context_file.as_deref().filter(|path| names_set_option(path, &self.settings))?;
        let Address { tls, authority, .. } = &self.arm(None).address;
        let path = self.prefixed(filled(template, self.row, &self.settings));
        Some(ContextFile { tls: *tls, authority: authority.clone(), path, with_token: true })
    }

    /// Whether that text stands in a request like this.
    pub fn wants_context(&self, ask: &Ask) -> bool {
        let talks = ask.operation != Operation::Embeddings && caller(ask.operation).is_some();
        talks && self.adapts() && self.supports(ask.operation)
    }

    /// The request with this text in it; `model` is the target's rename.
    ///
    /// # Errors
    /// When the body is no conversation, or not at hand as a whole.
    pub fn with_context(&self, ask: &Ask, model: Option<&str>, text: &str) -> Result<Ask, PrepareError> {
        let bad = |message: &str| PrepareError::BadRequest { message: message.to_owned() };
        if ask.truncated || ask.form != BodyForm::Json {
            return Err(bad(
                "a context is put in here: the body must be JSON, and within the limit up to which it is kept",
            ));
        }
        let arm = self.arm(self.model_for(model.or(ask.model.as_deref())).as_deref());
        let theirs = arm.speech.protocol;
        let edit = match caller(ask.operation) {
            // in translation it is an instruction of its own behind the caller's, as for callers of OpenAI's
            Some(Speaks::Anthropic) if arm.caller(ask.operation).is_some() => ("messages", messages(ask, text, theirs)),
            Some(Speaks::Anthropic) => ("system", system(ask, text)),
            Some(Speaks::Gemini) => instruction(ask, text),
            Some(Speaks::OpenAiResponses) => ("instructions", instructions(ask, text)),
            Some(_) | None => ("messages", messages(ask, text, theirs)),
        };
        let (field, Some(value)) = edit else { return Err(bad("the body is no conversation")) };
        Ok(Ask { body: json::set_field(&ask.body, field, &value), ..ask.clone() })
    }
}

/// A member's value as it stands in the body; `None`: absent or null.
fn member<'a>(ask: &'a Ask, name: &str) -> Option<&'a str> {
    json::scan(&ask.body, &[name]).ok()?[0].filter(|value| *value != "null")
}

/// The list with one more element.
fn inserted(list: &[&RawValue], at: usize, new: &[String]) -> String {
    let raw = |values: &[&RawValue]| values.iter().map(|value| value.get().to_owned()).collect::<Vec<_>>();
    let (before, after) = list.split_at(at.min(list.len()));
    format!("[{}]", [raw(before), new.to_vec(), raw(after)].concat().join(","))
}

/// A message as far as its place and its joining with a context go.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    role: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

/// OpenAI's messages: after the instructions at the beginning, before them for Claude, whose one instruction it joins,
/// as in Higress.
fn messages(ask: &Ask, text: &str, theirs: Speaks) -> Option<String> {
    let list: Vec<&RawValue> = serde_json::from_str(member(ask, "messages")?).ok()?;
    let is_instruction = |message: &&&RawValue| {
        let role = serde_json::from_str::<Message<'_>>(message.get());
        role.is_ok_and(|message| matches!(message.role.as_ref(), "system" | "developer"))
    };
    let leading = list.iter().take_while(is_instruction).count();
    let message = |text: &str| format!("{{\"role\":\"system\",\"content\":{}}}", json::quote(text));
    if theirs == Speaks::Anthropic && leading == 1 {
        let own: Message<'_> = serde_json::from_str(list.first()?.get()).ok()?;
        let own = own.content.and_then(|own| serde_json::from_str::<String>(own.get()).ok());
        if let Some(own) = own.filter(|own| !own.starts_with(CLAUDE_CODE)) {
            return Some(inserted(list.get(1..)?, 0, &[message(&format!("{text}\n{own}"))]));
        }
    }
    let new = match theirs {
        Speaks::Qwen if leading == 0 => vec![message(STOCK), message(text)],
        _ => vec![message(text)],
    };
    Some(inserted(&list, if theirs == Speaks::Anthropic { 0 } else { leading }, &new))
}

/// Anthropic's system text: before the caller's own, but after the words that Claude Code begins with.
fn system(ask: &Ask, text: &str) -> Option<String> {
    let Some(own) = member(ask, "system") else { return Some(json::quote(text)) };
    if let Ok(own) = serde_json::from_str::<String>(own) {
        let (first, second) = if own.starts_with(CLAUDE_CODE) { (own.as_str(), text) } else { (text, own.as_str()) };
        return Some(json::quote(&format!("{first}\n{second}")));
    }
    let blocks: Vec<&RawValue> = serde_json::from_str(own).ok()?;
    let is_claude_code = blocks.first().is_some_and(|block| block.get().contains(CLAUDE_CODE));
    let block = format!("{{\"type\":\"text\",\"text\":{}}}", json::quote(text));
    Some(inserted(&blocks, usize::from(is_claude_code), &[block]))
}

/// Gemini's system instruction, in either spelling: after the caller's own.
fn instruction(ask: &Ask, text: &str) -> (&'static str, Option<String>) {
    let part = format!("{{\"text\":{}}}", json::quote(text));
    for name in ["systemInstruction", "system_instruction"] {
        let Some(own) = member(ask, name) else { continue };
        let own = bytes::Bytes::copy_from_slice(own.as_bytes());
        let parts = json::scan(&own, &["parts"]).ok().and_then(|[parts]| parts);
        let parts = match parts.map(serde_json::from_str::<Vec<&RawValue>>) {
            Some(Ok(parts)) => inserted(&parts, parts.len(), &[part]),
            Some(Err(_)) => return (name, None),
            None => format!("[{part}]"),
        };
        let with = json::set_field(&own, "parts", &parts);
        return (name, String::from_utf8(with.to_vec()).ok());
    }
    ("systemInstruction", Some(format!("{{\"parts\":[{part}]}}")))
}

/// The instructions of OpenAI responses: after the caller's own.
fn instructions(ask: &Ask, text: &str) -> Option<String> {
    match member(ask, "instructions").map(serde_json::from_str::<String>) {
        None => Some(json::quote(text)),
        Some(Ok(own)) => Some(json::quote(&format!("{own}\n\n{text}"))),
        Some(Err(_)) => None,
    }
}

#[cfg(test)]
mod tests;
