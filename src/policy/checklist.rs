//! Checklists: what a document asks for, item by item, decided by the rules.

use std::sync::Arc;

use toml::de::DeTable;

use super::file::{File, Key, Value, hint};
use super::{Policy, PolicyError, Selected};
use crate::model::demand::FilePolicy;
use crate::model::target::Kind;
use crate::rules::{self, Rule};

/// The checklists that come with the program, by path and text, in their order.
pub const SHIPPED: &[(&str, &str)] = super::shipped![
    "checklists/0-optimized-dockerfiles.toml",
    "checklists/1-production-report.toml",
    "checklists/2-agents.toml",
    "checklists/3-compose-stack.toml",
    "checklists/4-flask-on-gunicorn.toml",
];

/// The keys of an item beside its rules' own.
const ITEM: [&str; 7] = ["id", "title", "section", "roles", "on", "rules", "files"];

/// The most items of a checklist.
const MOST: usize = 500;

/// What a document asks for.
#[derive(Clone, Debug)]
pub struct Checklist {
    /// The name of its file, without the extension.
    pub name: String,
    /// The document's title.
    pub title: String,
    /// What it asks for, in its order; never empty.
    pub items: Vec<Item>,
}

/// One thing that a document asks for.
#[derive(Clone, Debug)]
pub struct Item {
    /// How it is referred to, such as `0.4`; each once in a checklist.
    pub id: String,
    /// What must hold.
    pub title: String,
    /// The section of the document that asks for it; may be empty.
    pub section: String,
    /// It is asked of what has one of these roles; none: of all.
    pub roles: Vec<String>,
    /// The kinds of targets that it is asked of.
    pub on: Vec<Kind>,
    /// The rules that all must hold, each with its own parameters; never empty.
    pub rules: Vec<Selected>,
}

/// The names of the checklists that come with the program.
pub fn names() -> Vec<&'static str> {
    SHIPPED.iter().map(|(path, _)| stem(path)).collect()
}

/// The one that comes with the program whose name this is, or the beginning of it;
/// empty where that is none of them, or several.
pub fn find(name: &str) -> &'static [(&'static str, &'static str)] {
    let begins = |(path, _): &(&str, &str)| !name.is_empty() && stem(path).starts_with(name);
    let Some(place) = SHIPPED.iter().position(begins) else { return &[] };
    let is_one = SHIPPED.iter().filter(|it| begins(it)).count() == 1;
    SHIPPED.get(place..=place).filter(|_| is_one).unwrap_or_default()
}

impl Policy {
    /// Whether a file is meant for a checklist, and not for a policy.
    pub fn is_checklist(text: &str) -> bool {
        // No policy has either of them.
        let has = |table: &DeTable<'_>| ["items", "title"].iter().any(|it| table.contains_key(*it));
        DeTable::parse(text).is_ok_and(|it| has(it.get_ref()))
    }

    /// Adds a checklist, whose items say of the rules and files only what differs from
    /// this policy.
    ///
    /// # Errors
    /// The first thing in `text` that makes no sense, with its place.
    pub fn add_checklist(&mut self, path: &str, text: &str) -> Result<(), PolicyError> {
        let file = File::new(path, text);
        let checklist = file.checklist(&file.parsed()?, self)?;
        self.checklists.push(checklist);
        file.bounded(self, &(0..0))
    }
}

/// The name that a file gives to what stands in it.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".toml").unwrap_or(name)
}

