//! secaudit audits what containers can really do.
//!
//! ```text
//! arguments ─► COLLECT ─► Bundle ─► facts ─► rules ─► Ledger ─► score ─► gate ─► Report ─► bytes
//!              the only I/O └──────────── pure: the same bundle, the same report ────────────┘
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
pub mod policy;
pub mod judge;
pub mod score;
pub mod gate;
pub mod drift;
pub mod join;
pub mod report;
pub mod app;

use gate::Tally;
use judge::Accept;
use model::bundle::Bundle;
use policy::Policy;
use report::v1::{Report, Target};

/// The pure half of the pipeline: the same bundle and policy, the same report.
#[must_use]
pub fn evaluate(bundle: &Bundle, policy: &Policy, accept: Accept) -> Report {
    evaluate_beside(bundle, &[], policy, accept)
}

/// As [`evaluate`], of containers beside the evidence about files that ask for them,
/// which are judged too: a finding names the lines that would mend it.
#[must_use]
pub fn evaluate_beside(
    bundle: &Bundle,
    files: &[Bundle],
    policy: &Policy,
    accept: Accept,
) -> Report {
    weigh((bundle, files), (policy, accept), false, |run, _| report::assemble(run))
}

/// As [`evaluate`], of an audit that is one of many: its targets, and what of it
/// the gate counts. Briefly: of what passes the verdict alone.
#[must_use]
pub fn evaluate_part(bundle: &Bundle, policy: &Policy, is_brief: bool) -> (Vec<Target>, Tally) {
    let by = (policy, Accept::Kernel);
    weigh((bundle, &[]), by, is_brief, |run, tally| (report::targets(run), tally))
}

fn weigh<T>(
    (bundle, files): (&Bundle, &[Bundle]),
    (policy, accept): (&Policy, Accept),
    is_brief: bool,
    tell: impl FnOnce(&report::Run<'_>, Tally) -> T,
) -> T {
    let facts = facts::derive(bundle);
    let ledger = judge::judge(&facts, policy, accept);
    let cards = score::all(&ledger, policy.weights);
    let tally = Tally::of(bundle, &ledger, &cards, &policy.gate);
    let asked = files.iter().map(|bundle| {
        let ledger = judge::judge(&facts::derive(bundle), policy, Accept::Kernel);
        join::Asked { bundle, ledger }
    });
    let joined = join::join(bundle, &ledger, &asked.collect::<Vec<_>>());
    let run = report::Run {
        bundle,
        facts: &facts,
        policy,
        accept,
        ledger: &ledger,
        joined: &joined,
        cards: &cards,
        outcome: &tally.outcome(&policy.gate),
        is_brief,
    };
    tell(&run, tally)
}
