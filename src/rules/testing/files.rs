//! The files and the mounts of the container.

use super::hardened::{INIT, MOUNTS};
use super::{Case, Rule, survey};
use crate::model::bundle::{Answer, Observation};
use crate::model::demand::{Demand, Role};
use crate::model::files::{File, Kind, Listing};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::survey::{Numbering, Traits, Unread};
use crate::model::target::Kind as Target;
use crate::parse::code;
use crate::rules::Shape;
use crate::rules::filesystem;

impl Case {
    /// Of the accounts' login shells only these are there.
    pub(in crate::rules) fn shells(mut self, paths: &[&str]) -> Self {
        let files = paths.iter().map(|path| program(path, 7)).collect();
        self.put(Source::shells(INIT), Answer::Files(Listing { files, unread: vec![] }));
        self
    }

    fn listing(&mut self, source: &Source) -> &mut Listing {
        match self.bundle.observations.get_mut(source) {
            Some(Observation::Answer(Answer::Files(found))) => found,
            _ => panic!("the case has this listing"),
        }
    }

    /// What stands at a mount point: a file of this kind, device and inode.
    pub(in crate::rules) fn point(
        mut self,
        path: &str,
        kind: Kind,
        device: (u32, u32),
        inode: u64,
    ) -> Self {
        let file = File { kind, ..socket(path, device, inode) };
        self.listing(&Source::mount_points(INIT)).files.push(file);
        self
    }

    /// The file at a mount point is a node of this device.
    pub(in crate::rules) fn stands_for(mut self, path: &str, numbers: (u32, u32)) -> Self {
        let files = &mut self.listing(&Source::mount_points(INIT)).files;
        files.iter_mut().filter(|file| file.path.raw() == path).for_each(|file| {
            file.stands_for = Some(numbers);
        });
        self
    }

    /// One more node in the container's `/dev`.
    pub(in crate::rules) fn device(mut self, path: &str, kind: Kind, numbers: (u32, u32)) -> Self {
        let file = File { kind, stands_for: Some(numbers), ..socket(path, (0, 47), 1) };
        self.listing(&Source::devices(INIT)).files.push(file);
        self
    }

    /// The cgroups are of version 2, which has no list of devices.
    pub(in crate::rules) fn without_device_list(mut self) -> Self {
        let processes = self.processes();
        processes.cgroups = vec![(String::new(), "/docker/c".to_owned())];
        processes.device_list = None;
        self
    }

    /// An engine listens at one more socket; `None`: it cannot be told where.
    pub(in crate::rules) fn engine_at(mut self, at: Option<(&str, (u32, u32), u64)>) -> Self {
        let source = Source::engine_sockets();
        let gap = Gap::new(Reason::Denied, source.clone(), "an engine's files were refused");
        let listing = self.listing(&source);
        match at {
            Some((path, device, inode)) => listing.files.push(socket(path, device, inode)),
            None => listing.unread.push(gap),
        }
        self
    }

    /// One more file of the container.
    pub(in crate::rules) fn file(self, path: &str, mode: u32, owner: (u32, u32)) -> Self {
        self.met(Kind::File, path, mode, owner)
    }

    /// One more folder. What is in it comes after it.
    pub(in crate::rules) fn folder(self, path: &str, mode: u32, owner: (u32, u32)) -> Self {
        self.met(Kind::Folder, path, mode, owner)
    }

    /// One more of whatever kind.
    pub(in crate::rules) fn met(
        mut self,
        kind: Kind,
        path: &str,
        mode: u32,
        (uid, gid): (u32, u32),
    ) -> Self {
        self.tree.push((
            path.to_owned(),
            Traits {
                kind,
                linked: false,
                mode,
                uid,
                gid,
                fixed: None,
                acl: None,
                capability: None,
            },
        ));
        self.surveyed()
    }

    /// The file that was met last has something more to it.
    pub(in crate::rules) fn which(mut self, change: impl FnOnce(&mut Traits)) -> Self {
        change(&mut self.tree.last_mut().unwrap().1);
        self.surveyed()
    }

    /// One more file, with this `security.capability`.
    pub(in crate::rules) fn capable_file(self, path: &str, value: &str) -> Self {
        self.file(path, 0o755, (0, 0)).which(|it| it.capability = Some(value.to_owned()))
    }

    /// The container's files were looked at, and none gives privileges.
    pub(in crate::rules) fn no_files(self) -> Self {
        self.surveyed()
    }

    /// A part of the container's files could not be looked at.
    pub(in crate::rules) fn files_unread(self) -> Self {
        self.unread_below("/root")
    }

