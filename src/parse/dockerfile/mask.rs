//! What may be shown of a Dockerfile: everything but comments and what may be secret.
//!
//! Each letter that may not be shown becomes a `*`, so that everything stays
//! where it was written and the text reads as before. An address of a secret,
//! such as `$TOKEN`, is none.

use std::ops::Range;

use super::heredoc::Heredoc;
use super::instruction::{Instruction, Keyword};
use super::text::Text;
use super::{Dockerfile, Place};
use crate::model::secret::Form;
use crate::parse::secret::promise::{Promise, promise};
use crate::parse::secret::{form, is_token};

/// Comments that tools read, and no secrets.
const READ: [&str; 3] = ["secaudit:", "hadolint ", "syntax="];

/// Programs of which `-p` asks for a password.
const TAKES_P: [&str; 9] = [
    "sshpass",
    "useradd",
    "usermod",
    "mysql",
    "mysqladmin",
    "mysqldump",
    "mariadb",
    "docker",
    "openssl",
];

/// Programs that are told `user:password`, by options or by what is piped to them.
const TAKES_PAIR: [&str; 3] = ["chpasswd", "htpasswd", "--stdin"];

/// What may be shown of a Dockerfile, of which this is the text.
pub fn masked(dockerfile: &Dockerfile, text: &str) -> String {
    let mut hidden: Vec<Place> = Vec::new();
    let mut told: Vec<bool> = Vec::new();
    for instruction in dockerfile.instructions() {
        told_by(instruction.text(), &mut told);
        hide(instruction, &mut hidden);
        for heredoc in &instruction.heredocs {
            told_by(&heredoc.body, &mut told);
            body(instruction, heredoc, &mut hidden);
        }
    }
    hidden.sort_unstable();
    let mut places = hidden.into_iter().peekable();
    let mut shown = String::with_capacity(text.len());
    let directives = dockerfile.directives.iter().map(|it| it.place.line).max().unwrap_or(0);
    for (line, number) in text.split_inclusive('\n').zip(1_u32..) {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        let is_told = told.get(index).copied().unwrap_or(false);
        if !is_told && number > directives {
            outside(line, &mut shown);
            continue;
        }
        let mut own = Vec::new();
        while let Some(place) = places.next_if(|it| it.line <= number) {
            own.extend((place.line == number).then_some(place.column..place.column + place.length));
        }
        if own.is_empty() {
            shown.push_str(line);
            continue;
        }
        for (letter, column) in line.chars().zip(1_u32..) {
            let is_hidden = own.iter().any(|it| it.contains(&column)) && !letter.is_whitespace();
            shown.push(if is_hidden { '*' } else { letter });
        }
    }
    shown
}

/// Notes the lines of which a text is made.
fn told_by(text: &Text, told: &mut Vec<bool>) {
    for place in text.places(0..text.as_str().len()) {
        let line = usize::try_from(place.line).unwrap_or(0);
        if told.len() <= line {
            told.resize(line + 1, false);
        }
        if let Some(known) = told.get_mut(line) {
            *known = true;
        }
    }
}

/// A line that belongs to no instruction: a comment, or the end of a heredoc.
fn outside(line: &str, shown: &mut String) {
    let bare = line.trim_start();
    let comment = bare.strip_prefix('#').map(str::trim_start);
    let is_shown = match comment {
        Some(comment) => READ.iter().any(|it| comment.starts_with(it)),
        None => bare.len() <= 64 && !is_token(bare.trim_end()),
    };
    if is_shown {
        shown.push_str(line);
        return;
    }
    let mark = usize::from(comment.is_some()) + (line.len() - bare.len());
    let (before, rest) = line.split_at_checked(mark).unwrap_or((line, ""));
    shown.push_str(before);
    shown.extend(rest.chars().map(|it| if it.is_whitespace() { it } else { '*' }));
}

fn hide(it: &Instruction, hidden: &mut Vec<Place>) {
    let it = it.trigger.as_deref().unwrap_or(it);
    let text = it.text();
    let whole = it.arguments().range();
    if let Some(Keyword::Env | Keyword::Arg | Keyword::Label) = it.keyword {
        for pair in it.pairs() {
            let Some(value) = pair.value.filter(|value| is_secret(pair.key.text, value.text))
            else {
                continue;
            };
            hidden.extend(text.places(value.range()));
        }
    }
    scan(text, whole, hidden);
}

/// Whether a value of this name may be a secret.
pub fn is_secret(name: &str, value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'']);
    if bare.is_empty() || is_reference(bare) {
        return false;
    }
    let looks = form(bare);
    let is_plain = matches!(looks, Form::Flag | Form::Reference | Form::Empty);
    let is_promised = promise(name) != Promise::Nothing && !is_plain;
    let is_known =
        matches!(looks, Form::Token(_) | Form::PrivateKey | Form::Credentials { .. } | Form::Hash);
    is_promised || is_known || is_token(bare)
}

