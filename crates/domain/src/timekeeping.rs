//! Which clock counts, and what it may do.
//!
//! Owns one rule: time goes by the process's own steady clock, begins where the database's server says, and never goes back
//! behind what any process of this installation has seen (case 126, R24). Otherwise a clock that is set back makes links,
//! codes and sessions good again that were over. Must not know where a clock is read or where the mark is kept.

use crate::time::{Timestamp, minutes};
use std::time::Duration;
use thiserror::Error;

/// How far two clocks may be apart without anybody having to act: rounding, drift, a time server's correction.
pub const TOLERANCE: Duration = minutes(2);

/// The clock says that it is earlier than it was already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the clock is {} behind what this database has seen: links, codes and sessions that are over would be good again. \
     Set the clock right. If it is right, and was ahead before, start once with `serve --trust-clock`",
    told(*by)
)]
pub struct ClockBehind {
    /// By how much.
    pub by: Duration,
}

fn told(by: Duration) -> String {
    let seconds = by.as_secs();
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Where a process begins that reads `clock`, for an installation that has seen `mark`.
pub fn begin(clock: Timestamp, mark: Option<Timestamp>) -> Result<Timestamp, ClockBehind> {
    let Some(mark) = mark else { return Ok(clock) };
    let by = mark.since(clock);
    if by > TOLERANCE { Err(ClockBehind { by }) } else { Ok(clock.max(mark)) }
}

/// Where a command begins that only visits beside a server. It admits nobody, so it need not refuse; never before the mark, so
/// that what is over for the house is over for it.
pub fn visit(clock: Timestamp, mark: Option<Timestamp>) -> Timestamp {
    mark.map_or(clock, |mark| clock.max(mark))
}

/// Where a running process goes on that has come to `own`, when the database's server says `server` and others have seen
/// `mark`. Small differences ahead are followed: clocks drift apart. A leap is not, whichever way: it would log everybody
/// out, or let in whom it should not.
pub fn go_on(own: Timestamp, server: Option<Timestamp>, mark: Option<Timestamp>) -> Timestamp {
    let is_near = |other: &Timestamp| other.since(own) <= TOLERANCE;
    server.into_iter().chain(mark).filter(is_near).fold(own, Timestamp::max)
}

/// By how many seconds `other` is ahead of `own`, less than zero if it is behind; nothing where they are as good as the same.
pub fn apart(own: Timestamp, other: Timestamp) -> Option<i64> {
    let is_far = own.since(other).max(other.since(own)) > TOLERANCE;
    is_far.then(|| other.seconds().saturating_sub(own.seconds()))
}

/// Whether a difference is worth a word, after `told` was the last one that was spoken of: it came, changed or went.
pub fn is_news(told: Option<i64>, found: Option<i64>) -> bool {
    match (told, found) {
        (Some(told), Some(found)) => told.abs_diff(found) > TOLERANCE.as_secs(),
        (told, found) => told != found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{days, hours};
    use proptest::prelude::*;
    use rstest::rstest;

    const NOON: Timestamp = Timestamp::from_millis(1_796_126_400_000);
    const YEAR: Duration = days(365);

    #[rstest]
    #[case(NOON, None, Ok(NOON))]
    #[case(NOON, Some(NOON.minus(YEAR)), Ok(NOON))]
    #[case(NOON, Some(NOON.minus(hours(1))), Ok(NOON))]
    #[case(NOON.minus(Duration::from_secs(90)), Some(NOON), Ok(NOON))]
    #[case(NOON.minus(TOLERANCE), Some(NOON), Ok(NOON))]
    #[case(NOON.minus(hours(1)), Some(NOON), Err(ClockBehind { by: hours(1) }))]
    #[case(NOON.minus(YEAR), Some(NOON), Err(ClockBehind { by: YEAR }))]
    fn case_126_a_process_does_not_begin_behind_the_mark(
        #[case] clock: Timestamp,
        #[case] mark: Option<Timestamp>,
        #[case] expected: Result<Timestamp, ClockBehind>,
    ) {
        assert_eq!(begin(clock, mark), expected);
    }

    #[rstest]
    #[case(Some(NOON.plus(Duration::from_secs(90))), None, NOON.plus(Duration::from_secs(90)))]
    #[case(None, Some(NOON.plus(Duration::from_secs(5))), NOON.plus(Duration::from_secs(5)))]
    #[case(Some(NOON.minus(Duration::from_secs(90))), Some(NOON.minus(YEAR)), NOON)]
    #[case(Some(NOON.plus(hours(1))), None, NOON)]
    #[case(Some(NOON.plus(YEAR)), Some(NOON.plus(YEAR)), NOON)]
    #[case(Some(NOON.minus(hours(1))), None, NOON)]
    #[case(Some(NOON.minus(YEAR)), None, NOON)]
    fn case_126_a_running_process_follows_a_drift_and_no_leap(
        #[case] server: Option<Timestamp>,
        #[case] mark: Option<Timestamp>,
        #[case] expected: Timestamp,
    ) {
        assert_eq!(go_on(NOON, server, mark), expected);
    }

    #[rstest]
    #[case(NOON, None, NOON)]
    #[case(NOON, Some(NOON.minus(YEAR)), NOON)]
    #[case(NOON.minus(Duration::from_secs(90)), Some(NOON), NOON)]
    #[case(NOON.minus(hours(1)), Some(NOON), NOON)]
    #[case(NOON.minus(YEAR), Some(NOON), NOON)]
    fn case_126_a_visit_is_not_refused_and_goes_by_the_mark(
        #[case] clock: Timestamp,
        #[case] mark: Option<Timestamp>,
        #[case] expected: Timestamp,
    ) {
        assert_eq!(visit(clock, mark), expected);
    }

    #[rstest]
    #[case(NOON, None)]
    #[case(NOON.plus(Duration::from_secs(90)), None)]
    #[case(NOON.minus(TOLERANCE), None)]
    #[case(NOON.plus(hours(1)), Some(3_600))]
    #[case(NOON.minus(hours(1)), Some(-3_600))]
    #[case(NOON.plus(YEAR), Some(31_536_000))]
    #[case(NOON.minus(YEAR), Some(-31_536_000))]
    fn case_126_what_is_no_drift_is_told(#[case] other: Timestamp, #[case] expected: Option<i64>) {
        assert_eq!(apart(NOON, other), expected);
    }

    #[rstest]
    #[case(None, None, false)]
    #[case(None, Some(3_600), true)]
    #[case(Some(3_600), Some(3_601), false)]
    #[case(Some(3_600), Some(3_721), true)]
    #[case(Some(3_600), Some(-3_600), true)]
    #[case(Some(3_600), None, true)]
    fn case_126_a_leap_is_told_once(#[case] told: Option<i64>, #[case] found: Option<i64>, #[case] expected: bool) {
        assert_eq!(is_news(told, found), expected);
    }

    #[test]
    fn case_126_whoever_is_refused_reads_by_how_much_and_what_to_do() {
        let told = |by| ClockBehind { by }.to_string();
        assert!(told(hours(1)).contains("60 minutes behind") && told(YEAR).contains("365 days behind"));
        assert!(told(hours(30)).contains("30 hours") && told(minutes(1)).contains("60 seconds"));
        assert!(told(YEAR).contains("--trust-clock"));
    }

    proptest! {
        #[test]
        fn case_126_time_never_goes_back(own in 0_i64..1 << 42, server in 0_i64..1 << 42, mark in 0_i64..1 << 42) {
            let at = Timestamp::from_millis;
            let next = go_on(at(own), Some(at(server)), Some(at(mark)));
            prop_assert!(next >= at(own) && next.since(at(own)) <= TOLERANCE);
            // What was over at the mark is over at the beginning.
            prop_assert!(visit(at(server), Some(at(mark))) >= at(mark));
            prop_assert!(begin(at(server), Some(at(mark))).is_ok_and(|begun| begun >= at(mark)) == (mark - server <= 120_000));
        }
    }
}
