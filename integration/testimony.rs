//! What a witness said.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc;

use crate::wait;
use crate::witness::{Act, By, Line, Outcome};

/// Everything a witness tried, and what came of it.
#[derive(Debug)]
pub(crate) struct Testimony {
    lines: Vec<(Act, By, Outcome, String)>,
}

impl Testimony {
    /// Whether the last line has come.
    pub(crate) fn is_complete(text: &[u8]) -> bool {
        text.ends_with(b"\"end\"\n") || text.ends_with(b"\"end\"\r\n")
    }

    /// Reads a whole report. A witness that says nothing, breaks off or says
    /// what nobody understands is an error, whatever the audit says.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(text);
        if !Self::is_complete(text.as_bytes()) {
            return Err(format!("the witness broke off; it said: {text:?}"));
        }
        let mut lines = Vec::new();
        for line in text.lines() {
            match serde_json::from_str(line) {
                Ok(Line::Tried { act, by, outcome, why }) => lines.push((act, by, outcome, why)),
                Ok(Line::End) => {}
                Err(error) => return Err(format!("the witness said {line:?}: {error}")),
            }
        }
        Ok(Self { lines })
    }

    /// Listens to a witness that was started as a process, until it has tried
    /// everything. Its output must be piped.
    pub(crate) fn hear(child: &mut Child) -> Self {
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped"));
        let (said, heard) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                // Nobody listens any more once the test has failed.
                let _ = said.send(std::mem::take(&mut line));
            }
        });
        let mut text = Vec::new();
        while !Self::is_complete(&text) {
            match heard.recv_timeout(wait::DEADLINE) {
                Ok(line) => text.extend_from_slice(&line),
                Err(_) => break,
            }
        }
        Self::parse(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What came of one act, and why.
    pub(crate) fn on(&self, act: Act, by: By) -> Option<(Outcome, &str)> {
        self.lines
            .iter()
            .find(|(other, who, ..)| (*other, *who) == (act, by))
            .map(|(_, _, outcome, why)| (*outcome, why.as_str()))
    }
}
