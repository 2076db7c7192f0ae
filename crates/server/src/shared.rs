//! What all requests share. Request code changes it through the pool's three verbs only.

use std::sync::Arc;

use arc_swap::ArcSwap;
use claviger_net::Net;
use claviger_pool::Pool;
use claviger_telemetry::Telemetry;
use parking_lot::Mutex;

use crate::affinity::Affinity;
use crate::clock::Clock;
use crate::live::Live;
use crate::models::Remembered;
use crate::waiting::Waiting;

/// The process's state.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) pool: Mutex<Pool>,
    /// Woken when somebody may be asked who could not before.
    pub(crate) waiting: Waiting,
    pub(crate) net: Net,
    pub(crate) telemetry: Telemetry,
    pub(crate) live: ArcSwap<Live>,
    pub(crate) affinity: Mutex<Affinity>,
    pub(crate) models: Mutex<Remembered>,
}

impl Shared {
    /// The configuration in force now.
    pub(crate) fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Wakes those who wait for a credential.
    pub(crate) fn wake(&self, improved: bool) {
        if improved {
            self.waiting.wake();
        }
    }
}
