//! What a container is for: any one sign is enough.

use crate::facts::Facts;
use crate::model::demand::{Names, Role};
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;
use crate::model::verdict::{Check, Verdict};

/// Whether the container has this role, and what says so.
pub fn recognised(facts: &Facts, role: &Role) -> Verdict {
    let name = &role.name;
    let written = facts.signs.written.judge(|written| {
        let of = |text: &Option<String>, names: &Names| text.clone().filter(|it| names.fit(it));
        if written.roles.contains(name) {
            Check::holds(format!("role {name}: its label secaudit.role says so"))
        } else if let Some(service) = of(&written.service, &role.services) {
            Check::holds(format!("role {name}: it is the service {service:?}"))
        } else if let Some(image) = of(&written.image, &role.images) {
            Check::holds(format!("role {name}: its image is {image:?}"))
        } else if let Some(program) = written.programs.iter().find(|it| role.programs.fit(it)) {
            Check::holds(format!("role {name}: it is to start {program:?}"))
        } else {
            Check::broken(format!("no label, service, image or command says that it is a {name}"))
        }
    });
    let running = facts.signs.running.judge(|programs| {
        let found = programs.iter().find_map(|program| {
            let own = program.names.iter().find(|it| role.programs.fit(it))?;
            Some(format!("role {name}: {} runs {own:?}", program.by))
        });
        found.map_or_else(|| Check::broken(format!("no program of a {name} runs")), Check::holds)
    });
    running.or(written)
}

/// That the container's label names no role that the policy does not know.
pub(super) fn well_named(facts: &Facts, roles: &[Role]) -> Verdict {
    facts.signs.written.judge(|written| {
        let is_unknown = |name: &&String| !roles.iter().any(|role| role.name == **name);
        let Some(name) = written.roles.iter().find(is_unknown) else {
            return Check::moot("no label names a role that the policy does not know");
        };
        let known: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        let known = if known.is_empty() { "no role".to_owned() } else { known.join(", ") };
        let name = Untrusted::from(name.as_str());
        let what = format!("the label secaudit.role names {name}, and the policy knows {known}");
        Check::broken(what).only(Severity::Med)
    })
}
