//! `customSettings`: parameters the operator lays over every request.

use bytes::Bytes;
use claviger_dialects::Protocol as Speaks;
use serde_json::{Map, Value};

use super::{NotAnObject, parse, write};
use crate::provider::Provider;
use crate::row::Row;
use crate::settings::{Protocol, SettingMode};

/// Names that `mode: auto` knows in OpenAI's dialect.
const OPENAI: [&str; 4] = ["max_tokens", "temperature", "top_p", "seed"];

/// Whose names for parameters a body has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// OpenAI's.
    OpenAi,
    /// Those of its responses (API reference, 2026-11).
    Responses,
    /// The vendor's own.
    Vendor,
}

impl From<Protocol> for Names {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::OpenAi => Self::OpenAi,
            Protocol::Original => Self::Vendor,
        }
    }
}

/// The name a setting has in the dialect spoken; `None`: it has none there.
pub(crate) fn translated(row: &Row, names: Names, name: &str) -> Option<String> {
    match (names, name) {
        (Names::Vendor, _) if !row.settings.is_empty() => row.settings.get(name).cloned(),
        // the names in a vendor's own dialect are not known
        (Names::Vendor, _) if row.speaks != Speaks::OpenAiChat.name() => None,
        (Names::Responses, "max_tokens") => Some("max_output_tokens".to_owned()),
        (Names::Responses, "seed") => None,
        (Names::OpenAi | Names::Responses | Names::Vendor, _) => OPENAI.contains(&name).then(|| name.to_owned()),
    }
}

/// The body with all settings laid over it.
pub(super) fn apply(provider: &Provider, body: Bytes, names: Names) -> Result<Bytes, NotAnObject> {
    let settings = &provider.settings;
    if settings.custom_settings.is_empty() {
        return Ok(body);
    }
    let prefix = match names {
        Names::Vendor => provider.row.settings_prefix.as_str(),
        Names::OpenAi | Names::Responses => "",
    };
    let mut value = parse(&body)?;
    let mut changed = false;
    for setting in &settings.custom_settings {
        let name = match setting.mode {
            SettingMode::Raw => Some(setting.name.clone()),
            SettingMode::Auto => translated(provider.row, names, &setting.name),
        };
        let Some(name) = name else { continue };
        changed |= set(&mut value, &format!("{prefix}{name}"), &setting.value, setting.overwrite);
    }
    Ok(if changed { write(&value) } else { body })
}

/// Sets a dotted path; says whether that changed anything. `\.` is a dot in a name.
fn set(object: &mut Map<String, Value>, path: &str, value: &Value, overwrite: bool) -> bool {
    let (key, rest) = first_step(path);
    match rest {
        None => {
            if object.get(&key).is_some_and(|old| !overwrite || old == value) {
                return false;
            }
            object.insert(key, value.clone());
            true
        }
        Some(rest) => {
            let inner = object.entry(key).or_insert(Value::Null);
            match inner {
                Value::Object(inner) => set(inner, rest, value, overwrite),
                Value::Array(items) => in_list(items, rest, value, overwrite),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    if !overwrite && !inner.is_null() {
                        return false;
                    }
                    let mut fresh = Map::new();
                    set(&mut fresh, rest, value, overwrite);
                    *inner = Value::Object(fresh);
                    true
                }
            }
        }
    }
}

/// The same for a path into a list, whose next step is an index, or `-1` for one more item.
fn in_list(items: &mut Vec<Value>, path: &str, value: &Value, overwrite: bool) -> bool {
    let (index, rest) = first_step(path);
    if index == "-1" {
        let mut item = value.clone();
        if let Some(rest) = rest {
            let mut fresh = Map::new();
            set(&mut fresh, rest, value, overwrite);
            item = Value::Object(fresh);
        }
        items.push(item);
        return true;
    }
    let Some(item) = index.parse::<usize>().ok().and_then(|index| items.get_mut(index)) else { return false };
    match (rest, item) {
        (Some(rest), Value::Object(inner)) => set(inner, rest, value, overwrite),
        (Some(rest), Value::Array(inner)) => in_list(inner, rest, value, overwrite),
        (Some(_), _) => false,
        (None, item) => {
            let changes = overwrite && item != value;
            if changes {
                *item = value.clone();
            }
            changes
        }
    }
}

fn first_step(path: &str) -> (String, Option<&str>) {
    let mut key = String::new();
    let mut escaped = false;
    for (at, letter) in path.char_indices() {
        match letter {
            '\\' if !escaped => escaped = true,
            '.' if !escaped => return (key, Some(&path[at + 1..])),
            _ => {
                key.push(letter);
                escaped = false;
            }
        }
    }
    (key, None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn after(body: Value, path: &str, value: Value, overwrite: bool) -> Value {
        let mut body = body.as_object().expect("an object").clone();
        set(&mut body, path, &value, overwrite);
        Value::Object(body)
    }

    #[test]
    fn dots_nest_and_escaped_dots_do_not() {
        assert_eq!(after(json!({}), "a.b", json!(1), true), json!({"a": {"b": 1}}));
        assert_eq!(after(json!({}), r"a\.b", json!(1), true), json!({"a.b": 1}));
        assert_eq!(after(json!({"a": [{"b": 1}]}), "a.0.b", json!(2), true), json!({"a": [{"b": 2}]}));
        assert_eq!(after(json!({"a": [1]}), "a.-1", json!(2), false), json!({"a": [1, 2]}));
        assert_eq!(after(json!({"a": []}), "a.-1.b", json!(2), true), json!({"a": [{"b": 2}]}));
    }

    #[test]
    fn without_overwrite_only_what_is_absent_is_filled_in() {
        assert_eq!(after(json!({"a": 0}), "a", json!(1), false), json!({"a": 0}));
        assert_eq!(after(json!({"a": {"c": 0}}), "a.b", json!(1), false), json!({"a": {"c": 0, "b": 1}}));
    }

    proptest! {
        #[test]
        fn any_path_is_survived(path in ".{0,16}", overwrite: bool) {
            after(json!({"a": {"b": [1, {"c": 2}]}, "0": 1}), &path, json!(true), overwrite);
        }
    }
}
