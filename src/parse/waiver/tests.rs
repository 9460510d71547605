//! What is a waiver, and what stands below it.

use super::*;
use crate::parse::{dockerfile, yaml};

const FULL: &str = "secaudit: waive a-rule until=2027-01-31 owner=shop reason=its cache";

fn slip_of(comment: &str) -> String {
    terms(comment).expect("it speaks to secaudit").expect_err(comment).what
}

#[test]
fn a_waiver_says_its_rule_its_last_day_who_answers_for_it_and_why() {
    let said = terms(&format!(" {FULL} (SHOP=1) ticket=SHOP-812")).unwrap().unwrap();
    assert_eq!(said.rule.raw(), "a-rule");
    assert_eq!(said.until.to_string(), "2027-01-31");
    assert_eq!(said.owner.raw(), "shop");
    assert_eq!(said.reason.raw(), "its cache (SHOP=1)");
    assert_eq!(said.ticket.unwrap().raw(), "SHOP-812");
}

#[test]
fn the_order_of_fields_case_and_quotes_are_free() {
    let quoted = r#"SecAudit : WAIVE no-sudo reason="until=never, owner=nobody" Owner='ops team' until=2028-02-29"#;
    let said = terms(quoted).unwrap().unwrap();
    assert_eq!(said.reason.raw(), "until=never, owner=nobody");
    assert_eq!(said.owner.raw(), "ops team");
    assert_eq!(said.until.to_string(), "2028-02-29");
}

#[test]
fn a_label_is_written_like_a_comment_and_its_name_says_the_rule() {
    let said = |name: &str, value: &str| in_label(name, value);
    let terms =
        "until=2028-02-29 owner=shop reason='its cache' ticket=S-1 evidence=0123456789abcdef";
    let label = said("secaudit.waive.a-rule", terms).unwrap().unwrap();
    let comment = super::terms(&format!("secaudit: waive a-rule {terms}")).unwrap().unwrap();
    assert_eq!(label, comment);
    assert_eq!(label.evidence.as_deref(), Some("0123456789abcdef"));
    for other in
        ["secaudit.role", "com.docker.compose.project", "", "é", "secaudit.wai", "sécaudit.waive.x"]
    {
        assert!(said(other, terms).is_none(), "{other}");
    }
    for (name, value, what) in [
        ("secaudit.waive.", terms, "the rule that is waived is not named"),
        ("secaudit.waive", terms, "`secaudit.waive` is no waiver's name"),
        ("secaudit.Waiver.x", terms, "`secaudit.Waiver.x` is no waiver's name"),
        (
            "SECAUDIT.Waive.x",
            terms,
            "`SECAUDIT.Waive.x` is no waiver's name; `secaudit.waive.x` is meant",
        ),
        ("secaudit.waive.x", "", "it does not say `until=` and `owner=` and `reason=`"),
        ("secaudit.waive.x", "y until=2027-01-31", "`y` stands where `until=` is expected"),
        (
            "secaudit.waive.x",
            "until=2027-02-29 owner=o reason=r",
            "`2027-02-29` is no day of the calendar",
        ),
        ("secaudit.waive.x", &"a".repeat(1001), "it is longer than 1000 characters"),
    ] {
        let slip = said(name, value).unwrap().unwrap_err();
        assert_eq!(slip.what, what);
        assert!(slip.help.contains("secaudit.waive.RULE"), "{}", slip.help);
    }
}

#[test]
fn an_ordinary_comment_is_none() {
    for comment in ["", " secaudit is run before", "a secaudit: waive", "# secauditor: waive x"] {
        assert!(terms(comment).is_none(), "{comment}");
    }
}

#[test]
fn a_waiver_that_cannot_be_understood_is_told_and_never_left_out() {
    for (comment, what) in [
        ("secaudit waive x", "the colon after `secaudit` is missing"),
        ("secaudit - waives x", "the colon after `secaudit` is missing"),
        ("secaudit waiver x", "the colon after `secaudit` is missing"),
        ("## secaudit: waiver x", "`waiver` is nothing that a comment can ask for"),
        ("secaudit: waive x reason='it was until=2027-01-31", "a quote is not closed"),
        ("secaudit: ignore x", "`ignore` is nothing that a comment can ask for"),
        ("secaudit: waive", "the rule that is waived is not named"),
        ("secaudit: waive until=2027-01-31", "the rule that is waived is not named"),
        ("secaudit: waive x", "it does not say `until=` and `owner=` and `reason=`"),
        ("secaudit: waive x until=2027-01-31 owner= reason=y", "it does not say `owner=`"),
        ("secaudit: waive x y until=2027-01-31", "`y` stands where `until=` is expected"),
        ("secaudit: waive x untill=2027-01-31", "`untill` is not known; `until` is meant"),
        ("secaudit: waive x for=us", "`for` is not known"),
        ("secaudit: waive x until=2027-01-31 until=2027-01-31", "`until` is said twice"),
        (
            "secaudit: waive x until=2027-01-31 owner=o reason=r evidence=ABC",
            "`ABC` is no digest of evidence",
        ),
    ] {
        assert_eq!(slip_of(comment), what, "{comment}");
    }
    for day in ["2027-02-29", "31.01.2027", "2027-1-31", "tomorrow", "20270131", "2027-01-31T00:00"]
    {
        let comment = format!("secaudit: waive x until={day} owner=o reason=r");
        assert!(slip_of(&comment).contains("no day of the calendar"), "{day}");
    }
}

