//! A scripted provider over real HTTP, for tests and the demo.
