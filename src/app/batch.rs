//! Files a few at a time, each step for all of them before the next.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::exit::Failure;
use super::stream::{Part, Shown};
use crate::Detail;
use crate::collect::compose::Images;
use crate::model::bundle::Bundle;
use crate::parse::compose::Fault;
use crate::policy::Policy;

/// How many files a thread takes through a step before the next: what the step
/// needs of the processor's caches is there then.
const BATCH: usize = 16;

/// What came of each request: what was kept of it and its part of the report, or why
/// there is none.
pub(super) type Judged<K> = Vec<Result<(K, Part), Fault>>;

/// How files of one kind are judged: from a request `Q` to what is read, `R`.
pub(super) struct Judging<'a, Read, Names, Evidence, Keep> {
    pub(super) policy: &'a Policy,
    /// How each is shown, where it is one of many.
    pub(super) shown: Option<&'a Shown>,
    /// How much of each is told.
    pub(super) detail: Detail,
    /// Reads one.
    pub(super) read: Read,
    /// The images that an engine has to be asked for.
    pub(super) names: Names,
    /// What is to be judged, and why that is nothing where it is nothing.
    pub(super) evidence: Evidence,
    /// What of it is wanted once it is judged.
    pub(super) keep: Keep,
}

impl<Read, Names, Evidence, Keep> Judging<'_, Read, Names, Evidence, Keep> {
    /// Reads a few files, asks for their images together, and judges them.
    pub(super) fn judge<'q, Q: Sync, R: Send, K: Send>(
        self,
        requests: &'q [Q],
        images: &mut Images,
    ) -> Result<Judged<K>, Failure>
    where
        Read: Fn(&Q) -> Result<R, Fault> + Sync,
        Names: Fn(&R) -> Vec<String>,
        Evidence: Fn(&Q, &R, &Images) -> (Bundle, Option<Fault>) + Sync,
        Keep: Fn(R) -> K + Sync,
    {
        let Self { policy, shown, detail, read, names, evidence, keep } = self;
        let read = |request: &'q Q| (request, read(request));
        let judge = |batch: Vec<(&Q, Result<R, Fault>)>, images: &Images| {
            let known = batch.iter().filter_map(|(request, it)| Some((request, it.as_ref().ok()?)));
            let bundles = known.map(|(request, it)| evidence(request, it, images)).collect();
            let mut parts = Part::all(bundles, policy, shown, detail).into_iter();
            let judged = batch.into_iter().filter_map(|(_, it)| match it {
                Err(fault) => Some(Err(fault)),
                Ok(it) => Some(Ok((keep(it), parts.next()?))),
            });
            judged.collect::<Vec<_>>()
        };
        // Where nobody is asked, each is judged as soon as it is read.
        if images.is_nobody_asked() {
            let judged = |batch: &'q [Q]| judge(batch.iter().map(read).collect(), images);
            // To start other threads takes longer than a single batch.
            return Ok(match requests.len() {
                ..=BATCH => judged(requests),
                _ => requests.par_chunks(BATCH).flat_map_iter(judged).collect(),
            });
        }
        let found: Vec<(&Q, Result<R, Fault>)> = requests.par_iter().map(read).collect();
        let wanted: BTreeSet<String> =
            found.iter().filter_map(|(_, it)| it.as_ref().ok()).flat_map(names).collect();
        if !wanted.is_empty() {
            super::runtime()?.block_on(images.ask(wanted.iter().map(String::as_str)))?;
        }
        let batches = found.into_par_iter().chunks(BATCH);
        Ok(batches.flat_map_iter(|batch| judge(batch, images)).collect())
    }
}
