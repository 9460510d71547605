//! Policies and checklists with every kind of mistake in them: the message stands at the
//! place of the mistake, and names the word that was meant.
//!
//! The files that come with the program are spoilt key by key and value by value, so that
//! no key can be added of which a mistake goes unseen.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;
use toml::de::{DeTable, DeValue};

use crate::support::{command, stderr};

/// A file that comes with the program.
struct Shipped {
    name: String,
    text: String,
}

fn shipped() -> Vec<Shipped> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let folders = ["", "roles", "checklists"].map(|it| root.join(it));
    let files = folders.iter().flat_map(|it| fs::read_dir(it).unwrap().flatten());
    let mut all: Vec<Shipped> = files
        .filter(|it| it.path().extension().is_some_and(|it| it == "toml"))
        .map(|it| Shipped {
            name: it.file_name().to_string_lossy().into_owned(),
            text: fs::read_to_string(it.path()).unwrap(),
        })
        .collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(all.len() >= 15, "{} files", all.len());
    all
}

/// A key or a value, and where it stands.
struct Place {
    /// The keys on the way to it, and its own.
    path: Vec<String>,
    span: Range<usize>,
}

/// Every key and every value that is no table, wherever they stand.
fn places(text: &str) -> (Vec<Place>, Vec<Place>) {
    fn enter(
        table: &DeTable<'_>,
        above: &[String],
        keys: &mut Vec<Place>,
        values: &mut Vec<Place>,
    ) {
        for (key, value) in table {
            let path = [above, &[key.get_ref().to_string()]].concat();
            // The same key may begin several tables.
            if !keys.iter().any(|it| it.span == key.span()) {
                keys.push(Place { path: path.clone(), span: key.span() });
            }
            let is_table = |it: &DeValue<'_>| it.as_table().is_some();
            match value.get_ref() {
                DeValue::Table(inner) => enter(inner, &path, keys, values),
                DeValue::Array(all) if all.iter().any(|it| is_table(it.get_ref())) => {
                    for item in all.iter().filter_map(|it| it.get_ref().as_table()) {
                        enter(item, &path, keys, values);
                    }
                }
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_) => values.push(Place { path, span: value.span() }),
            }
        }
    }
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    enter(DeTable::parse(text).unwrap().get_ref(), &[], &mut keys, &mut values);
    (keys, values)
}

/// Whether the file itself chooses the key: the name of a role or of an entry on files.
fn is_chosen(path: &[String]) -> bool {
    matches!(path, [section, _] if section == "roles" || section == "files")
}

/// Line and column, both from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|it| *it != '\n').count() + 1;
    (line, column)
}

/// What is said of files, each by its own name.
fn checked(files: &[(String, String)]) -> (TempDir, Output) {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = vec!["policy".to_owned(), "check".to_owned()];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
        arguments.push(name.clone());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = command(&arguments).current_dir(folder.path()).output().unwrap();
    (folder, output)
}

/// A file with a mistake: its name, its text, where the mistake is, and what is to be said.
type Spoilt = (String, String, (usize, usize), String);

/// Fails unless each of the spoilt files is told, at the place and in the words.
fn told(spoilt: &[Spoilt]) {
    let files: Vec<_> =
        spoilt.iter().map(|(name, text, ..)| (name.clone(), text.clone())).collect();
    let (_folder, output) = checked(&files);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{error}");
    let told: Vec<&str> = error.split("secaudit: ").skip(1).collect();
    assert_eq!(told.len(), spoilt.len(), "each file is one mistake");
    let is_told = |message: &str, (name, _, (line, column), word): &Spoilt| {
        message.contains(&format!("{name}:{line}:{column}\n")) && message.contains(word.as_str())
    };
    let missed = told.iter().zip(spoilt).filter(|(message, it)| !is_told(message, it));
    let missed: Vec<String> = missed
        .map(|(message, (name, _, place, word))| format!("{name} {place:?} {word}:\n{message}"))
        .collect();
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), told.len(), missed.join("\n"));
}

#[test]
fn a_mistyped_key_is_told_at_its_place_with_the_one_that_is_meant() {
    let mut spoilt = Vec::new();
    for Shipped { name, text } in shipped() {
        let (keys, _) = places(&text);
        for (number, Place { path, span }) in keys.iter().enumerate() {
            let key = path.last().unwrap();
            // Two letters can be anything.
            if is_chosen(path) || key.len() < 4 {
                continue;
            }
            let mut shorter = key.clone();
            shorter.remove(key.len() / 2);
            let wrong = [shorter, format!("{key}s"), key.replacen('-', "_", 1)];
            for (kind, wrong) in wrong.into_iter().enumerate().filter(|it| it.1 != *key) {
                let mut changed = text.clone();
                changed.replace_range(span.clone(), &wrong);
                let file = format!("{number}-{kind}-{name}");
                spoilt.push((file, changed, position(&text, span.start), format!("{key:?}")));
            }
        }
    }
    assert!(spoilt.len() > 500, "{} mistakes", spoilt.len());
    told(&spoilt);
}

