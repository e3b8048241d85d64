//! The folder: opening it, its format, and the journal that makes rows durable.

use std::{ops::RangeInclusive, path::Path};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Slice};
use hubbub_chat::ports::store::StoreRules;

use super::values::{self, FormatRow};
use crate::store::{Row, StoreError, Table, group_commit::Journal};

/// Raised whenever a key or a value is laid out otherwise.
pub(super) const FORMAT: u32 = 5;

/// How the journal reaches the disk: with `fdatasync`. Anything less leaves it to the operating
/// system, and an answer would be a promise that a power cut breaks.
const SYNC_MODE: PersistMode = PersistMode::SyncData;

const FORMAT_KEY: &[u8] = b"format";

/// The tables on disk, as of the last commit.
#[derive(Clone)]
pub(super) struct Tables {
    database: Database,
    /// In the order of [`Table::ALL`].
    keyspaces: Vec<Keyspace>,
}

/// fjall as the journal of the group commit.
pub(super) struct FjallJournal {
    tables: Tables,
}

impl Tables {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// When it is in use, of another format, fanout or kind of ids, or cannot be read.
    pub(super) fn open(
        path: &Path,
        rules: &StoreRules,
        block_cache_bytes: u64,
    ) -> Result<Self, StoreError> {
        let builder = Database::builder(path).cache_size(block_cache_bytes);
        let database = builder.open().map_err(|error| match error {
            fjall::Error::Locked => StoreError::Locked { path: path.to_owned() },
            other => StoreError::Engine(other),
        })?;
        let keyspaces = Table::ALL
            .iter()
            .map(|table| database.keyspace(table.name(), KeyspaceCreateOptions::default))
            .collect::<Result<Vec<_>, _>>()?;
        let tables = Self { database, keyspaces };
        tables.check_format(path, rules)?;
        Ok(tables)
    }

    pub(super) fn journal(&self) -> FjallJournal {
        FjallJournal { tables: self.clone() }
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        Ok(self.keyspace(table).get(key)?)
    }

    pub(super) fn range(&self, table: Table, keys: RangeInclusive<Slice>) -> fjall::Iter {
        self.keyspace(table).range(keys)
    }

    fn keyspace(&self, table: Table) -> &Keyspace {
        &self.keyspaces[table.index()]
    }

    fn check_format(&self, path: &Path, rules: &StoreRules) -> Result<(), StoreError> {
        let path = || path.to_owned();
        let Some(bytes) = self.get(Table::Meta, FORMAT_KEY)? else {
            if self.keyspaces.iter().any(|keyspace| keyspace.first_key_value().is_some()) {
                return Err(StoreError::NoFormat { path: path() });
            }
            return self.write_format(rules);
        };
        let version = postcard::take_from_bytes::<u32>(&bytes).map(|(version, _)| version);
        let found = version.map_err(|error| values::damaged(Table::Meta, &error))?;
        if found != FORMAT {
            return Err(StoreError::OtherFormat { path: path(), found, expected: FORMAT });
        }
        let row: FormatRow = values::decode(Table::Meta, &bytes)?;
        if row.fanout != rules.fanout {
            let (found, wanted) = (row.fanout, rules.fanout);
            return Err(StoreError::OtherFanout { path: path(), found, wanted });
        }
        if row.ids != rules.ids {
            let (found, wanted) = (row.ids, rules.ids);
            return Err(StoreError::OtherIds { path: path(), found, wanted });
        }
        Ok(())
    }

    fn write_format(&self, rules: &StoreRules) -> Result<(), StoreError> {
        let row = FormatRow { version: FORMAT, fanout: rules.fanout, ids: rules.ids };
        let value = Some(values::encode(Table::Meta, &row)?);
        let mut journal = self.journal();
        journal.commit(vec![Row { table: Table::Meta, key: Slice::from(FORMAT_KEY), value }])?;
        journal.sync()
    }
}

impl Journal for FjallJournal {
    fn commit(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        let mut batch = self.tables.database.batch();
        for Row { table, key, value } in rows {
            let keyspace = self.tables.keyspace(table);
            match value {
                Some(value) => batch.insert(keyspace, key, value),
                None => batch.remove(keyspace, key),
            }
        }
        Ok(batch.commit()?)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        Ok(self.tables.database.persist(SYNC_MODE)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_waits_for_the_disk() {
        assert!(matches!(SYNC_MODE, PersistMode::SyncData | PersistMode::SyncAll));
    }
}
