//! When users were last active.

use hubbub_chat::{ids::UserId, ports::store::StoreAnswer};

use super::{keys, state::State};
use crate::store::{StoreError, Table};

impl State {
    /// An older time changes nothing.
    pub(super) fn write_activity(
        &mut self,
        rows: &[(UserId, u64)],
    ) -> Result<StoreAnswer, StoreError> {
        for (user, at_ms) in rows {
            let key = keys::user(*user);
            let known: Option<u64> = self.view.read(Table::Activity, &key)?;
            if known.is_none_or(|known| known < *at_ms) {
                self.view.write(Table::Activity, key, at_ms)?;
            }
        }
        Ok(StoreAnswer::Done)
    }

    /// Those of whom something is known.
    pub(super) fn read_activity(&self, users: &[UserId]) -> Result<StoreAnswer, StoreError> {
        let mut known = Vec::new();
        for user in users {
            let at_ms: Option<u64> = self.view.read(Table::Activity, &keys::user(*user))?;
            known.extend(at_ms.map(|at_ms| (*user, at_ms)));
        }
        Ok(StoreAnswer::Activity(known))
    }
}
