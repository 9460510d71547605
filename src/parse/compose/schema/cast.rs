//! What scalars mean, by the kind of value that a key takes.
//!
//! A scalar is text until a key asks for more: `yes`, `0755` and `1g` mean
//! something only where they stand. Nothing and a variable that nobody set
//! are `None` everywhere here.

use std::time::Duration;

use crate::parse::compose::tree::{Node, Value};
use crate::parse::compose::wrong::Wrong;

/// A truth value: `true` and `false`, and the words that YAML 1.1 had for them.
///
/// # Errors
/// If it is something else.
pub fn flag(node: &Node) -> Result<Option<bool>, Wrong> {
    read(node, "this is neither true nor false", "write true or false", |text, _| {
        const YES: [&str; 4] = ["true", "y", "yes", "on"];
        const NO: [&str; 4] = ["false", "n", "no", "off"];
        let is_in = |words: [&str; 4]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if is_in(YES) { Some(true) } else { is_in(NO).then_some(false) }
    })
}

/// A whole number.
///
/// # Errors
/// If it is something else, or too large.
pub fn integer(node: &Node) -> Result<Option<i64>, Wrong> {
    read(node, "this is no whole number", "write it in digits, such as 100", whole)
}

/// A decimal number in billionths, such as the processors of `cpus: 0.5`.
///
/// # Errors
/// If it is something else, negative, or too large.
pub fn billionths(node: &Node) -> Result<Option<i64>, Wrong> {
    read(node, "this is no number", "write a decimal number such as 0.5", |text, _| {
        scaled(text, 1_000_000_000)
    })
}

/// A number of bytes: a decimal number with a unit of 1024s (`docker run --memory`),
/// or a negative whole number, by which engines mean no bound.
///
/// # Errors
/// If it is something else, or too large.
pub fn size(node: &Node) -> Result<Option<i64>, Wrong> {
    let help = "write bytes, or a number with b, k, m, g, t or p, such as 512m";
    read(node, "this is no number of bytes", help, bytes)
}

/// A length of time, to the nanosecond.
///
/// # Errors
/// If it is something else, or too long.
pub fn duration(node: &Node) -> Result<Option<Duration>, Wrong> {
    let help = "write a number with us, ms, s, m, h, d or w, such as 1m30s";
    read(node, "this is no length of time", help, |text, _| span(text))
}

/// The mode of a file. Quoted it is octal; without quotes it is a number of
/// YAML's, which is octal only with a leading zero.
///
/// # Errors
/// If it is something else.
pub fn mode(node: &Node) -> Result<Option<u32>, Wrong> {
    read(node, "this is no mode of a file", "write it in octal, such as 0440", |text, plain| {
        if plain {
            whole(text, plain).and_then(|it| u32::try_from(it).ok())
        } else {
            digits(text, 8).and_then(|it| u32::try_from(it).ok())
        }
    })
}

fn read<T>(
    node: &Node,
    what: &str,
    help: &str,
    meaning: impl FnOnce(&str, bool) -> Option<T>,
) -> Result<Option<T>, Wrong> {
    match &node.value {
        Value::Null | Value::Unset { .. } => Ok(None),
        Value::Text { text, plain } => match meaning(text, *plain) {
            Some(meaning) => Ok(Some(meaning)),
            None => Err(Wrong::new(node.at, what, help)),
        },
        Value::List(_) | Value::Map(_) => Err(Wrong::new(node.at, what, help)),
    }
}

/// Digits alone: Rust's own parser takes a sign.
fn digits(text: &str, radix: u32) -> Option<i64> {
    let is_plain = !text.is_empty() && text.chars().all(|it| it.is_digit(radix));
    is_plain.then(|| i64::from_str_radix(text, radix).ok())?
}