#[test]
fn a_value_of_another_type_is_told_at_its_place_with_what_is_expected() {
    let mut spoilt = Vec::new();
    for Shipped { name, text } in shipped() {
        let (_, values) = places(&text);
        for (number, Place { span, .. }) in values.iter().enumerate() {
            // Nothing here is a time of day.
            let mut changed = text.clone();
            changed.replace_range(span.clone(), "07:32:00");
            let file = format!("{number}-{name}");
            spoilt.push((file, changed, position(&text, span.start), "expected".to_owned()));
        }
    }
    assert!(spoilt.len() > 200, "{} mistakes", spoilt.len());
    told(&spoilt);
}

#[test]
fn what_is_left_out_is_no_mistake() {
    for Shipped { name, text } in shipped() {
        let (_folder, output) = checked(&[(name.clone(), text)]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
    }
}

#[test]
fn each_kind_of_mistake_is_told_in_its_own_words() {
    let item = "title = 'T'\n[[items]]\nid = '1'\ntitle = 't'\n";
    let list = |rest: &str| format!("{item}{rest}");
    let rows = [
        // Words that are none.
        ("[gate]\nfail-on = 'critical'\n", (2, 11), "did you mean \"crit\""),
        ("[gate]\nfail-on = 'hihg'\n", (2, 11), "did you mean \"high\""),
        ("[gate]\nfail-on = 'HIGH'\n", (2, 11), "did you mean \"high\""),
        ("[rules.healthcheck]\nseverity = 'medium'\n", (2, 12), "did you mean \"med\""),
        ("[rules.healthcheck]\nseverity = 'none'\n", (2, 12), "enabled = false"),
        ("[weights]\nhihg = 3\n", (2, 1), "did you mean \"high\""),
        (
            "[files.x]\npaths = ['/x']\nrole = 'nodeserver'\n",
            (3, 8),
            "did you mean \"node-server\"",
        ),
        (
            "[files.x]\npaths = ['/x']\nmode = '500'\napply = 'file'\n",
            (4, 9),
            "did you mean \"files\"",
        ),
        ("[roles.node-server.rules.non-root]\n", (1, 26), "there is no rule \"non-root\""),
        // A rule by a name that others have.
        ("[rules.no-new-privs]\n", (1, 8), "did you mean \"no-new-privileges\""),
        ("[rules.read_only_root]\n", (1, 8), "did you mean \"read-only-root\""),
        ("[rules.cap-drop]\n", (1, 8), "`secaudit rules` lists them"),
        // Keys that stand elsewhere.
        ("fail-on = 'high'\n", (1, 1), "it stands in [gate]"),
        ("[rules]\nfail-under = 3\n", (2, 1), "it stands in [gate]"),
        ("[gate]\ncrit = 3\n", (2, 1), "it stands in [weights]"),
        ("no-new-privileges.enabled = false\n", (1, 1), "[rules.no-new-privileges]"),
        (
            "[rules.memory-limit]\npaths = ['/x']\n",
            (2, 1),
            "memory-limit has no parameter \"paths\"",
        ),
        ("[policy]\nname = 'x'\n", (1, 2), "a policy has no key \"policy\""),
        // Values out of their range.
        ("[gate]\nfail-under = 101\n", (2, 14), "from 0 to 100"),
        ("[gate]\nfail-under = -1\n", (2, 14), "from 0 to 100"),
        ("[gate]\nfail-under = 70.5\n", (2, 14), "from 0 to 100"),
        ("[gate]\nmin-coverage = '80'\n", (2, 16), "from 0 to 100"),
        ("[weights]\ncrit = 1001\n", (2, 8), "from 0 to 1000"),
        ("[weights]\ncrit = 99999999999999999999\n", (2, 8), "from 0 to 1000"),
        ("[weights]\nmed = 7\n", (2, 7), "with this, med counts 7 and high 6"),
        ("[weights]\nlow = 0\nhigh = 0\n", (3, 8), "a graver one; high has to count 3 or more"),
        // Values that cannot be meant.
        ("[rules.capabilities-dropped]\nallow = ['NET_BIND']\n", (2, 10), "not a capability"),
        ("[rules.capabilities-dropped]\nallow = 'NET_RAW'\n", (2, 9), "a list of strings"),
        ("[rules.capabilities-dropped]\nallow = [['NET_RAW']]\n", (2, 10), "expected a string"),
        ("[rules.tmpfs-for-writes]\npaths = ['tmp']\n", (2, 10), "an absolute path"),
        ("[rules.healthcheck-timing]\nmax-interval = '30'\n", (2, 16), "a duration such as 30s"),
        ("[rules.healthcheck-timing]\nmin-retries = 'three'\n", (2, 15), "a whole number"),
        ("[rules.expected-uid]\nuids = [-1]\n", (2, 9), "a whole number"),
        ("[rules.published-ports-bound]\naccept = [70000]\n", (2, 11), "a port from 1 to 65535"),
        ("[rules.init-process]\nonly-inits = true\n", (2, 14), "expected a string"),
        ("[rules.init-process]\nonly-inits = 'ja'\n", (2, 14), "yes or no"),
        ("[rules.pinned-image]\nat-least = 'digset'\n", (2, 12), "digest"),
        ("[rules.healthcheck]\nenabled = 'false'\n", (2, 11), "true or false"),
        ("[files.x]\npaths = ['/x']\nmode = 500\n", (3, 8), "write it as text: \"500\""),
        ("[files.x]\npaths = ['/x']\nmode = '0o500'\n", (3, 8), "did you mean \"500\""),
        ("[files.x]\npaths = ['/x']\nmode = '988'\n", (3, 8), "octal"),
        ("[files.x]\npaths = ['/x']\nmode = '500'\nat-most = '500'\n", (4, 1), "never both"),
        ("[files.x]\npaths = ['/x']\n", (1, 8), "demands nothing"),
        ("[files.x]\nmode = '500'\n", (1, 8), "names no paths"),
        ("[files.x]\npaths = ['/x/[']\nmode = '500'\n", (2, 10), ""),
        ("[files.x]\npaths = ['/x']\nowner = 'root:root'\n", (3, 9), "two keys"),
        ("[roles.Node_Server]\n", (1, 8), "did you mean \"node-server\""),
        ("[roles.x]\nprograms = ['/usr/bin/node']\n", (2, 13), "did you mean \"node\""),
        ("[roles.x]\nimages = ['node:20']\n", (2, 11), "did you mean \"node\""),
        ("[roles.x]\nprograms = ['']\n", (2, 13), "fits nothing"),
        // What is no TOML.
        ("name = \n", (1, 8), ""),
        ("name = 'x\n", (1, 10), ""),
        ("[gate\nfail-on = 'high'\n", (1, 6), ""),
        ("name = 'a'\nname = 'b'\n", (2, 1), "duplicate"),
        ("[gate]\n[gate]\n", (2, 2), "duplicate"),
        ("{\"name\": \"x\"}\n", (1, 1), ""),
        ("gate:\n  fail-on: high\n", (1, 6), "expected `=`"),
        ("name = 'x'\ngate = 'high'\n", (2, 8), "expected a table"),
        ("rules = ['healthcheck']\n", (1, 9), "expected a table"),
    ];
    let mut spoilt: Vec<Spoilt> = Vec::new();
    for (number, (text, place, word)) in rows.into_iter().enumerate() {
        spoilt.push((format!("{number}.toml"), text.to_owned(), place, word.to_owned()));
    }
    let of_lists = [
        (list("on = ['servise']\nrules = ['healthcheck']\n"), (5, 7), "did you mean \"service\""),
        (
            list("on = ['service']\nrules = ['heathcheck']\n"),
            (6, 10),
            "did you mean \"healthcheck\"",
        ),
        (list("on = ['service']\nrules = 'healthcheck'\n"), (6, 9), "a list of strings"),
        (list("on = ['image']\nrules = ['memory-limit']\n"), (5, 1), "is asked of"),
        (list("rules = ['memory-limit']\n"), (2, 1), "the item has no on"),
        (list("on = ['service']\n"), (2, 1), "no rules"),
        ("[[items]]\nid = '1'\n".to_owned(), (1, 1), "no title"),
    ];
    for (number, (text, place, word)) in of_lists.into_iter().enumerate() {
        spoilt.push((format!("list-{number}.toml"), text, place, word.to_owned()));
    }
    told(&spoilt);
}

#[test]
fn what_cannot_be_read_is_told_and_the_others_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::write(place("secaudit.toml"), "[gate]\nfail-om = 'high'\n").unwrap();
    fs::write(place("bytes.toml"), b"name = '\xff'\n").unwrap();
    fs::create_dir(place("folder.toml")).unwrap();
    fs::write(place("large.toml"), vec![b'#'; 2 << 20]).unwrap();
    fs::write(place("well.toml"), "\u{feff}name = 'x'\r\n[gate]\r\nfail-on = 'med'\r\n").unwrap();
    let names =
        ["bytes.toml", "folder.toml", "large.toml", "nowhere.toml", "secaudit.toml", "well.toml"];
    let output = command(&[&["policy", "check"], names.as_slice()].concat())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("secaudit.toml:2:1") && error.contains("\"fail-on\""), "{error}");
    for name in &names[..4] {
        assert_eq!(error.matches(name).count(), 1, "{name}: {error}");
    }
    let well = String::from_utf8_lossy(&output.stdout);
    assert!(well.contains("well.toml: a policy that makes sense"), "{well}{error}");
}
