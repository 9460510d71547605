//! Projects out of dice: the same for the same number.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Sample;
use super::features::{FILE, Feature, LINES, NETWORK, SERVICE, VOLUME};

/// So many projects.
pub(crate) fn made(count: u64) -> Vec<Sample> {
    (0..count).map(|number| Maker::new(number).project()).collect()
}

/// Falls the same way for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed >> 33) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())]
    }
}

/// Keys with values, as in [`SERVICE`].
type Keys = Vec<(String, String)>;

/// How the services of a project get what they have.
#[derive(Clone, Copy)]
enum Shape {
    /// Each says it all.
    Plain,
    /// By anchors and merge keys.
    Anchors,
    /// By several files.
    Layers,
    /// By `extends`, in the same file.
    Extends,
    /// By `extends`, from another file in another folder.
    ExtendsFile,
}

const SHAPES: [Shape; 5] =
    [Shape::Plain, Shape::Anchors, Shape::Layers, Shape::Extends, Shape::ExtendsFile];

struct Maker {
    dice: Dice,
    number: u64,
    /// How deep each level of a block stands.
    indent: usize,
    environment: BTreeMap<String, String>,
    dotenv: BTreeMap<String, String>,
}

impl Maker {
    fn new(number: u64) -> Self {
        let mut dice = Dice(number);
        let indent = dice.pick(&[2, 2, 2, 4, 3]);
        let environment = BTreeMap::from([
            ("HOME".to_owned(), "/home/user".to_owned()),
            ("PASSED".to_owned(), "from outside".to_owned()),
        ]);
        Self { dice, number, indent, environment, dotenv: BTreeMap::new() }
    }

    fn project(mut self) -> Sample {
        let shape = self.dice.pick(&SHAPES);
        let count = 1 + self.dice.roll(4);
        let names = ["web", "api", "store", "worker"];
        let mut texts = BTreeMap::new();
        let mut compose = vec!["compose.yaml".to_owned()];
        let mut services = Vec::new();
        let mut common = String::new();
        let mut layer = Vec::new();
        let mut base = Vec::new();
        for (at, name) in names.iter().take(count).enumerate() {
            let features = self.features();
            let mut keys = self.some(&features, 1);
            keys.insert(0, ("image".to_owned(), self.image()));
            match shape {
                Shape::Plain => {}
                Shape::Anchors => {
                    let shared = self.some(&features, 2);
                    _ = writeln!(common, "x-{name}: &{name}");
                    common += &self.block(&shared, 1);
                    let one = self.dice.one_in(2);
                    let alias = if one { format!("*{name}") } else { format!("[*{name}]") };
                    keys.insert(1, ("<<".to_owned(), alias));
                }
                Shape::Layers => layer.push((*name, self.some(&features, 2))),
                Shape::Extends => {
                    let own = format!("base-{name}");
                    services.push((own.clone(), self.extendable(&features)));
                    keys.insert(1, ("extends".to_owned(), format!("\nservice: {own}")));
                }
                Shape::ExtendsFile => {
                    base.push((*name, self.extendable(&features)));
                    let extends = format!("\nfile: ./common/base.yaml\nservice: {name}");
                    keys.insert(1, ("extends".to_owned(), extends));
                }
            }
            if at > 0 && self.dice.one_in(2) {
                keys.push(("depends_on".to_owned(), self.depends_on(&names[..at])));
            }
            services.push(((*name).to_owned(), keys));
        }
        let mut text =
            self.dice.pick(&["", "version: \"3.9\"\n", "---\n", "# made\n\n"]).to_owned();
        text += &common;
        text += &self.services(&services);
        text += &self.declared();
        texts.insert("compose.yaml".to_owned(), text);
        if !layer.is_empty() {
            let text = self.services(&layer);
            texts.insert("layer.yaml".to_owned(), text);
            compose.push("layer.yaml".to_owned());
        }
        if !base.is_empty() {
            let text = self.services(&base);
            texts.insert("common/base.yaml".to_owned(), text);
        }
        for name in ["service.env", "more.env", "common/service.env", "common/more.env"] {
            texts.insert(name.to_owned(), self.lines());
        }
        let dotenv: String =
            self.dotenv.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        texts.insert(".env".to_owned(), dotenv);
        Sample {
            name: format!("made-{}", self.number),
            files: texts,
            compose,
            environment: self.environment,
        }
    }

    /// What a service speaks of, whichever file it is that says it.
    fn features(&mut self) -> Vec<Feature> {
        SERVICE.iter().map(|group| self.dice.pick(group)).collect()
    }

