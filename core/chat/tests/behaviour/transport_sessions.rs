//! A session over polls on its server: numbers, holding, and whether the client is still there.

use std::{sync::Arc, time::Duration};

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    Design, Monotonic, Now, Wall,
    design::Transport,
    frame::{CutReason, ServerFrame},
    transport::{
        CallRefusal, ExchangeId, FramesBody, PollAnswer, PollBody, PollSession, REQUEST_FRAMES_MAX,
        SESSION_FRAMES_MAX, SessionInput, SessionOutput,
    },
};

use crate::{
    support::{assert_reached, seconds},
    transport_link::{alive, heartbeat, notice, send_frame},
};

const SESSION: u64 = 77;

struct Served {
    session: PollSession,
    now: Now,
    last_exchange: u64,
}

impl Served {
    fn new(transport: Transport) -> Self {
        let design = Design { transport, ..Design::default() };
        let now = Now { monotonic: Monotonic(0), wall: Wall(0) };
        let mut served =
            Self { session: PollSession::new(SESSION, &design, now), now, last_exchange: 0 };
        let opening =
            PollBody { session: None, number: 1, seen: 0, wait_ms: 25_000, frames: Vec::new() };
        let outputs = served.poll_with(opening);
        assert_eq!(answers(&outputs), [&answer(1, [])], "an opening is answered at once");
        served
    }

    fn input(&mut self, input: SessionInput) -> Vec<SessionOutput> {
        self.session.handle_input(self.now, input);
        self.drain()
    }

    fn poll_with(&mut self, body: PollBody) -> Vec<SessionOutput> {
        self.last_exchange += 1;
        let exchange = ExchangeId(self.last_exchange);
        self.input(SessionInput::Poll { exchange, body })
    }

    fn poll(&mut self, number: u64, seen: u64) -> Vec<SessionOutput> {
        self.poll_with(body(number, seen))
    }

    fn say(&mut self, number: u64) -> Vec<SessionOutput> {
        self.input(SessionInput::Frame(notice(number)))
    }

    fn pass(&mut self, duration: Duration) -> Vec<SessionOutput> {
        let end = self.now.monotonic.after(duration);
        let mut outputs = Vec::new();
        while let Some((at, _)) = self.session.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now.monotonic = at;
            self.session.handle_timeout(self.now);
            outputs.extend(self.drain());
        }
        self.now.monotonic = end;
        outputs
    }

    fn drain(&mut self) -> Vec<SessionOutput> {
        std::iter::from_fn(|| self.session.poll_output()).collect()
    }
}

fn body(number: u64, seen: u64) -> PollBody {
    PollBody { session: Some(SESSION), number, seen, wait_ms: 25_000, frames: Vec::new() }
}

fn answer(number: u64, frames: impl Into<Vec<ServerFrame>>) -> PollAnswer {
    PollAnswer { session: SESSION, number, frames: frames.into(), ended: false }
}

fn answers(outputs: &[SessionOutput]) -> Vec<&PollAnswer> {
    let mut answers = Vec::new();
    for output in outputs {
        if let SessionOutput::Answer(_, answer) = output {
            answers.push(Arc::as_ref(answer));
        }
    }
    answers
}

#[test]
fn a_poll_is_held_until_there_is_something_and_at_most_for_its_wait() {
    let mut served = Served::new(Transport::LongPolling);
    assert_eq!(served.poll(2, 1), []);
    assert_eq!(answers(&served.pass(Duration::from_millis(24_999))), [] as [&PollAnswer; 0]);
    assert_eq!(answers(&served.pass(Duration::from_millis(1))), [&answer(2, [])]);
    assert_eq!(served.poll(3, 2), []);
    served.pass(seconds(7));
    assert_eq!(answers(&served.say(1)), [&answer(3, [notice(1)])]);
}

#[test]
fn no_poll_is_held_longer_than_the_design_allows() {
    let mut served = Served::new(Transport::LongPolling);
    served.poll_with(PollBody { wait_ms: u64::MAX, ..body(2, 1) });
    assert_eq!(answers(&served.pass(seconds(25))), [&answer(2, [])]);
}

#[test]
fn a_poll_that_does_not_wait_is_answered_at_once() {
    let mut served = Served::new(Transport::Polling);
    let outputs = served.poll_with(PollBody { wait_ms: 0, ..body(2, 1) });
    assert_eq!(answers(&outputs), [&answer(2, [])]);
}

