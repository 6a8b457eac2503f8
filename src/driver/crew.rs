//! Many futures on one thread, of which only those are polled that were woken.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

/// One of them. What it returns ends all.
pub type Member<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Runs all members, and whoever joins in on the way, until the first of them returns.
pub async fn run<'a, T>(
    members: Vec<Member<'a, T>>,
    joining: impl Fn() -> Vec<Member<'a, T>>,
) -> T {
    let mut crew: FuturesUnordered<Member<'a, T>> = members.into_iter().collect();
    poll_fn(|context| {
        loop {
            let polled = crew.poll_next_unpin(context);
            if let Poll::Ready(Some(end)) = polled {
                return Poll::Ready(end);
            }
            let newcomers = joining();
            if newcomers.is_empty() {
                return Poll::Pending;
            }
            crew.extend(newcomers);
        }
    })
    .await
}
