//! What a policy file says of files: what containers are for, and what is demanded.

use std::sync::Arc;

use super::file::{File, Key, Value, hint};
use super::{Policy, PolicyError};
use crate::model::demand::{Applies, Demand, FilePolicy, Mode, Names, Owner, Role};
use crate::parse::pattern;
use crate::rules::settings::is_glob;

#[cfg(test)]
mod cases;

/// The keys of a role.
const ROLE: [&str; 4] = ["programs", "images", "services", "rules"];

/// The keys of an entry.
const ENTRY: [&str; 11] = [
    "role",
    "paths",
    "except",
    "apply",
    "mode",
    "at-most",
    "owner",
    "group",
    "recursive",
    "required",
    "enabled",
];

impl File<'_> {
    /// Lays the roles of a file over those of a policy.
    pub(super) fn roles(&self, policy: &mut Policy, value: &Value<'_>) -> Result<(), PolicyError> {
        let roles = &mut Arc::make_mut(&mut policy.files).roles;
        for (key, value) in self.table(value)? {
            let name = self.name(key)?;
            let place = roles.iter().position(|role| role.name == name);
            let mut role = match place {
                Some(place) => roles.remove(place),
                None => Role { name: name.to_owned(), ..Role::default() },
            };
            for (key, value) in self.table(value)? {
                match key.get_ref().as_ref() {
                    "programs" => role.programs = self.names(value, is_program)?,
                    "images" => role.images = self.names(value, is_image)?,
                    "services" => role.services = self.names(value, is_glob)?,
                    "rules" => {
                        for (key, value) in self.table(value)? {
                            let rule = self.rule_named(key.get_ref(), &key.span())?;
                            let set = self.parameters(rule, value)?;
                            policy
                                .by_role
                                .entry((name.to_owned(), rule.id))
                                .or_default()
                                .extend(set);
                        }
                    }
                    _ => return Err(self.unknown(key, "a role", &ROLE)),
                }
            }
            roles.push(role);
        }
        roles.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(())
    }

    /// Lays the entries of a file over others, whose roles are all known.
    pub(super) fn files(
        &self,
        files: &mut FilePolicy,
        value: &Value<'_>,
    ) -> Result<(), PolicyError> {
        for (key, value) in self.table(value)? {
            let name = self.name(key)?;
            let place = files.demands.iter().position(|demand| demand.name == name);
            let mut demand = match place {
                Some(place) => files.demands.remove(place),
                None => unstated(name),
            };
            let is_enabled = self.entry(&mut demand, &files.roles, value)?;
            // An entry that nothing knows of may be one whose name is mistyped, so
            // that it is not enough to take it out.
            if is_enabled || place.is_none() {
                let names = || files.demands.iter().map(|it| it.name.as_str()).collect::<Vec<_>>();
                sense(&demand, || hint(name, &names()))
                    .map_err(|message| self.error(&key.span(), message))?;
            }
            if is_enabled {
                files.demands.push(demand);
            }
        }
        files.demands.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(())
    }

    /// Applies one entry's table; tells whether the entry stays.
    fn entry(
        &self,
        demand: &mut Demand,
        roles: &[Role],
        value: &Value<'_>,
    ) -> Result<bool, PolicyError> {
        let mut is_enabled = true;
        let mut bits: Option<&Key<'_>> = None;
        for (key, value) in self.table(value)? {
            match key.get_ref().as_ref() {
                "role" => demand.role = Some(self.role_of(roles, value)?),
                "paths" => demand.paths = self.checked(value, pattern::check)?,
                "except" => demand.except = self.checked(value, pattern::check)?,
                "apply" => demand.apply = self.applies(value)?,
                "mode" | "at-most" => {
                    if let Some(other) = bits.replace(key) {
                        let last = if key.span().start < other.span().start { other } else { key };
                        let message = "an entry has mode or at-most, never both";
                        return Err(self.error(&last.span(), message.to_owned()));
                    }
                    let is_exact = key.get_ref() == "mode";
                    let mode = if is_exact { Mode::Exactly } else { Mode::AtMost };
                    demand.mode = Some(mode(self.bits(value)?));
                }
                "owner" => demand.owner = Some(self.owner(value)?),
                "group" => demand.group = Some(self.owner(value)?),
                "recursive" => demand.recursive = self.flag(value)?,
                "required" => demand.required = self.flag(value)?,
                "enabled" => is_enabled = self.flag(value)?,
                _ => return Err(self.unknown(key, "an entry on files", &ENTRY)),
            }
        }
        Ok(is_enabled)
    }

    /// The name of a role or an entry.
    fn name<'k>(&self, key: &'k Key<'_>) -> Result<&'k str, PolicyError> {
        let name = key.get_ref();
        if is_kebab(name) {
            return Ok(name);
        }
        let near = kebab(name);
        let hint =
            if is_kebab(&near) { format!("; did you mean {near:?}?") } else { String::new() };
        let what = "is no name in lower-case letters, digits and single dashes";
        Err(self.error(&key.span(), format!("{name:?} {what}{hint}")))
    }

    /// The strings of a list of which each must make sense.
    fn checked(
        &self,
        value: &Value<'_>,
        check: fn(&str) -> Result<(), String>,
    ) -> Result<Vec<String>, PolicyError> {
        self.list(value, |item| {
            let text = self.text(item)?;
            check(text).map_err(|message| self.error(&item.span(), message))?;
            Ok(text.to_owned())
        })
    }

    /// Names of which each must make sense.
    fn names(
        &self,
        value: &Value<'_>,
        check: fn(&str) -> Result<(), String>,
    ) -> Result<Names, PolicyError> {
        Names::new(self.checked(value, check)?)
            .map_err(|message| self.error(&value.span(), message))
    }

    pub(super) fn role_of(&self, roles: &[Role], value: &Value<'_>) -> Result<String, PolicyError> {
        let name = self.text(value)?;
        if roles.iter().any(|role| role.name == name) {
            return Ok(name.to_owned());
        }
        let known: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        let (hint, all) = (hint_or_stop(name, &known), known.join(", "));
        Err(self
            .error(&value.span(), format!("there is no role {name:?}{hint} The roles are {all}")))
    }

    fn applies(&self, value: &Value<'_>) -> Result<Applies, PolicyError> {
        match self.text(value)? {
            "files" => Ok(Applies::Files),
            "folders" => Ok(Applies::Folders),
            "both" => Ok(Applies::Both),
            other => {
                let known = ["files", "folders", "both"];
                let (hint, all) = (hint_or_stop(other, &known), known.join(", "));
                let message = format!("{other:?} is nothing to apply to{hint} There are {all}");
                Err(self.error(&value.span(), message))
            }
        }
    }

    /// Permission bits. As text alone: the decimal number 500 would be the mode 764.
    fn bits(&self, value: &Value<'_>) -> Result<u32, PolicyError> {
        const SUCH: &str = "three or four octal digits as text, such as \"500\"";
        if let Some(number) = value.get_ref().as_integer() {
            let digits = number.as_str();
            let right = mode(digits).map_or(SUCH.to_owned(), |_| format!("it as text: {digits:?}"));
            return Err(self.error(&value.span(), format!("a mode is no number; write {right}")));
        }
        let text = value.get_ref().as_str().ok_or_else(|| self.expected(value, SUCH))?;
        mode(text).ok_or_else(|| {
            let near = text.strip_prefix("0o").filter(|digits| mode(digits).is_some());
            let hint = near.map(|it| format!("; did you mean {it:?}?")).unwrap_or_default();
            self.error(&value.span(), format!("{text:?} is not a mode of {SUCH}{hint}"))
        })
    }

    /// A user or a group.
    fn owner(&self, value: &Value<'_>) -> Result<Owner, PolicyError> {
        if value.get_ref().as_integer().is_some() {
            return self.number(value, u32::MAX).map(Owner::Id);
        }
        let text = value.get_ref().as_str();
        let text = text.ok_or_else(|| self.expected(value, "a number, a name or \"runtime\""))?;
        if text == "runtime" {
            return Ok(Owner::Runtime);
        }
        if let Ok(id) = text.parse() {
            return Ok(Owner::Id(id));
        }
        // What passwd(5) and group(5) could not hold names nobody.
        let is_name = !text.is_empty()
            && !text.starts_with(['-', '+'])
            && !text.contains(|it: char| it == ':' || it.is_whitespace() || it.is_control());
        if is_name {
            return Ok(Owner::Name(text.to_owned()));
        }
        let hint = if text.contains(':') { "; owner and group are two keys" } else { "" };
        let message = format!("{text:?} is not a number, a name or \"runtime\"{hint}");
        Err(self.error(&value.span(), message))
    }
}

