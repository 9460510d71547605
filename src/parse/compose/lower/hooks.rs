//! The commands that compose has executed in a container after it was started
//! and before it is stopped.
//!
//! No engine hears of them before that, so they stand in a place of their own:
//! `/Hooks`, each with its `User` and whether it is `Privileged`, as an engine
//! would be told to execute it.

use serde_json::{Value as Json, json};

use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::Node;

use super::sheet::{Given, Sheet, text};

/// The keys of a service that hold them, and of each what decides who runs it.
const KEYS: [[&str; 3]; 2] = [
    ["post_start", "post_start.user", "post_start.privileged"],
    ["pre_stop", "pre_stop.user", "pre_stop.privileged"],
];

pub(super) fn fill(sheet: &mut Sheet<'_>, service: &Node) {
    let mut hooks: Vec<Json> = Vec::new();
    for [key, user, privileged] in KEYS {
        let Some(list) = Given::of(Some(service), key) else { continue };
        let whole = sheet.unset(list.node).map(|_| list);
        let items = list.node.items().iter().map(|item| Given::item(key, item));
        for hook in items.chain(whole) {
            let pointer = format!("/Hooks/{}", hooks.len());
            sheet.wrote(&pointer, hook);
            if let Some(gap) = sheet.unset(hook.node) {
                sheet.gap(&pointer, gap);
            }
            // An empty text names nobody.
            let user = Given::of(Some(hook.node), user).filter(|it| it.node.text() != Some(""));
            let user = user.and_then(|it| sheet.meaning(it, &format!("{pointer}/User"), text));
            let mode = Given::of(Some(hook.node), privileged);
            let mode =
                mode.and_then(|it| sheet.meaning(it, &format!("{pointer}/Privileged"), cast::flag));
            hooks.push(json!({"When": key, "User": user, "Privileged": mode == Some(true)}));
        }
    }
    if !hooks.is_empty() {
        sheet.set("/Hooks", hooks);
    }
}
