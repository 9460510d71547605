//! Which stages ship, which only feed, and what is done in them.

use super::*;

fn planned(text: &str, target: Option<&str>) -> (Vec<Part>, Vec<usize>) {
    let file = read(text);
    let done = work(&file, target, &BTreeMap::new(), None).unwrap();
    (done.plan.parts, done.plan.ships)
}

use Part::{Feeds, Ships, Unused};

#[test]
fn what_ships_is_the_chain_of_the_target_and_nothing_else() {
    for (text, target, parts, chain) in [
        ("FROM a", None, vec![Ships], vec![0]),
        ("FROM a AS b\nFROM b", None, vec![Ships, Ships], vec![0, 1]),
        ("FROM a AS b\nFROM c\nCOPY --from=B /x /x", None, vec![Feeds, Ships], vec![1]),
        ("FROM a\nFROM c\nCOPY --from=0 /x /x", None, vec![Feeds, Ships], vec![1]),
        ("FROM a AS b\nFROM c\nCOPY --from=nginx /x /x", None, vec![Unused, Ships], vec![1]),
        (
            "FROM a AS b\nFROM c\nRUN --mount=type=bind,from=b,target=/x make",
            None,
            vec![Feeds, Ships],
            vec![1],
        ),
        ("FROM a AS b\nFROM c AS d", Some("B"), vec![Ships, Unused], vec![0]),
        // It feeds and is rested on: it ships.
        (
            "FROM a AS b\nFROM b AS c\nFROM b\nCOPY --from=c /x /x",
            None,
            vec![Ships, Feeds, Ships],
            vec![0, 2],
        ),
        ("FROM a AS b\nFROM x AS b\nFROM b", None, vec![Unused, Ships, Ships], vec![1, 2]),
        // A FROM does not know what comes later, a COPY does.
        ("FROM b\nCOPY --from=b /x /x\nFROM a AS b", None, vec![Unused, Ships], vec![1]),
        ("FROM a AS x\nCOPY --from=b /x /x\nFROM a AS b", Some("x"), vec![Ships, Feeds], vec![0]),
        ("FROM a AS b\nCOPY --from=b /x /x", None, vec![Ships], vec![0]),
    ] {
        assert_eq!(planned(text, target), (parts, chain), "{text}");
    }
}

#[test]
fn where_nobody_can_tell_what_is_taken_that_is_said() {
    for (text, line, why) in [
        ("ARG X\nFROM $X", 2, "$X has no value"),
        ("FROM a\nCOPY --from=$X /x /x", 2, "builders fill in no variables here"),
        ("FROM a\nCOPY --from=7 /x /x", 2, "there is no stage 7; the first is 0"),
    ] {
        let file = read(text);
        let done = work(&file, None, &BTreeMap::new(), None).unwrap();
        let [(place, told)] = done.plan.untold.as_slice() else { panic!("{text}") };
        assert_eq!((place.line, told.as_str()), (line, why), "{text}");
    }
    let file = read("ARG X=b\nFROM a AS b\nFROM ${X}");
    let done = work(&file, None, &BTreeMap::new(), None).unwrap();
    assert_eq!((done.plan.untold, done.plan.ships), (Vec::new(), vec![0, 1]));
}

#[test]
fn steps_know_the_variables_the_folder_and_the_programs_of_their_stage() {
    let text = "ARG G=1\nFROM a AS b\nARG G\nENV PIP_NO_CACHE_DIR=$G P=flask\nWORKDIR /app\n\
                FROM b\nWORKDIR src\nCOPY . $P\nRUN pip install $P ${Q} && npm ci\nRUN [\"apk\", \"add\", \"x\"]\n\
                RUN <<EOF\napt-get update\nEOF\n";
    let file = read(text);
    let done = work(&file, None, &BTreeMap::new(), None).unwrap();
    let last: Vec<_> = done.steps.iter().filter(|it| it.stage == 1).collect();
    let [_, copy, pip, apk, apt] = last.as_slice() else { panic!("{last:?}") };
    assert_eq!(copy.folder.as_deref(), Some("/app/src"));
    assert_eq!(copy.files, [Ok(".".to_owned()), Ok("flask".to_owned())]);
    assert_eq!(pip.environment.get("PIP_NO_CACHE_DIR"), Some(&Ok("1".to_owned())));
    assert_eq!(pip.calls[0].words().collect::<Vec<_>>(), ["install", "flask"]);
    assert!(pip.calls[0].arguments[2].text.is_err());
    assert_eq!(excerpt(text, pip.calls[1].program.place), "npm");
    assert_eq!(apk.calls[0].words().collect::<Vec<_>>(), ["add", "x"]);
    assert_eq!(excerpt(text, apt.calls[0].arguments[0].place), "update");
}

#[test]
fn what_was_put_off_is_done_in_the_stage_that_rests_on_it() {
    let file = read("FROM a AS b\nONBUILD RUN npm ci\nFROM b\nRUN id");
    let done = work(&file, None, &BTreeMap::new(), None).unwrap();
    let names: Vec<_> = done
        .steps
        .iter()
        .flat_map(|it| it.calls.iter().map(|call| (it.stage, call.name())))
        .collect();
    assert_eq!(names, [(1, "npm"), (1, "id")]);
}

#[test]
fn too_many_stages_are_an_error() {
    let text: String = (0..400).map(|at| format!("FROM a{at} AS s{at}\n")).collect();
    let copies: String = (0..400).map(|at| format!("COPY --from={at} /x /x\n")).collect();
    let file = read(&format!("{text}FROM a\n{copies}"));
    assert!(work(&file, None, &BTreeMap::new(), None).is_err());
    let file = read(&format!("{text}FROM a\n"));
    assert!(work(&file, None, &BTreeMap::new(), None).is_ok());
}
