//! What one caller did with objects, and what callers usually do at one place.

use bartizan_model::{Duration, Timestamp};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::ownership::MIN_CALLERS;
use crate::state::{Absorb, Trace, Trail, trail::MAX_TRAIL};

/// How long foreign objects add up.
pub(crate) const FOREIGN_WINDOW: Duration = Duration::days(7);
/// How long misses add up.
pub(crate) const MISS_WINDOW: Duration = Duration::hours(1);
/// Foreign objects and owners, for a caller with objects of its own and for one without.
pub(crate) const OWNING: (usize, usize) = (4, 3);
pub(crate) const STRANGER: (usize, usize) = (10, 5);
/// Missing or refused ids; refused ones alone; missing ones at a place that tells nothing else.
pub(crate) const MISSES: usize = 10;
pub(crate) const REFUSED: usize = 5;
pub(crate) const MISSES_ANYWHERE: usize = 30;
/// After this long a new detection begins.
pub(crate) const GAP: Duration = Duration::hours(24);
/// Most places remembered per caller.
pub(crate) const PLACES: usize = 16;

pub(crate) const FOREIGN: u8 = 1;
pub(crate) const MISSING: u8 = 2;
pub(crate) const DENIED: u8 = 4;
pub(crate) const UNLISTED: u8 = 8;
/// Foreign, at a place where that is usual.
pub(crate) const STRAYED: u8 = 16;

pub(crate) const OWNS: u8 = 1;
pub(crate) const STRAYS: u8 = 2;
pub(crate) const READS: u8 = 4;
pub(crate) const NOISY: u8 = 8;

/// Numbers of foreign objects by which callers of a place are told apart.
const LEVELS: [u32; 6] = [1, 2, 4, 8, 16, 32];

/// A place in the API where objects are named, over all callers with the same roles. Counts are halved every week, so
/// that they follow what is usual now.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    week: i64,
    /// Callers that opened anything, opened own objects, missed a lot.
    pub(crate) readers: u32,
    pub(crate) owning: u32,
    pub(crate) noisy: u32,
    /// Callers that opened at least so many foreign objects, per level.
    straying: [u32; LEVELS.len()],
}

impl Place {
    /// Moves on to the week of `time`.
    pub(crate) fn move_on(&mut self, time: Timestamp) {
        let week = time.seconds().div_euclid(7 * 86_400);
        if week <= self.week {
            return;
        }
        let weeks = u32::try_from(week.saturating_sub(self.week)).unwrap_or(u32::MAX);
        let counts = [&mut self.readers, &mut self.owning, &mut self.noisy];
        for count in counts.into_iter().chain(&mut self.straying) {
            *count = count.checked_shr(weeks).unwrap_or(0);
        }
        self.week = week;
    }

    /// Counts what a caller did here for the first time this week.
    pub(crate) fn count(&mut self, visit: &mut Visit, flags: u8, counts: bool) {
        if visit.week != self.week {
            (visit.week, visit.flags, visit.strays) = (self.week, 0, 0);
        }
        let new = flags & !visit.flags;
        visit.flags |= flags & !STRAYS;
        let mut level = None;
        if flags & STRAYS != 0 {
            visit.strays = visit.strays.saturating_add(1);
            level = LEVELS.iter().position(|level| *level == visit.strays);
        }
        if !counts {
            return;
        }
        self.owning += u32::from(new & OWNS != 0);
        self.readers += u32::from(new & READS != 0);
        self.noisy += u32::from(new & NOISY != 0);
        if let Some(straying) = level.and_then(|level| self.straying.get_mut(level)) {
            *straying += 1;
        }
    }

    /// How many foreign objects at most a tenth of the callers with own objects open here; `None`
    /// when that is more than 32 or there are too few callers to tell. 1: objects here are
    /// private.
    pub(crate) fn unusual(&self) -> Option<u32> {
        let few = (self.owning / 10).max(2);
        let rare = self.straying.iter().position(|callers| *callers <= few);
        LEVELS.get(rare?).copied().filter(|_| self.owning >= MIN_CALLERS)
    }

    /// Whether objects here belong to somebody: hardly any caller opens those of others.
    pub(crate) fn is_private(&self) -> bool {
        self.unusual() == Some(1)
    }
}

/// One caller at one place.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Visit {
    pub(crate) place: u64,
    pub(crate) flags: u8,
    pub(crate) week: i64,
    pub(crate) strays: u32,
    pub(crate) last_number: Option<u64>,
    /// Steps between numbers, and those of at most 10.
    pub(crate) steps: u32,
    pub(crate) near: u32,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Actor {
    pub(crate) self_value: Option<u64>,
    /// Own objects opened.
    pub(crate) own: u32,
    /// Foreign objects opened today (day number), and the most on an earlier day.
    pub(crate) today: (i64, u32),
    pub(crate) usual: u32,
    pub(crate) visits: SmallVec<[Visit; 2]>,
    pub(crate) foreign: Trail,
    pub(crate) misses: Trail,
    pub(crate) incomplete: bool,
    pub(crate) fired: Option<Fired>,
}

