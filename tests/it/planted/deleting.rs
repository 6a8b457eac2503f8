//! Bugs around rows that are not there, and around updates that build on what was read.

use async_trait::async_trait;
use cacheduel::backend::Ctx;
use cacheduel::model::{Draft, Key, Outcome, Value, Version};
use cacheduel::strategy::Strategy;
use cacheduel::strategy::parts::entry::{self, Held, Stamp};
use cacheduel::strategy::parts::format::Format;
use futures_util::future::BoxFuture;

/// What is wrong with the strategy.
#[derive(Clone, Copy, PartialEq)]
pub enum Bug {
    None,
    /// Of every tenth key it says that there is no row, as one that takes an error for a miss does.
    SaysAbsent,
    /// A deletion does not reach the cache.
    ForgetsDeletes,
    /// A deletion leaves the row in the cache, under the deletion's version and writer.
    CachesDeletedRows,
}

/// Cache-aside without expiry that keeps absences too, and invalidates after every write.
pub struct Deleting {
    bug: Bug,
}

impl Deleting {
    pub fn build(bug: Bug) -> Box<dyn Strategy> {
        Box::new(Self { bug })
    }

    async fn keep(&self, ctx: &Ctx<'_>, value: &Value) -> Outcome<()> {
        let entry = entry::encode(ctx.fill(), value, Stamp::NONE, &Format::default());
        ctx.fill().cache().set(value.key, entry, None).await
    }
}

#[async_trait]
impl Strategy for Deleting {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            if self.bug == Bug::SaysAbsent && key.0.is_multiple_of(10) {
                return Ok(Value::never_written(key));
            }
            if let Some(held) = ctx.lookup().cache().get(key).await? {
                return match entry::decode(ctx.lookup(), key, held)? {
                    Held::Value(value, _) => Ok(value),
                    Held::Tombstone(_) => unreachable!("nobody writes tombstones here"),
                };
            }
            let value = ctx.fill().store().read(key).await?.value;
            self.keep(ctx, &value).await?;
            Ok(value)
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let version = ctx.write().store().write(&draft).await?;
        match self.bug {
            Bug::ForgetsDeletes if draft.is_deletion() => {}
            Bug::CachesDeletedRows if draft.is_deletion() => {
                let body = bytes::Bytes::from_static(b"{}");
                let row = Draft::new(draft.key, draft.writer, body);
                self.keep(ctx, &row.at(version)).await?;
            }
            _ => {
                ctx.write().cache().delete(draft.key).await?;
            }
        }
        Ok(version)
    }
}
