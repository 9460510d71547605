//! How much memory a runtime lets its heap grow to.

use crate::model::fact::Fact;
use crate::model::reading::{Evidence, Reading};
use crate::model::secret::Variable;
use crate::model::source::Source;
use crate::model::target::Kind;
use crate::parse::command::options::{bytes, last};
use crate::parse::command::program;
use crate::parse::command::programs::{Role, role};

use super::limits::{Limit, memory_in_force};
use super::view::{Process, View};
use super::{Held, command, environment};

/// One process's runtime, as far as it sizes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heap {
    /// No runtime whose heap is known to need a bound.
    None,
    /// Nothing bounds the container's memory, so there is nothing to fit.
    Boundless,
    /// A runtime with a heap, below a limit.
    Runtime {
        /// Which.
        runtime: Runtime,
        /// The bound on the heap, in bytes, and the option that sets it.
        bound: Option<(u64, String)>,
        /// The container's limit.
        limit: u64,
    },
    /// A server with workers, each with memory of its own, below a limit.
    Workers {
        /// How many there are, or are to be where that is more.
        count: u64,
        /// What one of them uses at present, in bytes.
        each: u64,
        /// The container's limit.
        limit: u64,
    },
}

/// A runtime that collects its garbage when its heap's bound comes near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// Node.js.
    Node,
    /// A Java virtual machine.
    Java,
}

/// Servers that fork workers.
const SERVERS: [&str; 3] = ["gunicorn", "uvicorn", "hypercorn"];

pub(super) fn fact(view: &View<'_>) -> Fact<Held<Heap>> {
    let each = view.of_each(|process| {
        let name = process.status("Name", |status| Ok(status.name())).unshown();
        process.command().zip(name).and_then(|(words, name)| {
            // What an init or a wrapper was told to start is another process.
            let mut names: Vec<&str> =
                words.iter().take(3).filter_map(|word| program(word)).collect();
            if names.first().is_some_and(|it| matches!(role(it), Role::Init | Role::Wrapper)) {
                return Reading::of(Heap::None);
            }
            if names.is_empty() {
                // It wrote a title over its command, as `gunicorn: master` does.
                names.extend(name.raw().split(':').next());
            }
            if let Some(runtime) = names.first().and_then(|name| runtime(name)) {
                return heap(view, process, runtime, &words);
            }
            if names.iter().any(|name| SERVERS.contains(name)) {
                return workers(view, process, &words);
            }
            Reading::of(Heap::None)
        })
    });
    Fact::of_each(declared(view), view.processes_source(), each)
}

/// What a service will be started with; of a container that runs, its processes
/// tell. How much a worker uses shows only there.
fn declared(view: &View<'_>) -> Reading<Held<Heap>> {
    if view.kind() != Kind::Service {
        return Reading::Inapplicable;
    }
    let inspect = view.inspect();
    let limit = inspect.count("/HostConfig/Memory");
    if limit.known() == Some(&0) {
        return limit.map(|_| view.declared(Heap::Boundless));
    }
    let heap = command::declared(view).and_then(|words| {
        let names = words.iter().take(3).filter_map(|word| program(word));
        match (names.filter_map(runtime).next(), limit.known()) {
            (None, _) => Reading::of(Heap::None),
            (Some(_), None) => limit.map(|_| Heap::None),
            (Some(runtime), Some(most)) => {
                asked(view, runtime, &words, *most).zip(limit).map(|(heap, _)| heap)
            }
        }
    });
    heap.map(|heap| view.declared(heap))
}

/// A bound that is known counts, whatever else is set; that there is none is
/// known only where the whole environment is.
fn asked(view: &View<'_>, runtime: Runtime, words: &[&str], limit: u64) -> Reading<Heap> {
    let given = environment::given(view);
    let heap = given.known().as_ref().map(|known| {
        let variables = sizing(runtime, &known.variables);
        Heap::Runtime { runtime, bound: bound(runtime, &variables, words, limit), limit }
    });
    match (&heap, given.whole()) {
        (Reading::Known(Heap::Runtime { bound: None, .. }, _), Reading::Missing(gap)) => {
            Reading::Missing(gap)
        }
        _ => heap,
    }
}

fn runtime(name: &str) -> Option<Runtime> {
    match name {
        "node" | "nodejs" => Some(Runtime::Node),
        "java" => Some(Runtime::Java),
        _ => None,
    }
}

/// The limit on the container's memory: nothing to fit where there is none.
fn limited(view: &View<'_>, heap: impl FnOnce(u64) -> Reading<Heap>) -> Reading<Heap> {
    memory_in_force(view).and_then(|limit| match limit {
        Limit::None => Reading::of(Heap::Boundless),
        Limit::Of(limit) => heap(limit),
    })
}

fn heap(view: &View<'_>, process: &Process<'_>, runtime: Runtime, words: &[&str]) -> Reading<Heap> {
    process.variables("environ").and_then(|environment| {
        let variables = sizing(runtime, environment);
        let told = variables
            .iter()
            .map(|(name, value)| Evidence::new(Source::proc(process.pid, "environ"), *name, *value))
            .collect();
        limited(view, |limit| {
            let bound = bound(runtime, &variables, words, limit);
            Reading::Known(Heap::Runtime { runtime, bound, limit }, told)
        })
    })
}

/// The variables by which a runtime is told its size, those that were kept.
fn sizing(runtime: Runtime, environment: &[Variable]) -> Vec<(&str, &str)> {
    let names: &[&str] = match runtime {
        Runtime::Node => &["NODE_OPTIONS"],
        Runtime::Java => &["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"],
    };
    environment
        .iter()
        .filter_map(|it| Some((it.name.raw(), it.kept.as_ref()?.raw())))
        .filter(|(name, _)| names.contains(name))
        .collect()
}

