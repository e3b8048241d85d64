//! A part of the log that is gone is told, never passed over in silence.

use std::sync::Arc;

use hubbub_chat::situation::Situation;
use hubbub_chat::{
    ChannelId, Content, Design, Device, Entry, MessageId, Monotonic, Now, Wall,
    design::{CursorScope, Ids},
    device::{DeviceDisk, DeviceEvent, DeviceInput, DeviceOutput, DiskWrite},
    frame::{Range, ServerFrame},
};

use crate::support::*;

fn entry(id: u64) -> Arc<Entry> {
    let content = Content::Text(format!("{id}").into());
    let (channel, message_id) = (direct(), MessageId(id));
    let (user, device, number, accepted_at_ms) = (ANN, PHONE, id, 5);
    Arc::new(Entry { channel, message_id, user, device, number, accepted_at_ms, content })
}

/// From the device's place 4: everything up to 7 is gone, 8 and 9 are there.
fn range(from: u64, truncated: u64, entries: &[u64], to: u64) -> Range {
    Range {
        channel: direct(),
        membership: Some(MessageId::ZERO),
        from: MessageId(from),
        to: MessageId(to),
        entries: entries.iter().copied().map(entry).collect(),
        truncated: MessageId(truncated),
    }
}

fn page(device: &mut Device, ranges: Vec<Range>) -> Vec<DeviceOutput> {
    let now = Now { monotonic: Monotonic(0), wall: Wall(0) };
    device.handle_input(now, DeviceInput::Frame(ServerFrame::Page { ranges, more: false }));
    std::iter::from_fn(|| device.poll_output()).collect()
}

fn attached(design: Design) -> Device {
    let now = Now { monotonic: Monotonic(0), wall: Wall(0) };
    let mut device = Device::restore(BEN, BENS, design, DeviceDisk::default(), 1);
    device.handle_timeout(now);
    device.handle_input(now, DeviceInput::Opened);
    while device.poll_output().is_some() {}
    device
}

fn designs() -> [Design; 3] {
    let snowflake = Design { ids: Ids::Snowflake, ..Design::default() };
    let global = Design { cursor: CursorScope::Global, ..snowflake.clone() };
    [Design::default(), snowflake, global]
}

fn truncated(outputs: &[DeviceOutput]) -> Vec<(ChannelId, u64, u64)> {
    let pick = |output: &DeviceOutput| match output {
        DeviceOutput::Event(DeviceEvent::Truncated { channel, from, to }) => {
            Some((*channel, from.0, to.0))
        }
        _ => None,
    };
    outputs.iter().filter_map(pick).collect()
}

fn writes(outputs: &[DeviceOutput]) -> Vec<&DiskWrite> {
    let mut writes = Vec::new();
    for output in outputs {
        if let DeviceOutput::Persist(write) = output {
            writes.push(write);
        }
    }
    writes
}

#[test]
fn a_device_is_told_what_is_gone_and_goes_on_behind_it_in_one_durable_step() {
    for design in designs() {
        let mut device = attached(design);
        page(&mut device, vec![range(0, 0, &[1, 2, 3, 4], 4)]);
        let outputs = page(&mut device, vec![range(4, 7, &[8, 9], 9)]);
        assert_eq!(truncated(&outputs), [(direct(), 4, 7)]);
        assert_eq!(writes(&outputs).len(), 1);
        assert_eq!(device.disk().cursors()[&direct()], MessageId(9));
        let again = page(&mut device, vec![range(4, 7, &[8, 9], 9)]);
        assert_eq!(truncated(&again), [], "once");
        assert!(
            !again.iter().any(|output| {
                matches!(output, DeviceOutput::Event(DeviceEvent::Applied { .. }))
            })
        );
    }
}

#[test]
fn a_device_passes_over_a_log_of_which_nothing_is_left() {
    for design in designs() {
        let mut device = attached(design);
        page(&mut device, vec![range(0, 0, &[1, 2], 2)]);
        let outputs = page(&mut device, vec![range(2, 6, &[], 6)]);
        assert_eq!(truncated(&outputs), [(direct(), 2, 6)]);
        assert_reached(device.situations(), Situation::Truncated);
        assert_eq!(device.disk().cursors()[&direct()], MessageId(6));
    }
}

#[test]
fn a_device_that_has_what_was_removed_is_told_nothing() {
    for design in designs() {
        let mut device = attached(design);
        page(&mut device, vec![range(0, 0, &[1, 2, 3], 3)]);
        let outputs = page(&mut device, vec![range(3, 2, &[4], 4)]);
        assert_eq!(truncated(&outputs), []);
    }
}

#[test]
fn a_device_that_returns_after_the_retention_is_told_what_it_missed() {
    for design in designs() {
        let retention = seconds(60);
        let skew_max = std::time::Duration::from_millis(10);
        let mut world =
            pair_with(Design { retention, history_retention: retention, skew_max, ..design });
        world.send(PHONE, direct(), "seen");
        world.run_for(seconds(20));
        world.stop_device(BENS);
        world.send(PHONE, direct(), "missed");
        world.run_for(seconds(90));
        world.send(PHONE, direct(), "new");
        world.run_for(seconds(1));
        world.start_device(BENS);
        world.run_for(seconds(5));
        assert_eq!(world.texts(BENS, direct()), ["seen", "new"]);
        let places: Vec<_> = world.accepted(PHONE).into_iter().map(|(_, place)| place).collect();
        let [(channel, from, to)] = world.truncated(BENS)[..] else {
            panic!("{:?}", world.truncated(BENS))
        };
        assert_eq!((channel, Some(from), Some(to)), (direct(), places[0], places[1]));
    }
}
