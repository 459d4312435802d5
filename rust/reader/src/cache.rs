//! Opened decoders, the least recently used thrown out first.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// A bounded map from what is in a file to its opened form.
pub(crate) struct Cache<K, V> {
    inner: Mutex<Inner<K, V>>,
    budget: usize,
}

struct Inner<K, V> {
    entries: HashMap<K, (V, usize, u64)>,
    by_age: BTreeMap<u64, K>,
    clock: u64,
    bytes: usize,
}

impl<K: Eq + Hash + Copy, V: Clone> Cache<K, V> {
    /// Keeps entries that take `budget` bytes together, and always the newest.
    pub(crate) fn new(budget: usize) -> Cache<K, V> {
        let inner = Inner { entries: HashMap::new(), by_age: BTreeMap::new(), clock: 0, bytes: 0 };
        Cache { inner: Mutex::new(inner), budget }
    }

    pub(crate) fn get(&self, key: K) -> Option<V> {
        let mut guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *guard;
        inner.clock += 1;
        let (value, _, age) = inner.entries.get_mut(&key)?;
        inner.by_age.remove(age);
        *age = inner.clock;
        inner.by_age.insert(*age, key);
        Some(value.clone())
    }

    pub(crate) fn put(&self, key: K, value: V, bytes: usize) {
        let mut guard = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *guard;
        inner.clock += 1;
        if let Some((_, old, age)) = inner.entries.insert(key, (value, bytes, inner.clock)) {
            inner.by_age.remove(&age);
            inner.bytes -= old;
        }
        inner.by_age.insert(inner.clock, key);
        inner.bytes += bytes;
        while inner.bytes > self.budget && inner.entries.len() > 1 {
            let Some((_, oldest)) = inner.by_age.pop_first() else { break };
            if let Some((_, bytes, _)) = inner.entries.remove(&oldest) {
                inner.bytes -= bytes;
            }
        }
    }

    /// The cached value, or the one that `open` makes. Opened outside the lock: two threads may open the same.
    pub(crate) fn get_or<E>(&self, key: K, open: impl FnOnce() -> Result<(V, usize), E>) -> Result<V, E> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let (value, bytes) = open()?;
        self.put(key, value.clone(), bytes);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache: Cache<u32, u32> = Cache::new(30);
        for k in 0..3 {
            cache.put(k, k, 10);
        }
        assert_eq!(cache.get(0), Some(0));
        cache.put(3, 3, 10);
        assert_eq!([0, 1, 2, 3].map(|k| cache.get(k)), [Some(0), None, Some(2), Some(3)]);
        cache.put(4, 4, 1000);
        assert_eq!([0, 2, 3, 4].map(|k| cache.get(k)), [None, None, None, Some(4)]);
        cache.put(4, 5, 1);
        cache.put(0, 0, 29);
        assert_eq!((cache.get(4), cache.get(0)), (Some(5), Some(0)));
    }
}
