//! Strings and numbers of a JSON body, borrowed from it where their bytes stand there as they are.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

/// A string: borrowed from the body unless it had escapes. (`Option<Cow<str>>` would always be copied by serde.)
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// A text that lives as long as the program.
    pub const fn fixed(text: &'static str) -> Text<'static> {
        Text(Cow::Borrowed(text))
    }

    /// The text, borrowed from `self`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text, borrowed from this one.
    pub fn borrow(&self) -> Text<'_> {
        Text(Cow::Borrowed(&self.0))
    }

    /// The text as the caller's own.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }

    /// The part of it that `cut` chooses, borrowed from the body where the whole is.
    pub fn slice(&self, cut: impl Fn(&str) -> &str) -> Text<'a> {
        match &self.0 {
            Cow::Borrowed(text) => Text(Cow::Borrowed(borrowed_part(text, cut(text)))),
            Cow::Owned(text) => Text(Cow::Owned(cut(text).to_owned())),
        }
    }
}

/// `part` with the lifetime of `whole`, which it lies in; all of it if it does not.
fn borrowed_part<'a>(whole: &'a str, part: &str) -> &'a str {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    whole.get(start..start.saturating_add(part.len())).unwrap_or(whole)
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self(text)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(text.into())
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(text.to_owned().into())
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(text.into())
            }
        }
        from.deserialize_str(Strings)
    }
}

/// A number as it was written, so that `0.1` stays `0.1`. Always a JSON number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number<'a>(Cow<'a, str>);

impl<'a> Number<'a> {
    /// The JSON text of the number.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its value.
    pub fn value(&self) -> f64 {
        self.0.parse().unwrap_or(0.0)
    }

    /// Its value as a count: fractions are cut off, negative numbers are zero.
    pub fn count(&self) -> u64 {
        self.0.parse().unwrap_or_else(|_| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
            let count = self.value() as u64;
            count
        })
    }

    /// The number, or the nearer end of the range `low..=high`.
    #[must_use]
    pub fn clamped(&self, low: i64, high: i64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "ends of ranges of settings are small")]
        let (least, most) = (low as f64, high as f64);
        match self.value() {
            value if value < least => low.into(),
            value if value > most => high.into(),
            _ => self.clone(),
        }
    }

    /// Reads JSON text: a number, or a string of one as some clients send it.
    pub fn read(raw: &'a RawValue) -> Option<Self> {
        let text = raw.get();
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let number = bare.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        (number && serde_json::from_str::<serde_json::Number>(bare).is_ok()).then_some(Self(Cow::Borrowed(bare)))
    }
}

impl From<i64> for Number<'_> {
    fn from(number: i64) -> Self {
        Self(Cow::Owned(number.to_string()))
    }
}

impl From<u64> for Number<'_> {
    fn from(number: u64) -> Self {
        Self(Cow::Owned(number.to_string()))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Number<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Number::read(<&RawValue>::deserialize(from)?).ok_or_else(|| D::Error::custom("a number was expected"))
    }
}
