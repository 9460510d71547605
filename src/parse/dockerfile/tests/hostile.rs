//! Files that somebody made to hurt: limits, and no panic. How long they take
//! is held outside, where a test may look at the clock.

use proptest::prelude::*;

use super::*;

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let file = read(&"#".repeat(LARGEST + 1));
    assert_eq!(file.faults[0].what, "the file has more than 1024 KiB");
    let wrong = shipped(&file, None, &BTreeMap::new()).unwrap_err();
    assert_eq!(wrong, file.faults[0]);
}

#[test]
fn too_many_instructions_are_a_fault_at_the_first_that_is_not_read() {
    let file = read(&"FROM a\n".repeat(INSTRUCTIONS + 5));
    assert_eq!(file.stages.len(), INSTRUCTIONS);
    assert_eq!(file.faults[0].place.line as usize, INSTRUCTIONS + 1);
}

#[test]
fn what_is_nested_too_deep_is_not_told() {
    let deep = format!("FROM scratch\nUSER {}x{}\n", "${A:-".repeat(40), "}".repeat(40));
    assert_eq!(built(&deep).unknown["/User"], "more than 32 ${ stand in one another");
    let shallow = format!("FROM scratch\nUSER {}x{}\n", "${A:-".repeat(30), "}".repeat(30));
    assert_eq!(built(&shallow).config["User"], "x");
}

#[test]
fn bytes_that_are_no_text_are_read_around() {
    let file = parse(b"FROM a\nENV A=\xff\xfe\nUSER app\0\n");
    assert_eq!(file.faults, []);
    let built = shipped(&file, None, &BTreeMap::new()).unwrap();
    assert_eq!(built.config["User"], "app\0");
}

/// Files put together from what means something.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "FROM ",
        "a",
        "scratch",
        " AS ",
        "x",
        "\n",
        "\r\n",
        "\\\n",
        "`\n",
        "# ",
        "# escape=`\n",
        "RUN ",
        "ENV ",
        "ARG ",
        "LABEL ",
        "USER ",
        "COPY ",
        "ADD ",
        "EXPOSE ",
        "VOLUME ",
        "CMD ",
        "ENTRYPOINT ",
        "HEALTHCHECK ",
        "ONBUILD ",
        "SHELL ",
        "STOPSIGNAL ",
        "WORKDIR ",
        "--from=",
        "--interval=",
        "1m",
        "NONE",
        "<<",
        "<<-",
        "A",
        "'",
        "\"",
        "$",
        "${",
        "}",
        ":-",
        ":+",
        "=",
        "[",
        "]",
        ",",
        "\"a\"",
        " ",
        "\t",
        "\\",
        "é",
        "\u{feff}",
        "\0",
        "useradd ",
        "-u ",
        "1000",
        "adduser ",
        "&&",
        ";",
        "|",
        "(",
        ")",
        "`",
        "$(",
        "80",
        "/tcp",
        "-",
        "groupadd ",
        "-g",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|it| it.concat())
}

fn is_sound(text: &str) {
    let file = read(text);
    let shown = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = shown.split('\n').collect();
    let holds = |place: Place| {
        let line = lines.get(place.line as usize - 1).map_or(0, |it| it.chars().count());
        assert!(place.length >= 1 && place.column >= 1, "{place:?}");
        assert!((place.column + place.length) as usize <= line.max(1) + 2, "{place:?} {text:?}");
    };
    file.faults.iter().for_each(|it| holds(it.place));
    for it in file.instructions() {
        holds(it.place);
        // A name may go on in the next line.
        assert!(it.name().starts_with(&excerpt(text, it.place)), "{text:?}");
        it.words().iter().for_each(|word| holds(it.place_of(*word)));
        it.heredocs.iter().for_each(|it| holds(it.place));
    }
    if let Ok(built) = shipped(&file, None, &BTreeMap::new()) {
        built.places.values().for_each(|it| holds(*it));
        built.accounts.iter().for_each(|it| holds(it.place));
        for pointer in built.places.keys() {
            let is_there = built.config.pointer(pointer).is_some();
            assert!(is_there || built.unknown.contains_key(pointer), "{pointer} {text:?}");
        }
        assert!(built.unknown.keys().all(|it| built.places.contains_key(it)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        is_sound(&text);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn every_place_lies_in_the_file_and_every_pointer_in_the_config(text in pieces()) {
        is_sound(&text);
        is_sound(&format!("FROM scratch\n{text}"));
    }
}
