//! Cursors that devices report, and the copies and owed pushes that they settle.

use hubbub_chat::{
    ids::MessageId,
    ports::{
        push::Settlement,
        store::{CursorReport, StoreAnswer},
    },
    time::Wall,
};

use super::{keys, state::State, values::ReaderRow};
use crate::store::{StoreError, Table};

impl State {
    /// Cursors only rise, and not above what the user may see.
    pub(super) fn write_cursors(
        &mut self,
        wall: Wall,
        reports: &[CursorReport],
    ) -> Result<StoreAnswer, StoreError> {
        for report in reports {
            self.write_cursor(wall, report)?;
        }
        Ok(StoreAnswer::Done)
    }

    fn write_cursor(&mut self, wall: Wall, report: &CursorReport) -> Result<(), StoreError> {
        let CursorReport { user, device, channel, message_id } = *report;
        if !self.renew(wall, user, device)? {
            return Ok(());
        }
        let key = keys::owner_channel(user.0, channel);
        let known: Option<ReaderRow> = self.view.read(Table::Readers, &key)?;
        let Some(mut reader) = known else {
            return Ok(());
        };
        if message_id > self.head(user, channel)? {
            return Ok(());
        }
        let mut devices = self.live_devices(user)?;
        let mut is_expired = false;
        for device in &devices {
            is_expired |= self.is_expired(wall, *device)?;
        }
        if is_expired {
            self.expire_devices(wall, user)?;
            devices = self.live_devices(user)?;
            reader = self.view.read(Table::Readers, &key)?.unwrap_or_default();
        }
        let before = reader.cursors.get(&device).copied();
        let cursor = message_id.max(before.unwrap_or(MessageId::ZERO));
        reader.cursors.insert(device, cursor);
        self.settle(user, channel, Settlement::Passed(message_id))?;
        if before != Some(cursor) || reader.passed(&devices) > reader.floor {
            self.write_reader(user, channel, reader, &devices)?;
        }
        Ok(())
    }
}
