//! Thoughts of other vendors, taken out of a request that is otherwise passed as it is.
//!
//! A conversation that began at another vendor holds thoughts without Anthropic's seal: with none, or with another's
//! that travels in the field. Anthropic refuses them ("Extended thinking: preserving thinking blocks", 2026-11), so they
//! must go when the conversation comes to Anthropic, though nothing is translated then.

use bytes::Bytes;
use claviger_wire::json;
use memchr::memmem;
use serde_json::value::RawValue;

use crate::json::{List, record};
use crate::model::carried;
use crate::text::Text;

record! {
    /// A message, as far as it matters here.
    struct Said<'a> {
        content: &'a RawValue = "content",
    }
}

record! {
    /// A block, as far as it matters here.
    struct Seal<'a> {
        kind: Text<'a> = "type",
        signature: Text<'a> = "signature",
    }
}

/// The body without foreign thoughts; `None` when it has none, which costs one search for a word.
pub(crate) fn without_foreign_thoughts(body: &Bytes) -> Option<Bytes> {
    memmem::find(body, b"\"thinking\"")?;
    let messages = json::scan(body, &["messages"]).ok()?[0]?;
    let list: Vec<&RawValue> = serde_json::from_str(messages).ok()?;
    let mut found = false;
    let mut kept = Vec::with_capacity(messages.len());
    List::write(&mut kept, |out| {
        for message in list {
            match cleaned(message) {
                Cleaned::Same => out.raw(message.get()),
                Cleaned::Changed(json) => {
                    found = true;
                    out.raw(&json);
                }
                Cleaned::Empty => found = true,
            }
        }
    });
    found.then(|| json::set_field(body, "messages", std::str::from_utf8(&kept).unwrap_or(messages)))
}

enum Cleaned {
    Same,
    Changed(String),
    /// Nothing else was in it.
    Empty,
}

fn cleaned(message: &RawValue) -> Cleaned {
    let content = serde_json::from_str::<Said<'_>>(message.get()).ok().and_then(|said| said.content);
    let blocks = content.and_then(|content| serde_json::from_str::<Vec<&RawValue>>(content.get()).ok());
    let Some(blocks) = blocks.filter(|blocks| blocks.iter().any(|block| is_foreign(block))) else {
        return Cleaned::Same;
    };
    let ours: Vec<&RawValue> = blocks.into_iter().filter(|block| !is_foreign(block)).collect();
    if ours.is_empty() {
        return Cleaned::Empty;
    }
    let mut content = Vec::new();
    List::write(&mut content, |list| ours.iter().for_each(|block| list.raw(block.get())));
    let whole = Bytes::copy_from_slice(message.get().as_bytes());
    let changed = json::set_field(&whole, "content", std::str::from_utf8(&content).unwrap_or("[]"));
    Cleaned::Changed(String::from_utf8_lossy(&changed).into_owned())
}

fn is_foreign(block: &RawValue) -> bool {
    let Ok(seal) = serde_json::from_str::<Seal<'_>>(block.get()) else { return false };
    let signature = seal.signature.as_deref().unwrap_or_default();
    seal.kind.as_deref() == Some("thinking") && (signature.is_empty() || carried(signature).is_some())
}
