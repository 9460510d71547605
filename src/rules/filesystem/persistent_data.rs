//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::mounts::Mount;
use crate::facts::storage::Work;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::path::is_within;
use crate::rules::settings::{is_absolute, is_glob};
use crate::rules::store::{Store, by_name, folder, folders, is_redis};
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// What must last is on a volume that has a name, or in a folder of the host.
    ///
    /// Of databases and brokers, known by the programs that run or by the image's name, the
    /// folder of the data is asked: where the program works, what its options or `PGDATA` say,
    /// else where official images, Bitnami's and Debian's packages have it. It is not in the
    /// container's own layer, not in memory, and not on a volume without a name. A port alone
    /// tells no folder: what only passes on to a database has none.
    ///
    /// A volume without a name is one that the image declares by `VOLUME` and nobody mounts
    /// anything on, or that is asked for without a source. Those of what can be made again may be
    /// without one. What an image declares that is not at hand is asked of the container. A cache
    /// needs nothing that lasts: memcached, or a Redis with `--save ""` and no `--appendonly yes`.
    ///
    /// ## Why it matters
    /// An update makes the container anew, and its layer is gone; a volume without a name stays
    /// behind where nobody finds it, until `docker compose down -v` or `docker volume prune` takes
    /// it. Whoever can have a container restarted can then have a database emptied.
    ///
    /// ## How to fix
    /// compose: `volumes: ["db_data:/var/lib/postgresql/data"]`, and `volumes: {db_data: {}}` at the top level
    /// run: `--volume db_data:/var/lib/postgresql/data`
    pub static RULE = {
        id: "persistent-data",
        title: "what must last is on a named volume",
        severity: Severity::Med,
        targets: [Container, Service],
        references: &[],
        parameters: &[
            Parameter {
                name: "paths",
                about: "Further folders whose content must last",
                shape: Shape::List,
                default: &[],
                check: is_absolute,
            },
            Parameter {
                name: "except",
                about: "Where a volume may be without a name, as patterns of paths",
                shape: Shape::List,
                default: &[
                    "/tmp", "/tmp/*", "/var/tmp", "/var/tmp/*", "/run", "/run/*", "/var/run/*",
                    "/var/cache/*", "*/.cache", "*/.next", "*/.venv", "*/__pycache__",
                    "*/node_modules", "*/vendor", "*/venv",
                ],
                check: is_glob,
            },
        ],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let storage = &facts.storage;
    let nameless = storage.known.judge(|mounts| nameless(mounts, settings));
    let named = match settings.list("paths") {
        [] => nameless,
        paths => nameless.and(storage.mounts.judge(|mounts| all_last(paths, mounts))),
    };
    let kept = |of_redis| storage.work.judge(|work| check(work, of_redis));
    let lasts = storage.forgets.judge(|forgets| {
        if *forgets {
            Check::broken("it is told to keep nothing: --save \"\" and no --appendonly yes")
        } else {
            Check::holds("it is told to keep its data")
        }
    });
    let of_redis = match kept(true) {
        lost @ Verdict::Fail(_) => lost.where_holds(lasts),
        // Wherever it is, it stays.
        other @ (Verdict::Pass(_) | Verdict::Unknown { .. } | Verdict::NotApplicable(_)) => other,
    };
    let of_store = match kept(false).and(of_redis) {
        lost @ Verdict::Fail(_) => lost,
        // Where what is no store works nobody has to know.
        other @ (Verdict::Pass(_) | Verdict::Unknown { .. } | Verdict::NotApplicable(_)) => other
            .where_holds(storage.runs.judge(|runs| {
                by_name(&runs.programs, runs.image.as_ref())
                    .map_or_else(no_store, |it| Check::holds(it.sign))
            })),
    };
    of_store.and(named)
}

fn no_store() -> Check {
    Check::moot("nothing that is known to keep data")
}

