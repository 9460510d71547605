//! Findings on containers beside the files that ask for them: where a failure
//! would be mended.
//!
//! A container is of a service by its labels, and the same rules judge the service
//! and the Dockerfile that its image is built from. What they say of a rule that
//! the container breaks leads to the lines; no path is ever taken from a label.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::bundle::Bundle;
use crate::model::draft::Origin;
use crate::model::finding::{Finding, Ledger, Sheet};
use crate::model::identity::role;
use crate::model::reading::{Evidence, Reason};
use crate::model::source::Source;
use crate::model::target::{Kind, Target};
use crate::model::untrusted::Untrusted;
use crate::model::verdict::Verdict;
use crate::model::waiver::{Scope, Terms, Waiver};

/// What of a Dockerfile a service overrules by a key of its own. What else stands
/// there is only mended there.
const OVERRULED: [&str; 4] = ["USER", "HEALTHCHECK", "ENTRYPOINT", "CMD"];

/// A place in a file that would mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mend {
    /// What the file says it of: a service, or a Dockerfile.
    pub kind: Kind,
    /// The place. Without a key nothing sets it yet, and this is where it could.
    pub origin: Arc<Origin>,
    /// Whether it is as it should be there, and the container runs otherwise.
    pub is_asked: bool,
}

/// Files, and what the rules say of what they ask for.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The evidence. A service is named `project/service`, and the Dockerfile that
    /// builds it has its id.
    pub bundle: &'a Bundle,
    /// The verdicts.
    pub ledger: Ledger,
}

/// The places that would mend findings, by the container's id and the rule's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined(BTreeMap<String, BTreeMap<&'static str, Vec<Mend>>>);

impl Joined {
    /// The places of one finding: those of compose files before those of Dockerfiles,
    /// each once, in the order in which they stand there.
    pub fn of(&self, target: &Target, rule: &str) -> &[Mend] {
        self.0.get(&target.id).and_then(|it| it.get(rule)).map_or(&[], Vec::as_slice)
    }
}

/// Looks up in the files what would mend each finding on a container of theirs that
/// fails or is unknown.
pub fn join(bundle: &Bundle, ledger: &Ledger, asked: &[Asked<'_>]) -> Joined {
    let mut joined = Joined::default();
    // Where no file was named, nobody's labels are looked at.
    for sheet in ledger.sheets.iter().filter(|_| !asked.is_empty()) {
        let role = role(bundle, &sheet.target);
        let Some(service) = Service::find(asked, &format!("{}/{}", role.project, role.service))
        else {
            continue;
        };
        let all = sheet.findings.iter().map(|it| (it.rule, service.mends(it)));
        let all = all.filter(|(_, places)| !places.is_empty()).collect();
        joined.0.insert(sheet.target.id.clone(), all);
    }
    joined
}

/// The waivers that stand above services, as those of the services' containers. What
/// the files keep and a container breaks nobody answers for.
pub fn waivers(bundle: &Bundle, asked: &[Asked<'_>]) -> Vec<Arc<Waiver>> {
    let own = |service: &Sheet| {
        let name = service.target.name.raw();
        let is_of = |it: &&Target| {
            let role = role(bundle, it);
            !role.is_one_off && format!("{}/{}", role.project, role.service) == name
        };
        bundle.targets.iter().filter(is_of).map(|it| it.id.clone()).collect::<Vec<_>>()
    };
    let moved = |of: &Asked<'_>, waiver: &Waiver| {
        let (scope, terms) = waiver.terms.as_ref().ok()?;
        let mut sheets = of.ledger.sheets.iter();
        let service = sheets.find(|it| scope.is_whole(&it.target.id))?;
        let finding = service.findings.iter().find(|it| it.rule == terms.rule.raw());
        let is_kept = finding.is_some_and(|it| matches!(it.verdict, Verdict::Pass(_)));
        // It answers for what shows the service's own finding, as the files have it.
        let digest = finding.and_then(Finding::evidence_digest);
        let is_void = terms.evidence.is_some() && terms.evidence != digest;
        let targets = if is_kept || is_void { Vec::new() } else { own(service) };
        let (at, terms) = (waiver.at.clone(), Terms { evidence: None, ..terms.clone() });
        (!targets.is_empty())
            .then(|| Arc::new(Waiver { at, terms: Ok((Scope::Whole(targets), terms)) }))
    };
    let all = asked.iter().flat_map(|of| of.bundle.waivers.iter().map(move |it| (of, it)));
    all.filter_map(|(of, waiver)| moved(of, waiver)).collect()
}

/// A service, and the Dockerfile that its image is built from.
struct Service<'a> {
    own: Part<'a>,
    dockerfile: Option<Part<'a>>,
    /// The Dockerfile's name in the places of both.
    file: Option<&'a Untrusted>,
}

/// One of the two.
struct Part<'a> {
    sheet: &'a Sheet,
    /// Where the whole of it stands.
    whole: Option<&'a Arc<Origin>>,
}

/// What a part says of a rule.
#[derive(Debug, PartialEq, Eq)]
enum Says {
    /// Nothing.
    Nothing,
    /// It leaves it to others.
    Open,
    /// It asks for what the rule wants; the places that say so.
    Keeps(Vec<Arc<Origin>>),
    /// It breaks it; the places that say so.
    Breaks(Vec<Arc<Origin>>),
}

