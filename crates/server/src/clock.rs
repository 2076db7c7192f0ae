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

/// Now, in both times: dates can be said for moments, and moments for dates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) moment: Moment,
    pub(crate) wall: WallTime,
}

impl Now {
    /// The wall time of a moment, as far as the wall clock is not set meanwhile.
    pub(crate) fn wall_of(self, moment: Moment) -> WallTime {
        let millis = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let (ahead, back) = (millis(moment.since(self.moment)), millis(self.moment.since(moment)));
        WallTime::from_millis(self.wall.as_millis().saturating_add(ahead).saturating_sub(back))
    }

    /// The other way round; [`Moment::START`] for what was before it.
    pub(crate) fn moment_of(self, wall: WallTime) -> Moment {
        let (wall, now) = (wall.as_millis(), self.wall.as_millis());
        let back = wall.min(now).abs_diff(now).saturating_mul(1_000_000);
        let ahead = std::time::Duration::from_millis(wall.saturating_sub(now));
        Moment::from_nanos(self.moment.as_nanos().saturating_sub(back)).plus(ahead)
    }
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

    pub(crate) fn both(&self) -> Now {
        Now { moment: self.now(), wall: self.wall() }
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
