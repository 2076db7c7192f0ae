//! One section per type: how it is reached, what it serves, which fields it has of its own.

use std::path::Path;

use anyhow::{Context, Result};
use claviger_config::typed_fields;
use claviger_providers::{Portrait, Way, portraits};
use claviger_types::Operation;
use serde_json::Value;

use super::row;
use super::summary::condition;

const SCHEMA: &str = "schema/claviger.schema.json";

pub(super) fn write(out: &mut String, root: &Path) -> Result<()> {
    let schema = std::fs::read(root.join(SCHEMA)).with_context(|| format!("cannot read {SCHEMA}"))?;
    let schema: Value = serde_json::from_slice(&schema)?;
    let meanings = &schema["$defs"]["provider"]["properties"];
    out.push_str("\n## Types\n\nOperations have the names of `capabilities`. Fields that all types have are told in [config.md](config.md#providers).\n");
    for portrait in portraits() {
        section(out, &portrait, meanings);
    }
    Ok(())
}

fn section(out: &mut String, portrait: &Portrait, meanings: &Value) {
    let tokens = if portrait.needs_tokens { "at least one token" } else { "tokens are optional" };
    out.push_str(&format!("\n### {}\n\n`apiTokens`: {tokens}.\n\n", portrait.name));
    let is_varied = portrait.ways.len() > 1;
    let titles = if is_varied { vec!["with"] } else { vec![] };
    let titles: Vec<_> = titles.into_iter().chain(["host", "credential", "speaks"]).collect();
    row(out, titles.iter().map(|title| (*title).to_owned()));
    row(out, titles.iter().map(|_| "---".to_owned()));
    for way in &portrait.ways {
        let host = if way.host.is_empty() { "of its options".to_owned() } else { format!("`{}`", way.host) };
        let speaks = if is_told_apart(portrait, way) {
            way.speaks.name().to_owned()
        } else {
            "whatever the caller does".to_owned()
        };
        let condition =
            is_varied.then(|| Some(condition(way)).filter(|text| !text.is_empty()).unwrap_or("–".to_owned()));
        row(out, condition.into_iter().chain([host, way.auth.clone(), speaks]));
    }
    served(out, portrait);
    let mut fields = typed_fields().filter(|(_, types)| types.contains(&portrait.name)).peekable();
    if fields.peek().is_some() {
        out.push_str("\n| field | meaning |\n| --- | --- |\n");
    }
    for (name, _) in fields {
        row(out, [format!("`{name}`"), meaning(meanings, name)]);
    }
}

/// Whether anything is translated or refused: else all bytes pass.
fn is_told_apart(portrait: &Portrait, way: &Way) -> bool {
    !portrait.passes_others || !way.translates.is_empty()
}

fn served(out: &mut String, portrait: &Portrait) {
    let mut told: Vec<(String, String)> = Vec::new();
    for way in &portrait.ways {
        let native = if is_told_apart(portrait, way) { list(&way.passes) } else { "everything".to_owned() };
        let others =
            if portrait.passes_others && is_told_apart(portrait, way) { "; other paths as they are" } else { "" };
        let counts = if way.counts { ", token counts" } else { "" };
        let mut text = format!("Passes: {native}{others}.");
        if !way.translates.is_empty() {
            text += &format!(" Translated: {}{counts}.", list(&way.translates));
        }
        if told.last().is_none_or(|(_, before)| *before != text) {
            told.push((condition(way), text));
        }
    }
    for (condition, text) in &told {
        let lead = if told.len() > 1 && !condition.is_empty() { format!("With {condition}. ") } else { String::new() };
        out.push_str(&format!("\n{lead}{text}\n"));
    }
}

fn list(operations: &[Operation]) -> String {
    if operations.is_empty() {
        return "nothing".to_owned();
    }
    let names = operations.iter().map(|operation| format!("`{}`", short(operation.name())));
    names.collect::<Vec<_>>().join(", ")
}

/// Without the beginning that most have.
fn short(name: &str) -> &str {
    name.strip_prefix("openai/v1/").unwrap_or(name)
}

/// The description of a field, without the name of its type before it.
fn meaning(meanings: &Value, name: &str) -> String {
    let text = meanings[name]["description"].as_str().unwrap_or_default();
    let text = match text.split_once(": ") {
        Some((types, rest)) if types.chars().all(|c| c.is_ascii_lowercase() || matches!(c, ',' | ' ' | '-')) => rest,
        _ => text,
    };
    text.replace('|', "\\|")
}