#[test]
fn the_answer_to_a_heartbeat_does_not_end_a_held_poll_and_travels_with_the_next_answer() {
    let mut served = Served::new(Transport::LongPolling);
    served.poll(2, 1);
    assert_eq!(served.input(SessionInput::Frame(alive(5))), []);
    let outputs = served.say(6);
    assert_eq!(answers(&outputs), [&answer(2, [alive(5), notice(6)])]);
}

#[test]
fn everything_said_at_one_time_leaves_in_one_answer() {
    let mut served = Served::new(Transport::LongPolling);
    served.poll(2, 1);
    for number in 1..=3 {
        served.session.handle_input(served.now, SessionInput::Frame(notice(number)));
    }
    let outputs = served.drain();
    assert_eq!(answers(&outputs), [&answer(2, [notice(1), notice(2), notice(3)])]);
}

#[test]
fn an_answer_is_given_again_until_a_poll_says_that_it_arrived() {
    let mut served = Served::new(Transport::LongPolling);
    served.poll(2, 1);
    served.say(1);
    served.say(2);
    for _ in 0..2 {
        assert_eq!(answers(&served.poll(2, 1)), [&answer(2, [notice(1)])], "the same answer");
    }
    assert_eq!(answers(&served.poll(3, 2)), [&answer(3, [notice(2)])]);
    // A client that gave a poll up instead of repeating it still gets what it has not seen, first.
    served.say(3);
    assert_eq!(answers(&served.poll(4, 2)), [&answer(4, [notice(2), notice(3)])]);
    assert_eq!(answers(&served.poll(5, 4)), [] as [&PollAnswer; 0], "all is confirmed: it is held");
    assert_reached(served.session.situations(), Situation::AnswerGivenAgain);
}

#[test]
fn frames_of_a_request_count_once_however_often_it_comes() {
    let mut served = Served::new(Transport::LongPolling);
    let frames = vec![heartbeat(1)];
    let with_frames = PollBody { frames, ..body(2, 1) };
    let taken = SessionOutput::Frame(heartbeat(1));
    assert_eq!(served.poll_with(with_frames.clone()), [taken]);
    let again = served.poll_with(with_frames);
    assert_eq!(again, [SessionOutput::Refuse(ExchangeId(2), CallRefusal::Superseded)]);
    let exchange = ExchangeId(90);
    let body = FramesBody { session: SESSION, number: 1, frames: vec![send_frame(1)] };
    let first = served.input(SessionInput::Frames { exchange, body: body.clone() });
    assert_eq!(first, [SessionOutput::Frame(send_frame(1)), SessionOutput::Taken(exchange)]);
    let again = served.input(SessionInput::Frames { exchange, body });
    assert_eq!(again, [SessionOutput::Taken(exchange)]);
}

#[test]
fn a_repeated_poll_takes_the_place_of_the_one_that_is_held() {
    let mut served = Served::new(Transport::LongPolling);
    served.poll(2, 1);
    served.poll(2, 1);
    // The first one's connection closes late, which means nothing to the second.
    served.input(SessionInput::Closed(ExchangeId(2)));
    assert!(served.session.is_polled());
    let outputs = served.say(1);
    let expected = SessionOutput::Answer(ExchangeId(3), Arc::new(answer(2, [notice(1)])));
    assert_eq!(outputs, [expected]);
}

#[test]
fn requests_that_cannot_be_are_refused_and_change_nothing() {
    let mut served = Served::new(Transport::LongPolling);
    let refused = |outputs: Vec<SessionOutput>| match outputs[..] {
        [SessionOutput::Refuse(_, reason)] => reason,
        _ => panic!("{outputs:?}"),
    };
    assert_eq!(refused(served.poll(3, 1)), CallRefusal::OutOfOrder, "a number left out");
    assert_eq!(refused(served.poll(2, 9)), CallRefusal::OutOfOrder, "an answer never given");
    let frames = vec![heartbeat(1); REQUEST_FRAMES_MAX + 1];
    let too_many = served.poll_with(PollBody { frames, ..body(2, 1) });
    assert_eq!(refused(too_many), CallRefusal::TooManyFrames);
    served.poll(2, 1);
    served.say(1);
    assert_eq!(refused(served.poll(1, 0)), CallRefusal::Superseded, "a late copy");
    assert_eq!(answers(&served.poll(3, 2)), [] as [&PollAnswer; 0]);
}

#[test]
fn a_client_that_vanished_silently_is_believed_in_until_poll_wait_and_silence_are_over() {
    let mut served = Served::new(Transport::LongPolling);
    served.poll(2, 1);
    let believed = Design::default().poll_wait + Design::default().silence_after;
    let early = served.pass(believed - Duration::from_millis(1));
    assert!(!early.contains(&SessionOutput::Silent), "{early:?}");
    let late = served.pass(Duration::from_millis(1));
    assert_eq!(late, [SessionOutput::Silent, SessionOutput::Over]);
}

