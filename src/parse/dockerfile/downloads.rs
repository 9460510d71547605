//! What a call does that brings code into an image without anybody vouching for it.

use std::collections::BTreeMap;

use super::calls::{Argument, Call, is_shell};

/// A trust that is misplaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified {
    /// What is the matter, as a fragment.
    pub what: String,
    /// Whether it is only that nothing is checked; else a check is switched off, or
    /// what comes is run at once.
    pub is_mild: bool,
}

fn grave(what: impl Into<String>) -> Unverified {
    Unverified { what: what.into(), is_mild: false }
}

/// Options that switch off who the other side or the author is, by program.
const SWITCHES: [(&[&str], &[&str], &str); 11] = [
    (&["curl"], &["--insecure", "--proxy-insecure"], "takes any certificate"),
    (&["wget"], &["--no-check-certificate"], "takes any certificate"),
    (
        &["apt-get", "apt", "aptitude"],
        &["--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"],
        "installs packages that nobody signed",
    ),
    (&["apk"], &["--allow-untrusted"], "installs packages that nobody signed"),
    (
        &["dnf", "yum", "microdnf", "tdnf"],
        &["--nogpgcheck", "--no-gpgchecks", "--nogpgchecks"],
        "installs packages that nobody signed",
    ),
    (
        &["rpm"],
        &["--nosignature", "--nodigest", "--noverify"],
        "installs packages that nobody signed",
    ),
    (
        &["zypper"],
        &["--no-gpg-checks", "--gpg-auto-import-keys", "--allow-unsigned-rpm"],
        "installs packages that nobody signed",
    ),
    (&["pip", "pip3", "uv"], &["--trusted-host", "--allow-insecure-host"], "takes any certificate"),
    (&["gem"], &["--no-verify"], "checks no signature"),
    (&["npm", "yarn", "pnpm"], &["--no-strict-ssl", "--strict-ssl=false"], "takes any certificate"),
    (&["dpkg"], &["--force-bad-verify"], "installs packages that nobody signed"),
];

/// Settings that do the same, with the values that switch it off; none is any value.
const VARIABLES: [(&str, &[&str]); 7] = [
    ("GIT_SSL_NO_VERIFY", &["1", "true", "yes", "on"]),
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    ("NPM_CONFIG_STRICT_SSL", &["false"]),
    ("npm_config_strict_ssl", &["false"]),
    ("PYTHONHTTPSVERIFY", &["0"]),
    ("PIP_TRUSTED_HOST", &[]),
    ("YARN_ENABLE_STRICT_SSL", &["false", "0"]),
];

/// What is the matter with a variable that is set to this.
pub fn variable(name: &str, value: &str) -> Option<Unverified> {
    let (_, values) = VARIABLES.iter().find(|(known, _)| *known == name)?;
    let is_off = values.iter().any(|it| it.eq_ignore_ascii_case(value));
    let is_off = is_off || values.is_empty() && !value.is_empty();
    is_off.then(|| grave(format!("{name} switches the check of certificates off")))
}

/// What is the matter with each call of an instruction, by its place in the list,
/// with where to point.
pub fn unverified(calls: &[Call]) -> Vec<(Argument, Unverified)> {
    let mut found = Vec::new();
    let mut fetched = Fetched::default();
    for call in calls {
        switched_off(call, &mut found);
        for (name, value) in &call.settings {
            let wrong = value.told().and_then(|it| variable(name, it));
            found.extend(wrong.map(|it| (value.clone(), it)));
        }
        if fetches(call) {
            let name = call.name();
            if let Some(shell) = runs_at_once(calls, call) {
                let what = format!("what {name} fetches is run by {shell} as it comes");
                found.push((call.program.clone(), grave(what)));
            } else if fetched.is_checked_on_its_way(calls, call) {
                continue;
            } else {
                fetched.add(call);
            }
        } else {
            fetched.see(call, &mut found);
        }
    }
    found
}

