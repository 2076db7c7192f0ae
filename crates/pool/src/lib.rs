//! Which credential may try next, and what each outcome teaches.
//!
//! Three verbs: [`Pool::lease`] gives permission for one attempt or says why none can be had and when to come back,
//! [`Pool::progressed`] tells that the first content arrived, [`Pool::settle`] ends the attempt with what it meant.
//! Time and chance are arguments. This crate must never see a secret, read a clock, wait, or log.

mod breaker;
mod cell;
mod endpoint;
mod evidence;
mod ids;
mod latency;
mod lease;
mod limits;
mod line;
mod pick;
mod pool;
mod reconcile;
mod rules;
mod settle;
mod snapshot;
mod standing;

pub use ids::{CredentialId, ProviderId};
pub use lease::{Census, End, Lease, Need, Patience, Refusal, Settled, Turn};
pub use line::Ticket;
pub use pool::Pool;
pub use reconcile::{CredentialSpec, Roster};
pub use snapshot::{CredentialView, ModelView, State};
