//! Threads of the store's own, for calls that may take longer than the load thread may be held up:
//! each has a connection, and they take calls from one queue, first come, first served.
//!
//! Such a call costs two hand-offs, some tens of microseconds: little beside an aggregation or a
//! COMMIT, and ten times a point lookup, which is why that one does not come here.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, JoinHandle};

use rusqlite::{Connection, InterruptHandle};
use tokio::sync::oneshot;

use super::fault::Failure;
use crate::backend::notes::Notes;

/// Dropped, they break off the statements that they are at, for nobody waits for them any more, make
/// no other call, and have ended.
pub struct Workers {
    queue: Arc<Queue>,
    notes: Arc<Notes>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    interrupts: Vec<InterruptHandle>,
}

/// A call to be made over whichever connection is free. Dropped, it tells its caller that it is off.
type Job = Box<dyn FnOnce(&Connection) + Send>;

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

impl Workers {
    /// Starts a thread for each of `connections`. What calls wait for one is put in `notes`.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub fn start(name: &str, connections: Vec<Connection>, notes: Arc<Notes>) -> io::Result<Self> {
        let queue = Arc::<Queue>::default();
        let interrupts = connections.iter().map(Connection::get_interrupt_handle).collect();
        let threads = Mutex::default();
        let workers = Self { queue: queue.clone(), notes, threads, interrupts };
        for connection in connections {
            let queue = queue.clone();
            let serving = move || serve(&queue, &connection);
            workers.threads().push(Builder::new().name(name.into()).spawn(serving)?);
        }
        Ok(workers)
    }

    /// Has `work` done on one of the threads. The wait for that one is counted.
    ///
    /// Dropped before its turn, it is never done; dropped after that, it is done to its end, unless the
    /// workers are dropped as well.
    ///
    /// # Errors
    /// What SQLite failed with; [`Failure::Closed`] where there is no thread to do it, or not any
    /// more.
    pub async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let (answer, answered) = oneshot::channel();
        let notes = self.notes.clone();
        let asked = notes.now();
        self.queue.put(Box::new(move |connection| {
            if answer.is_closed() {
                return;
            }
            notes.waited_since(asked);
            // Who has given up meanwhile does not learn what came of it.
            let _ = answer.send(work(connection));
        }));
        match answered.await {
            Ok(result) => result.map_err(Failure::from),
            Err(_dropped) => Err(Failure::Closed),
        }
    }

    /// Refuses every call from now on, also those that wait already, and returns when the connections
    /// are closed. What a call is at work on is finished first.
    pub async fn close(&self) {
        self.queue.close();
        let threads = std::mem::take(&mut *self.threads());
        // Where this is itself cut short, the threads end all the same.
        let _ = tokio::task::spawn_blocking(move || end(threads)).await;
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.close();
        for interrupt in &self.interrupts {
            interrupt.interrupt();
        }
        end(std::mem::take(&mut *self.threads()));
    }
}

impl Queue {
    /// Puts a job last; where the queue is closed it is dropped.
    fn put(&self, job: Job) {
        let mut state = self.state();
        if !state.is_closed {
            state.jobs.push_back(job);
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Waits for the first job; `None` once the queue is closed.
    fn next(&self) -> Option<Job> {
        let is_idle = |state: &mut State| state.jobs.is_empty() && !state.is_closed;
        let state = self.changed.wait_while(self.state(), is_idle);
        state.unwrap_or_else(PoisonError::into_inner).jobs.pop_front()
    }

    fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let dropped = std::mem::take(&mut state.jobs);
        drop(state);
        self.changed.notify_all();
        drop(dropped);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the queue when a thread ends. As a rule it is closed by then; a thread that panicked would
/// leave calls behind that nobody comes for.
struct Closing<'a>(&'a Queue);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!(
                "a thread of SQLite has panicked: its store is unavailable from now on"
            );
        }
        self.0.close();
    }
}

fn serve(queue: &Queue, connection: &Connection) {
    let _closing = Closing(queue);
    while let Some(job) = queue.next() {
        job(connection);
    }
}

/// Waits for threads whose queue is closed.
fn end(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // One that has panicked has told so itself.
        let _ = thread.join();
    }
}

#[cfg(test)]
mod tests;
