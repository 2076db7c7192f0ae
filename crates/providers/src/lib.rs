//! What each provider wants and means: rows of data, request preparation, failure classification.
//!
//! A provider is a row (`rows/NAME.toml`). This crate must never do I/O, hold state between requests, or name a
//! provider in code where the row could say it.

mod account;
mod address;
mod answer;
mod arm;
mod check;
mod classify;
mod context;
mod count;
mod edit;
mod headers;
mod interpreter;
mod mapping;
mod path;
mod portrait;
mod prepare;
mod provider;
mod row;
pub mod settings;
mod speech;
mod summary;
mod table;
mod url;

pub use account::{AccessToken, ServiceAccount, refusal};
pub use answer::{AnswerEdit, Edited, StreamEdit};
pub use arm::embeds;
pub use check::{validate, warnings};
pub use classify::format::{BODIES, CLASSES, RESETS, RuleDraft, RuleProblem, SCOPES, TRANSPORTS};
pub use classify::{
    Classifier, Failure, KnownErrors, MAX_RULES, Reading, Recorded, StatusPatterns, fits_elsewhere, known_errors,
    rule_problems,
};
pub use context::ContextFile;
pub use count::Counting;
pub use interpreter::Interpreter;
pub use portrait::{Portrait, Way, portraits};
pub use prepare::{PrepareError, Prepared, Stamp};
pub use provider::Provider;
pub use settings::{BasePathHandling, CustomSetting, Protocol, SettingMode, SettingProblem, Settings};
pub use summary::SUMMARY_BARRED;
pub use table::{is_known_type, supported_types};
pub use url::is_url;
