//! What the operator set about health. Facts need no thresholds; these concern guesses, and how rests end.

use std::time::Duration;

use claviger_types::Class;

/// Settings of one provider. The default follows the pool's own rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Ambiguous failures in a row, each counted by the credential's share of the blame, that eject it.
    pub failure_threshold: Option<u32>,
    /// Probes in a row that must succeed before a credential is back.
    pub success_threshold: Option<u32>,
    /// How long those rest that came without a hint, instead of ever longer.
    pub interval: Option<Duration>,
    /// Which rests the gateway ends by requests of its own.
    pub checks: Checks,
}

/// Requests of the gateway's own that find out whether a credential works again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checks {
    /// None: callers' requests are the probes.
    #[default]
    Never,
    /// A listing of models, which costs nothing, tells whether a quarantined key is known again.
    Keys,
    /// A prompt, which is billed, tells whether a credential works (Higress' `healthCheckModel`).
    Everything,
}

impl Checks {
    /// Whether a rest of this cause is ended by them.
    pub(crate) fn covers(self, cause: Class) -> bool {
        match self {
            Self::Never => false,
            Self::Keys => cause == Class::InvalidCredential,
            Self::Everything => true,
        }
    }
}
