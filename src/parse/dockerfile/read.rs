//! Lines into instructions, and instructions into stages.

use super::check;
use super::heredoc::announced;
use super::instruction::{Flag, Instruction, Keyword};
use super::text::{Text, count, number};
use super::words::{is_blank, quoted, unquoted};
use super::{Directive, Dockerfile, FAULTS, INSTRUCTIONS, LARGEST, Place, Stage, Wrong};

/// After so many heredocs without an end, the end of a further one is not
/// looked for: each search goes to the end of the file.
const UNCLOSED: usize = 20;

/// Reads a Dockerfile. What is wrong with it is among its faults.
///
/// Bytes that are no UTF-8 read as U+FFFD. A byte order mark is no character.
pub fn parse(bytes: &[u8]) -> Dockerfile {
    let mut reader = Reader::default();
    if bytes.len() > LARGEST {
        let what = format!("the file has more than {} KiB", LARGEST / 1024);
        reader.fault(FIRST, what, "name a Dockerfile");
        return reader.file;
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    reader.lines = text.split_inclusive('\n').collect();
    reader.directives();
    while reader.next < reader.lines.len() {
        if reader.kept == INSTRUCTIONS {
            let place = Place { line: reader.line(), column: 1, length: 1 };
            let what = format!("there are more than {INSTRUCTIONS} instructions");
            reader.fault(place, what, "split the file; what follows was not read");
            break;
        }
        if let Some(text) = reader.unfold() {
            let instruction = reader.instruction(text, false);
            reader.keep(instruction);
        }
    }
    reader.file
}

const FIRST: Place = Place { line: 1, column: 1, length: 1 };

struct Reader<'a> {
    lines: Vec<&'a str>,
    /// The next line to read, from 0.
    next: usize,
    kept: usize,
    unclosed: usize,
    file: Dockerfile,
}

impl Default for Reader<'_> {
    fn default() -> Self {
        let file = Dockerfile {
            directives: Vec::new(),
            escape: '\\',
            preamble: Vec::new(),
            stages: Vec::new(),
            faults: Vec::new(),
        };
        Self { lines: Vec::new(), next: 0, kept: 0, unclosed: 0, file }
    }
}

