//! Collects the evidence about running containers into one bundle.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::archive;
use super::connect::{NoEngine, Unasked, connect};
use super::engine::address::{Address, Choice};
use super::engine::{ContainerId, Engine, EngineError, ImageId, Limits};
use super::kernel::{Claim, Kernel, Proof};
use crate::model::bundle::{Answer, Bundle, Observation, Origin};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;

/// How many inspects are under way at once. An engine serves them from memory;
/// more than this only queue inside it.
const SIDE_BY_SIDE: usize = 16;

/// The fewest digits of an id that name a container.
const SHORTEST_ID: usize = 4;

/// The most containers that are named to somebody who asked for another one.
const MOST_NAMED: usize = 12;

/// What is to be collected.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The engine to ask; without one the audit reads the kernel alone.
    pub engine: Result<Choice, NoEngine>,
    /// Names or id prefixes to audit; empty means all.
    pub names: Vec<String>,
    /// The path patterns of the files that are looked for in each container.
    pub sought: Vec<String>,
    /// Who is asked for the files.
    pub files: Files,
    /// What one question to the engine may cost.
    pub limits: Limits,
}

/// Who is asked for a container's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Files {
    /// The kernel alone.
    #[default]
    Kernel,
    /// The engine too, where the kernel could not tell: it sends the whole root
    /// file system of a container as an archive.
    Engine,
}

/// Tells how far the collection is: what is being read, how many of how many.
pub type Progress<'a> = &'a dyn Fn(&str, usize, usize);

/// Collects the evidence of a plan.
///
/// # Errors
/// The engine that the plan names cannot be asked. Where the plan names none
/// and none is there, the kernel alone is asked instead.
pub async fn collect(
    plan: &Plan,
    kernel: &Kernel,
    progress: Progress<'_>,
) -> Result<Bundle, EngineError> {
    match connect(&plan.engine, plan.limits).await {
        Ok(engine) => from_engine(&engine, plan, kernel, progress).await,
        Err(Unasked::Named(error)) => Err(error),
        Err(Unasked::Absent(gap)) => Ok(from_kernel(plan, kernel, &gap, progress)),
    }
}

async fn from_engine(
    engine: &Engine,
    plan: &Plan,
    kernel: &Kernel,
    progress: Progress<'_>,
) -> Result<Bundle, EngineError> {
    let mut bundle = Bundle::new(Origin::Engine);
    let info = engine.info().await;
    let mut listed = listed(&engine.list().await?)?;
    bundle.record(
        Source::container_list(),
        Ok(Answer::Json(listed.iter().map(|each| each.id.as_str()).collect())),
    );

    let mut stopped = Vec::new();
    if !plan.names.is_empty() {
        let all = self::listed(&engine.list_all().await?)?;
        let is_running = |it: &Listed| listed.iter().any(|known| known.id == it.id);
        stopped.extend(all.into_iter().filter(|it| !is_running(it)));
    }
    if plan.files == Files::Engine {
        // Of one that is named the files can be read though nothing runs there.
        listed.append(&mut stopped);
    }
    let stopped: Vec<String> = stopped.iter().map(|it| it.name.raw().to_owned()).collect();
    let chosen = choose(listed, &stopped, plan, &mut bundle, |each| (each.id.as_str(), &each.name));
    let total = chosen.len();
    let mut inspects = stream::iter(&chosen)
        .map(|each| async move { (each, engine.inspect(&each.id).await) })
        .buffer_unordered(SIDE_BY_SIDE);
    let mut images = BTreeSet::new();
    let mut claims = Vec::with_capacity(total);
    while let Some((each, answer)) = inspects.next().await {
        let source = Source::container(each.id.as_str());
        let answer = answer.map_err(|error| error.gap(source.clone()));
        let image = answer.as_ref().ok().and_then(|it| it.get("Image")).and_then(Value::as_str);
        images.extend(image.and_then(|id| ImageId::new(id).ok()));
        claims.push(Claim {
            id: each.id.as_str().to_owned(),
            init: answer.as_ref().map_err(Clone::clone).and_then(|it| first_process(it, &source)),
            by: Proof::Id,
        });
        bundle.record(source, answer.map(Answer::Json));
        bundle.add_target(Target {
            kind: Kind::Container,
            id: each.id.as_str().to_owned(),
            name: each.name.clone(),
            image: each.image.clone(),
        });
        progress("asking the engine", claims.len(), total);
    }
    drop(inspects);
    observe_networks(engine, &mut bundle).await;
    let mut answers = stream::iter(&images)
        .map(|id| async move { (id, engine.image(id).await) })
        .buffer_unordered(SIDE_BY_SIDE);
    while let Some((id, answer)) = answers.next().await {
        let source = Source::from(id);
        let answer = answer.map_err(|error| error.gap(source.clone()));
        bundle.record(source, answer.map(Answer::Json));
    }

    progress("reading the kernel", 0, total);
    kernel.observe_host(&mut bundle);
    let asked = match engine.address() {
        Address::Unix(path) => Some(path.as_path()),
        Address::Tcp(_) => None,
    };
    kernel.observe_engine_sockets(asked, &mut bundle);
    if let Some(gap) = other_kernel(engine, info.as_ref().ok(), &bundle) {
        for claim in &mut claims {
            claim.init =
                Err(Gap { source: Source::Processes(claim.id.as_str().into()), ..gap.clone() });
        }
    }
    let source = Source::engine_info();
    bundle.record(source.clone(), info.map(Answer::Json).map_err(|error| error.gap(source)));
    kernel.observe(&claims, &plan.sought, &mut bundle);
    progress("reading the kernel", total, total);
    match plan.files {
        Files::Kernel => archive::mend(&mut bundle),
        Files::Engine => archive::fill(engine, &plan.sought, &mut bundle, progress).await,
    }
    Ok(bundle)
}

