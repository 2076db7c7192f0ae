//! `failover`, `retryOnFailure` and `firstByteTimeout`: only what is set explicitly counts.

use crate::plan::FailoverPlan;
use crate::problem::{Code, Severity};
use crate::provider::Hints;
use crate::reader::{Item, Reader};

pub(super) fn failover(entry: &Reader<'_>) -> FailoverPlan {
    let Some(map) = entry.get("failover").and_then(|item| item.map()) else { return FailoverPlan::default() };
    let count = |key| map.get(key).and_then(|item| item.whole32(1, u32::MAX));
    let time = |key| map.get(key).and_then(|item| item.millis());
    let plan = FailoverPlan {
        enabled: map.get("enabled").and_then(|item| item.flag()),
        failure_threshold: count("failureThreshold"),
        success_threshold: count("successThreshold"),
        health_check_interval: time("healthCheckInterval"),
        health_check_timeout: time("healthCheckTimeout"),
        health_check_model: map.get("healthCheckModel").and_then(|item| item.text()),
        failover_on_status: patterns(&map, "failoverOnStatus"),
        retry_on_status: None,
    };
    if map.item.lenient && plan.enabled == Some(true) && plan.health_check_model.is_none() {
        map.missing("healthCheckModel", "name a model that every token may use");
    }
    tell_ignored(&map, &plan);
    map.finish();
    plan
}

/// A key that is known to be refused is not asked again, whatever the file says: that is what Claviger is for.
fn tell_ignored(map: &Reader<'_>, plan: &FailoverPlan) {
    if plan.enabled == Some(false) {
        let message = "credentials that are refused rest also with `enabled: false`; only checks are left out";
        map.item.warn(Code::Ignored, message, "nothing need be done");
    }
}

/// `retryOnStatus`, and what the entry says about requests.
pub(super) fn retries(entry: &Reader<'_>) -> (Option<Vec<String>>, Hints) {
    let first_token_timeout = entry.get("firstByteTimeout").and_then(|item| item.millis());
    let none = Hints { first_token_timeout, ..Hints::default() };
    let Some(map) = entry.get("retryOnFailure").and_then(|item| item.map()) else { return (None, none) };
    let enabled = map.get("enabled").and_then(|item| item.flag());
    let retries = map.get("maxRetries").and_then(|item| item.whole32(0, 1000));
    let max_attempts = match enabled {
        Some(false) => Some(1),
        Some(true) => retries.map(|retries| retries.saturating_add(1)),
        None => None,
    };
    if enabled.is_none() && retries.is_some() {
        let message = "without `enabled: true` this is not read";
        map.problem(Severity::Warning, Code::Ignored, "maxRetries", message, "write `enabled: true` beside it");
    }
    let hints = Hints {
        max_attempts,
        reuse_failed: map.own("reuseFailedCredentials").and_then(|item| item.flag()).unwrap_or(false),
        attempt_timeout: map.get("retryTimeout").and_then(|item| item.millis()),
        ..none
    };
    let statuses = patterns(&map, "retryOnStatus");
    map.finish();
    (statuses, hints)
}

/// Expressions on the whole status. A broken one never matches in Higress, so there it is left out; strict, it is an error.
fn patterns(map: &Reader<'_>, key: &'static str) -> Option<Vec<String>> {
    let item = map.get(key)?;
    let mut patterns = Vec::new();
    for item in item.list() {
        let Some(pattern) = item.verbatim() else { continue };
        if regex::Regex::new(&pattern).is_ok() {
            tell_wider(&item, &pattern);
            patterns.push(pattern);
        } else if item.lenient {
            item.warn(Code::Ignored, "this is no expression, so it never matches", "write one such as `^429$`");
        } else {
            item.error(Code::Invalid, "this is no expression", "write one such as `\"429\"` or `\"5..\"`");
        }
    }
    // as with all of Higress' keys, empty means unset
    (!patterns.is_empty()).then_some(patterns)
}

/// Higress looks for an expression anywhere in the status; says where that is more than what it fits as a whole.
fn tell_wider(item: &Item<'_>, pattern: &str) {
    if let Some(status) = claviger_providers::fits_elsewhere(pattern) {
        let message = format!(
            "this is compared with the whole status; Higress looks for it anywhere, so there it finds {status} too"
        );
        item.warn(Code::Ignored, &message, "write expressions of three characters, such as `429` or `5..`");
    }
}
