//! Consistent hashing with bounded loads, for the sticky strategy: a key finds the same credential as long as that one
//! may be asked, and when credentials come or go only the keys of those move.
//!
//! Method: Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2016).

use crate::cell::Cell;
use crate::pool::Slot;
use crate::rules;

/// Points on the ring per cell of usual weight. More make the shares more even and the ring larger; the bound on loads
/// evens them out as well.
const POINTS: f64 = 16.0;
/// Nobody has more open answers than this many times its fair share.
const BOUND: f64 = 1.25;

/// The points of an endpoint's cells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ring {
    /// Hash and cell, ascending.
    points: Vec<(u32, u32)>,
}

impl Ring {
    /// Points of a credential depend on its fingerprint and weight alone.
    pub(crate) fn new(cells: &[Cell], slots: &[Slot]) -> Self {
        let usual = cells.iter().map(|cell| cell.weight).sum::<f64>() / cells.len().max(1) as f64;
        // a power of two: a newcomer seldom changes it, and with it everybody's points
        let usual = usual.max(1.0).log2().round().exp2();
        let mut points = Vec::new();
        for (index, cell) in (0_u32..).zip(cells) {
            let seed = slots[cell.credential as usize].fingerprint.as_u64();
            let count = (POINTS * cell.weight / usual).round().clamp(1.0, POINTS * 16.0) as u64;
            points.extend((0..count).map(|point| ((mix(seed ^ mix(point)) >> 32) as u32, index)));
        }
        points.sort_unstable();
        Self { points }
    }

    /// The first cell on the way round from `key` that is `fit`, or `None` when nobody near is.
    pub(crate) fn find(&self, key: u64, mut fit: impl FnMut(usize) -> bool) -> Option<usize> {
        let start = self.points.partition_point(|(hash, _)| *hash < (mix(key) >> 32) as u32);
        let (before, after) = self.points.split_at(start.min(self.points.len()));
        let mut last = u32::MAX;
        // neighbours on the ring are often the same cell; it is asked once in a row
        let found = after.iter().chain(before).map(|(_, cell)| *cell).find(|cell| {
            let again = std::mem::replace(&mut last, *cell) == *cell;
            !again && fit(*cell as usize)
        });
        found.map(|cell| cell as usize)
    }
}

/// How many answers a cell may have open while `open` are open at all, before its keys go to the next.
pub(crate) fn bound(cell: &Cell, open: u32, weights: f64) -> u32 {
    (BOUND * (f64::from(open) + 1.0) * cell.weight / weights.max(1.0)).ceil() as u32
}

/// A key's preference for one of several providers: the highest lot wins, shares follow the weights, and a provider
/// that comes or goes moves its own keys alone (weighted rendezvous hashing).
pub(crate) fn lot(key: u64, provider: u32, weights: f64) -> f64 {
    let unit = ((mix(key ^ mix(u64::from(provider))) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
    weights / -unit.ln()
}

/// A well spread number for each value.
const fn mix(value: u64) -> u64 {
    rules::mix(value, 1)
}
