//! One way in which a run fails.

use std::{any::Any, cell::RefCell, panic::PanicHookInfo};

use hubbub_scenario::ViolationName;

use super::Ran;

/// What stands for a checker's name when a machine panicked.
pub const PANIC: &str = "panic";

thread_local! {
    /// Where this thread panicked last.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panic {
    /// What it said.
    pub said: String,
    /// The file, line and column; `None` where nobody calls [`note_panic`].
    pub place: Option<String>,
}

/// One way to fail: what a case is made small for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The checker of this name found something that is not expected.
    Violated(String),
    /// A machine panicked, in this way ([`Panic::kind`]).
    Panicked(String),
}

/// Keeps where a panic was for the case that it ends. A panic hook calls it: nobody else is told.
pub fn note_panic(panic: &PanicHookInfo<'_>) {
    PLACE.set(panic.location().map(ToString::to_string));
}

impl Panic {
    /// The panic that was caught on this thread, by what it carries.
    pub(super) fn caught(carried: &(dyn Any + Send)) -> Self {
        let text = carried.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| carried.downcast_ref::<String>().cloned());
        let said = text.unwrap_or_else(|| "it did not say why".to_owned());
        Self { said, place: PLACE.take() }
    }

    /// What two panics of one cause have in common: where they are, and what they say but for its
    /// numbers.
    #[must_use]
    pub fn kind(&self) -> String {
        let said: String = self.said.chars().filter(|it| !it.is_ascii_digit()).collect();
        match &self.place {
            Some(place) => format!("{place}: {said}"),
            None => said,
        }
    }
}

impl std::fmt::Display for Panic {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.said)?;
        self.place.iter().try_for_each(|place| write!(formatter, ", at {place}"))
    }
}

impl Failure {
    /// The checker's name, or [`PANIC`].
    #[must_use]
    pub fn checker(&self) -> &str {
        match self {
            Self::Violated(checker) => checker,
            Self::Panicked(_) => PANIC,
        }
    }
}

impl Ran {
    /// The way to fail that the case is made small for: a panic, or the first of the checkers, in the
    /// order in which they are listed. `None` where it does not fail.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        if let Some(panic) = &self.panic {
            return Some(Failure::Panicked(panic.kind()));
        }
        let mut listed = ViolationName::ALL.iter().map(|name| name.as_str());
        let first = listed.find(|name| self.violated.contains(*name))?;
        Some(Failure::Violated(first.to_owned()))
    }

    /// Whether it fails in this way, whatever else it does.
    #[must_use]
    pub fn fails_by(&self, failure: &Failure) -> bool {
        match failure {
            Failure::Violated(checker) => self.violated.contains(checker),
            Failure::Panicked(kind) => self.panic.as_ref().is_some_and(|it| it.kind() == *kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{catch_unwind, panic_any};

    use super::*;

    fn panic(said: &str, place: Option<&str>) -> Panic {
        Panic { said: said.to_owned(), place: place.map(str::to_owned) }
    }

    #[test]
    fn panics_are_told_apart_by_place_and_by_what_they_say_but_for_numbers() {
        let one = panic("the len is 3 but the index is 7", Some("a.rs:1:2"));
        assert_eq!(one.kind(), panic("the len is 4 but the index is 12", Some("a.rs:1:2")).kind());
        assert_ne!(one.kind(), panic("the len is 3 but the index is 7", Some("a.rs:9:2")).kind());
        assert_ne!(one.kind(), panic("not a number", Some("a.rs:1:2")).kind());
        assert_eq!(one.to_string(), "the len is 3 but the index is 7, at a.rs:1:2");
    }

    #[test]
    fn whatever_a_panic_carries_is_a_panic() {
        let caught = |panics: fn()| Panic::caught(catch_unwind(panics).unwrap_err().as_ref());
        assert_eq!(caught(|| panic_any("text")).said, "text");
        assert_eq!(caught(|| panic_any("more text".to_owned())).said, "more text");
        assert_eq!(caught(|| panic_any(7)).said, "it did not say why");
    }
}
