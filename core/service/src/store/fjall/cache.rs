//! A bounded map of decoded rows.

use std::{collections::BTreeMap, mem};

/// Two generations: what was used lately, and what was used before that. When the younger one is
/// full the older one is dropped, so a row in use stays, one out of use goes, and no list is kept.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    young: BTreeMap<K, V>,
    old: BTreeMap<K, V>,
    generation_max: usize,
}

impl<K: Ord + Copy, V> Cache<K, V> {
    /// A cache of at most `rows_max` rows (two at least).
    pub(super) fn new(rows_max: usize) -> Self {
        let generation_max = (rows_max / 2).max(1);
        Self { young: BTreeMap::new(), old: BTreeMap::new(), generation_max }
    }

    /// The row of `key`, from `load` when it is not here.
    pub(super) fn get_or_load<E>(
        &mut self,
        key: K,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<&mut V, E> {
        if !self.young.contains_key(&key) {
            let value = self.old.remove(&key).map_or_else(load, Ok)?;
            self.insert(key, value);
        }
        Ok(self.young.get_mut(&key).expect("the row was there or has just been inserted"))
    }

    /// Puts a row in place of the one that may be there.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation_max && !self.young.contains_key(&key) {
            self.old = mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(cache: &mut Cache<u32, u32>, key: u32, loads: &mut u32) -> u32 {
        let loaded = cache.get_or_load(key, || {
            *loads += 1;
            Ok::<_, ()>(key * 10)
        });
        *loaded.unwrap()
    }

    #[test]
    fn a_row_is_loaded_once_while_it_is_in_use() {
        let (mut cache, mut loads) = (Cache::new(4), 0);
        for round in 0..50 {
            assert_eq!(load(&mut cache, 1, &mut loads), 10);
            let before = loads;
            load(&mut cache, 100 + round, &mut loads);
            assert_eq!(loads, before + 1);
            assert!(cache.young.len() + cache.old.len() <= 4);
        }
        assert_eq!(loads, 51);
    }

    #[test]
    fn a_row_out_of_use_goes() {
        let (mut cache, mut loads) = (Cache::new(4), 0);
        (1..=5).for_each(|key| assert_eq!(load(&mut cache, key, &mut loads), key * 10));
        load(&mut cache, 1, &mut loads);
        assert_eq!(loads, 6);
    }

    #[test]
    fn an_inserted_row_replaces_the_loaded_one() {
        let (mut cache, mut loads) = (Cache::new(4), 0);
        (1..=4).for_each(|key| assert_eq!(load(&mut cache, key, &mut loads), key * 10));
        cache.insert(1, 7);
        assert_eq!(load(&mut cache, 1, &mut loads), 7);
        cache.clear();
        assert_eq!(load(&mut cache, 1, &mut loads), 10);
    }
}
