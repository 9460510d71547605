//! Settings as a person writes them: the keys of a compose file, the options of
//! `docker run`. Both are what tells the record as it would be from the record as it is.

mod keys;
mod volumes;
mod written;

use std::fmt::Write as _;

use serde_json::Value;

use crate::model::setting::Setting;
use crate::model::untrusted::Untrusted;

use super::changed::Changed;
use super::quote;
use keys::Shape::{Bare, Driver, Flag, List, Options, Points, Text};
use keys::{KEYS, Key, LOG_DRIVER, MOUNTS, OPTIONS};
pub(super) use volumes::volumes;

/// What an engine sets by itself beside other settings, and nobody writes.
const IMPLIED: &str = "label=disable";

/// What changes on the command line of `docker run`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The options that are added, ready for a shell.
    pub add: String,
    /// The options that are left out, each with its value.
    pub leave_out: Vec<Untrusted>,
}

/// What some settings change.
pub(super) struct Fragment {
    made: Vec<Setting>,
    /// None where something of it cannot be written.
    parts: Option<Vec<Part>>,
}

/// One key with what stands there as it is and as it would be.
struct Part {
    key: &'static Key,
    before: Vec<String>,
    after: Vec<String>,
    /// Whether nobody wrote anything that would have to be taken away first.
    is_new: bool,
    /// What a list has to name in a compose file, each as YAML; none where that is not known.
    told: Option<Vec<String>>,
}

impl Fragment {
    /// What tells the record as it would be from that which the evidence has.
    pub(super) fn of(now: &Changed<'_>, after: &Value, made: Vec<Setting>) -> Self {
        let parts: Option<Vec<_>> = KEYS.iter().map(|key| Part::of(key, now, after)).collect();
        Self { made, parts: parts.map(|all| all.into_iter().flatten().collect()) }
    }

    /// A compose file to be laid over the service's own.
    pub(super) fn compose(&self, service: &str) -> Option<String> {
        let mut out = format!("services:\n  {}:\n", quote::key(service));
        for part in self.parts.as_ref()? {
            part.write(&mut out, self.choice(part))?;
        }
        Some(out)
    }

    /// What changes on the command line of `docker run`.
    pub(super) fn run(&self) -> Option<Run> {
        let (mut add, mut leave_out) = (Vec::new(), Vec::new());
        for Part { key, before, after, .. } in self.parts.as_ref()? {
            let whole = |word: &String| match key.shape {
                Flag => key.option.to_owned(),
                Bare | Text | List | Points | Driver | Options => format!("{} {word}", key.option),
            };
            let gone = before.iter().filter(|it| !after.contains(it));
            // A flag that is not given is not set, nor is what has one value alone and gets another.
            let is_replaced = matches!(key.shape, Bare | Text | Driver) && !after.is_empty();
            leave_out.extend(gone.filter(|_| !is_replaced).map(|it| Untrusted::from(whole(it))));
            for word in after.iter().filter(|it| !before.contains(it)) {
                add.push(key.option.to_owned());
                if !matches!(key.shape, Flag) {
                    add.push(quote::shell(word)?);
                }
            }
        }
        Some(Run { add: add.join(" "), leave_out })
    }

    /// What a person has to look at before this is made.
    fn choice(&self, part: &Part) -> Option<&'static str> {
        let made = part.key.settings.iter().filter(|it| self.made.contains(it));
        made.filter_map(|it| it.choice()).next()
    }
}

