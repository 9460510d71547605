//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::files::{Demanded, Entry, Named};
use crate::model::demand::{Applies, Demand, Mode};
use crate::model::files::Kind;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Settings, role, rule};

rule! {
    /// Files have the mode, the owner and the group that the policy demands.
    ///
    /// The policy's `[files]` entries name paths by patterns, for all containers or for those
    /// of a role. All of the container's files are walked, symbolic links never followed out of
    /// it, and whatever fits is held against its entry. Where the mode of a folder and of the
    /// files in it is demanded at once, 500 means that the folder is 500 and a file 500 or 400:
    /// the right to execute is the folder's. That there is no such file is proved by the walk,
    /// and a mild finding where the entry requires one.
    ///
    /// ## Why it matters
    /// Code and configuration that the running program cannot write stay what was built and
    /// reviewed, whatever comes in through the network.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN chown -R app /app/node_modules && chmod -R 500 /app/node_modules`
    /// Dockerfile: `RUN chmod 444 /etc/nginx/nginx.conf`, or what else the entry demands
    /// compose: what is bound has the mode that it has on the host: `chmod 444 ./nginx.conf`
    /// run: as in compose, whatever `--volume` says
    pub static RULE = {
        id: "file-modes",
        title: "files have the demanded mode and owner",
        severity: Severity::High,
        targets: [Container, Image],
        references: &[],
        parameters: &[],
        judge: judge,
    }
}

/// How many groups of files are shown as evidence.
const SHOWN: usize = 8;

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let policy = settings.files();
    let verdicts = policy.demands.iter().map(|demand| {
        let asked =
            demand.role.as_ref().and_then(|it| policy.roles.iter().find(|role| role.name == *it));
        let Some(role) = asked else { return of(facts, demand, "") };
        let recognised = role::recognised(facts, role);
        let because = match &recognised {
            Verdict::Pass(proof) => proof.statements().first().cloned().unwrap_or_default(),
            Verdict::Fail(_) | Verdict::Unknown { .. } | Verdict::NotApplicable(_) => "".into(),
        };
        of(facts, demand, &because).where_holds(recognised)
    });
    let nothing = || facts.signs.labelled.unasked("the policy demands nothing of files");
    let demanded = verdicts.reduce(Verdict::and).unwrap_or_else(nothing);
    demanded.and(role::well_named(facts, &policy.roles))
}

fn of(facts: &Facts, demand: &Demand, because: &str) -> Verdict {
    facts.files.demanded(demand).judge(|found| check(demand, because, found))
}

fn check(demand: &Demand, because: &str, found: &Demanded) -> Check {
    let name = &demand.name;
    let because = if because.is_empty() { String::new() } else { format!(" ({because})") };
    if found.files.is_empty() {
        let paths = demand.paths.join(" or ");
        return if demand.required {
            Check::broken(format!("{name}: there is no {paths}{because}")).only(Severity::Low)
        } else {
            Check::moot(format!("{name}: there is no {paths}"))
        };
    }
    for (named, owner, what, file) in [
        (found.owner, &demand.owner, "user", "passwd"),
        (found.group, &demand.group, "group", "group"),
    ] {
        if let (Some(Named::Nobody), Some(owner)) = (named, owner) {
            return Check::broken(format!(
                "{name}: the container's /etc/{file} has no {what} {owner}{because}"
            ));
        }
    }
    let count =
        |files: &mut dyn Iterator<Item = &Entry>| -> u64 { files.map(|it| it.group.count).sum() };
    let all = count(&mut found.files.iter());
    let wanted = wanted(demand, found);
    let bad: Vec<&Entry> =
        found.files.iter().filter(|it| !is_as_wanted(demand, found, it)).collect();
    let Some(first) = bad.first() else {
        return Check::holds(format!("{name}: of {all} files all are {wanted}{because}"));
    };
    let of_them = count(&mut bad.iter().copied());
    let path = first.group.first();
    let more = if of_them > 1 { format!(", and {} more", of_them - 1) } else { String::new() };
    let what = format!(
        "{name}: {of_them} of {all} files are not {wanted}: {path} is {}{more}{because}",
        in_container(first)
    );
    bad.iter().take(SHOWN).fold(Check::broken(what), |broken, entry| {
        broken.showing(entry.group.named(), entry.group.traits.to_string())
    })
}

/// A file as the policy sees it: owner and group in the container's numbering.
fn in_container(entry: &Entry) -> String {
    let traits = &entry.group.traits;
    let id = |id: Option<u32>| id.map_or_else(|| "nobody".to_owned(), |id| id.to_string());
    let (uid, gid) = (id(entry.uid), id(entry.gid));
    let what = match traits.kind {
        Kind::File if traits.linked => " by a link",
        Kind::File => "",
        other @ (Kind::Folder
        | Kind::Link
        | Kind::Socket
        | Kind::Fifo
        | Kind::CharacterDevice
        | Kind::BlockDevice) => named(other),
    };
    format!("{:04o} {uid}:{gid}{what}", traits.mode)
}

const fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "",
        Kind::Folder => " (a folder)",
        Kind::Link => " (a symbolic link)",
        Kind::Socket => " (a socket)",
        Kind::Fifo => " (a named pipe)",
        Kind::CharacterDevice | Kind::BlockDevice => " (a device)",
    }
}

fn wanted(demand: &Demand, found: &Demanded) -> String {
    let whose = |what: &str, owner: Option<Named>, written: Option<String>| match owner {
        Some(Named::Id(id)) => {
            let number = id.to_string();
            let written = written.filter(|it| *it != number && it != "root");
            Some(match written {
                Some(written) => format!("{what} {id}, {written}"),
                None => format!("{what} {id}"),
            })
        }
        Some(Named::Nobody) | None => None,
    };
    let mode = demand.mode.map(|mode| match mode {
        Mode::Exactly(bits) if demand.apply == Applies::Both && bits & 0o111 != 0 => {
            format!("mode {mode} (files {mode} or {:03o})", bits & !0o111)
        }
        Mode::Exactly(_) | Mode::AtMost(_) => format!("mode {mode}"),
    });
    let parts = [
        mode,
        whose("owner", found.owner, demand.owner.as_ref().map(ToString::to_string)),
        whose("group", found.group, demand.group.as_ref().map(ToString::to_string)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "files".to_owned() } else { parts.join(" and ") }
}

fn is_as_wanted(demand: &Demand, found: &Demanded, entry: &Entry) -> bool {
    let traits = &entry.group.traits;
    let is_folder = traits.kind == Kind::Folder;
    let is_plain = matches!(traits.kind, Kind::File | Kind::Folder);
    let mixed = demand.apply == Applies::Both;
    let is_id = |wanted: Option<Named>, id: Option<u32>| match wanted {
        None => true,
        Some(Named::Id(wanted)) => id == Some(wanted),
        Some(Named::Nobody) => false,
    };
    is_plain
        && demand.mode.is_none_or(|mode| mode.allows(traits.mode, is_folder, mixed))
        && is_id(found.owner, entry.uid)
        && is_id(found.group, entry.gid)
}

#[cfg(test)]
mod tests {
    use crate::model::demand::{Applies, Demand, Mode, Names, Owner, Role};
    use crate::model::files::Kind;
    use crate::rules::testing::{Case, cases, container};
    use serde_json::json;

    fn demand(path: &str, mode: u32) -> Demand {
        Demand {
            name: "code".to_owned(),
            role: None,
            paths: vec![path.to_owned()],
            except: vec![],
            apply: Applies::Both,
            recursive: false,
            required: false,
            mode: Some(Mode::Exactly(mode)),
            owner: None,
            group: None,
        }
    }

    fn modules() -> Demand {
        Demand { recursive: true, ..demand("/**/node_modules", 0o500) }
    }

    fn configuration() -> Demand {
        Demand { apply: Applies::Files, ..demand("/etc/nginx/**/*.conf", 0o444) }
    }

    fn app() -> Case {
        container()
            .folder("/", 0o755, (0, 0))
            .folder("/app", 0o755, (0, 0))
            .folder("/app/node_modules", 0o500, (1000, 1000))
            .file("/app/node_modules/a.js", 0o400, (1000, 1000))
    }

    fn server() -> Role {
        let texts =
            |all: &[&str]| Names::new(all.iter().map(|&it| it.to_owned()).collect()).unwrap();
        Role {
            name: "server".to_owned(),
            programs: texts(&["app"]),
            images: texts(&["*/node"]),
            services: texts(&["stage-*"]),
        }
    }

    /// Whose process is another program, unless something says otherwise.
    fn other() -> Case {
        app().status(&[("Name", "other")]).command("/bin/other").executes("/bin/other").file(
            "/app/node_modules/b.js",
            0o666,
            (0, 0),
        )
    }

    fn of_servers() -> Demand {
        Demand { role: Some("server".to_owned()), ..modules() }
    }

    cases! { RULE:
        nothing_demanded_does_not_apply: app() => "NotApplicable",
        what_is_as_demanded_passes: app().demands(modules()) => "Pass",
        what_is_not_there_does_not_apply:
            app().demands(Demand { required: false, ..configuration() }) => "NotApplicable",
        what_must_be_there_and_is_not_fails_mildly:
            app().demands(Demand { required: true, ..configuration() }) => "Fail(low)",
        a_file_that_can_be_written_fails:
            app().file("/app/node_modules/b.js", 0o600, (0, 0)).demands(modules()) => "Fail",
        a_folder_below_counts_too:
            app().folder("/app/node_modules/b", 0o755, (0, 0)).demands(modules()) => "Fail",
        without_recursion_only_the_folder_counts: app()
            .file("/app/node_modules/b.js", 0o666, (0, 0))
            .demands(Demand { recursive: false, ..modules() }) => "Pass",
        a_link_below_has_no_mode_of_its_own:
            app().met(Kind::Link, "/app/node_modules/.bin", 0o777, (0, 0)).demands(modules()) => "Pass",
        what_a_link_below_leads_to_counts: app()
            .file("/app/node_modules/out.js", 0o666, (0, 0)).which(|it| it.linked = true)
            .demands(modules()) => "Fail",
        a_link_in_the_place_of_a_named_file_is_unknown:
            app().met(Kind::Link, "/etc/nginx/x.conf", 0o777, (0, 0)).demands(configuration()) => "Unknown",
        a_named_pipe_in_the_place_of_a_file_fails:
            app().met(Kind::Fifo, "/etc/nginx/x.conf", 0o444, (0, 0)).demands(configuration()) => "Fail",
        what_a_link_leads_to_is_judged: app()
            .file("/etc/nginx/x.conf", 0o644, (0, 0)).which(|it| it.linked = true)
            .demands(configuration()) => "Fail",
        what_lies_behind_a_linked_folder_is_unknown: app()
            .folder("/srv/node_modules", 0o500, (0, 0)).which(|it| it.linked = true)
            .demands(modules()) => "Unknown",
        where_nothing_is_nobody_need_be_known: app().unread("/proc/100/root/etc/passwd")
            .demands(Demand { owner: Some(Owner::Name("app".into())), ..configuration() }) => "NotApplicable",
        another_owner_fails:
            app().demands(Demand { owner: Some(Owner::Id(0)), ..modules() }) => "Fail",
        the_owner_by_its_name_in_the_container_passes:
            app().demands(Demand { owner: Some(Owner::Name("app".into())), ..modules() }) => "Pass",
        an_owner_whom_the_container_does_not_know_fails:
            app().demands(Demand { owner: Some(Owner::Name("www".into())), ..modules() }) => "Fail",
        the_user_that_the_container_runs_as_passes:
            app().demands(Demand { owner: Some(Owner::Runtime), ..modules() }) => "Pass",
        another_group_fails:
            app().demands(Demand { group: Some(Owner::Id(0)), ..modules() }) => "Fail",
        an_owner_is_counted_as_the_container_does: container()
            .uid_map(100, "0 165536 65536").gid_map(100, "0 165536 65536")
            .folder("/srv", 0o755, (165_536, 165_536))
            .demands(Demand { owner: Some(Owner::Name("root".into())), ..demand("/srv", 0o755) }) => "Pass",
        what_is_excepted_does_not_count: app()
            .file("/app/node_modules/b.log", 0o666, (0, 0))
            .demands(Demand { except: vec!["/**/*.log".into()], ..modules() }) => "Pass",
        a_part_that_could_not_be_looked_at_leaves_it_unknown:
            app().unread_below("/app/node_modules/x").demands(modules()) => "Unknown",
        a_part_where_none_can_be_does_not_matter:
            app().unread_below("/var").demands(configuration()) => "NotApplicable",
        what_was_found_convicts_whatever_else_there_is: app()
            .file("/app/node_modules/b.js", 0o666, (0, 0)).unread_below("/").demands(modules()) => "Fail",
        the_declaration_knows_nothing_of_files:
            app().demands(modules()).declares("/HostConfig/ReadonlyRootfs", json!(false)) => "Pass",
        where_nobody_looked_it_is_unknown: container().demands(modules()) => "Unknown",
        what_nobody_looked_for_is_unknown: app().demands_unsought(configuration()) => "Unknown",
        a_role_is_recognised_by_a_program: app()
            .file("/app/node_modules/b.js", 0o666, (0, 0)).role(server()).demands(of_servers()) => "Fail",
        a_demand_of_a_role_does_not_apply_to_others:
            other().role(server()).demands(of_servers()) => "NotApplicable",
        a_role_is_recognised_by_a_label: other().role(server()).demands(of_servers())
            .declares("/Config/Labels", json!({"secaudit.role": "x, server"})) => "Fail",
        a_role_is_recognised_by_a_compose_service: other().role(server()).demands(of_servers())
            .declares("/Config/Labels", json!({"com.docker.compose.service": "stage-1"})) => "Fail",
        a_role_is_recognised_by_the_image:
            other().role(server()).demands(of_servers()).image("team/node:22") => "Fail",
        a_role_that_cannot_be_told_leaves_it_unknown:
            other().role(server()).demands(of_servers()).denied("status") => "Unknown",
        a_label_that_names_no_role_of_the_policy_fails: app().role(server()).demands(modules())
            .declares("/Config/Labels", json!({"secaudit.role": "sever"})) => "Fail(med)",
        a_label_that_cannot_be_told_leaves_it_unknown: other().role(server())
            .demands(Demand { role: Some("server".to_owned()), ..configuration() })
            .declares("/Config/Labels", json!(7)) => "Unknown",
    }
}
