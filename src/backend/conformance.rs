//! What every backend of a kind must do: one suite for all of them. The real servers and their
//! twins pass the same checks, and that is what makes them twins.
//!
//! A suite takes a host, and ends in a panic that names the promise that was broken, for it is
//! called by tests.

pub mod cache;
pub mod store;
