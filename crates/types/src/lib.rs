//! The words everyone shares: moments, ids, secrets, usage, verdicts, operations.
//!
//! Plain values only. This crate knows no provider, no wire format, no configuration; it must never do I/O, read a
//! clock or print a secret.

mod allowance;
mod glob;
mod moment;
mod operation;
mod secret;
mod usage;
mod verdict;

pub use allowance::{Allowance, Budget};
pub use glob::glob;
pub use moment::{Moment, WallTime};
pub use operation::{Dialect, Operation};
pub use secret::{Fingerprint, Secret};
pub use usage::Usage;
pub use verdict::{Class, Scope, Verdict};
