//! Ann's phone alone, whose discovery and connections the test plays.

use std::time::Duration;

use hubbub_chat::{
    Design, Device, Monotonic, Now, Wall,
    device::{DeviceDisk, DeviceEvent, DeviceInput, DeviceOutput, DeviceTimer},
    frame::{CutReason, ServerFrame},
    time::nanoseconds,
};

use super::{ANN, PHONE};

pub(crate) struct Phone {
    pub(crate) device: Device,
    now: u64,
    /// Each attempt: when, which, and whether it has nothing to send.
    pub(crate) opens: Vec<(Duration, u32, bool)>,
    pub(crate) closes: usize,
    pub(crate) events: Vec<DeviceEvent>,
}

impl Phone {
    pub(crate) fn new(design: Design, seed: u64) -> Self {
        let device = Device::restore(ANN, PHONE, design, DeviceDisk::default(), seed);
        let mut phone = Self { device, now: 0, opens: Vec::new(), closes: 0, events: Vec::new() };
        phone.pass(Duration::ZERO);
        phone
    }

    fn clock(&self) -> Now {
        Now { monotonic: Monotonic(self.now), wall: Wall(0) }
    }

    pub(crate) fn pass(&mut self, duration: Duration) {
        let end = self.now + nanoseconds(duration);
        while let Some((at, _)) = self.device.poll_timeout().filter(|(at, _)| at.0 <= end) {
            self.now = self.now.max(at.0);
            self.device.handle_timeout(self.clock());
            self.drain();
        }
        self.now = end;
    }

    pub(crate) fn input(&mut self, input: DeviceInput) {
        self.device.handle_input(self.clock(), input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.device.poll_output() {
            match output {
                DeviceOutput::Open { attempt, background } => {
                    self.opens.push((Duration::from_nanos(self.now), attempt, background));
                }
                DeviceOutput::Close => self.closes += 1,
                DeviceOutput::Event(event) => self.events.push(event),
                _ => {}
            }
        }
    }

    /// The device is attached and has everything.
    pub(crate) fn sync(&mut self) {
        self.input(DeviceInput::Opened);
        let page = ServerFrame::Page { ranges: Vec::new(), more: false };
        self.input(DeviceInput::Frame(page));
        assert!(self.device.is_synced());
    }

    pub(crate) fn cut(&mut self, reason: CutReason) {
        self.input(DeviceInput::Frame(ServerFrame::Bye { reason }));
        self.input(DeviceInput::Closed);
    }

    /// How long after this the next attempt is due.
    pub(crate) fn pause(&self) -> Duration {
        match self.device.poll_timeout() {
            Some((at, DeviceTimer::Reconnect)) => Duration::from_nanos(at.0 - self.now),
            other => panic!("no attempt is due: {other:?}"),
        }
    }
}
