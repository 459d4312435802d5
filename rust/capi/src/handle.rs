//! Handles: what C holds is a number dressed as a pointer. It is looked up and never dereferenced, and no number is
//! given out twice, so that a NULL, freed, foreign or garbage handle is an error and not undefined behaviour.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::error::Failure;
use crate::status::LBK_INVALID_HANDLE;

/// Something that C may hold a handle of.
pub trait Held: Any + Send + Sync {
    /// The opaque C type.
    type Opaque;
    /// The C name, for messages.
    const NAME: &'static str;
    /// Distinguishes the kinds in the number itself (below 16).
    const KIND: usize;
}

/// The numbers start here: no small integer, no likely address and no odd alignment by chance.
const MAGIC: usize = (0x1b4b_0000_0000_0000_u64 >> (64 - usize::BITS)) as usize;
const KIND_BITS: u32 = 4;

#[derive(Default)]
struct Registry {
    next: usize,
    held: HashMap<usize, Arc<dyn Any + Send + Sync>>,
}

static REGISTRY: LazyLock<RwLock<Registry>> = LazyLock::new(RwLock::default);

fn reading() -> RwLockReadGuard<'static, Registry> {
    REGISTRY.read().unwrap_or_else(PoisonError::into_inner)
}

fn writing() -> RwLockWriteGuard<'static, Registry> {
    REGISTRY.write().unwrap_or_else(PoisonError::into_inner)
}

/// Gives out a handle; the registry keeps `value` until it is taken away.
pub fn give<T: Held>(value: Arc<T>) -> *mut T::Opaque {
    let mut registry = writing();
    registry.next += 1;
    let number = MAGIC | (registry.next << KIND_BITS) | T::KIND;
    registry.held.insert(number, value);
    std::ptr::without_provenance_mut(number)
}

/// What a call hands out with `LIMBECK_MODE=off`, when nothing is looked up: not NULL, and never the number of a live
/// handle.
pub fn idle<T: Held>() -> *mut T::Opaque {
    std::ptr::without_provenance_mut(MAGIC | T::KIND)
}

/// What a handle stands for.
pub fn get<T: Held>(handle: *const T::Opaque) -> Result<Arc<T>, Failure> {
    let found = reading().held.get(&handle.addr()).cloned();
    found.and_then(|any| any.downcast::<T>().ok()).ok_or_else(|| unknown::<T>(handle.addr()))
}

/// Takes a handle back: from now on it is unknown.
pub fn take<T: Held>(handle: *const T::Opaque) -> Result<Arc<T>, Failure> {
    let mut registry = writing();
    match registry.held.get(&handle.addr()).cloned().map(|any| any.downcast::<T>()) {
        Some(Ok(value)) => {
            registry.held.remove(&handle.addr());
            Ok(value)
        }
        _ => Err(unknown::<T>(handle.addr())),
    }
}

/// All of a kind for which `wanted` holds, in the order in which their handles were given.
pub fn all<T: Held>(wanted: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
    let registry = reading();
    let mut found: Vec<_> = registry
        .held
        .iter()
        .filter_map(|(&number, any)| Some((number, any.clone().downcast::<T>().ok()?)))
        .filter(|(_, value)| wanted(value))
        .collect();
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, value)| value).collect()
}

/// Takes every handle of this kind away for which `belongs` holds: the variables of a closed session, say.
pub fn take_all<T: Held>(belongs: impl Fn(&T) -> bool) {
    writing().held.retain(|_, any| !any.downcast_ref::<T>().is_some_and(&belongs));
}

fn unknown<T: Held>(number: usize) -> Failure {
    let message = if number == 0 {
        format!("the {} is NULL", T::NAME)
    } else if number & MAGIC == MAGIC && number & ((1 << KIND_BITS) - 1) == T::KIND {
        format!("the {} was freed or closed before", T::NAME)
    } else if number & MAGIC == MAGIC {
        format!("the handle is not a {}", T::NAME)
    } else {
        format!("the {} is not a handle that limbeck gave out", T::NAME)
    };
    Failure::new(LBK_INVALID_HANDLE, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing(u32);
    struct Other;
    impl Held for Thing {
        type Opaque = u8;
        const NAME: &'static str = "thing";
        const KIND: usize = 14;
    }
    impl Held for Other {
        type Opaque = u8;
        const NAME: &'static str = "other";
        const KIND: usize = 15;
    }

    #[test]
    fn only_live_handles_of_the_right_kind_are_found() {
        let a = give(Arc::new(Thing(1)));
        let b = give(Arc::new(Thing(2)));
        assert_ne!(a, b);
        assert_eq!(get::<Thing>(a).unwrap().0, 1);
        assert!(get::<Other>(a).err().unwrap().message.contains("not a other"));
        assert_eq!(take::<Thing>(a).unwrap().0, 1);
        assert!(get::<Thing>(a).err().unwrap().message.contains("freed or closed"));
        assert!(take::<Thing>(a).is_err());
        assert!(get::<Thing>(std::ptr::null()).err().unwrap().message.contains("NULL"));
        assert!(get::<Thing>(std::ptr::without_provenance(4096)).err().unwrap().message.contains("gave out"));
        take_all::<Thing>(|thing| thing.0 == 2);
        assert!(get::<Thing>(b).is_err());
    }
}