fn switched_off(call: &Call, found: &mut Vec<(Argument, Unverified)>) {
    let name = call.name();
    let own = SWITCHES.iter().filter(|(names, _, _)| {
        names.contains(&name) || name.starts_with("pip") && names.contains(&"pip")
    });
    for (_, options, what) in own {
        let is_one = |it: &&Argument| {
            it.told().is_some_and(|word| {
                let bare = word.split('=').next().unwrap_or_default();
                options.contains(&word) || options.contains(&bare)
            })
        };
        let option = call.arguments.iter().find(is_one);
        found.extend(option.map(|it| {
            let shown = it.told().unwrap_or_default().split('=').next().unwrap_or_default();
            (it.clone(), grave(format!("{name} {shown} {what}")))
        }));
    }
    for argument in &call.arguments {
        let Some(word) = argument.told() else { continue };
        let setting = word.to_ascii_lowercase();
        let wrong = match name {
            "curl" => is_letters(word, 'k').then(|| grave("curl -k takes any certificate")),
            "git" if setting == "http.sslverify=false" => Some(grave("git takes any certificate")),
            "apt-get" | "apt" => [
                "allowinsecurerepositories",
                "allowunauthenticated",
                "verify-peer=false",
                "verify-peer \"false",
            ]
            .iter()
            .any(|it| {
                setting.contains(it) && !setting.ends_with("=false") | setting.contains("verify")
            })
            .then(|| grave(format!("{name} is told to trust whatever it gets"))),
            "dnf" | "yum" | "microdnf"
                if setting.contains("sslverify=0")
                    || setting.contains("sslverify=false")
                    || setting.contains("gpgcheck=0") =>
            {
                Some(grave(format!("{name} is told to trust whatever it gets")))
            }
            "echo" | "printf"
                if setting.contains("[trusted=yes") || setting.contains("allow-insecure=yes") =>
            {
                Some(grave("a package source is trusted whatever it holds"))
            }
            _ => None,
        };
        found.extend(wrong.map(|it| (argument.clone(), it)));
    }
    let words: Vec<&str> = call.words().collect();
    let is_pair = |key: &str, value: &str| {
        words.windows(2).any(|it| matches!(it, [a, b] if a.eq_ignore_ascii_case(key) && b.eq_ignore_ascii_case(value)))
    };
    let wrong = match name {
        "npm" | "yarn" | "pnpm" if is_pair("strict-ssl", "false") => {
            Some(grave(format!("{name} is told to take any certificate")))
        }
        "git" if is_pair("http.sslverify", "false") => Some(grave("git takes any certificate")),
        _ => None,
    };
    found.extend(wrong.map(|it| (call.program.clone(), it)));
}

/// Whether a word is short options with this letter among them. What follows a letter
/// with a value is no letter of its own.
fn is_letters(word: &str, letter: char) -> bool {
    const VALUED: &str = "AbCdDeEFHKmoPQrTuUwxXYyzt";
    let Some(letters) = word.strip_prefix('-').filter(|it| !it.starts_with('-')) else {
        return false;
    };
    letters.chars().take_while(|it| !VALUED.contains(*it)).any(|it| it == letter)
}

/// Whether a call fetches something from another host.
fn fetches(call: &Call) -> bool {
    matches!(call.name(), "curl" | "wget" | "aria2c" | "fetch") && address(call).is_some()
}

/// What it fetches; an address that nobody can tell is one as well.
fn address(call: &Call) -> Option<&Argument> {
    let is_address = |it: &&Argument| match it.told() {
        Some(word) => {
            !word.starts_with('-')
                && (word.contains("://") || word.contains('.') || word.contains('/'))
        }
        None => true,
    };
    let written = |it: &&Argument| it.told().is_some_and(|it| it.contains("://"));
    call.arguments.iter().find(written).or_else(|| call.arguments.iter().find(is_address))
}

/// The longest way from pipe to pipe that is followed.
const LONGEST: usize = 32;

const INTERPRETERS: [&str; 8] =
    ["python", "python3", "perl", "ruby", "node", "php", "eval", "source"];

/// The shell or interpreter that takes what a call prints, through whatever stands
/// between; not one that checks it first.
fn runs_at_once<'c>(calls: &'c [Call], call: &Call) -> Option<&'c str> {
    let mut at = call.into;
    for _ in 0..LONGEST {
        let next = calls.get(at?)?;
        let name = next.name();
        if is_shell(name) || INTERPRETERS.contains(&name) || name == "." {
            // With a script of its own it only reads the download.
            let has_script = next.arguments.iter().any(|it| {
                it.told().is_some_and(|it| !it.starts_with('-') && !it.starts_with("/dev/"))
            });
            let is_told = INTERPRETERS.contains(&name) && name != "eval" && name != "source";
            let is_code = next.arguments.iter().any(|it| matches!(it.told(), Some("-c" | "-e")));
            let is_read_only = is_told && (is_code || has_script);
            return (!is_read_only).then_some(name);
        }
        if verifies(next) {
            return None;
        }
        at = next.into;
    }
    None
}