    /// This part of the container's files could not be looked at.
    pub(in crate::rules) fn unread_below(mut self, path: &str) -> Self {
        let source = Source::Files(self.id().into());
        let gap = Gap::new(Reason::Denied, source, format!("{path} could not be looked at"));
        self.unread.push(Unread { below: path.into(), gap });
        self.surveyed()
    }

    /// The policy demands this of files, and they are looked for.
    pub(in crate::rules) fn demands(self, demand: Demand) -> Self {
        let sought = demand.territory().into_iter().chain(demand.except.iter().cloned());
        let sought: Vec<String> = sought.collect();
        let mut case = self.demands_unsought(demand);
        case.sought.extend(sought);
        if case.tree.is_empty() { case } else { case.surveyed() }
    }

    /// The policy demands this of files, for which nobody looked.
    pub(in crate::rules) fn demands_unsought(mut self, demand: Demand) -> Self {
        self.policy.demands.push(demand);
        self
    }

    /// The policy knows this role.
    pub(in crate::rules) fn role(mut self, role: Role) -> Self {
        self.policy.roles.push(role);
        self
    }

    /// Files of this pattern are looked for.
    pub(in crate::rules) fn looks_for(mut self, pattern: &str) -> Self {
        self.sought.push(pattern.to_owned());
        self.surveyed()
    }

    /// All that the rule on secret files asks for is looked for.
    pub(in crate::rules) fn looks_for_secrets(self) -> Self {
        self.looks_for_all_of(&filesystem::secret_file_modes::RULE)
    }

    /// All that the rule on code asks for is looked for.
    pub(in crate::rules) fn looks_for_code(self) -> Self {
        self.looks_for_all_of(&filesystem::immutable_code::RULE).looks_for("/usr/lib/*.js")
    }

    pub(in crate::rules) fn looks_for_all_of(mut self, rule: &Rule) -> Self {
        let paths = rule.parameters.iter().filter(|it| it.shape == Shape::Patterns);
        let patterns = paths.flat_map(|it| it.default);
        self.sought.extend(patterns.map(|&it| it.to_owned()));
        self.surveyed()
    }

    /// Nobody could look at the container's files.
    pub(in crate::rules) fn files_unread_at_all(mut self) -> Self {
        let source = Source::Files(self.id().into());
        let gap = Gap::new(Reason::Denied, source.clone(), "the root folder was refused");
        self.bundle.record(source, Err(gap));
        self
    }

    /// The first process executes this file.
    pub(in crate::rules) fn executes(self, path: &str) -> Self {
        self.kernel("/proc/100/exe", path).surveyed()
    }

    /// The first process works in this folder.
    pub(in crate::rules) fn works_in(self, path: &str) -> Self {
        self.kernel("/proc/100/cwd", path).surveyed()
    }

    /// The first process looks for programs here.
    pub(in crate::rules) fn runs_with_path(self, path: &str) -> Self {
        self.started_with(INIT, &[&format!("PATH={path}")]).surveyed()
    }

    /// The files so far, as a walk would have found them.
    fn surveyed(mut self) -> Self {
        let mounts = self.bundle.text(&Source::proc(INIT, "mountinfo"));
        let mounts = mounts.map_or(super::image::ROOT, |it| it.raw()).to_owned();
        let own = code::of_process(&self.bundle, INIT).0;
        let patterns: Vec<String> = self.sought.iter().cloned().chain(own).collect();
        let mut survey = survey::of(&self.tree, &self.unread, &mounts, &patterns);
        if self.bundle.targets[0].kind == Target::Image {
            survey.numbering = Numbering::Container;
        }
        let source = Source::Files(self.id().into());
        self.put(source, Answer::Survey(survey));
        self
    }

    /// The files so far, as the container's engine would have told of them.
    pub(in crate::rules) fn told_by_the_engine(mut self) -> Self {
        let source = Source::Files(self.id().into());
        let mut survey = self.bundle.survey(&source).unwrap().clone();
        survey.numbering = Numbering::Container;
        self.put(source, Answer::Survey(survey));
        self
    }

    /// One more mount of the container.
    pub(in crate::rules) fn mount(self, line: &str) -> Self {
        self.kernel("/proc/100/mountinfo", &format!("{MOUNTS}{line}\n"))
    }

    /// The container's mounts, from the root on.
    pub(in crate::rules) fn mounts(self, lines: &str) -> Self {
        self.kernel("/proc/100/mountinfo", lines)
    }
}

pub(super) fn socket(path: &str, device: (u32, u32), inode: u64) -> File {
    File {
        path: path.into(),
        kind: Kind::Socket,
        mode: 0o660,
        uid: 0,
        gid: 999,
        device,
        inode,
        stands_for: None,
        capability: None,
    }
}

fn program(path: &str, inode: u64) -> File {
    File { kind: Kind::File, mode: 0o755, gid: 0, ..socket(path, (0, 44), inode) }
}
