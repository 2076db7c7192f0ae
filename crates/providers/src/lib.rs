//! What each provider wants and means: rows of data, request preparation, failure classification.
//!
//! A provider is a row (`rows/NAME.toml`). This crate must never do I/O, hold state between requests, or name a
//! provider in code where the row could say it.

pub mod settings;

pub use settings::{BasePathHandling, CustomSetting, Protocol, SettingMode, SettingProblem, Settings};
