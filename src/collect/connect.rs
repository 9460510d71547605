//! Which engine is asked, or why none is.

use std::borrow::Cow;

use super::engine::address::Choice;
use super::engine::{Engine, EngineError, Limits};
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;

/// Why no engine is to be asked, and what would change that: the gap of
/// everything that only an engine could tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoEngine {
    /// The reason, as a fragment without a full stop.
    pub detail: Cow<'static, str>,
    /// What a person can do about it.
    pub remedy: Cow<'static, str>,
}

impl NoEngine {
    /// What is missing without one.
    pub(super) fn gap(&self) -> Gap {
        let Self { detail, remedy } = self.clone();
        Gap::new(Reason::NotCollected, Source::container_list(), detail).mend(remedy)
    }
}

/// Why no engine is asked.
pub(super) enum Unasked {
    /// Somebody named one, and it cannot be used.
    Named(EngineError),
    /// Nobody named one, and none is there or wanted.
    Absent(Gap),
}

impl Unasked {
    /// What is missing without one.
    pub(super) fn into_gap(self) -> Result<Gap, EngineError> {
        match self {
            Self::Named(error) => Err(error),
            Self::Absent(gap) => Ok(gap),
        }
    }
}

/// The first of the engines that answers.
pub(super) async fn connect(
    engine: &Result<Choice, NoEngine>,
    limits: Limits,
) -> Result<Engine, Unasked> {
    let list = Source::container_list();
    let choice = match engine {
        Ok(choice) => choice,
        Err(nobody) => return Err(Unasked::Absent(nobody.gap())),
    };
    let mut refusal: Option<EngineError> = None;
    for address in &choice.candidates {
        match Engine::connect(address.clone(), limits).await {
            Ok(engine) => return Ok(engine),
            // A socket that is there and refuses says more than one that is not there.
            Err(error) => {
                let is_absent =
                    |error: &EngineError| matches!(error, EngineError::Unreachable { .. });
                if refusal.as_ref().is_none_or(|known| is_absent(known) && !is_absent(&error)) {
                    refusal = Some(error);
                }
            }
        }
    }
    Err(match refusal {
        Some(error) if choice.named_by.is_some() => Unasked::Named(error),
        None | Some(EngineError::Unreachable { .. }) => Unasked::Absent(
            Gap::new(Reason::NotCollected, list, "no engine listens on a well-known socket").mend(
                "start Docker or Podman's service, or name an engine with --host or --context",
            ),
        ),
        Some(error) => Unasked::Absent(error.gap(list)),
    })
}
