//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::build::{Done, Doubt, Layout};
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::{Act, Argument, Call, Manager, Verb, act};
use crate::parse::path::is_within;
use crate::rules::build::Faults;
use crate::rules::{Settings, rule};

rule! {
    /// A step that installs packages takes away, or never writes, what it fetched for that.
    ///
    /// The lists of apt, the caches of apk, dnf, yum, zypper, pip, npm, yarn and pnpm; only in
    /// stages that ship. A cache mount counts, since it is no part of the image. What a later step
    /// removes stays in the layer of the step before.
    ///
    /// ## Why it matters
    /// Caches are of no use in an image and can be half of it. They also tell which versions of
    /// everything were at hand when it was made.
    ///
    /// ## How to fix
    /// Dockerfile: `rm -rf /var/lib/apt/lists/*` in the same `RUN`, `apk add --no-cache`, `dnf clean all`, `pip install --no-cache-dir`, or `RUN --mount=type=cache,target=/root/.cache/pip`
    pub static RULE = {
        id: "clean-package-cache",
        title: "package managers leave no cache behind",
        severity: Severity::Low,
        targets: [Dockerfile],
        references: &["hadolint DL3009", "hadolint DL3019", "hadolint DL3032", "hadolint DL3036", "hadolint DL3040", "hadolint DL3042", "hadolint DL3060", "KICS 00481784", "KICS 295acb63", "KICS 38300d1a"],
        parameters: &[],
        judge: judge,
    }
}

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.shipped(doubt).judge(|layout| {
        let mut faults = Faults::default();
        for (done, act) in careless(layout).filter(|(done, _)| untold(*done).is_none()) {
            let what = if act.manager == Manager::Apt {
                "the lists of apt-get stay in the image".to_owned()
            } else {
                format!("the cache of {} stays in the image", act.manager.name())
            };
            faults.add(layout, done, act.call.program.place, what);
        }
        faults.or_else(|| Check::holds("no package manager leaves a cache in the image"))
    })
}

/// What nobody can tell may be the folder that is removed, or the option.
fn doubt(layout: &Layout) -> Option<Doubt> {
    let untold = careless(layout).find_map(|(done, _)| untold(done));
    untold.map(|it| (it.place, it.text.clone().err().unwrap_or_default()))
}

fn untold(done: Done<'_>) -> Option<&Argument> {
    let removes = |it: &&Call| it.name() == "rm" || act(it).is_some();
    let calls = done.step.calls.iter().filter(removes);
    calls.flat_map(|it| &it.arguments).find(|it| it.text.is_err())
}

/// Each package manager that leaves something, once a step.
fn careless(layout: &Layout) -> impl Iterator<Item = (Done<'_>, Act<'_>)> {
    layout.shipped().flat_map(|done| {
        let acts: Vec<_> = done.step.calls.iter().filter_map(act).collect();
        let mut seen = Vec::new();
        let leaves = |it: &Act<'_>| {
            let is_new = !seen.contains(&it.manager) && writes(it) && !is_told(it, done);
            seen.extend(is_new.then_some(it.manager));
            is_new && !is_cleaned(it.manager, &acts, done)
        };
        let left: Vec<_> = acts.clone().into_iter().filter(leaves).collect();
        left.into_iter().map(move |it| (done, it))
    })
}

/// Whether it fetches something that it keeps. Of what apt installs, the images of
/// Debian and Ubuntu keep nothing by themselves, so its lists are what is left.
fn writes(act: &Act<'_>) -> bool {
    act.verb == Verb::Refresh
        || act.manager != Manager::Apt
            && matches!(act.verb, Verb::Install | Verb::InstallLocked | Verb::Upgrade)
}

/// Whether it is told to keep nothing.
fn is_told(act: &Act<'_>, done: Done<'_>) -> bool {
    if act.manager != Manager::Pip {
        return act.manager == Manager::Apk && act.has(&["--no-cache"]);
    }
    let is_on = |it: &str| !["", "0", "false", "no", "off"].contains(&it.to_lowercase().as_str());
    let is_name = |it: &str| ["PIP_NO_CACHE_DIR", "UV_NO_CACHE"].contains(&it);
    let own = act.call.settings.iter().filter(|(name, _)| is_name(name));
    let set = done.step.environment.iter().filter(|(name, _)| is_name(name));
    act.has(&["--no-cache-dir", "--no-cache", "-n"])
        || own.filter_map(|(_, it)| it.told()).any(is_on)
        || set.filter_map(|(_, it)| it.as_deref().ok()).any(is_on)
}

