//! Events and their consumers.

use futures_util::future::try_join;

use super::{Broken, Kept, NEVER_HERE, PATIENCE, POLL, SOON, Setup, ensure, ensure_eq};
use crate::backend::{Cache, Delivery, Event};
use crate::model::{Key, Nanos, Version};

pub(super) async fn in_order(on: Setup<'_>) -> Kept {
    let (one, other) = (on.node(0).await?, on.node(1).await?);
    let events: Vec<Event> = (0..5).map(event).collect();
    one.publish(&events[..3]).await?;
    one.publish(&[]).await?;
    one.publish(&events[3..]).await?;
    ensure_eq(other.claim_events(0, Nanos::ZERO, NEVER_HERE).await?.len(), 0, "none asked for")?;
    let first = claim(&*other, 2).await?;
    let rest = claim(&*other, 10).await?;
    let came: Vec<Event> = first.iter().chain(&rest).map(|delivery| delivery.event).collect();
    ensure_eq(came, events, "the events")?;
    ensure_eq(first.len(), 2, "no more than were asked for")
}

pub(super) async fn once(on: Setup<'_>) -> Kept {
    let consumers = [on.node(0).await?, on.node(1).await?];
    let events: Vec<Event> = (0..8).map(event).collect();
    consumers[0].publish(&events).await?;
    let mut came = Vec::new();
    for turn in 0..4 {
        came.extend(claim(&*consumers[turn % 2], 2).await?);
    }
    let came: Vec<Event> = came.into_iter().map(|delivery| delivery.event).collect();
    ensure_eq(came, events, "what both got together")?;
    for consumer in &consumers {
        ensure_eq(claim(&**consumer, 10).await?, Vec::new(), "all are taken")?;
    }
    Ok(())
}

pub(super) async fn awaited(on: Setup<'_>) -> Kept {
    let (consumer, publisher) = (on.node(0).await?, on.node(1).await?);
    let waiting = async { Ok(consumer.claim_events(10, PATIENCE, NEVER_HERE).await?) };
    let publishing = async {
        on.pass(SOON).await;
        publisher.publish(&[event(1)]).await?;
        Ok::<_, Broken>(())
    };
    let (came, ()) = try_join(waiting, publishing).await?;
    let came: Vec<Event> = came.into_iter().map(|delivery| delivery.event).collect();
    ensure_eq(came, vec![event(1)], "what the waiting consumer got")
}

pub(super) async fn in_vain(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let started = on.clock.now();
    let came = cache.claim_events(10, SOON, NEVER_HERE).await?;
    ensure_eq(came, Vec::new(), "what came")?;
    ensure(on.clock.now().since(started) >= SOON, "it did not wait as long as it was told to")?;
    // It can still be asked, and so can the rest of the cache.
    cache.publish(&[event(1)]).await?;
    ensure_eq(claim(&*cache, 10).await?.len(), 1, "after the wait")
}

pub(super) async fn until_settled(on: Setup<'_>) -> Kept {
    let (dead, alive) = (on.node(0).await?, on.node(1).await?);
    dead.publish(&[event(1), event(2), event(3)]).await?;
    let lost = claim(&*dead, 2).await?;
    let rest = claim(&*alive, 10).await?;
    ensure_eq(rest.len(), 1, "events that are left while the others are pending")?;
    alive.settle_events(&rest).await?;
    let deadline = on.clock.now() + PATIENCE;
    let mut again = Vec::new();
    while again.len() < lost.len() {
        ensure(on.clock.now() < deadline, "events left idle are not handed out again")?;
        on.pass(SOON).await;
        again.extend(alive.claim_events(10, Nanos::ZERO, SOON).await?);
    }
    ensure_eq(&again, &lost, "events handed out again")?;
    alive.settle_events(&again).await?;
    alive.settle_events(&[]).await?;
    on.pass(POLL).await;
    let after = alive.claim_events(10, Nanos::ZERO, Nanos::ZERO).await?;
    ensure_eq(after, Vec::new(), "after they were settled")
}

pub(super) async fn taken_over(on: Setup<'_>) -> Kept {
    let (dead, alive) = (on.node(0).await?, on.node(1).await?);
    dead.publish(&[event(1)]).await?;
    let lost = claim(&*dead, 1).await?;
    let again = alive.claim_events(10, PATIENCE, SOON).await?;
    ensure_eq(again, lost, "what it got in one call")
}

fn event(sequence: u64) -> Event {
    Event { sequence, key: Key(sequence * 10), version: Version(sequence + (1 << 40)) }
}

/// Claims what is there now.
async fn claim(cache: &dyn Cache, max: usize) -> Result<Vec<Delivery>, Broken> {
    Ok(cache.claim_events(max, Nanos::ZERO, NEVER_HERE).await?)
}
