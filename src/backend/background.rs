//! Work beside the load, on a thread of its own.

use std::future::Future;
use std::io;
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot;

/// A thread with a runtime of its own, so that its work delays no client and counts as nobody's.
/// Dropped, the work ends where it is, and the thread has ended.
pub(super) struct Background {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Starts the work that `begin`, called on the new thread, makes.
    ///
    /// # Errors
    /// If there is no thread, or `begin` fails.
    pub async fn start<F: Future<Output = ()>>(
        name: String,
        begin: impl FnOnce() -> io::Result<F> + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        let thread = Builder::new().name(name).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(ready.send(Err(error))),
            };
            runtime.block_on(async {
                let work = match begin() {
                    Ok(work) => work,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                let _ = ready.send(Ok(()));
                tokio::select! {
                    () = work => {}
                    // Dropped without a word, it is the end as well.
                    _ = stopped => {}
                }
            });
        })?;
        let background = Self { stop: Some(stop), thread: Some(thread) };
        is_ready.await.unwrap_or_else(|_| Err(io::Error::other("its thread has ended")))?;
        Ok(background)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        // It has nothing to wait for, so this takes no longer than to drop its connections.
        if let Some(thread) = self.thread.take() {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                tracing::warn!(name, "a thread has panicked");
            }
        }
    }
}
