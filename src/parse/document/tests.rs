//! What is absent, null, of the wrong type, and what is a number of something.

use serde_json::json;

use super::*;

#[test]
fn absent_and_null_are_known_nothings() {
    let value = json!({"HostConfig": {"CapAdd": null}});
    let document = Document::new(Source::engine_info(), Ok(&value));
    assert_eq!(document.texts("/HostConfig/CapAdd").known(), Some(&vec![]));
    assert_eq!(document.flag("/HostConfig/Privileged").known(), Some(&None));
    assert_eq!(document.text("/Config/User").known(), Some(&None));
}

#[test]
fn a_count_that_is_absent_null_or_negative_is_zero() {
    let value = json!({"Null": null, "Minus": -1, "Some": 100, "Text": "100"});
    let document = Document::new(Source::engine_info(), Ok(&value));
    for (pointer, count) in [("/Absent", 0), ("/Null", 0), ("/Minus", 0), ("/Some", 100)] {
        assert_eq!(document.count(pointer).known(), Some(&count), "{pointer}");
    }
    assert!(matches!(document.count("/Text"), Reading::Missing(_)));
}

#[test]
fn a_field_of_the_wrong_type_costs_that_field_alone() {
    let value = json!({"Privileged": "yes", "CapAdd": ["ALL"]});
    let document = Document::new(Source::engine_info(), Ok(&value));
    assert!(matches!(document.flag("/Privileged"), Reading::Missing(_)));
    assert_eq!(document.texts("/CapAdd").known(), Some(&vec!["ALL"]));
}
