//! Collects the evidence about compose projects: their files, and what the
//! images bring along that services are made from.

pub mod files;
mod kept;
pub mod named;
mod shipped;

use std::sync::Arc;

use serde_json::Value as Json;

use crate::collect::redact;
use crate::model::bundle::{Answer, Bundle, Origin};
use crate::model::draft::Draft;
use crate::model::files::{File, Listing};
use crate::model::kept::Keeping;
use crate::model::pointer;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;
use crate::parse::compose::address;
use crate::parse::compose::idle::Idling;
use crate::parse::compose::lower::{self, Lowering};
use crate::parse::compose::tree::{Entry, Node};
use crate::parse::compose::{self, Fault, Load, Project, Request};

pub use crate::collect::at_hand::{Images, of_project};
use shipped::Making;

/// A project whose files are read.
#[derive(Debug)]
pub struct Resolved {
    project: Project,
    /// Where the image of each active service comes from, in their order.
    makings: Vec<(String, Making)>,
    /// How each of its environment files is kept, by the path that people know.
    kept: Vec<(String, Keeping)>,
}

/// Reads a project's files, and the Dockerfiles of what it builds.
///
/// # Errors
/// The project cannot be understood.
pub fn resolve(request: &Request, load: &dyn Load) -> Result<Resolved, Fault> {
    let mut project = compose::resolve(request, load)?;
    let odd: Vec<_> = project.services().filter_map(shipped::remark).collect();
    project.remarks.extend(odd);
    let makings = project.services().map(|service| {
        let source = Source::Compose(lower::id_of(&project, &service.key).into());
        let making =
            shipped::making(&service.node, (&project.directory, &request.folder), load, &source);
        (service.key.clone(), making)
    });
    let makings = makings.collect();
    let kept = project.env_files.iter().map(|file| {
        let shown = file.shown.display().to_string();
        let keeping = load.keeping(&file.path, &shown);
        (shown, keeping)
    });
    let kept = kept.collect();
    Ok(Resolved { project, makings, kept })
}

/// What a fault keeps from being known.
pub fn gap(fault: &Fault) -> Gap {
    let source = Source::Compose(fault.file.display().to_string().into());
    Gap::new(Reason::Malformed, source, Untrusted::from(fault.to_string()).to_string())
}

impl Resolved {
    /// The project.
    pub const fn project(&self) -> &Project {
        &self.project
    }

    /// The services of which a container shall run: not those that are left to a
    /// provider, or asked for zero times.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        let is_wanted = |service: &&Entry| {
            let node = &service.node;
            let replicas = node.get("deploy").and_then(|it| it.get("replicas"));
            let is_zero = |it: Option<&Node>| it.and_then(Node::text) == Some("0");
            lower::is_container(service) && !is_zero(node.get("scale")) && !is_zero(replicas)
        };
        self.project.services().filter(is_wanted).map(|it| it.key.as_str())
    }

    /// The images that an engine has to be asked for.
    pub fn images(&self) -> impl Iterator<Item = String> + '_ {
        self.makings.iter().filter_map(|(_, making)| making.image().map(str::to_owned))
    }

    /// The evidence about the Dockerfiles that its services are built from, each known
    /// by its service's id. What their builds are given beside them is not looked at.
    pub fn dockerfiles(&self, images: &Images) -> Bundle {
        let mut bundle = Bundle::new(Origin::Dockerfile);
        for (service, making) in &self.makings {
            if let Making::Built(build) = making {
                build.record(&lower::id_of(&self.project, service), images, &mut bundle);
            }
        }
        bundle
    }

    /// The services whose Dockerfile could not be read, and why.
    pub fn unread(&self) -> impl Iterator<Item = (&str, &Gap)> {
        let services = self.project.services().zip(&self.makings);
        services.filter_map(|(service, (name, making))| match making {
            Making::Unknown(gap) if service.node.get("build").is_some() => {
                Some((name.as_str(), gap))
            }
            Making::Unknown(_) | Making::Built(_) | Making::Pulled(_) => None,
        })
    }

    /// The evidence: what an engine would be told to create for each service.
    /// With the project's name before each service's, where there are several.
    pub fn bundle(&self, images: &Images, with_project: bool) -> Bundle {
        let project = &self.project;
        let mut bundle = Bundle::new(Origin::Compose);
        let lowering = Lowering::new(project);
        let idling = Idling::new(&lowering);
        bundle.record(Source::networks(), Ok(Answer::Json(lowering.networks())));
        for noted in &project.waivers {
            let file = project.files.get(usize::try_from(noted.file).unwrap_or(usize::MAX));
            let file = file.unwrap_or(&project.file).display().to_string().into();
            let below = noted.found.said.as_ref().ok().filter(|_| noted.is_own);
            let service = below.and_then(|(below, _)| below.service.as_ref());
            let target = service.map(|name| lower::id_of(project, name));
            let is_of_service = noted.found.said.as_ref().is_ok_and(|it| it.0.service.is_some());
            // Above a service that is only extended it speaks of nobody here.
            if is_of_service && !noted.is_own {
                continue;
            }
            bundle.add_waiver(noted.found.waiver(&file, Kind::Service, target));
        }
        for (file, Keeping { access, git }) in &self.kept {
            let listing = |it: &File| Listing { files: vec![it.clone()], unread: Vec::new() };
            let access = access.as_ref().map(|it| Answer::Files(listing(it)));
            bundle.record(Source::Disk(file.as_str().into()), access.map_err(Clone::clone));
            let git = git.as_ref().map(|it| match it {
                Some(repository) => Answer::Repository(Arc::new(repository.clone())),
                None => Answer::Nothing,
            });
            bundle.record(Source::Git(file.as_str().into()), git.map_err(Clone::clone));
        }
        for (service, (name, making)) in project.services().zip(&self.makings) {
            making.waivers().iter().for_each(|it| bundle.add_waiver(it.clone()));
            let id = lower::id_of(project, name);
            let source = Source::Compose(id.as_str().into());
            let shipped = making.shipped(images, &source);
            let mut draft = lowering.container(service, &shipped);
            name_the_unknown(&mut draft);
            if let Some(Json::String(image)) =
                pointer::get_mut(&mut draft.document, "/Config/Image")
            {
                *image = address::image(image);
            }
            draft.document = redact::document(draft.document);
            draft.idle = idling.of(service, &shipped);
            making.tell(&mut draft);
            bundle.record(source, Ok(Answer::Draft(draft.into())));
            let image = lower::image_of(project, service).map(|it| address::image(&it).into());
            if let Making::Pulled(name) = making
                && let Ok(known) = images.get(name)
            {
                let source = Source::image(&known.id);
                bundle.record(source, Ok(Answer::Json(known.document.clone())));
            }
            bundle.projects.insert(id.clone(), project.name.as_str().into());
            let name = if with_project { format!("{}/{name}", project.name) } else { name.clone() };
            bundle.add_target(Target { kind: Kind::Service, id, name: name.into(), image });
        }
        bundle
    }
}

/// A variable whose value cannot be told stands by its name alone, which would
/// be taken for a value without a name: it becomes a reference to itself.
fn name_the_unknown(draft: &mut Draft) {
    let variables = pointer::get_mut(&mut draft.document, "/Config/Env");
    let Some(Json::Array(variables)) = variables else { return };
    for (variable, place) in variables.iter_mut().zip(0_usize..) {
        if let Json::String(name) = variable
            && draft.gaps.contains_key(&format!("/Config/Env/{place}"))
            && !name.contains('=')
        {
            *variable = format!("{name}=${{{name}}}").into();
        }
    }
}
