//! Numbered requests on the server's side: each is taken in once, however often it comes.

use super::wire::{FramesBody, REQUEST_FRAMES_MAX};
use crate::frame::ClientFrame;

/// Why a request of a session was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallRefusal {
    /// A repeat of it, or a newer poll, has taken its place: nobody waits for its answer. HTTP 409.
    Superseded,
    /// Its number does not follow the last one, or it has seen an answer that was never given. A
    /// client that speaks the protocol sends none. HTTP 400.
    OutOfOrder,
    /// It has more than [`REQUEST_FRAMES_MAX`] frames. HTTP 413.
    TooManyFrames,
}

/// How a number stands to those that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The next one.
    Fresh,
    /// The last one again.
    Repeat,
    /// One before the last: its client has its answer, and the network was late with this copy.
    Late,
    /// One that cannot be.
    OutOfOrder,
}

/// The numbers of one lane.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    last: u64,
}

impl Numbers {
    /// Takes note of a number.
    pub(super) fn arrive(&mut self, number: u64) -> Arrival {
        if number == 0 || number > self.last.saturating_add(1) {
            Arrival::OutOfOrder
        } else if number > self.last {
            self.last = number;
            Arrival::Fresh
        } else if number == self.last {
            Arrival::Repeat
        } else {
            Arrival::Late
        }
    }
}

/// The send lane of one session on its server: with `http-send` beside its stream.
#[derive(Debug, Default)]
pub struct SendIntake {
    numbers: Numbers,
}

impl SendIntake {
    /// The frames that are to go to the chat server now, in order; none when they have been taken
    /// in before. Either way the answer is empty (HTTP 204).
    ///
    /// # Errors
    /// Why the request cannot be taken in.
    pub fn handle_frames(&mut self, body: FramesBody) -> Result<Vec<ClientFrame>, CallRefusal> {
        if body.frames.len() > REQUEST_FRAMES_MAX {
            return Err(CallRefusal::TooManyFrames);
        }
        match self.numbers.arrive(body.number) {
            Arrival::Fresh => Ok(body.frames),
            Arrival::Repeat | Arrival::Late => Ok(Vec::new()),
            Arrival::OutOfOrder => Err(CallRefusal::OutOfOrder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Cursors;

    fn body(number: u64, frames: usize) -> FramesBody {
        let frame = ClientFrame::Cursor { cursors: Cursors::new() };
        FramesBody { session: 1, number, frames: vec![frame; frames] }
    }

    #[test]
    fn each_number_counts_once() {
        let mut intake = SendIntake::default();
        let mut taken = |number| intake.handle_frames(body(number, 2)).map(|frames| frames.len());
        assert_eq!(taken(2), Err(CallRefusal::OutOfOrder));
        assert_eq!(taken(0), Err(CallRefusal::OutOfOrder));
        assert_eq!(taken(1), Ok(2));
        assert_eq!(taken(1), Ok(0));
        assert_eq!(taken(2), Ok(2));
        assert_eq!(taken(1), Ok(0), "a late copy");
        assert_eq!(taken(4), Err(CallRefusal::OutOfOrder));
    }

    #[test]
    fn too_many_frames_are_refused_and_take_no_number() {
        let mut intake = SendIntake::default();
        let too_many = body(1, REQUEST_FRAMES_MAX + 1);
        assert_eq!(intake.handle_frames(too_many), Err(CallRefusal::TooManyFrames));
        assert_eq!(intake.handle_frames(body(1, 1)).map(|frames| frames.len()), Ok(1));
    }
}
