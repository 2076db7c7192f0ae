//! The real pool and flow in virtual time, against the exam's scripted provider and its clients.
//!
//! Scenario files in, figures out: the same scenarios, arrivals and coins as in the exam over the wire, in seconds
//! instead of minutes, and the same for the same seed. Only what is between pool and provider is simulated; nothing here
//! decides anything that the gateway decides. Nobody depends on this crate.

pub mod agenda;
pub mod arrivals;
pub mod chance;
pub mod claviger;
pub mod drive;
pub mod exam;
pub mod figures;
pub mod gateway;
pub mod limiter;
pub mod naive;
pub mod oracle;
pub mod scenario;
pub mod script;
pub mod span;
pub mod table;
pub mod trouble;
pub mod twister;
pub mod world;
