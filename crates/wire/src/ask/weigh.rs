//! What the pool wants to know of a request before it chooses: what it may cost, and whose conversation it belongs to.
//! Read only where a setting asks for it, since it looks through the body once more.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Ask, BodyForm};
use crate::json;
use crate::raw::elements;

/// Bytes of English per LLM token, about (OpenAI help, "What are tokens", 2026-11). Too few rather than too many tokens
/// are guessed for code and other languages; the usage that comes back corrects it.
const BYTES_PER_TOKEN: usize = 4;
/// Where dialects say how long the answer may be; Gemini says it inside the last.
const MOST_OUTPUT: [&str; 4] = ["max_tokens", "max_completion_tokens", "max_output_tokens", "generationConfig"];
/// Where dialects name a conversation or a user, the most telling first.
const CONVERSATION: [&str; 6] =
    ["prompt_cache_key", "conversation", "session_id", "safety_identifier", "user", "metadata"];
/// Headers that name a conversation.
const SESSION_HEADERS: [&str; 3] = ["x-session-id", "session-id", "x-conversation-id"];
/// Where dialects keep what was said first.
const BEGINNING: [&str; 5] = ["system", "instructions", "systemInstruction", "messages", "contents"];

impl Ask {
    /// What the request may use, in LLM tokens: its text, and the longest answer it allows.
    pub fn cost(&self) -> u64 {
        let input = (self.body.len() / BYTES_PER_TOKEN) as u64;
        if self.form != BodyForm::Json {
            return input;
        }
        let Ok([direct @ .., gemini]) = json::scan(&self.body, &MOST_OUTPUT) else { return input };
        let direct = direct.into_iter().flatten().find_map(|text| text.parse::<u64>().ok());
        let gemini = gemini.and_then(|config| {
            let found = json::scan(config.as_bytes(), &["maxOutputTokens"]).ok()?;
            found[0]?.parse().ok()
        });
        input.saturating_add(direct.or(gemini).unwrap_or(0))
    }

    /// A hash that is the same for all requests of one conversation, or else of one user, of this client: the provider
    /// that has its prompt cached should get the next one as well.
    pub fn affinity(&self, client: Option<&str>) -> u64 {
        let mut hasher = DefaultHasher::new();
        client.hash(&mut hasher);
        if let Some(session) = SESSION_HEADERS.iter().find_map(|name| self.headers.get(*name)) {
            session.as_bytes().hash(&mut hasher);
            return hasher.finish();
        }
        if self.form == BodyForm::Json {
            self.hash_conversation(&mut hasher);
        }
        hasher.finish()
    }

    fn hash_conversation(&self, hasher: &mut DefaultHasher) {
        let Ok(found) = json::scan(&self.body, &CONVERSATION) else { return };
        if let Some(named) = found.into_iter().flatten().find(|value| *value != "null" && *value != "\"\"") {
            named.hash(hasher);
            return;
        }
        let Ok(found) = json::scan(&self.body, &BEGINNING) else { return };
        for value in found.into_iter().flatten() {
            // a conversation grows at its end
            if value.starts_with('[') {
                elements(Some(value)).take(2).for_each(|message| message.hash(hasher));
            } else {
                value.hash(hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method, Uri, header};

    use super::super::Arrival;
    use super::*;

    fn ask(body: &'static str) -> Ask {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let uri = Uri::from_static("/v1/chat/completions");
        let (host, body) = (String::new(), Bytes::from_static(body.as_bytes()));
        Ask::read(Arrival { method: Method::POST, uri, host, headers, body, truncated: false }).unwrap()
    }

    #[test]
    fn the_cost_is_the_text_and_the_longest_answer() {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"abcd"}],"max_tokens":500}"#;
        assert_eq!(ask(body).cost(), body.len() as u64 / 4 + 500);
        let open = r#"{"model":"m","messages":[]}"#;
        assert_eq!(ask(open).cost(), open.len() as u64 / 4);
    }

    #[test]
    fn a_conversation_keeps_its_affinity_while_it_grows() {
        let first = r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"}]}"#;
        let later = r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"hi"},{"role":"assistant","content":"yes"},{"role":"user","content":"more"}]}"#;
        let other = r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"ho"}]}"#;
        assert_eq!(ask(first).affinity(Some("a")), ask(later).affinity(Some("a")));
        assert_ne!(ask(first).affinity(Some("a")), ask(other).affinity(Some("a")));
        assert_ne!(ask(first).affinity(Some("a")), ask(first).affinity(Some("b")));
    }

    #[test]
    fn a_named_conversation_or_user_goes_before_the_text() {
        let one = r#"{"model":"m","user":"u1","messages":[{"role":"user","content":"hi"}]}"#;
        let two = r#"{"model":"m","user":"u1","messages":[{"role":"user","content":"ho"}]}"#;
        assert_eq!(ask(one).affinity(None), ask(two).affinity(None));
    }
}
