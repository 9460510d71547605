//! The programs that a `RUN` starts, behind whatever starts them: `sudo`, `env`,
//! `exec`, `xargs` and their like, and shells that are told a script.

use std::ops::Range;

use super::Place;
use super::accounts::base;
use super::shell::{Command, Said, commands};
use super::variables::Known;

/// A program that is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The program, as it is written.
    pub program: Argument,
    /// What it is told.
    pub arguments: Vec<Argument>,
    /// What is set for it alone: the name, and the value where it can be told.
    pub settings: Vec<(String, Argument)>,
    /// What starts it, such as `sudo`, the outermost first.
    pub through: Vec<Argument>,
    /// Whether what starts it enters another folder before.
    pub is_moved: bool,
    /// The file that its output goes to.
    pub output: Option<Argument>,
    /// The call, by its place in the list, that takes what this one prints.
    pub into: Option<usize>,
}

/// A word of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// What it becomes, or why nobody can tell, as a fragment.
    pub text: Result<String, String>,
    /// Where it stands.
    pub place: Place,
}

impl Argument {
    /// What it becomes, where that can be told.
    pub fn told(&self) -> Option<&str> {
        self.text.as_deref().ok()
    }
}

impl Call {
    /// One that nobody can tell anything of.
    pub(super) fn untold(why: &str, place: Place) -> Self {
        Self {
            program: Argument { text: Err(why.to_owned()), place },
            arguments: Vec::new(),
            settings: Vec::new(),
            through: Vec::new(),
            is_moved: false,
            output: None,
            into: None,
        }
    }

    /// How many bytes its words take, about.
    pub(super) fn size(&self) -> usize {
        let of = |it: &Argument| 32 + it.text.as_ref().map_or(0, String::len);
        let words = self.arguments.iter().chain(&self.through).chain([&self.program]);
        words.map(of).sum()
    }

    /// The program's name without its folders; empty where nobody can tell it.
    pub fn name(&self) -> &str {
        self.program.told().map(base).unwrap_or_default()
    }

    /// The words that it is told, as far as they can be told.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().filter_map(Argument::told)
    }

    /// The argument that is exactly this.
    pub fn argument(&self, word: &str) -> Option<&Argument> {
        self.arguments.iter().find(|it| it.told() == Some(word))
    }
}

/// The most calls of one instruction.
const MOST: usize = 20_000;

/// How deep scripts may stand in scripts.
const DEPTH: usize = 8;

/// What a program takes before the one that it starts.
struct Wrapper {
    name: &'static str,
    /// Its options with a value in the next word.
    valued: &'static [&'static str],
    /// How many words come before the program.
    words: usize,
}

const fn wrapper(name: &'static str, valued: &'static [&'static str], words: usize) -> Wrapper {
    Wrapper { name, valued, words }
}

/// Programs that start the one that is named to them.
const WRAPPERS: [Wrapper; 24] = [
    wrapper(
        "sudo",
        &[
            "-u", "--user", "-g", "--group", "-h", "-p", "-C", "-D", "--chdir", "-R", "--chroot",
            "-T",
        ],
        0,
    ),
    wrapper("doas", &["-u", "-C"], 0),
    wrapper("env", &["-u", "--unset", "-C", "--chdir"], 0),
    wrapper("exec", &["-a"], 0),
    wrapper("command", &[], 0),
    wrapper("builtin", &[], 0),
    wrapper("busybox", &[], 0),
    wrapper("nohup", &[], 0),
    wrapper("time", &["-f", "-o"], 0),
    wrapper("nice", &["-n"], 0),
    wrapper("ionice", &["-c", "-n"], 0),
    wrapper("timeout", &["-s", "--signal", "-k", "--kill-after"], 1),
    wrapper("stdbuf", &["-i", "-o", "-e"], 0),
    wrapper("setsid", &[], 0),
    wrapper("setarch", &[], 1),
    wrapper("linux32", &[], 0),
    wrapper("eatmydata", &[], 0),
    wrapper("gosu", &[], 1),
    wrapper("su-exec", &[], 1),
    wrapper("chroot", &[], 1),
    wrapper("tini", &["-p", "-e"], 0),
    wrapper("dumb-init", &["-r", "--rewrite"], 0),
    wrapper("retry", &["-t", "-d"], 0),
    wrapper(
        "xargs",
        &["-a", "-d", "-E", "-I", "-i", "-L", "-n", "-P", "-s", "--max-args", "--max-procs"],
        0,
    ),
];

const SHELLS: [&str; 7] = ["sh", "bash", "ash", "dash", "ksh", "zsh", "su"];

/// Whether this program runs a script that it reads or is told.
pub fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}

/// The calls of a script.
pub(super) fn of_script<'v>(
    script: &str,
    look: &dyn Fn(&str) -> Known<'v>,
    place: &dyn Fn(Range<usize>) -> Place,
    found: &mut Vec<Call>,
) {
    add(commands(script, look), look, place, found, 0);
}

