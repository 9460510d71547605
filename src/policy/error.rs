//! What is wrong with a policy, and where.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::model::untrusted::Untrusted;

/// What is wrong with a policy; its `Display` shows the line with a mark.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    path: Untrusted,
    text: String,
    span: Range<usize>,
    message: String,
}

impl PolicyError {
    pub(super) fn new(
        path: &str,
        text: &str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let message = Untrusted::from(message.into()).to_string();
        Self { path: path.into(), text: text.to_owned(), span, message }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.to_string();
        let mark = AnnotationKind::Primary.span(self.span.clone());
        let snippet = Snippet::source(&self.text).path(&path).annotation(mark);
        let report = [Level::ERROR.primary_title(&self.message).element(snippet)];
        f.write_str(&Renderer::plain().render(&report))
    }
}
