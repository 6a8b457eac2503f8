//! The steps that are atomic because the server runs them as one script.

use std::sync::LazyLock;

use redis::{Cmd, ErrorKind, RedisResult, Script, ServerErrorKind, ToRedisArgs, Value, cmd};

use super::link::Link;
use crate::model::Nanos;

/// Declares each script by its name and its file, and lists them all.
macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) static $name: LazyLock<Step> =
            LazyLock::new(|| Step::new(include_str!($file)));)*

        pub(super) static ALL: &[&LazyLock<Step>] = &[$(&$name),*];
    };
}

scripts! {
    COMPARE_AND_SET = "compare_and_set.lua";
    DELETE_IF_OLDER = "delete_if_older.lua";
    ENQUEUE_WRITE = "enqueue_write.lua";
    INVALIDATE = "invalidate.lua";
    LEASE_DELETE = "lease_delete.lua";
    LEASE_GET = "lease_get.lua";
    LEASE_SET = "lease_set.lua";
    SET_IF_NEWER = "set_if_newer.lua";
    SETTLE_WRITES = "settle_writes.lua";
    UNLOCK = "unlock.lua";
}

/// A script, called by the hash that the server keeps it under.
pub(super) struct Step {
    code: &'static str,
    hash: String,
}

impl Step {
    fn new(code: &'static str) -> Self {
        Self { code, hash: Script::new(code).get_hash().to_owned() }
    }

    /// A call on `keys`, to which its arguments are yet to be added.
    pub fn on(&self, keys: &[impl ToRedisArgs]) -> Cmd {
        let mut call = cmd("EVALSHA");
        call.arg(&self.hash).arg(keys.len()).arg(keys);
        call
    }

    /// Has the server keep the script, so that the first call need not.
    pub async fn load(&self, link: &Link, deadline: Nanos) -> RedisResult<()> {
        link.query_by(deadline, cmd("SCRIPT").arg("LOAD").arg(self.code)).await?;
        Ok(())
    }

    /// Makes the call. A server that was started anew knows no scripts: it is given this one and
    /// asked again, which is safe, for what it does not know it has not run.
    pub async fn call(&self, link: &Link, deadline: Nanos, call: &Cmd) -> RedisResult<Value> {
        match link.query_by(deadline, call).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.load(link, deadline).await?;
                link.query_by(deadline, call).await
            }
            answer => answer,
        }
    }
}
