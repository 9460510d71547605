//! What differs by intent: each with its reason, and each must occur.

use serde_json::{Value, json};

use super::differences::Difference;
use super::normal::{UNSET, stands};

/// A kind of difference that is right as it is.
pub(crate) struct Explained {
    /// Where, as in [`stands`]; empty: anywhere.
    pub(crate) at: &'static str,
    /// Which of the differences there.
    pub(crate) is: fn(&Difference) -> bool,
    /// Why each side is as it is.
    pub(crate) why: &'static str,
}

impl Explained {
    pub(crate) fn explains(&self, difference: &Difference) -> bool {
        (self.at.is_empty() || stands(self.at, &difference.path)) && (self.is)(difference)
    }
}

/// A refusal of one side that the other side need not share.
pub(crate) struct Refused {
    /// A part of what it says.
    pub(crate) says: &'static str,
    /// Why the other side accepts it.
    pub(crate) why: &'static str,
}

pub(crate) const EXPLAINED: &[Explained] = &[
    Explained {
        at: "",
        is: |it| it.ours.as_ref().is_some_and(|ours| ours.get(UNSET).is_some()),
        why: "where nobody sets a variable it puts an empty text and warns; we leave the value open",
    },
    Explained {
        at: "services.*.volumes.*.bind.create_host_path",
        is: |it| it.ours == Some(json!(true)) && it.theirs.is_none(),
        why: "the short form has always made missing folders; only the long form of today says so",
    },
    Explained {
        at: "services.*.environment.*",
        is: is_one_number,
        why: "it reads a plain number by YAML 1.1 and prints it anew; we keep what was written",
    },
    Explained {
        at: "services.*.environment.LITERAL",
        is: |it| it.ours == Some(json!("${PLAIN}")),
        why: "in environment files, single quotes keep variables from being filled in; not in it",
    },
    Explained {
        at: "services.*.environment.REFERS",
        is: |it| it.ours == Some(json!("value")) && it.theirs == Some(json!("none")),
        why: "of several environment files the later one sees what the earlier one sets; not in it",
    },
    Explained {
        at: "services.*.ports.|22|22/tcp.*",
        is: |it| it.theirs.is_none(),
        why: "to YAML 1.1 a plain `22:22` is a number to the base of 60; compose left that behind",
    },
    Explained {
        at: "services.*.ports.||1342/tcp.target",
        is: |it| it.ours.is_none(),
        why: "the other side of the number to the base of 60",
    },
    Explained {
        at: "services.*.build.args.*",
        is: |it| it.ours == Some(Value::Null) && it.theirs == Some(json!("")),
        why: "an argument that nobody gives a value is left out by compose of today, not empty",
    },
    Explained {
        at: "services.*.labels.*",
        is: |it| it.ours == Some(Value::Null) && it.theirs == Some(json!("")),
        why: "a label without a value becomes an empty one only when the container is made",
    },
    Explained {
        at: "services.*.group_add",
        is: |it| items(&it.ours).ends_with(items(&it.theirs)),
        why: "it takes the later list alone; the specification appends what has no rule of its own",
    },
    Explained {
        at: "services.*.dns*",
        is: |it| items(&it.ours) == once(&it.theirs),
        why: "it repeats what both lists have; of today's compose each name server counts once",
    },
    Explained {
        at: "services.*.build.cache_from",
        is: |it| once(&it.ours) == items(&it.theirs),
        why: "here it is the reference that takes each once, and compose of today that repeats",
    },
    Explained {
        at: "services.*.extra_hosts.*",
        is: |it| items(&it.ours).ends_with(items(&it.theirs)),
        why: "a host may have several addresses now, so a merge adds one instead of replacing it",
    },
    Explained {
        at: "services.*.healthcheck.test",
        is: |it| it.ours == Some(json!(["NONE"])) && it.theirs.is_some(),
        why: "an inherited `disable: true` holds until somebody writes `false`, whatever the test is",
    },
    Explained {
        at: "networks.*.attachable",
        is: |it| it.theirs.is_none(),
        why: "it takes a network from the last file that speaks of it; the specification merges them",
    },
    Explained {
        at: "services.base-*.deploy.resources.limits.*",
        is: |it| it.ours.is_some(),
        why: "it writes what an extending service changes into the extended one as well",
    },
    Explained {
        at: "services.base-*.logging.options.*",
        is: |it| it.ours.is_none(),
        why: "the same mistake, seen where the extending service adds an option",
    },
];

fn items(value: &Option<Value>) -> &[Value] {
    value.as_ref().and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The items, each where it stands first.
fn once(value: &Option<Value>) -> Vec<Value> {
    let mut seen = Vec::new();
    for item in items(value) {
        if !seen.contains(item) {
            seen.push(item.clone());
        }
    }
    seen
}

/// The same number, which each writes in its own way.
fn is_one_number(it: &Difference) -> bool {
    let text = |side: &Option<Value>| Some(side.as_ref()?.as_str()?.replace('_', ""));
    let (Some(ours), Some(theirs)) = (text(&it.ours), text(&it.theirs)) else { return false };
    let radix = |digits: &str, radix| i32::from_str_radix(digits, radix).ok().map(f64::from);
    let ours = match ours.strip_prefix("0x") {
        Some(digits) => radix(digits, 16),
        None if ours.starts_with('0') => radix(&ours, 8),
        None => ours.parse().ok(),
    };
    ours.is_some() && ours == theirs.parse().ok()
}

/// What the reference refuses, and the Compose Specification allows.
pub(crate) const REFUSED_BY_REFERENCE: &[Refused] = &[
    Refused {
        says: "does not match any of the regexes: '^x-'",
        why: "the key is younger than the reference",
    },
    Refused {
        says: "Invalid interpolation format",
        why: "it knows neither `${X:+y}` nor variables in defaults",
    },
    Refused {
        says: "\"disable: true\" cannot be combined with other options",
        why: "it wants a disabled health check to have lost everything else, also in a merge",
    },
    Refused {
        says: "expected a single document in the stream",
        why: "several documents in a file are merged since version 2.21 of compose",
    },
    Refused {
        says: "could not determine a constructor for the tag '!override'",
        why: "the tags came with version 2.24 of compose",
    },
    Refused {
        says: "Duplicate mount points",
        why: "it merges volumes before it resolves their targets, so that two spellings are two",
    },
];

/// What we refuse, and the reference takes.
pub(crate) const REFUSED_BY_US: &[Refused] = &[];
