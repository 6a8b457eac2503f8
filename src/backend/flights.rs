//! The node's loads in flight: one for each key, whose result all who want it share.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::model::{Key, Outcome, Value};

/// Loads in flight by key.
#[derive(Default)]
pub struct Flights {
    flights: Mutex<HashMap<Key, watch::Receiver<Option<Outcome<Value>>>>>,
}

/// How a request came by its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flown {
    /// It loaded the value itself.
    Alone,
    /// It waited for another request's load.
    Along,
}

/// A load that others may be waiting for. Dropped before it has landed, it leaves them to load
/// for themselves: a client that gives up must not take others with it.
struct Leader<'a> {
    flights: &'a Flights,
    key: Key,
    land: watch::Sender<Option<Outcome<Value>>>,
}

enum Boarded<'a> {
    Leading(Leader<'a>),
    Following(watch::Receiver<Option<Outcome<Value>>>),
}

impl Flights {
    /// Makes `load`, unless one for the same key is in flight: then its result is shared, an error
    /// too.
    pub async fn join(
        &self,
        key: Key,
        load: impl Future<Output = Outcome<Value>> + Send,
    ) -> (Outcome<Value>, Flown) {
        loop {
            match self.board(key) {
                Boarded::Leading(leader) => {
                    let outcome = load.await;
                    leader.land.send_replace(Some(outcome.clone()));
                    return (outcome, Flown::Alone);
                }
                Boarded::Following(mut landing) => {
                    // It fails if the leader was given up; then somebody else leads.
                    if let Ok(landed) = landing.wait_for(Option::is_some).await
                        && let Some(outcome) = landed.clone()
                    {
                        return (outcome, Flown::Along);
                    }
                }
            }
        }
    }

    fn board(&self, key: Key) -> Boarded<'_> {
        let mut flights = self.flights();
        if let Some(landing) = flights.get(&key) {
            return Boarded::Following(landing.clone());
        }
        let (land, landing) = watch::channel(None);
        flights.insert(key, landing);
        Boarded::Leading(Leader { flights: self, key, land })
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<Option<Outcome<Value>>>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.flights.flights().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join;
    use futures_util::{FutureExt, pin_mut};
    use tokio::sync::oneshot;

    use super::*;
    use crate::model::{Fault, FaultKind};

    const KEY: Key = Key(1);

    fn value() -> Value {
        Value::never_written(KEY)
    }

    #[test]
    fn whoever_comes_while_a_load_is_in_flight_shares_its_result() {
        for outcome in [Ok(value()), Err(Fault::store(FaultKind::Refused))] {
            let flights = Flights::default();
            let (finish, finished) = oneshot::channel();
            let first = flights.join(KEY, async { finished.await.unwrap() });
            let second = flights.join(KEY, async { panic!("only one loads") });
            pin_mut!(first, second);
            assert!((&mut first).now_or_never().is_none());
            assert!((&mut second).now_or_never().is_none());
            finish.send(outcome.clone()).unwrap();
            let both = join(first, second).now_or_never().unwrap();
            assert_eq!(both, ((outcome.clone(), Flown::Alone), (outcome, Flown::Along)));
        }
    }

    #[test]
    fn a_leader_that_is_given_up_leaves_the_load_to_another() {
        let flights = Flights::default();
        let mut first = Box::pin(flights.join(KEY, std::future::pending()));
        let mut second = Box::pin(flights.join(KEY, async { Ok(value()) }));
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        assert_eq!(second.now_or_never(), Some((Ok(value()), Flown::Alone)));
        let third = flights.join(KEY, async { Ok(value()) }).now_or_never();
        assert_eq!(third, Some((Ok(value()), Flown::Alone)), "nothing is kept");
    }
}
