//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::build::{Done, Doubt, Layout};
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Act, Argument, Call, Manager, Place, Verb, act};
use crate::rules::build::Faults;
use crate::rules::{Settings, rule};

rule! {
    /// Each build gets the versions that somebody has looked at.
    ///
    /// `npm ci` and not `npm install`; yarn and pnpm with `--frozen-lockfile` or `--immutable`; pip
    /// by a file of requirements, with a constraint, or with `==`. pip, setuptools and wheel
    /// themselves are left out. Asked of every stage that is built.
    ///
    /// ## Why it matters
    /// Without a lock a build takes whatever is newest, also a release that somebody took over an
    /// hour ago. The same file then makes another image tomorrow, and nobody can say what was in it.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN npm ci --omit=dev`, `RUN yarn install --frozen-lockfile`, `RUN pip install --no-cache-dir -r requirements.txt`
    pub static RULE = {
        id: "lockfile-install",
        title: "dependencies are installed by a lock file",
        severity: Severity::Med,
        targets: [Dockerfile],
        references: &["hadolint DL3013", "hadolint DL3016", "KICS e36d8880"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.used(doubt).judge(|layout| {
        let mut faults = Faults::default();
        for (done, place, what) in loose(layout) {
            faults.add(layout, done, place, what);
        }
        faults.or_else(|| Check::holds("nothing is installed in whatever version is the newest"))
    })
}

/// A package that nobody can tell may come with its version, or without one.
fn doubt(layout: &Layout) -> Option<Doubt> {
    let calls = layout.used().flat_map(|it| &it.step.calls).filter_map(act);
    let named = calls.filter(|it| it.verb == Verb::Install && !it.manager.is_of_the_system());
    let named = named.filter(|it| !is_held(it));
    let untold = named.filter_map(|it| it.untold).next();
    untold.map(|it| (it.place, it.text.clone().err().unwrap_or_default()))
}

fn loose(layout: &Layout) -> Vec<(Done<'_>, Place, String)> {
    let mut found = Vec::new();
    for done in layout.used() {
        let held = done
            .step
            .environment
            .keys()
            .any(|it| ["PIP_CONSTRAINT", "PIP_REQUIRE_HASHES"].contains(it));
        for call in &done.step.calls {
            let Some(act) = act(call) else {
                found.extend(other(call).map(|what| (done, call.program.place, what.to_owned())));
                continue;
            };
            let is_asked = act.verb == Verb::Install && !act.manager.is_of_the_system();
            if !is_asked || is_held(&act) || act.manager == Manager::Pip && held {
                continue;
            }
            if act.packages.is_empty() {
                if let Some(instead) = instead(&act) {
                    let what =
                        format!("{} goes beyond its lock file; write {instead}", call.name());
                    found.push((done, call.program.place, what));
                }
                continue;
            }
            let loose = act
                .packages
                .iter()
                .filter(|it| it.told().is_some_and(|it| !is_exact(act.manager, it)));
            found.extend(loose.map(|it| (done, it.place, unversioned(it))));
        }
    }
    found
}

fn unversioned(package: &Argument) -> String {
    let name = Untrusted::from(package.told().unwrap_or_default());
    format!("{name} is installed in whatever version is the newest")
}

/// Whether something else says the versions.
fn is_held(act: &Act<'_>) -> bool {
    act.manager == Manager::Pip
        && act.has(&["-c", "--constraint", "--require-hashes", "--no-index", "--no-deps"])
}

/// What to write instead of an installation without a lock.
fn instead(act: &Act<'_>) -> Option<&'static str> {
    match act.manager {
        // pip without packages has a file, or does nothing.
        Manager::Npm => Some("npm ci"),
        Manager::Yarn => Some("yarn install --frozen-lockfile"),
        Manager::Pnpm => Some("pnpm install --frozen-lockfile"),
        Manager::Apt | Manager::Apk | Manager::Dnf | Manager::Zypper | Manager::Pip => None,
    }
}

/// Whether a package is named with its version, or is a file.
fn is_exact(manager: Manager, package: &str) -> bool {
    let is_file = package.starts_with(['.', '/', '~', '*'])
        || package.contains('/') && !package.starts_with('@')
        || [".whl", ".tgz", ".tar.gz"].iter().any(|it| package.ends_with(it));
    if is_file {
        return true;
    }
    if manager == Manager::Pip {
        let bare =
            package.split(['[', '<', '>', '=', '~', '!', ';', ' ']).next().unwrap_or_default();
        return package.contains("==") || ["pip", "setuptools", "wheel"].contains(&bare);
    }
    let version = package.rsplit_once('@').filter(|(name, _)| !name.is_empty());
    version.is_some_and(|(_, it)| it.starts_with(|it: char| it.is_ascii_digit() || it == 'v'))
}

/// What other programs do without a lock.
fn other(call: &Call) -> Option<&'static str> {
    let has = |words: &[&str]| call.words().any(|it| words.contains(&it));
    let verb = call.words().find(|it| !it.starts_with('-'))?;
    match (call.name(), verb) {
        ("uv", "sync") if !has(&["--locked", "--frozen"]) => {
            Some("uv may go beyond its lock file; write uv sync --locked")
        }
        ("composer", "update") => {
            Some("composer goes beyond its lock file; write composer install")
        }
        ("poetry", "update") => Some("poetry goes beyond its lock file; write poetry install"),
        ("bundle", "update") => Some("bundler goes beyond its lock file; write bundle install"),
        ("cargo", "install") if !has(&["--locked", "--frozen"]) => {
            Some("cargo goes beyond the lock file of what it installs; add --locked")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        a_lock_file_passes: dockerfile("FROM a\nRUN npm ci && yarn --frozen-lockfile && pnpm i --frozen-lockfile\n") => "Pass",
        npm_without_one_fails: dockerfile("FROM a\nRUN npm install --omit=dev\n") => "Fail",
        yarn_without_one_fails: dockerfile("FROM a\nRUN yarn\n") => "Fail",
        as_a_way_out_as_well: dockerfile("FROM a\nRUN npm ci || npm install\n") => "Fail",
        a_package_with_its_version_passes: dockerfile("FROM a\nRUN npm i -g pm2@5.4.2 @a/b@1.0.0\n") => "Pass",
        a_package_without_one_fails: dockerfile("FROM a\nRUN npm i -g pm2\n") => "Fail",
        the_latest_is_no_version: dockerfile("FROM a\nRUN npm i -g npm@latest\n") => "Fail",
        a_file_of_requirements_passes: dockerfile("FROM a\nRUN pip install --no-cache-dir -r requirements.txt\n") => "Pass",
        exact_versions_pass: dockerfile("FROM a\nRUN pip install -U pip && pip install 'gunicorn[x]==22.0.0' ./dist/a.whl .\n") => "Pass",
        a_range_fails: dockerfile("FROM a\nRUN pip install 'flask>=3'\n") => "Fail",
        a_constraint_passes: dockerfile("FROM a\nRUN pip install -c c.txt flask\n") => "Pass",
        a_builder_as_well: dockerfile("FROM a AS b\nRUN npm i\nFROM c\nCOPY --from=b /x /x\n") => "Fail",
        a_package_that_nobody_can_tell_is_unknown: dockerfile("FROM a\nARG P\nRUN pip install $P\n") => "Unknown",
        packages_of_the_distribution_are_not_asked: dockerfile("FROM a\nRUN apt-get install x\n") => "Pass",
    }
}
