//! Whole runs, real servers, and the command line.

mod conformance_store;
mod simulated;
mod traces;
