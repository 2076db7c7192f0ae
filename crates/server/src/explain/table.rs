//! The JSON of an explanation as text for people.

use std::fmt::Write as _;

use serde_json::Value;

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// A heading, then per tier its endpoints and a row for each credential, in order of choice.
pub(super) fn text(found: &Value, colours: bool) -> String {
    let paint = |colour: &str, text: &str| if colours { format!("{colour}{text}{PLAIN}") } else { text.to_owned() };
    let mut out = heading(found);
    let tiers = list(&found["tiers"]);
    for (number, tier) in (1..).zip(tiers) {
        if tiers.len() > 1 && found["route"].is_string() {
            let _ = writeln!(out, "\ntier {number}");
        } else {
            out.push('\n');
        }
        for endpoint in list(&tier["endpoints"]) {
            let _ = writeln!(out, "{}", paint(DIM, &of_endpoint(endpoint)));
        }
        let rows: Vec<(Vec<String>, &str)> = list(&tier["credentials"]).iter().map(row).collect();
        let mut widths = [0; COLUMNS];
        for (cells, _) in &rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for (cells, colour) in &rows {
            let mut line = String::from(" ");
            for (cell, width) in cells.iter().zip(widths) {
                let _ = write!(line, " {cell:<width$} ");
            }
            let _ = writeln!(out, "{}", paint(colour, line.trim_end()));
        }
        if rows.is_empty() {
            let _ = writeln!(out, "  nobody serves this model here");
        }
    }
    for unable in list(&found["unable"]) {
        let _ = writeln!(out, "\n{}: {}", word(&unable["provider"]), word(&unable["because"]));
    }
    out
}

fn heading(found: &Value) -> String {
    let model = found["model"].as_str().map_or_else(String::new, |model| format!("{model} "));
    match (found["route"].as_str(), found["path"].as_str()) {
        (Some(route), Some(path)) => {
            let seconds = |key: &str| found[key].as_f64().unwrap_or_default() / 1000.0;
            let (deadline, wait) = (seconds("deadline_ms"), seconds("max_wait_ms"));
            format!("{model}at {path}: route `{route}`, within {deadline} s, waiting for at most {wait} s\n")
        }
        (None, Some(path)) => format!("{model}at {path}, past the routes\n"),
        (_, None) => "everything that is in use\n".to_owned(),
    }
}

fn of_endpoint(endpoint: &Value) -> String {
    let mut text = word(&endpoint["provider"]);
    if endpoint["model"].as_str().is_some_and(|model| !model.is_empty()) {
        let _ = write!(text, " {}", word(&endpoint["model"]));
    }
    let _ = write!(text, " ({}): {}", word(&endpoint["strategy"]), word(&endpoint["because"]));
    for (key, what) in [("usual_first_content_ms", "first content"), ("usual_answer_ms", "whole answers")] {
        if let Some(millis) = endpoint[key].as_u64() {
            let _ = write!(text, ", {what} within {millis} ms");
        }
    }
    text
}

const COLUMNS: usize = 8;

/// The cells, the last with the sentence, and the colour.
fn row(one: &Value) -> (Vec<String>, &'static str) {
    let colour = match one["say"].as_str() {
        Some("ready") => GREEN,
        Some("resting" | "probing") => RED,
        Some(_) | None => YELLOW,
    };
    let number = |key: &str| one[key].as_f64().unwrap_or_default();
    let cells = vec![
        one["place"].as_u64().map_or_else(|| "-".to_owned(), |place| place.to_string()),
        word(&one["provider"]),
        word(&one["credential"]),
        format!("weight {}", number("weight")),
        format!("share {:.0}%", number("share") * 100.0),
        format!("score {:.2}", number("score")),
        format!("open {}", number("open")),
        word(&one["because"]),
    ];
    (cells, colour)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Text without what could command a terminal: names of models are what callers wrote.
fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().chars().map(|c| if c.is_control() { '_' } else { c }).collect()
}
