//! Header fields in a script: an ordered list, because names may repeat.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap as _};

/// Header fields in order. As JSON an object; a repeated name has a list of strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, String)>);

impl Headers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a field.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// The first field with this name, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Puts the fields into `into`: the first of a name replaces what is there, later ones add. Fields that HTTP
    /// cannot carry are left out (a script read from JSON has none: it is refused).
    pub(crate) fn apply(&self, into: &mut HeaderMap) {
        let mut written: Vec<HeaderName> = Vec::new();
        for (name, value) in &self.0 {
            let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else { continue };
            if written.contains(&name) {
                into.append(name, value);
            } else {
                into.insert(name.clone(), value);
                written.push(name);
            }
        }
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut grouped: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, value) in &self.0 {
            match grouped.iter_mut().find(|(key, _)| key == name) {
                Some((_, values)) => values.push(value),
                None => grouped.push((name, vec![value])),
            }
        }
        let mut map = serializer.serialize_map(Some(grouped.len()))?;
        for (name, values) in grouped {
            match values.as_slice() {
                [one] => map.serialize_entry(name, one)?,
                many => map.serialize_entry(name, many)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Values {
            One(String),
            Many(Vec<String>),
        }
        // A map type keeps the order only when it is a `Value` object (`preserve_order`).
        let object = serde_json::Map::<String, serde_json::Value>::deserialize(deserializer)?;
        let mut headers = Self::default();
        for (name, value) in object {
            HeaderName::try_from(&name).map_err(|_| D::Error::custom(format!("`{name}` is no header name")))?;
            let values = match serde_json::from_value(value) {
                Ok(Values::One(value)) => vec![value],
                Ok(Values::Many(values)) => values,
                Err(_) => return Err(D::Error::custom(format!("header `{name}` is neither a string nor a list"))),
            };
            for value in values {
                HeaderValue::try_from(&value)
                    .map_err(|_| D::Error::custom(format!("header `{name}` has a bad value")))?;
                headers.push(name.clone(), value);
            }
        }
        Ok(headers)
    }
}
