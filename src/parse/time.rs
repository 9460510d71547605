//! Points in time and durations, as engines and policies write them.

use std::time::Duration;

/// A point in time, counted from 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant {
    nanoseconds: i128,
}

impl Instant {
    /// Reads RFC 3339, with `Z` or an offset: `2026-11-20T06:14:16.044+01:00`.
    ///
    /// Engines write the year 1 for what never happened; that is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day)
        {
            return None;
        }
        let (time, offset) = match time.strip_suffix('Z') {
            Some(time) => (time, 0),
            None => {
                let at = time.rfind(['+', '-'])?;
                let (time, offset) = time.split_at_checked(at)?;
                let (hours, minutes) = offset.get(1..)?.split_once(':')?;
                let seconds = i64::from(hours.parse::<u16>().ok()?) * 3600
                    + i64::from(minutes.parse::<u16>().ok()?) * 60;
                (time, if offset.starts_with('-') { -seconds } else { seconds })
            }
        };
        let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let mut clock = clock.splitn(3, ':').map(|part| part.parse::<u16>().ok().map(i64::from));
        let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
        let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
        let seconds = days(year, month, day) * 86_400 + hours * 3600 + minutes * 60 + seconds;
        let nanoseconds =
            i128::from(seconds - offset) * 1_000_000_000 + i128::from(digits.parse::<u32>().ok()?);
        Some(Self { nanoseconds })
    }

    /// How much later this is; nothing where it is earlier.
    pub fn since(self, earlier: Self) -> Duration {
        let between = (self.nanoseconds - earlier.nanoseconds).max(0);
        Duration::from_nanos(u64::try_from(between).unwrap_or(u64::MAX))
    }
}

/// Days since 1970-01-01 in the Gregorian calendar, by counting March as the
/// first month so that the leap day is a year's last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A duration as Docker and Compose write it: `90s`, `1m30s`, `500ms`, `1h`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let end = rest.find(|it: char| !it.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(end)?;
        let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
        let (unit, factor) = units.into_iter().find(|(unit, _)| after.starts_with(unit))?;
        let milliseconds = number.parse::<u64>().ok()?.checked_mul(factor)?;
        total = total.checked_add(Duration::from_millis(milliseconds))?;
        rest = after.strip_prefix(unit)?;
    }
    (!text.is_empty()).then_some(total)
}

/// A duration in the form that [`duration`] reads, to the millisecond.
pub fn in_words(duration: Duration) -> String {
    let (seconds, milliseconds) = (duration.as_secs(), duration.subsec_millis());
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (u64::from(milliseconds), "ms"),
    ];
    let words: String = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if words.is_empty() { "0s".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_counted_in_utc() {
        let at = |text: &str| Instant::parse(text).map(|it| it.nanoseconds);
        assert_eq!(at("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(at("2000-02-29T12:00:00.5Z"), Some(951_825_600_500_000_000));
        assert_eq!(at("2026-11-20T07:14:16+01:00"), at("2026-11-20T06:14:16Z"));
        assert_eq!(at("2024-03-01T00:00:00Z"), Some(1_709_251_200_000_000_000));
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
        for nothing in ["", "s", "30", "1 s", "-1s", "1d"] {
            assert_eq!(duration(nothing), None, "{nothing}");
        }
    }
}
