//! Parts of a health check that checks nothing.
//!
//! That there is none, or one that cannot fail, other rules say.

use crate::model::draft::Shipped;
use crate::parse::compose::schema::cast;
use crate::parse::compose::tree::{Entry, Node, Value};

use super::Page;

pub(super) fn read(page: &mut Page<'_>, service: &Node, shipped: &Shipped) {
    let Some(check) = service.get("healthcheck") else { return };
    let is_off = check.get("disable").is_some_and(|it| cast::flag(it) == Ok(Some(true)));
    let test = check.entry("test");
    let is_none = test.is_some_and(|it| first_word(&it.node) == Some("NONE"));
    let told = |it: &&Entry| it.node.value != Value::Null && it.key != "disable";
    if is_off || is_none {
        let by = if is_off { "healthcheck.disable" } else { "the test NONE" };
        for entry in check.entries().iter().filter(told).filter(|it| is_off || it.key != "test") {
            let key = format!("healthcheck.{}", entry.key);
            let what = format!("{key} does nothing: {by} switches the health check off");
            page.entry(&key, entry, what, "remove what switches it off");
        }
        return;
    }
    if test.is_some_and(|it| is_said(&it.node)) || has_check(shipped) {
        return;
    }
    for entry in check.entries().iter().filter(told).filter(|it| it.key != "test") {
        let key = format!("healthcheck.{}", entry.key);
        let what = format!("{key} does nothing: neither the service nor its image has a test");
        page.entry(&key, entry, what, "write healthcheck.test as well");
    }
}

fn first_word(test: &Node) -> Option<&str> {
    test.items().first().and_then(Node::text)
}

fn is_said(test: &Node) -> bool {
    match &test.value {
        Value::Null => false,
        Value::List(words) => !words.is_empty(),
        Value::Text { text, .. } => !text.is_empty(),
        Value::Unset { .. } | Value::Map(_) => true,
    }
}

/// Whether the image has a check, or may have one.
fn has_check(shipped: &Shipped) -> bool {
    match shipped {
        Shipped::Unknown(_) => true,
        Shipped::Known { config, gaps, .. } => {
            let test = config.pointer("/Healthcheck/Test");
            let words = test.and_then(serde_json::Value::as_array);
            words.is_some_and(|it| !it.is_empty())
                || gaps.keys().any(|it| it.starts_with("/Healthcheck"))
        }
    }
}