impl Part {
    /// One key, nothing where it does not change; none where that cannot be told.
    fn of(key: &'static Key, now: &Changed<'_>, after: &Value) -> Option<Option<Self>> {
        let value = |of: Option<&Value>| of.cloned().unwrap_or_default();
        let (was, is) = (value(now.value(key.pointer)), value(after.pointer(key.pointer)));
        if was == is {
            return Some(None);
        }
        let hides = key.pointer == OPTIONS && is_implied(now);
        let written = |it: &Value| {
            let words = if it.is_null() { Some(Vec::new()) } else { (key.words)(it) };
            let is_shown = |it: &String| !hides || it != IMPLIED;
            words.map(|all| all.into_iter().filter(is_shown).collect::<Vec<String>>())
        };
        let driver = after.pointer(LOG_DRIVER).and_then(Value::as_str);
        let (before, after) = (written(&was)?, written(&is)?);
        if before == after {
            return Some(None);
        }
        let is_new = match key.shape {
            Points => before.iter().all(|it| after.contains(it)),
            // Compose merges the options of one driver, and takes those of another away.
            Driver | Options => true,
            Flag | Bare | Text | List => after.starts_with(&before),
        };
        let texts = written::texts(now, key, &was);
        let told = |it: &String| texts.get(it).cloned().unwrap_or_else(|| quote::yaml(it));
        let added = || after.iter().filter(|it| !is_new || !before.contains(it));
        let told = match key.shape {
            List if key.pointer == MOUNTS => volumes(now, &is),
            Options => options(driver, added()),
            Flag | Bare | Text | List | Points | Driver => Some(added().map(told).collect()),
        };
        Some(Some(Self { key, before, after, is_new, told }))
    }

    fn write(&self, out: &mut String, choice: Option<&str>) -> Option<()> {
        let Self { key, after, is_new, told, .. } = self;
        let name = key.key;
        let over = if *is_new { "" } else { " !override" };
        let note = choice.map(|it| format!("  # choose: {it}")).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = match (key.shape, after.first()) {
            (Flag, value) => writeln!(out, "    {name}: {}{note}", value.is_some()),
            (Bare, Some(value)) => writeln!(out, "    {name}: {value}{note}"),
            (Text, Some(value)) => writeln!(out, "    {name}: {}{note}", quote::yaml(value)),
            (Bare | Text, None) => writeln!(out, "    {name}: !reset null{note}"),
            (Driver, value) => {
                let driver = quote::yaml(value.map_or("local", String::as_str));
                writeln!(out, "    {name}:{note}\n      driver: {driver}")
            }
            // Another driver takes none of them.
            (Options, None) => Ok(()),
            (Options, Some(_)) => {
                writeln!(out, "    {name}:{note}").ok()?;
                told.as_ref()?.iter().try_for_each(|it| writeln!(out, "      {it}"))
            }
            (List | Points, _) if told.as_ref().is_some_and(Vec::is_empty) => {
                writeln!(out, "    {name}: !override []{note}")
            }
            (List | Points, _) => {
                writeln!(out, "    {name}:{over}{note}").ok()?;
                told.as_ref()?.iter().try_for_each(|it| writeln!(out, "      - {it}"))
            }
        };
        Some(())
    }
}

/// Options of the log beside the driver that takes them: nobody knows which one an engine
/// takes by itself.
fn options<'w>(
    driver: Option<&str>,
    words: impl Iterator<Item = &'w String>,
) -> Option<Vec<String>> {
    let mut lines = vec![format!("driver: {}", quote::yaml(driver?)), "options:".to_owned()];
    for word in words {
        let (name, value) = word.split_once('=')?;
        lines.push(format!("  {}: {}", quote::key(name), quote::yaml(value)));
    }
    Some(lines)
}

/// Whether nobody wrote what an engine sets by itself.
fn is_implied(now: &Changed<'_>) -> bool {
    let Some(draft) = now.draft() else {
        let is_host = |pointer| now.text(pointer) == "host";
        return now.flag("/HostConfig/Privileged")
            || is_host("/HostConfig/PidMode")
            || is_host("/HostConfig/IpcMode");
    };
    let all = now.list(OPTIONS);
    let mut places = all.iter().enumerate().filter(|(_, it)| *it == IMPLIED);
    let of = |place: usize| draft.origins.get(&format!("{OPTIONS}/{place}"));
    places.all(|(place, _)| of(place).is_none_or(|it| it.key.raw() != "security_opt"))
}
