//! The gateway from outside: the real binary with a real configuration file between real sockets, one file per feature.
//!
//! Nothing here reaches into the program: what it did is read from its answers, its admin port, its log, and from what
//! the provider behind it was asked. Tests wait for named conditions, never for a span of time.
// `cfg(test)` is always so here; it tells clippy that helpers, too, are tests and may unwrap.

#[cfg(test)]
mod abuse;
#[cfg(test)]
mod accounts;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod context;
#[cfg(test)]
mod drain;
#[cfg(test)]
mod endings;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod gathered;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod media;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod responses;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod selection;
#[cfg(test)]
mod smuggling;
#[cfg(test)]
mod span;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod tiers;
#[cfg(test)]
mod translation;
#[cfg(test)]
mod transport;
