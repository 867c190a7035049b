//! Lists that hardly ever grow: two words where a vector has three, and no room for more than they hold.

/// Adds an item at the end. Costs a copy of the list, so it is for a few items.
pub(super) fn push<T>(list: &mut Box<[T]>, item: T) {
    let mut items = std::mem::take(list).into_vec();
    items.reserve_exact(1);
    items.push(item);
    *list = items.into_boxed_slice();
}
