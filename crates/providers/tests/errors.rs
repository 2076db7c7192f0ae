//! Runs the collection of provider errors against the rules.
//!
//! `cases.json` beside this file is the project's own; the public collection it began with lies beside the repository
//! and is run as well where it is there.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test says what it skips and may fail")]

use std::collections::BTreeMap;
use std::path::Path;

use claviger_providers::{Classifier, Recorded, SUMMARY_BARRED};
use serde_json::Value;

fn collection(path: &str) -> Option<Vec<Value>> {
    let text = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()?;
    Some(serde_json::from_slice(&text).expect("the collection is a list"))
}

/// What is wrong with the reading of a case.
fn disagreement(case: &Value) -> Option<String> {
    let (id, provider) = (&case["id"], case["provider"].as_str().unwrap_or_default());
    let Some(classifier) = Classifier::named(provider) else { return Some(format!("{id}: no rules for {provider}")) };
    let Some(reading) = classifier.read_recorded(&Recorded::from_case(case)) else {
        return Some(format!("{id}: read as no failure"));
    };
    let verdict = reading.verdict;
    let hint = verdict.hint.filter(|_| reading.hint_is_named).map(|hint| hint.as_secs_f64());
    let wanted = case["cooldown_hint_seconds"].as_f64();
    let same_hint = match (hint, wanted) {
        (None, None) => true,
        (Some(hint), Some(wanted)) => (hint - wanted).abs() < 0.01,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let same = case["class"] == verdict.class.name()
        && case["scope"] == verdict.scope.name()
        && case["retry_elsewhere"] == verdict.retry_elsewhere
        && same_hint;
    (!same).then(|| {
        let (class, scope, elsewhere) = (verdict.class.name(), verdict.scope.name(), verdict.retry_elsewhere);
        format!(
            "{id}: want {} {} {} {wanted:?}, got {class} {scope} {elsewhere} {hint:?} by {}/{}",
            case["class"], case["scope"], case["retry_elsewhere"], reading.file, verdict.rule
        )
    })
}

fn check(cases: &[Value]) {
    let mut table: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases {
        let count = table.entry(case["provider"].as_str().unwrap_or_default()).or_default();
        count.1 += 1;
        match disagreement(case) {
            Some(line) => wrong.push(line),
            None => count.0 += 1,
        }
    }
    for (provider, (agree, all)) in table {
        println!("{provider:16} {agree:3} of {all:3}");
    }
    assert!(wrong.is_empty(), "{} of {} disagree:\n  {}", wrong.len(), cases.len(), wrong.join("\n  "));
}

#[test]
fn every_error_of_our_collection_means_what_it_says_there() {
    let cases = collection("tests/cases.json").expect("it is part of the project");
    assert!(cases.len() >= 261);
    check(&cases);
}

/// Codes and words that documentations name, in answers made up around them: what no recorded case covers.
#[test]
fn every_documented_code_means_what_its_documentation_says() {
    check(&collection("tests/documented.json").expect("it is part of the project"));
}

#[test]
fn a_refusal_of_a_summary_is_known_by_the_rule_that_the_program_names() {
    let cases = collection("tests/documented.json").expect("it is part of the project");
    let about_summaries = |case: &&Value| case["body"]["error"]["param"] == "reasoning.summary";
    let openai = Classifier::named("openai").expect("it has rules");
    let rule = |case: &Value| openai.read_recorded(&Recorded::from_case(case)).map(|reading| reading.verdict.rule);
    let rules: Vec<_> = cases.iter().filter(about_summaries).map(rule).collect();
    assert!(!rules.is_empty() && rules.iter().all(|rule| *rule == Some(SUMMARY_BARRED)), "{rules:?}");
}

/// The same error as others write it: in a list, as a text, with numbers as texts and texts of digits as numbers, and
/// with a prompt beside it.
fn variants(case: &Value) -> Vec<Value> {
    let body = &case["body"];
    if !body.is_object() || case["status"].as_u64() < Some(400) {
        return Vec::new();
    }
    let mut beside = body.clone();
    beside["prompt"] = "insufficient_quota, invalid api key, overloaded".into();
    let bodies = [
        Value::from(vec![body.clone()]),
        Value::String(Value::String(body.to_string()).to_string()),
        respelt(body),
        beside,
    ];
    bodies.into_iter().map(|body| Value::from_iter([("body", body)])).map(|over| merged(case, &over)).collect()
}

fn merged(case: &Value, over: &Value) -> Value {
    let fields = [case, over].into_iter().filter_map(Value::as_object).flatten();
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn respelt(value: &Value) -> Value {
    const CODES: [&str; 3] = ["code", "status_code", "error_code"];
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Value::Number(number) if CODES.contains(&name.as_str()) => (name.clone(), number.to_string().into()),
                Value::String(text) if CODES.contains(&name.as_str()) => {
                    (name.clone(), text.parse::<u64>().map_or_else(|_| value.clone(), Value::from))
                }
                value => (name.clone(), respelt(value)),
            })
            .collect(),
        Value::Array(list) => list.iter().map(respelt).collect(),
        value => value.clone(),
    }
}

#[test]
fn an_error_means_the_same_however_it_is_wrapped_and_spelt() {
    let cases = ["tests/cases.json", "tests/documented.json"].into_iter().filter_map(collection).flatten();
    let wrong: Vec<_> = cases.flat_map(|case| variants(&case)).filter_map(|case| disagreement(&case)).collect();
    assert!(wrong.is_empty(), "{} disagree:\n  {}", wrong.len(), wrong.join("\n  "));
}

#[test]
fn every_error_of_the_public_collection_means_what_it_says_there() {
    match collection("../../../shared/reference/provider-error-cases.json") {
        Some(cases) => check(&cases),
        None => println!("skipped: there is no ../shared/reference/provider-error-cases.json"),
    }
}
