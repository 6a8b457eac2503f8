//! The wakers of a crew's members.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use super::ready::{CrewId, Ready, ring_here};

/// A waker for each member, and those that were woken from elsewhere.
#[derive(Default)]
pub struct Bells {
    wakers: Vec<Waker>,
    elsewhere: Arc<Elsewhere>,
}

/// What rings for one member.
struct Bell {
    member: usize,
    elsewhere: Arc<Elsewhere>,
}

#[derive(Default)]
struct Elsewhere(Mutex<Rung>);

/// Members that were woken while their crew was not at work on the same thread.
#[derive(Default)]
struct Rung {
    members: Vec<usize>,
    crew: Option<Waker>,
}

impl Bells {
    pub fn crew(&self) -> CrewId {
        self.elsewhere.crew()
    }

    /// A bell for one more member.
    pub fn add(&mut self) {
        let (member, elsewhere) = (self.wakers.len(), self.elsewhere.clone());
        self.wakers.push(Waker::from(Arc::new(Bell { member, elsewhere })));
    }

    pub fn waker(&self, member: usize) -> &Waker {
        &self.wakers[member]
    }

    /// Moves those that were woken elsewhere to the others that are `ready`, and says whether there were
    /// any. From now on `waker` is woken for the next.
    pub fn collect(&self, waker: &Waker, ready: &mut Ready) -> bool {
        let mut rung = self.elsewhere.rung();
        match &mut rung.crew {
            Some(crew) => crew.clone_from(waker),
            crew => *crew = Some(waker.clone()),
        }
        let is_woken = !rung.members.is_empty();
        rung.members.drain(..).for_each(|member| ready.ring(member));
        is_woken
    }
}

impl Elsewhere {
    fn crew(self: &Arc<Self>) -> CrewId {
        CrewId(Arc::as_ptr(self) as usize)
    }

    fn rung(&self) -> MutexGuard<'_, Rung> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, member: usize) {
        let mut rung = self.rung();
        rung.members.push(member);
        // The first one is enough: the crew looks at all.
        if let [_] = rung.members[..]
            && let Some(crew) = &rung.crew
        {
            crew.wake_by_ref();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !ring_here(self.elsewhere.crew(), self.member) {
            self.elsewhere.ring(self.member);
        }
    }
}