/// The calls of an exec form.
pub(super) fn of_words<'v>(
    words: Vec<String>,
    look: &dyn Fn(&str) -> Known<'v>,
    place: Place,
    found: &mut Vec<Call>,
) {
    let words = words.into_iter().map(|it| Said { text: Ok(it), range: 0..0 }).collect();
    add(vec![Command { words, ..Command::default() }], look, &|_| place, found, 0);
}

fn add<'v>(
    commands: Vec<Command>,
    look: &dyn Fn(&str) -> Known<'v>,
    place: &dyn Fn(Range<usize>) -> Place,
    found: &mut Vec<Call>,
    depth: usize,
) {
    // Scripts in scripts add calls between those of the list.
    let mut places: Vec<usize> = Vec::with_capacity(commands.len());
    let mut links = Vec::new();
    for command in commands {
        let into = command.into;
        let argument = |it: Said| Argument { place: place(it.range), text: it.text };
        let settings = command.settings.into_iter().map(|(name, it)| (name, argument(it)));
        let mut call = Call {
            settings: settings.collect(),
            output: command.output.map(argument),
            ..Call::untold("", place(0..0))
        };
        unwrap(command.words.into_iter().map(argument).collect(), &mut call);
        let script = script(&call).map(|it| (it.told().map(str::to_owned), it.place));
        places.push(found.len());
        links.extend(into.map(|it| (found.len(), it)));
        if found.len() >= MOST {
            break;
        }
        found.push(call);
        if let Some((Some(script), place)) = script.filter(|_| depth < DEPTH) {
            add(self::commands(&script, look), look, &|_| place, found, depth + 1);
        }
    }
    for (from, to) in links {
        if let Some(call) = found.get_mut(from) {
            call.into = places.get(to).copied();
        }
    }
}

/// Finds the program that is started in the end.
fn unwrap(words: Vec<Argument>, call: &mut Call) {
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let wrapper = WRAPPERS.iter().find(|it| word.told().map(base) == Some(it.name));
        let Some(wrapper) = wrapper.filter(|_| words.peek().is_some()) else {
            call.program = word;
            call.arguments = words.collect();
            return;
        };
        call.through.push(word);
        call.is_moved |= wrapper.name == "chroot";
        let mut left = wrapper.words;
        while let Some(next) = words.peek() {
            let text = next.told().unwrap_or_default();
            let setting = text.split_once('=').filter(|_| matches!(wrapper.name, "env" | "sudo"));
            if text == "--" {
                words.next();
                break;
            } else if text.starts_with('-') {
                let has_value = wrapper.valued.contains(&text);
                call.is_moved |= moves(wrapper.name, text);
                words.next();
                if has_value {
                    words.next();
                }
            } else if let Some((name, value)) = setting {
                let value = Argument { text: Ok(value.to_owned()), place: next.place };
                call.settings.push((name.to_owned(), value));
                words.next();
            } else if left > 0 {
                left -= 1;
                words.next();
            } else {
                break;
            }
        }
    }
}

/// Whether an option has a program started in another folder.
fn moves(wrapper: &str, option: &str) -> bool {
    let options: &[&str] = match wrapper {
        "env" => &["-C", "--chdir"],
        "sudo" => &["-D", "--chdir", "-R", "--chroot"],
        _ => &[],
    };
    options.iter().any(|it| option.starts_with(it))
}

