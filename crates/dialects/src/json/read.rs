//! Reading.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::text::Text;

/// Makes a type that reads a JSON object in one pass: each field is optional, `null` is absence, and what no field is
/// named for is kept in `unknown` with its JSON text.
macro_rules! record {
    ($(#[$meta:meta])* $vis:vis struct $name:ident<$lt:lifetime> {
        $($field:ident: $type:ty = $key:literal $(| $alias:literal)*,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        $vis struct $name<$lt> {
            $($vis $field: Option<$type>,)*
            $vis unknown: Vec<$crate::model::Extra<$lt>>,
        }

        impl<$lt> serde::Deserialize<$lt> for $name<$lt> {
            fn deserialize<D: serde::Deserializer<$lt>>(from: D) -> Result<Self, D::Error> {
                struct Fields<$lt>(std::marker::PhantomData<&$lt ()>);
                impl<$lt> serde::de::Visitor<$lt> for Fields<$lt> {
                    type Value = $name<$lt>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<$lt>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut record = $name::default();
                        while let Some(key) = map.next_key::<$crate::text::Text<$lt>>()? {
                            match key.as_str() {
                                // `null` does not undo what stood under another name of the field.
                                $($key $(| $alias)* => {
                                    if let Some(value) = map.next_value::<Option<$type>>()? {
                                        record.$field = Some(value);
                                    }
                                })*
                                _ => {
                                    let value = map.next_value::<&$lt serde_json::value::RawValue>()?;
                                    if value.get() != "null" {
                                        record.unknown.push($crate::model::Extra { name: key, value });
                                    }
                                }
                            }
                        }
                        Ok(record)
                    }
                }
                from.deserialize_map(Fields(std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use record;

/// A field that holds either a string or something else (a list, an object).
#[derive(Debug)]
pub(crate) enum TextOr<'a, T> {
    Text(Text<'a>),
    Other(T),
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for TextOr<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = TextOr<'de, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a list or an object")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(TextOr::Text(text.into()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TextOr::Text(text.to_owned().into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(TextOr::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                T::deserialize(SeqAccessDeserializer::new(list)).map(TextOr::Other)
            }
        }
        match from.deserialize_any(Either(PhantomData))? {
            TextOr::Text(text) => Ok(Self::Text(text)),
            TextOr::Other(other) => Ok(Self::Other(other)),
        }
    }
}

/// A value that is read if it has the expected shape and passed over if not: for fields of answers, where a
/// surprise must not cost the answer.
#[derive(Debug)]
pub(crate) enum Loose<'a, T> {
    Known(T),
    Strange(PhantomData<&'a ()>),
}

impl<'de: 'a, 'a, T: Deserialize<'a>> Deserialize<'de> for Loose<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(from)?;
        Ok(serde_json::from_str(raw.get()).map_or(Self::Strange(PhantomData), Self::Known))
    }
}

impl<T> Loose<'_, T> {
    pub(crate) fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Strange(_) => None,
        }
    }
}

/// The text a JSON value stands for: of a string its content, else the JSON itself. Arguments of tool calls come both
/// ways.
pub(crate) fn text_of(raw: &RawValue) -> Text<'_> {
    match raw.get().starts_with('"') {
        true => serde_json::from_str(raw.get()).unwrap_or_default(),
        false => raw.get().into(),
    }
}

/// An object to stand for the arguments of a tool call, which come as text: themselves if they are an object, an empty
/// one for none, and one that holds the text if a model wrote something else.
pub(crate) fn json_of<'t>(arguments: &'t str) -> Cow<'t, str> {
    let trimmed = arguments.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return Cow::Borrowed("{}");
    }
    if trimmed.starts_with('{') && serde_json::from_str::<&RawValue>(trimmed).is_ok() {
        return Cow::Borrowed(trimmed);
    }
    let mut wrapped = Vec::with_capacity(trimmed.len() + 20);
    super::Object::write(&mut wrapped, |object| object.text("raw_arguments", arguments));
    Cow::Owned(String::from_utf8(wrapped).unwrap_or_default())
}
