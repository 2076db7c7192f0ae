//! The sample configurations with the verdict Higress itself gives.

use super::*;
use crate::node::{self, Node, Value};

fn field<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|(known, _)| known.text == key).map(|(_, node)| node)
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number, _) => (*number).into(),
        Value::Float(number, _) => (*number).into(),
        Value::Str(text) => text.clone().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            serde_json::Value::Object(entries.iter().map(|(key, node)| (key.text.clone(), json(node))).collect())
        }
    }
}

/// What is wrong with the verdict on a sample; `None` when it is right.
fn wrong(config: &serde_json::Value, valid: bool) -> Option<String> {
    let loaded = read(&config.to_string());
    let errors: Vec<_> = loaded.problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    let right = valid == errors.is_empty();
    let consistent = errors.is_empty() == loaded.plan.is_some();
    (!right || !consistent).then(|| format!("valid: {valid}, but {:#?}", lines(&loaded.problems)))
}

#[test]
fn every_sample_gets_the_verdict_of_higress() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/higress-examples.yaml");
    #[expect(clippy::disallowed_methods, reason = "a test reads its data")]
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("skipped: ../shared/reference/higress-examples.yaml is absent");
        return;
    };
    let (documents, errors) = node::parse(&text);
    assert_eq!(errors, []);
    let Some(Value::List(samples)) = documents.first().map(|document| &document.value) else { panic!("no list") };
    let mut failures = Vec::new();
    for sample in samples {
        let name = field(sample, "name").and_then(|node| node::written(&node.value)).expect("a name");
        let valid = field(sample, "valid").is_some_and(|node| node.value == Value::Bool(true));
        if let Some(failure) = wrong(&json(field(sample, "config").expect("a config")), valid) {
            failures.push(format!("{name}: {failure}"));
        }
    }
    println!("sample configurations: {} of {} as expected", samples.len() - failures.len(), samples.len());
    assert_eq!(failures, Vec::<String>::new());
}