/// Whether the data of a database stays, asked of every Redis or of all others.
fn check(work: &Work, of_redis: bool) -> Check {
    let store = by_name(&work.runs.programs, work.runs.image.as_ref());
    let Some(Store { name, .. }) = store.filter(|it| is_redis(it.name) == of_redis) else {
        return no_store();
    };
    let shown = Untrusted::from(name);
    if work.is_kept {
        return Check::holds(format!("{shown}: the whole root is a disk of its own"));
    }
    if let Some(folder) = folder(name, work) {
        return match on(folder, &work.mounts) {
            None => Check::broken(in_its_layer(&shown, folder)),
            Some(mount) if loss(mount).is_some() => lost(&shown, folder, mount),
            Some(_) => {
                let folder = Untrusted::from(folder);
                Check::holds(format!("the data of {shown} in {folder} lasts"))
            }
        };
    }
    let folders = folders(name);
    let Some(first) = folders.first() else {
        return Check::moot(format!("{shown} keeps nothing that must last, or nobody knows where"));
    };
    // What lies below is as good: the last folders have the number of the version.
    let is_near = |it: &&Mount| {
        folders.iter().any(|folder| is_within(folder, &it.point) || is_within(&it.point, folder))
    };
    let near: Vec<&Mount> = work.mounts.iter().filter(is_near).collect();
    match (near.iter().find(|it| loss(it).is_none()), near.first()) {
        (Some(mount), _) => {
            let point = Untrusted::from(mount.point.as_str());
            Check::holds(format!("the data of {shown} lasts: it is on {point}"))
        }
        (None, Some(mount)) => lost(&shown, &mount.point, mount),
        (None, None) => Check::broken(in_its_layer(&shown, first)),
    }
}

/// What is mounted where a folder is.
fn on<'m>(folder: &str, mounts: &'m [Mount]) -> Option<&'m Mount> {
    let around = mounts.iter().filter(|it| is_within(folder, &it.point));
    around.max_by_key(|it| it.point.len())
}

/// How what is on a mount gets lost, if it does.
fn loss(mount: &Mount) -> Option<&'static str> {
    if matches!(mount.kind.as_str(), "tmpfs" | "ramfs") {
        Some("in memory, and gone when the container stops")
    } else if mount.volume.as_deref().is_some_and(is_made_up) {
        Some("on a volume without a name of its own, which the next container does not get")
    } else {
        None
    }
}

/// Whether a volume's name is none that somebody chose: engines make one up of 64
/// hexadecimal digits.
fn is_made_up(name: &str) -> bool {
    name.is_empty() || name.len() == 64 && name.bytes().all(|it| it.is_ascii_hexdigit())
}

fn in_its_layer(whose: &Untrusted, folder: &str) -> String {
    let folder = Untrusted::from(folder);
    format!("the data of {whose} in {folder} is in the container's own layer, and gone with it")
}

fn lost(whose: &Untrusted, folder: &str, mount: &Mount) -> Check {
    let how = loss(mount).unwrap_or_default();
    let folder = Untrusted::from(folder);
    Check::broken(format!("the data of {whose} in {folder} is {how}"))
        .showing(mount.point.as_str(), mount.shown.as_str())
}

/// That no volume is without a name.
fn nameless(mounts: &[Mount], settings: &Settings) -> Check {
    let mut volumes = mounts.iter().filter(|it| it.volume.is_some()).peekable();
    if volumes.peek().is_none() {
        return Check::moot("nothing that must last is known, and there is no volume");
    }
    let may_go = |it: &Mount| settings.fits("except", &it.point);
    let bad = volumes.filter(|it| it.volume.as_deref().is_some_and(is_made_up) && !may_go(it));
    bad.fold(Check::holds("every volume has a name"), |check, mount| {
        let point = Untrusted::from(mount.point.as_str());
        check
            .also(&format!("the volume on {point} has no name of its own"))
            .showing(mount.point.as_str(), mount.shown.as_str())
    })
}

/// That each of these folders lasts.
fn all_last(paths: &[String], mounts: &[Mount]) -> Check {
    let fault = |path: &String| {
        let shown = Untrusted::from(path.as_str());
        match on(path, mounts) {
            None => Some(format!("{shown} is in the container's own layer, and gone with it")),
            Some(mount) => loss(mount).map(|how| format!("{shown} is {how}")),
        }
    };
    paths
        .iter()
        .filter_map(fault)
        .fold(Check::holds("every named folder lasts"), |check, it| check.also(&it))
}

