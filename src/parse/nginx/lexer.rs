//! The words of a configuration, by the rules of nginx's own `ngx_conf_read_token`.

use super::Fault;

/// The longest word that nginx reads (`NGX_CONF_BUFFER`).
const LONGEST: usize = 4096;

/// How a run of words ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// `;`
    Statement,
    /// `{`
    Block,
    /// `}`, before which there are no words.
    Close,
    /// The end of the file, likewise.
    File,
}

/// A text, as far as it was read.
pub(super) struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
    line: u32,
}

impl<'t> Lexer<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { bytes: text.as_bytes(), at: 0, line: 1 }
    }

    pub(super) const fn line(&self) -> u32 {
        self.line
    }

    fn take(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        self.line += u32::from(byte == b'\n');
        Some(byte)
    }

    /// The next words, the line of the first, and what ends them.
    pub(super) fn next(&mut self) -> Result<(Vec<String>, u32, End), Fault> {
        let (mut words, mut line) = (Vec::new(), self.line);
        while let Some(byte) = self.take() {
            let is_first = words.is_empty();
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => continue,
                b'#' => {
                    while self.take().is_some_and(|it| it != b'\n') {}
                    continue;
                }
                b';' | b'{' if is_first => return Err(self.fault("a directive without a name")),
                b';' => return Ok((words, line, End::Statement)),
                b'{' => return Ok((words, line, End::Block)),
                b'}' if is_first => return Ok((words, self.line, End::Close)),
                b'}' => return Err(self.fault("a directive is not ended by ;")),
                _ => {}
            }
            if is_first {
                line = self.line;
            }
            if matches!(byte, b'"' | b'\'') {
                words.push(self.quoted(byte)?);
                self.end_quoted()?;
            } else {
                self.at -= 1;
                words.push(self.bare()?);
            }
        }
        if words.is_empty() {
            Ok((words, self.line, End::File))
        } else {
            Err(self.fault("the file ends within a directive"))
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<String, Fault> {
        let begin = self.at;
        while let Some(byte) = self.take() {
            if byte == b'\\' {
                self.take();
            } else if byte == quote {
                return self.word(begin, self.at - 1);
            }
        }
        Err(self.fault("the file ends within quotes"))
    }

    /// After a quoted word there must be a blank or an end; a `)` begins the next word.
    fn end_quoted(&self) -> Result<(), Fault> {
        match self.bytes.get(self.at) {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' | b')') => Ok(()),
            Some(_) => Err(self.fault("something follows right after quotes")),
        }
    }

    fn bare(&mut self) -> Result<String, Fault> {
        let begin = self.at;
        // The brace of `${name}` begins no block.
        let mut is_variable = false;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'{' if is_variable => {}
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' => break,
                b'\\' => {
                    self.take();
                    is_variable = false;
                }
                byte => is_variable = *byte == b'$',
            }
            self.take();
        }
        self.word(begin, self.at)
    }

    /// A word without the backslashes that nginx takes away.
    fn word(&self, begin: usize, end: usize) -> Result<String, Fault> {
        if end - begin > LONGEST {
            return Err(self.fault("a word is longer than nginx reads"));
        }
        let mut rest = self.bytes.get(begin..end).unwrap_or_default();
        let mut word = Vec::with_capacity(rest.len());
        while let Some((byte, after)) = rest.split_first() {
            let replaced = after.first().filter(|_| *byte == b'\\').and_then(|next| match next {
                b'"' | b'\'' | b'\\' => Some(*next),
                b't' => Some(b'\t'),
                b'r' => Some(b'\r'),
                b'n' => Some(b'\n'),
                _ => None,
            });
            word.push(replaced.unwrap_or(*byte));
            rest = after.get(usize::from(replaced.is_some())..).unwrap_or_default();
        }
        Ok(String::from_utf8_lossy(&word).into_owned())
    }

    /// Passes by the Lua code of a block that is already open, by the rules of Lua: a
    /// brace counts unless it is in a text or a comment.
    pub(super) fn pass_lua(&mut self) -> Result<(), Fault> {
        let mut open = 1_usize;
        while let Some(byte) = self.take() {
            match byte {
                b'{' => open += 1,
                b'}' if open == 1 => return Ok(()),
                b'}' => open -= 1,
                b'"' | b'\'' => self.lua_text(byte),
                b'[' => {
                    self.lua_long();
                }
                b'-' if self.bytes.get(self.at) == Some(&b'-') => {
                    self.take();
                    let is_long = self.bytes.get(self.at) == Some(&b'[') && {
                        self.take();
                        self.lua_long()
                    };
                    while !is_long && self.bytes.get(self.at).is_some_and(|it| *it != b'\n') {
                        self.take();
                    }
                }
                _ => {}
            }
        }
        Err(self.fault("the file ends within Lua code"))
    }

    /// The rest of a text in quotes.
    fn lua_text(&mut self, quote: u8) {
        while let Some(byte) = self.take() {
            if byte == b'\\' {
                self.take();
            } else if byte == quote {
                return;
            }
        }
    }

    /// The rest of a long bracket such as `[==[ … ]==]`, if this `[` begins one.
    fn lua_long(&mut self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let level = rest.iter().take_while(|it| **it == b'=').count();
        if rest.get(level) != Some(&b'[') {
            return false;
        }
        while let Some(byte) = self.take() {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let is_level = rest.iter().take(level).all(|it| *it == b'=');
            if byte == b']' && is_level && rest.get(level) == Some(&b']') {
                self.at += level + 1;
                return true;
            }
        }
        true
    }

    pub(super) const fn fault(&self, what: &'static str) -> Fault {
        Fault { line: self.line, what }
    }
}