#[test]
fn a_client_whose_connection_was_closed_is_believed_in_for_silence_after() {
    let mut served = Served::new(Transport::LongPolling);
    served.poll(2, 1);
    served.pass(seconds(3));
    assert_eq!(served.input(SessionInput::Closed(ExchangeId(2))), []);
    let early = served.pass(Design::default().silence_after - Duration::from_millis(1));
    assert_eq!(early, [], "the poll is over, the session is not");
    let late = served.pass(Duration::from_millis(1));
    assert_eq!(late, [SessionOutput::Silent, SessionOutput::Over]);
}

#[test]
fn a_client_that_may_not_have_its_answer_is_believed_in_as_long_as_it_believes_to_be_held() {
    let design = Design::default();
    for (closed, believed) in
        [(false, design.poll_wait + design.silence_after), (true, design.silence_after)]
    {
        let mut served = Served::new(Transport::LongPolling);
        served.poll(2, 1);
        assert_eq!(answers(&served.say(1)).len(), 1);
        if closed {
            served.input(SessionInput::Closed(ExchangeId(2)));
        }
        assert_eq!(served.pass(believed - Duration::from_millis(1)), [], "closed: {closed}");
        let late = served.pass(Duration::from_millis(1));
        assert_eq!(late, [SessionOutput::Silent, SessionOutput::Over], "closed: {closed}");
    }
}

#[test]
fn a_client_comes_back_after_a_closed_connection_and_has_lost_nothing() {
    let mut served = Served::new(Transport::LongPolling);
    served.poll(2, 1);
    served.input(SessionInput::Closed(ExchangeId(2)));
    served.say(1);
    served.pass(seconds(14));
    assert_eq!(answers(&served.poll(2, 1)), [&answer(2, [notice(1)])]);
}

#[test]
fn with_polling_two_intervals_without_a_poll_are_not_yet_silence() {
    let mut served = Served::new(Transport::Polling);
    let design = Design::default();
    let believed = 2 * design.poll_interval + design.silence_after;
    assert_eq!(served.pass(believed - Duration::from_millis(1)), []);
    let late = served.pass(Duration::from_millis(1));
    assert_eq!(late, [SessionOutput::Silent, SessionOutput::Over]);
}

#[test]
fn a_full_queue_is_reported_once_and_what_it_holds_is_still_delivered_with_the_reason() {
    let mut served = Served::new(Transport::LongPolling);
    let all: Vec<_> = (1..=SESSION_FRAMES_MAX as u64).collect();
    for number in &all {
        assert_eq!(served.say(*number), []);
    }
    assert_eq!(served.say(0), [SessionOutput::Overflowed]);
    assert_eq!(served.say(0), []);
    served.input(SessionInput::Cut(CutReason::SlowConsumer));
    let outputs = served.poll(2, 1);
    let [last] = answers(&outputs)[..] else { panic!("{outputs:?}") };
    let bye = ServerFrame::Bye { reason: CutReason::SlowConsumer };
    let expected: Vec<_> = all.into_iter().map(notice).chain([bye]).collect();
    assert_eq!((last.ended, &last.frames), (true, &expected));
}

#[test]
fn a_cut_ends_the_held_poll_and_the_last_words_can_be_repeated_for_a_while() {
    let mut served = Served::new(Transport::LongPolling);
    served.poll(2, 1);
    let outputs = served.input(SessionInput::Cut(CutReason::Draining));
    let bye = ServerFrame::Bye { reason: CutReason::Draining };
    let expected = PollAnswer { ended: true, ..answer(2, [bye]) };
    assert_eq!(answers(&outputs), [&expected]);
    served.pass(seconds(10));
    assert_eq!(answers(&served.poll(2, 1)), [&expected]);
    let outputs = served.pass(seconds(30));
    assert_eq!(outputs, [SessionOutput::Over], "the chat server knows that it is gone");
}

#[test]
fn frames_of_a_session_that_was_cut_mean_nothing() {
    let mut served = Served::new(Transport::LongPolling);
    served.input(SessionInput::Cut(CutReason::Replaced));
    let (exchange, frames) = (ExchangeId(90), vec![send_frame(1)]);
    let body = FramesBody { session: SESSION, number: 1, frames };
    let outputs = served.input(SessionInput::Frames { exchange, body });
    assert_eq!(outputs, [SessionOutput::Taken(exchange)]);
}