impl<'a> Service<'a> {
    fn find(asked: &'a [Asked<'a>], name: &str) -> Option<Self> {
        let part = |kind: Kind, fits: &dyn Fn(&Target) -> bool| {
            let sheets = asked.iter().flat_map(|it| it.ledger.sheets.iter().map(move |s| (it, s)));
            let mut sheets = sheets.filter(|(_, it)| it.target.kind == kind);
            let (of, sheet) = sheets.find(|(_, it)| fits(&it.target))?;
            let id = sheet.target.id.clone();
            let source = if kind == Kind::Service {
                Source::Compose(id.into())
            } else {
                Source::Run(id.into())
            };
            let whole = of.bundle.draft(&source).ok().and_then(|it| it.origins.get(""));
            Some((of.bundle, Part { sheet, whole }))
        };
        let (_, own) = part(Kind::Service, &|it| it.name.raw() == name)?;
        let id = &own.sheet.target.id;
        let built = part(Kind::Dockerfile, &|it| it.id == *id);
        let recipe = |of: &'a Bundle| of.recipe(&Source::Dockerfile(id.as_str().into())).ok();
        let file = built.as_ref().and_then(|(of, _)| recipe(of)).map(|it| &it.file);
        Some(Self { file, dockerfile: built.map(|(_, it)| it), own })
    }

    /// Where a finding on its container would be mended.
    fn mends(&self, finding: &Finding) -> Vec<Mend> {
        let fails = match finding.verdict {
            Verdict::Fail(_) => true,
            Verdict::Unknown { .. } => false,
            Verdict::Pass(_) | Verdict::NotApplicable(_) => return Vec::new(),
        };
        let of_build = self.dockerfile.as_ref().map_or(Says::Nothing, |it| it.says(finding.rule));
        let (is_asked, origins) = match (self.own.says(finding.rule), of_build) {
            // Of what nobody could see nobody knows that it runs otherwise.
            (Says::Keeps(lines), _) => (true, self.own.or_whole(lines, fails)),
            (Says::Nothing, Says::Keeps(lines)) => (true, lines),
            (Says::Nothing, says) => (false, self.to_build(says, true)),
            (Says::Open, says) => {
                let whole = self.own.or_whole(Vec::new(), true);
                (false, [whole, self.to_build(says, true)].concat())
            }
            (Says::Breaks(lines), says) => {
                let is_own = |it: &Arc<Origin>| self.kind(it) == Kind::Service;
                let overrules = |it: &Arc<Origin>| OVERRULED.contains(&it.key.raw());
                let is_said = lines.iter().any(is_own);
                let can_say = !is_said && lines.iter().all(overrules);
                let whole = self.own.or_whole(Vec::new(), can_say);
                (false, [lines, whole, self.to_build(says, !is_said)].concat())
            }
        };
        let origins = origins.into_iter().filter(|_| fails || !is_asked);
        let mut all: Vec<Mend> =
            origins.map(|origin| Mend { kind: self.kind(&origin), origin, is_asked }).collect();
        all.sort_by(|one, other| (one.kind, &one.origin.at).cmp(&(other.kind, &other.origin.at)));
        all.dedup_by(|one, other| one.origin.at == other.origin.at);
        all
    }

    /// What the Dockerfile says; where it could say it, if nobody else does.
    fn to_build(&self, says: Says, is_left_to_it: bool) -> Vec<Arc<Origin>> {
        let part = self.dockerfile.as_ref();
        match says {
            Says::Nothing | Says::Keeps(_) => Vec::new(),
            Says::Open => part.map(|it| it.or_whole(Vec::new(), is_left_to_it)).unwrap_or_default(),
            Says::Breaks(lines) => part.map(|it| it.or_whole(lines, true)).unwrap_or_default(),
        }
    }

    /// Which of the two kinds of file a place is in.
    fn kind(&self, origin: &Origin) -> Kind {
        if self.file == Some(&origin.at.file) { Kind::Dockerfile } else { Kind::Service }
    }
}

impl Part<'_> {
    fn says(&self, rule: &str) -> Says {
        let Some(finding) = self.sheet.findings.iter().find(|it| it.rule == rule) else {
            return Says::Nothing;
        };
        match &finding.verdict {
            Verdict::Pass(proof) => Says::Keeps(self.lines(proof.evidence())),
            Verdict::Fail(proof) => Says::Breaks(self.lines(proof.evidence())),
            // Something is said there, by a variable that nobody set.
            Verdict::Unknown { gap, .. } if gap.reason == Reason::Unset => Says::Nothing,
            Verdict::Unknown { .. } => Says::Open,
            Verdict::NotApplicable(_) => Says::Nothing,
        }
    }

    /// The places that some evidence was written at, and not the whole.
    fn lines(&self, evidence: &[Evidence]) -> Vec<Arc<Origin>> {
        let is_whole = |it: &Arc<Origin>| {
            it.key.raw().is_empty() || self.whole.is_some_and(|whole| Arc::ptr_eq(it, whole))
        };
        evidence.iter().filter_map(Evidence::line).filter(|it| !is_whole(it)).cloned().collect()
    }

    /// These places, or that of the whole where there are none and it counts.
    fn or_whole(&self, lines: Vec<Arc<Origin>>, counts: bool) -> Vec<Arc<Origin>> {
        match self.whole.filter(|_| counts && lines.is_empty()) {
            Some(whole) => vec![Arc::clone(whole)],
            None => lines,
        }
    }
}

#[cfg(test)]
mod tests;