#[cfg(test)]
mod tests {
    use super::is_made_up;
    use crate::rules::testing::{Case, cases, container, service};
    use serde_json::{Value, json};

    const DATA: &str = "/var/lib/postgresql/data";

    /// What the engine says of a volume.
    fn volume(name: &str, point: &str) -> Value {
        json!({"Type": "volume", "Name": name, "Source": format!("/var/lib/docker/volumes/{name}/_data"),
            "Destination": point, "RW": true})
    }

    /// What the kernel says of it.
    fn line(name: &str, point: &str) -> String {
        format!("60 40 8:1 /var/lib/docker/volumes/{name}/_data {point} rw - ext4 /dev/sda1 rw")
    }

    fn database() -> Case {
        container().status(&[("Name", "postgres")]).kernel("/proc/100/cwd", DATA)
    }

    fn on(name: &str) -> Case {
        database().declares("/Mounts", json!([volume(name, DATA)])).mount(&line(name, DATA))
    }

    fn redis(words: &[&str]) -> Case {
        container()
            .status(&[("Name", "redis-server")])
            .kernel("/proc/100/cwd", "/data")
            .declares("/Path", json!("docker-entrypoint.sh"))
            .declares("/Args", json!(words))
    }

    fn asks(image: &str, mounts: &Value) -> Case {
        service().image(image).writes("/Mounts", mounts.clone())
    }

    fn nobody() -> String {
        "ab".repeat(32)
    }

