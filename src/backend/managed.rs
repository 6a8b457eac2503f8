//! Private servers: started by the run for itself, and gone with it however it ends.

mod server;
mod workspace;

pub use server::{ManagedRedis, find_server};
pub use workspace::{Process, Workspace};
