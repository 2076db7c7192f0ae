//! Operational logs: `tracing` to standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::settings::{Level, LogFormat};

/// Installs the logger of the process; `RUST_LOG` wins over `level` when it is set and valid. False when one is
/// installed already, which stays.
pub fn init_tracing(level: Level, format: LogFormat) -> bool {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(directives(level)));
    let logger = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Human => logger.with_ansi(io::stderr().is_terminal()).try_init().is_ok(),
        LogFormat::Json => logger.json().flatten_event(true).try_init().is_ok(),
    }
}

/// Our own events from `level` on; those of libraries from `warn` on, so that `debug` shows decisions and not frames.
const fn directives(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "warn,claviger=info",
        Level::Debug => "warn,claviger=debug",
        Level::Trace => "trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_a_valid_filter() {
        for level in Level::ALL {
            assert!(EnvFilter::try_new(directives(level)).is_ok(), "{}", level.name());
            assert_eq!(Level::from_name(level.name()), Some(level));
        }
    }

    #[test]
    fn the_first_logger_stays() {
        init_tracing(Level::Error, LogFormat::Human);
        assert!(!init_tracing(Level::Trace, LogFormat::Json));
    }
}
