//! An answer stands after what it answers.

use hubbub_chat::{MessageId, UserId};

use super::{Checker, Finding, Violation, words};
use crate::index::{Delivery, Index, Moment, SentMessage};

/// `causality`: one case per message whose device had stored or sent something in that channel
/// before.
#[derive(Debug, Clone, Copy)]
pub struct Causality;

impl Checker for Causality {
    fn name(&self) -> &'static str {
        "causality"
    }

    fn holds_when(&self) -> &'static str {
        "a message stands after everything in its channel that its device had stored or sent \
         before sending it"
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let mut sends: Vec<(Moment, MessageId, &SentMessage)> = index
            .sends()
            .iter()
            .filter(|send| index.owner(send.device).is_some())
            .filter_map(|send| Some((send.invoked?, send.place?, send)))
            .collect();
        sends.sort_unstable_by_key(|(moment, _, send)| (send.device, send.channel, moment.seq));
        let same_stream = |(_, _, one): &(_, _, &SentMessage),
                           (_, _, other): &(_, _, &SentMessage)| {
            (one.device, one.channel) == (other.device, other.channel)
        };
        for of_device in sends.chunk_by(same_stream) {
            let (_, _, first) = of_device[0];
            check_device(of_device, index.stream(first.device, first.channel), &mut finding);
        }
        finding
    }
}

/// What a message must stand after.
#[derive(Clone, Copy)]
enum Cause {
    Stored(MessageId),
    Sent(MessageId),
}

fn check_device(
    sends: &[(Moment, MessageId, &SentMessage)],
    stream: &[Delivery],
    finding: &mut Finding,
) {
    let mut stored = stream.iter().peekable();
    let mut highest: Option<Cause> = None;
    let raise = |highest: &mut Option<Cause>, cause: Cause| {
        if highest.is_none_or(|high| high.place() < cause.place()) {
            *highest = Some(cause);
        }
    };
    for (moment, place, send) in sends {
        while let Some(one) = stored.next_if(|one| one.seq < moment.seq) {
            raise(&mut highest, Cause::Stored(one.message_id));
        }
        if let Some(cause) = highest {
            finding.judged += 1;
            if cause.place() >= *place {
                finding.add(|| violation(send, *moment, *place, cause));
            }
        }
        raise(&mut highest, Cause::Sent(*place));
    }
}

fn violation(send: &SentMessage, moment: Moment, place: MessageId, cause: Cause) -> Violation {
    let done = match cause {
        Cause::Stored(_) => "stored",
        Cause::Sent(_) => "sent",
    };
    let UserId(user) = send.user;
    let summary = format!(
        "{} was sent by device {} of user {user} after it had {done} {}, yet does not stand after it",
        words::message(send),
        send.device,
        words::place(cause.place()),
    );
    Violation::new(moment.seq, send.channel, summary)
        .of(place, send.body_hash)
        .between(vec![send.device], Vec::new())
}

impl Cause {
    fn place(self) -> MessageId {
        match self {
            Self::Stored(place) | Self::Sent(place) => place,
        }
    }
}
