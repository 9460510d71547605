//! Collects the evidence about images that are saved on disk: no engine is asked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::archive;
use super::images::{MOST_NAMED, SHORTEST_ID, record, shipped, with_tag};
use crate::model::bundle::{Answer, Bundle, Origin};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;
use crate::parse::run;

/// What is to be collected from an archive on disk.
#[derive(Clone, Debug)]
pub struct OnDisk {
    /// The archive, a folder in one of its layouts, or `-`.
    pub path: PathBuf,
    /// The names of the images that are wanted; all where there is none.
    pub names: Vec<String>,
    /// The path patterns of the files that are looked for in each.
    pub sought: Vec<String>,
    /// The platform that is chosen of several; the host's where none is named.
    pub platform: Option<String>,
    /// How long all of it may take.
    pub time: Duration,
}

/// Collects the evidence about the images of an archive on disk; what was chosen of
/// several comes beside it, as a sentence each.
pub fn of_disk(plan: &OnDisk) -> (Bundle, Vec<String>) {
    let mut bundle = Bundle::new(Origin::Archive);
    let platform = plan.platform.clone().unwrap_or_else(of_this_host);
    let (images, gaps) = match archive::of_disk(&plan.path, &plan.sought, &platform, plan.time) {
        Ok(told) => told,
        Err(gap) => (Vec::new(), vec![gap]),
    };
    let is_read = gaps.is_empty();
    bundle.missing.extend(gaps);
    for wanted in
        plan.names.iter().filter(|it| is_read && !images.iter().any(|image| is_called(image, it)))
    {
        let names: Vec<String> = images
            .iter()
            .flat_map(|it| &it.names)
            .take(MOST_NAMED)
            .map(ToString::to_string)
            .collect();
        let wanted = Untrusted::from(wanted.as_str());
        let source = Source::Archive(plan.path.display().to_string().into());
        let gap =
            Gap::new(Reason::Gone, source, format!("no image of the archive is called {wanted}"));
        let known = if names.is_empty() { "none has a name".to_owned() } else { names.join(", ") };
        bundle.missing.push(gap.mend(format!("leave the name out, or take one of these: {known}")));
    }
    let mut remarks = Vec::new();
    let is_wanted = |it: &archive::Image| {
        plan.names.is_empty() || plan.names.iter().any(|name| is_called(it, name))
    };
    for image in images.into_iter().filter(is_wanted) {
        if !bundle.targets.iter().any(|it| it.id == image.id) {
            let chosen = image.platform.as_ref();
            remarks.extend(
                chosen.map(|it| format!("of an image of several platforms one is read: {it}")),
            );
            add(&mut bundle, image, &plan.path);
        }
    }
    (bundle, remarks)
}

/// Whether an image of an archive is meant by a name, with `latest` where it has no
/// tag, or by the beginning of its id.
fn is_called(image: &archive::Image, wanted: &str) -> bool {
    let full = with_tag(wanted);
    let below = format!("/{full}");
    let digits = wanted.strip_prefix("sha256:").unwrap_or(wanted);
    let begins = image.id.strip_prefix("sha256:").is_some_and(|it| it.starts_with(digits));
    (digits.len() >= SHORTEST_ID && begins)
        || image.names.iter().any(|it| it.raw() == full || it.raw().ends_with(&below))
}

/// What an archive tells of one image.
fn add(bundle: &mut Bundle, image: archive::Image, path: &Path) {
    let archive::Image { id, names, platform, document, history, laid } = image;
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let called = match names.first() {
        None => Untrusted::from(file.into_owned()),
        // The OCI's layouts name a tag alone.
        Some(tag) if !tag.raw().contains([':', '/']) => format!("{file}:{}", tag.raw()).into(),
        Some(name) => name.clone(),
    };
    // Which of several it is belongs to what it is called.
    let name = match platform.as_ref().and_then(|it| it.raw().split(' ').next()) {
        Some(platform) => format!("{} ({platform})", called.raw()).into(),
        None => called.clone(),
    };
    let draft = run::bare(&id, &shipped(&id, document.as_ref()));
    bundle.record(Source::Run(id.as_str().into()), Ok(Answer::Draft(draft.into())));
    bundle.record(Source::archived_image(&id), document.map(Answer::Json));
    bundle.record(Source::archived_history(&id), history.map(Answer::History));
    record(Ok(laid), &id, bundle);
    bundle.add_target(Target { kind: Kind::Image, id, name, image: Some(called) });
}

/// The platform of this host, as registries name it.
fn of_this_host() -> String {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    };
    format!("linux/{architecture}")
}
