//! The wakers of a crew's members. Each is a number: to keep one, to hand one on or to drop one is no work
//! at all, and there is nothing that has to outlive it.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::ready::{CrewId, Ready, ring_here};

/// The crews that there are, for who wakes a member from elsewhere.
static CREWS: RwLock<BTreeMap<CrewId, Arc<Elsewhere>>> = RwLock::new(BTreeMap::new());

static RINGING: RawWakerVTable =
    RawWakerVTable::new(|bell| RawWaker::new(bell, &RINGING), ring, ring, |_| {});

/// The wakers of one crew's members, and those of them that were woken from elsewhere.
pub struct Bells {
    crew: CrewId,
    elsewhere: Arc<Elsewhere>,
}

#[derive(Default)]
struct Elsewhere(Mutex<Rung>);

/// Members that were woken while their crew was not at work on the same thread.
#[derive(Default)]
struct Rung {
    members: Vec<u32>,
    crew: Option<Waker>,
}

impl Bells {
    pub fn new() -> Self {
        let (crew, elsewhere) = (CrewId::next(), Arc::<Elsewhere>::default());
        CREWS.write().unwrap_or_else(PoisonError::into_inner).insert(crew, elsewhere.clone());
        Self { crew, elsewhere }
    }

    pub const fn crew(&self) -> CrewId {
        self.crew
    }

    pub fn waker(&self, member: u32) -> Waker {
        let bell = u64::from(self.crew.0) << u32::BITS | u64::from(member);
        // SAFETY: what it carries is never taken for an address, and a copy of a number rings for the same
        // member from any thread.
        #[allow(unsafe_code)]
        unsafe {
            Waker::new(ptr::without_provenance(bell as usize), &RINGING)
        }
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

impl Drop for Bells {
    fn drop(&mut self) {
        CREWS.write().unwrap_or_else(PoisonError::into_inner).remove(&self.crew);
    }
}

impl Elsewhere {
    fn rung(&self) -> MutexGuard<'_, Rung> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, member: u32) {
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

const _: () = assert!(usize::BITS >= u64::BITS, "a bell is a number of 64 bits");

fn ring(bell: *const ()) {
    let bell = bell.addr() as u64;
    let (crew, member) = (CrewId((bell >> u32::BITS) as u32), bell as u32);
    if ring_here(crew, member) {
        return;
    }
    // A crew that is over has nobody to wake.
    let elsewhere = CREWS.read().unwrap_or_else(PoisonError::into_inner).get(&crew).cloned();
    if let Some(elsewhere) = elsewhere {
        elsewhere.ring(member);
    }
}
