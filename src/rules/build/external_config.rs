//! See [`RULE`].

use crate::facts::Facts;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};
use crate::parse::dockerfile::Call;
use crate::rules::build::{Faults, no_doubt};
use crate::rules::{Settings, rule};
use std::collections::{BTreeMap, BTreeSet};

rule! {
    /// No command of a `RUN` writes a configuration of several lines: it is a file that is copied.
    ///
    /// One line that is added or replaced is no configuration. `COPY <<EOF` makes a file as well, and
    /// is well. What package managers and accounts need is left out.
    ///
    /// ## Why it matters
    /// A configuration between quotes and escapes of a shell is reviewed by nobody, and no tool that
    /// knows its language sees it. A mistake in it shows when the service starts.
    ///
    /// ## How to fix
    /// Dockerfile: `COPY --chmod=444 nginx.conf /etc/nginx/nginx.conf` instead of `RUN echo "server {..." > /etc/nginx/nginx.conf`
    pub static RULE = {
        id: "external-config",
        title: "configuration is a file of its own",
        severity: Severity::Low,
        targets: [Dockerfile],
        references: &[],
        parameters: &[],
        judge: judge,
    }
}

/// From so many lines on it is a configuration.
const LINES: usize = 3;

fn judge(facts: &Facts, _: &Settings) -> Verdict {
    facts.build.shipped(no_doubt).judge(|layout| {
        let mut faults = Faults::default();
        for done in layout.shipped() {
            let mut written: BTreeMap<&str, (usize, &Call)> = BTreeMap::new();
            let fed: BTreeSet<usize> = done.step.calls.iter().filter_map(|it| it.into).collect();
            for (at, call) in done.step.calls.iter().enumerate() {
                let taken = call.into.and_then(|it| done.step.calls.get(it));
                let Some((file, by)) = output(call, taken) else { continue };
                let entry = written.entry(file).or_insert((0, by));
                entry.0 += lines(call, fed.contains(&at));
            }
            for (file, (_, call)) in written.iter().filter(|(_, (count, _))| *count >= LINES) {
                let what = format!("{} is written by a command", Untrusted::from(*file));
                faults.add(layout, done, call.program.place, what);
            }
        }
        faults.or_else(|| Check::holds("no command writes a configuration"))
    })
}

/// The configuration that a call writes, or hands to `tee` to write.
fn output<'c>(call: &'c Call, taken: Option<&'c Call>) -> Option<(&'c str, &'c Call)> {
    if !["echo", "printf", "cat", "tee"].contains(&call.name()) {
        return None;
    }
    let of_tee = |it: &'c Call| it.words().find(|it| !it.starts_with('-'));
    let tee = taken.filter(|it| it.name() == "tee");
    let file = match &call.output {
        Some(output) => output.told(),
        None if call.name() == "tee" => of_tee(call),
        None => tee.and_then(of_tee),
    };
    file.filter(|it| is_configuration(it)).map(|it| (it, call))
}

const ENDINGS: [&str; 9] =
    [".conf", ".cnf", ".ini", ".toml", ".yaml", ".yml", ".json", ".xml", ".properties"];

/// What package managers, accounts and the loader are told is for the build.
const LEFT_OUT: [&str; 7] = [
    "/etc/apt/",
    "/etc/apk/",
    "/etc/yum",
    "/etc/dnf/",
    "/etc/pip.conf",
    "/etc/ld.so",
    "/etc/sudoers",
];

fn is_configuration(file: &str) -> bool {
    let is_left_out = LEFT_OUT.iter().any(|it| file.starts_with(it));
    !is_left_out && ENDINGS.iter().any(|it| file.ends_with(it))
}

/// How many lines a call writes. What reads neither a file nor a pipe has them from a
/// heredoc, which is a file by itself.
fn lines(call: &Call, is_fed: bool) -> usize {
    let plain = |it: &&str| !it.starts_with('-');
    match call.name() {
        "cat" => {
            if call.words().any(|it| plain(&it)) || is_fed {
                0
            } else {
                LINES
            }
        }
        "tee" => {
            if is_fed {
                0
            } else {
                LINES
            }
        }
        _ => call
            .words()
            .filter(plain)
            .map(|it| 1 + it.matches("\\n").count() + it.matches('\n').count())
            .sum(),
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{cases, dockerfile};

    cases! { RULE:
        a_file_of_its_own_passes: dockerfile("FROM a\nCOPY nginx.conf /etc/nginx/nginx.conf\n") => "Pass",
        a_heredoc_that_is_copied_passes: dockerfile("FROM a\nCOPY <<EOF /etc/x.conf\na\nb\nc\nEOF\n") => "Pass",
        lines_by_echo_fail: dockerfile(
            "FROM a\nRUN echo 'a' > /etc/nginx/x.conf && echo b >> /etc/nginx/x.conf && echo c >> /etc/nginx/x.conf\n",
        ) => "Fail",
        lines_in_one_text_fail: dockerfile("FROM a\nRUN printf 'a {\\n b;\\n c;\\n}' > /etc/nginx/x.conf\n") => "Fail",
        a_heredoc_of_a_command_fails: dockerfile("FROM a\nRUN cat <<EOF > /etc/x.yaml\na: b\nEOF\n") => "Fail",
        handed_to_tee_as_well: dockerfile("FROM a\nRUN printf 'a\\nb\\nc' | tee /etc/x.ini\n") => "Fail",
        one_line_passes: dockerfile("FROM a\nRUN echo 'memory_limit=1' > /etc/php/x.ini\n") => "Pass",
        what_package_managers_need_passes: dockerfile("FROM a\nRUN cat <<EOF > /etc/apt/apt.conf.d/x.conf\na\nEOF\n") => "Pass",
        a_file_that_is_joined_passes: dockerfile("FROM a\nRUN cat a.conf b.conf > /etc/x.conf\n") => "Pass",
        a_builder_may: dockerfile("FROM a AS b\nRUN cat <<EOF > /etc/x.conf\na\nEOF\nFROM a\nCOPY --from=b /x /x\n") => "Pass",
        a_file_that_is_not_at_hand_is_unknown: dockerfile("FROM a\n").unread_dockerfile() => "Unknown",
    }
}
