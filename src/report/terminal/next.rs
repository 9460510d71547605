//! What to do next with each target: the steps with their scores, then what to write, which
//! for the services of one project is one file.

use std::fmt::{self, Write as _};

use textwrap::core::display_width;

use super::{Look, of_grade};
use crate::model::target::Kind;
use crate::model::untrusted::Untrusted;
use crate::report::v1;
use crate::rules::{self, Rule};
use crate::score::Grade;

/// How wide the score after a step is told.
const SCORE: usize = 12;

pub(super) fn write(out: &mut String, targets: &[v1::Target], look: Look) -> fmt::Result {
    let all = targets.iter().filter_map(|it| Some((it, it.next.as_ref()?)));
    for (place, (target, next)) in all.enumerate() {
        writeln!(out)?;
        if place == 0 {
            let why = look.faint("· by how much each change raises the score");
            writeln!(out, "{} {why}", look.bold(" →  what to do next"))?;
        }
        of_target(out, target, next, look)?;
    }
    files(out, targets, look)
}

/// A compose file that is laid over a project's own.
struct File<'t> {
    project: &'t str,
    /// What it says of each service, as it stands below `services:`.
    services: Vec<&'t str>,
}

impl<'t> File<'t> {
    /// Takes up what is said of a service; false where it says otherwise of it already, as of
    /// two replicas of which one needs more memory than the other.
    fn takes(&mut self, project: &str, service: &'t str) -> bool {
        let key = |it: &'t str| it.lines().next();
        if self.project != project {
            return false;
        }
        match self.services.iter().find(|it| key(it) == key(service)) {
            Some(own) => *own == service,
            None => {
                self.services.push(service);
                true
            }
        }
    }
}

/// The fragments of one project are one file: who copies two, one after the other, has
/// `services:` twice.
fn files(out: &mut String, targets: &[v1::Target], look: Look) -> fmt::Result {
    let mut files: Vec<File<'_>> = Vec::new();
    for target in targets {
        let compose = target.next.as_ref().and_then(|it| it.compose.as_deref());
        let Some(service) = compose.and_then(|it| it.strip_prefix("services:\n")) else { continue };
        let identity = target.identity.raw();
        let project = identity.split_once('/').map_or(identity, |it| it.0);
        if !files.iter_mut().any(|it| it.takes(project, service)) {
            files.push(File { project, services: vec![service] });
        }
    }
    let (is_among_others, are_several) = (targets.len() > 1, files.len() > 1);
    for File { project, services } in files {
        if is_among_others {
            writeln!(out)?;
        }
        let of =
            if are_several { format!(" of {}", Untrusted::from(project)) } else { String::new() };
        writeln!(out, "  compose{of}: a file to be added with -f\n    services:")?;
        for line in services.iter().flat_map(|it| it.lines()) {
            writeln!(out, "    {}", comment(line, look))?;
        }
    }
    Ok(())
}

fn of_target(out: &mut String, target: &v1::Target, next: &v1::Next, look: Look) -> fmt::Result {
    let name = &target.name;
    match next.steps.as_slice() {
        [] if next.left.is_empty() => {
            writeln!(
                out,
                "{}",
                look.wrap("  ", "    ", &format!("{name}: nothing is left to mend"))
            )?;
        }
        [] => {
            let what = format!("{name}: no setting raises the score");
            writeln!(out, "{}", look.wrap("  ", "    ", &what))?;
        }
        steps @ [.., last] => {
            let count = steps.len();
            let count = if count == 1 { "1 step".to_owned() } else { format!("{count} steps") };
            let from = score(target.grade, target.floor, look);
            let to = score(last.grade, last.floor, look);
            let head = look.wrap("  ", "    ", &format!("{name}:"));
            let scores = format!("{from} → {to} by {count}");
            let taken = head.lines().last().map_or(0, display_width);
            let fits = taken + 1 + display_width(&scores) <= look.width;
            writeln!(out, "{head}{}{scores}", if fits { " " } else { "\n    " })?;
        }
    }
    let mut before = target.floor;
    for (number, step) in (1..).zip(&next.steps) {
        let what: Vec<&str> = step.settings.iter().map(|it| it.what()).collect();
        let gain = format!("{before:>3} → {:<3}", step.floor);
        let first = format!("  {number:>3}  {gain:<SCORE$}");
        let rest = " ".repeat(7 + SCORE);
        writeln!(out, "{}", look.wrap(&first, &rest, &what.join("; ")))?;
        before = step.floor;
    }
    if !next.later.is_empty() {
        let what: Vec<&str> = next.later.iter().map(|it| it.what()).collect();
        let held = next.held_by.join(", ");
        let text = format!("{}; the score is held by {held}", what.join("; "));
        writeln!(out, "{}", look.wrap("  later: ", "    ", &text))?;
    }
    if let Some(run) = &next.run {
        options(out, run, look)?;
    }
    choices(out, next, look)?;
    left(out, next, look)
}