/// What stands on the command line comes last and counts.
fn bound(
    runtime: Runtime,
    variables: &[(&str, &str)],
    words: &[&str],
    limit: u64,
) -> Option<(u64, String)> {
    let first = variables.iter().flat_map(|(_, value)| value.split(' '));
    let all: Vec<&str> = first.chain(words.iter().copied()).collect();
    match runtime {
        Runtime::Node => node(&all, limit),
        Runtime::Java => java(&all, limit),
    }
}

/// The old generation is the heap but for a few megabytes; the option is in
/// MiB (`node --v8-options`), and its dashes may be underscores.
fn node(words: &[&str], limit: u64) -> Option<(u64, String)> {
    let mut bound = None;
    for (at, word) in words.iter().enumerate() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (*word, words.get(at + 1).copied()),
        };
        let name = name.replace('_', "-");
        let found = match name.as_str() {
            "--max-old-space-size" | "--max-heap-size" => value
                .and_then(|value| value.parse::<u64>().ok())
                .and_then(|mib| mib.checked_mul(1 << 20)),
            "--max-old-space-size-percentage" => value.and_then(|value| share(limit, value)),
            _ => None,
        };
        if let (Some(bytes), Some(value)) = (found, value) {
            bound = Some((bytes, format!("{name}={value}")));
        }
    }
    bound
}

/// `-Xmx` outweighs the share of the memory that the machine sees (`java(1)`).
fn java(words: &[&str], limit: u64) -> Option<(u64, String)> {
    let (mut most, mut part) = (None, None);
    for word in words {
        let size = word.strip_prefix("-Xmx").or_else(|| word.strip_prefix("-XX:MaxHeapSize="));
        if let Some(size) = size.and_then(bytes) {
            most = Some((size, (*word).to_owned()));
        }
        if let Some(bytes) = word
            .strip_prefix("-XX:MaxRAMPercentage=")
            .and_then(|percentage| share(limit, percentage))
        {
            part = Some((bytes, (*word).to_owned()));
        }
        let fraction = word.strip_prefix("-XX:MaxRAMFraction=").and_then(|it| it.parse().ok());
        if let Some(bytes) = fraction.and_then(|fraction| limit.checked_div(fraction)) {
            part = part.or_else(|| Some((bytes, (*word).to_owned())));
        }
    }
    // Told not to look at the container's limit, its share is the machine's.
    let looks = !words.contains(&"-XX:-UseContainerSupport");
    most.or(part.filter(|_| looks))
}

/// A percentage of a number of bytes, to the hundredth.
fn share(limit: u64, percentage: &str) -> Option<u64> {
    let (whole, fraction) = percentage.split_once('.').unwrap_or((percentage, "0"));
    let hundredths: String = fraction.chars().chain("00".chars()).take(2).collect();
    let hundredths =
        whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(hundredths.parse().ok()?)?;
    (limit / 10_000).checked_mul(hundredths)
}

/// The workers are the children of the first process that runs the server.
fn workers(view: &View<'_>, process: &Process<'_>, words: &[&str]) -> Reading<Heap> {
    let children: Reading<Vec<Option<u64>>> =
        Reading::from(view.processes()).map(|processes| processes.all()).and_then(|all| {
            let others = all.into_iter().filter(|pid| *pid != process.pid);
            others
                .map(|pid| {
                    let other = view.process(pid);
                    let memory = other.status("RssAnon", |status| status.kilobytes("RssAnon"));
                    let parent = other.status("PPid", |status| status.number("PPid"));
                    let parent = parent.zip(memory).unshown();
                    parent.map(|(parent, memory)| (parent == process.pid).then_some(memory))
                })
                .collect()
        });
    children.and_then(|children| {
        let children: Vec<u64> = children.into_iter().flatten().collect();
        let present = u64::try_from(children.len()).unwrap_or(u64::MAX);
        let Some(each) = children.into_iter().max() else {
            // A worker, or a server that does the work itself.
            return Reading::of(Heap::None);
        };
        let count = present.max(asked_workers(words));
        limited(view, |limit| Reading::of(Heap::Workers { count, each, limit }))
    })
}

fn asked_workers(words: &[&str]) -> u64 {
    last(words, "--workers", Some("-w")).and_then(|it| it.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_on_a_heap_is_read_as_the_runtime_reads_it() {
        let limit = 1 << 30;
        let of = |bound: Option<(u64, String)>| bound.map(|(bytes, _)| bytes >> 20);
        assert_eq!(of(node(&["node", "--max-old-space-size=256"], limit)), Some(256));
        assert_eq!(of(node(&["node", "--max_old_space_size", "300"], limit)), Some(300));
        assert_eq!(of(node(&["node", "…"], limit)), None);
        assert_eq!(of(java(&["-Xmx512m", "-XX:MaxRAMPercentage=50"], limit)), Some(512));
        assert_eq!(of(java(&["-XX:MaxRAMPercentage=75.5"], limit)), Some(773));
        assert_eq!(of(java(&["-XX:MaxRAMFraction=2"], limit)), Some(512));
        let blind = ["-XX:MaxRAMPercentage=50", "-XX:-UseContainerSupport"];
        assert_eq!(of(java(&blind, limit)), None);
    }

    #[test]
    fn the_workers_that_were_asked_for_are_counted() {
        assert_eq!(asked_workers(&["gunicorn", "-w", "4"]), 4);
        assert_eq!(asked_workers(&["gunicorn", "-w4", "…"]), 4);
        assert_eq!(asked_workers(&["uvicorn", "--workers=3"]), 3);
        assert_eq!(asked_workers(&["gunicorn", "…"]), 0);
    }
}
