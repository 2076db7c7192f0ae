//! The text an answer says, and how it is counted.

use serde_json::{Value, json};

/// The last thing the user said in a list of messages, in any of the content shapes; empty when nothing.
pub(crate) fn last_user_text(messages: &Value) -> String {
    let Some(messages) = messages.as_array() else { return plain(messages) };
    let last =
        messages.iter().rev().find(|message| message["role"] == "user" && !plain(&message["content"]).is_empty());
    last.map(|message| plain(&message["content"])).unwrap_or_default()
}

/// The text of a content value: a string, or the text parts of a list.
pub(crate) fn plain(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str().or_else(|| part.as_str()));
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

/// What is answered to `said`: an echo, padded to at least `words` words.
pub(crate) fn reply(said: &str, words: usize) -> String {
    let mut text = if said.is_empty() { "You said nothing.".to_owned() } else { format!("You said: {said}") };
    let have = count(&text);
    for number in have..words {
        text.push_str(&format!(" word{number}"));
    }
    text
}

/// The pieces a text is streamed in: words, each with the space before it. Joined they are the text.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices() {
        if character == ' ' && at > start {
            pieces.push(&text[start..at]);
            start = at;
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// How many tokens a text counts as here: its words.
pub(crate) fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

/// How many tokens a request counts as: the words of its messages, at least one.
pub(crate) fn count_messages(messages: &Value) -> usize {
    let words = match messages.as_array() {
        None => count(&plain(messages)),
        Some(messages) => {
            let contents = messages.iter().map(|message| plain(message.get("content").unwrap_or(message)));
            contents.map(|content| count(&content)).sum()
        }
    };
    words.max(1)
}

/// Usage as chat completions and completions report it.
pub(crate) fn usage(prompt: usize, completion: usize) -> Value {
    json!({
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
        "completion_tokens_details": {
            "reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
        },
    })
}

/// A text in two pieces, as arguments are streamed.
pub(crate) fn halves(text: &str) -> [&str; 2] {
    let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    [&text[..half], &text[half..]]
}