/// An entry of which only the name is known.
fn unstated(name: &str) -> Demand {
    Demand {
        name: name.to_owned(),
        role: None,
        paths: Vec::new(),
        except: Vec::new(),
        apply: Applies::Both,
        recursive: false,
        required: false,
        mode: None,
        owner: None,
        group: None,
    }
}

/// Whether an entry, with all that it has from below, demands something of some
/// files. `hint` is the name that was perhaps meant.
fn sense(demand: &Demand, hint: impl Fn() -> String) -> Result<(), String> {
    let name = &demand.name;
    if demand.paths.is_empty() {
        return Err(format!("files.{name} names no paths{}", hint()));
    }
    let demands = demand.required
        || demand.mode.is_some()
        || demand.owner.is_some()
        || demand.group.is_some();
    if !demands {
        return Err(format!(
            "files.{name} demands nothing: state mode, at-most, owner, group or required = \
             true{}",
            hint()
        ));
    }
    // Each path is a pattern; with what is below it, it may have too many names.
    demand.patterns().iter().try_for_each(|pattern| pattern::check(pattern))
}

/// Permission bits as three or four octal digits.
fn mode(text: &str) -> Option<u32> {
    let fits = matches!(text.len(), 3 | 4) && text.bytes().all(|it| matches!(it, b'0'..=b'7'));
    u32::from_str_radix(text, 8).ok().filter(|_| fits)
}