/// The networks, and what is said of containers that lend their network to an
/// audited one and are not audited themselves: their ports are its ports.
async fn observe_networks(engine: &Engine, bundle: &mut Bundle) {
    let source = Source::networks();
    let answer = engine.networks().await.map(Answer::Json);
    bundle.record(source.clone(), answer.map_err(|error| error.gap(source)));
    let lender = |observation: &Observation| match observation {
        Observation::Answer(Answer::Json(inspect)) => {
            let mode = inspect.pointer("/HostConfig/NetworkMode").and_then(Value::as_str)?;
            ContainerId::new(mode.strip_prefix("container:")?).ok()
        }
        Observation::Answer(_) | Observation::Gap(_) => None,
    };
    let lenders: BTreeSet<ContainerId> = bundle.observations.values().filter_map(lender).collect();
    for id in lenders {
        let source = Source::container(id.as_str());
        if !bundle.observations.contains_key(&source) {
            let answer = engine.inspect(&id).await.map(Answer::Json);
            bundle.record(source.clone(), answer.map_err(|error| error.gap(source)));
        }
    }
}

fn from_kernel(plan: &Plan, kernel: &Kernel, engine: &Gap, progress: Progress<'_>) -> Bundle {
    let mut bundle = Bundle::new(Origin::Kernel);
    progress("reading the kernel", 0, 1);
    let (found, hidden) = kernel.discover();
    let undeclared = |source: Source| Gap { source, ..engine.clone() };
    bundle.record(engine.source.clone(), Err(engine.clone()));
    bundle.record(Source::engine_info(), Err(undeclared(Source::engine_info())));
    bundle.missing.extend(hidden);
    let named: Vec<_> =
        found.into_iter().map(|each| (Untrusted::from(each.name.clone()), each)).collect();
    let chosen =
        choose(named, &[], plan, &mut bundle, |(name, each)| (each.claim.id.as_str(), name));
    let mut claims = Vec::with_capacity(chosen.len());
    for (name, each) in chosen {
        let source = Source::container(&each.claim.id);
        bundle.record(source.clone(), Err(undeclared(source)));
        bundle.add_target(Target {
            kind: Kind::Container,
            id: each.claim.id.clone(),
            name,
            image: None,
        });
        claims.push(each.claim);
    }
    kernel.observe_host(&mut bundle);
    kernel.observe_engine_sockets(None, &mut bundle);
    kernel.observe(&claims, &plan.sought, &mut bundle);
    progress("reading the kernel", 1, 1);
    bundle
}

