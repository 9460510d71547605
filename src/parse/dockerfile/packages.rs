//! What a call does as a package manager.

mod brings;
mod options;

use super::calls::{Argument, Call};
pub use brings::brings;
use options::Read;

/// A package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manager {
    /// `apt-get`, `apt` and `aptitude`.
    Apt,
    /// `apk`.
    Apk,
    /// `dnf`, `yum`, `microdnf` and `tdnf`.
    Dnf,
    /// `zypper`.
    Zypper,
    /// `pip`, also as `python -m pip` and `uv pip`.
    Pip,
    /// `npm`.
    Npm,
    /// `yarn`.
    Yarn,
    /// `pnpm`.
    Pnpm,
}

impl Manager {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apt => "apt-get",
            Self::Apk => "apk",
            Self::Dnf => "dnf",
            Self::Zypper => "zypper",
            Self::Pip => "pip",
            Self::Npm => "npm",
            Self::Yarn => "yarn",
            Self::Pnpm => "pnpm",
        }
    }

    /// Whether its packages are those of the distribution.
    pub const fn is_of_the_system(self) -> bool {
        matches!(self, Self::Apt | Self::Apk | Self::Dnf | Self::Zypper)
    }

    /// Whether its packages are those of Node.
    pub const fn is_of_node(self) -> bool {
        matches!(self, Self::Npm | Self::Yarn | Self::Pnpm)
    }
}

/// What a package manager is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It fetches the lists of packages.
    Refresh,
    /// It installs what is named.
    Install,
    /// It installs what a lock file says, and nothing else.
    InstallLocked,
    /// It brings everything up to date.
    Upgrade,
    /// It empties its cache.
    Clean,
    /// It takes away what is named, or what nothing needs.
    Remove,
    /// Anything else, or what nobody can tell.
    Other,
}

/// A call of a package manager.
#[derive(Clone, Debug)]
pub struct Act<'c> {
    /// Which one.
    pub manager: Manager,
    /// What it does.
    pub verb: Verb,
    /// Its options with their values, where they have any.
    pub options: Vec<(&'c str, Option<&'c str>)>,
    /// The packages, or whatever else is no option.
    pub packages: Vec<&'c Argument>,
    /// A word that nobody can tell, which may be an option as well.
    pub untold: Option<&'c Argument>,
    /// Where the program stands.
    pub call: &'c Call,
}

impl Act<'_> {
    /// Whether one of these options is given, whatever its value.
    pub fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, _)| names.contains(name))
    }

    /// Whether a manager of Node's is told to install for everybody.
    pub fn is_global(&self) -> bool {
        let is_global_of_yarn = || self.call.words().next() == Some("global");
        self.has(&["-g", "--global"])
            || self.values(&["--location"]).any(|it| it == "global")
            || self.manager == Manager::Yarn && is_global_of_yarn()
    }

    /// The values of an option, as far as they can be told.
    pub fn values<'s>(&'s self, names: &'s [&'s str]) -> impl Iterator<Item = &'s str> {
        let named = self.options.iter().filter(|(name, _)| names.contains(name));
        named.filter_map(|(_, value)| *value)
    }
}

/// What a call does as a package manager; none where it is none.
pub fn act(call: &Call) -> Option<Act<'_>> {
    let mut words = call.arguments.iter().peekable();
    let name = call.name();
    let manager = match name {
        "apt-get" | "apt" | "aptitude" => Manager::Apt,
        "apk" => Manager::Apk,
        "dnf" | "yum" | "microdnf" | "tdnf" | "dnf5" => Manager::Dnf,
        "zypper" => Manager::Zypper,
        "npm" => Manager::Npm,
        "yarn" | "yarnpkg" => Manager::Yarn,
        "pnpm" => Manager::Pnpm,
        "uv" => {
            words.next_if(|it| it.told() == Some("pip"))?;
            Manager::Pip
        }
        _ if is_numbered(name, "pip") => Manager::Pip,
        _ if is_numbered(name, "python") => {
            while words
                .next_if(|it| it.told().is_some_and(|it| it.starts_with('-') && it != "-m"))
                .is_some()
            {}
            words.next_if(|it| it.told() == Some("-m"))?;
            words.next_if(|it| it.told() == Some("pip"))?;
            Manager::Pip
        }
        "corepack" => {
            let inner = words.next()?.told()?;
            match inner {
                "yarn" => Manager::Yarn,
                "pnpm" => Manager::Pnpm,
                "npm" => Manager::Npm,
                _ => return None,
            }
        }
        _ => return None,
    };
    let mut act = Act {
        manager,
        verb: Verb::Other,
        options: Vec::new(),
        packages: Vec::new(),
        untold: None,
        call,
    };
    let mut verb: Vec<&str> = Vec::new();
    let mut is_after_options = false;
    while let Some(word) = words.next() {
        let Some(text) = word.told() else {
            act.untold.get_or_insert(word);
            act.packages.push(word);
            continue;
        };
        if text == "--" {
            is_after_options = true;
        } else if text.starts_with('-') && text.len() > 1 && !is_after_options {
            let (name, value) = match options::read(manager, text) {
                Read::Next(name) => (name, words.next().and_then(Argument::told)),
                // Switches of Node's may be told whether they are on.
                Read::Whole(name, None) if manager.is_of_node() => {
                    let is_switch = |it: &&Argument| matches!(it.told(), Some("true" | "false"));
                    (name, words.next_if(is_switch).and_then(Argument::told))
                }
                Read::Whole(name, value) => (name, value),
            };
            act.options.push((name, value));
        } else if verb.is_empty() || matches!(verb[..], ["cache" | "store" | "global"]) {
            verb.push(text);
        } else {
            act.packages.push(word);
        }
    }
    act.verb = meaning(&act, &verb);
    Some(act)
}

