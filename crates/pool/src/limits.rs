//! Limits on how often and how much somebody may be asked: learned from refusals, stated by the operator, or told by
//! the provider's headers.

mod learned;
mod stated;
mod told;

pub(crate) use learned::{Pace, Window};
pub use stated::Limits;
pub(crate) use stated::{Closed, Quota};
pub(crate) use told::Told;