/// A whole number: in quotes decimal digits, without them as YAML has it, with
/// its bases, underscores and a fraction of nothing.
fn whole(text: &str, plain: bool) -> Option<i64> {
    let (is_negative, number) = match text.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = if plain {
        let number = number.replace('_', "");
        let number = number.split_once('.').map_or(number.as_str(), |(whole, fraction)| {
            if fraction.bytes().all(|it| it == b'0') { whole } else { "" }
        });
        let based = [("0x", 16), ("0o", 8), ("0b", 2), ("0", 8)];
        let based = based.iter().find_map(|(prefix, radix)| {
            let rest = number.strip_prefix(prefix)?;
            (!rest.is_empty()).then_some((rest, *radix))
        });
        let (rest, radix) = based.unwrap_or((number, 10));
        digits(rest, radix)?
    } else {
        digits(number, 10)?
    };
    Some(if is_negative { -value } else { value })
}

/// A decimal number times `unit`, rounded down.
fn scaled(text: &str, unit: u64) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let part = |text: &str| if text.is_empty() { Some(0) } else { digits(text, 10) };
    // Beyond twelve places nothing is left of any unit that fits a number.
    let seen: String = fraction.chars().take(12).collect();
    let places = u32::try_from(seen.len()).ok()?;
    let is_number = fraction.bytes().all(|it| it.is_ascii_digit());
    let whole = i128::from(part(whole)?).checked_mul(i128::from(unit))?;
    let rest = i128::from(part(&seen)?) * i128::from(unit) / 10_i128.pow(places);
    is_number.then(|| i64::try_from(whole + rest).ok())?
}

/// The grammar of `RAMInBytes` in Docker's go-units.
fn bytes(text: &str, plain: bool) -> Option<i64> {
    if text.starts_with('-') {
        return whole(text, plain);
    }
    let number = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let unit = text.strip_prefix(number)?.to_ascii_lowercase();
    let bits = match unit.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        "p" | "pb" | "pib" => 50,
        _ => return None,
    };
    scaled(number.strip_suffix(' ').unwrap_or(number), 1 << bits)
}

