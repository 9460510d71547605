//! Many Dockerfiles: each parses or has an error at its line, and what every rule
//! says of every one is kept, so that a hit that nobody meant is seen.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use secaudit::collect::compose::Images;
use secaudit::collect::connect::NoEngine;
use secaudit::collect::dockerfile::{Contexts, Request, resolve};
use secaudit::collect::engine::Limits;
use secaudit::judge::Accept;
use secaudit::model::target::Kind;
use secaudit::parse::compose::Load;
use secaudit::parse::dockerfile::parse;
use secaudit::policy::Policy;
use secaudit::report::v1::{Finding, Verdict};
use secaudit::rules::ALL;

use crate::catalogue::is_current;
use crate::dockerfile_fixtures::{Fixture, fixtures};

const COUNT: u64 = 320;

struct InMemory<'a>(&'a str);

impl Load for InMemory<'_> {
    fn read(&self, _: &Path) -> Result<Vec<u8>, String> {
        Ok(self.0.as_bytes().to_vec())
    }

    fn is_file(&self, _: &Path) -> bool {
        true
    }
}

/// What every rule says of a Dockerfile; no engine and no context are at hand.
fn findings(fixture: &Fixture) -> Vec<Finding> {
    let nobody = NoEngine { detail: "no engine was asked".into(), remedy: "".into() };
    let images = Images::new(Err(nobody), Limits::within(Duration::from_secs(1)));
    let request = Request { file: "/nowhere/at/all/Dockerfile".into(), ..Request::default() };
    let resolved = resolve(&request, &InMemory(&fixture.text))
        .unwrap_or_else(|fault| panic!("{}: {}\n{}", fixture.name, fault.what, fixture.text));
    let bundle = resolved.bundle(&request, &images, &Contexts::default());
    let mut report = secaudit::evaluate(&bundle, &Policy::baseline(), Accept::Kernel);
    report.targets.remove(0).findings
}

/// Whether a finding is one of a rule that is asked of Dockerfiles.
fn is_asked(finding: &Finding) -> bool {
    let rule = ALL.iter().find(|it| it.id == finding.rule);
    rule.is_some_and(|it| it.targets.contains(&Kind::Dockerfile))
}

#[test]
fn every_dockerfile_parses_or_has_its_error_at_its_line() {
    for Fixture { name, text, faults } in fixtures(COUNT) {
        let found = parse(text.as_bytes()).faults;
        let lines: Vec<u32> = found.iter().map(|it| it.place.line).collect();
        let expected: Vec<u32> = faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, expected, "{name}: {found:?}\n{text}");
        for (fault, (_, what)) in found.iter().zip(&faults) {
            assert!(fault.what.contains(what), "{name}: {fault:?} is not {what:?}");
        }
    }
}

#[test]
fn what_every_rule_says_of_every_dockerfile_is_what_it_said_before() {
    let mut made = String::from(
        "# What fails, is unknown and does not apply of every Dockerfile of the corpus; all else\n\
         # that is asked of Dockerfiles passes. BLESS=1 cargo test renews it: look at the difference.\n",
    );
    for fixture in fixtures(COUNT) {
        let findings = findings(&fixture);
        let of = |verdict: Verdict| {
            let found = findings.iter().filter(|it| it.verdict == verdict && is_asked(it));
            found.map(|it| it.rule.to_string()).collect::<Vec<_>>().join(" ")
        };
        let fails = of(Verdict::Fail);
        let (unknown, moot) = (of(Verdict::Unknown), of(Verdict::NotApplicable));
        writeln!(made, "{}: {fails} | ? {unknown} | - {moot}", fixture.name).unwrap();
    }
    is_current("tests/corpus/dockerfiles.txt", &made);
}

#[test]
fn every_rule_of_the_build_is_broken_and_kept_by_some() {
    let all: Vec<_> = fixtures(COUNT).iter().flat_map(findings).collect();
    let ids = |verdict: Verdict| -> BTreeSet<String> {
        all.iter().filter(|it| it.verdict == verdict).map(|it| it.rule.to_string()).collect()
    };
    let (fails, passes) = (ids(Verdict::Fail), ids(Verdict::Pass));
    let own = ALL.iter().filter(|it| it.targets == [Kind::Dockerfile]);
    // Of these there is no context to look at.
    for rule in own.filter(|it| it.id != "dockerignore") {
        assert!(fails.contains(rule.id), "{} never fails", rule.id);
        assert!(passes.contains(rule.id), "{} never passes", rule.id);
    }
}

#[test]
fn what_fails_points_at_a_line_of_the_file() {
    for fixture in fixtures(COUNT) {
        let lines: Vec<&str> = fixture.text.lines().collect();
        let own = |it: &&Finding| {
            let rule = ALL.iter().find(|rule| rule.id == it.rule);
            it.verdict == Verdict::Fail && rule.is_some_and(|it| it.targets == [Kind::Dockerfile])
        };
        for finding in findings(&fixture).iter().filter(own) {
            let written = finding.evidence.iter().filter_map(|it| it.written.as_ref());
            let mut count = 0;
            for at in written {
                let line = lines.get(usize::try_from(at.line).unwrap() - 1);
                assert!(line.is_some(), "{}: {} points nowhere", fixture.name, finding.rule);
                count += 1;
            }
            assert!(count > 0, "{}: {} points at nothing", fixture.name, finding.rule);
        }
    }
}
