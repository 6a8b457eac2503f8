//! Private servers: started by the run for itself, and gone with it however it ends.

mod postgres;
mod server;
mod user;
mod workspace;

pub use postgres::{ManagedPostgres, find_postgres};
pub use server::{ManagedRedis, SERVERS, find_server};
pub use workspace::{Ending, Manner, Process, Workspace, find_program};