/// The folders that hold what it keeps; those of users by how they end.
const fn folders(manager: Manager) -> &'static [&'static str] {
    match manager {
        Manager::Apt => &["/var/lib/apt/lists"],
        Manager::Apk => &["/var/cache/apk"],
        Manager::Dnf => &["/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5"],
        Manager::Zypper => &["/var/cache/zypp"],
        Manager::Pip => &[".cache/pip", ".cache/uv", ".cache"],
        Manager::Npm => &[".npm", "npm-cache", ".npm/_cacache"],
        Manager::Yarn => &[".cache/yarn", ".yarn/cache", ".cache", ".yarn", "yarn-cache"],
        Manager::Pnpm => &["pnpm/store", ".pnpm-store", "pnpm", ".local/share/pnpm"],
    }
}

fn is_cleaned(manager: Manager, acts: &[Act<'_>], done: Done<'_>) -> bool {
    let folders = folders(manager);
    let is_one = |path: &str| {
        let path = path.trim_end_matches(['*', '/']);
        folders.iter().any(|folder| {
            if folder.starts_with('/') {
                !path.is_empty() && is_within(folder, path)
            } else {
                path.ends_with(folder)
            }
        })
    };
    // A mount below the folder takes in all that matters as well.
    let is_mounted = |path: &str| is_one(path) || folders.iter().any(|it| path.contains(it));
    let mut mounts = done.instruction.mounts();
    let is_by_itself = |it: &Act<'_>| it.manager == manager && it.verb == Verb::Clean;
    let removes = |it: &Call| match it.name() {
        "rm" => it.words().any(|it| it.starts_with('-') && it.contains(['r', 'R'])),
        "find" => it.words().any(|it| it == "-delete"),
        _ => false,
    };
    // `apt-get clean` leaves the lists.
    (manager != Manager::Apt && acts.iter().any(is_by_itself))
        || done.step.calls.iter().filter(|it| removes(it)).any(|it| it.words().any(is_one))
        || mounts.any(|it| matches!(it.kind.as_str(), "cache" | "tmpfs") && is_mounted(&it.target))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        lists_that_are_removed_pass: dockerfile(
            "FROM a\nRUN apt-get update && apt-get install x && rm -rf /var/lib/apt/lists/*\n",
        ) => "Pass",
        lists_that_stay_fail: dockerfile("FROM a\nRUN apt-get update && apt-get install x && apt-get clean\n") => "Fail",
        what_a_later_step_removes_stays: dockerfile(
            "FROM a\nRUN apt-get update && apt-get install x\nRUN rm -rf /var/lib/apt/lists/*\n",
        ) => "Fail",
        a_cache_mount_passes: dockerfile(
            "FROM a\nRUN --mount=type=cache,target=/var/lib/apt apt-get update && apt-get install x\n",
        ) => "Pass",
        apk_without_a_cache_passes: dockerfile("FROM a\nRUN apk add --no-cache x\n") => "Pass",
        apk_with_a_cache_fails: dockerfile("FROM a\nRUN apk add x\n") => "Fail",
        apk_that_removes_it_passes: dockerfile("FROM a\nRUN apk add x && rm -rf /var/cache/apk/*\n") => "Pass",
        dnf_that_cleans_passes: dockerfile("FROM a\nRUN dnf install -y x && dnf clean all\n") => "Pass",
        dnf_that_does_not_fails: dockerfile("FROM a\nRUN microdnf install x\n") => "Fail",
        zypper_that_cleans_passes: dockerfile("FROM a\nRUN zypper in x && zypper clean -a\n") => "Pass",
        pip_without_a_cache_passes: dockerfile("FROM a\nRUN pip install --no-cache-dir x\n") => "Pass",
        pip_by_a_variable_passes: dockerfile("FROM a\nENV PIP_NO_CACHE_DIR=1\nRUN pip install x\n") => "Pass",
        a_variable_that_is_off_fails: dockerfile("FROM a\nENV PIP_NO_CACHE_DIR=0\nRUN pip install x\n") => "Fail",
        pip_with_a_cache_mount_passes: dockerfile(
            "FROM a\nRUN --mount=type=cache,target=/root/.cache/pip pip install x\n",
        ) => "Pass",
        pip_with_a_cache_fails: dockerfile("FROM a\nRUN python3 -m pip install x\n") => "Fail",
        npm_that_cleans_passes: dockerfile("FROM a\nRUN npm ci && npm cache clean --force\n") => "Pass",
        npm_that_does_not_fails: dockerfile("FROM a\nRUN npm ci\n") => "Fail",
        a_builder_may: dockerfile("FROM a AS b\nRUN npm ci\nFROM a\nCOPY --from=b /x /x\n") => "Pass",
        a_folder_that_nobody_can_tell_is_unknown:
            dockerfile("FROM a\nRUN apt-get update && rm -rf $LISTS\n") => "Unknown",
        nothing_to_install_passes: dockerfile("FROM a\nRUN id\n") => "Pass",
    }
}
