//! Judging JSON values by their text, without parsing what is not needed.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A field's value as it stands; `None` for absent and for null.
pub(crate) type Raw<'a> = Option<&'a RawValue>;

/// Reads an object's known fields. `None` for other values, also for arrays, which serde would take as fields in order.
pub(crate) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten()
}

/// The same for a field.
pub(crate) fn field<'a, T: Deserialize<'a>>(raw: Raw<'a>) -> Option<T> {
    object(raw?.get())
}

/// The elements of an array; none for other values.
pub(crate) fn elements<'a, T: Deserialize<'a>>(raw: Raw<'a>) -> Vec<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// Whether the value says something: not null, false, zero, nor an empty string, list or object.
pub(crate) fn is_truthy(raw: Raw<'_>) -> bool {
    let Some(raw) = raw else { return false };
    let text = raw.get();
    match text.as_bytes() {
        [b'"', ..] => text != "\"\"",
        [open @ (b'{' | b'['), .., _] => {
            let inner = &text[1..text.len() - 1];
            let empty = inner.trim_ascii().is_empty();
            // `{"code":null,"message":null}` is how some say "no error".
            !(empty || *open == b'{' && inner.contains("null") && is_all_null(text))
        }
        [b'-' | b'0'..=b'9', ..] => !is_zero(raw),
        _ => text == "true",
    }
}

fn is_all_null(object: &str) -> bool {
    serde_json::from_str::<serde_json::Map<_, _>>(object).is_ok_and(|map| map.values().all(serde_json::Value::is_null))
}

fn is_zero(raw: &RawValue) -> bool {
    raw.get().parse::<f64>().is_ok_and(|number| number == 0.0)
}

/// A string value that is not empty.
pub(crate) fn text(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    let inner = raw?.get().strip_prefix('"')?.strip_suffix('"')?;
    let text = match inner.contains('\\') {
        true => Cow::Owned(serde_json::from_str(raw?.get()).ok()?),
        false => Cow::Borrowed(inner),
    };
    (!text.is_empty()).then_some(text)
}

/// Whether the value is a number or a string of one, and not zero: an error code that says something.
pub(crate) fn is_code(raw: Raw<'_>) -> bool {
    let Some(raw) = raw else { return false };
    raw.get().trim_matches('"').parse::<f64>().is_ok_and(|number| number != 0.0)
}

/// A count. Zero when absent or no count.
pub(crate) fn count(raw: Raw<'_>) -> u64 {
    let Some(raw) = raw else { return 0 };
    let text = raw.get();
    text.parse().unwrap_or_else(|_| {
        let number = text.parse::<f64>().unwrap_or(0.0);
        // `as` saturates, and turns what is no number into zero.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let count = number as u64;
        count
    })
}