/// One row of the engine's list, as far as it is needed.
struct Listed {
    id: ContainerId,
    name: Untrusted,
    image: Option<Untrusted>,
}

fn listed(list: &Value) -> Result<Vec<Listed>, EngineError> {
    let rows = list
        .as_array()
        .ok_or_else(|| EngineError::Malformed("the list of containers is no list".to_owned()))?;
    rows.iter()
        .map(|row| {
            let id = row.get("Id").and_then(Value::as_str).unwrap_or_default();
            let id = ContainerId::new(id)?;
            // A link makes further names such as /other/alias; the container's own has one slash.
            let own = row.get("Names").and_then(Value::as_array).into_iter().flatten();
            let name = own
                .filter_map(|name| name.as_str()?.strip_prefix('/').or(name.as_str()))
                .find(|name| !name.contains('/'))
                .map_or_else(|| id.as_str().chars().take(12).collect(), str::to_owned);
            let image = row.get("Image").and_then(Value::as_str).map(Untrusted::from);
            Ok(Listed { id, name: name.into(), image })
        })
        .collect()
}

/// Picks by name or by the beginning of an id, as `docker` does; a name that
/// nobody has is recorded as missing, and so is one of the `stopped`.
fn choose<T>(
    all: Vec<T>,
    stopped: &[String],
    plan: &Plan,
    bundle: &mut Bundle,
    of: impl Fn(&T) -> (&str, &Untrusted),
) -> Vec<T> {
    if plan.names.is_empty() {
        return all;
    }
    let fits = |each: &T, wanted: &String| {
        let (id, name) = of(each);
        name.raw() == wanted.strip_prefix('/').unwrap_or(wanted)
            || (wanted.len() >= SHORTEST_ID && id.starts_with(wanted))
    };
    for wanted in plan.names.iter().filter(|wanted| !all.iter().any(|each| fits(each, wanted))) {
        let known: Vec<String> = all.iter().map(|each| of(each).1.to_string()).collect();
        let source = Source::container_list();
        let is_stopped = stopped.contains(wanted);
        let wanted = Untrusted::from(wanted.as_str());
        if is_stopped {
            let gap = Gap::new(Reason::Gone, source, format!("{wanted} does not run"));
            let remedy = "start it, or audit what is left of it with --files engine";
            bundle.missing.push(gap.mend(remedy));
            continue;
        }
        let detail = format!("no running container is called {wanted}");
        let running = match known.as_slice() {
            [] => "none is running".to_owned(),
            names => match names.split_at_checked(MOST_NAMED) {
                Some((first, rest)) if !rest.is_empty() => {
                    format!("running are {} and {} more", first.join(", "), rest.len())
                }
                _ => format!("running are {}", names.join(", ")),
            },
        };
        let remedy = match bundle.observations.get(&source) {
            Some(Observation::Gap(gap)) if bundle.origin == Origin::Kernel => format!(
                "{running}; names are known only to an engine, and {}: use the beginning of an id",
                gap.detail
            ),
            _ => running,
        };
        bundle.missing.push(Gap::new(Reason::Gone, source, detail).mend(remedy));
    }
    all.into_iter().filter(|each| plan.names.iter().any(|wanted| fits(each, wanted))).collect()
}

/// Runtimes that run a container under a kernel of its own, so that this
/// kernel's word is about the sandbox and not about the container: gVisor and
/// Kata Containers, by how they are registered.
const OWN_KERNEL: [&str; 2] = ["runsc", "kata"];

