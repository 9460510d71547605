//! What a container is for: any one sign is enough.

use crate::facts::Facts;
use crate::model::demand::{Names, Role};
use crate::model::fact::Fact;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};

/// Whether the container has this role, and what says so.
pub fn recognised(facts: &Facts, role: &Role) -> Verdict {
    let (signs, name) = (&facts.signs, &role.name);
    // All of them together are told in other words.
    let nothing = || Check::broken("it does not say so");
    let named = |fact: &Fact<Option<String>>, names: &Names, what: &str| {
        fact.judge(|it| match it.as_ref().filter(|it| names.fit(it)) {
            Some(it) => Check::holds(format!("role {name}: {what} {it:?}")),
            None => nothing(),
        })
    };
    let labelled = signs.labelled.judge(|roles| match roles.contains(name) {
        true => Check::holds(format!("role {name}: its label secaudit.role says so")),
        false => nothing(),
    });
    let started = signs.started.judge(|programs| {
        let program = programs.iter().find(|it| role.programs.fit(it));
        let told = program.map(|it| format!("role {name}: it is to start {it:?}"));
        told.map_or_else(nothing, Check::holds)
    });
    let running = signs.running.judge(|programs| {
        let found = programs.iter().find_map(|program| {
            let own = program.names.iter().find(|it| role.programs.fit(it))?;
            Some(format!("role {name}: {} runs {own:?}", program.by))
        });
        found.map_or_else(nothing, Check::holds)
    });
    // What runs tells more than what was written.
    running
        .or(labelled)
        .or(named(&signs.service, &role.services, "it is the service"))
        .or(named(&signs.image, &role.images, "its image is"))
        .or(started)
        .fails_as(|_| format!("no label, service, image or program says that it is a {name}"))
}

/// That the container's label names no role that the policy does not know.
pub(super) fn well_named(facts: &Facts, roles: &[Role]) -> Verdict {
    facts.signs.labelled.judge(|labelled| {
        let is_unknown = |name: &&String| !roles.iter().any(|role| role.name == **name);
        let Some(name) = labelled.iter().find(is_unknown) else {
            return Check::moot("no label names a role that the policy does not know");
        };
        let known: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        let known = if known.is_empty() { "no role".to_owned() } else { known.join(", ") };
        let name = Untrusted::from(name.as_str());
        let what = format!("the label secaudit.role names {name}, and the policy knows {known}");
        Check::broken(what).only(Severity::Med)
    })
}