/// Whether a name is this one, with or without a version after it: `python3.12`.
fn is_numbered(name: &str, program: &str) -> bool {
    let rest = name.strip_prefix(program);
    rest.is_some_and(|it| it.chars().all(|it| it.is_ascii_digit() || it == '.'))
}

fn meaning(act: &Act<'_>, verb: &[&str]) -> Verb {
    let is_on = |it: &(&str, Option<&str>), options: &[&str]| {
        options.contains(&it.0) && it.1 != Some("false")
    };
    let locks = |options: &[&str]| {
        if act.options.iter().any(|it| is_on(it, options)) {
            Verb::InstallLocked
        } else {
            Verb::Install
        }
    };
    match (act.manager, verb) {
        (Manager::Apt, ["update"])
        | (Manager::Apk, ["update"])
        | (Manager::Dnf, ["makecache" | "check-update"])
        | (Manager::Zypper, ["refresh" | "ref"]) => Verb::Refresh,
        (Manager::Apt, ["install" | "build-dep" | "reinstall" | "satisfy"])
        | (Manager::Apk, ["add"])
        | (
            Manager::Dnf,
            ["install" | "reinstall" | "localinstall" | "groupinstall" | "builddep" | "module"],
        )
        | (Manager::Zypper, ["install" | "in"])
        | (Manager::Pip, ["install"]) => Verb::Install,
        (Manager::Apt, ["upgrade" | "dist-upgrade" | "full-upgrade" | "safe-upgrade"])
        | (Manager::Apk, ["upgrade"])
        | (Manager::Dnf, ["update" | "upgrade" | "distro-sync"])
        | (Manager::Zypper, ["update" | "up" | "dist-upgrade" | "dup" | "patch"]) => Verb::Upgrade,
        (Manager::Apt, ["clean" | "distclean"])
        | (Manager::Apk, ["cache", "clean" | "purge"])
        | (Manager::Dnf, ["clean"])
        | (Manager::Zypper, ["clean" | "cc"])
        | (Manager::Pip, ["cache", "purge"])
        | (Manager::Npm | Manager::Yarn, ["cache", "clean" | "clear"])
        | (Manager::Pnpm, ["store", "prune"]) => Verb::Clean,
        (Manager::Apt, ["remove" | "purge" | "autoremove" | "autopurge"])
        | (Manager::Apk, ["del"])
        | (Manager::Dnf, ["remove" | "erase" | "autoremove" | "groupremove"])
        | (Manager::Zypper, ["remove" | "rm"])
        | (Manager::Pip, ["uninstall"])
        | (Manager::Npm, ["uninstall" | "un" | "remove" | "rm"])
        | (Manager::Yarn | Manager::Pnpm, ["remove" | "rm"])
        | (Manager::Yarn, ["global", "remove"]) => Verb::Remove,
        (Manager::Npm, ["ci" | "clean-install" | "ic" | "install-clean"]) => Verb::InstallLocked,
        (Manager::Npm, ["install" | "i" | "add" | "in" | "isntall"]) => Verb::Install,
        (Manager::Yarn, [] | ["install"]) => {
            // A yarn that is only asked for its version installs nothing.
            if act.has(&["--version", "-v", "--help"]) {
                Verb::Other
            } else {
                locks(&["--frozen-lockfile", "--immutable", "--pure-lockfile"])
            }
        }
        (Manager::Yarn | Manager::Pnpm, ["add"]) | (Manager::Yarn, ["global", "add"]) => {
            Verb::Install
        }
        (Manager::Pnpm, ["install" | "i"]) => locks(&["--frozen-lockfile"]),
        (Manager::Pnpm, ["fetch"]) => Verb::InstallLocked,
        _ => Verb::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::super::calls::of_script;
    use super::super::variables::Known;
    use super::*;

    fn told(script: &str) -> Option<(Manager, Verb, String)> {
        let place = |_| Place { line: 1, column: 1, length: 1 };
        let mut calls = Vec::new();
        of_script(script, &|_| Known::Untold("x"), &place, &mut calls);
        let act = act(calls.first()?)?;
        let packages: Vec<_> = act.packages.iter().map(|it| it.told().unwrap_or("?")).collect();
        Some((act.manager, act.verb, packages.join(" ")))
    }

    #[test]
    fn each_package_manager_is_understood() {
        use Manager::{Apk, Apt, Dnf, Npm, Pip, Pnpm, Yarn, Zypper};
        use Verb::{Clean, Install, InstallLocked, Other, Refresh, Remove, Upgrade};
        for (script, manager, verb, packages) in [
            ("apt-get update -qq", Apt, Refresh, ""),
            ("apt-get -o Dpkg::Use-Pty=0 -y install -t sid a b=1", Apt, Install, "a b=1"),
            ("/usr/bin/apt-get dist-upgrade", Apt, Upgrade, ""),
            ("aptitude install -R a", Apt, Install, "a"),
            ("apt-get clean", Apt, Clean, ""),
            ("apt-get $OPTS install a", Apt, Install, "? a"),
            ("apk add --no-cache --virtual .deps gcc musl-dev", Apk, Install, "gcc musl-dev"),
            ("apk --update add a", Apk, Install, "a"),
            ("apk del .deps", Apk, Remove, ".deps"),
            ("apt-get purge -y --auto-remove gcc", Apt, Remove, "gcc"),
            ("pip uninstall -y pytest", Pip, Remove, "pytest"),
            ("npm rm -g a", Npm, Remove, "a"),
            ("apk cache clean", Apk, Clean, ""),
            ("yum -y --setopt=tsflags=nodocs install a", Dnf, Install, "a"),
            ("microdnf clean all", Dnf, Clean, "all"),
            ("zypper -n in -y --no-recommends a", Zypper, Install, "a"),
            ("pip3.12 install --no-cache-dir -r requirements.txt", Pip, Install, ""),
            ("python3 -u -m pip install -U pip==24.0", Pip, Install, "pip==24.0"),
            ("uv pip install --system flask", Pip, Install, "flask"),
            ("pip install --root-user-action ignore --group dev", Pip, Install, ""),
            ("pip install --exists-action w --use-feature x a", Pip, Install, "a"),
            ("pip install -Ur requirements.txt -cc.txt a", Pip, Install, "a"),
            ("uv pip install --link-mode copy --overrides f a", Pip, Install, "a"),
            ("pip cache purge", Pip, Clean, ""),
            ("npm ci --omit=dev", Npm, InstallLocked, ""),
            ("npm --prefix web i", Npm, Install, ""),
            ("npm install -g pm2", Npm, Install, "pm2"),
            ("npm i -g --unsafe-perm true a@1.2.3", Npm, Install, "a@1.2.3"),
            ("npm i --fetch-timeout 600 -ws", Npm, Install, ""),
            ("npm run build", Npm, Other, "build"),
            ("npm cache clean --force", Npm, Clean, ""),
            ("yarn", Yarn, Install, ""),
            ("yarn --frozen-lockfile", Yarn, InstallLocked, ""),
            ("yarn --version", Yarn, Other, ""),
            ("yarn build", Yarn, Other, ""),
            ("yarn global add serve@14.2.0", Yarn, Install, "serve@14.2.0"),
            ("pnpm add -w a", Pnpm, Install, "a"),
            ("corepack pnpm install --frozen-lockfile", Pnpm, InstallLocked, ""),
            ("pnpm install", Pnpm, Install, ""),
        ] {
            assert_eq!(told(script), Some((manager, verb, packages.to_owned())), "{script}");
        }
        for script in ["uv sync", "python app.py", "pipx install x", "apt-cache policy", "make"] {
            assert_eq!(told(script), None, "{script}");
        }
    }
}
