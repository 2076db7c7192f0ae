//! The pool seen from outside.

mod behaviour;
mod limits;
mod recovery;
mod strategies;
mod world;
