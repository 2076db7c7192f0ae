//! How long the source files are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Files with more lines are listed: they probably hold two ideas.
pub(crate) const TOLD: usize = 400;
/// Files with more lines are refused.
const REFUSED: usize = 600;
/// Folders with no source of ours.
const SKIPPED: [&str; 4] = ["target", "node_modules", ".git", ".venv"];

/// What was measured.
pub(crate) struct Report {
    /// Files looked at.
    pub(crate) files: usize,
    /// Path from the root and lines of each file over [`TOLD`], the longest first.
    pub(crate) long: Vec<(String, usize)>,
}

impl Report {
    /// Every file over [`REFUSED`].
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> + '_ {
        let refused = self.long.iter().filter(|(_, lines)| *lines > REFUSED);
        refused.map(|(path, lines)| format!("{path} has {lines} lines, {REFUSED} at most: split it by idea"))
    }
}

/// Counts the lines of every `.rs` file under `root`.
pub(crate) fn measure(root: &Path) -> Result<Report> {
    let files = sources(root)?;
    let mut long = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let lines = text.lines().count();
        if lines > TOLD {
            long.push((file.strip_prefix(root).unwrap_or(file).display().to_string(), lines));
        }
    }
    long.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(Report { files: files.len(), long })
}

/// Every `.rs` file under `folder`, in a stable order.
pub(crate) fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let skipped = SKIPPED.iter().any(|name| entry.file_name() == *name);
            if kind.is_dir() && !skipped {
                folders.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_longest_files_are_refused() {
        let report = Report { files: 3, long: vec![("a.rs".to_owned(), 601), ("b.rs".to_owned(), 600)] };
        let problems: Vec<_> = report.problems().collect();
        assert_eq!(problems, ["a.rs has 601 lines, 600 at most: split it by idea"]);
    }

    #[test]
    fn sources_are_found_in_all_folders() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let files = sources(here).expect("the folder of this crate");
        let names: Vec<_> = files.iter().filter_map(|file| file.strip_prefix(here).ok()).collect();
        for file in ["src/main.rs", "src/providers.rs", "src/providers/types.rs"] {
            assert!(names.contains(&Path::new(file)), "{names:?}");
        }
        assert!(names.iter().all(|name| name.extension().is_some_and(|extension| extension == "rs")));
    }
}
