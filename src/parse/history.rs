//! What a step of an image's history was: `CreatedBy`, as the builders write it.
//!
//! Docker's old builder writes `/bin/sh -c #(nop)  ENV A=b` and `|1 A=b /bin/sh
//! -c make`, `BuildKit` writes `ENV A=b` and `RUN |1 A=b /bin/sh -c make #
//! buildkit`. Nobody quotes, so where a value ends is told by the next name.

/// A step, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The instruction, `RUN` where only a command stands; empty where none can be told.
    pub instruction: String,
    /// What it gives a value to, and the value. What has no name has an empty one.
    pub given: Vec<(String, String)>,
}

/// The instructions of a Dockerfile that are written to a history.
const INSTRUCTIONS: [&str; 16] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
];

/// Options of programs whose next word is a name and a password with a colon between.
const USERS: [&str; 2] = ["-u", "--user"];

/// Takes a step apart.
pub fn step(created_by: &str) -> Step {
    let text = created_by.trim().trim_end_matches("# buildkit").trim_end();
    let text = match text.split_once("#(nop)") {
        Some((shell, rest)) if shell.len() <= 64 => rest.trim_start(),
        _ => text,
    };
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let is_known = INSTRUCTIONS.contains(&first) || first == "WORKDIR";
    let (instruction, rest) = if is_known {
        (first, rest)
    } else if first.starts_with('|') || first.starts_with('/') {
        ("RUN", text)
    } else {
        ("", text)
    };
    let given = match instruction {
        "ENV" | "ARG" | "LABEL" => assigned(rest),
        "RUN" => run(rest),
        _ => script(rest),
    };
    Step { instruction: instruction.to_owned(), given }
}

/// `A=b c D=e`: a word that begins like an assignment begins the next value.
fn assigned(text: &str) -> Vec<(String, String)> {
    let mut given: Vec<(String, String)> = Vec::new();
    for word in text.split_whitespace() {
        match (assignment(word), given.last_mut()) {
            (Some((name, value)), _) => given.push((name.to_owned(), value.to_owned())),
            (None, Some((_, value))) => {
                value.push(' ');
                value.push_str(word);
            }
            (None, None) => given.push((String::new(), word.to_owned())),
        }
    }
    given
}

/// `|2 A=b C=d /bin/sh -c make`: what the build was given, then the command.
fn run(text: &str) -> Vec<(String, String)> {
    let Some(rest) = text.trim_start().strip_prefix('|') else { return script(text) };
    let (count, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let count: usize = count.parse().unwrap_or_default();
    // The values end where the shell begins, which builders write with its path.
    let shell = [" /bin/sh -c ", " /bin/bash -", " /bin/ash -"].iter();
    let end = shell.filter_map(|it| rest.find(it)).min().unwrap_or(rest.len());
    let (values, command) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let mut given = assigned(values);
    given.truncate(count);
    given.extend(script(command));
    given
}

/// Everything in a command that gives something a value: assignments, options,
/// and words that may be all value.
fn script(text: &str) -> Vec<(String, String)> {
    let is_between = |it: char| it.is_whitespace() || "\"'`;|&()<>,[]{}".contains(it);
    let mut given = Vec::new();
    let mut before: Option<&str> = None;
    for word in text.split(is_between).filter(|it| !it.is_empty()) {
        let option = before.take();
        if let Some((name, value)) = assignment(word.trim_start_matches('-')) {
            // A quote begins after the equals sign: the value is the next word.
            if value.is_empty() {
                before = Some(name);
            } else {
                given.push((name.to_owned(), value.to_owned()));
            }
        } else if word.starts_with('-') {
            before = Some(word);
        } else if let Some(option) = option {
            let name = match USERS.contains(&option) {
                true if word.contains(':') => "user-password",
                true => "user-name",
                false => option.trim_start_matches('-'),
            };
            let value = word.rsplit(':').next().filter(|_| name == "user-password");
            given.push((name.to_owned(), value.unwrap_or(word).to_owned()));
        } else {
            given.push((String::new(), word.to_owned()));
        }
    }
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----") {
        given.push((String::new(), "-----BEGIN PRIVATE KEY-----".to_owned()));
    }
    given.retain(|(_, value)| !value.starts_with('$'));
    given
}

/// `NAME=value`, of which the name is one.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && name.chars().all(|it| it.is_ascii_alphanumeric() || "_-.".contains(it));
    is_name.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Vec<(String, String)> {
        step(text).given
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn both_builders_steps_are_told_alike() {
        for (text, instruction, first) in [
            ("/bin/sh -c #(nop)  ENV A=b c D=e", "ENV", pair("A", "b c")),
            ("ENV A=b c D=e", "ENV", pair("A", "b c")),
            ("ARG TOKEN=x", "ARG", pair("TOKEN", "x")),
            ("|1 TOKEN=x y /bin/sh -c make", "RUN", pair("TOKEN", "x y")),
            ("RUN |1 TOKEN=x /bin/sh -c make # buildkit", "RUN", pair("TOKEN", "x")),
            ("/bin/sh -c PASSWORD=x make", "RUN", pair("", "/bin/sh")),
            ("COPY . /app # buildkit", "COPY", pair("", ".")),
            ("bazel build ...", "", pair("", "bazel")),
        ] {
            let step = step(text);
            assert_eq!(step.instruction, instruction, "{text}");
            assert_eq!(step.given.first(), Some(&first), "{text}");
        }
    }

    #[test]
    fn a_command_is_searched_for_what_it_gives_a_value_to() {
        let text = "RUN /bin/sh -c curl -u me:hunter2 --token 'abc' https://x:y@h/ && \
                    export DB_PASSWORD=\"s3cret\" A=$B; npm i --password=p # buildkit";
        let given = given(text);
        for (name, value) in [
            ("user-password", "hunter2"),
            ("token", "abc"),
            ("", "https://x:y@h/"),
            ("password", "p"),
        ] {
            assert!(given.contains(&pair(name, value)), "{name}: {given:?}");
        }
        assert!(given.iter().all(|(_, value)| value != "$B"));
        // A quoted value is a word of its own, and its name the assignment before.
        assert!(given.contains(&pair("DB_PASSWORD", "s3cret")), "{given:?}");
    }

    #[test]
    fn no_text_is_too_odd() {
        for text in ["", "|", "|9", "|x y", "#(nop)", "/bin/sh -c #(nop) ", "ENV", "ENV =", "é=é"]
        {
            step(text);
        }
    }
}
