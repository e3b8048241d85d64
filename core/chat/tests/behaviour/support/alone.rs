//! A device alone, whose server the test plays.

use std::sync::Arc;

use hubbub_chat::{
    Content, Design, Device, Entry, MessageId, Monotonic, Now, Wall,
    device::{DeviceDisk, DeviceEvent, DeviceInput, DeviceOutput},
    frame::{Range, ServerFrame},
};

use super::{ANN, BEN, BENS, PHONE, group};

/// Ben's device alone.
pub(crate) struct Alone(pub(crate) Device);

impl Alone {
    pub(crate) fn new(design: Design) -> Self {
        let mut alone = Self(Device::restore(BEN, BENS, design, DeviceDisk::default(), 1));
        alone.0.handle_timeout(Self::now());
        alone.input(DeviceInput::Opened);
        alone
    }

    fn now() -> Now {
        Now { monotonic: Monotonic(0), wall: Wall(0) }
    }

    fn input(&mut self, input: DeviceInput) -> Vec<DeviceOutput> {
        self.0.handle_input(Self::now(), input);
        std::iter::from_fn(|| self.0.poll_output()).collect()
    }

    pub(crate) fn hint(&mut self, id: u64, content: Content) -> Vec<DeviceOutput> {
        let entry = Entry {
            channel: group(),
            message_id: MessageId(id),
            user: ANN,
            device: PHONE,
            number: id,
            accepted_at_ms: 5,
            content,
        };
        self.input(DeviceInput::Frame(ServerFrame::Entry { entry: Arc::new(entry) }))
    }

    pub(crate) fn page(
        &mut self,
        membership: Option<u64>,
        from: u64,
        to: u64,
    ) -> Vec<DeviceOutput> {
        self.page_with(membership, (from, to), false)
    }

    /// A page behind which more is to come.
    pub(crate) fn page_of_many(&mut self, from: u64, to: u64) -> Vec<DeviceOutput> {
        self.page_with(Some(1), (from, to), true)
    }

    fn page_with(
        &mut self,
        membership: Option<u64>,
        (from, to): (u64, u64),
        more: bool,
    ) -> Vec<DeviceOutput> {
        let range = Range {
            channel: group(),
            membership: membership.map(MessageId),
            from: MessageId(from),
            to: MessageId(to),
            entries: vec![],
            truncated: MessageId::ZERO,
        };
        let frame = ServerFrame::Page { ranges: vec![range], more };
        self.input(DeviceInput::Frame(frame))
    }

    /// The membership under which Ben sends.
    pub(crate) fn membership(&mut self) -> Option<MessageId> {
        let send = DeviceInput::Send { channel: group(), body: "hello".into() };
        self.input(send).into_iter().find_map(|output| match output {
            DeviceOutput::Event(DeviceEvent::Invoked(send)) => Some(send.membership),
            _ => None,
        })
    }
}

pub(crate) fn text(number: u64) -> Content {
    Content::Text(format!("{number}").into())
}

pub(crate) fn applied(outputs: &[DeviceOutput]) -> usize {
    let is_applied =
        |output: &&DeviceOutput| matches!(output, DeviceOutput::Event(DeviceEvent::Applied { .. }));
    outputs.iter().filter(is_applied).count()
}
