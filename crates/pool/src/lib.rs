//! Which credential may try next, and what each outcome teaches.
//!
//! Three verbs: [`Pool::lease`] gives permission for one attempt or says why none can be had and when to come back,
//! [`Pool::progressed`] tells that the first content arrived, [`Pool::settle`] ends the attempt with what it meant.
//! Time and chance are arguments. This crate must never see a secret, read a clock, wait, or log.

mod block;
mod breaker;
mod cell;
mod checks;
mod endpoint;
mod endpoints;
mod evidence;
mod explain;
mod facts;
mod health;
mod ids;
mod latency;
mod lease;
mod limits;
mod line;
mod pick;
mod pool;
mod reconcile;
mod ring;
mod rules;
mod seat;
mod settle;
mod snapshot;
mod standing;
mod strategy;

pub use breaker::Outlook;
pub use checks::Check;
pub use explain::{EndpointView, Explanation, Extent, Say};
pub use facts::{Fact, Whose};
pub use health::{Checks, Health};
pub use ids::{CredentialId, ProviderId};
pub use lease::{Census, End, Lease, Need, Patience, Refusal, Settled, Turn};
pub use limits::Limits;
pub use line::Ticket;
pub use pool::Pool;
pub use reconcile::{CredentialSpec, ProviderSpec, Roster};
pub use snapshot::{CredentialView, ModelView, State};
pub use strategy::Strategy;