/// Whether all of a word is a variable's name.
fn is_reference(word: &str) -> bool {
    let name = word.strip_prefix('$').unwrap_or_default();
    let name = name.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(name);
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
    !name.is_empty() && name.chars().all(is_name)
}

/// A script is looked through; what is a file may hold anything.
fn body(it: &Instruction, heredoc: &Heredoc, hidden: &mut Vec<Place>) {
    let whole = 0..heredoc.body.as_str().len();
    if it.trigger.as_deref().unwrap_or(it).keyword == Some(Keyword::Run) {
        scan(&heredoc.body, whole, hidden);
    } else {
        hidden.extend(heredoc.body.places(whole));
    }
}

/// What the next word of a command may be.
#[derive(Clone, Copy)]
enum Next {
    Anything,
    Secret,
    /// A name and a password, if it has a colon.
    Pair,
}

/// A word of whatever language it is: what stands between blanks, quotes and signs.
struct Token {
    range: Range<usize>,
    /// The quote that it stands in.
    quote: Option<char>,
}

fn tokens(text: &str, whole: Range<usize>) -> Vec<Token> {
    let mut found = Vec::new();
    let mut begin: Option<usize> = None;
    let mut quote: Option<char> = None;
    let part = text.get(whole.clone()).unwrap_or_default();
    for (at, letter) in part.char_indices() {
        let at = whole.start + at;
        let is_end = letter.is_whitespace() || "\"'`,;|&()[]{}<>".contains(letter);
        // `${NAME}` is one word.
        let is_variable = matches!(letter, '{' | '}')
            && begin.is_some_and(|from| text.get(from..at).is_some_and(|it| it.contains('$')));
        if is_end && !is_variable {
            found.extend(begin.take().map(|from| Token { range: from..at, quote }));
        } else {
            begin.get_or_insert(at);
        }
        if matches!(letter, '"' | '\'') {
            quote = match quote {
                Some(open) if open == letter => None,
                None => Some(letter),
                other => other,
            };
        }
    }
    found.extend(begin.map(|from| Token { range: from..whole.end, quote }));
    found
}

/// Hides what may be a secret among the words of a command, or of anything else.
fn scan(text: &Text, whole: Range<usize>, hidden: &mut Vec<Place>) {
    let all = text.as_str();
    let tells_pairs = TAKES_PAIR.iter().any(|it| all.contains(it));
    // Whether what comes next is a secret, and in which quote it goes on.
    let (mut is_next, mut goes_on, mut is_said) = (Next::Anything, None, false);
    let mut program = "";
    let mut end = whole.start;
    for token in tokens(all, whole) {
        let Token { range, quote } = token;
        let word = text.get(range.clone());
        let between = text.get(end..range.start).to_owned();
        end = range.end;
        let is_over = between.contains([';', '|', '&', '\n']);
        is_said &= !is_over;
        if is_over || program.is_empty() || program.contains('=') {
            program = word;
        }
        if is_over {
            is_next = Next::Anything;
        }
        // A quoted secret may have blanks in it.
        if goes_on.is_some() && goes_on == quote && !between.contains(['"', '\'']) {
            hidden.extend(text.places(range));
            continue;
        }
        goes_on = None;
        let name = word.trim_start_matches('-');
        let is_option = word.starts_with('-');
        let (key, value) = split(name);
        let promises = |name: &str| promise(name) != Promise::Nothing;
        if let Some(value) = value.filter(|it| !it.is_empty()) {
            let start = range.end - value.len();
            let is_pair = key == "user" || key == "proxy-user";
            if (promises(key) && is_secret(key, value)) || (is_option && is_pair) {
                hidden.extend(text.places(start..range.end));
                goes_on = quote;
                is_next = Next::Anything;
                continue;
            }
        }
        let is_hidden = match is_next {
            Next::Anything => false,
            Next::Secret => !is_option,
            Next::Pair => word.contains(':'),
        };
        if is_hidden {
            is_next = Next::Anything;
            if !is_reference(word) {
                hidden.extend(text.places(range.clone()));
                goes_on = quote;
            }
            continue;
        }
        let takes_p = TAKES_P.contains(&program);
        is_next = match (value, word) {
            (Some(""), _) if promises(key) => Next::Secret,
            (Some(_), _) => Next::Anything,
            (None, "Bearer" | "Basic" | "bearer" | "basic") => Next::Secret,
            (None, "-u" | "--user" | "--proxy-user") => Next::Pair,
            (None, "-p") if takes_p => Next::Secret,
            (None, _) if is_option && promises(name) => Next::Secret,
            (None, _) => Next::Anything,
        };
        if takes_p && word.starts_with("-p") && word.len() > 2 && program != "docker" {
            hidden.extend(text.places(range.start + 2..range.end));
            continue;
        }
        if is_said && word.contains(':') || (tells_pairs && is_said && !is_option) {
            hidden.extend(text.places(range.clone()));
            continue;
        }
        is_said |= tells_pairs && matches!(word, "echo" | "printf");
        inside(text, range, hidden);
    }
}

