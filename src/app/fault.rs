//! What is wrong with a file, for a person: the place, and the line.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::output;
use crate::model::untrusted::Untrusted;
use crate::parse::compose::Fault;

/// The fault with its place, and the line with a mark where it is known.
pub(super) fn shown(fault: &Fault) -> String {
    let path = Untrusted::from(fault.file.display().to_string()).to_string();
    let what = Untrusted::from(fault.what.as_str()).to_string();
    let Some((line, column, length)) = fault.at.filter(|_| !fault.line.is_empty()) else {
        let help = if fault.help.is_empty() { String::new() } else { format!("; {}", fault.help) };
        let at = fault.at.map(|(line, column, _)| format!(":{line}:{column}")).unwrap_or_default();
        return format!("secaudit: {path}{at}: {what}{help}");
    };
    let number = |it: u32| usize::try_from(it).unwrap_or(1);
    let offset = |characters: usize| {
        fault.line.char_indices().nth(characters).map_or(fault.line.len(), |(place, _)| place)
    };
    let start = number(column).saturating_sub(1);
    let span = offset(start)..offset(start + number(length));
    let snippet = Snippet::source(&fault.line)
        .line_start(number(line))
        .path(&path)
        .annotation(AnnotationKind::Primary.span(span));
    let mut group = Level::ERROR.primary_title(&what).element(snippet);
    if !fault.help.is_empty() {
        group = group.element(Level::HELP.message(fault.help.as_str()));
    }
    // Beside its beginning, what is marked stays in sight.
    let renderer = match output::errors_width() {
        Some(width) => Renderer::plain().term_width(width),
        None => Renderer::plain(),
    };
    format!("secaudit: {}", renderer.render(&[group]))
}
