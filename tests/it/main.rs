//! The integration tests, as one program: they share what is slow to link.

mod conformance_cache;
mod private_servers;
mod redis_faults;