    cases! { RULE:
        a_database_on_a_named_volume_passes: on("shop_data") => "Pass",
        a_database_on_a_folder_of_the_host_passes:
            database().mount(&format!("60 40 8:1 /srv/db {DATA} rw - ext4 /dev/sda1 rw")) => "Pass",
        a_database_in_its_own_layer_fails: database() => "Fail",
        a_database_on_a_volume_without_a_name_fails: on(&nobody()) => "Fail",
        a_database_in_memory_fails:
            database().mount(&format!("60 40 0:70 / {DATA} rw - tmpfs tmpfs rw")) => "Fail",
        the_kernel_overrules_a_volume_that_something_covers: on("shop_data").mount(&format!(
            "{}\n61 60 0:70 / {DATA} rw - tmpfs tmpfs rw", line("shop_data", DATA))) => "Fail",
        a_named_volume_that_is_not_mounted_fails:
            database().declares("/Mounts", json!([volume("shop_data", DATA)])) => "Fail",
        what_nobody_can_see_mounted_acquits_nobody: database()
            .declares("/Mounts", json!([volume("shop_data", DATA)]))
            .unread("/proc/100/root") => "Unknown",
        a_declaration_acquits_nobody: on("shop_data").kernel_denied() => "Unknown",
        a_declaration_convicts:
            container().image("mysql:8").declares("/Mounts", json!([])).kernel_denied() => "Fail",
        where_it_works_counts_and_not_where_others_do: on("shop_data")
            .kernel("/proc/100/cwd", "/srv/other") => "Fail",
        where_it_works_cannot_be_told: on("shop_data").unread("/proc/100/cwd") => "Unknown",
        where_others_work_does_not_matter: container().unread("/proc/100/cwd") => "NotApplicable",
        a_redis_fails_without_a_volume: redis(&["redis-server"]) => "Fail",
        a_redis_with_other_options_fails: redis(&["redis-server", "--requirepass", "…"]) => "Fail",
        a_redis_that_appends_fails: redis(&["redis-server", "--save", "", "--appendonly", "yes"]) => "Fail",
        a_redis_that_is_only_a_cache_needs_none: redis(&["redis-server", "--save", ""]) => "NotApplicable",
        what_a_redis_is_told_in_a_file_is_unknown: redis(&["redis-server", "…"]) => "Unknown",
        a_file_that_the_command_line_overrules_is_not_asked:
            redis(&["redis-server", "…", "--save", "", "--appendonly", "no"]) => "NotApplicable",
        on_a_volume_nobody_asks_what_a_redis_is_told: redis(&["redis-server", "…"])
            .declares("/Mounts", json!([volume("cache", "/data")])).mount(&line("cache", "/data")) => "Pass",
        memcached_keeps_nothing: container().status(&[("Name", "memcached")]) => "NotApplicable",
        a_port_alone_tells_no_folder:
            container().kernel("/proc/100/net/tcp", "0: 00000000:1538 00000000:0000 0A 0:0 00:0 0 0 0 9 1\n")
                => "NotApplicable",
        what_is_no_store_and_has_no_volume_is_not_judged: container() => "NotApplicable",
        a_volume_with_a_name_passes:
            container().declares("/Mounts", json!([volume("logs", "/app/logs")])).mount(&line("logs", "/app/logs"))
                => "Pass",
        an_images_volume_that_nobody_named_fails: container()
            .declares("/Mounts", json!([volume(&nobody(), "/app/uploads")]))
            .mount(&line(&nobody(), "/app/uploads")) => "Fail",
        one_of_what_can_be_made_again_passes: container()
            .declares("/Mounts", json!([volume(&nobody(), "/app/node_modules")]))
            .mount(&line(&nobody(), "/app/node_modules")) => "Pass",
        a_folder_that_the_policy_names_must_last: container().set("paths", &["/srv/uploads"]) => "Fail",
        one_that_lasts_passes: container().set("paths", &["/srv/uploads/new"])
            .mount("60 40 8:1 /srv/u /srv/uploads rw - ext4 /dev/sda1 rw") => "Pass",
        a_system_container_with_a_disk_of_its_own_passes: database().found_in_proc()
            .mounts("40 30 8:1 / / rw - ext4 /dev/sdb1 rw\n") => "Pass",
        a_service_on_a_named_volume_passes: asks("postgres:16", &json!([volume("shop_data", DATA)])) => "Pass",
        a_service_on_a_folder_of_the_host_passes: asks("postgres:16", &json!([
            {"Type": "bind", "Source": "/srv/db", "Destination": "/var/lib/postgresql", "RW": true}])) => "Pass",
        a_service_without_a_volume_fails: asks("postgres:16", &json!([])) => "Fail",
        a_service_on_its_images_own_volume_fails: asks("postgres:16", &json!([volume("", DATA)])) => "Fail",
        a_service_in_memory_fails: asks("postgres:16", &json!([]))
            .writes("/HostConfig/Tmpfs", json!({DATA: ""})) => "Fail",
        a_service_whose_volume_lies_beside_its_data_fails:
            asks("postgres:16", &json!([volume("shop_data", "/data")])) => "Fail",
        a_services_own_folder_counts: asks("postgres:16", &json!([volume("shop_data", "/pgdata")]))
            .sets(&["PGDATA=/pgdata/16"]) => "Pass",
        a_services_option_counts: asks("mysql:8", &json!([volume("shop_data", "/srv/db")]))
            .writes("/Path", json!("mysqld")).writes("/Args", json!(["--datadir", "/srv/db"])) => "Pass",
        a_services_volume_that_is_a_variable_is_unknown: asks("postgres:16", &json!([volume("", DATA)]))
            .unset("/Mounts/0/Name", "VOLUME") => "Unknown",
        what_an_entrypoint_that_nobody_knows_is_handed_counts: asks("redis:7", &json!([]))
            .writes("/Config/Cmd", json!(["redis-server", "--save", "", "--appendonly", "no"]))
            .unset("/Path", "ENTRYPOINT") => "NotApplicable",
        a_service_that_is_no_store_is_not_judged: service() => "NotApplicable",
        a_service_with_an_images_volume_fails: asks("web:1", &json!([volume("", "/app/logs")])) => "Fail",
        what_an_image_declares_that_nobody_has_leaves_nothing_open:
            asks("postgres:16", &json!([volume("shop_data", DATA)])).without_the_image() => "Pass",
    }

    #[test]
    fn engines_make_up_names_of_digits() {
        assert!(is_made_up("") && is_made_up(&nobody()));
        assert!(!is_made_up("shop_data") && !is_made_up(&"ab".repeat(31)));
    }
}
