//! JSON objects as lists of the members that errors have; everything else is skipped unread.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members that are read, in all dialects. Any other is passed over without a copy.
const MEMBERS: [&str; 59] = [
    "error",
    "Error",
    "ErrorMsg",
    "errors",
    "fault",
    "base_resp",
    "header",
    "last_error",
    "response",
    "Response",
    "ResponseMetadata",
    "promptFeedback",
    "blockReason",
    "code",
    "Code",
    "error_code",
    "status_code",
    "statusCode",
    "err_code",
    "errorcode",
    "__type",
    "http_code",
    "http_status",
    "status",
    "type",
    "param",
    "message",
    "Message",
    "msg",
    "Msg",
    "error_msg",
    "status_msg",
    "err_msg",
    "faultstring",
    "detail",
    "error_description",
    "reason",
    "details",
    "innererror",
    "inner_error",
    "metadata",
    "limit_source",
    "flagged_input",
    "reasons",
    "raw",
    "headers",
    "violations",
    "quotaId",
    "retryDelay",
    "seconds",
    "nanos",
    "quotaResetDelay",
    "quotaResetTimeStamp",
    "resets_at",
    "resets_in_seconds",
    "retry_after",
    "retry_after_ms",
    "retry_after_seconds",
    "object",
];

/// An object's known members, in its order.
#[derive(Debug, Default)]
pub(super) struct Object<'a>(Vec<(&'static str, Value<'a>)>);

/// A member's value, unread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a>(&'a RawValue);

impl<'a> Object<'a> {
    /// `None`: this is no object.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if !text.trim_start().starts_with('{') {
            return None;
        }
        serde_json::from_str(text).ok()
    }

    /// A member that is there and not null.
    pub(super) fn get(&self, name: &str) -> Option<Value<'a>> {
        self.0.iter().find(|(known, value)| *known == name && value.0.get() != "null").map(|(_, value)| *value)
    }

    /// A member that is an object with something in it.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        self.get(name)?.object()
    }

    /// The first of these members that is a text or a number, as text; none is "null".
    pub(super) fn word(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| self.get(name)?.word())
    }
}

impl<'a> From<&'a RawValue> for Value<'a> {
    fn from(raw: &'a RawValue) -> Self {
        Self(raw)
    }
}

impl<'a> Value<'a> {
    /// As an object that has at least one of the known members, not null.
    pub(super) fn object(self) -> Option<Object<'a>> {
        Object::parse(self.0.get()).filter(|object| object.0.iter().any(|(_, value)| value.0.get() != "null"))
    }

    /// As a text that is not empty.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let inner = self.0.get().strip_prefix('"')?.strip_suffix('"')?;
        let text = match inner.contains('\\') {
            true => Cow::Owned(serde_json::from_str(self.0.get()).ok()?),
            false => Cow::Borrowed(inner),
        };
        (!text.is_empty()).then_some(text)
    }

    /// As a text, or as a number's text. Some write "null" for none.
    pub(super) fn word(self) -> Option<Cow<'a, str>> {
        let raw = self.0.get();
        let number = raw.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit());
        if number { Some(Cow::Borrowed(raw)) } else { self.text().filter(|text| text != "null") }
    }

    /// As a list; empty for anything else.
    pub(super) fn list(self) -> Vec<Self> {
        if !self.0.get().starts_with('[') {
            return Vec::new();
        }
        serde_json::from_str::<Vec<&RawValue>>(self.0.get()).unwrap_or_default().into_iter().map(Self).collect()
    }

    /// As it stands.
    pub(super) fn raw(self) -> &'a str {
        self.0.get()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut found = Vec::new();
        while let Some(Name(name)) = map.next_key()? {
            match name {
                Some(name) => found.push((name, Value(map.next_value()?))),
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(Object(found))
    }
}

/// A member's name, if it is one of ours.
struct Name(Option<&'static str>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Known;
        impl Visitor<'_> for Known {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(MEMBERS.into_iter().find(|known| *known == name)))
            }
        }
        from.deserialize_str(Known)
    }
}
