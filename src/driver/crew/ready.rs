//! Members that were woken, in the order in which they were; those of the crew at work on this thread
//! are where wakers find them.

use std::cell::RefCell;
use std::collections::VecDeque;

/// Names a crew among all that there are at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrewId(pub usize);

thread_local! {
    /// Of the crew that is at work on this thread, or of none.
    static HERE: RefCell<Ready> = const { RefCell::new(Ready::of(NOBODY)) };
}

const NOBODY: CrewId = CrewId(0);

/// Who is to be polled next. Whoever is woken twice meanwhile is polled once.
pub struct Ready {
    crew: CrewId,
    woken: VecDeque<usize>,
    /// By the number of the member.
    is_woken: Vec<bool>,
}

impl Ready {
    pub const fn of(crew: CrewId) -> Self {
        Self { crew, woken: VecDeque::new(), is_woken: Vec::new() }
    }

    pub fn ring(&mut self, member: usize) {
        if !std::mem::replace(&mut self.is_woken[member], true) {
            self.woken.push_back(member);
        }
    }

    fn add(&mut self) {
        self.is_woken.push(false);
        self.ring(self.is_woken.len() - 1);
    }

    fn next(&mut self) -> Option<usize> {
        let member = self.woken.pop_front()?;
        self.is_woken[member] = false;
        Some(member)
    }
}

/// Wakes a member if its crew is at work on this thread. Says whether it is.
pub fn ring_here(crew: CrewId, member: usize) -> bool {
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

    pub fn ring(&self, member: usize) {
        HERE.with_borrow_mut(|here| here.ring(member));
    }

    pub fn next(&self) -> Option<usize> {
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
