//! Which credential may try next, and what each outcome teaches.
