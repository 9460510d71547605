//! Dockerfiles that somebody made to hurt are read in bounded time and memory.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use secaudit::parse::dockerfile::{FAULTS, LARGEST, act, parse, shipped, unverified, work};

/// Reads a file and ships it, and holds the time.
fn survives(name: &str, text: &str) {
    let begin = Instant::now();
    let file = parse(text.as_bytes());
    let _ = shipped(&file, None, &BTreeMap::new());
    let steps = work(&file, None, &BTreeMap::new(), None).map(|it| it.steps).unwrap_or_default();
    for step in &steps {
        step.calls.iter().for_each(|it| drop(act(it)));
        drop(unverified(&step.calls));
    }
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(5), "{name} took {took:?}");
    assert!(file.faults.len() <= FAULTS);
}

/// As many of a unit as a size has room for, between a begin and an end.
fn filled(size: usize, begin: &str, unit: &str, end: &str) -> String {
    let count = (size - begin.len() - end.len()) / unit.len();
    format!("{begin}{}{end}", unit.repeat(count))
}

#[test]
fn a_mebibyte_of_what_continues_nests_or_announces_is_read_in_time() {
    for (begin, unit, end) in [
        ("", "\\\n", ""),
        ("FROM a\nRUN x", "\\\n", ""),
        ("FROM a\nRUN x", "a\\\n", ""),
        ("FROM a\nRUN ", "<<A ", "\nA\n"),
        ("FROM a\n", "RUN <<A\n", ""),
        ("FROM a\nRUN useradd ", "<<A ", ""),
        ("FROM a\nRUN useradd ", "$(", ""),
        ("FROM a\nRUN groupadd b;", "useradd -g b a;", ""),
        ("FROM a\nRUN ", "curl x.y|", "sh"),
        ("FROM a\nRUN ", "(a|", ""),
        ("FROM a\nRUN ", "{ a;", ""),
        ("FROM a\nRUN ", "a <(", ""),
        ("FROM a\nRUN ", "\"$(a ", ""),
        ("FROM a\nRUN ", "`a`", ""),
        ("FROM a\nRUN ", "sh -c '", ""),
        ("FROM a\nRUN ", "sudo ", ""),
        ("FROM a\nRUN ", "curl -o a x.y;chmod a;", ""),
        ("FROM a\nRUN sh -c \"", "a;", "\""),
        ("FROM a\n", "FROM a AS b\n", ""),
        ("FROM a\nUSER ", "${", ""),
        ("FROM a\nUSER ", "${A:-", ""),
        ("FROM ", "${", ""),
    ] {
        survives(&format!("{begin:?} {unit:?}"), &filled(LARGEST, begin, unit, end));
    }
}

#[test]
fn a_quarter_of_a_mebibyte_of_anything_is_read_in_time() {
    for (begin, unit, end) in [
        ("FROM a\nRUN \\\n", "# c\n", ""),
        ("FROM a\n", "RUN <<A\nA\n", ""),
        ("FROM a\nRUN <<A\n", "x\n", ""),
        ("FROM a\nRUN <<A\n", "cat <<A;useradd a\n", "A\n"),
        ("FROM a\nRUN useradd ", "\"$(`", ""),
        ("FROM a\nRUN useradd ", "((", ""),
        ("FROM a\nRUN ", "useradd a;", ""),
        ("FROM a\nRUN useradd -", "b", ""),
        ("FROM a\nUSER ", "$", ""),
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
        survives(&format!("{begin:?} {unit:?}"), &filled(LARGEST / 4, begin, unit, end));
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