fn score(grade: Grade, floor: u8, look: Look) -> String {
    look.paint(&format!("{} {floor}", grade.letter()), of_grade(grade)).into_owned()
}

/// A line of the fragment, what has to be chosen fainter.
fn comment(line: &str, look: Look) -> String {
    match line.split_once("  # ") {
        Some((key, note)) => format!("{key}  {}", look.faint(&format!("# {note}"))),
        None => line.to_owned(),
    }
}

/// The options of `docker run`, so that they can be taken over as they stand.
fn options(out: &mut String, run: &v1::Run, look: Look) -> fmt::Result {
    let text = format!("docker run {} …", run.add);
    let lines = textwrap::wrap(
        &text,
        textwrap::Options::new(look.width.saturating_sub(6))
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .break_words(false),
    );
    let last = lines.len().saturating_sub(1);
    for (place, line) in lines.iter().enumerate() {
        let end = if place < last { " \\" } else { "" };
        let indent = if place == 0 { "  " } else { "    " };
        writeln!(out, "{indent}{line}{end}")?;
    }
    if !run.leave_out.is_empty() {
        let all: Vec<String> = run.leave_out.iter().map(ToString::to_string).collect();
        writeln!(out, "{}", look.wrap("  leave out: ", "    ", &all.join(", ")))?;
    }
    Ok(())
}

/// What has to be chosen, where no fragment says it beside its key.
fn choices(out: &mut String, next: &v1::Next, look: Look) -> fmt::Result {
    let mut all: Vec<&str> =
        next.steps.iter().flat_map(|it| &it.choose).map(String::as_str).collect();
    all.dedup();
    if next.compose.is_some() || all.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", look.wrap("  choose: ", "    ", &all.join("; ")))
}

/// What no setting mends, by where it has to be mended.
fn left(out: &mut String, next: &v1::Next, look: Look) -> fmt::Result {
    if next.left.is_empty() {
        return Ok(());
    }
    let place = |id: &str| rules::find(id).map_or("elsewhere", place);
    let mut places: Vec<(&str, Vec<&str>)> = Vec::new();
    for id in next.left.iter().map(|it| &**it) {
        match places.iter_mut().find(|it| it.0 == place(id)) {
            Some((_, all)) => all.push(id),
            None => places.push((place(id), vec![id])),
        }
    }
    let places: Vec<String> =
        places.iter().map(|(place, all)| format!("{place}: {}", all.join(", "))).collect();
    let text = format!("{} · how: secaudit explain RULE", places.join("; "));
    writeln!(out, "{}", look.faint(&look.wrap("  left: ", "    ", &text)))
}

/// Where what a rule asks about is said: what it asks of a service and of an image alike,
/// either can say.
fn place(rule: &Rule) -> &'static str {
    let is_of = |kind: Kind| rule.targets.contains(&kind);
    match (is_of(Kind::Service), is_of(Kind::Image) || is_of(Kind::Dockerfile)) {
        (true, false) => "where it is started",
        (true, true) => "where it is started, or in its image",
        (false, true) => "in its image",
        (false, false) => "in what runs in it",
    }
}
