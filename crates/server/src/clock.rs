//! The only clock and the only dice of the program; everything else is told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use claviger_types::{Moment, WallTime};

/// Moments since it was made, wall time, and random numbers.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    dice: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        use std::hash::{BuildHasher, Hasher};
        // the standard library's hash keys are the one source of chance that needs no crate
        let seed = std::hash::RandomState::new().build_hasher().finish();
        Self { start: Instant::now(), dice: AtomicU64::new(seed) }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::from_nanos(u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    pub(crate) fn wall(&self) -> WallTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        WallTime::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    /// When the runtime should wake for `moment`.
    pub(crate) fn instant(&self, moment: Moment) -> tokio::time::Instant {
        let far = std::time::Duration::from_secs(86_400);
        let from_start = moment.since(Moment::START).min(self.start.elapsed() + far);
        tokio::time::Instant::from_std(self.start + from_start)
    }

    /// A random number (splitmix64 over a counter: no lock, no allocation; not for secrets).
    pub(crate) fn dice(&self) -> u64 {
        let mut z = self.dice.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
