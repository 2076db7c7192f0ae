//! Runs the collection of provider errors against the classification.
//!
//! The collection lies beside the repository (`../shared/reference/provider-error-cases.json`); without it the test
//! says so and passes.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test says what it skips and may fail")]

use std::path::Path;

use bytes::Bytes;
use claviger_providers::{Failure, Provider, Settings, supported_types};
use claviger_types::{Verdict, WallTime};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// Types of the collection whose errors look like OpenAI's, and what our rows call them.
const LIKE_OPENAI: [(&str, &str); 9] = [
    ("openai", "openai"),
    ("azure-openai", "azure"),
    ("groq", "groq"),
    ("deepseek", "deepseek"),
    ("moonshot", "moonshot"),
    ("mistral", "mistral"),
    ("openrouter", "openrouter"),
    ("together", "together-ai"),
    ("fireworks", "fireworks"),
];

fn collection() -> Option<Vec<Value>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/provider-error-cases.json");
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).expect("the collection is a list"),
        Err(_) => {
            println!("skipped: there is no ../shared/reference/provider-error-cases.json");
            None
        }
    }
}

fn provider(kind: &str) -> Provider {
    let url = "https://r.azure.example?api-version=1";
    let options = [("azureServiceUrl", url), ("ollamaServerHost", "h"), ("ollamaServerPort", "1")];
    let settings = Settings {
        kind: kind.to_owned(),
        tokens: 1,
        options: options.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect(),
        ..Settings::default()
    };
    Provider::build(&settings).expect("a valid entry")
}

fn body(case: &Value) -> Bytes {
    match &case["body"] {
        Value::String(text) => Bytes::from(text.clone()),
        Value::Null => Bytes::new(),
        other => Bytes::from(other.to_string()),
    }
}

/// The events of a stream that carry an error, or the whole body.
fn embedded(body: &Bytes) -> Bytes {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().filter_map(|line| line.strip_prefix("data:")).find(|line| line.contains("error"));
    line.map_or_else(|| body.clone(), |line| Bytes::from(line.trim().to_owned()))
}

fn classify(provider: &Provider, case: &Value) -> Verdict {
    let mut headers = HeaderMap::new();
    for (name, value) in case["headers"].as_object().into_iter().flatten() {
        // Frame headers of event streams (`:exception-type`) are no HTTP headers.
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        headers.insert(name, HeaderValue::from_str(value.as_str().unwrap_or_default()).expect("a header value"));
    }
    let body = body(case);
    let wall = WallTime::from_millis(1_773_183_600_000);
    let status = u16::try_from(case["status"].as_u64().unwrap_or_default()).unwrap_or_default();
    match status {
        0 => {
            let text = String::from_utf8_lossy(&body).into_owned();
            let failure = match text.as_str() {
                text if text.contains("timeout") => Failure::Timeout,
                text if text.contains("refused") || text.contains("dns") || text.contains("tls") => Failure::Connect,
                text if text.contains("reset") => Failure::Reset,
                _ => Failure::Cut,
            };
            provider.classify(&failure)
        }
        200..=299 => provider.classify(&Failure::Embedded { body: &embedded(&body), headers: &headers, wall }),
        status => provider.classify(&Failure::Status { status, headers: &headers, body: &body, wall }),
    }
}

fn disagreement(case: &Value, verdict: &Verdict) -> Option<String> {
    let hint = verdict.hint.map(|hint| hint.as_secs_f64());
    let wanted = case["cooldown_hint_seconds"].as_f64();
    let same_hint = match (hint, wanted) {
        (None, None) => true,
        (Some(hint), Some(wanted)) => (hint - wanted).abs() < 0.5,
        _ => false,
    };
    let same = case["class"] == verdict.class.name()
        && case["scope"] == verdict.scope.name()
        && case["retry_elsewhere"] == verdict.retry_elsewhere
        && same_hint;
    (!same).then(|| {
        format!(
            "{}: want {} {} {} {wanted:?}, got {} {} {} {hint:?} by {}",
            case["id"],
            case["class"],
            case["scope"],
            case["retry_elsewhere"],
            verdict.class.name(),
            verdict.scope.name(),
            verdict.retry_elsewhere,
            verdict.rule,
        )
    })
}

#[test]
fn errors_like_openais_mean_what_the_collection_says() {
    let Some(cases) = collection() else { return };
    let (mut all, mut wrong) = (0_usize, Vec::new());
    for (name, kind) in LIKE_OPENAI {
        let provider = provider(kind);
        for case in cases.iter().filter(|case| case["provider"] == name) {
            all += 1;
            wrong.extend(disagreement(case, &classify(&provider, case)));
        }
    }
    println!("{} of {all} agree", all - wrong.len());
    wrong.iter().for_each(|line| println!("  {line}"));
    assert!(all > 0 && wrong.len() * 10 <= all, "fewer than nine in ten agree");
}

/// The rest is for the rules to come; this shows how far the generic ones reach.
#[test]
fn every_error_of_the_collection_gets_a_verdict() {
    let Some(cases) = collection() else { return };
    let others: Vec<_> =
        cases.iter().filter(|case| !LIKE_OPENAI.iter().any(|(name, _)| case["provider"] == *name)).collect();
    let read = others.iter().filter_map(|case| {
        let name = case["provider"].as_str().unwrap_or_default();
        let name = match name {
            "zhipu" => "zhipuai",
            "github-models" => "github",
            "xai" => "grok",
            name => name,
        };
        let kind = supported_types().find(|kind| *kind == name).unwrap_or("openai");
        disagreement(case, &classify(&provider(kind), case))
    });
    let wrong: Vec<_> = read.collect();
    println!(
        "{} of {} errors of other dialects agree with the generic rules",
        others.len() - wrong.len(),
        others.len()
    );
    wrong.iter().for_each(|line| println!("  {line}"));
}
