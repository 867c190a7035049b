//! What values of a class look like, so that most classes are ruled out for a value at once.

use super::{CLASSES, ClassItem, Family, Marks, Shape};

/// What a value without context must look like to be shown to a recogniser.
pub struct Form {
    /// Fewest and most bytes.
    pub len: (usize, usize),
    /// Fewest and most ASCII digits.
    pub digits: (u32, u32),
    /// Whether there may be spaces.
    pub spaces: bool,
    /// Marks of which one must be there; [`Marks::NONE`] when none is needed.
    pub marks: Marks,
    /// What else is asked for.
    pub also: fn(&Shape) -> bool,
}

impl Form {
    /// Of classes that always need a field name.
    pub const NONE: Self =
        Self { len: (1, 0), digits: (0, 0), spaces: false, marks: Marks::NONE, also: |_| false };

    /// Whether a value has that form.
    #[must_use]
    pub fn fits(&self, shape: &Shape) -> bool {
        (self.len.0..=self.len.1).contains(&shape.len)
            && (self.digits.0..=self.digits.1).contains(&shape.digits)
            && self.allows(shape.marks)
            && (self.also)(shape)
    }

    const fn allows(&self, marks: Marks) -> bool {
        (self.spaces || !marks.has_any(Marks::SPACE))
            && (self.marks.is_none() || marks.has_any(self.marks))
    }
}

/// Whether an item has a recogniser of its own.
const fn recognises(item: &ClassItem) -> bool {
    !matches!(item.family, Family::MemberOf(_))
}

/// How many items have one.
const RECOGNISERS: usize = {
    let (mut count, mut i) = (0, 0);
    while i < CLASSES.len() {
        count += recognises(CLASSES[i]) as usize;
        i += 1;
    }
    assert!(count < 64, "one bit per recogniser");
    count
};

/// Items with a recogniser in order of priority; the position is the bit in masks of classes.
pub(super) static BY_PRIORITY: [&ClassItem; RECOGNISERS] = {
    let mut order = [CLASSES[0]; RECOGNISERS];
    let (mut i, mut known) = (0, 0);
    while i < CLASSES.len() {
        if recognises(CLASSES[i]) {
            let mut at = known;
            while at > 0 && order[at - 1].priority > CLASSES[i].priority {
                order[at] = order[at - 1];
                at -= 1;
            }
            order[at] = CLASSES[i];
            known += 1;
        }
        i += 1;
    }
    order
};

/// The classes that are looked for in short free text.
pub(super) static IN_TEXT: u64 = {
    let (mut mask, mut i) = (0, 0);
    while i < BY_PRIORITY.len() {
        if BY_PRIORITY[i].in_text {
            mask |= 1 << i;
        }
        i += 1;
    }
    mask
};

/// The bounds of all forms, turned round: which classes does a length, a number of
/// digits, a set of marks leave.
struct Bounds {
    by_len: [u64; 65],
    by_digits: [u64; 24],
    by_marks: [u64; Marks::COUNT],
}

static BOUNDS: Bounds = {
    let mut bounds = Bounds { by_len: [0; 65], by_digits: [0; 24], by_marks: [0; Marks::COUNT] };
    let mut i = 0;
    while i < BY_PRIORITY.len() {
        let (form, bit) = (&BY_PRIORITY[i].form, 1 << i);
        let mut n = 0;
        // The last place of a table stands for everything from there on.
        while n < bounds.by_len.len() {
            let rest = n + 1 == bounds.by_len.len();
            if form.len.1 >= n && (form.len.0 <= n || rest) {
                bounds.by_len[n] |= bit;
            }
            n += 1;
        }
        n = 0;
        while n < bounds.by_digits.len() {
            let rest = n + 1 == bounds.by_digits.len();
            if form.digits.1 as usize >= n && (form.digits.0 as usize <= n || rest) {
                bounds.by_digits[n] |= bit;
            }
            n += 1;
        }
        n = 0;
        while n < Marks::COUNT {
            if form.allows(Marks::numbered(n)) {
                bounds.by_marks[n] |= bit;
            }
            n += 1;
        }
        i += 1;
    }
    bounds
};

/// The classes that the bounds of their forms leave for a value, by position in [`BY_PRIORITY`];
/// whether a form really fits tells [`Form::fits`].
pub(super) fn within_bounds(shape: &Shape) -> u64 {
    let at = |table: &[u64], n: usize| table.get(n.min(table.len() - 1)).copied().unwrap_or(0);
    at(&BOUNDS.by_len, shape.len)
        & at(&BOUNDS.by_digits, shape.digits as usize)
        & at(&BOUNDS.by_marks, shape.marks.number())
}

/// Whether the bit at position `i` of [`BY_PRIORITY`] is set.
pub(super) const fn has(mask: u64, i: usize) -> bool {
    mask >> i & 1 != 0
}

/// The positions in a mask, in order of priority, with the items there.
pub(super) fn items(mut mask: u64) -> impl Iterator<Item = (usize, &'static ClassItem)> {
    std::iter::from_fn(move || {
        let i = mask.trailing_zeros() as usize;
        let item = BY_PRIORITY.get(i)?;
        mask &= mask - 1;
        Some((i, *item))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_of_priority() {
        assert!(BY_PRIORITY.is_sorted_by_key(|item| item.priority));
        let all = |item: &&&ClassItem| BY_PRIORITY.iter().any(|i| i.class == item.class);
        assert!(CLASSES.iter().filter(|item| recognises(item)).all(|item| all(&item)));
        assert_eq!(items(0).count(), 0);
        let all = items((1 << BY_PRIORITY.len()) - 1).map(|(i, _)| i);
        assert!(all.eq(0..BY_PRIORITY.len()));
    }

    #[test]
    fn no_short_number_has_a_form() {
        for number in [crate::classes::SHORT_NUMBERS.end - 1, 0, 10, 4_111_111_111, 79_927_398_713]
        {
            let shape = Shape::of(&number.to_string());
            assert!(CLASSES.iter().all(|item| !item.form.fits(&shape)), "{number}");
            assert!(!shape.may_embed());
        }
        for len in 1..=11 {
            let shape = Shape { len, digits: len as u32, first: b'1', ..Shape::default() };
            assert!(CLASSES.iter().all(|item| !item.form.fits(&shape)), "{len} digits");
        }
    }

    #[test]
    fn no_form_that_fits_is_out_of_bounds() {
        let parts = ["", "a", "Bc", "7", "123456", "é", "@", ".", "-", ":", " ", "_", "$2b$"];
        let mut texts: Vec<String> = vec![String::new()];
        for times in [1, 5, 20, 60] {
            for a in parts {
                for b in parts {
                    for c in parts {
                        texts.push([a, b, c].concat().repeat(times));
                    }
                }
            }
        }
        for item in CLASSES {
            let values = item.examples.iter().chain(item.counterexamples);
            texts.extend(values.map(|(_, value)| (*value).to_owned()));
        }
        for text in texts {
            let shape = Shape::of(&text);
            let within = within_bounds(&shape);
            for (i, item) in BY_PRIORITY.iter().enumerate() {
                assert!(!item.form.fits(&shape) || has(within, i), "{}: {text}", item.class);
            }
        }
    }
}