    /// Some of the features, each in one of its ways; the rarer, the larger `rarity`.
    fn some(&mut self, features: &[Feature], rarity: usize) -> Keys {
        let mut keys = Vec::new();
        for (key, values) in features {
            if self.dice.one_in(3 + rarity) {
                let value = self.dice.pick(values);
                keys.push(((*key).to_owned(), self.filled(value)));
            }
        }
        keys
    }

    /// A service that others extend: it is there to have something.
    fn extendable(&mut self, features: &[Feature]) -> Keys {
        let mut keys = self.some(features, 1);
        keys.insert(0, ("image".to_owned(), self.image()));
        keys
    }

    fn image(&mut self) -> String {
        let images = [
            "nginx:1.25",
            "postgres",
            "\"registry.example.test:5000/team/app:<version=1.4>\"",
            "'redis:<major=7>-alpine'",
            "ghcr.io/team/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ];
        let image = self.dice.pick(&images);
        self.filled(image)
    }

    fn depends_on(&mut self, earlier: &[&str]) -> String {
        let name = self.dice.pick(earlier);
        match self.dice.roll(3) {
            0 => format!("[{name}]"),
            1 => format!("\n- {name}"),
            _ => format!("\n{name}:\n  condition: service_healthy"),
        }
    }

    /// A value with its marks filled in: by what they say, or by a variable.
    fn filled(&mut self, value: &str) -> String {
        let mut text = String::new();
        let mut rest = value;
        while let Some((before, mark)) = rest.split_once('<') {
            let (mark, after) = mark.split_once('>').unwrap();
            let (name, value) = mark.split_once('=').unwrap();
            text += before;
            text += &self.variable(&name.to_uppercase(), value);
            rest = after;
        }
        text + rest
    }

    fn variable(&mut self, name: &str, value: &str) -> String {
        let set = |place: &mut BTreeMap<String, String>| {
            _ = place.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        };
        match self.dice.roll(12) {
            0 => set(&mut self.environment),
            1 => set(&mut self.dotenv),
            2 => {
                set(&mut self.environment);
                self.dotenv.insert(name.to_owned(), "never".to_owned());
            }
            3 => return format!("${{{name}:-{value}}}"),
            4 => return format!("${{{name}-{value}}}"),
            5 => {
                set(&mut self.dotenv);
                return format!("${{{name}:?say what}}");
            }
            _ => return value.to_owned(),
        }
        format!("${{{name}}}")
    }

    /// What the services refer to.
    fn declared(&mut self) -> String {
        let kinds: [(&str, &[&str], &[&str]); 4] = [
            ("networks", &["front", "back"], NETWORK),
            ("volumes", &["data", "logs"], VOLUME),
            ("secrets", &["token", "key"], FILE),
            ("configs", &["site"], FILE),
        ];
        let mut text = String::new();
        for (kind, names, ways) in kinds {
            _ = writeln!(text, "{kind}:");
            for name in names {
                let way = self.dice.pick(ways);
                let value = self.filled(way);
                text += &self.block(&[((*name).to_owned(), value)], 1);
            }
        }
        text
    }

    fn services<N: AsRef<str>>(&mut self, services: &[(N, Keys)]) -> String {
        let mut text = "services:\n".to_owned();
        for (name, keys) in services {
            if self.dice.one_in(4) {
                text += "\n# What follows is another service.\n";
            }
            let pad = " ".repeat(self.indent);
            // A service that a layer says nothing of is still a mapping.
            let nothing = if keys.is_empty() { " {}" } else { "" };
            _ = writeln!(text, "{pad}{}:{nothing}", name.as_ref());
            text += &self.block(keys, 2);
        }
        text
    }

    /// Keys with their values, as deep as `level` says.
    fn block(&mut self, keys: &[(String, String)], level: usize) -> String {
        let pad = " ".repeat(self.indent * level);
        let mut text = String::new();
        for (key, value) in keys {
            let quote = if key == "<<" { "" } else { self.dice.pick(&["", "", "", "", "\"", "'"]) };
            let comment = if value.starts_with('\n') || value.is_empty() {
                self.dice.pick(&["", "", "", " # as agreed"])
            } else {
                ""
            };
            _ = write!(text, "{pad}{quote}{key}{quote}:");
            match value.strip_prefix('\n') {
                Some(below) => {
                    _ = writeln!(text, "{comment}");
                    for line in below.lines() {
                        _ = writeln!(text, "{pad}{}{line}", " ".repeat(self.indent));
                    }
                }
                // Further lines of a folded scalar.
                None => {
                    _ = writeln!(text, " {}{comment}", value.replace('\n', &format!("\n{pad}")))
                }
            }
        }
        text
    }

    /// An environment file.
    fn lines(&mut self) -> String {
        let count = self.dice.roll(8);
        (0..count).map(|_| self.dice.pick(LINES).to_owned() + "\n").collect()
    }
}
