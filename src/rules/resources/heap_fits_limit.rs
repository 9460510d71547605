//! See [`RULE`].

use crate::facts::Facts;
use crate::facts::heap::{Heap, Runtime};
use crate::facts::limits::Bytes;
use crate::model::severity::Severity;
use crate::model::verdict::{Check, Verdict};
use crate::rules::settings::is_percentage;
use crate::rules::{Parameter, Settings, Shape, rule};

rule! {
    /// A runtime's heap has a bound, and the bound fits below the memory limit.
    ///
    /// Every process is looked at. For Node it is `--max-old-space-size`, on the command line
    /// or in `NODE_OPTIONS`; for Java `-Xmx` and `-XX:MaxRAMPercentage`, also in
    /// `JAVA_TOOL_OPTIONS` and `JDK_JAVA_OPTIONS`; for gunicorn, uvicorn and hypercorn the
    /// number of workers times what the largest of them uses now. A heap needs room beside it,
    /// for stacks, buffers and code. Of a service that does not run yet its command, its variables
    /// and its own limit tell, and what workers will use does not show.
    ///
    /// ## Why it matters
    /// A heap that may outgrow the limit is not collected in time: the kernel kills the process
    /// in the middle of a request. Node before 20.3 does not see a cgroup version 2 limit at
    /// all, and Java left to itself (since 10 and 8u191) takes only a quarter of it.
    ///
    /// ## How to fix
    /// compose: `environment: {NODE_OPTIONS: --max-old-space-size=384}` with `mem_limit: 512m`
    /// run: `--memory 512m --env NODE_OPTIONS=--max-old-space-size=384`, for Java `--env JAVA_TOOL_OPTIONS=-XX:MaxRAMPercentage=75`
    pub static RULE = {
        id: "heap-fits-limit",
        title: "the heap fits below the memory limit",
        severity: Severity::Low,
        targets: [Container, Service],
        mends: [Memory],
        references: &["Node.js: --max-old-space-size", "Java: MaxRAMPercentage"],
        parameters: &[Parameter {
            name: "max-share",
            about: "the most of the memory limit that heap or workers may take, in percent",
            shape: Shape::One,
            default: &["80"],
            check: is_percentage,
        }],
        judge: judge,
    }
}

fn judge(facts: &Facts, settings: &Settings) -> Verdict {
    let share = settings.number("max-share").unwrap_or(100);
    facts.heap.judge(|held| match &held.value {
        Heap::None => Check::moot("no process runs Node, Java, or a server with workers"),
        Heap::Boundless => Check::moot("nothing bounds the memory that the heap would have to fit"),
        Heap::Runtime { runtime, bound, limit } => match bound {
            None => Check::broken(format!(
                "{}: no option bounds the heap of {}",
                held.by,
                name(*runtime)
            )),
            Some((heap, option)) => {
                let what = format!("{}: {option} is a heap of {}", held.by, Bytes(*heap));
                fits(&what, *heap, *limit, share).naming(option.as_str())
            }
        },
        Heap::Workers { count, each, limit } => {
            let all = count.saturating_mul(*each);
            let what =
                format!("{}: {count} workers of {} are {}", held.by, Bytes(*each), Bytes(all));
            fits(&what, all, *limit, share)
        }
    })
}

fn fits(what: &str, bytes: u64, limit: u64, share: u64) -> Check {
    let what = format!("{what}, below a limit of {}", Bytes(limit));
    if bytes <= (limit / 100).saturating_mul(share) {
        Check::holds(what)
    } else {
        Check::broken(format!("{what}: more than {share}% of it"))
    }
}

const fn name(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Node => "Node",
        Runtime::Java => "Java",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::rules::testing::{Case, cases, container, service};

    fn runs(words: &str, variable: &str) -> Case {
        container().command(words).started_with(100, &[variable])
    }

    fn workers(memory: &str) -> Case {
        let worker = |case: Case, pid| {
            case.add_process(pid, &[("PPid", "100"), ("RssAnon", memory)])
                .kernel(&format!("/proc/{pid}/cmdline"), "python3\n/usr/bin/gunicorn\n-w\n2\n")
        };
        let first = container().command("python3\n/usr/bin/gunicorn\n-w\n2\n");
        worker(worker(first, 101), 102)
    }

    cases! { RULE:
        a_heap_with_room_beside_it_passes: runs("node\n--max-old-space-size=48\n…\n", "") => "Pass",
        the_environment_counts:
            runs("node\n…\n", "NODE_OPTIONS=--max-old-space-size=48") => "Pass",
        the_command_line_comes_last:
            runs("node\n--max-old-space-size=64\n", "NODE_OPTIONS=--max-old-space-size=48") => "Fail",
        a_heap_as_large_as_the_limit_fails: runs("java\n-Xmx64m\n-jar\n…\n", "") => "Fail",
        a_share_of_the_limit_passes:
            runs("java\n…\n", "JAVA_TOOL_OPTIONS=-XX:MaxRAMPercentage=75") => "Pass",
        a_policy_may_ask_for_more_room:
            runs("java\n-XX:MaxRAMPercentage=75\n…\n", "").set("max-share", &["60"]) => "Fail",
        no_option_fails: runs("node\n…\n", "") => "Fail",
        an_init_that_starts_a_runtime_is_none_itself:
            runs("/sbin/docker-init\n--\nnode\n…\n", "") => "NotApplicable",
        another_program_is_not_meant: container() => "NotApplicable",
        without_a_limit_there_is_nothing_to_fit:
            runs("node\n…\n", "").limit("memory.limit_in_bytes", "9223372036854771712") => "NotApplicable",
        workers_that_fit_pass: workers("20480 kB") => "Pass",
        a_server_that_wrote_a_title_over_its_command_is_found:
            workers("32768 kB").status(&[("Name", "gunicorn: maste")]).command("…\n") => "Fail",
        workers_that_do_not_fit_fail: workers("32768 kB") => "Fail",
        the_kernel_overrules_the_declaration: runs("node\n…\n", "")
            .declares("/Args", json!(["--max-old-space-size=48"])) => "Fail",
        an_unread_command_may_be_a_runtime: container().denied("cmdline") => "Unknown",
        an_unread_environment_may_bound_it:
            runs("node\n…\n", "").denied("environ") => "Unknown",
        an_unread_limit_may_be_exceeded:
            runs("java\n-Xmx1m\n", "").limit("memory.limit_in_bytes", "plenty") => "Unknown",
        hidden_processes_may_run_anything: container().kernel_denied() => "Unknown",
        a_service_that_runs_another_program_is_not_meant: service() => "NotApplicable",
        a_service_whose_heap_has_a_bound_passes: service().writes("/Path", json!("node"))
            .sets(&["NODE_OPTIONS=--max-old-space-size=48"]) => "Pass",
        a_service_whose_heap_has_none_fails: service().writes("/Path", json!("node")) => "Fail",
        what_an_entrypoint_starts_counts: service().writes("/Path", json!("docker-entrypoint.sh"))
            .writes("/Args", json!(["java", "-Xmx64m"])) => "Fail",
        what_the_image_sets_may_bound_it:
            service().writes("/Path", json!("node")).without_the_image() => "Unknown",
        a_bound_that_is_known_counts_whatever_the_image_sets: service().writes("/Path", json!("node"))
            .sets(&["NODE_OPTIONS=--max-old-space-size=48"]).without_the_image() => "Pass",
        a_service_without_a_limit_has_nothing_to_fit: service().writes("/Path", json!("node"))
            .leaves_out("/HostConfig/Memory") => "NotApplicable",
    }
}
