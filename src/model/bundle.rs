//! All evidence of one run: the only input of everything downstream.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::build::{Context, Recipe};
use super::draft::Draft;
use super::files::Listing;
use super::kept::Repository;
use super::layers::{Layers, Step};
use super::nginx::Configuration;
use super::reading::{Gap, Reason};
use super::secret::Variable;
use super::source::{Basis, Source};
use super::survey::Survey;
use super::target::Target;
use super::untrusted::Untrusted;
use super::waiver::Waiver;

/// What a source answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The text of a file or the target of a link.
    Text(Untrusted),
    /// A document of the engine, as the engine sent it.
    Json(Value),
    /// The processes of a container.
    Processes(Processes),
    /// Files of a container, by what they are and not by what they hold.
    Files(Listing),
    /// All files of a container, in groups of those that are alike.
    Survey(Survey),
    /// How an image was made, the oldest step first.
    History(Vec<Step>),
    /// What the contents of an image's layers tell.
    Layers(Layers),
    /// How nginx is configured.
    Nginx(Configuration),
    /// An environment, its values sealed.
    Variables(Arc<[Variable]>),
    /// What an engine would be told to create.
    Draft(Arc<Draft>),
    /// A Dockerfile, and what its build is told.
    Recipe(Arc<Recipe>),
    /// What a build is given beside its Dockerfile.
    Context(Arc<Context>),
    /// A file's git repository, as far as it decides what git makes of the file.
    Repository(Arc<Repository>),
    /// The source was asked and says that there is nothing. This is knowledge,
    /// not a gap: for instance a kernel without a labelling security module.
    Nothing,
}

/// The proved processes of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processes {
    /// The first process: the container's PID 1, in the auditor's numbering.
    pub init: u32,
    /// The process through which the mounts are seen: one whose root is still
    /// the container's, the first process wherever that is so.
    pub viewer: u32,
    /// Every process in the container's cgroup, in ascending order.
    pub members: Vec<u32>,
    /// Processes outside the cgroup that share its own PID or mount namespace.
    pub strays: Vec<u32>,
    /// Threads of these processes, by pid and thread id, whose credentials
    /// differ from those of their process's first thread.
    pub threads: Vec<(u32, u32)>,
    /// The container's cgroup path in each hierarchy: controllers and path, as
    /// `/proc/<pid>/cgroup` tells them.
    pub cgroups: Vec<(String, String)>,
    /// The limit files of these cgroups and of those above them, by absolute
    /// path, the nearest cgroup of each hierarchy first.
    pub limit_files: Vec<String>,
    /// The files that tell what the container's own cgroups use.
    #[serde(default)]
    pub usage_files: Vec<String>,
    /// Processes that have ended and for which one of the container's has not
    /// waited, each with that parent; `None` where nobody has counted them.
    #[serde(default)]
    pub zombies: Option<Vec<(u32, u32)>>,
    /// The file that tells which devices the container's cgroup lets it use, by
    /// absolute path. Only cgroup version 1 has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_list: Option<String>,
    /// Who else lives in a namespace of this container's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub neighbours: Neighbours,
}

/// Processes of other containers in the container's own `pid`, `net` and `ipc`
/// namespace. A namespace that is not among the keys could not be told.
pub type Neighbours = BTreeMap<String, Vec<Neighbour>>;

/// A process of another container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// Its pid in the auditor's numbering.
    pub pid: u32,
    /// The other container, by what its cgroup's path tells: an id, or a name.
    pub container: String,
}

impl Processes {
    /// Every process that counts as the container's, in ascending order.
    pub fn all(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.members.iter().chain(&self.strays).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The processes of other containers that live in a namespace of this one's.
    pub fn beside(&self) -> impl Iterator<Item = u32> + '_ {
        self.neighbours.values().flatten().map(|neighbour| neighbour.pid)
    }
}

/// What came of one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observation {
    /// It was answered.
    Answer(Answer),
    /// It was not, and why.
    Gap(Gap),
}

/// Which of the two ways the targets of a bundle were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// An engine listed them.
    Engine,
    /// They were seen in `/proc`, without an engine.
    Kernel,
    /// Files say that they shall be; none of them runs.
    Compose,
    /// They were in an archive on disk.
    Archive,
    /// They are Dockerfiles; none of what they make runs.
    Dockerfile,
}

/// All observations of one run.
///
/// The order in which they were recorded leaves no trace: sources and targets
/// are kept sorted, so the same evidence is the same bundle, byte for byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// How the targets were found.
    pub origin: Origin,
    /// What is to be judged, sorted by name and id.
    pub targets: Vec<Target>,
    /// What kept the targets from being complete: somebody who was named and
    /// is not there, or a `/proc` that hides processes.
    pub missing: Vec<Gap>,
    /// The answers and gaps.
    pub observations: BTreeMap<Source, Observation>,
    /// The waivers that stand in the files, in the order of the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Arc<Waiver>>,
    /// The compose project of each service, by the target's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub projects: BTreeMap<String, Untrusted>,
}

impl Bundle {
    /// A bundle that knows nothing yet.
    pub const fn new(origin: Origin) -> Self {
        Self {
            origin,
            targets: Vec::new(),
            missing: Vec::new(),
            observations: BTreeMap::new(),
            waivers: Vec::new(),
            projects: BTreeMap::new(),
        }
    }

    /// Adds a target, keeping their order independent of when each was added.
    pub fn add_target(&mut self, target: Target) {
        let place = self
            .targets
            .partition_point(|known| (&known.name, &known.id) < (&target.name, &target.id));
        self.targets.insert(place, target);
    }

    /// Adds a waiver; one that two of the targets' files share counts once.
    pub fn add_waiver(&mut self, waiver: Waiver) {
        if self.waivers.iter().all(|known| **known != waiver) {
            self.waivers.push(waiver.into());
        }
    }

