//! The integration tests, as one program: they share what is slow to link.

mod command_line;
mod conformance_cache;
mod conformance_store;
mod golden_lru;
mod planted;
mod private_servers;
mod redis_faults;
mod reports;
mod run;
mod scenarios;
mod simulated;
mod traces;
mod workloads;