/// Programs that hold what was fetched against something.
fn verifies(call: &Call) -> bool {
    let has = |words: &[&str]| call.words().any(|it| words.contains(&it));
    match call.name() {
        "sha256sum" | "sha512sum" | "sha384sum" | "sha224sum" | "b2sum" | "shasum" => {
            call.words().any(|it| it == "--check" || is_letters(it, 'c'))
        }
        "gpg" | "gpg2" => has(&["--verify", "--decrypt"]),
        "gpgv" | "cosign" | "minisign" | "signify" | "slsa-verifier" => true,
        "openssl" => has(&["-verify", "dgst"]),
        "gh" => has(&["attestation"]),
        _ => false,
    }
}

/// Files that were fetched and not held against anything yet.
#[derive(Default)]
struct Fetched {
    files: BTreeMap<String, Argument>,
    is_checked: bool,
}

impl Fetched {
    /// Whether what a call prints goes through a check.
    fn is_checked_on_its_way(&self, calls: &[Call], call: &Call) -> bool {
        let mut at = call.into;
        for _ in 0..LONGEST {
            let Some(next) = at.and_then(|it| calls.get(it)) else { return false };
            if verifies(next) {
                return true;
            }
            at = next.into;
        }
        false
    }

    fn add(&mut self, call: &Call) {
        let told = output_of(call);
        if let Some(file) = told {
            self.files.insert(file, call.program.clone());
        }
    }

    /// Looks at what is done with what was fetched before.
    fn see(&mut self, call: &Call, found: &mut Vec<(Argument, Unverified)>) {
        if verifies(call) {
            self.is_checked = true;
        }
        if self.is_checked {
            self.files.clear();
            return;
        }
        let is_run =
            matches!(call.name(), "chmod" | "dpkg" | "rpm" | "source" | "." | "unzip" | "tar")
                || is_shell(call.name())
                || INTERPRETERS.contains(&call.name());
        let words = call.words().chain(call.program.told());
        let used: Vec<String> = words
            .filter(|it| is_run || call.program.told() == Some(it))
            .map(|it| it.trim_start_matches("./").to_owned())
            .collect();
        for word in used {
            if let Some(program) = self.files.remove(&word) {
                let what =
                    "what is fetched is used, and nothing checks that it is what it should be";
                found.push((program, Unverified { what: what.to_owned(), is_mild: true }));
            }
        }
    }
}

/// The file that a call fetches into.
fn output_of(call: &Call) -> Option<String> {
    if let Some(output) = &call.output {
        return output.told().map(|it| it.trim_start_matches("./").to_owned());
    }
    let options: &[&str] = match call.name() {
        "curl" => &["-o", "--output"],
        _ => &["-O", "--output-document", "-o"],
    };
    let mut words = call.arguments.iter();
    let mut named = None;
    let mut by_address = call.name() != "curl";
    while let Some(word) = words.next() {
        let Some(text) = word.told() else { continue };
        let (option, value) = text.split_once('=').unwrap_or((text, ""));
        let is_short = call.name() == "curl" && is_joined(text, 'o')
            || call.name() == "wget" && is_joined(text, 'O');
        if options.contains(&option) || is_short {
            let next =
                if value.is_empty() { words.next().and_then(Argument::told) } else { Some(value) };
            named = next;
        } else if text == "--remote-name" || call.name() == "curl" && is_joined(text, 'O') {
            by_address = true;
        }
    }
    match named {
        Some("-") => None,
        Some(named) => Some(named.trim_start_matches("./").to_owned()),
        None if by_address => {
            let address = address(call)?.told()?;
            address.split(['?', '#']).next()?.rsplit('/').next().map(str::to_owned)
        }
        None => None,
    }
}

/// Whether a word is short options that end in this one, as `-fsSLo`.
fn is_joined(word: &str, letter: char) -> bool {
    word.strip_prefix('-').is_some_and(|it| {
        !it.starts_with('-')
            && it.ends_with(letter)
            && it.chars().all(|it| it.is_ascii_alphabetic())
    })
}
