//! Files that somebody made to hurt: bounded time, bounded memory, no panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// Reads a file and ships it, and holds the time.
fn survives(name: &str, text: &str) -> Dockerfile {
    let begin = Instant::now();
    let file = read(text);
    let _ = shipped(&file, None, &BTreeMap::new());
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(5), "{name} took {took:?}");
    assert!(file.faults.len() <= FAULTS);
    file
}

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
fn a_mebibyte_of_anything_is_read_in_time() {
    let fill = |begin: &str, unit: &str, end: &str| {
        let count = (LARGEST - begin.len() - end.len()) / unit.len();
        format!("{begin}{}{end}", unit.repeat(count))
    };
    for (begin, unit, end) in [
        ("", "\\\n", ""),
        ("FROM a\nRUN x", "\\\n", ""),
        ("FROM a\nRUN x", "a\\\n", ""),
        ("FROM a\nRUN \\\n", "# c\n", ""),
        ("FROM a\nRUN ", "<<A ", "\nA\n"),
        ("FROM a\n", "RUN <<A\n", ""),
        ("FROM a\n", "RUN <<A\nA\n", ""),
        ("FROM a\nRUN <<A\n", "x\n", ""),
        ("FROM a\nRUN <<A\n", "cat <<A;useradd a\n", "A\n"),
        ("FROM a\nRUN useradd ", "<<A ", ""),
        ("FROM a\nRUN useradd ", "$(", ""),
        ("FROM a\nRUN useradd ", "\"$(`", ""),
        ("FROM a\nRUN useradd ", "((", ""),
        ("FROM a\nRUN ", "useradd a;", ""),
        ("FROM a\nRUN groupadd b;", "useradd -g b a;", ""),
        ("FROM a\nRUN useradd -", "b", ""),
        ("FROM a\nUSER ", "${", ""),
        ("FROM a\nUSER ", "${A:-", ""),
        ("FROM a\nUSER ", "$", ""),
        ("FROM ", "${", ""),
        ("FROM ", "$A", ""),
        ("FROM a\nENV ", "A=1 ", ""),
        ("FROM a\nENV ", "é=ü ", ""),
        ("FROM a\nENV A=", "\"", ""),
        ("FROM a\nLABEL ", "a=\\ ", ""),
        ("FROM a\nCMD ", "[", ""),
        ("FROM a\nCMD [", "1,", "1]"),
        ("FROM a\nCMD [", "\"\",", "\"\"]"),
        ("FROM a\n", "ONBUILD ", "RUN x"),
        ("FROM a\n", "EXPOSE 1-65535\n", ""),
        ("FROM a\nEXPOSE ", "1-65535 ", ""),
        ("FROM a\n", "x\n", ""),
        ("FROM a\n", "\n", ""),
        ("", "FROM a AS a\n", ""),
        ("FROM a AS a\n", "FROM a AS a\n", ""),
        ("# syntax=a\n", "# syntax=a\n", ""),
        ("FROM a\nCOPY ", "--x=\" ", ""),
        ("FROM a\n", "ARG A=$A$A\n", ""),
        ("x", "x", ""),
        ("FROM a\nWORKDIR ", "../a/", ""),
        ("FROM a\nHEALTHCHECK --interval=", "1h", " CMD x"),
    ] {
        let text = fill(begin, unit, end);
        survives(&format!("{begin:?} {unit:?}"), &text);
    }
}

#[test]
fn values_that_double_do_not_fill_the_memory() {
    let doubling = |last: &str| {
        let mut text = "FROM a\nENV A=0123456789\n".to_owned();
        for _ in 0..40 {
            text += "ENV A=$A$A\n";
        }
        text + last
    };
    survives("doubling", &doubling(""));
    let large = "FROM a\nENV A=".to_owned() + &"x".repeat(60_000) + "\n";
    let many = large.clone() + "LABEL " + &"a$A=$A ".repeat(100_000);
    survives("labels", &many);
    survives("arguments", &(large.clone() + "RUN useradd " + &"$A ".repeat(200_000)));
    survives("environment", &(large + &"ENV B=$A C=$A\n".repeat(15_000)));
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
