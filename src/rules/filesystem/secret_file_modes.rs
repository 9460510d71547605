//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::files::Entry;
use crate::model::files::Kind;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::{Parameter, Settings, Shape, rule, settings};

rule! {
    /// Keys, tokens and password files can be read only by who needs them.
    ///
    /// Files are known by their names and places, since their contents are never read: what an
    /// engine mounts below `/run/secrets`, private keys, credentials of clouds, registries and
    /// databases, `.env`. None may be readable for everybody, and none writable for more than its
    /// owner. What lies in packages of others is left out: what is published is no secret.
    ///
    /// ## Why it matters
    /// A secret that every user of the container may read is as safe as the weakest process in
    /// it, and what a sidecar or an exec session sees is everybody's.
    ///
    /// ## How to fix
    /// Dockerfile: `RUN chmod 400 /app/server.key && chown app /app/server.key`
    /// compose: the file of a secret has the mode that it has on the host: `chmod 400 ./token`
    /// run: `--volume ./token:/run/secrets/token:ro`, with the mode that the file has
    pub static RULE = {
        id: "secret-file-modes",
        title: "secret files can be read only by who needs them",
        severity: Severity::High,
        targets: [Container, Image],
        references: &["CIS Distribution Independent Linux: 6.1"],
        parameters: &[
            Parameter {
                name: "paths",
                about: "Files that are secret, as path patterns",
                shape: Shape::Patterns,
                default: &[
                    "/run/secrets/**", "/var/run/secrets/**", "/etc/ssl/private/**",
                    "/etc/shadow", "/etc/gshadow", "/etc/ssh/*_key",
                    "/**/id_rsa", "/**/id_dsa", "/**/id_ecdsa", "/**/id_ed25519",
                    "/**/*.key", "/**/*-key.pem", "/**/*_key.pem", "/**/key.pem", "/**/privkey.pem",
                    "/**/*.p12", "/**/*.pfx", "/**/*.jks", "/**/*.keystore", "/**/*.kdbx",
                    "/**/.env", "/**/.env.*", "/**/.npmrc", "/**/.pypirc", "/**/.netrc",
                    "/**/.pgpass", "/**/.my.cnf", "/**/.git-credentials",
                    "/**/.aws/credentials", "/**/.docker/config.json", "/**/.kube/config",
                ],
                check: settings::is_pattern,
            },
            Parameter {
                name: "except",
                about: "Files that are none, as path patterns",
                shape: Shape::Patterns,
                default: &[
                    "/**/.env.example", "/**/.env.sample", "/**/.env.template", "/**/.env.dist",
                    "/**/.env.defaults", "/**/node_modules/**", "/**/site-packages/**",
                    "/**/dist-packages/**", "/usr/share/**", "/etc/ssl/certs/**",
                ],
                check: settings::is_pattern,
            },
        ],
        judge: judge,
    }
}

/// How many groups of files are shown as evidence.
const SHOWN: usize = 8;

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let (paths, except) = (settings.list("paths"), settings.list("except"));
    facts.files.fitting(paths, except).judge(|files| {
        let secrets = || files.iter().filter(|it| it.group.traits.kind == Kind::File);
        let count = |files: &mut dyn Iterator<Item = &Entry>| -> u64 {
            files.map(|it| it.group.count).sum()
        };
        let bad: Vec<&Entry> = secrets().filter(|it| reach(it).is_some()).collect();
        let all = count(&mut secrets());
        let Some((first, who)) = bad.first().and_then(|it| Some((it, reach(it)?))) else {
            return if all == 0 {
                Check::moot("no file has the name or the place of a secret")
            } else {
                Check::holds(format!("of {all} secret files none is open to everybody"))
            };
        };
        let path = first.group.first();
        let bad_count = count(&mut bad.iter().copied());
        let more = if bad_count > 1 {
            format!("; {bad_count} of {all} secret files are open")
        } else {
            String::new()
        };
        let what = format!("{who} {path} ({}){more}", first.group.traits);
        bad.iter().take(SHOWN).fold(Check::broken(what), |broken, it| {
            broken.showing(it.group.named(), it.group.traits.to_string())
        })
    })
}

/// Who can do what with a secret that should not.
fn reach(entry: &Entry) -> Option<&'static str> {
    // Behind a folder that nobody but its owner may pass the mode is not the last word.
    if entry.group.doors.iter().any(|door| door.mode & 0o011 == 0) {
        return None;
    }
    let mode = entry.group.traits.mode;
    match mode {
        _ if mode & 0o004 != 0 => Some("everybody may read"),
        _ if mode & 0o002 != 0 => Some("everybody may write"),
        _ if mode & 0o020 != 0 => Some("its group may write"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::model::files::Kind;
    use crate::rules::testing::{Case, cases, container};
    use serde_json::json;

    fn holding(path: &str, mode: u32) -> Case {
        container().looks_for_secrets().folder("/", 0o755, (0, 0)).file(path, mode, (1000, 1000))
    }

    cases! { RULE:
        a_secret_of_its_owner_passes: holding("/app/server.key", 0o400) => "Pass",
        a_secret_of_a_group_passes: holding("/app/server.key", 0o440) => "Pass",
        a_secret_that_everybody_may_read_fails: holding("/app/.env", 0o644) => "Fail",
        a_secret_of_the_engine_counts: holding("/run/secrets/token", 0o444) => "Fail",
        a_secret_that_its_group_may_write_fails: holding("/app/id_rsa", 0o660) => "Fail",
        an_example_is_none: holding("/app/.env.example", 0o644) => "NotApplicable",
        a_key_in_a_published_package_is_none:
            holding("/app/node_modules/x/test/server.key", 0o644) => "NotApplicable",
        a_folder_is_none: container().looks_for_secrets().folder("/run/secrets/x", 0o755, (0, 0)) => "NotApplicable",
        behind_a_closed_folder_it_passes: container().looks_for_secrets().folder("/root", 0o700, (0, 0))
            .file("/root/.netrc", 0o644, (0, 0)) => "Pass",
        behind_a_folder_that_a_group_may_pass_it_fails: container().looks_for_secrets()
            .folder("/srv", 0o750, (0, 1000)).file("/srv/a.key", 0o666, (0, 0)) => "Fail",
        what_a_link_leads_to_counts:
            holding("/app/.env", 0o644).which(|it| it.linked = true) => "Fail",
        a_link_that_leads_away_is_unknown:
            container().looks_for_secrets().met(Kind::Link, "/app/.env", 0o777, (0, 0)) => "Unknown",
        another_name_is_none_until_the_policy_says_so: holding("/app/token", 0o644) => "NotApplicable",
        what_the_policy_names_counts: holding("/app/token", 0o644).looks_for("/app/token")
            .set("paths", &["/app/token"]) => "Fail",
        what_could_not_be_looked_at_leaves_it_unknown:
            holding("/app/server.key", 0o400).unread_below("/srv") => "Unknown",
        the_declaration_cannot_acquit:
            container().declares("/HostConfig/ReadonlyRootfs", json!(true)) => "Unknown",
    }
}