/// The pid of the container's first process in the engine's PID namespace.
fn first_process(inspect: &Value, source: &Source) -> Result<u32, Gap> {
    let runtime = inspect.pointer("/HostConfig/Runtime").and_then(Value::as_str);
    if let Some(runtime) = runtime.filter(|it| OWN_KERNEL.iter().any(|own| it.contains(own))) {
        let runtime = Untrusted::from(runtime);
        let detail = format!("the runtime {runtime} gives the container a kernel of its own");
        return Err(Gap::new(Reason::OtherKernel, source.clone(), detail)
            .mend("accept what is declared with --accept declared"));
    }
    let pid = inspect.pointer("/State/Pid").and_then(Value::as_u64);
    match pid.map(u32::try_from) {
        Some(Ok(pid)) if pid > 0 => Ok(pid),
        _ => Err(Gap::new(Reason::Gone, source.clone(), "the container does not run")
            .mend("run the audit again while the container runs")),
    }
}

/// Whether the engine's containers run under another kernel than this one: on
/// another host, or in the virtual machine of Docker Desktop.
fn other_kernel(engine: &Engine, info: Option<&Value>, bundle: &Bundle) -> Option<Gap> {
    let theirs = info?.get("KernelVersion")?.as_str()?;
    let source = Source::Kernel("/proc/sys/kernel/osrelease".into());
    let ours = bundle.text(&source).ok()?.raw().trim().to_owned();
    (theirs != ours).then(|| {
        let theirs = Untrusted::from(theirs);
        let detail = match engine.address() {
            Address::Unix(_) => format!("the engine's containers run under kernel {theirs}, not under this one"),
            Address::Tcp(host) => format!("the engine at {host} runs on another host, under kernel {theirs}"),
        };
        Gap::new(Reason::OtherKernel, source, detail)
            .mend("run secaudit on the engine's own host, or accept what is declared with --accept declared")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_container_is_called_by_its_own_name_and_not_by_a_link() {
        let id = "a".repeat(64);
        let list = json!([{"Id": id, "Names": ["/other/alias", "/web"], "Image": "nginx"},
                          {"Id": id, "Names": null, "Image": null}]);
        let rows = listed(&list).unwrap();
        assert_eq!(rows[0].name.raw(), "web");
        assert_eq!(rows[1].name.raw(), "aaaaaaaaaaaa");
    }

    fn nobody() -> NoEngine {
        NoEngine { detail: "not wanted".into(), remedy: "".into() }
    }

    #[test]
    fn under_a_kernel_of_its_own_a_container_is_not_judged_by_this_one() {
        let inspect =
            json!({"State": {"Pid": 7}, "HostConfig": {"Runtime": "io.containerd.kata.v2"}});
        let gap = first_process(&inspect, &Source::Clock).unwrap_err();
        assert_eq!(gap.reason, Reason::OtherKernel);
        let inspect = json!({"State": {"Pid": 7}, "HostConfig": {"Runtime": "runc"}});
        assert_eq!(first_process(&inspect, &Source::Clock), Ok(7));
    }

    #[test]
    fn names_and_id_prefixes_choose_and_the_rest_is_missing() {
        let all = vec![("abcdef", Untrusted::from("web")), ("123456", Untrusted::from("db"))];
        let names = ["web", "1234", "cache", "12"].map(str::to_owned).to_vec();
        let (sought, files, limits) = (Vec::new(), Files::Kernel, Limits::default());
        let plan = Plan { engine: Err(nobody()), names, sought, files, limits };
        let mut bundle = Bundle::new(Origin::Engine);
        let chosen = choose(all, &[], &plan, &mut bundle, |(id, name)| (id, name));
        assert_eq!(chosen.len(), 2);
        let missing: Vec<_> = bundle.missing.iter().map(|gap| &*gap.detail).collect();
        assert_eq!(
            missing,
            ["no running container is called cache", "no running container is called 12"]
        );
        assert_eq!(bundle.missing[0].remedy, "running are web, db");

        let all = (0..20).map(|it| ("abcdef", Untrusted::from(format!("web{it}")))).collect();
        let mut bundle = Bundle::new(Origin::Engine);
        choose(all, &[], &plan, &mut bundle, |(id, name)| (id, name));
        assert!(bundle.missing[0].remedy.ends_with("web11 and 8 more"));
    }
}
