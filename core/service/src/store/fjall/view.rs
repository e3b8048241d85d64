//! The tables with the rows of the running batch on top, so that a request sees what the ones
//! before it did.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, btree_map},
    iter::Peekable,
    mem,
    ops::RangeInclusive,
};

use fjall::{Guard, KvPair, Slice};
use serde::{Serialize, de::DeserializeOwned};

use super::{tables::Tables, values};
use crate::store::{Row, StoreError, Table};

/// Rows that wait for the commit; `None` removes one.
type Waiting = BTreeMap<Slice, Option<Slice>>;

/// What is committed, and what is about to be.
pub(super) struct View {
    tables: Tables,
    waiting: [Waiting; Table::ALL.len()],
    waiting_rows: usize,
}

impl View {
    pub(super) fn new(tables: Tables) -> Self {
        Self { tables, waiting: Default::default(), waiting_rows: 0 }
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>, StoreError> {
        match self.waiting[table.index()].get(key) {
            Some(waiting) => Ok(waiting.clone()),
            None => self.tables.get(table, key),
        }
    }

    /// Reads and decodes a row.
    pub(super) fn read<T: DeserializeOwned>(
        &self,
        table: Table,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        self.get(table, key)?.map(|bytes| values::decode(table, &bytes)).transpose()
    }

    /// The rows with these keys, in order.
    pub(super) fn scan(&self, table: Table, keys: RangeInclusive<Slice>) -> Scan<'_> {
        let waiting = self.waiting[table.index()].range(keys.clone()).peekable();
        let disk = self.tables.range(table, keys).map(READ).peekable();
        Merged { disk, waiting, disk_first: Ordering::Less }
    }

    /// The rows with these keys, the last one first.
    pub(super) fn scan_back(
        &self,
        table: Table,
        keys: RangeInclusive<Slice>,
    ) -> impl Iterator<Item = Result<KvPair, StoreError>> + '_ {
        let waiting = self.waiting[table.index()].range(keys.clone()).rev().peekable();
        let disk = self.tables.range(table, keys).map(READ).rev().peekable();
        Merged { disk, waiting, disk_first: Ordering::Greater }
    }

    pub(super) fn put(&mut self, table: Table, key: Slice, value: Slice) {
        self.set(table, key, Some(value));
    }

    /// Encodes and puts a row.
    pub(super) fn write<T: Serialize>(
        &mut self,
        table: Table,
        key: Slice,
        value: &T,
    ) -> Result<(), StoreError> {
        self.put(table, key, values::encode(table, value)?);
        Ok(())
    }

    pub(super) fn remove(&mut self, table: Table, key: Slice) {
        self.set(table, key, None);
    }

    pub(super) fn waiting_rows(&self) -> usize {
        self.waiting_rows
    }

    pub(super) fn take_rows(&mut self) -> Vec<Row> {
        let mut rows = Vec::with_capacity(mem::take(&mut self.waiting_rows));
        for table in Table::ALL {
            let waiting = mem::take(&mut self.waiting[table.index()]);
            rows.extend(waiting.into_iter().map(|(key, value)| Row { table, key, value }));
        }
        rows
    }

    fn set(&mut self, table: Table, key: Slice, value: Option<Slice>) {
        if self.waiting[table.index()].insert(key, value).is_none() {
            self.waiting_rows += 1;
        }
    }
}

type Read = fn(Guard) -> Result<KvPair, fjall::Error>;

const READ: Read = Guard::into_inner;

/// The rows of a range, from disk and of the running batch.
pub(super) type Scan<'a> =
    Merged<std::iter::Map<fjall::Iter, Read>, btree_map::Range<'a, Slice, Option<Slice>>>;

/// Two sequences of rows in the same order, merged; the waiting row wins.
pub(super) struct Merged<D: Iterator, W: Iterator> {
    disk: Peekable<D>,
    waiting: Peekable<W>,
    /// How a key on disk compares with one that waits when it comes before it.
    disk_first: Ordering,
}

impl<'a, D, W> Iterator for Merged<D, W>
where
    D: Iterator<Item = Result<KvPair, fjall::Error>>,
    W: Iterator<Item = (&'a Slice, &'a Option<Slice>)>,
{
    type Item = Result<KvPair, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let is_waiting_next = match (self.disk.peek(), self.waiting.peek()) {
                (_, None) | (Some(Err(_)), _) => false,
                (None, Some(_)) => true,
                (Some(Ok((on_disk, _))), Some((waiting, _))) => {
                    on_disk.cmp(*waiting) != self.disk_first
                }
            };
            if !is_waiting_next {
                return self.disk.next().map(|row| Ok(row?));
            }
            let (key, value) = self.waiting.next()?;
            self.disk.next_if(|row| matches!(row, Ok((on_disk, _)) if on_disk == key));
            if let Some(value) = value {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hubbub_chat::{design::Design, ports::store::StoreRules};

    use super::*;
    use crate::store::group_commit::Journal;

    fn slice(text: &str) -> Slice {
        Slice::from(text)
    }

    fn keys(view: &View, first: &str, last: &str) -> String {
        let rows = view.scan(Table::Users, slice(first)..=slice(last));
        let rows = rows.map(|row| row.map(|(key, value)| [&*key, &*value].concat()).unwrap());
        String::from_utf8(rows.collect::<Vec<_>>().join(&b' ')).unwrap()
    }

    fn put_all(view: &mut View, rows: &[(&str, &str)]) {
        rows.iter().for_each(|(key, value)| view.put(Table::Users, slice(key), slice(value)));
    }

    #[test]
    fn a_scan_merges_the_disk_with_the_rows_that_wait() {
        let folder = tempfile::tempdir().unwrap();
        let rules = StoreRules::from(&Design::default());
        let tables = Tables::open(folder.path(), &rules, 1 << 20).unwrap();
        let mut journal = tables.journal();
        let mut view = View::new(tables);
        put_all(&mut view, &[("b", "1"), ("d", "1"), ("f", "1"), ("h", "1")]);
        assert_eq!(view.waiting_rows(), 4);
        assert_eq!(keys(&view, "a", "z"), "b1 d1 f1 h1");
        journal.commit(view.take_rows()).unwrap();
        assert_eq!((view.waiting_rows(), keys(&view, "a", "z").as_str()), (0, "b1 d1 f1 h1"));

        put_all(&mut view, &[("a", "2"), ("d", "2"), ("e", "2"), ("i", "2")]);
        view.remove(Table::Users, slice("f"));
        view.remove(Table::Users, slice("g"));
        assert_eq!(keys(&view, "a", "z"), "a2 b1 d2 e2 h1 i2");
        assert_eq!(keys(&view, "b", "f"), "b1 d2 e2");
        assert_eq!(view.get(Table::Users, b"f").unwrap(), None);
        let back = view.scan_back(Table::Users, slice("b")..=slice("h"));
        let back: Vec<_> = back.map(|row| row.unwrap().0).collect();
        assert_eq!(back, ["h", "e", "d", "b"].map(slice));
        journal.commit(view.take_rows()).unwrap();
        assert_eq!(keys(&view, "a", "z"), "a2 b1 d2 e2 h1 i2");
    }
}