/// A waiver's line, and the lines that it speaks of or what is the matter with it.
type Told = (u32, Result<(u32, u32), String>);

fn told(all: Vec<Found>) -> Vec<Told> {
    let lines = |it: Found| {
        let said = it.said.map(|(below, _)| (below.first.0, below.last.0));
        (it.at.0, said.map_err(|slip| slip.what))
    };
    all.into_iter().map(lines).collect()
}

fn found_in(text: &str) -> Vec<Found> {
    let mut left = 100_000;
    in_yaml(text, &yaml::load(text, 0, &mut left).unwrap())
}

fn of_dockerfile(text: &str) -> Vec<Told> {
    told(in_dockerfile(text, &dockerfile::parse(text.as_bytes())))
}

#[test]
fn in_yaml_a_waiver_speaks_of_the_key_or_item_below_it_and_all_in_it() {
    let text = format!(
        "# {FULL}\nservices:\n  # {FULL}\n\n  # of the shop\n  web:\n    image: a\n    # {FULL}\n    ports:\n    - a\n    # {FULL}\n    - b\n    tty: true\n  # {FULL}\n  db: {{}}\n"
    );
    let expected = [(1, (2, 15)), (3, (6, 13)), (8, (9, 12)), (11, (12, 12)), (14, (15, 15))];
    for end in ["\n", "\r\n", "\r"] {
        let found = found_in(&text.replace('\n', end));
        let services: Vec<_> =
            found.iter().map(|it| it.said.as_ref().unwrap().0.service.clone()).collect();
        assert_eq!(services, [None, Some("web".into()), None, None, Some("db".into())]);
        assert_eq!(told(found), expected.map(|(line, it)| (line, Ok(it))), "{end:?}");
    }
}

#[test]
fn in_yaml_what_stands_beside_a_key_on_its_line_is_not_spoken_of() {
    let text = format!("services: {{\n  # {FULL}\n  web: {{ image: a }}, db: {{ image: b }}\n}}\n");
    let found = found_in(&text);
    let (below, _) = found[0].said.as_ref().unwrap();
    assert_eq!((below.first, below.last), ((3, 3), (3, 17)));
    assert_eq!(below.service.as_deref(), Some("web"));
}

#[test]
fn in_yaml_a_waiver_whose_line_is_gone_does_not_slide_to_the_next() {
    let text = format!("services:\n  web:\n    image: a\n    # {FULL}\n  db:\n    image: a\n");
    let what = "it stands deeper than what follows it".to_owned();
    assert_eq!(told(found_in(&text)), [(4, Err(what))]);
}

#[test]
fn in_yaml_a_text_of_several_lines_has_no_comments() {
    let text = format!("a: |\n  # {FULL}\nb: \"x\n  # {FULL}\n  \"\nc: 'y # {FULL}'\n");
    assert_eq!(found_in(&text), []);
    assert_eq!(found_in(&format!("a: |\n  # {FULL}\n  b\n\nc: d\n")), []);
    // What follows such a text is one.
    let text = format!("a: |\n  b\n\n# {FULL}\nc: >-\n  d\n\n  # {FULL}\n  e\nf: g\n");
    assert_eq!(told(found_in(&text)), [(4, Ok((5, 6)))]);
}

#[test]
fn in_yaml_a_waiver_behind_a_value_or_at_the_end_is_told() {
    let text = format!("a: b # {FULL}\n# {FULL}\n");
    let what = ["it stands behind a value", "nothing stands below it"];
    assert_eq!(told(found_in(&text)), [(1, Err(what[0].into())), (2, Err(what[1].into()))]);
}

#[test]
fn of_a_file_full_of_waivers_no_more_are_read_than_somebody_could_answer_for() {
    let many = format!("# {FULL}\n").repeat(10_000);
    for all in [told(found_in(&format!("{many}a: b\n"))), of_dockerfile(&format!("{many}FROM a\n"))]
    {
        assert_eq!(all.iter().filter(|it| it.1.is_ok()).count(), MOST);
        assert!(all.last().unwrap().1.as_ref().unwrap_err().contains("beyond"));
    }
}

#[test]
fn in_a_dockerfile_a_waiver_speaks_of_the_instruction_below_it() {
    let text = format!(
        "# syntax=docker/dockerfile:1\n# {FULL}\nFROM a\n# {FULL}\n# more\nRUN a \\\n  # {FULL}\n  b\nRUN <<E\n# {FULL}\nE\nUSER a # {FULL}\n# {FULL}\n"
    );
    let slip = |what: &str| Err(what.to_owned());
    let expected = [
        (2, Ok((3, 3))),
        (4, Ok((6, 8))),
        (7, slip("it stands inside an instruction")),
        (12, slip("it stands behind an instruction")),
        (13, slip("nothing stands below it")),
    ];
    assert_eq!(of_dockerfile(&text), expected);
}
