//! The calls of an endpoint in buckets of one length.

/// Buckets one after the other, without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Where the first one begins, in microseconds.
    first: i64,
    /// How long each is, in microseconds.
    length: i64,
    counts: Vec<u64>,
}

impl Line {
    /// Without a bucket.
    pub(super) fn new(length: i64) -> Self {
        Self { first: 0, length, counts: Vec::new() }
    }

    /// As [`Self::text`] wrote it.
    pub(super) fn parse(first: i64, length: i64, text: &str) -> serde_json::Result<Self> {
        Ok(Self { first, length, counts: serde_json::from_str(text)? })
    }

    /// The counts as a JSON array.
    pub(super) fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string(&self.counts)
    }

    /// Where the first bucket begins.
    pub(super) fn first(&self) -> i64 {
        self.first
    }

    /// Where the last bucket begins; where the first would, when there is none.
    pub(super) fn last(&self) -> i64 {
        self.begin_of(self.counts.len().saturating_sub(1))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Where each bucket begins, and its calls.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, u64)> {
        self.counts.iter().enumerate().map(|(at, count)| (self.begin_of(at), *count))
    }

    /// Calls of the buckets that begin at `from` or later, and before `until`.
    pub(super) fn between(&self, from: i64, until: i64) -> u64 {
        let inside = self.iter().filter(|(time, _)| (from..until).contains(time));
        inside.fold(0, |sum: u64, (_, count)| sum.saturating_add(count))
    }

    /// Forgets the buckets that begin before `from`, or at `until` or later.
    pub(super) fn keep(&mut self, from: i64, until: i64) {
        let is_early = |(time, _): &(i64, u64)| *time < from;
        let early = self.iter().take_while(is_early).count();
        let late = self.iter().filter(|(time, _)| *time >= until).count();
        self.counts.truncate(self.counts.len() - late);
        self.first = self.begin_of(early);
        self.counts.drain(..early.min(self.counts.len()));
    }

    /// Adds calls to the bucket that begins at `time`, which is no further away than what [`Self::keep`] keeps:
    /// each bucket between them takes its place.
    pub(super) fn add(&mut self, time: i64, requests: u64) {
        if self.counts.is_empty() {
            self.first = time;
        }
        let missing = usize::try_from((self.first - time) / self.length).unwrap_or(0);
        if missing > 0 {
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = time;
        }
        let at = usize::try_from((time - self.first) / self.length).unwrap_or(0);
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(requests);
        }
    }

    fn begin_of(&self, at: usize) -> i64 {
        let away = i64::try_from(at).unwrap_or(i64::MAX).saturating_mul(self.length);
        self.first.saturating_add(away)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(calls: &[(i64, u64)]) -> Line {
        let mut line = Line::new(10);
        for (time, requests) in calls {
            line.add(*time, *requests);
        }
        line
    }

    fn all(line: &Line) -> Vec<(i64, u64)> {
        line.iter().collect()
    }

    #[test]
    fn calls_come_in_any_order() {
        let expected = [(-10, 4), (0, 0), (10, 0), (20, 3), (30, 8)];
        assert_eq!(all(&line(&[(20, 1), (30, 8), (-10, 4), (20, 2)])), expected);
        assert_eq!(all(&line(&[(-10, 4), (30, 8), (20, 3)])), expected);
    }

    #[test]
    fn what_is_outside_is_forgotten() {
        let kept = |from, until| {
            let mut line = line(&[(10, 1), (20, 2), (40, 4)]);
            line.keep(from, until);
            (all(&line), line.last())
        };
        assert_eq!(kept(0, 100), (vec![(10, 1), (20, 2), (30, 0), (40, 4)], 40));
        assert_eq!(kept(11, 40), (vec![(20, 2), (30, 0)], 30));
        assert_eq!(kept(0, 10).0, []);
        assert_eq!(kept(50, 100).0, []);
        let mut again = line(&[(10, 1)]);
        again.keep(50, 100);
        again.add(70, 5);
        assert_eq!((again.first(), all(&again)), (70, vec![(70, 5)]));
    }

    #[test]
    fn stretches_are_summed_and_text_is_read_again() {
        let line = line(&[(10, 1), (20, 2), (40, 4)]);
        assert_eq!((line.between(20, 40), line.between(0, 100), line.between(50, 9)), (2, 7, 0));
        let text = line.text().expect("numbers");
        assert_eq!(text, "[1,2,0,4]");
        assert_eq!(Line::parse(10, 10, &text).expect("the same"), line);
        assert!(Line::parse(10, 10, "[-1]").is_err());
        assert_eq!(Line::parse(i64::MAX, 10, "[1,2]").expect("numbers").last(), i64::MAX);
    }
}
