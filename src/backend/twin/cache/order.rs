//! The exact order in which entries were used.

/// No entry.
const NONE: u32 = u32::MAX;

/// Entries by their places, linked from the one used least lately to the one used last. One that cannot
/// be evicted is in no order.
#[derive(Default)]
pub(super) struct Order {
    links: Vec<Link>,
    first: Option<u32>,
    last: Option<u32>,
}

#[derive(Clone, Copy)]
struct Link {
    before: u32,
    after: u32,
    is_linked: bool,
}

impl Order {
    /// Makes room for a new entry in the next place, which is not in the order yet.
    pub fn grow(&mut self) {
        self.links.push(Link { before: NONE, after: NONE, is_linked: false });
    }

    /// Gives up the last place, whose entry is not in the order any more.
    pub fn shrink(&mut self) {
        self.links.pop();
    }

    /// The place of the entry that was used least lately.
    pub fn oldest(&self) -> Option<usize> {
        self.first.map(|place| place as usize)
    }

    /// Notes that the entry was used last of all.
    pub fn renew(&mut self, place: usize) {
        if self.last == Some(place as u32) {
            return;
        }
        self.leave(place);
        let before = self.last.replace(place as u32);
        self.links[place] = Link { before: before.unwrap_or(NONE), after: NONE, is_linked: true };
        match before {
            Some(before) => self.links[before as usize].after = place as u32,
            None => self.first = Some(place as u32),
        }
    }

    /// Notes that the entry came last of all, unless it has come before.
    pub fn enter(&mut self, place: usize) {
        if !self.links[place].is_linked {
            self.renew(place);
        }
    }

    /// Takes the entry out of the order.
    pub fn leave(&mut self, place: usize) {
        let link = self.links[place];
        if !link.is_linked {
            return;
        }
        self.links[place].is_linked = false;
        self.join(link.before, link.after);
    }

    /// The entries in two places change them.
    pub fn swap(&mut self, one: usize, other: usize) {
        if one == other {
            return;
        }
        self.grow();
        let spare = self.links.len() - 1;
        self.relocate(one, spare);
        self.relocate(other, one);
        self.relocate(spare, other);
        self.shrink();
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What is in `from` moves to `to`, where nothing is.
    fn relocate(&mut self, from: usize, to: usize) {
        let link = self.links[from];
        self.links[to] = link;
        self.links[from].is_linked = false;
        if link.is_linked {
            self.join(link.before, to as u32);
            self.join(to as u32, link.after);
        }
    }

    /// One comes right before the other.
    fn join(&mut self, before: u32, after: u32) {
        match before {
            NONE => self.first = (after != NONE).then_some(after),
            _ => self.links[before as usize].after = after,
        }
        match after {
            NONE => self.last = (before != NONE).then_some(before),
            _ => self.links[after as usize].before = before,
        }
    }
}
