//! A Dockerfile, as a test writes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::Case;
use crate::collect::compose::Images;
use crate::collect::connect::NoEngine;
use crate::collect::dockerfile::{Contexts, Request, resolve};
use crate::collect::engine::Limits;
use crate::collect::redact;
use crate::model::build::Context;
use crate::model::bundle::{Answer, Bundle, Origin};
use crate::model::demand::FilePolicy;
use crate::model::draft::Shipped;
use crate::model::layers::Layers;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::parse::compose::Load;
use crate::parse::run;

/// What names it.
const FILE: &str = "Dockerfile";

/// A Dockerfile that is nowhere but in a test.
struct InMemory<'a>(&'a str);

impl Load for InMemory<'_> {
    fn read(&self, _: &Path) -> Result<Vec<u8>, String> {
        Ok(self.0.as_bytes().to_vec())
    }

    fn is_file(&self, _: &Path) -> bool {
        true
    }
}

/// A Dockerfile of this text, its build given nothing but that. No engine has its base.
pub(in crate::rules) fn dockerfile(text: &str) -> Case {
    of(text, Request::default())
}

fn of(text: &str, request: Request) -> Case {
    let nobody = NoEngine { detail: "no engine was asked".into(), remedy: "".into() };
    let images = Images::new(Err(nobody), Limits::within(Duration::from_secs(1)));
    let request = Request { file: FILE.into(), ..request };
    let resolved = resolve(&request, &InMemory(text)).unwrap();
    let mut case = empty(resolved.bundle(&request, &images, &Contexts::default()));
    case.put(Source::Clock, Answer::Text("2026-01-01T12:00:00Z".into()));
    case.given(&[FILE], None)
}

/// The same, of which this stage ships.
pub(in crate::rules) fn dockerfile_at(stage: &str, text: &str) -> Case {
    of(text, Request { target: Some(stage.to_owned()), ..Request::default() })
}

/// An image with this configuration.
pub(in crate::rules) fn image(config: &Value) -> Case {
    const ID: &str = "sha256:ab";
    let shipped = Shipped::Known {
        config: config.clone(),
        origins: BTreeMap::new(),
        gaps: BTreeMap::new(),
        id: Some(ID.to_owned()),
    };
    let mut draft = run::bare(ID, &shipped);
    draft.document = redact::document(draft.document);
    let mut case = empty(Bundle::new(Origin::Engine));
    case.put(Source::Run(ID.into()), Answer::Draft(draft.into()));
    case.put(Source::in_layers(ID, "/etc/passwd"), Answer::Nothing);
    case.put(Source::in_layers(ID, "/etc/group"), Answer::Nothing);
    case.put(Source::Layers(ID.into()), Answer::Layers(Layers::default()));
    case.bundle.add_target(Target {
        kind: Kind::Image,
        id: ID.to_owned(),
        name: "shop/web:1.0".into(),
        image: Some("shop/web:1.0".into()),
    });
    case
}

fn empty(bundle: Bundle) -> Case {
    Case {
        bundle,
        settings: Vec::new(),
        tree: Vec::new(),
        unread: Vec::new(),
        policy: FilePolicy::default(),
        sought: Vec::new(),
    }
}

impl Case {
    /// The build is given these names, and a file of this text says what is left out.
    pub(in crate::rules) fn given(self, names: &[&str], ignore: Option<&str>) -> Self {
        self.context(names, ignore, false)
    }

    /// The same, and there are more names than were looked at.
    pub(in crate::rules) fn given_in_part(self, names: &[&str], ignore: Option<&str>) -> Self {
        self.context(names, ignore, true)
    }

    fn context(mut self, names: &[&str], ignore: Option<&str>, is_cut: bool) -> Self {
        let context = Context {
            folder: ".".into(),
            ignore: ignore.map(|text| (".dockerignore".into(), text.into())),
            names: names.iter().map(|&it| it.into()).collect(),
            is_cut,
            ..Context::default()
        };
        self.put(Source::Context(FILE.into()), Answer::Context(context.into()));
        self
    }

    /// Nobody named what the build is given.
    pub(in crate::rules) fn without_context(mut self) -> Self {
        let source = Source::Context(FILE.into());
        let gap = Gap::not_collected(source.clone());
        self.bundle.record(source, Err(gap));
        self
    }

    /// Nobody could read the file.
    pub(in crate::rules) fn unread_dockerfile(mut self) -> Self {
        let source = Source::Dockerfile(FILE.into());
        let gap = Gap::new(Reason::Denied, source.clone(), "nobody may read it");
        self.bundle.record(source, Err(gap));
        self
    }
}
