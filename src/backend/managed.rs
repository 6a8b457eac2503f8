//! Private servers: started by the run for itself, and gone with it however it ends.

mod server;
mod workspace;

pub use server::{ManagedRedis, SERVERS, find_server};
pub use workspace::{Process, Workspace, find_program};
