//! A command's skeleton: which programs it runs and how they are joined, and
//! nothing of what they are told.
//!
//! Commands carry passwords. So a skeleton is made of what is known to be
//! harmless, never by leaving out what looks harmful: the names of well-known
//! programs, paths where a program stands, shell operators and control words,
//! the code of `exit`, and the options of [`options`] with the values of their
//! grammar. Everything else is [`WITHHELD`], word by word.

pub mod check;
pub mod options;
pub mod programs;
mod shell;
pub mod variables;
mod worth;

pub use shell::script;
pub use variables::kept_of_variable;

use options::Options;
use programs::{Role, known, role};

/// What stands in the place of a word that is not recorded.
pub const WITHHELD: &str = "…";

/// The skeleton of a list of arguments: as many words as there were.
pub fn arguments<S: AsRef<str>>(words: &[S]) -> Vec<String> {
    let mut kept = Vec::with_capacity(words.len());
    let mut state = State::Program;
    for word in words.iter().map(AsRef::as_ref) {
        let (shown, next) = state.read(word);
        kept.push(shown);
        state = next;
    }
    kept
}

/// What the next word of a list of arguments is.
enum State {
    /// A program.
    Program,
    /// An argument of a shell, which may be told to run a script.
    Shell,
    /// A shell's script.
    Script,
    /// An argument of a program that runs another one.
    Wrapper,
    /// An argument of a program with options that are kept.
    Options(Options),
    /// An argument of an interpreter: an option, or a program in its language.
    Interpreter,
    /// An argument of anything else.
    Argument,
}

impl State {
    fn read(self, word: &str) -> (String, Self) {
        match self {
            Self::Program => match program(word) {
                Some(name) => (word.to_owned(), Self::after(name)),
                None => (WITHHELD.to_owned(), Self::Argument),
            },
            Self::Shell => match word {
                _ if is_script_option(word) => (word.to_owned(), Self::Script),
                // What `-o` sets; more options may follow.
                _ if SETTINGS.contains(&word) => (word.to_owned(), Self::Shell),
                _ if word.starts_with('-') => (WITHHELD.to_owned(), Self::Shell),
                // A script by its file; what follows is told to it.
                _ => (program(word).map_or(WITHHELD, |_| word).to_owned(), Self::Argument),
            },
            Self::Script => (script(word), Self::Argument),
            Self::Wrapper => match word {
                "--" => (word.to_owned(), Self::Program),
                _ if word.starts_with('-') => (WITHHELD.to_owned(), Self::Wrapper),
                _ => Self::Program.read(word),
            },
            Self::Interpreter => match word {
                _ if word == "-m" || is_letters(word) => (word.to_owned(), Self::Interpreter),
                _ if word.starts_with('-') => (WITHHELD.to_owned(), Self::Interpreter),
                _ => match program(word).filter(|name| known(name)) {
                    Some(name) => (word.to_owned(), Self::after(name)),
                    None => (WITHHELD.to_owned(), Self::Argument),
                },
            },
            Self::Options(options) => {
                let (shown, rest) = options.read(word);
                (shown, rest.map_or(Self::Argument, Self::Options))
            }
            Self::Argument => (WITHHELD.to_owned(), Self::Argument),
        }
    }

    fn after(name: &str) -> Self {
        match role(name) {
            Role::Shell => Self::Shell,
            Role::Init | Role::Wrapper => Self::Wrapper,
            Role::Interpreter => Self::Interpreter,
            // What such a script is told is most often the program that it starts in the end.
            Role::Other if name.ends_with(".sh") || name.contains("entrypoint") => {
                Self::Interpreter
            }
            Role::Other => Options::of(name).map_or(Self::Argument, Self::Options),
        }
    }
}

/// Settings of a shell, as `set -o` names them, and the shells of BusyBox.
const SETTINGS: [&str; 6] = ["pipefail", "errexit", "nounset", "xtrace", "ash", "sh"];

/// Whether an option of a shell says that the next word is a script: `-c`,
/// also joined with others, as in `-ec`.
fn is_script_option(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    letters.len() <= 5
        && letters.contains('c')
        && letters.bytes().all(|byte| b"cefiluvx".contains(&byte))
}

/// Whether a word is switches of Python's without a value, each a letter (`python(1)`).
fn is_letters(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    (1..=5).contains(&letters.len())
        && letters.bytes().all(|letter| b"bBdEiIOPqRsSuvx".contains(&letter))
}

