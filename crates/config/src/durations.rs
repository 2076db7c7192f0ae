//! Durations and sizes as people write them: `120s`, `2500ms`, `1m30s`; `64MiB`, `1048576`.

use std::time::Duration;

/// Reads a duration made of whole numbers with the units `ms`, `s`, `m`, `h`, largest first or not; `None` when it
/// is none.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut millis = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let letters = tail.find(|letter: char| letter.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let unit = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        millis = millis.checked_add(number.checked_mul(unit)?)?;
        rest = tail;
    }
    Some(Duration::from_millis(millis))
}

/// Reads a size in bytes: a whole number, alone or with `B`, `KiB`, `MiB`, `GiB` (or `KB`, `MB`, `GB` in steps of
/// 1000); `None` when it is none.
pub(crate) fn bytes(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, millis) in [("120s", 120_000), ("2500ms", 2_500), ("1m30s", 90_000), ("1h", 3_600_000), ("0s", 0)] {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "120", "s", "1.5s", "-1s", "1d", "1 fortnight", "99999999999999999999s", "9999999999999999h"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_numbers_with_or_without_units() {
        for (text, count) in [("64MiB", 64 << 20), ("1048576", 1 << 20), ("2 KiB", 2048), ("1MB", 1_000_000)] {
            assert_eq!(bytes(text), Some(count), "{text}");
        }
        for text in ["", "MiB", "-1", "1.5MiB", "64mb", "99999999999999999999"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
