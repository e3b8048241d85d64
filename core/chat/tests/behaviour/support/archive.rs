//! The model of the store alone, with a clock that the test moves.

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::{
    ChannelId, ClientId, Content, Design, DeviceId, Entry, MessageId, OperationId, UserId, Wall,
    frame::{Change, ChangeRefusal, Cursors, Range, SendRefusal},
    ports::{
        push::PushRow,
        store::{
            Append, Appended, ChangeRequest, ChannelState, CursorReport, StoreAnswer, StoreModel,
            StoreRequest, StoreRules, Sync,
        },
    },
};

/// What became of a send.
pub(crate) type Sent = Result<Appended, SendRefusal>;

pub(crate) struct Archive {
    pub(crate) model: StoreModel,
    pub(crate) now: Wall,
    users: BTreeMap<DeviceId, UserId>,
    numbers: BTreeMap<(DeviceId, ChannelId, MessageId), u64>,
    operations: u64,
    channels: BTreeMap<ChannelId, ChannelState>,
}

impl Archive {
    pub(crate) fn new(design: Design) -> Self {
        assert_eq!(design.problems(), []);
        Self {
            model: StoreModel::new(StoreRules::from(&design)),
            now: Wall(1_735_689_600_000_000_000),
            users: BTreeMap::new(),
            numbers: BTreeMap::new(),
            operations: 0,
            channels: BTreeMap::new(),
        }
    }

    pub(crate) fn pass(&mut self, duration: Duration) {
        self.now = Wall(self.now.0 + duration.as_nanos() as u64);
    }

    pub(crate) fn ask(&mut self, request: StoreRequest) -> StoreAnswer {
        let handled = self.model.handle(self.now, request);
        if let Some(entry) = handled.committed {
            let fresh = || ChannelState::new(entry.channel);
            self.channels.entry(entry.channel).or_insert_with(fresh).apply(&entry);
        }
        handled.answer
    }

    pub(crate) fn login(&mut self, user: UserId, device: DeviceId) {
        self.users.insert(device, user);
        self.ask(StoreRequest::Register { user, device: Some(device) });
    }

    /// The next send of a device, under the id that its chat server gives.
    pub(crate) fn append(
        &mut self,
        device: DeviceId,
        channel: ChannelId,
        body: &str,
        given_id: u64,
    ) -> StoreAnswer {
        let user = self.users[&device];
        let known = self.channels.get(&channel).and_then(|state| state.membership(user));
        let membership = known.unwrap_or_default();
        let number = *self.numbers.entry((device, channel, membership)).or_insert(1);
        let client_id = ClientId(number);
        let answer = self.ask(StoreRequest::Append(Append {
            user,
            device,
            channel,
            membership,
            client_id,
            oldest_pending: client_id,
            body: body.into(),
            given_id: MessageId(given_id),
        }));
        if matches!(answer, StoreAnswer::Appended(_)) {
            self.numbers.insert((device, channel, membership), number + 1);
        }
        answer
    }

    pub(crate) fn send_as(
        &mut self,
        device: DeviceId,
        channel: ChannelId,
        body: &str,
        given_id: u64,
    ) -> Appended {
        match self.append(device, channel, body, given_id) {
            StoreAnswer::Appended(appended) => appended,
            other => panic!("not appended: {other:?}"),
        }
    }

    pub(crate) fn try_send(&mut self, device: DeviceId, channel: ChannelId, body: &str) -> Sent {
        match self.append(device, channel, body, 0) {
            StoreAnswer::Appended(appended) => Ok(appended),
            StoreAnswer::AppendRefused(reason) => Err(reason),
            other => panic!("no answer to an append: {other:?}"),
        }
    }

    /// The place of the next send of a device.
    pub(crate) fn send(&mut self, device: DeviceId, channel: ChannelId, body: &str) -> u64 {
        self.try_send(device, channel, body).expect("a member may send").message_id.0
    }

    pub(crate) fn change_as(
        &mut self,
        device: DeviceId,
        channel: ChannelId,
        change: Change,
        given_id: u64,
    ) -> StoreAnswer {
        let (user, operation) = (self.users[&device], OperationId(self.operations + 1));
        self.operations += 1;
        let given_id = MessageId(given_id);
        let request = ChangeRequest { user, device, channel, operation, change, given_id };
        self.ask(StoreRequest::Change(request))
    }

