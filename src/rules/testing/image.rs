//! An image with everything in order, as its engine or an archive tells of it.

use serde_json::{Value, json};

use super::Case;
use crate::collect::redact;
use crate::model::bundle::{Answer, Bundle, Origin};
use crate::model::demand::FilePolicy;
use crate::model::layers::{Holder, Layers, Packages, Project, Step};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};

/// What an image's files stand on.
pub(super) const ROOT: &str = "40 30 0:44 / / rw,relatime - overlay overlay rw\n";

/// An image with everything in order.
pub(in crate::rules) fn shipped() -> Case {
    let id = format!("sha256:{}", "d".repeat(64));
    let mut case = Case {
        bundle: Bundle::new(Origin::Engine),
        settings: Vec::new(),
        tree: Vec::new(),
        unread: Vec::new(),
        policy: FilePolicy::default(),
        sought: Vec::new(),
    };
    let name = "web:1.0".into();
    case.bundle.add_target(Target {
        kind: Kind::Image,
        id: id.clone(),
        image: Some(name),
        name: "web:1.0".into(),
    });
    let labels = json!({
        "org.opencontainers.image.source": "https://git.example.org/web",
        "org.opencontainers.image.revision": "0123456789abcdef",
        "org.opencontainers.image.version": "1.0",
    });
    let document = json!({"Created": "2025-12-30T12:00:00Z", "Config": {"Labels": labels}});
    case.put(Source::image(&id), Answer::Json(document));
    case.put(Source::history(&id), Answer::History(Vec::new()));
    case.put(Source::in_layers(&id, "/etc/passwd"), Answer::Nothing);
    case.put(Source::in_layers(&id, "/etc/group"), Answer::Nothing);
    case.put(Source::nginx_in_layers(&id), Answer::Nothing);
    case.put(Source::Layers(id.into()), Answer::Layers(Layers::default()));
    case.put(Source::Clock, Answer::Text("2026-01-01T12:00:00Z".into()));
    case.made_by("ADD rootfs.tar / # buildkit", "2025-12-20T00:00:00Z")
}

impl Case {
    /// The image says this of itself.
    pub(in crate::rules) fn says(mut self, pointer: &str, value: Value) -> Self {
        let source = Source::image(&self.id());
        let mut document = self.bundle.json(&source).unwrap().clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[key] = value;
        self.put(source, Answer::Json(document));
        self
    }

    /// One more step of its history.
    pub(in crate::rules) fn made_by(mut self, created_by: &str, created: &str) -> Self {
        let source = Source::history(&self.id());
        let mut steps: Vec<Step> = self.bundle.history(&source).unwrap().to_vec();
        let step = json!([{"created_by": created_by, "created": created}]);
        steps.extend(redact::history_of_config(&step));
        self.put(source, Answer::History(steps));
        self
    }

    /// Nobody tells of the image's history.
    pub(in crate::rules) fn without_history(mut self) -> Self {
        let source = Source::history(&self.id());
        self.bundle.record(source.clone(), Err(Gap::not_collected(source)));
        self
    }

    fn layers(mut self, change: impl FnOnce(&mut Layers)) -> Self {
        let source = Source::Layers(self.id().into());
        let mut layers = self.bundle.layers(&source).unwrap().clone();
        change(&mut layers);
        self.put(source, Answer::Layers(layers));
        self
    }

    /// A file of the second layer holds these values.
    pub(in crate::rules) fn layer_holds(
        self,
        path: &str,
        hidden: bool,
        values: &[(&str, &str)],
    ) -> Self {
        let pairs = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (variables, _) = redact::pairs(pairs.collect());
        self.layers(|it| it.holders.push(Holder { path: path.into(), layer: 2, hidden, variables }))
    }

    /// A project's development dependencies are installed.
    pub(in crate::rules) fn project(self, path: &str, names: &[&str]) -> Self {
        let development = names.iter().map(|&it| it.into()).collect();
        self.layers(|it| it.projects.push(Project { path: path.into(), development }))
    }

    /// A package database tells of so many packages of a system.
    pub(in crate::rules) fn built_upon(self, system: &str, path: &str, count: Option<u64>) -> Self {
        self.layers(|it| {
            it.base.system = Some(system.into());
            it.base.packages.push(Packages { path: path.into(), count });
        })
    }

    /// A file of its layers that names accounts or groups.
    pub(in crate::rules) fn names(mut self, path: &str, text: &str) -> Self {
        let source = Source::in_layers(&self.id(), path);
        self.put(source, Answer::Text(text.into()));
        self
    }

    /// Of the programs that are login shells these are there.
    pub(in crate::rules) fn has_shells(self, names: &[&str]) -> Self {
        self.layers(|it| it.shells = names.iter().map(|&it| it.into()).collect())
    }

    /// Nobody could read its accounts.
    pub(in crate::rules) fn without_accounts(mut self) -> Self {
        let source = Source::in_layers(&self.id(), "/etc/passwd");
        let gap = Gap::new(Reason::Malformed, source.clone(), "a layer is cut short");
        self.bundle.record(source, Err(gap));
        self
    }

    /// A layer could not be read.
    pub(in crate::rules) fn layer_unread(self) -> Self {
        let source = Source::Layers(self.id().into());
        let gap = Gap::new(Reason::Malformed, source, "a layer is cut short");
        self.layers(|it| it.unread.push(gap))
    }
}
