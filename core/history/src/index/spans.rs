//! Stretches of time, and what one can do with a list of them.

/// A stretch of time in nanoseconds since the run began; its end is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Where it begins.
    pub from_ns: u64,
    /// Where it ends.
    pub to_ns: u64,
}

impl Span {
    /// From one time to another; empty when the second is not later.
    #[must_use]
    pub fn new(from_ns: u64, to_ns: u64) -> Self {
        Self { from_ns, to_ns: to_ns.max(from_ns) }
    }

    /// How long it is, in nanoseconds.
    #[must_use]
    pub fn length_ns(self) -> u64 {
        self.to_ns - self.from_ns
    }

    /// Whether the time is part of it.
    #[must_use]
    pub fn contains(self, t_ns: u64) -> bool {
        self.from_ns <= t_ns && t_ns < self.to_ns
    }

    /// What it has in common with another one; `None` for nothing.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        let (from_ns, to_ns) = (self.from_ns.max(other.from_ns), self.to_ns.min(other.to_ns));
        (from_ns < to_ns).then_some(Self { from_ns, to_ns })
    }
}

/// The same time in as few stretches as possible, in order.
#[must_use]
pub fn united(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| span.length_ns() > 0);
    spans.sort_unstable();
    let mut united: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match united.last_mut() {
            Some(last) if span.from_ns <= last.to_ns => last.to_ns = last.to_ns.max(span.to_ns),
            _ => united.push(span),
        }
    }
    united
}

/// Everything before `end_ns` that is in none of the united spans.
#[must_use]
pub fn outside(united: &[Span], end_ns: u64) -> Vec<Span> {
    let ends = std::iter::once(0).chain(united.iter().map(|span| span.to_ns));
    let begins = united.iter().map(|span| span.from_ns).chain(std::iter::once(end_ns));
    let between = ends.zip(begins).map(|(from_ns, to_ns)| Span::new(from_ns, to_ns));
    between.filter(|span| span.length_ns() > 0).collect()
}

/// What two lists of united spans have in common.
#[must_use]
pub fn common(one: &[Span], other: &[Span]) -> Vec<Span> {
    let (mut at, mut beside) = (0, 0);
    let mut common = Vec::new();
    while let (Some(span), Some(next)) = (one.get(at), other.get(beside)) {
        common.extend(span.intersection(*next));
        if span.to_ns < next.to_ns {
            at += 1;
        } else {
            beside += 1;
        }
    }
    common
}

/// United spans without gaps below `gap_ns`. What is shorter than `least_ns` counts as a part of
/// the gap around it.
#[must_use]
pub fn bridged(united: &[Span], gap_ns: u64, least_ns: u64) -> Vec<Span> {
    let mut bridged: Vec<Span> = Vec::new();
    for span in united.iter().filter(|span| span.length_ns() >= least_ns) {
        match bridged.last_mut() {
            Some(last) if span.from_ns - last.to_ns < gap_ns => last.to_ns = span.to_ns,
            _ => bridged.push(*span),
        }
    }
    bridged
}

/// The one of several united spans that the time is part of.
#[must_use]
pub fn around(united: &[Span], t_ns: u64) -> Option<Span> {
    let after = united.partition_point(|span| span.from_ns <= t_ns);
    united.get(after.checked_sub(1)?).copied().filter(|span| span.contains(t_ns))
}

/// Whether any of several united spans has something in common with this one.
#[must_use]
pub fn any_in(united: &[Span], span: Span) -> bool {
    let first = united.partition_point(|one| one.to_ns <= span.from_ns);
    united.get(first).is_some_and(|one| one.intersection(span).is_some())
}

/// By when something that begins at `from_ns` and takes at most `bound_ns` must be done: each
/// disturbance that is there meanwhile puts it off to `after_ns` after its own end.
#[must_use]
pub fn put_off(from_ns: u64, bound_ns: u64, disturbances: &[Span], after_ns: u64) -> u64 {
    let mut deadline_ns = from_ns.saturating_add(bound_ns);
    let first = disturbances.partition_point(|span| span.to_ns < from_ns);
    for span in &disturbances[first..] {
        if span.from_ns >= deadline_ns {
            break;
        }
        deadline_ns = deadline_ns.max(span.to_ns.saturating_add(after_ns));
    }
    deadline_ns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(ends: &[(u64, u64)]) -> Vec<Span> {
        ends.iter().map(|(from_ns, to_ns)| Span::new(*from_ns, *to_ns)).collect()
    }

    #[test]
    fn united_spans_neither_touch_nor_overlap() {
        let union = united(spans(&[(5, 7), (1, 3), (3, 4), (6, 9), (8, 8)]));
        assert_eq!(union, spans(&[(1, 4), (5, 9)]));
        assert_eq!(outside(&union, 12), spans(&[(0, 1), (4, 5), (9, 12)]));
        assert_eq!(outside(&union, 6), spans(&[(0, 1), (4, 5)]));
    }

    #[test]
    fn common_time_is_in_both() {
        let common = common(&spans(&[(0, 4), (6, 9)]), &spans(&[(1, 2), (3, 7), (8, 20)]));
        assert_eq!(common, spans(&[(1, 2), (3, 4), (6, 7), (8, 9)]));
    }

    #[test]
    fn a_short_gap_is_bridged_and_a_short_piece_is_part_of_a_gap() {
        let pieces = spans(&[(0, 10), (12, 20), (24, 25), (27, 40)]);
        assert_eq!(bridged(&pieces, 5, 1), spans(&[(0, 40)]));
        assert_eq!(bridged(&pieces, 5, 2), spans(&[(0, 20), (27, 40)]));
    }

    #[test]
    fn disturbances_put_off_what_they_meet() {
        let disturbances = spans(&[(0, 5), (12, 15), (18, 30), (90, 99)]);
        assert_eq!(put_off(5, 5, &disturbances, 4), 10);
        assert_eq!(put_off(10, 5, &disturbances, 2), 17);
        assert_eq!(put_off(10, 5, &disturbances, 4), 34, "the next one is met too");
        assert_eq!(put_off(40, 5, &disturbances, 4), 45);
    }

    #[test]
    fn a_time_is_looked_up_in_the_span_around_it() {
        let pieces = spans(&[(1, 4), (6, 9)]);
        assert_eq!(around(&pieces, 3), Some(pieces[0]));
        assert_eq!((around(&pieces, 0), around(&pieces, 4)), (None, None));
        assert!(any_in(&pieces, Span::new(3, 5)) && !any_in(&pieces, Span::new(4, 6)));
    }
}
