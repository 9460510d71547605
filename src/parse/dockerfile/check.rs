//! What BuildKit refuses in a single instruction.

use super::built::{nanoseconds, retries};
use super::instruction::{Instruction, Keyword};
use super::words::{Exec, Pair, Word};
use super::{Place, Wrong};

/// What is wrong with an instruction, whatever stands around it.
pub(super) fn faults(instruction: &Instruction, keyword: Keyword) -> Vec<Wrong> {
    let mut found = Vec::new();
    let mut say = |place: Place, what: String, help: &str| {
        found.push(Wrong { place, what, help: help.to_owned() });
    };
    let name = instruction.name();
    let arguments = instruction.arguments();
    let place = instruction.place_of_arguments();
    let is_empty = arguments.text.is_empty();
    if takes_json(keyword) && instruction.exec() == Exec::Mixed {
        let help = "write every item of the array as a text in double quotes";
        say(place, format!("the array of {name} holds something that is no text"), help);
    }
    match keyword {
        Keyword::From => from(instruction, &mut say),
        Keyword::Env | Keyword::Label | Keyword::Arg => pairs(instruction, keyword, &mut say),
        Keyword::Copy | Keyword::Add => {
            if instruction.list().len() < 2 {
                let help = "write what to copy, then where to";
                say(place, format!("{name} needs a source and a destination"), help);
            }
        }
        Keyword::Healthcheck => health(instruction, &mut say),
        Keyword::Shell => {
            if !matches!(instruction.exec(), Exec::Array(items) if !items.is_empty()) {
                let help = "write it as SHELL [\"/bin/bash\", \"-c\"]";
                say(place, "SHELL needs a JSON array".to_owned(), help);
            }
        }
        Keyword::Expose
        | Keyword::Maintainer
        | Keyword::Onbuild
        | Keyword::Run
        | Keyword::Stopsignal
        | Keyword::User
        | Keyword::Volume
        | Keyword::Workdir => {
            if is_empty {
                say(place, format!("{name} needs an argument"), "write it after the instruction");
            }
        }
        Keyword::Cmd | Keyword::Entrypoint => {}
    }
    found
}

const fn takes_json(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::Add
            | Keyword::Cmd
            | Keyword::Copy
            | Keyword::Entrypoint
            | Keyword::Healthcheck
            | Keyword::Run
            | Keyword::Shell
            | Keyword::Volume
    )
}

fn from(instruction: &Instruction, say: &mut impl FnMut(Place, String, &str)) {
    let words = instruction.words();
    let texts: Vec<&str> = words.iter().map(|it| it.text).collect();
    match *texts {
        [_] => {}
        [_, keyword, name] if keyword.eq_ignore_ascii_case("as") => {
            if !is_stage_name(&name.to_lowercase()) {
                let place = words.last().map_or(instruction.place, |it| instruction.place_of(*it));
                let help = "begin with a letter and use only a-z, 0-9, -, _ and .";
                say(place, format!("{} cannot be the name of a stage", short(name)), help);
            }
        }
        _ => {
            let what = "FROM takes an image, or an image and AS with a name".to_owned();
            say(instruction.place_of_arguments(), what, "write FROM image AS name");
        }
    }
}

fn is_stage_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.bytes().all(|byte| is_plain(byte) || b"-_.".contains(&byte))
}

fn pairs(instruction: &Instruction, keyword: Keyword, say: &mut impl FnMut(Place, String, &str)) {
    let name = instruction.name();
    let pairs = instruction.pairs();
    if pairs.is_empty() {
        let help = "write NAME=value after it";
        say(instruction.place, format!("{name} needs an argument"), help);
    }
    for Pair { key, value } in pairs {
        let word: Word<'_> = value.filter(|_| key.text.is_empty()).unwrap_or(key);
        if key.text.is_empty() {
            let help = "write a name before the =";
            say(instruction.place_of(word), format!("{name} has a value without a name"), help);
        } else if value.is_none() && keyword != Keyword::Arg {
            let help = "write NAME=value, in quotes where the value has blanks";
            say(instruction.place_of(word), format!("{} has no value", short(key.text)), help);
        }
    }
}

fn health(instruction: &Instruction, say: &mut impl FnMut(Place, String, &str)) {
    let whole = instruction.arguments();
    let place = instruction.place_of_arguments();
    let command = instruction.command();
    let verb = whole.text.split(char::is_whitespace).next().unwrap_or_default();
    match (verb.to_ascii_uppercase().as_str(), command.text.is_empty()) {
        ("NONE", true) | ("CMD", false) => {}
        ("NONE", false) => {
            say(place, "HEALTHCHECK NONE takes no arguments".to_owned(), "write HEALTHCHECK NONE");
        }
        _ => {
            let what = "HEALTHCHECK needs CMD and a command, or NONE".to_owned();
            say(place, what, "write HEALTHCHECK CMD and the command");
        }
    }
    for flag in &instruction.flags {
        let value = flag.value.as_deref().unwrap_or_default();
        let wrong = if flag.name == "retries" {
            retries(value).err()
        } else if Keyword::Healthcheck.flags().contains(&flag.name.as_str()) {
            nanoseconds(value).err()
        } else {
            None
        };
        if let Some(what) = wrong {
            say(flag.place, what, "write a duration such as 30s or 1m30s, or a count such as 3");
        }
    }
}

/// What to write instead of a word that is not known.
pub(super) fn nearest<S: AsRef<str>>(word: &str, known: &[S], prefix: &str) -> String {
    if word.len() > 40 {
        return String::new();
    }
    let distance = |it: &S| strsim::damerau_levenshtein(word, it.as_ref());
    let alike = |it: &&S| distance(it) <= (it.as_ref().len() / 3).max(1);
    let nearest = known.iter().filter(alike).min_by_key(|it| distance(it));
    nearest.map_or_else(String::new, |it| format!("write {prefix}{}", it.as_ref()))
}

/// A text in quotes, no longer than a message may be.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