    pub(crate) fn change(
        &mut self,
        device: DeviceId,
        channel: ChannelId,
        change: Change,
    ) -> Result<u64, ChangeRefusal> {
        match self.change_as(device, channel, change, 0) {
            StoreAnswer::Changed(changed) => Ok(changed.message_id.0),
            StoreAnswer::ChangeRefused(reason) => Err(reason),
            other => panic!("no answer to a change: {other:?}"),
        }
    }

    /// One page for a device that says where it stands; `None` when it is refused.
    pub(crate) fn page(
        &mut self,
        device: DeviceId,
        cursors: &[(ChannelId, u64)],
        newest: u64,
        entries_max: u32,
    ) -> Option<(Vec<Range>, bool)> {
        let cursors = cursors.iter().map(|(channel, cursor)| (*channel, MessageId(*cursor)));
        let answer = self.ask(StoreRequest::Sync(Sync {
            user: self.users[&device],
            device,
            cursors: cursors.collect::<Cursors>(),
            newest: MessageId(newest),
            entries_max,
        }));
        match answer {
            StoreAnswer::Page { ranges, more } => Some((ranges, more)),
            StoreAnswer::UnknownDevice => None,
            other => panic!("no page: {other:?}"),
        }
    }

    /// Everything above what the device says, in one page.
    pub(crate) fn sync(&mut self, device: DeviceId, cursors: &[(ChannelId, u64)]) -> Vec<Range> {
        let (ranges, more) = self.page(device, cursors, 0, 1000).expect("it is logged in");
        assert!(!more);
        ranges
    }

    /// The texts that a device reads above a place of one channel.
    pub(crate) fn texts(
        &mut self,
        device: DeviceId,
        channel: ChannelId,
        above: u64,
    ) -> Vec<String> {
        let ranges = self.sync(device, &[(channel, above)]);
        let range = ranges.iter().find(|range| range.channel == channel);
        range.map(texts_of).unwrap_or_default()
    }

    pub(crate) fn report(&mut self, device: DeviceId, channel: ChannelId, cursor: u64) {
        let (user, message_id) = (self.users[&device], MessageId(cursor));
        let report = CursorReport { user, device, channel, message_id };
        assert_eq!(self.ask(StoreRequest::Cursors(vec![report])), StoreAnswer::Done);
    }

    /// Those of the devices that a chat server has attached in vain.
    pub(crate) fn logged_out(&mut self, devices: &[DeviceId]) -> Vec<DeviceId> {
        let request = StoreRequest::Heads { users: vec![], devices: devices.to_vec() };
        match self.ask(request) {
            StoreAnswer::Heads { logged_out, .. } => logged_out,
            other => panic!("no heads: {other:?}"),
        }
    }

    pub(crate) fn give_token(&mut self, device: DeviceId, token: &str) {
        let (user, token) = (self.users[&device], Some(token.into()));
        self.ask(StoreRequest::PushToken { user, device, token });
    }

    pub(crate) fn due(&mut self) -> Vec<PushRow> {
        match self.ask(StoreRequest::PushDue { rows_max: 100 }) {
            StoreAnswer::PushDue(rows) => rows,
            other => panic!("no rows: {other:?}"),
        }
    }

    /// Whom something is owed to by now, where, and up to which place.
    pub(crate) fn owed(&mut self) -> Vec<(UserId, ChannelId, u64)> {
        self.due().into_iter().map(|row| (row.user, row.channel, row.up_to.0)).collect()
    }

    pub(crate) fn settle(&mut self, user: UserId, channel: ChannelId, up_to: u64) {
        let up_to = MessageId(up_to);
        self.ask(StoreRequest::PushSettled { user, channel, up_to });
    }

    /// What the store has of a channel, as far as it is not at the end of its time.
    pub(crate) fn stored(&self, channel: ChannelId) -> Vec<String> {
        let mut swept = self.model.clone();
        swept.sweep(self.now);
        let entries = swept.entries().filter(|entry| entry.channel == channel);
        entries.map(|entry| text_of(entry)).collect()
    }

    pub(crate) fn inbox_rows(&self) -> usize {
        let mut swept = self.model.clone();
        swept.sweep(self.now);
        swept.inbox_rows()
    }
}

pub(crate) fn texts_of(range: &Range) -> Vec<String> {
    range.entries.iter().map(|entry| text_of(entry)).collect()
}

pub(crate) fn ids_of(range: &Range) -> Vec<u64> {
    range.entries.iter().map(|entry| entry.message_id.0).collect()
}

fn text_of(entry: &Entry) -> String {
    match &entry.content {
        Content::Text(text) => text.to_string(),
        other => format!("({other:?})"),
    }
}