/// The parts of `name=value` or `name: value`; none where it is none.
fn split(word: &str) -> (&str, Option<&str>) {
    let sign = word.find(['=', ':']);
    let (key, value) = sign.and_then(|at| word.split_at_checked(at)).unwrap_or((word, ""));
    let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.');
    let is_pair = !key.is_empty() && key.chars().all(is_name) && !value.is_empty();
    // What follows `https:` is no value.
    let value = value.get(1..).filter(|it| is_pair && !it.starts_with("//"));
    (key, value)
}

/// Hides what gives itself away in a word: a name and password in an address, a token.
fn inside(text: &Text, range: Range<usize>, hidden: &mut Vec<Place>) {
    let word = text.get(range.clone());
    if let Some((before, after)) = word.split_once("://") {
        let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
        if let Some((user, _)) = authority.rsplit_once('@').filter(|(user, _)| !is_reference(user))
        {
            let start = range.start + before.len() + "://".len();
            hidden.extend(text.places(start..start + user.len()));
        }
    }
    let is_digest = ["sha256:", "sha384:", "sha512:", "md5:"].iter().any(|it| word.contains(it));
    if is_digest {
        return;
    }
    let mut at = range.start;
    for part in word.split(|it: char| !(it.is_ascii_alphanumeric() || "_-+".contains(it))) {
        if is_token(part) {
            hidden.extend(text.places(at..at + part.len()));
        }
        at += part.len()
            + text.get(at + part.len()..range.end).chars().next().map_or(0, char::len_utf8);
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn shown(text: &str) -> String {
        masked(&parse(text.as_bytes()), text)
    }

    #[test]
    fn what_may_be_a_secret_is_masked_letter_by_letter() {
        for (text, expected) in [
            ("FROM a\nENV API_TOKEN=hunter2 B=c", "FROM a\nENV API_TOKEN=******* B=c"),
            ("FROM a\nENV DB_PASSWORD hunter 2", "FROM a\nENV DB_PASSWORD ****** *"),
            ("FROM a\nARG NPM_TOKEN\nENV T=$NPM_TOKEN", "FROM a\nARG NPM_TOKEN\nENV T=$NPM_TOKEN"),
            ("FROM a\n# hunter2 is it\nRUN x", "FROM a\n# ******* ** **\nRUN x"),
            ("FROM a\nRUN a --password hunter2 b", "FROM a\nRUN a --password ******* b"),
            ("FROM a\nRUN a --token=hunter2 b", "FROM a\nRUN a --token=******* b"),
            ("FROM a\nRUN PGPASSWORD='hun ter' psql", "FROM a\nRUN PGPASSWORD='*** ***' psql"),
            ("FROM a\nRUN curl -u me:hunter2 x", "FROM a\nRUN curl -u ********** x"),
            ("FROM a\nRUN curl https://me:hunter2@h/x", "FROM a\nRUN curl https://**********@h/x"),
            (
                "FROM a\nRUN curl -H \"Authorization: Bearer abc\" x",
                "FROM a\nRUN curl -H \"Authorization: Bearer ***\" x",
            ),
            (
                "FROM a\nRUN echo 'root:hunter2' | chpasswd",
                "FROM a\nRUN echo '************' | chpasswd",
            ),
            (
                "FROM a\nCMD [\"app\",\"--secret\",\"hunter2\"]",
                "FROM a\nCMD [\"app\",\"--secret\",\"*******\"]",
            ),
            ("FROM a\nCOPY <<E /x\nkey=v 1\nE\n", "FROM a\nCOPY <<E /x\n***** *\nE\n"),
            (
                "FROM a\nRUN mysql -phunter2 \\\n  --password=hunter2",
                "FROM a\nRUN mysql -p******* \\\n  --password=*******",
            ),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn what_rules_read_stays() {
        for text in [
            "# syntax=docker/dockerfile:1\nFROM node:20@sha256:0123456789abcdef0123456789abcdef AS b\n",
            "FROM a\n# secaudit: waive non-root-user\nUSER 1000:1000\nENV NODE_ENV=production\n",
            "FROM a\nRUN adduser -u 1000 -S app && mkdir -p /a/b && chown -R app:app /a\n",
            "FROM a\nRUN --mount=type=secret,id=npm_token npm ci --omit=dev && curl -fsSL https://x/y | sh\n",
            "FROM a\nRUN apt-get install -y libqt5webkitwidgets5-dev x86-64 && rm -rf /var/lib/apt/lists/*\n",
            "FROM a\nRUN <<E\nset -e\nuseradd -m -p \"$HASH\" app\nE\nCOPY --from=b /etc/passwd /etc/passwd\n",
            "FROM a\nHEALTHCHECK --interval=30s CMD curl -f http://localhost:3000/health || exit 1\n",
        ] {
            assert_eq!(shown(text), text);
        }
    }
}
