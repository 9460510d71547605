//! What tells what a container is for.

use crate::model::bundle::Origin;
use std::collections::BTreeSet;

use crate::model::fact::Fact;
use crate::model::image_name::ImageName;
use crate::model::reading::{Evidence, Reading};
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::parse::command::program;
use crate::parse::document::Document;

use super::Holder;
use super::view::{Process, View};

/// The signs, those that somebody wrote down and those that can be seen.
#[derive(Clone, Debug)]
pub struct Signs {
    /// What labels and names say.
    pub written: Fact<Written>,
    /// The programs that run.
    pub running: Fact<Vec<Program>>,
}

/// What labels and names say a container is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The roles that the label `secaudit.role` names.
    pub roles: Vec<String>,
    /// The service of a compose project.
    pub service: Option<String>,
    /// The image's name without its tag and digest.
    pub image: Option<String>,
    /// The programs that it is to start with.
    pub programs: BTreeSet<String>,
}

/// A program that runs, by all names that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The process.
    pub by: Holder,
    /// The name of its file, of its command, and of the script that it runs.
    pub names: BTreeSet<String>,
}

pub(super) fn all(view: &View<'_>) -> Signs {
    if view.kind() == Kind::Image {
        let source = view.own_image().source().clone();
        let none = vec![Evidence::new(source, "", "an image runs nothing")];
        return Signs {
            written: Fact::declared_only(of_labels(view, &view.own_image())),
            running: Fact::new(Reading::Inapplicable, Reading::Known(Vec::new(), none)),
        };
    }
    if view.kind().is_to_come() {
        return Signs { written: Fact::to_come(), running: Fact::to_come() };
    }
    let runs = view.inspect().flag("/State/Running");
    if runs.known() == Some(&Some(false)) {
        let running = runs.map(|_| Vec::new());
        let written = Fact::declared_only(written(view));
        return Signs { written, running: Fact::new(Reading::Inapplicable, running) };
    }
    let running = Reading::from(view.processes()).and_then(|processes| {
        processes.all().into_iter().map(|pid| running(&view.process(pid))).collect()
    });
    Signs {
        written: Fact::declared_only(written(view)),
        running: Fact::new(Reading::Inapplicable, running),
    }
}

fn written(view: &View<'_>) -> Reading<Written> {
    let inspect = view.inspect();
    if view.origin() == Origin::Kernel {
        let source = inspect.source().clone();
        let said = Evidence::new(source, "", "no engine was asked");
        return Reading::Known(Written::default(), vec![said]);
    }
    of_labels(view, inspect)
}

fn of_labels(view: &View<'_>, document: &Document<'_>) -> Reading<Written> {
    let command = document.texts("/Config/Entrypoint").zip(document.texts("/Config/Cmd")).unshown();
    document.pairs("/Config/Labels").zip(command).map(|(labels, (entrypoint, command))| {
        let label = |name| labels.iter().find(|(it, _)| *it == name).map(|(_, value)| *value);
        let roles = label("secaudit.role").unwrap_or_default().split(',').map(str::trim);
        Written {
            roles: roles.filter(|it| !it.is_empty()).map(str::to_owned).collect(),
            service: label("com.docker.compose.service").map(str::to_owned),
            programs: named(&entrypoint).chain(named(&command)).collect(),
            image: view
                .image_name()
                .map(|image| ImageName::parse(image.raw()).repository.to_owned()),
        }
    })
}

/// A process may call itself what it likes, so every name that it has counts,
/// and all must be told.
fn running(process: &Process<'_>) -> Reading<Program> {
    let name = process.status("Name", |status| Ok(status.name()));
    let told = process.text("exe").zip(process.command()).unshown();
    name.zip(told).map(|(name, (file, words)): (Untrusted, _)| {
        let title = name.raw().split(':').next().unwrap_or_default();
        let own = [title].into_iter().chain(program(file)).map(str::to_owned);
        Program { by: process.holder(), names: own.chain(named(&words)).collect() }
    })
}

/// The programs among the first words of a command: an init or an interpreter
/// comes before what it runs.
fn named(words: &[&str]) -> impl Iterator<Item = String> {
    words.iter().take(3).filter_map(|word| program(word)).map(str::to_owned)
}
