//! Text in, a validated plan out, every problem with its line.
