//! Real services, as most people run them and as they should be run: each
//! answers as only the real software does, is audited, and is then entered by
//! a witness that tries what the audit spoke of.

mod table;

use secaudit::score::Grade;
use serde_json::json;

use super::{Live, live};
use crate::agree::{Expectation, agree, fails};
use crate::audit::audit;
use crate::engine::{Container, Engine, Network, image};
use crate::needs::Need;
use crate::record::record;
use crate::run;
use crate::services::{NODE, Service, base, careful};
use crate::wait::until;

use table::CASES;

/// Which of a service's two ways to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::cases) enum Written {
    Plain,
    Hardened,
}

/// A service in one of its ways to run, and what must be found.
struct Case {
    service: &'static Service,
    written: Written,
    /// Who the service really is, for the witness to enter as.
    user: &'static str,
    expected: &'static [&'static [Expectation]],
}

pub(in crate::cases) fn all() -> Vec<Live> {
    let live_case = |case: &'static Case| Live {
        name: format!("services::{}", name(case.service, case.written)),
        needs: NEEDS.to_vec(),
        run: Box::new(|| run(case)),
    };
    let of_the_cache =
        live("services::an-interrupted-build-leaves-nothing-half", &[], interrupted_build);
    let heapless = live("services::node-without-a-bound", &NEEDS, node_without_a_bound);
    CASES.iter().map(live_case).chain([of_the_cache, heapless]).collect()
}

pub(in crate::cases) const NEEDS: [Need; 6] = [
    Need::Root,
    Need::Docker,
    Need::Program("setpriv"),
    Need::Program("unshare"),
    Need::Program("debootstrap"),
    Need::Services,
];

fn name(service: &Service, written: Written) -> String {
    let written = match written {
        Written::Plain => "plain",
        Written::Hardened => "hardened",
    };
    format!("{}-{written}", service.name)
}

/// A network that leads nowhere else.
pub(in crate::cases) fn inner_network<'e>(engine: &'e Engine, name: &str) -> Network<'e> {
    engine.network(name, &json!({"Internal": true}))
}

/// Starts a service, and waits until it works. The careful are in a network of
/// their own.
pub(in crate::cases) fn start<'e>(
    engine: &'e Engine,
    network: &Network<'e>,
    service: &Service,
    written: Written,
    suffix: &str,
) -> Container<'e> {
    let mut config = match written {
        Written::Plain => (service.plain)(),
        Written::Hardened => careful(&(service.hardened)(), &network.name),
    };
    let name = name(service, written);
    let tag = if written == Written::Hardened && !service.hardens.is_empty() {
        let tag = format!("{}.{name}", run::id());
        let from = format!("FROM {}\n{}", image(&run::services_tag()), service.hardens);
        engine.build(&from, &tag);
        tag
    } else {
        run::services_tag()
    };
    config["Image"] = image(&tag).into();
    let container = engine.start(&format!("{name}{suffix}"), &config);
    until(&format!("{name} answers"), || {
        let answer = (service.ask)(&container);
        let is_over = container.pid() == 0;
        assert!(!is_over, "{name} has ended: {}", container.log());
        answer.filter(|answer| answer.contains(service.answer))
    });
    if !config["Healthcheck"].is_null() {
        container.wait_until_healthy();
    }
    container
}

fn run(case: &Case) {
    let engine = run::with_services();
    let network = inner_network(&engine, &name(case.service, case.written));
    let container = start(&engine, &network, case.service, case.written, "");
    let audit = audit(&["--host", &engine.address, &container.name]);
    record(&name(case.service, case.written), Some(&engine.address), &container.name);
    // Only now: whoever enters a container is a process of it.
    let testimony = container.exec(case.user, &[]);
    agree(case.expected.iter().copied().flatten(), audit.only(), &testimony);
    let code = if case.written == Written::Hardened { 0 } else { 1 };
    assert_eq!(audit.code, code, "{:?}", audit.report.gate);
    if code == 0 {
        let target = audit.only();
        assert!(
            target.floor >= 90 && target.grade == Grade::A,
            "{}: {:?}",
            target.name,
            target.floor
        );
    }
}

/// Careful in everything but one: nobody told Node how much memory it may take.
fn node_without_a_bound() {
    let engine = run::with_services();
    let network = inner_network(&engine, "node-without-a-bound");
    let mut config = careful(&(NODE.hardened)(), &network.name);
    config["Cmd"] = json!(["node", "server.js"]);
    config["Image"] = image(&run::services_tag()).into();
    let container = engine.start("node-without-a-bound", &config);
    container.wait_until_healthy();
    let audit = audit(&["--host", &engine.address, &container.name]);
    const EXPECTED: &[Expectation] = &[fails("heap-fits-limit", &[])];
    agree(EXPECTED, audit.only(), &container.exec("1000:1000", &[]));
}

#[expect(clippy::disallowed_methods, reason = "the cache is the test's own")]
fn interrupted_build() {
    let cache = run::folder();
    let kept = |build: fn(&std::path::Path) -> Result<std::path::PathBuf, String>| {
        base::kept(cache.path(), "recipe", build)
    };
    let left = || {
        let names = std::fs::read_dir(cache.path()).expect("it is there").flatten();
        names.filter(|it| it.file_name() != "lock").count()
    };
    let failed = kept(|folder| {
        std::fs::write(folder.join("archive"), "half").expect("it can be written");
        Err("no network".to_owned())
    });
    assert_eq!((failed, left()), (Err("no network".to_owned()), 0));
    // What a build left that was killed is swept by the next one.
    std::fs::create_dir(cache.path().join("building-killed")).expect("it can be made");
    let built = kept(|folder| {
        let archive = folder.join("archive");
        std::fs::write(&archive, "whole").expect("it can be written");
        Ok(archive)
    });
    let built = built.expect("it was built");
    assert_eq!(
        (std::fs::read_to_string(&built).expect("it is there"), left()),
        ("whole".into(), 1)
    );
    let again = kept(|_| Err("it was built before".to_owned()));
    assert_eq!(again, Ok(built));
    let other = base::kept(cache.path(), "another recipe", |_| Err("not this one".to_owned()));
    assert!(other.is_err());
}