/// The name of the program that a word calls, where the word may be kept: a
/// well-known name, also in a folder such as `venv/bin`, or a path in a plain alphabet.
pub fn program(word: &str) -> Option<&str> {
    let (folder, name) = word.rsplit_once('/').unwrap_or(("", word));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte);
    let is_well_known = (folder == "bin" || folder.ends_with("/bin")) && known(name);
    let is_path = (word.starts_with('/') || word.starts_with("./") || is_well_known)
        && word.len() <= 200
        && word.bytes().all(is_plain)
        && !name.is_empty();
    let bare = word.strip_prefix('-').unwrap_or(word);
    if is_path {
        Some(name)
    } else {
        // A login shell's own name begins with a dash.
        known(bare).then_some(bare)
    }
}

/// The words of a command from the program that an init or another wrapper is
/// told to run; the command itself where nothing wraps it.
pub fn unwrapped<S: AsRef<str>>(words: &[S]) -> &[S] {
    let wraps = |word: &S| {
        program(word.as_ref()).is_some_and(|name| matches!(role(name), Role::Init | Role::Wrapper))
    };
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        if !wraps(first) {
            break;
        }
        let options = after.iter().take_while(|word| {
            let word = word.as_ref();
            word != "--" && (word == WITHHELD || word.starts_with('-'))
        });
        let options = options.count();
        let dashes = usize::from(after.get(options).is_some_and(|word| word.as_ref() == "--"));
        match after.get(options + dashes..) {
            Some(inner) if !inner.is_empty() => rest = inner,
            _ => break,
        }
    }
    rest
}

/// The commands that a skeleton starts, each by its words: that of a list of arguments, without
/// an init and other wrappers, or those of the script that a shell is told.
pub fn calls<'w>(words: &[&'w str]) -> Vec<Vec<&'w str>> {
    let inner = unwrapped(words);
    let script = script_at(inner).and_then(|at| inner.get(at));
    let Some(script) = script else { return vec![inner.to_vec()] };
    let words: Vec<&str> = script.split(' ').collect();
    let calls = words.split(|word| worth::BETWEEN.contains(word));
    calls.filter(|call| !call.is_empty()).map(<[_]>::to_vec).collect()
}

/// The place of the script that a shell is told on its command line.
fn script_at<S: AsRef<str>>(words: &[S]) -> Option<usize> {
    let option = || words.iter().position(|word| is_script_option(word.as_ref()));
    is_shell_form(words).then(option)?.map(|at| at + 1)
}

