//! Requests to ports and their answers: of which kind they are and what they are about.

use hubbub_chat::{
    MessageId,
    entry::body_hash,
    ports::{
        Answer, Outcome, Request,
        presence::{PresenceAnswer, PresenceRequest},
        registry::{RegistryAnswer, RegistryRequest},
        routing::{RoutingAnswer, RoutingRequest},
        store::{Append, StoreAnswer, StoreRequest},
    },
};

use super::about::{About, Stretch};

/// The kind of a request, and what it is about.
#[must_use]
pub fn request(request: &Request) -> (&'static str, About) {
    match request {
        Request::Store(request) => store_request(request),
        Request::Routing(request) => (routing_request(request), About::default()),
        Request::Directory(_) => ("directory", About::default()),
        Request::Presence(_, request) => presence_request(request),
        Request::Registry(request) => (registry_request(request), About::default()),
        Request::NextId => ("next id", About::default()),
    }
}

/// The kind of an answer, and what it adds to what the request was about.
#[must_use]
pub fn answer(answer: &Answer) -> (&'static str, About) {
    match answer {
        Answer::Store(Outcome::Ok(answer)) => store_answer(answer),
        Answer::Routing(Outcome::Ok(RoutingAnswer::Routes(_))) => ("routes", About::default()),
        Answer::Routing(Outcome::Ok(RoutingAnswer::Done)) => ("done", About::default()),
        Answer::Directory(Outcome::Ok(_)) => ("directory answer", About::default()),
        Answer::Presence(Outcome::Ok(answer)) => (presence_answer(answer), About::default()),
        Answer::Registry(Outcome::Ok(answer)) => (registry_answer(answer), About::default()),
        Answer::NextId(Outcome::Ok(id)) => ("id", about_message(*id)),
        Answer::Store(outcome) => (without_answer(outcome), About::default()),
        Answer::Routing(outcome) => (without_answer(outcome), About::default()),
        Answer::Directory(outcome) => (without_answer(outcome), About::default()),
        Answer::Presence(outcome) => (without_answer(outcome), About::default()),
        Answer::Registry(outcome) => (without_answer(outcome), About::default()),
        Answer::NextId(outcome) => (without_answer(outcome), About::default()),
    }
}

fn without_answer<T>(outcome: &Outcome<T>) -> &'static str {
    match outcome {
        Outcome::Ok(_) => "done",
        Outcome::Refused => "refused",
        Outcome::Unknown => "outcome unknown",
    }
}

fn about_message(message_id: MessageId) -> About {
    About { message_id: Some(message_id), ..About::default() }
}

fn store_request(request: &StoreRequest) -> (&'static str, About) {
    match request {
        StoreRequest::Register { user, device } => {
            ("register", About { user: Some(*user), device: *device, ..About::default() })
        }
        StoreRequest::Forget { device } => {
            ("forget", About { device: Some(*device), ..About::default() })
        }
        StoreRequest::Append(append) => ("append", about_append(append)),
        StoreRequest::Change(change) => (
            "append change",
            About {
                user: Some(change.user),
                device: Some(change.device),
                ..About::channel(change.channel)
            },
        ),
        StoreRequest::Sync(sync) => (
            "read",
            About {
                user: Some(sync.user),
                device: Some(sync.device),
                ..About::cursors(&sync.cursors)
            },
        ),
        StoreRequest::Cursors(reports) => {
            let stretch = |it: &hubbub_chat::ports::store::CursorReport| Stretch {
                channel: it.channel,
                from: it.message_id.previous(),
                to: it.message_id,
            };
            ("write cursors", About::stretches(reports.iter().map(stretch).collect()))
        }
        StoreRequest::WriteActivity(_) => ("write activity", About::default()),
        StoreRequest::ReadActivity(_) => ("read activity", About::default()),
        StoreRequest::PushToken { user, device, .. } => {
            let (user, device) = (Some(*user), Some(*device));
            ("push token", About { user, device, ..About::default() })
        }
        StoreRequest::Mute { user, channel, .. } => {
            ("mute", About { user: Some(*user), ..About::channel(*channel) })
        }
        StoreRequest::PushNow { channel, message_id, .. } => {
            ("push now", About { message_id: Some(*message_id), ..About::channel(*channel) })
        }
        StoreRequest::PushDue { .. } => ("pushes due?", About::default()),
        StoreRequest::PushSettled { user, channel, up_to } => (
            "push settled",
            About { user: Some(*user), message_id: Some(*up_to), ..About::channel(*channel) },
        ),
        StoreRequest::Heads { .. } => ("compare", About::default()),
    }
}

fn about_append(append: &Append) -> About {
    About {
        user: Some(append.user),
        device: Some(append.device),
        client_id: Some(append.client_id),
        body_hash: Some(body_hash(&append.body)),
        ..About::channel(append.channel)
    }
}

fn store_answer(answer: &StoreAnswer) -> (&'static str, About) {
    match answer {
        StoreAnswer::Done => ("done", About::default()),
        StoreAnswer::Activity(_) => ("activity", About::default()),
        StoreAnswer::PushDue(_) => ("pushes due", About::default()),
        StoreAnswer::Appended(appended) => ("appended", about_message(appended.message_id)),
        StoreAnswer::IdTaken => ("id taken", About::default()),
        StoreAnswer::AppendRefused(_) => ("append refused", About::default()),
        StoreAnswer::Changed(changed) => ("appended change", about_message(changed.message_id)),
        StoreAnswer::ChangeRefused(_) => ("change refused", About::default()),
        StoreAnswer::Page { ranges, .. } => ("store page", About::ranges(ranges)),
        StoreAnswer::UnknownDevice => ("unknown device", About::default()),
        StoreAnswer::Heads { .. } => ("heads", About::default()),
    }
}

fn routing_request(request: &RoutingRequest) -> &'static str {
    match request {
        RoutingRequest::Register { .. } => "route",
        RoutingRequest::Unregister { .. } => "unroute",
        RoutingRequest::Lookup { .. } => "look up",
    }
}

fn presence_request(request: &PresenceRequest) -> (&'static str, About) {
    match request {
        PresenceRequest::Beat { .. } => ("beat", About::default()),
        PresenceRequest::Logout { user, device } => {
            let (user, device) = (Some(*user), Some(*device));
            ("logout", About { user, device, ..About::default() })
        }
        PresenceRequest::Watch { .. } => ("watch", About::default()),
        PresenceRequest::Unwatch { .. } => ("unwatch", About::default()),
        PresenceRequest::Look { .. } => ("look", About::default()),
    }
}

fn presence_answer(answer: &PresenceAnswer) -> &'static str {
    match answer {
        PresenceAnswer::Done => "done",
        PresenceAnswer::Statuses(_) => "statuses",
        PresenceAnswer::Elsewhere => "elsewhere",
    }
}

fn registry_request(request: &RegistryRequest) -> &'static str {
    match request {
        RegistryRequest::Lease { .. } | RegistryRequest::Worker { .. } => "lease",
        RegistryRequest::Release { .. } => "release",
        RegistryRequest::Watch => "registry watch",
    }
}

fn registry_answer(answer: &RegistryAnswer) -> &'static str {
    match answer {
        RegistryAnswer::Leased { .. } => "leased",
        RegistryAnswer::Held => "held by another",
        RegistryAnswer::Released => "released",
        RegistryAnswer::Snapshot { .. } => "snapshot",
    }
}
