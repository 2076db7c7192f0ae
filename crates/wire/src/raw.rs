//! Judging JSON values by their text, without parsing what is not needed.

use std::borrow::Cow;

use crate::json::cursor::Cursor;

/// A field's value as it stands; `None` for absent and for null.
pub(crate) type Raw<'a> = Option<&'a str>;

/// What can be read where a value stands. Values of another kind are consumed and count as absent.
pub(crate) trait Read<'a>: Default {
    /// Consumes the value. `None` when it is not JSON.
    fn read(cursor: &mut Cursor<'a>) -> Option<Self>;
}

impl<'a> Read<'a> for Raw<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        Some(Some(cursor.value()?).filter(|value| *value != "null"))
    }
}

impl<'a, T: Fields<'a>> Read<'a> for Option<T> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        if cursor.peek()? != b'{' {
            return cursor.value().map(|_| None);
        }
        let mut found = T::default();
        cursor.members(|key, cursor| found.take(key, cursor))?;
        Some(Some(found))
    }
}

/// Elements that are no objects are left out.
impl<'a, T: Fields<'a>> Read<'a> for Option<Vec<T>> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        if cursor.peek()? != b'[' {
            return cursor.value().map(|_| None);
        }
        // most lists have one element, and by itself a list would begin with room for four
        let mut list = Vec::with_capacity(1);
        cursor.elements(|cursor| {
            if cursor.peek()? != b'{' {
                return cursor.value().map(|_| ());
            }
            let mut found = T::default();
            cursor.members(|key, cursor| found.take(key, cursor))?;
            list.push(found);
            Some(())
        })?;
        Some(Some(list))
    }
}

/// An object of which some fields are wanted; see [`fields`].
pub(crate) trait Fields<'a>: Default {
    /// Consumes the value of a key, and keeps it if the key is wanted. Of a key given twice the last value counts.
    fn take(&mut self, key: &str, cursor: &mut Cursor<'a>) -> Option<()>;
}

/// Declares a struct and the keys its fields are read from: `field: Raw<'a> = "key"`. Everything is read in the one pass
/// over the text; what stands in a [`Raw`] and is read later is passed over once more.
macro_rules! fields {
    ($(#[$doc:meta])* $vis:vis struct $name:ident<'a> {
        $($(#[$note:meta])* $seen:vis $field:ident: $kind:ty = $key:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Default)]
        $vis struct $name<'a> {
            $($(#[$note])* $seen $field: $kind,)*
        }

        impl<'a> $crate::raw::Fields<'a> for $name<'a> {
            fn take(&mut self, key: &str, cursor: &mut $crate::json::cursor::Cursor<'a>) -> Option<()> {
                match key {
                    $($key => self.$field = $crate::raw::Read::read(cursor)?,)*
                    _ => {
                        cursor.value()?;
                    }
                }
                Some(())
            }
        }
    };
}
pub(crate) use fields;

/// Reads an object's wanted fields in one pass. `None` for everything that is not exactly one JSON object.
pub(crate) fn object<'a, T: Fields<'a>>(text: &'a str) -> Option<T> {
    let mut found = T::default();
    let mut cursor = Cursor::new(text);
    cursor.members(|key, cursor| found.take(key, cursor))?;
    cursor.is_over().then_some(found)
}

/// What a string says, given as it stands between its quotes.
pub(crate) fn unescaped(inner: &str) -> Cow<'_, str> {
    match inner.contains('\\') {
        false => Cow::Borrowed(inner),
        // half of a surrogate pair is no text
        true => Cow::Owned(serde_json::from_str(&format!("\"{inner}\"")).unwrap_or_default()),
    }
}

/// The same for a field.
pub(crate) fn field<'a, T: Fields<'a>>(raw: Raw<'a>) -> Option<T> {
    object(raw?)
}

/// The elements of an array; none for other values.
pub(crate) fn elements<'a>(raw: Raw<'a>) -> impl Iterator<Item = &'a str> {
    let mut cursor = Cursor::new(raw.unwrap_or_default());
    let mut more = cursor.expect(b'[').is_some();
    std::iter::from_fn(move || {
        let value = more.then(|| cursor.value()).flatten();
        more = cursor.expect(b',').is_some();
        value
    })
}

/// Those elements of an array that are objects.
pub(crate) fn objects<'a, T: Fields<'a>>(raw: Raw<'a>) -> impl Iterator<Item = T> {
    elements(raw).filter_map(object)
}

/// Whether the value says something: not null, false, zero, nor an empty string, list or object.
pub(crate) fn is_truthy(raw: Raw<'_>) -> bool {
    let Some(text) = raw else { return false };
    match text.as_bytes() {
        [b'"', ..] => text != "\"\"",
        [open @ (b'{' | b'['), .., _] => {
            let inner = &text[1..text.len() - 1];
            let empty = inner.trim_ascii().is_empty();
            // `{"code":null,"message":null}` is how some say "no error".
            !(empty || *open == b'{' && inner.contains("null") && is_all_null(text))
        }
        [b'-' | b'0'..=b'9', ..] => !is_zero(text),
        _ => text == "true",
    }
}

fn is_all_null(object: &str) -> bool {
    let walked = Cursor::new(object).members(|_, cursor| (cursor.value()? == "null").then_some(()));
    walked.is_some()
}

fn is_zero(number: &str) -> bool {
    number.parse::<f64>().is_ok_and(|number| number == 0.0)
}

/// A string value that is not empty.
pub(crate) fn text(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    let inner = raw?.strip_prefix('"')?.strip_suffix('"')?;
    Some(unescaped(inner)).filter(|text| !text.is_empty())
}

/// Whether the value is a number or a string of one, and not zero: an error code that says something.
pub(crate) fn is_code(raw: Raw<'_>) -> bool {
    raw.is_some_and(|raw| raw.trim_matches('"').parse::<f64>().is_ok_and(|number| number != 0.0))
}

/// A count. Zero when absent or no count.
pub(crate) fn count(raw: Raw<'_>) -> u64 {
    let Some(text) = raw else { return 0 };
    text.parse().unwrap_or_else(|_| {
        let number = text.parse::<f64>().unwrap_or(0.0);
        // `as` saturates, and turns what is no number into zero.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let count = number as u64;
        count
    })
}
