//! Single values: durations, counts, ports and paths.

/// A duration as Go writes it (`time.ParseDuration`): `30s`, `1m30s`, `1.5h`.
/// In nanoseconds; 0 where nothing is set, else at least a millisecond.
///
/// # Errors
/// What is wrong with it, as a fragment.
pub(in super::super) fn nanoseconds(text: &str) -> Result<i64, String> {
    const UNITS: [(&str, u64); 8] = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let wrong = || format!("{} is no duration", super::super::check::short(text));
    let is_number = |it: char| it.is_ascii_digit() || it == '.';
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() || total == 0 {
        let (number, after) = rest.split_at(rest.find(|it| !is_number(it)).ok_or_else(wrong)?);
        let (unit, after) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(wrong());
        }
        let whole = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| wrong())? };
        let whole = unit.checked_mul(whole).ok_or_else(wrong)?;
        let mut part = 0;
        let mut step = *unit;
        for digit in fraction.bytes() {
            step /= 10;
            part += step * u64::from(digit - b'0');
        }
        total = total.checked_add(whole + part).ok_or_else(wrong)?;
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    if (1..1_000_000).contains(&total) {
        return Err(format!("{text} is less than a millisecond"));
    }
    i64::try_from(total).map_err(|_| wrong())
}

/// How often a health check may fail; 0 where nothing is set.
///
/// # Errors
/// What is wrong with it, as a fragment.
pub(in super::super) fn retries(text: &str) -> Result<i32, String> {
    let count = text.parse().ok().filter(|it: &i32| *it >= 0);
    count.ok_or_else(|| format!("{} is no count", super::super::check::short(text)))
}

/// The ports of one word of `EXPOSE`, the first and the last, with the protocol.
/// What stands before a colon is a port of the host and means nothing here.
///
/// # Errors
/// What is wrong with it, as a fragment.
pub(super) fn ports(word: &str) -> Result<(u16, u16, &'static str), String> {
    let wrong = || format!("{} is no port", super::super::check::short(word));
    let (_, inner) = word.rsplit_once(':').unwrap_or(("", word));
    let (range, protocol) = inner.split_once('/').unwrap_or((inner, ""));
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "" | "tcp" => "tcp",
        "udp" => "udp",
        "sctp" => "sctp",
        _ => return Err(wrong()),
    };
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last): (u16, u16) =
        (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
    if first <= last { Ok((first, last, protocol)) } else { Err(wrong()) }
}

/// A path without `.`, `..` and empty names. A relative one begins at a folder.
pub(in super::super) fn path(folder: &str, path: &str) -> String {
    let begin = if path.starts_with('/') { "" } else { folder };
    let mut names: Vec<&str> = Vec::new();
    for name in begin.split('/').chain(path.split('/')) {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            _ => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}
