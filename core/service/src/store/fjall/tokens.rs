//! Where pushes go: the tokens of a user's devices, and the channels that a user muted.

use fjall::Slice;
use hubbub_chat::{
    ids::{ChannelId, DeviceId, UserId},
    ports::{push::Settlement, store::StoreAnswer},
    time::Wall,
};

use super::{keys, state::State, values};
use crate::store::{StoreError, Table};

/// There once a token was written, ever: without it nobody can be owed anything, and no append looks
/// for what its recipients want.
const TOKENS_KEY: &[u8] = b"tokens";

impl State {
    /// A device that is not logged in as this user's gets no token.
    pub(super) fn write_token(
        &mut self,
        wall: Wall,
        user: UserId,
        device: DeviceId,
        token: Option<String>,
    ) -> Result<StoreAnswer, StoreError> {
        self.expire_devices(wall, user)?;
        let known = self.user(user)?.clone();
        let Some(mut row) = known.filter(|row| row.devices.contains(&device)) else {
            return Ok(StoreAnswer::Done);
        };
        let Some(token) = token else {
            self.drop_token(user, device)?;
            return Ok(StoreAnswer::Done);
        };
        row.tokens.insert(device, token);
        self.write_user(user, row)?;
        if !self.has_tokens()? {
            self.view.put(Table::Meta, Slice::from(TOKENS_KEY), Slice::from(TOKENS_KEY));
            self.pushes.has_tokens = Some(true);
        }
        Ok(StoreAnswer::Done)
    }

    /// With the last token goes what is owed: there is nowhere to send it.
    pub(super) fn drop_token(&mut self, user: UserId, device: DeviceId) -> Result<(), StoreError> {
        let known = self.user(user)?.as_ref().filter(|row| row.tokens.contains_key(&device));
        let Some(mut row) = known.cloned() else { return Ok(()) };
        row.tokens.remove(&device);
        let is_last = row.tokens.is_empty();
        self.write_user(user, row)?;
        if !is_last {
            return Ok(());
        }
        let rows = self.view.scan(Table::Owed, keys::owner_channels(user.0));
        let keys = rows.map(|row| Ok(row?.0)).collect::<Result<Vec<_>, StoreError>>()?;
        for key in keys {
            let channel = keys::read_owner_channel(&key);
            let channel =
                channel.ok_or_else(|| values::damaged(Table::Owed, &"a key names no channel"))?;
            // As if every channel were muted.
            self.settle(user, channel, Settlement::Muted)?;
        }
        Ok(())
    }

    /// What is owed in a channel goes when it is muted. Only a member can mute.
    pub(super) fn mute(
        &mut self,
        user: UserId,
        channel: ChannelId,
        muted: bool,
    ) -> Result<StoreAnswer, StoreError> {
        let key = keys::owner_channel(user.0, channel);
        let is_muted = self.view.get(Table::Mutes, &key)?.is_some();
        if !muted {
            if is_muted {
                self.view.remove(Table::Mutes, key);
            }
        } else if self.user(user)?.is_some() && self.membership(user, channel)?.is_some() {
            if !is_muted {
                self.view.put(Table::Mutes, key, Slice::default());
            }
            self.settle(user, channel, Settlement::Muted)?;
        }
        Ok(StoreAnswer::Done)
    }

    /// Whether pushes for this channel have anywhere to go.
    pub(super) fn wants_push(
        &mut self,
        user: UserId,
        channel: ChannelId,
    ) -> Result<bool, StoreError> {
        if self.user(user)?.as_ref().is_none_or(|row| row.tokens.is_empty()) {
            return Ok(false);
        }
        let key = keys::owner_channel(user.0, channel);
        Ok(self.view.get(Table::Mutes, &key)?.is_none())
    }

    pub(super) fn has_live_token(&mut self, wall: Wall, user: UserId) -> Result<bool, StoreError> {
        let tokens = self.user(user)?.iter().flat_map(|row| row.tokens.keys());
        let devices: Vec<DeviceId> = tokens.copied().collect();
        for device in devices {
            if !self.is_expired(wall, device)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) fn has_tokens(&mut self) -> Result<bool, StoreError> {
        if let Some(known) = self.pushes.has_tokens {
            return Ok(known);
        }
        let known = self.view.get(Table::Meta, TOKENS_KEY)?.is_some();
        self.pushes.has_tokens = Some(known);
        Ok(known)
    }
}
