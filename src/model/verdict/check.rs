//! What a rule says of one known value.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::draft::Origin;
use crate::model::severity::Severity;
use crate::model::untrusted::Untrusted;

/// What a rule says of one known value. The only thing a rule decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// The rule holds; the text says what was seen.
    Holds(Cow<'static, str>),
    /// The rule is broken; the text says how.
    Broken {
        /// What is wrong, as a sentence without its full stop.
        what: Cow<'static, str>,
        /// A milder severity than the rule's own, where the value warrants it.
        severity: Option<Severity>,
        /// The parts of the value that broke the rule, as (place, value); empty
        /// means that the reading's whole evidence shows it.
        shown: Vec<(Untrusted, Untrusted)>,
        /// What of the value broke the rule, by what a file would say: it is
        /// pointed at where the evidence knows where it was written.
        named: Vec<Untrusted>,
        /// Where the value itself knows what broke the rule to be written, with
        /// what stands there: shown instead of the reading's evidence.
        written: Vec<(Arc<Origin>, Untrusted)>,
        /// How much else breaks the rule and is not shown.
        more: usize,
    },
    /// The question does not arise for this value; the text says why.
    Moot(Cow<'static, str>),
}

impl Check {
    /// The rule holds.
    pub fn holds(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Holds(what.into())
    }

    /// The rule is broken.
    pub fn broken(what: impl Into<Cow<'static, str>>) -> Self {
        let (shown, named, written) = (Vec::new(), Vec::new(), Vec::new());
        Self::Broken { what: what.into(), severity: None, shown, named, written, more: 0 }
    }

    /// The question does not arise.
    pub fn moot(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Moot(why.into())
    }

    /// Broken, but milder than the rule's own severity. No effect otherwise.
    #[must_use]
    pub fn only(mut self, milder: Severity) -> Self {
        if let Self::Broken { severity, .. } = &mut self {
            *severity = Some(milder);
        }
        self
    }

    /// Broken by this as well, whatever was found before.
    #[must_use]
    pub fn also(self, what: &str) -> Self {
        match self {
            Self::Broken { what: before, severity, shown, named, written, more } => {
                let what = format!("{before}; {what}").into();
                Self::Broken { what, severity, shown, named, written, more }
            }
            Self::Holds(_) | Self::Moot(_) => Self::broken(what.to_owned()),
        }
    }

    /// Broken by so much else as well, which is counted and not shown: nobody can answer
    /// for it line by line. No effect unless broken.
    #[must_use]
    pub fn and_more(mut self, count: usize) -> Self {
        if let Self::Broken { what, more, .. } = &mut self
            && count > 0
        {
            *what = format!("{what}; and {count} more").into();
            *more += count;
        }
        self
    }

    /// Broken by what stands in no line, too. No effect unless broken.
    #[must_use]
    pub fn beyond_its_lines(mut self) -> Self {
        if let Self::Broken { more, .. } = &mut self {
            *more += 1;
        }
        self
    }

    /// Narrows the evidence to one part of a long value. No effect unless broken.
    #[must_use]
    pub fn showing(mut self, place: impl Into<Untrusted>, value: impl Into<Untrusted>) -> Self {
        if let Self::Broken { shown, .. } = &mut self {
            shown.push((place.into(), value.into()));
        }
        self
    }

    /// Points at what breaks the rule, where the value knows where it is written.
    /// No effect unless broken.
    #[must_use]
    pub fn at(mut self, origin: Arc<Origin>, value: impl Into<Untrusted>) -> Self {
        if let Self::Broken { written, .. } = &mut self {
            written.push((origin, value.into()));
        }
        self
    }

    /// Points at the item of a list that says this. No effect unless broken.
    #[must_use]
    pub fn naming(mut self, item: impl Into<Untrusted>) -> Self {
        if let Self::Broken { named, .. } = &mut self {
            named.push(item.into());
        }
        self
    }
}
