//! The integration tests, as one program: they share what is slow to link.

mod api_origin;
mod closed_forms;
mod command_line;
mod conformance_cache;
mod conformance_store;
mod fill_race;
mod golden_lru;
mod guards;
mod late_answers;
mod listeners;
mod near_tiers;
mod planted;
mod postgres_faults;
mod postgres_servers;
mod private_servers;
mod redis_faults;
mod reports;
mod run;
mod scenarios;
mod simulated;
mod stage;
mod traces;
mod workloads;