/// The units of a length of time, in nanoseconds. The specification has those
/// up to the hour; compose takes days and weeks as well.
const UNITS: [(&str, u64); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

fn span(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = 0_i64;
    while !rest.is_empty() {
        let number: &str = {
            let end = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
            rest.get(..end)?
        };
        rest = rest.strip_prefix(number)?;
        let end = rest.find(|it: char| it.is_ascii_digit() || it == '.').unwrap_or(rest.len());
        let unit = rest.get(..end)?;
        let (_, nanoseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(scaled(number, *nanoseconds)?)?;
        rest = rest.get(end..)?;
    }
    let total = u64::try_from(total).ok()?;
    (!text.is_empty()).then(|| Duration::from_nanos(total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::compose::tree::Place;

    const AT: Place = Place { file: 0, line: 3, column: 5, length: 2 };

    fn plain(text: &str) -> Node {
        Node::new(Value::Text { text: text.to_owned(), plain: true }, AT)
    }

    fn quoted(text: &str) -> Node {
        Node::new(Value::Text { text: text.to_owned(), plain: false }, AT)
    }

    #[test]
    fn a_truth_value_is_known_by_the_words_that_compose_takes() {
        for yes in ["true", "True", "y", "YES", "on"] {
            assert_eq!(flag(&plain(yes)), Ok(Some(true)), "{yes}");
            assert_eq!(flag(&quoted(yes)), Ok(Some(true)), "{yes}");
        }
        for no in ["false", "n", "No", "OFF"] {
            assert_eq!(flag(&plain(no)), Ok(Some(false)), "{no}");
        }
        for neither in ["1", "0", "t", "", "maybe"] {
            assert_eq!(flag(&plain(neither)).unwrap_err().at, AT, "{neither}");
        }
    }

    #[test]
    fn nothing_and_an_unset_variable_are_no_value() {
        let unset = Value::Unset { names: vec!["A".to_owned()], said: None };
        for value in [Value::Null, unset] {
            let node = Node::new(value, AT);
            assert_eq!(flag(&node), Ok(None));
            assert_eq!(integer(&node), Ok(None));
            assert_eq!(duration(&node), Ok(None));
        }
    }

    #[test]
    fn a_list_is_no_scalar() {
        assert!(size(&Node::new(Value::List(vec![]), AT)).is_err());
    }

    #[test]
    fn a_whole_number_without_quotes_is_yamls() {
        for (text, number) in [
            ("100", 100),
            ("-1", -1),
            ("+7", 7),
            ("0", 0),
            ("0x64", 100),
            ("0o17", 15),
            ("017", 15),
            ("1_000", 1000),
            ("100.0", 100),
        ] {
            assert_eq!(integer(&plain(text)), Ok(Some(number)), "{text}");
        }
        assert_eq!(integer(&quoted("017")), Ok(Some(17)), "quoted, it is decimal");
        for nothing in ["", "-", "1.5", "ten", "--1", "+-1", "99999999999999999999", "1e", "0x"] {
            assert!(integer(&plain(nothing)).is_err(), "{nothing}");
        }
    }

    #[test]
    fn sizes_are_those_of_the_engine_in_units_of_1024() {
        for (text, number) in [
            ("512", 512),
            ("1.5g", 3 << 29),
            ("512mb", 512 << 20),
            ("512 MB", 512 << 20),
            ("2KiB", 2048),
            ("64b", 64),
            ("0.5k", 512),
            ("1p", 1 << 50),
            ("-1", -1),
            (".5m", 1 << 19),
        ] {
            assert_eq!(size(&plain(text)), Ok(Some(number)), "{text}");
            assert_eq!(size(&quoted(text)), Ok(Some(number)), "{text}");
        }
        for nothing in ["", "m", "1x", "1mm", "1  m", "1.2.3m", "512ib", "99999999p", "1e3", "٣m"]
        {
            assert!(size(&quoted(nothing)).is_err(), "{nothing}");
        }
    }

    #[test]
    fn durations_follow_composes_grammar() {
        for (text, milliseconds) in [
            ("10s", 10_000),
            ("1m30s", 90_000),
            ("1h5m30s20ms", 3_930_020),
            ("1h30m10.5s", 5_410_500),
            ("2.5h", 9_000_000),
            ("0", 0),
            ("0s", 0),
            ("1d", 86_400_000),
            ("1w", 604_800_000),
            (".5s", 500),
        ] {
            let expected = Duration::from_millis(milliseconds);
            assert_eq!(duration(&plain(text)), Ok(Some(expected)), "{text}");
        }
        assert_eq!(duration(&plain("5us")), Ok(Some(Duration::from_micros(5))));
        for nothing in ["", "30", "s", "-1s", "1y", "1 s", "1s ", ".s", "99999999w"] {
            assert!(duration(&plain(nothing)).is_err(), "{nothing}");
        }
    }

    #[test]
    fn a_mode_is_octal_where_compose_reads_it_so() {
        assert_eq!(mode(&plain("0440")), Ok(Some(0o440)));
        assert_eq!(mode(&plain("0o440")), Ok(Some(0o440)));
        assert_eq!(mode(&quoted("0440")), Ok(Some(0o440)));
        assert_eq!(mode(&quoted("440")), Ok(Some(0o440)));
        assert_eq!(mode(&plain("440")), Ok(Some(440)), "a decimal number of YAML's");
        assert!(mode(&quoted("rw")).is_err());
        assert!(mode(&plain("-1")).is_err());
    }

    #[test]
    fn shares_of_processors_are_counted_in_billionths() {
        for (text, number) in [("0.5", 500_000_000), ("2", 2_000_000_000), (".25", 250_000_000)] {
            assert_eq!(billionths(&quoted(text)), Ok(Some(number)), "{text}");
        }
        for nothing in ["", ".", "half", "-1", "0.5x", "0.00000000000000x"] {
            assert!(billionths(&plain(nothing)).is_err(), "{nothing}");
        }
    }
}
