//! Members that were woken, in the order in which they were; those of the crew at work on this thread
//! are where wakers find them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};

/// Names a crew among all that there are at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CrewId(pub u32);

static COUNT: AtomicU32 = AtomicU32::new(NOBODY.0 + 1);

thread_local! {
    /// Of the crew that is at work on this thread, or of none.
    static HERE: RefCell<Ready> = const { RefCell::new(Ready::of(NOBODY)) };
}

const NOBODY: CrewId = CrewId(0);

impl CrewId {
    /// One that no crew has had before.
    pub fn next() -> Self {
        Self(COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Who is to be polled next. Whoever is woken twice meanwhile is polled once.
pub struct Ready {
    crew: CrewId,
    woken: VecDeque<u32>,
    /// By the number of the member.
    is_woken: Vec<bool>,
}

impl Ready {
    pub const fn of(crew: CrewId) -> Self {
        Self { crew, woken: VecDeque::new(), is_woken: Vec::new() }
    }

    pub fn ring(&mut self, member: u32) {
        if !std::mem::replace(&mut self.is_woken[member as usize], true) {
            self.woken.push_back(member);
        }
    }

    fn add(&mut self) {
        let newcomer = self.is_woken.len() as u32;
        self.is_woken.push(false);
        self.ring(newcomer);
    }

    fn next(&mut self) -> Option<u32> {
        let member = self.woken.pop_front()?;
        self.is_woken[member as usize] = false;
        Some(member)
    }
}

/// Wakes a member if its crew is at work on this thread. Says whether it is.
pub fn ring_here(crew: CrewId, member: u32) -> bool {
    let rung = HERE.try_with(|here| {
        let mut here = here.borrow_mut();
        let is_here = here.crew == crew;
        if is_here {
            here.ring(member);
        }
        is_here
    });
    // A thread that ends has no crew any more.
    rung.unwrap_or(false)
}

/// A crew at work: until this is dropped, wakers on this thread find it.
pub struct AtWork<'a> {
    /// What was here before; the crew's own when this is dropped.
    outer: &'a mut Ready,
}

impl<'a> AtWork<'a> {
    pub fn enter(ready: &'a mut Ready) -> Self {
        HERE.with_borrow_mut(|here| std::mem::swap(here, ready));
        Self { outer: ready }
    }

    /// Takes note of one more member, who is to be polled.
    pub fn add(&self) {
        HERE.with_borrow_mut(Ready::add);
    }

    pub fn ring(&self, member: u32) {
        HERE.with_borrow_mut(|here| here.ring(member));
    }

    pub fn next(&self) -> Option<u32> {
        HERE.with_borrow_mut(Ready::next)
    }

    pub fn is_quiet(&self) -> bool {
        HERE.with_borrow(|here| here.woken.is_empty())
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        HERE.with_borrow_mut(|here| std::mem::swap(here, self.outer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_crew_that_is_at_work_is_found() {
        let (mut one, mut other) = (Ready::of(CrewId(1)), Ready::of(CrewId(2)));
        assert!(!ring_here(CrewId(1), 0));
        let outer = AtWork::enter(&mut one);
        outer.add();
        {
            let inner = AtWork::enter(&mut other);
            inner.add();
            assert!(!ring_here(CrewId(1), 0));
            assert_eq!((inner.next(), inner.next()), (Some(0), None));
            assert!(ring_here(CrewId(2), 0) && ring_here(CrewId(2), 0));
        }
        assert_eq!((outer.next(), outer.next()), (Some(0), None));
        drop(outer);
        assert_eq!((other.next(), other.next()), (Some(0), None), "it is kept, once");
    }
}
