//! Collections of recorded answers: checked as a whole, and extended by one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use claviger_providers::{CLASSES, Classifier, Reading, Recorded, SCOPES};
use serde::Serialize as _;
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Value, json};

use super::tell;

/// Reads every case: one line of JSON each, or a table with what disagrees.
pub(super) fn run(file: &Path, json: bool) -> anyhow::Result<(String, ExitCode)> {
    let cases = load(file)?;
    let mut text = String::new();
    let mut table: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut wrong = String::new();
    for case in &cases {
        let provider = case["provider"].as_str().unwrap_or_default();
        // a provider nobody knows is read as one that looks like OpenAI
        let rules = Classifier::named(provider).or_else(|| Classifier::named("generic"));
        let reading = rules.and_then(|rules| rules.read_recorded(&Recorded::from_case(case)));
        if json {
            text.push_str(&tell::json(Some(&case["id"]), reading.as_ref()));
            continue;
        }
        let count = table.entry(provider).or_default();
        count.1 += 1;
        match disagreement(case, reading.as_ref()) {
            Some(line) => wrong.push_str(&line),
            None => count.0 += 1,
        }
    }
    if json {
        return Ok((text, ExitCode::SUCCESS));
    }
    let (mut agree, mut all) = (0, 0);
    for (provider, count) in table {
        writeln!(text, "{provider:16} {:3} of {:3}", count.0, count.1)?;
        (agree, all) = (agree + count.0, all + count.1);
    }
    writeln!(text, "{:16} {agree:3} of {all:3}", "all")?;
    text.push_str(&wrong);
    Ok((text, if agree == all { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

fn load(file: &Path) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no list of cases", file.display()))
}

/// What a case says and what was read, where they differ.
fn disagreement(case: &Value, reading: Option<&Reading>) -> Option<String> {
    let read = tell::fields(reading);
    let differs = |(key, value): &(&String, &Value)| {
        let said = &case[key.as_str()];
        match (said.as_f64(), value.as_f64()) {
            (Some(said), Some(read)) => (said - read).abs() > 0.01,
            _ => said != *value,
        }
    };
    let wrong: Vec<String> = read
        .iter()
        .filter(differs)
        .map(|(key, value)| format!("{key} {} (should be {})", value, case[key.as_str()]))
        .collect();
    let rule = reading.map(tell::rule).unwrap_or_default();
    (!wrong.is_empty()).then(|| format!("{}: {} by {rule}\n", case["id"], wrong.join(", ")))
}

/// A case to be added.
pub(super) struct New<'a> {
    pub(super) id: &'a str,
    pub(super) provider: &'a str,
    pub(super) expect: Option<&'a str>,
    pub(super) source: Option<&'a str>,
}

/// Adds the answer to a collection, in the form the collection has.
pub(super) fn add(file: &Path, new: &New<'_>, recorded: &Recorded, reading: Option<Reading>) -> anyhow::Result<String> {
    let mut cases = load(file)?;
    if cases.iter().any(|case| case["id"] == new.id) {
        bail!("{} has a case {:?} already", file.display(), new.id);
    }
    let meaning = expected(new.expect, reading.as_ref())?;
    let mut case = Map::from_iter([
        ("id".to_owned(), new.id.into()),
        ("provider".to_owned(), new.provider.into()),
        ("status".to_owned(), recorded.status.into()),
        ("headers".to_owned(), headers(recorded)),
        ("body".to_owned(), body(recorded)),
        ("stream".to_owned(), is_stream(recorded).into()),
    ]);
    case.extend(meaning);
    case.insert("source".to_owned(), new.source.unwrap_or("observed").into());
    case.insert("confidence".to_owned(), if new.source.is_some() { "documented" } else { "observed" }.into());
    let case = Value::Object(case);
    let verdict = match disagreement(&case, reading.as_ref()) {
        None => "the rules agree with it\n".to_owned(),
        Some(line) => format!("the rules do not read it so yet; {line}"),
    };
    cases.push(case);
    let mut text = Vec::new();
    let form = PrettyFormatter::with_indent(b" ");
    cases.serialize(&mut serde_json::Serializer::with_formatter(&mut text, form))?;
    text.push(b'\n');
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(format!("{} now has {} cases; look through the new one for secrets\n{verdict}", file.display(), cases.len()))
}

/// What the case is to say: what was read, with the class and scope of the command line.
fn expected(expect: Option<&str>, reading: Option<&Reading>) -> anyhow::Result<Map<String, Value>> {
    let mut meaning = tell::fields(reading);
    let Some(expect) = expect else {
        if reading.is_none() {
            bail!("this reads as a good answer; write --expect CLASS/SCOPE");
        }
        return Ok(meaning);
    };
    let (class, scope) = expect.split_once('/').map_or((expect, None), |(class, scope)| (class, Some(scope)));
    if !CLASSES.contains(&class) || scope.is_some_and(|scope| !SCOPES.contains(&scope)) {
        bail!("{expect:?} is no CLASS/SCOPE; classes: {}; scopes: {}", CLASSES.join(", "), SCOPES.join(", "));
    }
    let usual = claviger_types::Class::ALL.into_iter().find(|known| known.name() == class);
    let usual = usual.map(|class| claviger_types::Verdict::of(class, ""));
    let same = meaning.get("class").is_some_and(|read| read == class);
    meaning.insert("class".to_owned(), class.into());
    if let Some(usual) = usual.filter(|_| !same) {
        meaning.insert("scope".to_owned(), usual.scope.name().into());
        meaning.insert("retry_elsewhere".to_owned(), usual.retry_elsewhere.into());
    }
    if let Some(scope) = scope {
        meaning.insert("scope".to_owned(), scope.into());
    }
    Ok(meaning)
}

/// The headers that say something about a failure; cookies, ids and keys stay out.
fn headers(recorded: &Recorded) -> Value {
    const KEPT: [&str; 11] = [
        "content-type",
        "retry-after",
        "ratelimit",
        "rate-limit",
        "date",
        "server",
        "cf-",
        "x-amzn-errortype",
        "x-should-retry",
        "quota",
        "reset",
    ];
    let kept = recorded.headers.iter().filter(|(name, _)| KEPT.iter().any(|part| name.as_str().contains(part)));
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        Some((name.as_str().to_owned(), Value::from(value.to_str().ok()?)))
    };
    Value::Object(kept.filter_map(text).collect())
}

fn body(recorded: &Recorded) -> Value {
    serde_json::from_slice(&recorded.body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&recorded.body)))
}

fn is_stream(recorded: &Recorded) -> bool {
    let kind = recorded.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.contains("event")) || recorded.body.starts_with(b"data:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_case_is_to_say_can_be_written_on_the_command_line() {
        let said = expected(Some("permission/token"), None).unwrap();
        assert_eq!((&said["class"], &said["scope"]), (&json!("permission"), &json!("token")));
        assert_eq!(said["retry_elsewhere"], true);
        assert!(expected(Some("rate_limit"), None).is_err() && expected(None, None).is_err());
    }

    #[test]
    fn headers_that_could_be_secret_are_left_out() {
        let mut recorded = Recorded { status: 429, ..Recorded::default() };
        for (name, value) in [("retry-after", "7"), ("set-cookie", "s"), ("x-request-id", "i")] {
            recorded.header(name, value);
        }
        assert_eq!(headers(&recorded), json!({"retry-after": "7"}));
    }
}
