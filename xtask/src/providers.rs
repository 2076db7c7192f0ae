//! `docs/providers.md`, made of what the program knows: its rows, its dialects, its fields.
//!
//! In comes nothing but the code and the schema of the configuration. What becomes of a caller's field is found by
//! translating a request that has it. Out comes the page; whether it stands in the repository as it should is checked.

mod fields;
mod summary;
mod types;

use std::path::Path;

use anyhow::{Context, Result};

const PAGE: &str = "docs/providers.md";
const COMMAND: &str = "cargo run -p xtask -- write-providers";

/// Writes the page.
pub(crate) fn write(root: &Path) -> Result<()> {
    std::fs::write(root.join(PAGE), page(root)?).with_context(|| format!("cannot write {PAGE}"))
}

/// How many types the page tells of, and the problem if it is not as it would be written now.
pub(crate) fn staleness(root: &Path) -> Result<(usize, Vec<String>)> {
    let told = std::fs::read_to_string(root.join(PAGE)).unwrap_or_default();
    let problem = (told != page(root)?).then(|| format!("{PAGE} is stale: run `{COMMAND}`"));
    Ok((claviger_providers::portraits().count(), problem.into_iter().collect()))
}

fn page(root: &Path) -> Result<String> {
    let mut out = format!("<!-- Generated: {COMMAND} -->\n\n{}", include_str!("providers/head.md"));
    summary::write(&mut out);
    out += include_str!("providers/dialects.md");
    fields::write(&mut out)?;
    types::write(&mut out, root)?;
    Ok(out)
}

/// A row of a table.
fn row(out: &mut String, cells: impl IntoIterator<Item = String>) {
    for cell in cells {
        out.push_str("| ");
        out.push_str(&cell);
        out.push(' ');
    }
    out.push_str("|\n");
}

/// The head of a table: the first column left, the others centred.
fn head(out: &mut String, cells: &[&str]) {
    row(out, cells.iter().map(|cell| (*cell).to_owned()));
    row(out, cells.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { ":-:" }.to_owned()));
}
