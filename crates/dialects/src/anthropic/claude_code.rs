//! What a token of Claude Code's wants to read first in a request that passes untranslated.
//!
//! Bytes in, bytes out; everything else of the body stays as it is.

use bytes::Bytes;
use claviger_wire::json;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::write_request::CLAUDE_CODE;

/// How every sentence of Claude Code's own begins.
const BEGINNING: &str = "You are Claude Code";

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default)]
    text: std::borrow::Cow<'a, str>,
}

/// The body with the sentence as its first instruction. `None`: it stands there, or the body is none of Anthropic's.
///
/// No cache mark is added, as the caller may have set as many as are allowed (four, "Prompt caching", 2026-11).
pub fn with_claude_code(body: &Bytes) -> Option<Bytes> {
    let [found] = json::scan(body, &["system"]).ok()?;
    let sentence = block(CLAUDE_CODE);
    let Some(own) = found.filter(|own| *own != "null") else {
        return Some(json::set_field(body, "system", &format!("[{sentence}]")));
    };
    let is_told = |text: &str| text.starts_with(BEGINNING);
    let with = match serde_json::from_str::<String>(own) {
        Ok(text) if is_told(&text) => return None,
        Ok(text) if text.is_empty() => format!("[{sentence}]"),
        Ok(text) => format!("[{sentence},{}]", block(&text)),
        Err(_) => {
            let blocks: Vec<&RawValue> = serde_json::from_str(own).ok()?;
            let is_told = |block: &&RawValue| {
                serde_json::from_str::<Block<'_>>(block.get()).is_ok_and(|block| is_told(&block.text))
            };
            if blocks.iter().any(is_told) {
                return None;
            }
            let own = blocks.iter().map(|block| block.get());
            format!("[{}]", std::iter::once(sentence.as_str()).chain(own).collect::<Vec<_>>().join(","))
        }
    };
    Some(json::set_field(body, "system", &with))
}

fn block(text: &str) -> String {
    format!("{{\"type\":\"text\",\"text\":{}}}", json::quote(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(body: &str) -> Option<serde_json::Value> {
        let body = with_claude_code(&Bytes::copy_from_slice(body.as_bytes()))?;
        let mut value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["model"], "m", "the rest stays");
        Some(value["system"].take())
    }

    #[test]
    fn the_sentence_comes_first_whatever_form_the_instructions_have() {
        let sentence = || serde_json::json!({"type": "text", "text": CLAUDE_CODE});
        let own = || serde_json::json!({"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}});
        let plain = || serde_json::json!({"type": "text", "text": "Be short."});
        assert_eq!(system(r#"{"model":"m"}"#), Some(serde_json::json!([sentence()])));
        assert_eq!(system(r#"{"model":"m","system":""}"#), Some(serde_json::json!([sentence()])));
        assert_eq!(system(r#"{"model":"m","system":"Be short."}"#), Some(serde_json::json!([sentence(), plain()])));
        let list = format!(r#"{{"model":"m","system":[{}]}}"#, own());
        assert_eq!(system(&list), Some(serde_json::json!([sentence(), own()])));
    }

    #[test]
    fn claude_codes_own_requests_pass_as_they_are() {
        assert_eq!(system(r#"{"model":"m","system":"You are Claude Code, and more."}"#), None);
        let second =
            r#"{"model":"m","system":[{"type":"text","text":"x: y"},{"type":"text","text":"You are Claude Code."}]}"#;
        assert_eq!(system(second), None);
        assert_eq!(system(r#"{"model":"m","system":5}"#), None, "the vendor's to judge");
    }
}
