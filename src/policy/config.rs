//! `secaudit.toml`: what a project wants where the command line does not say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::file::{File, Key, Value};
use super::{Policy, PolicyError, Stated};

/// What the file is called.
pub const NAME: &str = "secaudit.toml";

/// The commands that may have a baseline of their own.
const COMMANDS: [&str; 5] = ["containers", "image", "compose", "dockerfile", "gate"];

/// A file of settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The file.
    pub path: PathBuf,
    /// `policy`: as `--policy`.
    pub policy: Option<String>,
    /// `checklists`: as `--checklist`, for each.
    checklists: Vec<String>,
    /// `format`: as `--format`.
    pub format: Option<String>,
    /// `host`: as `--host`.
    pub host: Option<String>,
    /// `engine`: as `--engine`.
    pub engine: Option<String>,
    /// `[gate]`: as the options of these names.
    pub gate: Stated,
    /// `baseline`: as `--baseline`, of all commands or by command.
    baselines: BTreeMap<String, String>,
}

impl Config {
    /// Reads a file whose `format` and `engine` are one of these.
    ///
    /// # Errors
    /// The first thing in `text` that makes no sense, with its place.
    pub fn parse(
        path: &Path,
        text: &str,
        formats: &[String],
        engines: &[String],
    ) -> Result<Self, PolicyError> {
        let shown = path.display().to_string();
        let file = File::new(&shown, text);
        let table = file.parsed()?;
        let mut config = Self { path: path.to_owned(), ..Self::default() };
        for (key, value) in &table {
            config.take(&file, (key, value), formats, engines)?;
        }
        Ok(config)
    }

    fn take(
        &mut self,
        file: &File<'_>,
        (key, value): (&Key<'_>, &Value<'_>),
        formats: &[String],
        engines: &[String],
    ) -> Result<(), PolicyError> {
        let known = ["policy", "checklists", "baseline", "format", "host", "engine", "gate"];
        let filled = || file.filled(value).map(str::to_owned);
        match key.get_ref().as_ref() {
            "policy" => self.policy = Some(filled()?),
            "checklists" => {
                self.checklists = file.list(value, |it| Ok(file.text(it)?.to_owned()))?;
            }
            "format" => self.format = Some(file.word(value, formats)?),
            "engine" | "host" if self.host.is_some() || self.engine.is_some() => {
                let message = "host and engine both say whom to ask: keep one of them";
                return Err(file.error(&key.span(), message.to_owned()));
            }
            "host" => self.host = Some(filled()?),
            "engine" => self.engine = Some(file.word(value, engines)?),
            "gate" => self.gate = file.gate(value)?,
            "baseline" if value.get_ref().as_str().is_some() => {
                let all = COMMANDS.map(|it| (it.to_owned(), filled()));
                for (command, path) in all {
                    self.baselines.insert(command, path?);
                }
            }
            "baseline" => {
                for (key, value) in file.table(value)? {
                    let command = key.get_ref().as_ref();
                    if !COMMANDS.contains(&command) {
                        return Err(file.unknown(key, "the baseline", &COMMANDS));
                    }
                    self.baselines.insert(command.to_owned(), file.text(value)?.to_owned());
                }
            }
            _ => return Err(file.unknown(key, NAME, &known)),
        }
        Ok(())
    }

    /// The baseline of a command, as the file writes it.
    pub fn baseline(&self, command: &str) -> Option<&String> {
        self.baselines.get(command)
    }

    /// The policy that is wanted: one that comes with the program, or a path.
    pub fn chosen_policy(&self) -> Option<PathBuf> {
        let chosen = self.policy.as_ref()?;
        Some(if Policy::has(chosen) { chosen.into() } else { self.beside(chosen) })
    }

    /// The checklists that are wanted: those that come with the program, or paths.
    pub fn checklists(&self) -> Vec<PathBuf> {
        let is_file = |it: &str| it.contains('/') || it.ends_with(".toml");
        let one = |it: &String| if is_file(it) { self.beside(it) } else { it.into() };
        self.checklists.iter().map(one).collect()
    }

    /// A path that the file names: it starts at the file's folder.
    pub fn beside(&self, path: &String) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::severity::Severity;

    fn parse(text: &str) -> Result<Config, String> {
        let names = |all: &[&str]| all.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        let (formats, engines) = (names(&["terminal", "json"]), names(&["auto", "none"]));
        Config::parse(Path::new("shop/secaudit.toml"), text, &formats, &engines)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_is_the_default_of_an_option() {
        let config = parse(
            "policy = 'p.toml'\nformat = 'json'\nengine = 'none'\n\
             [gate]\nfail-on = 'none'\nfail-under = 70\nmin-coverage = 80\n\
             [baseline]\ncompose = 'known.json'\n",
        )
        .unwrap();
        assert_eq!(config.policy.as_deref(), Some("p.toml"));
        assert_eq!(config.format.as_deref(), Some("json"));
        assert_eq!(config.engine.as_deref(), Some("none"));
        let gate = Stated { fail_on: Some(None), fail_under: Some(70), min_coverage: Some(80) };
        assert_eq!(config.gate, gate);
        assert_eq!(config.baseline("compose").unwrap(), "known.json");
        assert_eq!(config.baseline("containers"), None);
        let of_all = parse("baseline = 'known.json'\n").unwrap();
        assert_eq!(of_all.baseline("containers").unwrap(), "known.json");
        let high = parse("[gate]\nfail-on = 'high'\n").unwrap().gate.fail_on;
        assert_eq!(high, Some(Some(Severity::High)));
        assert_eq!(parse("").unwrap().gate, Stated::default());
    }

    #[test]
    fn its_paths_start_at_its_own_folder() {
        let config = parse("").unwrap();
        assert_eq!(config.beside(&"a/p.toml".to_owned()), Path::new("shop/a/p.toml"));
        assert_eq!(config.beside(&"/p.toml".to_owned()), Path::new("/p.toml"));
    }

    #[test]
    fn what_makes_no_sense_is_an_error_at_its_place() {
        for (text, place, message) in [
            ("polcy = 'x'\n", "1:1", "did you mean \"policy\""),
            ("[gate]\nfail-om = 'high'\n", "2:1", "did you mean \"fail-on\""),
            ("[gate]\nfail-under = 101\n", "2:14", "from 0 to 100"),
            ("format = 'jsn'\n", "1:10", "did you mean \"json\""),
            ("engine = 'moby'\n", "1:10", "there are auto, none"),
            ("policy = 1\n", "1:10", "expected a string"),
            ("host = ''\n", "1:8", "not empty"),
            ("host = 'unix:///x'\nengine = 'none'\n", "1:1", "keep one of them"),
            ("[baseline]\ncompse = 'x'\n", "2:1", "did you mean \"compose\""),
            ("baseline = 1\n", "1:12", "expected a table"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(&format!("shop/secaudit.toml:{place}")), "{error}");
            assert!(error.contains(message), "{message}: {error}");
        }
        assert!(!parse("x\u{1b}]0;owned\u{7} = 1\n").unwrap_err().contains('\u{1b}'));
    }
}