fn is_kebab(name: &str) -> bool {
    name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9'))
        })
}

/// A name in another style as one in kebab-case: `NodeServer` and `node_server`
/// are `node-server`.
fn kebab(name: &str) -> String {
    let mut made = String::new();
    for letter in name.chars() {
        let breaks = letter.is_ascii_uppercase() || !letter.is_ascii_alphanumeric();
        if breaks && !made.is_empty() && !made.ends_with('-') {
            made.push('-');
        }
        if letter.is_ascii_alphanumeric() {
            made.push(letter.to_ascii_lowercase());
        }
    }
    made.trim_end_matches('-').to_owned()
}

fn is_program(text: &str) -> Result<(), String> {
    match text.rsplit_once('/') {
        Some((_, name)) => {
            Err(format!("a program is named by its file without folders; did you mean {name:?}?"))
        }
        None => is_glob(text),
    }
}

fn is_image(text: &str) -> Result<(), String> {
    let bare = text.split('@').next().unwrap_or_default();
    let name = bare.rfind('/').unwrap_or_default();
    // Before the last slash a colon stands before a registry's port.
    let tag = bare.get(name..).and_then(|it| it.find(':')).map(|place| name + place);
    let bare = tag.and_then(|place| bare.get(..place)).unwrap_or(bare);
    if bare == text {
        return is_glob(text);
    }
    Err(format!("an image is named without its tag and digest; did you mean {bare:?}?"))
}

/// A hint as the end of a sentence.
fn hint_or_stop(word: &str, known: &[&str]) -> String {
    let hint = hint(word, known);
    if hint.is_empty() { ".".to_owned() } else { hint }
}
