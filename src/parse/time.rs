//! Points in time and durations, as engines and policies write them.

use std::fmt;
use std::time::Duration;

use jiff::civil::Date;
use jiff::fmt::friendly::{Spacing, SpanPrinter};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Timestamp);

impl Instant {
    /// Reads RFC 3339, with `Z` or an offset: `2026-11-20T06:14:16.044+01:00`.
    ///
    /// Engines write the year 1 for what never happened; that is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let at: Timestamp = text.parse().ok()?;
        (at >= Timestamp::UNIX_EPOCH).then_some(Self(at))
    }

    /// How much later this is; nothing where it is earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0).try_into().unwrap_or_default()
    }

    /// The day that it is then in UTC.
    pub fn day(self) -> Date {
        self.0.to_zoned(TimeZone::UTC).date()
    }
}

impl fmt::Display for Instant {
    /// In UTC, to the second: `2026-11-20T05:14:16Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", self.0)
    }
}

/// A duration as Docker and Compose write it: `90s`, `1m30s`, `500ms`, `1h`.
pub fn duration(text: &str) -> Option<Duration> {
    text.parse::<SignedDuration>().ok()?.try_into().ok()
}

/// A duration in the form that [`duration`] reads, to the millisecond.
pub fn in_words(duration: Duration) -> String {
    let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    SpanPrinter::new()
        .spacing(Spacing::None)
        .duration_to_string(&SignedDuration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_counted_in_utc() {
        let at = Instant::parse;
        let epoch = at("1970-01-01T00:00:00Z").unwrap();
        let since = |text: &str| at(text).unwrap().since(epoch);
        assert_eq!(since("2000-02-29T12:00:00.5Z"), Duration::from_millis(951_825_600_500));
        assert_eq!(at("2026-11-20T07:14:16+01:00"), at("2026-11-20T06:14:16Z"));
        assert_eq!(epoch.since(at("2024-03-01T00:00:00Z").unwrap()), Duration::ZERO);
        let late = at("2028-02-28T23:30:00.7-01:00").unwrap();
        assert_eq!(late.day().to_string(), "2028-02-29");
        assert_eq!(late.to_string(), "2028-02-29T00:30:00Z");
        for nothing in [
            "0001-01-01T00:00:00Z",
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-01-01T9223372036854775807:0:0Z",
        ] {
            assert_eq!(at(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn durations_are_read_and_written_alike() {
        for text in ["30s", "1m30s", "500ms", "1h1m", "1h30s"] {
            assert_eq!(in_words(duration(text).unwrap()), text);
        }
        assert_eq!(in_words(Duration::ZERO), "0s");
        assert_eq!(duration("90s"), duration("1m30s"));
        for nothing in ["", "s", "30", "-1s", "1y", "soon"] {
            assert_eq!(duration(nothing), None, "{nothing}");
        }
    }
}