impl File<'_> {
    fn checklist(&self, table: &DeTable<'_>, policy: &Policy) -> Result<Checklist, PolicyError> {
        let (mut title, mut items) = (String::new(), Vec::<Item>::new());
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "title" => title = self.text(value)?.to_owned(),
                "items" => {
                    for value in self.all(value, "a list of tables: [[items]]")? {
                        let item = self.item(value, policy)?;
                        if items.iter().any(|it| it.id == item.id) {
                            let message = format!("the id {:?} is another item's", item.id);
                            return Err(self.error(&value.span(), message));
                        }
                        items.push(item);
                    }
                }
                _ => return Err(self.unknown(key, "a checklist", &["title", "items"])),
            }
        }
        let missing = |what: &str| Err(self.error(&(0..0), format!("the checklist has no {what}")));
        match items.len() {
            0 => missing("items; write [[items]]"),
            1..=MOST if title.is_empty() => missing("title"),
            1..=MOST => Ok(Checklist { name: stem(self.path()).to_owned(), title, items }),
            many => {
                let message = format!("{many} items are more than the {MOST} of a checklist");
                Err(self.error(&(0..0), message))
            }
        }
    }

    fn item(&self, value: &Value<'_>, policy: &Policy) -> Result<Item, PolicyError> {
        let table = self.table(value)?;
        let mut item = Item {
            id: String::new(),
            title: String::new(),
            section: String::new(),
            roles: Vec::new(),
            on: Vec::new(),
            rules: Vec::new(),
        };
        let mut files = Arc::clone(&policy.files);
        let mut own: Vec<(&Key<'_>, &Value<'_>)> = Vec::new();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "id" => item.id = self.text(value)?.to_owned(),
                "title" => item.title = self.text(value)?.to_owned(),
                "section" => item.section = self.text(value)?.to_owned(),
                "roles" => {
                    item.roles = self.list(value, |it| self.role_of(&policy.files.roles, it))?;
                }
                "on" => item.on = self.list(value, |it| self.kind(it))?,
                "rules" => item.rules = self.list(value, |it| self.selected(it, policy))?,
                "files" => files = Arc::new(self.part_of(&policy.files, value)?),
                _ => own.push((key, value)),
            }
        }
        // What is missing may be there under a mistyped name.
        let of_rules = |key: &Key<'_>| rules::find(key.get_ref()).is_some();
        if let Some((key, _)) = own.iter().find(|(key, _)| !of_rules(key)) {
            let known: Vec<&str> = item.rules.iter().map(|it| it.rule.id).chain(ITEM).collect();
            return Err(self.unknown(key, "the item", &known));
        }
        let lacks = |what: &str| Err(self.error(&value.span(), format!("the item has no {what}")));
        if item.id.is_empty() {
            return lacks("id");
        }
        if item.title.is_empty() {
            return lacks("title");
        }
        if item.rules.is_empty() {
            return lacks("rules: one that decides is needed at least");
        }
        if item.on.is_empty() {
            return lacks("on: the kinds of targets that it is asked of");
        }
        for (key, value) in own {
            let named = |it: &&mut Selected| it.rule.id == key.get_ref();
            let Some(selected) = item.rules.iter_mut().find(named) else {
                let message = format!("{} is none of the rules of the item", key.get_ref());
                return Err(self.error(&key.span(), message));
            };
            for (name, values) in self.parameters(selected.rule, value)? {
                // What an item says, it says whatever the target is for.
                selected.by_role.iter_mut().for_each(|it| it.1.set(&name, values.clone()));
                selected.settings.set(&name, values);
            }
        }
        for selected in &mut item.rules {
            selected.by_role.iter_mut().for_each(|it| it.1.set_files(&files));
            selected.settings.set_files(&files);
        }
        self.asked(&item, table)?;
        Ok(item)
    }

    /// That each rule is asked of a kind that the item names, and of each kind a rule.
    fn asked(&self, item: &Item, table: &DeTable<'_>) -> Result<(), PolicyError> {
        let place = |name: &str| {
            let found = table.iter().find(|(key, _)| key.get_ref() == name);
            found.map(|(key, _)| key.span()).unwrap_or_default()
        };
        let is_asked = |rule: &Rule| item.on.iter().any(|kind| rule.targets.contains(kind));
        if let Some(idle) = item.rules.iter().find(|it| !is_asked(it.rule)) {
            let message =
                format!("{} is asked of {}, not of these", idle.rule.id, idle.rule.asked_of());
            return Err(self.error(&place("on"), message));
        }
        let decides = |kind: &&Kind| item.rules.iter().any(|it| it.rule.targets.contains(kind));
        match item.on.iter().find(|kind| !decides(kind)) {
            None => Ok(()),
            Some(kind) => {
                let message = format!("none of the rules is asked of {}s", kind.name());
                Err(self.error(&place("on"), message))
            }
        }
    }

    /// A rule as the policy sets it, also where the policy switches it off.
    fn selected(&self, value: &Value<'_>, policy: &Policy) -> Result<Selected, PolicyError> {
        let rule = self.rule_named(self.text(value)?, &value.span())?;
        let own = policy.rules.iter().find(|it| it.rule.id == rule.id);
        Ok(own.cloned().unwrap_or_else(|| Selected::unset(rule)))
    }

    /// The entries on files that are named.
    fn part_of(&self, files: &FilePolicy, value: &Value<'_>) -> Result<FilePolicy, PolicyError> {
        let demands = self.list(value, |it| {
            let name = self.text(it)?;
            let found = files.demands.iter().find(|demand| demand.name == name);
            found.cloned().ok_or_else(|| {
                let known: Vec<&str> = files.demands.iter().map(|it| it.name.as_str()).collect();
                let message = format!("the policy has no [files.{name}]{}", hint(name, &known));
                self.error(&it.span(), message)
            })
        })?;
        Ok(FilePolicy { roles: files.roles.clone(), demands })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: &str = "title = 'T'\n[[items]]\nid = '1'\ntitle = 't'\n";

    #[test]
    fn an_item_says_of_its_rules_only_what_differs_from_the_policy() {
        let own =
            "[rules.healthcheck-timing]\nmin-retries = 5\n[rules.healthcheck]\nenabled = false\n";
        let mut policy = Policy::parse("p.toml", own).unwrap();
        let text = format!(
            "{ITEM}on = ['service', 'Dockerfile']\nrules = ['healthcheck', 'healthcheck-timing']\n\
             healthcheck-timing.max-interval = '30s'\n"
        );
        policy.add_checklist("lists/mine.toml", &text).unwrap();
        let [checklist] = policy.checklists.as_slice() else { panic!("not one") };
        assert_eq!((checklist.name.as_str(), checklist.title.as_str()), ("mine", "T"));
        let [item] = checklist.items.as_slice() else { panic!("not one") };
        assert_eq!(item.on, [Kind::Service, Kind::Dockerfile]);
        let words: Vec<String> = item.rules.iter().map(Selected::in_words).collect();
        assert_eq!(words, ["healthcheck", "healthcheck-timing (max-interval 30s, min-retries 5)"]);
        // The policy itself stays as it is.
        assert!(policy.rules.iter().all(|it| it.rule.id != "healthcheck"));
    }

    #[test]
    fn what_makes_no_sense_is_an_error_at_its_place() {
        let asked = "on = ['service']\nrules = ['non-root-user']\n";
        for (text, place, message) in [
            (String::new(), "1:1", "no items"),
            (format!("[[items]]\nid = '1'\ntitle = 't'\n{asked}"), "1:1", "no title"),
            ("titel = 'T'\n".to_owned(), "1:1", "did you mean \"title\""),
            (format!("{ITEM}on = []\nrules = []\n"), "2:1", "no rules"),
            (
                format!("{ITEM}on = []\nrules = ['non-root-users']\n"),
                "6:10",
                "did you mean \"non-root-user\"",
            ),
            (
                format!("{ITEM}on = ['servise']\nrules = ['non-root-user']\n"),
                "5:7",
                "did you mean \"service\"",
            ),
            (
                format!("{ITEM}on = ['image']\nrules = ['memory-limit']\n"),
                "5:1",
                "memory-limit is asked of",
            ),
            (
                format!("{ITEM}on = ['image', 'service']\nrules = ['memory-limit']\n"),
                "5:1",
                "asked of images",
            ),
            (
                format!("{ITEM}roles = ['nodeserver']\n{asked}"),
                "5:10",
                "did you mean \"node-server\"",
            ),
            (
                format!("{ITEM}files = ['node-module']\n{asked}"),
                "5:10",
                "did you mean \"node-modules\"",
            ),
            (format!("{ITEM}{asked}expected-uid.uids = [1]\n"), "7:1", "none of the rules"),
            (format!("{ITEM}{asked}non-root-user.uids = [1]\n"), "7:15", "no parameter \"uids\""),
            (
                format!("{ITEM}{asked}[[items]]\nid = '1'\ntitle = 't'\n{asked}"),
                "7:1",
                "another item's",
            ),
            (format!("{ITEM}{asked}sektion = 'x'\n"), "7:1", "did you mean \"section\""),
            ("items = 3\n".to_owned(), "1:9", "a list of tables"),
        ] {
            let error = Policy::baseline().add_checklist("c.toml", &text).unwrap_err().to_string();
            assert!(error.contains(&format!("c.toml:{place}")), "{text}\n{error}");
            assert!(error.contains(message), "{text}\n{error}");
        }
    }

    #[test]
    fn a_shipped_one_is_found_by_its_name_or_the_beginning_of_it() {
        for (name, found) in
            [("2-agents", 1), ("2", 1), ("3-comp", 1), ("", 0), ("agents", 0), ("9", 0)]
        {
            assert_eq!(find(name).len(), found, "{name}");
        }
        assert_eq!(names().len(), SHIPPED.len());
    }
}