/// A line without its end.
fn without_end(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

impl<'a> Reader<'a> {
    /// The number of the next line, from 1.
    fn line(&self) -> u32 {
        number(self.next).saturating_add(1)
    }

    fn fault(&mut self, place: Place, what: impl Into<String>, help: impl Into<String>) {
        let faults = &mut self.file.faults;
        if faults.len() < FAULTS {
            faults.push(Wrong { place, what: what.into(), help: help.into() });
        }
    }

    /// Reads the parser directives. They stand before everything else, comments
    /// and empty lines included, and what looks like one later is a comment.
    fn directives(&mut self) {
        if self.lines.first().is_some_and(|it| it.starts_with("#!")) {
            self.next = 1;
        }
        while let Some(line) = self.lines.get(self.next).copied() {
            let Some((name, value)) = directive(line) else { break };
            let begin = line.len() - line.trim_start().len();
            let before = line.find('=').map_or(begin, |it| it + 1);
            let blanks = line.get(before..).unwrap_or_default();
            let before = before + blanks.len() - blanks.trim_start().len();
            let place = Place {
                line: self.line(),
                column: count(line.get(..before).unwrap_or_default()).saturating_add(1),
                length: count(value).max(1),
            };
            if self.file.directives.iter().any(|it| it.name == name) {
                self.fault(
                    place,
                    format!("there is a second {name} directive"),
                    "keep one of them",
                );
            } else if name == "escape" {
                match value {
                    "`" => self.file.escape = '`',
                    "\\" => {}
                    _ => self.fault(
                        place,
                        format!("{} cannot be the escape", check::short(value)),
                        "write escape=` or escape=\\",
                    ),
                }
            }
            self.file.directives.push(Directive { name, value: value.to_owned(), place });
            self.next += 1;
        }
    }

    /// The next logical line; none where there is only a comment or nothing.
    fn unfold(&mut self) -> Option<Text> {
        let mut text = Text::default();
        let mut is_first = true;
        while let Some(line) = self.lines.get(self.next) {
            let number = self.line();
            self.next += 1;
            let line = without_end(line);
            let inner = line.trim_start();
            if inner.starts_with('#') || inner.is_empty() {
                if is_first {
                    return None;
                }
                continue;
            }
            let skipped = if is_first { line.len() - inner.len() } else { 0 };
            is_first = false;
            let (blanks, line) = line.split_at(skipped);
            let column = count(blanks).saturating_add(1);
            match continued(line, self.file.escape) {
                Some(part) => text.push(part, number, column),
                None => {
                    text.push(line, number, column);
                    break;
                }
            }
        }
        (!text.as_str().trim().is_empty()).then_some(text)
    }

    fn instruction(&mut self, text: Text, is_trigger: bool) -> Instruction {
        let whole = text.as_str();
        let end = whole.len();
        let start = end - whole.trim_start().len();
        let name =
            start..whole.get(start..).and_then(|it| it.find(is_blank)).map_or(end, |it| start + it);
        let keyword = Keyword::of(text.get(name.clone()));
        let place = text.place(name.clone());
        let mut instruction = Instruction {
            keyword,
            place,
            last_line: number(self.next),
            flags: Vec::new(),
            heredocs: Vec::new(),
            trigger: None,
            arguments: name.end..end,
            text,
            name,
            escape: self.file.escape,
        };
        let Some(keyword) = keyword else {
            let name = instruction.name();
            let names = Keyword::ALL.map(|(name, _)| name);
            let help = check::nearest(&name.to_ascii_uppercase(), &names, "");
            self.fault(place, format!("there is no instruction {}", check::short(name)), help);
            return instruction;
        };
        self.flags(&mut instruction, keyword);
        if keyword == Keyword::Onbuild && !is_trigger {
            self.trigger(&mut instruction);
        }
        if !is_trigger && instruction.can_have_heredocs() {
            self.heredocs(&mut instruction);
        }
        for wrong in check::faults(&instruction, keyword) {
            self.fault(wrong.place, wrong.what, wrong.help);
        }
        instruction
    }

    /// Takes the flags off the arguments.
    fn flags(&mut self, instruction: &mut Instruction, keyword: Keyword) {
        let whole = instruction.arguments();
        let mut end = whole.start;
        let mut flags = Vec::new();
        for word in quoted(whole, '\\') {
            let Some(flag) = word.text.strip_prefix("--") else { break };
            end = word.range().end;
            if flag.is_empty() {
                break;
            }
            let bare = unquoted(flag);
            let (name, value) = match bare.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (bare, None),
            };
            flags.push(Flag { name, value, place: instruction.place_of(word) });
        }
        instruction.arguments = end..instruction.text.as_str().len();
        for flag in flags.iter().take(FAULTS) {
            if !keyword.flags().contains(&flag.name.as_str()) {
                let what =
                    format!("{} has no flag {}", instruction.name(), check::short(&flag.name));
                self.fault(flag.place, what, check::nearest(&flag.name, keyword.flags(), "--"));
            }
        }
        instruction.flags = flags;
    }

    fn trigger(&mut self, instruction: &mut Instruction) {
        let inner = instruction.arguments();
        if inner.text.is_empty() {
            return;
        }
        let trigger = self.instruction(instruction.text.tail(inner.start), true);
        let refused = [Keyword::Onbuild, Keyword::From, Keyword::Maintainer];
        if trigger.keyword.is_some_and(|it| refused.contains(&it)) {
            let what = format!("ONBUILD cannot put off {}", trigger.name());
            self.fault(trigger.place, what, "write another instruction after ONBUILD");
        }
        instruction.trigger = Some(Box::new(trigger));
    }

    /// Reads the bodies of the heredocs that a logical line announces.
    fn heredocs(&mut self, instruction: &mut Instruction) {
        let mut heredocs = announced(&instruction.text);
        for heredoc in &mut heredocs {
            let rest = self.lines.get(self.next..).unwrap_or_default();
            let ends = |line: &&str| {
                let line = without_end(line);
                let tabs: &[char] = if heredoc.strips_tabs { &['\t'] } else { &[] };
                line.trim_start_matches(tabs) == heredoc.name
            };
            let end = if self.unclosed < UNCLOSED { rest.iter().position(ends) } else { None };
            let Some(end) = end else {
                self.unclosed += 1;
                let name = check::short(&heredoc.name);
                self.fault(
                    heredoc.place,
                    format!("the heredoc {name} never ends"),
                    format!("write {name} alone on a line, with nothing before or after it"),
                );
                continue;
            };
            for line in rest.iter().take(end) {
                let inner = if heredoc.strips_tabs { line.trim_start_matches('\t') } else { line };
                let tabs = number(line.len() - inner.len());
                heredoc.body.push(inner, self.line(), tabs.saturating_add(1));
                self.next += 1;
            }
            self.next += 1;
        }
        instruction.last_line = number(self.next);
        match instruction.trigger.as_deref_mut() {
            Some(trigger) => trigger.heredocs = heredocs,
            None => instruction.heredocs = heredocs,
        }
    }

    fn keep(&mut self, instruction: Instruction) {
        self.kept += 1;
        if instruction.keyword == Some(Keyword::From) {
            self.file.stages.push(Stage { from: instruction, instructions: Vec::new() });
            return;
        }
        if let Some(stage) = self.file.stages.last_mut() {
            stage.instructions.push(instruction);
            return;
        }
        if !matches!(instruction.keyword, Some(Keyword::Arg) | None) {
            let what = format!("{} stands before the first FROM", instruction.name());
            self.fault(instruction.place, what, "begin a stage with FROM; only ARG goes before it");
        }
        self.file.preamble.push(instruction);
    }
}

/// A parser directive: a comment `# name=value` with a name that is known.
fn directive(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    let value = value.trim();
    let is_known = ["syntax", "escape", "check"].contains(&name.as_str());
    (is_known && !value.is_empty()).then_some((name, value))
}

/// The part before a line's continuation: the escape at its end, with blanks
/// after it. Two escapes are one that was escaped, and continue nothing.
fn continued(line: &str, escape: char) -> Option<&str> {
    let part = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!part.ends_with(escape)).then_some(part)
}
