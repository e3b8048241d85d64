//! What will happen, in the order in which it will.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Things by time, and those of one time in the order in which they were put in. The heap moves
/// small keys only: what they stand for stays in its place, since it may be large.
#[derive(Debug)]
pub(super) struct Queue<T> {
    heap: BinaryHeap<Reverse<(u64, u64, usize)>>,
    slots: Vec<Option<T>>,
    free: Vec<usize>,
    order: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), order: 0 }
    }
}

impl<T> Queue<T> {
    pub(super) fn push(&mut self, at: u64, what: T) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[slot] = Some(what);
        self.order += 1;
        self.heap.push(Reverse((at, self.order, slot)));
    }

    /// The earliest, with its time.
    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        let Reverse((at, _, slot)) = self.heap.pop()?;
        self.free.push(slot);
        Some((at, self.slots[slot].take()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_comes_first_and_equals_in_the_order_in_which_they_came() {
        let mut queue = Queue::default();
        for round in 0..3_u64 {
            for (at, what) in [(7, "d"), (5, "b"), (7, "e"), (1, "a"), (5, "c")] {
                queue.push(at + 10 * round, what);
            }
            let popped: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
            let expected = [(1, "a"), (5, "b"), (5, "c"), (7, "d"), (7, "e")];
            assert_eq!(popped, expected.map(|(at, what)| (at + 10 * round, what)));
            assert_eq!(queue.slots.len(), 5, "places are used again");
        }
    }
}
