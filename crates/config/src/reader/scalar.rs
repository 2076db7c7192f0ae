//! Values without parts: texts, flags, numbers, times, sizes.

use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::durations;
use crate::node::{self, Value};
use crate::problem::Code;
use crate::reader::Item;
use crate::suggest;

impl Item<'_> {
    /// A text, with the environment's values in it. Numbers count as the text they are written as. Lenient, so do
    /// truth values, and an empty text is unset.
    pub(crate) fn text(&self) -> Option<String> {
        let raw = match &self.node.value {
            Value::Bool(_) if !self.lenient => return self.wrong("a text", "put it in quotes"),
            value => match node::written(value) {
                Some(raw) => raw,
                None => return self.wrong("a text", "write a text"),
            },
        };
        let text = self.context.expand(&raw, self.place(), &self.path)?;
        (!self.lenient || !text.is_empty()).then_some(text)
    }

    /// A text that is not empty.
    pub(crate) fn filled(&self, fix: &str) -> Option<String> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.error(Code::Invalid, "this is empty", fix);
            return None;
        }
        Some(text)
    }

    /// A text as it is written, where a dollar sign has a meaning of its own.
    pub(crate) fn verbatim(&self) -> Option<String> {
        match node::written(&self.node.value) {
            Some(text) => Some(text),
            None => self.wrong("a text", "write a text"),
        }
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.list().iter().filter_map(Self::text).collect()
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        let truth = |text: &str| match text.trim() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        let loose = |text: &str| matches!(text.to_ascii_lowercase().as_str(), "1" | "t" | "true");
        match &self.node.value {
            Value::Bool(flag) => Some(*flag),
            Value::Int(number, _) if self.lenient => Some(*number != 0),
            Value::Float(number, _) if self.lenient => Some(*number != 0.0),
            Value::Str(text) => {
                let expanded = self.context.expand(text, self.place(), &self.path)?;
                if self.lenient {
                    return Some(loose(&expanded));
                }
                let from_environment = crate::expand::refers(text).then(|| truth(&expanded)).flatten();
                from_environment.or_else(|| self.wrong("true or false", "write `true` or `false`"))
            }
            Value::Null | Value::Int(..) | Value::Float(..) | Value::List(_) | Value::Map(_) => {
                self.wrong("true or false", "write `true` or `false`")
            }
        }
    }

    /// A whole number from `least` to `most`; lenient, zero and whatever is no number are unset.
    pub(crate) fn whole(&self, least: u64, most: u64) -> Option<u64> {
        let number = match &self.node.value {
            Value::Int(number, _) => u64::try_from(*number).ok(),
            Value::Float(number, _) => whole_part(*number).filter(|_| self.lenient || number.fract() == 0.0),
            Value::Bool(flag) if self.lenient => Some(u64::from(*flag)),
            Value::Str(text) if self.lenient || crate::expand::refers(text) => {
                let text = self.context.expand(text, self.place(), &self.path)?;
                text.trim().parse().ok()
            }
            Value::Null | Value::Bool(_) | Value::Str(_) | Value::List(_) | Value::Map(_) => {
                return self.wrong("a whole number", &format!("write a number from {least}"));
            }
        };
        if self.lenient {
            return number.filter(|number| (1..=most).contains(number));
        }
        if let Some(number) = number.filter(|number| (least..=most).contains(number)) {
            return Some(number);
        }
        let range = if most == u64::MAX { format!("of at least {least}") } else { format!("from {least} to {most}") };
        self.error(Code::Invalid, &format!("this must be a whole number {range}"), &format!("write a number {range}"));
        None
    }

    pub(crate) fn whole32(&self, least: u32, most: u32) -> Option<u32> {
        self.whole(least.into(), most.into()).and_then(|number| u32::try_from(number).ok())
    }

    /// Milliseconds, as all Higress keys have them.
    pub(crate) fn millis(&self) -> Option<Duration> {
        if let (false, Value::Str(text)) = (self.lenient, &self.node.value)
            && let Some(time) = durations::duration(text)
        {
            let fix = format!("write {}", time.as_millis());
            return self.wrong("a number of milliseconds", &fix);
        }
        self.whole32(1, u32::MAX).map(|millis| Duration::from_millis(millis.into()))
    }

    /// A duration with its unit, as all our own keys have them.
    pub(crate) fn duration(&self) -> Option<Duration> {
        match &self.node.value {
            Value::Int(number, _) => {
                self.wrong("a duration with its unit", &format!("write `\"{number}s\"` or `\"{number}ms\"`"))
            }
            Value::Str(text) => {
                let text = self.context.expand(text, self.place(), &self.path)?;
                durations::duration(&text).or_else(|| {
                    self.error(Code::Invalid, "this is no duration", "write one such as `120s`, `2500ms` or `1m30s`");
                    None
                })
            }
            Value::Null | Value::Bool(_) | Value::Float(..) | Value::List(_) | Value::Map(_) => {
                self.wrong("a duration with its unit", "write one such as `120s`, `2500ms` or `1m30s`")
            }
        }
    }

    /// A duration of more than nothing.
    pub(crate) fn positive_duration(&self) -> Option<Duration> {
        let duration = self.duration()?;
        if duration.is_zero() {
            self.error(Code::Invalid, "this must be more than zero", "write one such as `10s`");
            return None;
        }
        Some(duration)
    }

    /// A size in bytes, as a number or with a unit.
    pub(crate) fn bytes(&self) -> Option<usize> {
        let text = self.text()?;
        let found = durations::bytes(&text).filter(|count| *count > 0);
        if found.is_none() {
            self.error(Code::Invalid, "this is no size", "write a number of bytes, or a size such as `64MiB`");
        }
        found
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(&self, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let fix = match suggest::nearest(&text, words.iter().map(|(word, _)| *word)) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("write one of {}", all.join(", ")),
            };
            self.error(Code::Invalid, &format!("{text:?} is not one of {}", all.join(", ")), &fix);
        }
        found
    }

    /// The value as JSON, with the environment's values in its texts; `None` for nothing and for what JSON lacks.
    pub(crate) fn json(&self) -> Option<Json> {
        match &self.node.value {
            Value::Null => None,
            Value::Bool(flag) => Some(Json::Bool(*flag)),
            value @ (Value::Int(..) | Value::Float(..)) => node::number(value).map(Json::Number),
            Value::Str(text) => self.context.expand(text, self.place(), &self.path).map(Json::String),
            Value::List(_) => {
                Some(Json::Array(self.list().iter().map(|item| item.json().unwrap_or(Json::Null)).collect()))
            }
            Value::Map(_) => {
                let entries = self.map()?;
                let json = |(key, item): (&node::Key, Self)| (key.text.clone(), item.json().unwrap_or(Json::Null));
                Some(Json::Object(entries.entries().map(json).collect::<Map<_, _>>()))
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
fn whole_part(number: f64) -> Option<u64> {
    (0.0..9e15).contains(&number).then_some(number as u64)
}
