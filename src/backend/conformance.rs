//! What every backend of a kind must do: one suite for all of them, the twins included.
//!
//! A suite takes a host and the clock that the host lives by. It ends in a panic that names the
//! promise that was broken, for it is called by tests.

pub mod cache;