    /// Records what came of a question.
    pub fn record(&mut self, source: Source, answer: Result<Answer, Gap>) {
        let observation = match answer {
            Ok(answer) => Observation::Answer(answer),
            Err(gap) => Observation::Gap(gap),
        };
        self.observations.insert(source, observation);
    }

    /// The answer to a question, or why there is none.
    ///
    /// # Errors
    /// The recorded gap, or [`Reason::NotCollected`] where nobody asked.
    pub fn ask(&self, source: &Source) -> Result<&Answer, Gap> {
        // Of what does not run the kernel has no word, by its nature.
        let is_kernels = source.basis() == Basis::Effective && *source != Source::Clock;
        let nothing_runs = matches!(self.origin, Origin::Compose | Origin::Dockerfile);
        if nothing_runs && is_kernels {
            return Err(Gap::new(Reason::NotRunning, Source::Clock, "nothing of it runs yet"));
        }
        match self.observations.get(source) {
            Some(Observation::Answer(answer)) => Ok(answer),
            Some(Observation::Gap(gap)) => Err(gap.clone()),
            None => Err(Gap::not_collected(source.clone())),
        }
    }

    /// The text of a source.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is no text.
    pub fn text(&self, source: &Source) -> Result<&Untrusted, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Text(text) = answer { Ok(text) } else { Err(not("text", source, answer)) }
    }

    /// The document of a source.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is no document.
    pub fn json(&self, source: &Source) -> Result<&Value, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Json(value) = answer {
            Ok(value)
        } else {
            Err(not("a JSON document", source, answer))
        }
    }

    /// What an engine would be told to create.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is no draft.
    pub fn draft(&self, source: &Source) -> Result<&Arc<Draft>, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Draft(draft) = answer {
            Ok(draft)
        } else {
            Err(not("a draft", source, answer))
        }
    }

    /// A Dockerfile, and what its build is told.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is none.
    pub fn recipe(&self, source: &Source) -> Result<&Arc<Recipe>, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Recipe(recipe) = answer {
            Ok(recipe)
        } else {
            Err(not("a Dockerfile", source, answer))
        }
    }

    /// What a build is given beside its Dockerfile.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is none.
    pub fn context(&self, source: &Source) -> Result<&Arc<Context>, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Context(context) = answer {
            Ok(context)
        } else {
            Err(not("a build context", source, answer))
        }
    }

    /// The git repository that a file lies in; none where it lies in none.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is none.
    pub fn repository(&self, source: &Source) -> Result<Option<&Repository>, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Repository(repository) = answer {
            Ok(Some(repository))
        } else if *answer == Answer::Nothing {
            Ok(None)
        } else {
            Err(not("a repository", source, answer))
        }
    }

    /// The processes of a container.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is no such list.
    pub fn processes(&self, source: &Source) -> Result<&Processes, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Processes(processes) = answer {
            Ok(processes)
        } else {
            Err(not("a list of processes", source, answer))
        }
    }

    /// The files of a source.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is no listing.
    pub fn files(&self, source: &Source) -> Result<&Listing, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Files(listing) = answer {
            Ok(listing)
        } else {
            Err(not("a list of files", source, answer))
        }
    }

    /// What a look at all files of a container found.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is no survey.
    pub fn survey(&self, source: &Source) -> Result<&Survey, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Survey(survey) = answer {
            Ok(survey)
        } else {
            Err(not("a survey of files", source, answer))
        }
    }

    /// How an image was made.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is no history.
    pub fn history(&self, source: &Source) -> Result<&[Step], Gap> {
        let answer = self.ask(source)?;
        if let Answer::History(steps) = answer {
            Ok(steps)
        } else {
            Err(not("a history", source, answer))
        }
    }

    /// What the contents of an image's layers tell.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is something else.
    pub fn layers(&self, source: &Source) -> Result<&Layers, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Layers(layers) = answer {
            Ok(layers)
        } else {
            Err(not("the contents of layers", source, answer))
        }
    }

    /// How nginx is configured; nothing where there is no configuration.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is something else.
    pub fn nginx(&self, source: &Source) -> Result<Option<&Configuration>, Gap> {
        let answer = self.ask(source)?;
        if *answer == Answer::Nothing {
            Ok(None)
        } else if let Answer::Nginx(configuration) = answer {
            Ok(Some(configuration))
        } else {
            Err(not("a configuration of nginx", source, answer))
        }
    }

    /// The environment of a source.
    ///
    /// # Errors
    /// As [`Bundle::ask`], or [`Reason::Malformed`] where the answer is none.
    pub fn variables(&self, source: &Source) -> Result<&Arc<[Variable]>, Gap> {
        let answer = self.ask(source)?;
        if let Answer::Variables(variables) = answer {
            Ok(variables)
        } else {
            Err(not("an environment", source, answer))
        }
    }
}

fn not(wanted: &str, source: &Source, found: &Answer) -> Gap {
    let found = match found {
        Answer::Text(_) => "text",
        Answer::Json(_) => "a JSON document",
        Answer::Processes(_) => "a list of processes",
        Answer::Files(_) => "a list of files",
        Answer::Survey(_) => "a survey of files",
        Answer::History(_) => "a history",
        Answer::Layers(_) => "the contents of layers",
        Answer::Nginx(_) => "a configuration of nginx",
        Answer::Variables(_) => "an environment",
        Answer::Draft(_) => "a draft",
        Answer::Recipe(_) => "a Dockerfile",
        Answer::Context(_) => "a build context",
        Answer::Repository(_) => "a repository",
        Answer::Nothing => "nothing",
    };
    Gap::new(Reason::Malformed, source.clone(), format!("the answer is {found} and not {wanted}"))
}
