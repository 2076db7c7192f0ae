//! Any answer, read by any provider's rules, gets a verdict: no panic, and a hint no longer than a month and a day.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use claviger_providers::{Classifier, Failure, Recorded, known_errors};
use claviger_types::WallTime;
use libfuzzer_sys::fuzz_target;

static ALL: LazyLock<Vec<Classifier>> =
    LazyLock::new(|| known_errors().filter_map(|known| Classifier::named(known.name)).collect());

// The first bytes choose rules, status and clock; then a header value, a zero, and the body.
fuzz_target!(|input: &[u8]| {
    let [rules, high, low, clock, rest @ ..] = input else { return };
    let rules = &ALL[usize::from(*rules) % ALL.len()];
    let (value, body) = rest.split_at(rest.iter().position(|byte| *byte == 0).unwrap_or(0));
    let value = String::from_utf8_lossy(value);
    let status = u16::from_be_bytes([*high, *low]) % 700;
    let mut recorded = Recorded { status, body: bytes::Bytes::copy_from_slice(body), ..Recorded::default() };
    recorded.header("x-ratelimit-remaining-requests", "0");
    for name in ["retry-after", "date", "x-ratelimit-reset-requests", ":exception-type"] {
        recorded.header(name, &value);
    }
    let wall = WallTime::from_millis(u64::from(*clock) << 33);
    let headers = &recorded.headers;
    let readings = [
        Some(rules.read(&Failure::Status { status, headers, body, wall })),
        Some(rules.read(&Failure::Embedded { headers, body, wall })),
        rules.read_recorded(&recorded),
    ];
    for reading in readings.into_iter().flatten() {
        assert!(!reading.verdict.rule.is_empty());
        assert!(reading.verdict.hint.is_none_or(|hint| !hint.is_zero() && hint <= Duration::from_secs(32 * 86_400)));
    }
});