/// Whether a shell is told a script on its command line: `sh -c …`.
pub fn is_shell_form<S: AsRef<str>>(words: &[S]) -> bool {
    let Some((first, rest)) = unwrapped(words).split_first() else { return false };
    let is_shell = program(first.as_ref()).is_some_and(|name| role(name) == Role::Shell);
    let mut options = rest.iter().map(AsRef::as_ref).take_while(|word: &&str| {
        word.starts_with('-') || *word == WITHHELD || SETTINGS.contains(word)
    });
    is_shell && options.any(is_script_option)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(words: &[&str]) -> String {
        arguments(words).join(" ")
    }

    #[test]
    fn programs_and_the_options_that_rules_read_are_kept() {
        for (words, expected) in [
            (&["/bin/app", "--password", "s3cret"] as &[&str], "/bin/app … …"),
            (&["nginx", "-g", "daemon off;"], "nginx -g daemon off;"),
            (&["nginx", "-g", "env SECRET=s3cret;"], "nginx -g …"),
            (
                &["node", "--max-old-space-size=256", "/app/s3cret.js"],
                "node --max-old-space-size=256 …",
            ),
            (
                &["node", "-r", "s3cret", "--max-old-space-size", "256"],
                "node … … --max-old-space-size 256",
            ),
            (&["node", "app.js", "--max-old-space-size=256"], "node … …"),
            (&["java", "-Xmx512m", "-Ds=s3cret", "-jar", "x", "-Xmx1g"], "java -Xmx512m … … … …"),
            (
                &["java", "-cp", "s3cret", "-XX:MaxRAMPercentage=75.0", "Main"],
                "java … … -XX:MaxRAMPercentage=75.0 …",
            ),
            (&["java", "-Xmxs3cret"], "java …"),
            (
                &["/usr/bin/python3.12", "/usr/bin/gunicorn", "-w", "4", "app:s3cret"],
                "/usr/bin/python3.12 /usr/bin/gunicorn -w 4 …",
            ),
            (
                &["python", "-m", "uvicorn", "--workers=3", "--host", "s3cret"],
                "python -m uvicorn --workers=3 … …",
            ),
            (&["python", "s3cret.py"], "python …"),
            (
                &["gunicorn", "-k", "gevent", "-k", "s3cret", "-w", "s3cret"],
                "gunicorn -k gevent -k … -w …",
            ),
            (
                &["/sbin/docker-init", "--", "/bin/sh", "-c", "exec nginx"],
                "/sbin/docker-init -- /bin/sh -c exec nginx",
            ),
            (&["tini", "-g", "--", "s3cret"], "tini … -- …"),
            (
                &["docker-entrypoint.sh", "redis-server", "--save", "", "--requirepass", "s3cret"],
                "docker-entrypoint.sh redis-server --save  --requirepass …",
            ),
            (&["docker-entrypoint.sh", "s3cret", "redis-server"], "docker-entrypoint.sh … …"),
            (&["redis-server", "/srv/s3cret", "--dir", "/srv/x"], "redis-server … --dir /srv/x"),
            (&["postgres", "-D", "/srv/data", "-c", "s3cret"], "postgres -D /srv/data … …"),
            (&["s3cret"], "…"),
            (&["postgres: s3cret db [local] idle"], "…"),
            (
                &["sh", "-c", "curl -u s3cret http://x || exit 1", "s3cret"],
                "sh -c curl … || exit 1 …",
            ),
            (&["bash", "-euo", "pipefail", "-c", "exit 1"], "bash … pipefail -c exit 1"),
            (&["busybox", "sh", "-c", "s3cret"], "busybox sh -c …"),
            (&["/bin/bash", "/entrypoint.sh", "s3cret"], "/bin/bash /entrypoint.sh …"),
            (&["/entrypoint.sh", "gunicorn", "-w4", "s3cret"], "/entrypoint.sh gunicorn -w4 …"),
            (&["docker-entrypoint.sh", "s3cret", "gunicorn"], "docker-entrypoint.sh … …"),
            (&["venv/bin/gunicorn3", "--timeout=s3cret"], "venv/bin/gunicorn3 --timeout=…"),
            (&["s3cret/nginx", "s3cret"], "… …"),
            (&["python3", "-Bu", "-m", "gunicorn", "-c", "s3cret"], "python3 -Bu -m gunicorn -c …"),
            (&["python", "-X", "s3cret", "-u"], "python … … …"),
        ] {
            assert_eq!(kept(words), expected, "{words:?}");
        }
    }

    #[test]
    fn a_skeleton_starts_its_own_command_or_those_of_its_script() {
        for (words, expected) in [
            (&["tini", "--", "gunicorn", "-w", "4"] as &[&str], "gunicorn -w 4"),
            (&["sh", "-c", "cd … && exec gunicorn -w 4 …"], "cd … | exec gunicorn -w 4 …"),
            (&["tini", "--", "sh", "-ec", "if test … ; then node … ; fi"], "if test … | node …"),
            (&["sh", "-c", ""], ""),
            (&[], ""),
        ] {
            let calls: Vec<String> = calls(words).iter().map(|it| it.join(" ")).collect();
            assert_eq!(calls.join(" | "), expected, "{words:?}");
        }
    }

    #[test]
    fn a_shells_script_is_found_behind_an_init() {
        for (words, expected) in [
            (&["/bin/sh", "-c", "x"] as &[&str], true),
            (&["bash", "-ec", "x"], true),
            (&["/sbin/docker-init", "--", "/bin/sh", "-c", "x"], true),
            (&["tini", "…", "--", "sh", "-c", "x"], true),
            (&["busybox", "sh", "-c", "x"], true),
            (&["bash", "…", "pipefail", "-c", "x"], true),
            (&["/bin/sh", "/entrypoint.sh"], false),
            (&["/bin/sh"], false),
            (&["/bin/app", "-c", "x"], false),
            (&["…"], false),
            (&[], false),
        ] {
            assert_eq!(is_shell_form(words), expected, "{words:?}");
        }
    }
}
