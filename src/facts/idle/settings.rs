//! Single settings that do nothing where they stand.

use serde_json::Value;

use crate::facts::no_new_privileges::setting;
use crate::facts::view::View;
use crate::model::reading::Reading;
use crate::parse::document::Document;

use super::Idle;
use super::privileged::is_filled;

const SECURITY: &str = "/HostConfig/SecurityOpt";
const NETWORK: &str = "/HostConfig/NetworkMode";
const PORTS: &str = "/HostConfig/PortBindings";
const MEMORY: &str = "/HostConfig/Memory";
const SWAP: &str = "/HostConfig/MemorySwap";
const KILLER: &str = "/HostConfig/OomKillDisable";

pub(super) fn all(view: &View<'_>, inspect: &Document<'_>) -> Vec<Reading<Option<Idle>>> {
    let questions = [
        no_new_privileges(inspect),
        ports(inspect),
        swap(inspect),
        killer(inspect),
        user(view, inspect),
    ];
    let found = questions.into_iter().flatten();
    found.chain(check(view, inspect)).chain(hash_seed(inspect)).collect()
}

type Answer = Option<Reading<Option<Idle>>>;

/// `no-new-privileges:false` asks for what every engine does by itself, and
/// takes back what one was set to do for all (`dockerd --no-new-privileges`).
fn no_new_privileges(inspect: &Document<'_>) -> Answer {
    let is_off = |it: &Value| it.as_str().and_then(setting).is_some_and(|it| it == Ok(false));
    let is_asked = |list: &Value| list.as_array().is_some_and(|all| all.iter().any(is_off));
    inspect.may_be(SECURITY, is_asked).then(|| {
        inspect.texts(SECURITY).map(|options| {
            let last = options.iter().rfind(|it| setting(it).is_some())?;
            (setting(last) == Some(Ok(false))).then(|| {
                let what = "no-new-privileges:false forbids nothing: it is the default, and takes back what the engine was set to";
                let instead = "write no-new-privileges:true (--security-opt no-new-privileges)";
                Idle::new(what, instead).item(*last)
            })
        })
    })
}

/// In the host's network the engine publishes nothing ("Published ports are
/// discarded when using host network mode", moby).
fn ports(inspect: &Document<'_>) -> Answer {
    let is_any = |it: &Value| it.as_object().is_some_and(|it| !it.is_empty());
    let is_asked = inspect.may_be(NETWORK, |it| it.as_str() == Some("host"));
    (is_asked && inspect.may_be(PORTS, is_any)).then(|| {
        let asked = inspect.fields(PORTS).zip(inspect.text(NETWORK));
        asked.map(|(ports, network)| {
            (!ports.is_empty() && network == Some("host")).then(|| {
                let what = "published ports do nothing in the host's network: every port of the program is open there, whatever address is written";
                Idle::new(what, "remove network_mode: host (--network host), or bind the program itself to 127.0.0.1")
            })
        })
    })
}

/// The engine refuses a bound on memory and swap together without one on memory
/// (`docker run --memory-swap`).
fn swap(inspect: &Document<'_>) -> Answer {
    let is_bound = |it: &Value| it.as_i64().is_some_and(|it| it > 0);
    let has_memory = inspect.peek(MEMORY).is_some_and(is_bound);
    (inspect.may_be(SWAP, is_bound) && !has_memory).then(|| {
        inspect.count(SWAP).zip(inspect.count(MEMORY)).map(|(swap, memory)| {
            (swap > 0 && memory == 0).then(|| {
                let what = "a limit of memory and swap does nothing without one of memory: engines refuse it";
                Idle::new(what, "write mem_limit: 512m as well (--memory 512m)")
            })
        })
    })
}

/// Without a bound nothing of the container's is ever killed for exceeding it,
/// and the host's own killer takes no notice of the flag; under cgroup version 2
/// nobody does (moby, `verifyPlatformContainerResources`).
fn killer(inspect: &Document<'_>) -> Answer {
    let is_on = |it: &Value| *it == Value::Bool(true);
    inspect.may_be(KILLER, is_on).then(|| {
        inspect.flag(KILLER).zip(inspect.count(MEMORY)).map(|(disabled, memory)| {
            (disabled == Some(true) && memory == 0).then(|| {
                let what = "oom_kill_disable protects nothing without a limit of memory: when the host runs out, its own killer decides";
                Idle::new(what, "write mem_limit: 512m (--memory 512m), and remove oom_kill_disable (--oom-kill-disable)")
            })
        })
    })
}

/// Of an image that nobody has at hand it cannot be told which user it names.
fn user(view: &View<'_>, inspect: &Document<'_>) -> Answer {
    const USER: &str = "/Config/User";
    let is_root = |it: &Value| {
        let name = it.as_str().unwrap_or_default().split(':').next().unwrap_or_default();
        name == "root" || name.parse::<i64>() == Ok(0)
    };
    let is_asked =
        view.kind().is_to_come() && inspect.has_origin(USER) && inspect.may_be(USER, is_root);
    is_asked.then(|| inspect.text("/Image").unshown().map(|_| None))
}

/// What stands beside a check that is switched off. What a service's file says
/// of it is gone from the document; there the file is asked.
fn check(view: &View<'_>, inspect: &Document<'_>) -> Answer {
    const TEST: &str = "/Config/Healthcheck/Test";
    let is_none = |it: &Value| it.get(0).and_then(Value::as_str) == Some("NONE");
    let is_asked = !view.kind().is_to_come() && inspect.may_be(TEST, is_none);
    is_asked.then(|| {
        let time = |name: &str| inspect.count(&format!("/Config/Healthcheck/{name}"));
        let times = ["Interval", "Timeout", "StartPeriod", "Retries"].map(time);
        let times: Reading<Vec<u64>> = times.into_iter().collect();
        times.zip(inspect.texts(TEST)).map(|(times, test)| {
            (test.first() == Some(&"NONE") && times.iter().any(|it| *it > 0)).then(|| {
                let what =
                    "the timing of the health check does nothing: NONE switches the check off";
                Idle::new(what, "write a check (--health-cmd), or remove its timing")
            })
        })
    })
}

/// Python draws a new seed for each process since version 3.3 (`python(1)`,
/// `PYTHONHASHSEED`).
fn hash_seed(inspect: &Document<'_>) -> Answer {
    const ENV: &str = "/Config/Env";
    let is_it = |it: &Value| {
        let text = |key: &str| it.get(key).and_then(Value::as_str);
        text("name") == Some("PYTHONHASHSEED") && text("kept") == Some("random")
    };
    let all = inspect.peek(ENV).filter(|it| is_filled(it)).and_then(Value::as_array)?;
    let place = all.iter().position(is_it)?;
    let evidence = inspect.told(&format!("{ENV}/{place}"), "PYTHONHASHSEED=random");
    let what = "PYTHONHASHSEED=random changes nothing: Python does so by itself";
    let idle = Idle { is_so_anyway: true, ..Idle::new(what, "remove it") };
    Some(Reading::Known(Some(idle), vec![evidence]))
}
