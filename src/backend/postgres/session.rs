//! How a session in the run's schema is opened, and what it ends in.

use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};

use super::address::Address;
use super::fault;
use crate::backend::notes::Notes;
use crate::backend::{Durability, Error};

/// How often a connection is asked to roll back before it counts as broken. The first answers may be
/// about what was given up.
const ROLLBACKS_TRIED: u32 = 3;

/// Sessions of one kind: with the same settings, and the same statements prepared.
pub struct Sessions {
    options: PgConnectOptions,
    settings: String,
    prepared: Vec<&'static str>,
    address: String,
    notes: Arc<Notes>,
}

impl Sessions {
    /// Sessions that are named `name` to the server, so that they can be told from those of others.
    pub fn new(
        address: &Address,
        name: &str,
        settings: String,
        prepared: Vec<&'static str>,
        notes: Arc<Notes>,
    ) -> Self {
        Self {
            options: address.options.clone().application_name(name),
            settings,
            prepared,
            address: address.shown.clone(),
            notes,
        }
    }

    /// Statements are prepared here, so that no call pays for it.
    pub async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.options.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(self.settings.clone())).execute(&mut connection).await?;
        for &statement in &self.prepared {
            connection.prepare(sqlx::SqlStr::from_static(statement)).await?;
        }
        Ok(connection)
    }

    /// `error` where no single operation failed but the store is of no use.
    pub fn error(&self, error: &sqlx::Error) -> Error {
        Error::StoreUnreachable { address: self.address.clone(), reason: error.to_string() }
    }

    pub fn notes(&self) -> &Notes {
        &self.notes
    }
}

/// Ends what a call that was given up has left the connection with: waits for its statement, for the
/// server takes commands in turn, and rolls back its transaction if it has one. What the statement
/// failed with is told first, and to us. Fails where the connection is of no more use.
pub async fn roll_back(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut tries = 1;
    loop {
        match sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await {
            Err(error) if !fault::is_lost(&error) && tries < ROLLBACKS_TRIED => tries += 1,
            result => return result.map(drop),
        }
    }
}

/// The settings of a node's session. What the server or the user's role has set otherwise must not
/// change what a COMMIT waits for, nor what a statement sees.
pub fn settings(schema: &str, durability: Durability) -> String {
    format!(
        "SET search_path TO \"{schema}\"; SET synchronous_commit TO {}; \
         SET default_transaction_isolation TO 'read committed'; SET client_min_messages TO error",
        synchronous_commit(durability)
    )
}

/// The settings of the experiment's own session, whose statements may take long. A scan begins at
/// the first row, so that copies have their rows in the same order.
pub fn host_settings(schema: &str, durability: Durability) -> String {
    let as_nodes = settings(schema, durability);
    format!("{as_nodes}; SET statement_timeout TO 0; SET synchronize_seqscans TO off")
}

/// What `synchronous_commit` is for each durability.
pub const fn synchronous_commit(durability: Durability) -> &'static str {
    match durability {
        Durability::Full => "on",
        Durability::Normal | Durability::Off => "off",
    }
}
