//! Lists the rows and the rule files, so that adding a provider touches data alone; refuses rule files that are wrong.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use toml::Spanned;

#[expect(unreachable_pub, reason = "what the crate exports is private here")]
#[path = "src/classify/format.rs"]
mod format;

use format::{Book, RuleDraft, unreachable};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rows");
    println!("cargo::rerun-if-changed=errors");
    println!("cargo::rerun-if-changed=src/classify/format.rs");
    println!("cargo::rerun-if-changed=src/classify/format/reach.rs");
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo names the package folder")?;
    let rows = files(&Path::new(&root).join("rows"))?;
    let errors = files(&Path::new(&root).join("errors"))?;
    let mut problems = Vec::new();
    for path in &errors {
        check(path, &rows, &mut problems)?;
    }
    if !problems.is_empty() {
        return Err(format!("\n{}", problems.join("\n")).into());
    }
    let out = env::var_os("OUT_DIR").ok_or("cargo names the output folder")?;
    fs::write(Path::new(&out).join("rows.rs"), listed("ROWS", "row", &rows)?)?;
    fs::write(Path::new(&out).join("errors.rs"), listed("FILES", "rule file", &errors)?)?;
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn stem(path: &Path) -> Result<&str, &'static str> {
    path.file_stem().and_then(|stem| stem.to_str()).ok_or("file names are plain text")
}

fn listed(name: &str, what: &str, files: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let mut code =
        format!("/// File stem and text of every {what}, in order of the names.\nconst {name}: &[(&str, &str)] = &[\n");
    for path in files {
        let (stem, text) = (stem(path)?, path.to_str().ok_or("the package folder's name is plain text")?);
        writeln!(code, "    ({stem:?}, include_str!({text:?})),")?;
    }
    code.push_str("];\n");
    Ok(code)
}

/// Adds what is wrong with a rule file, as `errors/NAME.toml:LINE: what; fix`.
fn check(path: &Path, rows: &[PathBuf], problems: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let (name, text) = (stem(path)?, String::from_utf8(fs::read(path)?)?);
    let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
    let mut say = |line: usize, message: &str| problems.push(format!("errors/{name}.toml:{line}: {message}"));
    let book: Book<Spanned<RuleDraft>> = match toml::from_str(&text) {
        Ok(book) => book,
        Err(error) => {
            say(error.span().map_or(1, |span| line(span.start)), error.message());
            return Ok(());
        }
    };
    for problem in book.problems() {
        say(1, &format!("{}; {}", problem.message, problem.fix));
    }
    let has_row = rows.iter().any(|row| stem(row) == Ok(name));
    if !has_row && !name.starts_with('_') && book.hosts.is_empty() {
        say(1, "no provider type has this name, and no host is named: the file is never used");
    }
    for (at, rule) in book.rule.iter().enumerate() {
        let (draft, here) = (rule.get_ref(), line(rule.span().start));
        for problem in draft.problems() {
            say(here, &format!("`{}`: {}; {}", problem.key, problem.message, problem.fix));
        }
        if draft.name.is_empty() {
            say(here, "the rule has no name; write one that says what it is about");
        }
        for earlier in &book.rule[..at] {
            let by = line(earlier.span().start);
            // rules of one name are one rule in several parts
            if earlier.get_ref().name == draft.name && earlier.get_ref().class != draft.class {
                say(here, &format!("the name {:?} means another class in line {by}", draft.name));
            }
            if let Some(message) = unreachable(earlier.get_ref(), draft) {
                say(here, &format!("{message}: the rule of line {by} takes it; move it up, or remove it"));
            }
        }
    }
    Ok(())
}
