//! A shell's script, read as far as its skeleton needs: the grammar of
//! `POSIX.1-2017, Shell Command Language`, sections 2.2, 2.3 and 2.10.
//!
//! Whatever is not understood ends the reading, and the rest is withheld.

mod tokens;

use super::programs::{Role, role};
use super::{State, WITHHELD, program};
use tokens::{Reader, Token};

/// The skeleton of a script: programs with the options that are kept of them, operators,
/// control words and exit codes.
pub fn script(text: &str) -> String {
    let mut reader = Reader::new(text);
    let mut out = Out::default();
    let mut place = Place::Command;
    let mut redirected = false;
    while let Some(token) = reader.next() {
        place = match (token, place) {
            (Token::Rest, _) => {
                out.withhold();
                break;
            }
            (Token::Operator(";;"), _) => {
                out.withhold();
                break;
            }
            // The words of an array, as in `declare A=(…)`, are no commands.
            (Token::Operator("("), Place::Argument(_) | Place::Code) => {
                out.withhold();
                break;
            }
            (Token::Operator(operator), _) => {
                out.push(operator);
                Place::Command
            }
            // Its target is the next word, and may be anything.
            (Token::Redirection, place) => {
                redirected = true;
                place
            }
            (Token::Word { .. }, place) if std::mem::take(&mut redirected) => place,
            (Token::Word { text, is_literal }, Place::Command) => match text.as_str() {
                word if is_assignment(word) => {
                    out.withhold();
                    // An array's words look like commands in parentheses.
                    if reader.is_at('(') {
                        break;
                    }
                    Place::Command
                }
                _ if !is_literal => {
                    out.withhold();
                    Place::ARGUMENT
                }
                word if CONTROL.contains(&word) => {
                    out.push(word);
                    Place::Command
                }
                // From here on words are patterns or names, and no commands.
                "case" | "select" | "function" | "[[" | "((" | "coproc" => {
                    out.withhold();
                    break;
                }
                "for" => {
                    out.push("for");
                    Place::ARGUMENT
                }
                word => match program(word) {
                    Some(name) => {
                        out.push(word);
                        match name {
                            "exit" | "return" => Place::Code,
                            _ if role(name) == Role::Wrapper => Place::Command,
                            _ => Place::Argument(State::after(name)),
                        }
                    }
                    None => {
                        out.withhold();
                        Place::ARGUMENT
                    }
                },
            },
            (Token::Word { text, .. }, Place::Code)
                if text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                out.push(&text);
                Place::ARGUMENT
            }
            // A script in a script is not read.
            (Token::Word { .. }, Place::Code | Place::Argument(State::Shell | State::Script)) => {
                out.withhold();
                Place::ARGUMENT
            }
            (Token::Word { text, .. }, Place::Argument(state)) => {
                let (shown, next) = state.read(&text);
                if shown == WITHHELD {
                    out.withhold();
                } else {
                    out.push(&shown);
                }
                Place::Argument(next)
            }
        };
    }
    out.words.join(" ")
}

/// Words that stand where a command stands, before one.
const CONTROL: [&str; 12] =
    ["!", "{", "}", "if", "then", "elif", "else", "fi", "while", "until", "do", "done"];

/// What the next word is.
enum Place {
    Command,
    /// An argument, as the words before it leave it to be read.
    Argument(State),
    /// The code of `exit`.
    Code,
}

impl Place {
    /// An argument of which nothing is kept.
    const ARGUMENT: Self = Self::Argument(State::Argument);
}

#[derive(Default)]
struct Out {
    words: Vec<String>,
}

impl Out {
    fn push(&mut self, word: &str) {
        self.words.push(word.to_owned());
    }

    /// One sign for several words in a row.
    fn withhold(&mut self) {
        if self.words.last().is_none_or(|last| last != WITHHELD) {
            self.push(WITHHELD);
        }
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::script;

    #[test]
    fn what_is_nested_without_end_ends_the_reading() {
        for part in ["$(", "\"$(", "> ", "((", "`", "${", "if "] {
            assert!(!script(&part.repeat(200_000)).contains("s3cret"));
        }
        assert_eq!(script("x=$(a \"$(b \"c d\")\" ; /s3cret) curl"), "…");
        assert_eq!(script("curl $(a \"b \\\" ) /s3cret\") || true"), "curl … || true");
    }

    #[test]
    fn of_a_script_programs_and_control_flow_are_kept() {
        for (text, expected) in [
            ("curl -fsS -u me:s3cret http://x/ || exit 1", "curl … || exit 1"),
            ("redis-cli -a s3cret ping | grep PONG", "redis-cli … | grep …"),
            ("exit 0", "exit 0"),
            ("exit s3cret", "exit …"),
            ("PGPASSWORD=s3cret pg_isready -U app", "… pg_isready …"),
            ("export A='s3cret; rm -rf' && true", "export … && true"),
            ("test \"$(curl -s http://s3cret/)\" = 200 || exit 1", "test … || exit 1"),
            ("[ -f /s3cret ] && echo ok", "[ … && echo …"),
            (
                "if wget -q s3cret; then exit 0; else exit 1; fi",
                "if wget … ; then exit 0 ; else exit 1 ; fi",
            ),
            ("for i in s3cret other; do curl $i; done", "for … ; do curl … ; done"),
            ("case $x in s3cret) curl;; esac", "…"),
            ("[[ a && s3cret ]]", "…"),
            ("curl s3cret >/dev/null 2>&1 || true", "curl … || true"),
            ("curl 's3cret", "curl …"),
            ("cat <<E\ns3cret\nE", "cat …"),
            ("A=(s3cret /s3cret) curl", "…"),
            ("exec /app/server --key s3cret", "exec /app/server …"),
            ("s3cret", "…"),
            ("`s3cret` || exit 1", "… || exit 1"),
            ("curl x # s3cret", "curl …"),
            ("A+=(/s3cret) curl", "…"),
            ("declare -a A=(/s3cret curl)", "…"),
            ("export A=(/s3cret)", "export …"),
            ("curl -p$'a\\'; /s3cret ; \\'b'", "curl …"),
            ("curl `a \\`b\\` ; /s3cret`", "curl …"),
            ("(curl s3cret) & wait", "( curl … ) & wait"),
            ("! pgrep s3cret", "! pgrep …"),
            ("\"cu\"rl s3cret", "curl …"),
            (
                "cd /s3cret && exec gunicorn -w ${W:-3} --timeout=$T -c s3cret.py --keep-alive 5 app:s3cret",
                "cd … && exec gunicorn -w … --timeout=… -c … --keep-alive 5 …",
            ),
            ("gunicorn \"--workers=$(s3cret)\" -ks3cret; true", "gunicorn --workers=… -k… ; true"),
            (
                "exec tini -s -- python -u -m gunicorn -w 4",
                "exec tini … -- python -u -m gunicorn -w 4",
            ),
            ("python -c 's3cret' -u", "python …"),
            ("tini -- sh -c 's3cret || /s3cret'", "tini -- sh …"),
            ("$X/bin/gunicorn -w 3", "…"),
            ("A=$s3cret venv/bin/gunicorn -w 3", "… venv/bin/gunicorn -w 3"),
            ("", ""),
        ] {
            assert_eq!(script(text), expected, "{text}");
            assert!(!script(text).contains("s3cret"));
        }
    }
}
