//! What a witness said.

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

    /// What came of one act, and why.
    pub(crate) fn on(&self, act: Act, by: By) -> Option<(Outcome, &str)> {
        self.lines
            .iter()
            .find(|(other, who, ..)| (*other, *who) == (act, by))
            .map(|(_, _, outcome, why)| (*outcome, why.as_str()))
    }
}
