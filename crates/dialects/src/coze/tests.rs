//! Rules that the fixtures do not show.
