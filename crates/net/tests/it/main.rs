//! The crate against small servers on loopback, one file per theme.
// `cfg(test)` is always so here; it tells clippy that helpers, too, are tests and may unwrap.

#[cfg(test)]
mod connect;
#[cfg(test)]
mod http1;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod upgrade;
