//! Message hygiene of chats: cleanup commands, merging of neighbours, the developer role.

use serde_json::{Map, Value};

/// Finds the last user message that is one of `commands` and drops it and all earlier messages but system ones.
pub(super) fn clean_up(messages: &mut Vec<Value>, commands: &[String]) -> bool {
    let is_command = |message: &Value| {
        role(message) == "user"
            && plain_text(message).is_some_and(|text| commands.iter().any(|command| command == text))
    };
    let Some(last) = messages.iter().rposition(is_command) else { return false };
    let mut at = 0;
    messages.retain(|message| {
        at += 1;
        at > last + 1 || role(message) == "system"
    });
    true
}

/// Joins neighbouring user messages and neighbouring assistant messages. The later one's tool calls are kept.
pub(super) fn merge(messages: &mut Vec<Value>) -> bool {
    let before = messages.len();
    let mut merged: Vec<Value> = Vec::with_capacity(before);
    for message in messages.drain(..) {
        let same = merged.last().is_some_and(|last| {
            matches!(role(&message), "user" | "assistant") && role(last) == role(&message) && !has_calls(last)
        });
        match (merged.last_mut(), message) {
            (Some(Value::Object(last)), Value::Object(message)) if same => join(last, message),
            (_, message) => merged.push(message),
        }
    }
    *messages = merged;
    messages.len() != before
}

/// Turns the `developer` role into `system`, which every provider knows.
pub(super) fn developer_to_system(messages: &mut [Value]) -> bool {
    let mut changed = false;
    for message in messages {
        if let Some(role) = message.get_mut("role").filter(|role| *role == "developer") {
            *role = Value::from("system");
            changed = true;
        }
    }
    changed
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

fn has_calls(message: &Value) -> bool {
    message.get("tool_calls").and_then(Value::as_array).is_some_and(|calls| !calls.is_empty())
}

/// The text of a message that is text alone, be it as one part.
fn plain_text(message: &Value) -> Option<&str> {
    match message.get("content")? {
        Value::String(text) => Some(text),
        Value::Array(parts) => match parts.as_slice() {
            [part] => part.get("text")?.as_str(),
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

fn join(last: &mut Map<String, Value>, message: Map<String, Value>) {
    for (key, value) in message {
        match (last.get_mut(&key), value) {
            (Some(old), new) if key == "content" => *old = joined(old.take(), new),
            (Some(Value::Null) | None, value) => {
                last.insert(key, value);
            }
            (Some(_), _) => {}
        }
    }
}

fn joined(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Null, other) | (other, Value::Null) => other,
        (Value::String(first), Value::String(second)) => Value::String(format!("{first}\n\n{second}")),
        (first, second) => {
            let mut parts = as_parts(first);
            parts.extend(as_parts(second));
            Value::Array(parts)
        }
    }
}

fn as_parts(content: Value) -> Vec<Value> {
    match content {
        Value::Array(parts) => parts,
        Value::String(text) => vec![serde_json::json!({"type": "text", "text": text})],
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_drops_what_came_before_it_but_the_system_message() {
        let mut messages = vec![
            json!({"role": "system", "content": "s"}),
            json!({"role": "user", "content": "a"}),
            json!({"role": "user", "content": [{"type": "text", "text": "/new"}]}),
            json!({"role": "user", "content": "b"}),
        ];
        assert!(clean_up(&mut messages, &["/new".to_owned()]));
        assert_eq!(messages, [json!({"role": "system", "content": "s"}), json!({"role": "user", "content": "b"})]);
        assert!(!clean_up(&mut messages, &["/new".to_owned()]));
    }

    #[test]
    fn neighbours_merge_and_keep_their_tool_calls() {
        let mut messages = vec![
            json!({"role": "user", "content": "a"}),
            json!({"role": "user", "content": [{"type": "image_url"}]}),
            json!({"role": "assistant", "content": "b"}),
            json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c1"}]}),
            json!({"role": "tool", "tool_call_id": "c1", "content": "up"}),
        ];
        assert!(merge(&mut messages));
        assert_eq!(messages[0]["content"], json!([{"type": "text", "text": "a"}, {"type": "image_url"}]));
        assert_eq!(messages[1], json!({"role": "assistant", "content": "b", "tool_calls": [{"id": "c1"}]}));
        assert_eq!(messages.len(), 3);
    }
}
