//! What reading a configuration needs from outside, and what it leaves behind: problems, and the files it read.

use std::cell::RefCell;

use crate::expand::{self, ExpandError};
use crate::problem::{Code, Problem, Severity};
use crate::{Loaded, Plan, Source};

/// A place in the file: line and column from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// One run of [`crate::load`].
pub(crate) struct Context<'a> {
    source: &'a Source<'a>,
    problems: RefCell<Vec<Problem>>,
    files: RefCell<Vec<String>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(source: &'a Source<'a>) -> Self {
        Self { source, problems: RefCell::new(Vec::new()), files: RefCell::new(Vec::new()) }
    }

    /// Remembers a problem.
    pub(crate) fn report(&self, severity: Severity, code: Code, at: Place, path: &str, message: &str, fix: &str) {
        self.problems.borrow_mut().push(Problem {
            severity,
            code: code.word(),
            file: self.source.name.to_owned(),
            line: at.line,
            column: at.column,
            path: path.to_owned(),
            message: message.to_owned(),
            fix: fix.to_owned(),
        });
    }

    /// How many problems there are, for [`Self::errors_since`] and [`Self::downgrade`].
    pub(crate) fn mark(&self) -> usize {
        self.problems.borrow().len()
    }

    /// How many errors were reported since.
    pub(crate) fn errors_since(&self, mark: usize) -> usize {
        let since = self.problems.borrow();
        since.iter().skip(mark).filter(|problem| problem.severity == Severity::Error).count()
    }

    /// Turns the errors since then into warnings that say what follows from them.
    pub(crate) fn downgrade(&self, mark: usize, consequence: &str) {
        for problem in self.problems.borrow_mut().iter_mut().skip(mark) {
            if problem.severity == Severity::Error {
                problem.severity = Severity::Warning;
                problem.message.push_str(consequence);
            }
        }
    }

    /// The text with references to the environment replaced; reports what cannot be.
    pub(crate) fn expand(&self, text: &str, at: Place, path: &str) -> Option<String> {
        if !expand::refers(text) {
            return Some(text.to_owned());
        }
        let (message, fix) = match expand::expand(text, self.source.env) {
            Ok(text) => return Some(text),
            Err(ExpandError::Unset(name)) => (
                format!("the environment variable {name} is not set"),
                format!("set it, or write a default: `${{{name}:-…}}`"),
            ),
            Err(ExpandError::Malformed) => (
                "this is no reference to an environment variable".to_owned(),
                "write `${NAME}` or `${NAME:-default}`; `$${` stands for a literal `${`".to_owned(),
            ),
        };
        self.report(Severity::Error, Code::Env, at, path, &message, &fix);
        None
    }

    /// The file's content without the white space around it; reports what cannot be read.
    pub(crate) fn read_secret(&self, file: &str, at: Place, path: &str) -> Option<String> {
        let mut files = self.files.borrow_mut();
        if !files.iter().any(|known| known == file) {
            files.push(file.to_owned());
        }
        drop(files);
        let message = match (self.source.read_file)(file) {
            Ok(text) if text.trim().is_empty() => format!("the file {file} is empty"),
            Ok(text) => return Some(text.trim().to_owned()),
            Err(error) => format!("the file {file} cannot be read: {error}"),
        };
        self.report(
            Severity::Error,
            Code::File,
            at,
            path,
            &message,
            "write the secret into that file, or name another",
        );
        None
    }

    /// The end: problems in the order of the file, and the plan if there is no error.
    pub(crate) fn finish(self, plan: Option<Plan>) -> Loaded {
        let mut problems = self.problems.into_inner();
        problems.sort_by(|a, b| {
            let key = |problem: &Problem| (problem.line, problem.column);
            key(a).cmp(&key(b)).then_with(|| (&a.path, &a.message).cmp(&(&b.path, &b.message)))
        });
        // a provider that two rules check is told once
        problems.dedup();
        let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
        Loaded { plan: plan.filter(|_| !broken), problems, files: self.files.into_inner() }
    }
}