/// What a detection of this caller holds so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Fired {
    pub(crate) last: Timestamp,
    pub(crate) by_misses: bool,
    pub(crate) resources: SmallVec<[u64; 2]>,
    pub(crate) objects: u32,
    pub(crate) succeeded: u32,
    pub(crate) changed: bool,
    pub(crate) note: String,
}

impl Actor {
    pub(crate) fn count_today(&mut self, time: Timestamp) {
        let day = time.seconds().div_euclid(86_400);
        if day > self.today.0 {
            if self.fired.is_none() {
                self.usual = self.usual.max(self.today.1);
            }
            self.today = (day, 0);
        }
        self.today.1 = self.today.1.saturating_add(1);
    }

    /// Rule (a) and (b). A caller without objects of its own may be staff, unless it `has_peers`: the
    /// place is one of callers with its role, who have some.
    pub(crate) fn too_many_foreign(&self, place: &Place, has_peers: bool) -> Option<String> {
        let objects = self.foreign.objects(|_| true);
        let owners = self.foreign.groups(|_| true);
        let (least_objects, least_owners) = if self.own > 0 { OWNING } else { STRANGER };
        let usual = self.usual as usize;
        let unusual = place.unusual()? as usize;
        let least_objects =
            (least_objects * unusual).max(usual.saturating_mul(3).saturating_add(1));
        if objects < least_objects.min(MAX_TRAIL) || owners < least_owners {
            return None;
        }
        if self.own == 0 && !has_peers {
            let misses = self.misses.objects(|t| t.class & (MISSING | DENIED) != 0);
            if misses < 3 || misses * 10 < objects || self.today.1 <= self.usual * 3 {
                return None;
            }
        }
        Some(format!(
            "opened {objects} objects of {owners} other owners within 7 days that were never shown \
             to this caller; at most a tenth of the {} callers with own objects at this place opens \
             {unusual} or more; the caller's largest day before had {usual} (threshold \
             {least_objects} objects of {least_owners} owners)",
            place.owning
        ))
    }

    /// Rule (c).
    pub(crate) fn too_many_misses(
        &self,
        resource: u64,
        compared: u64,
        place: &Place,
    ) -> Option<String> {
        let here = |t: &Trace| t.group == resource;
        let missed = self.misses.objects(|t| here(t) && t.class & (MISSING | DENIED) != 0);
        if missed < REFUSED {
            return None;
        }
        let refused = self.misses.objects(|t| here(t) && t.class & DENIED != 0);
        let asked = self.misses.objects(here);
        let common = place.noisy * 10 > place.readers && place.noisy >= 3;
        if (missed < MISSES && refused < REFUSED) || missed * 2 < asked || common {
            return None;
        }
        let visit = self.visits.iter().find(|v| v.place == compared);
        let (near, steps) = visit.map_or((0, 0), |v| (v.near, v.steps));
        let walked = near * 3 >= steps && near >= 5;
        if refused < REFUSED && !walked && !place.is_private() && missed < MISSES_ANYWHERE {
            return None;
        }
        Some(format!(
            "asked for {asked} distinct ids never shown to this caller within an hour; {missed} \
             were missing or refused ({refused} refused); {near} of {steps} steps between ids were \
             at most 10; {} of {} callers at this place did so before (threshold {MISSES} missing \
             or {REFUSED} refused, half of those asked)",
            place.noisy, place.readers
        ))
    }
}

impl Absorb for Place {
    fn absorb(&mut self, other: Self) {
        self.week = self.week.max(other.week);
        self.readers += other.readers;
        self.owning += other.owning;
        self.noisy += other.noisy;
        for (mine, theirs) in self.straying.iter_mut().zip(other.straying) {
            *mine += theirs;
        }
    }
}

impl Absorb for Actor {
    fn absorb(&mut self, other: Self) {
        self.self_value = self.self_value.or(other.self_value);
        self.own = self.own.saturating_add(other.own);
        self.today = self.today.max(other.today);
        self.usual = self.usual.max(other.usual);
        for visit in other.visits {
            if !self.visits.iter().any(|v| v.place == visit.place) && self.visits.len() < PLACES {
                self.visits.push(visit);
            }
        }
        self.foreign.absorb(other.foreign);
        self.misses.absorb(other.misses);
        self.incomplete |= other.incomplete;
        let later = |f: &Option<Fired>| f.as_ref().map(|f| f.last);
        if later(&other.fired) > later(&self.fired) {
            self.fired = other.fired;
        }
    }
}