/// The script that a shell is told with `-c`, or `eval` as its words.
fn script(call: &Call) -> Option<&Argument> {
    let name = call.name();
    if name == "eval" {
        return call.arguments.first().filter(|_| call.arguments.len() == 1);
    }
    if !is_shell(name) {
        return None;
    }
    let is_option = |it: &&Argument| {
        it.told().is_some_and(|it| {
            let letters = it.strip_prefix('-').unwrap_or_default();
            it == "--command" || !letters.starts_with('-') && letters.contains('c')
        })
    };
    let mut rest = call.arguments.iter();
    rest.find(is_option)?;
    // `-o pipefail` may stand between; `-ceu` needs nothing.
    rest.find(|it| it.told().is_none_or(|it| !it.starts_with(['-', '+'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(script: &str) -> Vec<Call> {
        let place = |it: Range<usize>| Place {
            line: 1,
            column: u32::try_from(it.start).unwrap() + 1,
            length: 1,
        };
        let mut found = Vec::new();
        of_script(script, &|_| Known::Unset, &place, &mut found);
        found
    }

    /// Each call as `program words`, with `>n` where another takes its output.
    fn shown(script: &str) -> Vec<String> {
        let shown = |it: &Call| {
            let into = it.into.map_or_else(String::new, |it| format!(" >{it}"));
            let words = it.arguments.iter().map(|it| format!(" {}", it.told().unwrap_or("?")));
            format!("{}{}{into}", it.name(), words.collect::<String>())
        };
        calls(script).iter().map(shown).collect()
    }

    #[test]
    fn programs_are_found_behind_what_starts_them() {
        for (script, expected) in [
            ("sudo -u root -E apt-get install x", "apt-get install x"),
            ("sudo -- env -i A=1 apk add y", "apk add y"),
            ("exec -a z /usr/bin/npm ci", "npm ci"),
            ("time nice -n 5 timeout -k 3 60 pip install q", "pip install q"),
            ("DEBIAN_FRONTEND=noninteractive apt-get update", "apt-get update"),
            ("if ! apt-get update; then exit 1; fi", "apt-get update"),
            ("xargs -n 1 apt-get install -y", "apt-get install -y"),
            ("sudo", "sudo"),
            ("\"$HOME/.local/bin/pip\" install x", "pip install x"),
            ("$(brew --prefix)/bin/npm ci", "brew --prefix >1"),
        ] {
            assert_eq!(shown(script)[0], expected, "{script}");
        }
    }

    #[test]
    fn what_is_set_for_a_program_is_known() {
        let found = calls("A=1 sudo B=2 env C='3 4' npm ci");
        let set: Vec<_> = found[0]
            .settings
            .iter()
            .map(|(name, it)| (name.as_str(), it.told().unwrap()))
            .collect();
        assert_eq!(set, [("A", "1"), ("B", "2"), ("C", "3 4")]);
        let through: Vec<_> = found[0].through.iter().map(|it| it.told().unwrap()).collect();
        assert_eq!(through, ["sudo", "env"]);
    }

    #[test]
    fn scripts_in_scripts_are_read() {
        assert_eq!(
            shown("bash -euo pipefail -c 'apt-get update && sh -c \"apk add y\"' && id"),
            [
                "bash -euo pipefail -c apt-get update && sh -c \"apk add y\"",
                "apt-get update",
                "sh -c apk add y",
                "apk add y",
                "id"
            ]
        );
        assert_eq!(shown("su -c 'id -u' app"), ["su -c id -u app", "id -u"]);
        assert_eq!(shown("bash install.sh -c x"), ["bash install.sh -c x", "x"]);
    }

    #[test]
    fn who_takes_what_is_printed_is_known() {
        for (script, expected) in [
            ("curl x | sh", &["curl x >1", "sh"] as &[&str]),
            ("curl x |\n sh -s", &["curl x >1", "sh -s"]),
            ("curl x |& tee f | sh", &["curl x >1", "tee f >2", "sh"]),
            ("curl x || sh", &["curl x", "sh"]),
            ("curl x; sh", &["curl x", "sh"]),
            ("(cd /tmp; curl x) | sh", &["cd /tmp >2", "curl x >2", "sh"]),
            ("{ curl x; } | sh", &["curl x >1", "sh"]),
            ("bash <(curl x) -y", &["curl x >1", "bash -y"]),
            ("sh -c \"$(curl -fsSL x)\"", &["curl -fsSL x >1", "sh -c ?"]),
            ("eval `curl x`", &["curl x >1", "eval ?"]),
            ("V=$(curl x | tr a b) make", &["curl x >1", "tr a b >2", "make"]),
            ("V=$(curl x)\nmake", &["curl x", "make"]),
            ("echo $((1 + 2)) '$(id)'", &["echo ? $(id)"]),
            ("echo \"$(cat \"$(which x)\")\"", &["which x >1", "cat ? >2", "echo ?"]),
            ("curl x | sh -c 'cat | sh'", &["curl x >1", "sh -c cat | sh", "cat >3", "sh"]),
            ("curl x > f 2>&1 && sh f", &["curl x", "sh f"]),
        ] {
            assert_eq!(shown(script), expected, "{script}");
        }
    }

    #[test]
    fn the_file_that_output_goes_to_is_known() {
        for (script, expected) in [
            ("curl x > f", Some("f")),
            ("curl x >> f 2>/dev/null", Some("f")),
            ("curl x 2>/dev/null", None),
            ("curl x >&2", None),
            ("curl x < f", None),
            ("curl x 1>f", Some("f")),
        ] {
            let found = calls(script);
            let output = found[0].output.as_ref().and_then(Argument::told);
            assert_eq!(output, expected, "{script}");
        }
    }

    #[test]
    fn hostile_scripts_end() {
        for script in [
            "$(".repeat(5_000),
            "(".repeat(50_000),
            "{ ".repeat(50_000),
            "a|".repeat(50_000),
            "`".repeat(50_001),
            "sh -c '".repeat(1_000),
            "sudo ".repeat(50_000),
            "<(".repeat(20_000),
            ")".repeat(50_000),
            "\"$(a ".repeat(5_000),
        ] {
            assert!(calls(&script).len() <= MOST);
        }
    }
}
