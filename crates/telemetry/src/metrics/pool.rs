//! The credentials' gauges: a picture of the pool, taken before each scrape, so that credentials which are gone from
//! the configuration are gone from the metrics.

use std::sync::Arc;

use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// The states of the pool's `State::name`. Each credential has one sample per state, 1 for the one it is in.
const STATES: [&str; 4] = ["ready", "due", "resting", "quarantined"];

/// One credential as `/metrics` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialGauge {
    /// The provider's id.
    pub provider: String,
    /// The credential: name or masked, never the secret. Unique within the provider.
    pub credential: String,
    /// `ready`, `due`, `resting` or `quarantined`; another is shown as an extra state.
    pub state: &'static str,
    /// Attempts that have not ended.
    pub in_flight: u64,
}

/// The last picture of the pool.
#[derive(Clone, Debug, Default)]
pub(crate) struct PoolGauges(Arc<Mutex<Vec<CredentialGauge>>>);

impl PoolGauges {
    /// Replaces the picture.
    pub(crate) fn set(&self, pool: &[CredentialGauge]) {
        pool.clone_into(&mut self.0.lock());
    }
}

impl Collector for PoolGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let pool = self.0.lock();
        let help = "1 for the state a credential is in";
        let mut states = encoder.encode_descriptor("claviger_credential_state", help, None, MetricType::Gauge)?;
        for CredentialGauge { provider, credential, state: current, .. } in &*pool {
            let unknown = (!STATES.contains(current)).then_some(*current);
            for state in STATES.into_iter().chain(unknown) {
                let labels = [("provider", provider.as_str()), ("credential", credential), ("state", state)];
                ConstGauge::new(i64::from(state == *current)).encode(states.encode_family(&labels)?)?;
            }
        }
        let help = "Attempts with a credential that have not ended";
        let mut in_flight =
            encoder.encode_descriptor("claviger_credential_in_flight", help, None, MetricType::Gauge)?;
        for CredentialGauge { provider, credential, in_flight: count, .. } in &*pool {
            let labels = [("provider", provider.as_str()), ("credential", credential)];
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            ConstGauge::new(count).encode(in_flight.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
