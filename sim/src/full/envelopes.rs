//! Envelopes of the simulated network in a trace: a line each, which is completed when it is known
//! what became of the envelope.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
};

use hubbub_history::trace::{About, Trace, TraceLine, TraceMessage, Transit};

use super::{capture::Segment, recording::Envelope};

/// The lines of envelopes that are on their way, the oldest first, by where from, where to, and what
/// they are. Of several that look alike the first that was sent is taken to arrive first.
#[derive(Debug, Default)]
pub(super) struct Envelopes(BTreeMap<Likeness, VecDeque<usize>>);

type Likeness = (SocketAddr, SocketAddr, String, Option<u64>);

impl Envelopes {
    /// turmoil says of every envelope that it is sent, and then what becomes of it.
    pub(super) fn write(
        &mut self,
        trace: &mut Trace,
        now_ns: u64,
        envelope: Envelope,
        (source, target): (SocketAddr, SocketAddr),
        (from, to): (&str, &str),
        segment: &Segment,
    ) {
        let likeness = (source, target, segment.kind().to_owned(), segment.bytes());
        let line = match envelope {
            Envelope::Send => {
                let (from, to) = (from.to_owned(), to.to_owned());
                let message = sent(now_ns, from, to, segment);
                let line = trace.push(TraceLine::Message(Box::new(message)));
                return self.0.entry(likeness).or_default().push_back(line);
            }
            // What was sent last is what this is about.
            Envelope::Hold => self.0.get(&likeness).and_then(|lines| lines.back().copied()),
            Envelope::Drop => self.0.get_mut(&likeness).and_then(VecDeque::pop_back),
            Envelope::Delivered => self.0.get_mut(&likeness).and_then(VecDeque::pop_front),
        };
        let Some(TraceLine::Message(message)) = line.and_then(|line| trace.lines.get_mut(line))
        else {
            return;
        };
        match envelope {
            Envelope::Drop => message.transit = Transit::Lost,
            Envelope::Hold => message.transit = Transit::Held,
            _ => message.arrives_ns = Some(now_ns),
        }
    }
}

fn sent(sent_ns: u64, from: String, to: String, segment: &Segment) -> TraceMessage {
    TraceMessage {
        sent_ns,
        arrives_ns: None,
        transit: Transit::Passes,
        from,
        to,
        kind: segment.kind().to_owned(),
        bytes: segment.bytes(),
        about: About::default(),
        says: String::new(),
    }
}
