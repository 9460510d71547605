//! Text that somebody else chose.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Text from a container, an engine or a file.
///
/// Its `Display` shows control, bidirectional and zero-width characters as
/// visible escapes, so a name such as `web\x1b[2J` cannot drive a terminal and
/// two different names cannot look the same. Formatting it is therefore always
/// safe on a terminal; a writer for a format with a syntax of its own (JSON,
/// XML, HTML) still escapes that syntax. The exact text is behind [`raw`].
///
/// [`raw`]: Untrusted::raw
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
#[schemars(
    description = "Text that a container, an engine or a file chose, exactly as it was read: escape it before you print it."
)]
pub struct Untrusted(String);

impl Untrusted {
    /// Keeps the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Keeps bytes as text; what is not UTF-8 becomes U+FFFD.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(String::from_utf8_lossy(bytes).into_owned())
    }

    /// The exact text, for comparing and parsing. Never for printing.
    pub fn raw(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Cow<'_, str>> for Untrusted {
    fn from(text: Cow<'_, str>) -> Self {
        Self(text.into_owned())
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Most text is plain, and is shown as it is.
        if self.0.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return f.pad(&self.0);
        }
        let mut shown = String::with_capacity(self.0.len());
        for character in self.0.chars() {
            if character.is_control() || is_invisible(character) {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        f.pad(&shown)
    }
}

/// One character as itself, or as the escape that makes it visible.
/// Characters that change how their neighbours are drawn, or draw nothing:
/// the Unicode bidirectional controls, zero-width characters and separators.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{feff}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::Untrusted;

    #[test]
    fn escape_codes_are_shown_and_not_obeyed() {
        let name = Untrusted::from("web\u{1b}[2J\r\nok");
        assert_eq!(name.to_string(), r"web\u{1b}[2J\r\nok");
    }

    #[test]
    fn a_right_to_left_override_is_visible() {
        assert_eq!(Untrusted::from("a\u{202e}b").to_string(), r"a\u{202e}b");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_kept_as_text() {
        assert_eq!(Untrusted::from_bytes(b"a\xffb").raw(), "a\u{fffd}b");
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        assert_eq!(Untrusted::from("wéb-1 数据").to_string(), "wéb-1 数据");
    }
}
