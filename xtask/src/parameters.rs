//! Whether the tables of `docs/pool.md` tell every number of the pool as it is in the code.
//!
//! A parameter is a `const` of its own line in the files named here. In the tables its row ends with `` `file::NAME` ``
//! and has the value in the second column: numbers as they are, durations in `s` or `ms`, pairs with a comma.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use crate::size;

const PAGE: &str = "docs/pool.md";
const FOLDERS: [&str; 2] = ["crates/pool/src", "crates/flow/src"];
const FILES: [&str; 1] = ["crates/server/src/checks.rs"];

/// How many parameters there are, and each that the page lacks, tells wrong, or tells although it is gone.
pub(crate) fn disagreements(root: &Path) -> Result<(usize, Vec<String>)> {
    let mut code = BTreeMap::new();
    let mut files = FILES.map(|file| root.join(file)).to_vec();
    for folder in FOLDERS {
        files.extend(size::sources(&root.join(folder))?);
    }
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let module = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        code.extend(parameters(&text).map(|(name, value)| (format!("{module}::{name}"), value)));
    }
    let page = std::fs::read_to_string(root.join(PAGE)).with_context(|| format!("cannot read {PAGE}"))?;
    Ok((code.len(), compare(&code, &rows(&page))))
}

fn compare(code: &BTreeMap<String, String>, page: &BTreeMap<String, String>) -> Vec<String> {
    let untold = code.iter().filter_map(|(name, value)| match page.get(name) {
        None => Some(format!("{PAGE} has no row for `{name}` ({value})")),
        Some(told) if told != value => Some(format!("{PAGE} says {told} for `{name}`, it is {value}")),
        Some(_) => None,
    });
    let gone = page.keys().filter(|name| !code.contains_key(*name));
    untold.chain(gone.map(|name| format!("{PAGE} has a row for `{name}`, which is gone"))).collect()
}

/// Name and value of each constant that is no text.
fn parameters(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.lines().filter_map(|line| {
        let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
        let (name, rest) = line.strip_prefix("const ")?.split_once(": ")?;
        let (kind, value) = rest.strip_suffix(';')?.split_once(" = ")?;
        (kind != "&str").then(|| (name, plain(value)))
    })
}

/// `(Duration::from_secs(1), 2.0)` as `1 s, 2`.
fn plain(value: &str) -> String {
    let value = value.strip_prefix('(').and_then(|pair| pair.strip_suffix(')')).unwrap_or(value);
    let one = |part: &str| {
        let of = |unit: &str| part.strip_prefix(unit).and_then(|count| count.strip_suffix(')'));
        match (of("Duration::from_secs("), of("Duration::from_millis(")) {
            (Some(seconds), _) => format!("{} s", seconds.replace('_', "")),
            (_, Some(millis)) => format!("{} ms", millis.replace('_', "")),
            (None, None) => part.strip_suffix(".0").unwrap_or(part).replace('_', ""),
        }
    };
    value.split(", ").map(one).collect::<Vec<_>>().join(", ")
}

/// Name and value of each row of a table that ends with a name.
fn rows(page: &str) -> BTreeMap<String, String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    cells
        .filter_map(|cells| {
            let (first, name) = cells.rsplit_once(" | ")?;
            let name = name.strip_prefix('`')?.strip_suffix('`')?;
            let value = first.split(" | ").nth(1)?;
            name.contains("::").then(|| (name.to_owned(), value.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "/// Why.
pub(crate) const GAP: (Duration, Duration) = (Duration::from_millis(150), Duration::from_secs(86_400));
const POWER: f64 = 6.0;
const RULE: &str = \"text\";
pub(crate) const fn rest() {}";

    fn code() -> BTreeMap<String, String> {
        parameters(CODE).map(|(name, value)| (format!("rules::{name}"), value)).collect()
    }

    #[test]
    fn values_are_told_in_plain_words() {
        let found: Vec<_> = code().into_iter().collect();
        let expected = [("rules::GAP", "150 ms, 86400 s"), ("rules::POWER", "6")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_page_that_agrees_is_left_alone() {
        let page = "| gaps | 150 ms, 86400 s | why | – | `rules::GAP` |\n| power | 6 | why | – | `rules::POWER` |\n";
        assert_eq!(compare(&code(), &rows(page)), Vec::<String>::new());
    }

    #[test]
    fn rows_that_lack_err_or_outlive_their_parameter_are_told() {
        let page = "| power | 5 | why | – | `rules::POWER` |\n| old | 1 | why | – | `rules::OLD` |\n";
        let problems = [
            "docs/pool.md has no row for `rules::GAP` (150 ms, 86400 s)",
            "docs/pool.md says 5 for `rules::POWER`, it is 6",
            "docs/pool.md has a row for `rules::OLD`, which is gone",
        ];
        assert_eq!(compare(&code(), &rows(page)), problems);
    }
}
