//! secaudit audits what containers can really do.
//!
//! ```text
//! arguments ─► COLLECT ─► Bundle ─► facts ─► rules ─► Ledger ─► waive ─► score ─► gate ─► Report ─► bytes
//!              the only I/O └───────────────── pure: the same bundle, the same report ─────────────────┘
//! ```
//!
//! Everything is read twice: what was *declared* (the engine's record) and what
//! is *in force* (the kernel's word on every process). The kernel decides where
//! it is known; a declaration alone may convict, never acquit; and what could
//! not be read is a verdict of its own, with the one thing that would close it.
//!
//! The modules stand in the order of the pipeline, and each sees only those
//! before it. `tests/architecture.rs` holds that order. To understand the
//! product, read one rule, for instance [`rules::privilege::no_new_privileges`],
//! then [`model::fact`], which decides what its opinion means.

// The order is the architecture; rustfmt would sort it.
#![cfg_attr(rustfmt, rustfmt_skip)]

pub mod model;
pub mod parse;
pub mod collect;
pub mod facts;
pub mod rules;
pub mod compare;
pub mod policy;
pub mod judge;
pub mod waive;
pub mod score;
pub mod gate;
pub mod drift;
pub mod join;
pub mod next;
pub mod report;
pub mod app;

use std::sync::Arc;

use gate::{Outcome, Tally};
use join::Joined;
use judge::Accept;
use model::bundle::Bundle;
use model::finding::Ledger;
use policy::Policy;
use report::Part;
use report::v1::Report;
use score::Scorecard;
use waive::{Standing, State};

/// How much of an audit is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What is not well, as of one of many.
    Brief,
    /// All that was found.
    Full,
    /// And what to do next, which takes judging each target again for each setting.
    Next,
}

/// The pure half of the pipeline: the same bundle and policy, the same report.
#[must_use]
pub fn evaluate(bundle: &Bundle, policy: &Policy, accept: Accept) -> Report {
    evaluate_beside(bundle, &[], policy, accept, Detail::Full)
}

/// As [`evaluate`], of containers beside the evidence about files that ask for them,
/// which are judged too: a finding names the lines that would mend it.
#[must_use]
pub fn evaluate_beside(
    bundle: &Bundle,
    files: &[Bundle],
    policy: &Policy,
    accept: Accept,
    detail: Detail,
) -> Report {
    let facts = facts::derive(bundle);
    let ledger = judge::judge(&facts, policy, accept);
    let asked = files.iter().map(|bundle| {
        let ledger = judge::judge(&facts::derive(bundle), policy, Accept::Kernel);
        join::Asked { bundle, ledger }
    });
    let asked: Vec<_> = asked.collect();
    let joined = join::join(bundle, &ledger, &asked);
    // What somebody answers for in the files covers the container too.
    let waivers = join::waivers(bundle, &asked);
    let weighed = Weighed { joined, ..Weighed::new(bundle, ledger, &waivers, policy) };
    report::assemble(&weighed.run(bundle, &facts, policy, accept, detail))
}

/// As [`evaluate`], of audits that are some of many.
///
/// All go through each step before the next: a step's code is large, and stays in
/// the processor's cache.
#[must_use]
pub fn evaluate_parts(bundles: &[Bundle], policy: &Policy, detail: Detail) -> Vec<Part> {
    let accept = Accept::Kernel;
    let mut facts = Vec::new();
    for bundle in bundles {
        facts.append(&mut facts::derive(bundle));
    }
    let mut sheets = judge::judge(&facts, policy, accept).sheets;
    let mut weighed = Vec::new();
    for bundle in bundles {
        let rest = sheets.split_off(bundle.targets.len().min(sheets.len()));
        let own = Ledger { sheets: std::mem::replace(&mut sheets, rest) };
        weighed.push(Weighed::new(bundle, own, &[], policy));
    }
    let mut left = facts.as_slice();
    let part = |(bundle, weighed): (&Bundle, Weighed)| {
        let (own, rest) = left.split_at(weighed.ledger.sheets.len().min(left.len()));
        left = rest;
        let run = weighed.run(bundle, own, policy, accept, detail);
        let (targets, waivers) = (report::targets(&run), report::waivers(run.waivers));
        Part { targets, waivers, tally: weighed.tally }
    };
    bundles.iter().zip(weighed).map(part).collect()
}

/// A ledger with its waivers, its scores and what the gate counts of it.
struct Weighed {
    ledger: Ledger,
    joined: Joined,
    waivers: Vec<Standing>,
    cards: Vec<Scorecard>,
    tally: Tally,
    outcome: Outcome,
}

impl Weighed {
    fn new(
        bundle: &Bundle,
        mut ledger: Ledger,
        of_files: &[Arc<model::waiver::Waiver>],
        policy: &Policy,
    ) -> Self {
        let mut waivers = waive::lay(&mut ledger, of_files, bundle, policy);
        // Where it stands it may still cover something.
        let is_unused = |it: &Standing| matches!(it.state, State::Unused(_));
        waivers.retain(|it| !is_unused(it) || !of_files.contains(&it.waiver));
        if let Some(baseline) = &policy.baseline {
            baseline.lay(&mut ledger, bundle);
        }
        let cards = score::all(&ledger, policy.weights);
        let is_compared = policy.baseline.is_some();
        let all = (&ledger, waivers.as_slice());
        let tally = Tally::of(bundle, all, &cards, &policy.gate, is_compared);
        let outcome = tally.outcome(&policy.gate);
        Self { ledger, joined: Joined::default(), waivers, cards, tally, outcome }
    }

    fn run<'a, 'b>(
        &'a self,
        bundle: &'a Bundle,
        facts: &'a [facts::Derived<'b>],
        policy: &'a Policy,
        accept: Accept,
        detail: Detail,
    ) -> report::Run<'a, 'b> {
        let Self { ledger, joined, waivers, cards, tally, outcome } = self;
        let next = match detail {
            Detail::Brief | Detail::Full => Vec::new(),
            Detail::Next => next::all(bundle, &ledger.sheets, cards, policy, accept),
        };
        let tick = |(target, facts): &facts::Derived| judge::tick(target, facts, policy, accept);
        report::Run {
            ticks: facts.iter().map(tick).collect(),
            bundle,
            facts,
            policy,
            accept,
            ledger,
            joined,
            waivers,
            cards,
            tally,
            outcome,
            next,
            is_brief: detail == Detail::Brief,
        }
    }
}
