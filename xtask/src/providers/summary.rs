//! The matrix of types and what is served.

use claviger_providers::{Way, known_errors, portraits};
use claviger_types::Operation;

use super::{head, row};

/// The columns, and what is asked for in them.
const COLUMNS: [(&str, &[Operation]); 9] = [
    ("chat", &[Operation::ChatCompletions]),
    ("responses", &[Operation::Responses]),
    ("messages", &[Operation::AnthropicMessages]),
    ("Gemini", &[Operation::GeminiGenerateContent]),
    ("embeddings", &[Operation::Embeddings]),
    ("images", &[Operation::ImageGeneration]),
    ("rerank", &[Operation::Rerank, Operation::RerankV2, Operation::QwenRerank]),
    ("speech", &[Operation::AudioSpeech]),
    ("transcription", &[Operation::AudioTranscription]),
];

pub(super) fn write(out: &mut String) {
    let mut titles = vec!["type", "with"];
    titles.extend(COLUMNS.map(|(title, _)| title));
    titles.extend(["counts", "lists"]);
    head(out, &titles);
    for portrait in portraits() {
        // ways that differ in host or credential alone are told apart in their section
        let mut rows: Vec<(String, Vec<String>)> = Vec::new();
        for way in &portrait.ways {
            let (condition, cells) = (condition(way), cells(way));
            match rows.iter_mut().find(|(_, known)| *known == cells) {
                Some((told, _)) if !told.is_empty() => *told = format!("{told}; or {condition}"),
                Some(_) => {}
                None => rows.push((condition, cells)),
            }
        }
        for (at, (condition, cells)) in rows.into_iter().enumerate() {
            let name = if at == 0 { format!("[{0}](#{0})", portrait.name) } else { String::new() };
            row(out, [name, condition].into_iter().chain(cells));
        }
    }
    let hosts: Vec<_> =
        known_errors().filter(|errors| portraits().all(|portrait| portrait.name != errors.name)).collect();
    let told: Vec<_> =
        hosts.iter().map(|errors| format!("{} (`{}`)", errors.name, errors.hosts.join("`, `"))).collect();
    out.push_str(&format!("\nKnown by their host, below `type: openai`: {}.\n", told.join(", ")));
}

fn cells(way: &Way) -> Vec<String> {
    let serves = |operations: &[Operation]| {
        let any = |served: &[Operation]| operations.iter().any(|operation| served.contains(operation));
        if any(&way.passes) {
            "="
        } else if any(&way.translates) {
            "⇄"
        } else {
            ""
        }
    };
    let mut cells: Vec<_> = COLUMNS.iter().map(|(_, operations)| serves(operations).to_owned()).collect();
    let converses =
        way.translates.contains(&Operation::AnthropicMessages) || way.passes.contains(&Operation::AnthropicMessages);
    let counts = match (way.counts || way.translates.is_empty(), converses) {
        (true, _) => "=",
        (false, true) => "≈",
        (false, false) => "",
    };
    cells.push(counts.to_owned());
    cells.push(if way.passes.contains(&Operation::Models) { "=" } else { "" }.to_owned());
    cells
}

/// What a way is for, in a few words.
pub(super) fn condition(way: &Way) -> String {
    let settings = way.settings.iter().map(|text| match text.strip_prefix('!') {
        Some(key) => format!("no `{key}`"),
        None => format!("`{}`", text.replacen('=', ": ", 1)),
    });
    let models = (!way.models.is_empty()).then(|| format!("models `{}`", way.models.join("`, `")));
    settings.chain(models).collect::<Vec<_>>().join(", ")
}
