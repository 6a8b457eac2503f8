//! Addresses of a Redis.

/// What the address of a Redis may begin with.
pub const SCHEMES: [&str; 3] = ["redis://", "rediss://", "unix://"];
