//! The bytes that travel: answers of the mock and requests of the load, made once and then only sent.
//!
//! They are chat completions as OpenAI has them, so that a gateway which reads bodies finds what it looks for.

use bytes::Bytes;

/// What a small answer says; the whole of it is about 600 bytes.
const SENTENCE: &str = "A pangram has every letter of its alphabet. The best known English one is: The quick brown \
                        fox jumps over the lazy dog.";
/// One turn of a long conversation, with the quotes and line ends that JSON has to escape.
const TURN: &str = "The measure of a proxy is what it adds to the work it passes on: \"time\", memory and trouble. A \
                    long conversation is sent again whole with every turn, so the body grows and the answer does not.\n";
/// Stands in a body where [`numbered`] writes the number of the request.
const NUMBER: &[u8] = b"r-00000000";

/// A whole answer of about `size` bytes, at least 600.
pub(crate) fn plain(size: usize) -> Bytes {
    let filler = "x".repeat(size.saturating_sub(600));
    let body = format!(
        r#"{{"id":"chatcmpl-bench00000000000000000001","object":"chat.completion","created":1764000000,"model":"gpt-4o-mini-2024-07-18","choices":[{{"index":0,"message":{{"role":"assistant","content":"{SENTENCE}{filler}","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":48,"completion_tokens":29,"total_tokens":77,"prompt_tokens_details":{{"cached_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_bench"}}"#
    );
    Bytes::from(body)
}

/// An error as OpenAI writes it.
pub(crate) fn error(status: u16) -> Bytes {
    let (kind, code, message) = match status {
        401 => ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
        429 => ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
        _ => ("server_error", "server_error", "The server had an error."),
    };
    Bytes::from(format!(r#"{{"error":{{"message":"{message}","type":"{kind}","param":null,"code":"{code}"}}}}"#))
}

/// The events of a stream: one of content (sent again and again, about 300 bytes), the last one, and the terminator.
pub(crate) struct Events {
    /// One delta of content.
    pub(crate) content: Bytes,
    /// The delta that says why the answer ended.
    pub(crate) finish: Bytes,
    /// `[DONE]`.
    pub(crate) done: Bytes,
}

impl Events {
    pub(crate) fn new() -> Self {
        let event = |delta: &str, finish: &str| {
            Bytes::from(format!(
                r#"data: {{"id":"chatcmpl-bench00000000000000000001","object":"chat.completion.chunk","created":1764000000,"model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_bench","choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]}}

"#
            ))
        };
        Self {
            content: event(r#"{"content":" the quick brown fox jumps over the lazy dog,"}"#, "null"),
            finish: event("{}", r#""stop""#),
            done: Bytes::from_static(b"data: [DONE]\n\n"),
        }
    }
}

/// A chat request of about `size` bytes (at least 300), which ends with a number that [`numbered`] can change.
pub(crate) fn request(size: usize, stream: bool) -> Vec<u8> {
    let mut turns = String::new();
    let mut role = "user";
    let turn = serde_json::Value::from(TURN).to_string();
    while turns.len() + turn.len() + 330 < size {
        turns.push_str(&format!(r#"{{"role":"{role}","content":{turn}}},"#));
        role = if role == "user" { "assistant" } else { "user" };
    }
    let stream = if stream { r#""stream":true,"# } else { "" };
    let mut body = format!(
        r#"{{"model":"gpt-4o-mini","messages":[{{"role":"system","content":"You are a terse assistant. Answer in one short sentence."}},{turns}{{"role":"user","content":"What is a pangram, and which is the best known of all?"}}],{stream}"temperature":0.2,"max_tokens":64,"user":""#
    )
    .into_bytes();
    body.extend_from_slice(NUMBER);
    body.extend_from_slice(b"\"}");
    body
}

/// Writes `number` into a request of [`request`], whatever stands before or behind it.
pub(crate) fn numbered(request: &mut [u8], number: u64) {
    if let Some(at) = memchr::memmem::rfind(request, b"r-") {
        let digits = format!("{:08}", number % 100_000_000);
        request[at + 2..at + 10].copy_from_slice(digits.as_bytes());
    }
}

/// The number in a request.
pub(crate) fn number_of(request: &[u8]) -> Option<u64> {
    let at = memchr::memmem::rfind(request, b"\"r-")?;
    std::str::from_utf8(request.get(at + 3..at + 11)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_json_of_about_the_size_asked_for() {
        for size in [300, 1_000, 30_000, 1_000_000] {
            let body = request(size, true);
            let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(read["stream"], true);
            assert!(body.len().abs_diff(size) < 350, "{} for {size}", body.len());
        }
    }

    #[test]
    fn a_request_carries_its_number() {
        let mut body = request(300, false);
        assert_eq!(number_of(&body), Some(0));
        numbered(&mut body, 4_711);
        assert_eq!(number_of(&body), Some(4_711));
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
    }

    #[test]
    fn answers_are_json_and_events_end() {
        for body in [plain(0), plain(5_000), error(429), error(401), error(503)] {
            assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
        }
        let events = Events::new();
        for event in [&events.content, &events.finish, &events.done] {
            assert!(event.starts_with(b"data: ") && event.ends_with(b"\n\n"));
        }
    }
}
