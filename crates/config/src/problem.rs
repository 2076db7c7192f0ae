//! What is wrong with a configuration: where it stands, what it is, what to write instead.
//!
//! A problem never holds a secret: messages name keys, variables and files, not the values of credentials.

use std::fmt;

/// Whether the configuration can be used nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but something does not do what it seems to.
    Warning,
}

/// One thing that is wrong, with its place and a way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the configuration can be used nevertheless.
    pub severity: Severity,
    /// A stable word for programs: `unknown_key`, `missing`, `invalid`, `duplicate`, `syntax`, `env`, `file`,
    /// `unreachable`, `no_failover` or `ignored`.
    pub code: &'static str,
    /// The file's name, as given in [`crate::Source`].
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Where in the tree, such as `providers[0].apiTokens[2].weight`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, without final stop.
    pub message: String,
    /// What to write instead, without final stop.
    pub fix: String,
}

/// `FILE:LINE:COLUMN: error: PATH: message. Fix: …`, on one line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}:{}:{}: {severity}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if self.fix.is_empty() {
            return Ok(());
        }
        write!(f, ". Fix: {}", self.fix)
    }
}

/// What kinds of problems there are; their words are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    UnknownKey,
    Missing,
    Invalid,
    Duplicate,
    Syntax,
    Env,
    File,
    Unreachable,
    NoFailover,
    Ignored,
}

impl Code {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::Duplicate => "duplicate",
            Self::Syntax => "syntax",
            Self::Env => "env",
            Self::File => "file",
            Self::Unreachable => "unreachable",
            Self::NoFailover => "no_failover",
            Self::Ignored => "ignored",
        }
    }
}
