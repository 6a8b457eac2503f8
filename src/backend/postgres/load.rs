//! Brings the dataset into the run's schema: once by COPY, into a template, and from there anew at
//! each reset.

use sqlx::postgres::{PgConnection, PgCopyIn};
use sqlx::raw_sql;

use super::statement;
use crate::backend::Dataset;
use crate::model::Key;

/// How much is sent at a time.
const BYTES_AT_ONCE: usize = 1 << 20;
/// How a COPY in PostgreSQL's binary format begins: its signature, no flags, and no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// How it ends.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// Makes the template anew, every row as version 0.
pub async fn load(connection: &mut PgConnection, dataset: &dyn Dataset) -> Result<(), sqlx::Error> {
    raw_sql("BEGIN").execute(&mut *connection).await?;
    raw_sql(statement::TEMPLATE).execute(&mut *connection).await?;
    copy_rows(connection, dataset).await?;
    copy_children(connection, dataset).await?;
    raw_sql(statement::CHILD_INDEX).execute(&mut *connection).await?;
    raw_sql("COMMIT").execute(connection).await?;
    Ok(())
}

/// Makes the rows that a run writes to as the template has them, and does at once what the server
/// would do for them later.
pub async fn restore(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    /// "Insufficient privilege": on a server of others, not everybody may ask for a checkpoint.
    const NOT_ALLOWED: &str = "42501";
    raw_sql(statement::RESTORE).execute(&mut *connection).await?;
    for upkeep in statement::UPKEEP {
        match raw_sql(upkeep).execute(&mut *connection).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NOT_ALLOWED) => {}
            result => {
                result?;
            }
        }
    }
    Ok(())
}

async fn copy_rows(
    connection: &mut PgConnection,
    dataset: &dyn Dataset,
) -> Result<(), sqlx::Error> {
    let mut copy = Copy::begin(connection, statement::COPY_ORIGINAL).await?;
    for key in 0..dataset.keys() {
        let draft = dataset.initial(Key(key));
        let (body, checksum) = draft.in_full();
        copy.row(5);
        copy.integer(key.cast_signed());
        copy.integer(0);
        copy.integer(draft.writer.0.cast_signed());
        copy.integer(checksum.into());
        copy.bytes(body.as_deref());
        copy.send_if_full().await?;
    }
    copy.finish().await
}

async fn copy_children(
    connection: &mut PgConnection,
    dataset: &dyn Dataset,
) -> Result<(), sqlx::Error> {
    let mut copy = Copy::begin(connection, statement::COPY_CHILDREN).await?;
    for key in (0..dataset.keys()).map(Key) {
        for child in 0..dataset.children() {
            copy.row(3);
            copy.integer(key.0.cast_signed());
            // They take turns at the regions.
            copy.integer(i64::from(1 + child % 8));
            copy.integer(dataset.child_amount(key, child));
        }
        copy.send_if_full().await?;
    }
    copy.finish().await
}

/// Rows on their way into a table.
struct Copy<'c> {
    sink: PgCopyIn<&'c mut PgConnection>,
    buffer: Vec<u8>,
}

impl<'c> Copy<'c> {
    async fn begin(connection: &'c mut PgConnection, statement: &str) -> Result<Self, sqlx::Error> {
        let sink = connection.copy_in_raw(statement).await?;
        Ok(Self { sink, buffer: HEADER.to_vec() })
    }

    fn row(&mut self, columns: i16) {
        self.buffer.extend(columns.to_be_bytes());
    }

    fn integer(&mut self, integer: i64) {
        self.bytes(Some(&integer.to_be_bytes()));
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) {
        /// In the place of the length.
        const NULL: i32 = -1;
        let length = bytes.map_or(NULL, |bytes| {
            i32::try_from(bytes.len()).expect("a body is shorter than 2 GiB")
        });
        self.buffer.extend(length.to_be_bytes());
        self.buffer.extend(bytes.unwrap_or_default());
    }

    async fn send_if_full(&mut self) -> Result<(), sqlx::Error> {
        if self.buffer.len() >= BYTES_AT_ONCE {
            self.sink.send(self.buffer.as_slice()).await?;
            self.buffer.clear();
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<(), sqlx::Error> {
        self.buffer.extend(TRAILER);
        self.sink.send(self.buffer.as_slice()).await?;
        self.sink.finish().await.map(drop)
    }
}
