//! Carries out what the plan says is to break, and mends it again.

use std::pin::pin;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::Cluster;
use super::cluster::Slot;
use super::traffic::Traffic;
use crate::backend::Error;
use crate::clock::Clock;
use crate::model::{Breakage, Injected, Nanos, NodeBreakage, NodeId, WorkerBreakage};
use crate::workload::{Plan, PlannedFault};

/// How long a process that could not be started rests before it is tried again.
const RESTART_PAUSE: Nanos = Nanos::from_millis(100);

/// Those who break things, and what they need for it.
pub struct Faults<'a, 't> {
    cluster: &'a Cluster<'a>,
    clock: &'a Clock,
    traffic: &'a Traffic<'t>,
    /// When the measured window opens.
    opens: Nanos,
    /// Turns true when the last client has its answer.
    is_over: watch::Receiver<bool>,
}

impl<'a, 't> Faults<'a, 't> {
    pub fn new(
        cluster: &'a Cluster<'a>,
        clock: &'a Clock,
        traffic: &'a Traffic<'t>,
        opens: Nanos,
        is_over: watch::Receiver<bool>,
    ) -> Self {
        Self { cluster, clock, traffic, opens, is_over }
    }

    /// Carries out all faults of the plan, each at its time. Returns once everything is mended, which
    /// is done at once when the run is over.
    pub async fn carry_out(&self, plan: &Plan) -> Vec<Injected> {
        let faults: FuturesUnordered<_> =
            plan.faults().into_iter().map(|fault| self.carry_out_one(fault)).collect();
        let mut injected: Vec<Injected> = faults.collect().await;
        injected.sort_by_key(|injected| injected.began);
        injected
    }

    async fn carry_out_one(&self, fault: PlannedFault) -> Injected {
        let what = fault.what;
        if !self.wait_until(self.opens + fault.at.nanos()).await {
            let now = self.since_opening();
            let trouble = Some("the run was over before it began".into());
            return Injected { what, began: now, ended: now, trouble };
        }
        // What the worker does decides when it is struck: the fault begins then.
        let struck = self.strike(what).await;
        let began = self.since_opening();
        let begun = if struck { self.begin(what).await } else { Err(NEVER_COMMITTED.to_owned()) };
        self.wait_until(self.opens + began + fault.lasts.nanos()).await;
        let ended = match begun {
            Ok(()) => self.end(what).await,
            Err(trouble) => {
                // Half begun is to be mended as well; what comes of that changes nothing.
                let _ = self.end(what).await;
                Err(trouble)
            }
        };
        Injected { what, began, ended: self.since_opening(), trouble: ended.err() }
    }

    /// Waits for the moment that a fault needs, if it needs one. False if it never came.
    async fn strike(&self, what: Breakage) -> bool {
        let Breakage::Worker(WorkerBreakage::KilledAfterCommit) = what else { return true };
        let trap = self.cluster.trap();
        let over = pin!(self.over());
        let struck = matches!(select(pin!(trap.wait()), over).await, Either::Left(_));
        trap.remove();
        struck
    }

    async fn begin(&self, what: Breakage) -> Result<(), String> {
        let begun = match what {
            Breakage::Cache(breakage) => self.cluster.cache().inject(&breakage).await,
            Breakage::Store(breakage) => self.cluster.store().inject(&breakage).await,
            Breakage::Events(breakage) => self.cluster.cache().disturb_events(&breakage),
            Breakage::Worker(_) => {
                self.cluster.worker().kill();
                Ok(())
            }
            Breakage::Node(NodeBreakage::Killed(node)) => {
                self.cluster.slot(NodeId(node)).kill();
                self.traffic.give_up_node(NodeId(node));
                Ok(())
            }
        };
        begun.map_err(told)
    }

    async fn end(&self, what: Breakage) -> Result<(), String> {
        let ended = match what {
            Breakage::Cache(breakage) if Breakage::Cache(breakage).goes_on() => {
                self.cluster.cache().lift(&breakage).await
            }
            Breakage::Cache(_) => Ok(()),
            Breakage::Store(breakage) => self.cluster.store().lift(&breakage).await,
            Breakage::Events(_) => {
                self.cluster.cache().leave_events_alone();
                Ok(())
            }
            Breakage::Worker(_) => self.restart(self.cluster.worker()).await,
            Breakage::Node(NodeBreakage::Killed(node)) => {
                self.restart(self.cluster.slot(NodeId(node))).await
            }
        };
        ended.map_err(told)
    }

    /// Starts a process anew, as often as it takes: its servers may be broken too.
    async fn restart(&self, slot: &Slot) -> Result<(), Error> {
        loop {
            let started = self.cluster.start(slot).await;
            if started.is_ok() || *self.is_over.borrow() {
                return started;
            }
            self.clock.sleep(RESTART_PAUSE).await;
        }
    }

    /// False if the run is over before `instant`.
    async fn wait_until(&self, instant: Nanos) -> bool {
        // Of a run that ends at this very instant the fault is no part.
        if *self.is_over.borrow() {
            return false;
        }
        let over = pin!(self.over());
        matches!(select(self.clock.sleep_until(instant), over).await, Either::Left(_))
    }

    async fn over(&self) {
        // The sender lives as long as the run: it cannot be gone before it has told.
        let _ = self.is_over.clone().wait_for(|is_over| *is_over).await;
    }

    fn since_opening(&self) -> Nanos {
        self.clock.now().since(self.opens)
    }
}

const NEVER_COMMITTED: &str = "the worker committed nothing before the run was over";

fn told(error: Error) -> String {
    error.to_string()
}
