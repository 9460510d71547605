//! The format: comments, directives, continuations, flags, forms.

use super::*;

fn words(text: &str) -> Vec<String> {
    let all = instructions(text);
    all.last().unwrap().words().iter().map(|it| it.text.to_owned()).collect()
}

#[test]
fn an_instruction_has_a_keyword_arguments_and_words_each_with_its_place() {
    let text = "FROM alpine\n\n  # a comment\n  Copy --from=build  /a  /b \n";
    let copy = instructions(text).pop().unwrap();
    assert_eq!(copy.keyword, Some(Keyword::Copy));
    assert_eq!(copy.name(), "Copy");
    assert_eq!(copy.place, Place { line: 4, column: 3, length: 4 });
    assert_eq!(copy.arguments().text, "/a  /b");
    assert_eq!(copy.place_of_arguments(), Place { line: 4, column: 22, length: 6 });
    let places: Vec<_> = copy.words().iter().map(|it| copy.place_of(*it)).collect();
    assert_eq!(places.map_columns(), [22, 26]);
    assert_eq!(copy.last_line, 4);
}

trait Columns {
    fn map_columns(&self) -> Vec<u32>;
}

impl Columns for Vec<Place> {
    fn map_columns(&self) -> Vec<u32> {
        self.iter().map(|it| it.column).collect()
    }
}

#[test]
fn columns_count_characters_and_not_bytes() {
    let text = "FROM alpine\nENV A=é B=ü C=x\n";
    let env = instructions(text).pop().unwrap();
    let places: Vec<_> = env.pairs().iter().map(|it| env.text().place(it.range())).collect();
    assert_eq!(places.map_columns(), [5, 9, 13]);
    let found: Vec<_> = places.iter().map(|it| excerpt(text, *it)).collect();
    assert_eq!(found, ["A=é", "B=ü", "C=x"]);
}

#[test]
fn keywords_are_read_in_any_case() {
    let all = instructions("from alpine as Build\nrun id\nCoPy a b\n");
    let keywords: Vec<_> = all.iter().filter_map(|it| it.keyword).collect();
    assert_eq!(keywords, [Keyword::From, Keyword::Run, Keyword::Copy]);
    assert_eq!(read("from alpine as Build").stages[0].name().unwrap(), "build");
}

#[test]
fn a_line_goes_on_after_a_backslash_and_comments_and_empty_lines_between_do_not_end_it() {
    let text = "FROM alpine\nRUN apk add \\  \n  # curl fetches\n\n  curl \\\n    git\nUSER app\n";
    let all = instructions(text);
    assert_eq!(all[1].arguments().text, "apk add   curl     git");
    let last = all[1].words()[3];
    assert_eq!(all[1].place_of(last), Place { line: 6, column: 5, length: 3 });
    assert_eq!((all[1].place.line, all[1].last_line), (2, 6));
    assert_eq!(all[2].place.line, 7);
}

#[test]
fn what_goes_on_in_a_further_line_counts_to_the_end_of_its_first() {
    let run = instructions("FROM a\nRUN one two\\\nthree\n").pop().unwrap();
    assert_eq!(run.words()[1].text, "twothree");
    assert_eq!(run.place_of(run.words()[1]), Place { line: 2, column: 9, length: 3 });
    assert_eq!(run.place_of_arguments(), Place { line: 2, column: 5, length: 7 });
}

#[test]
fn a_backslash_that_is_escaped_continues_nothing() {
    let all = instructions("FROM a\nRUN echo \\\\\nUSER app\n");
    assert_eq!(all[1].arguments().text, "echo \\\\");
    assert_eq!(all[2].keyword, Some(Keyword::User));
}

#[test]
fn a_comment_sign_within_a_line_is_no_comment() {
    assert_eq!(words("FROM a\nRUN echo # not a comment"), ["echo", "#", "not", "a", "comment"]);
    let all = instructions("FROM a\n   # indented\nUSER app");
    assert_eq!(all.len(), 2);
}

#[test]
fn a_continuation_alone_in_its_line_goes_on_with_the_next() {
    let all = instructions("FROM a\n\\\n  USER app\n");
    assert_eq!((all[1].name(), all[1].arguments().text), ("USER", "app"));
    assert_eq!(all[1].place, Place { line: 3, column: 3, length: 4 });
}

#[test]
fn the_escape_directive_makes_the_backtick_continue_lines() {
    let text = "# escape=`\nFROM a\nCOPY testfile.txt c:\\\nRUN dir `\n c:\\\n";
    let file = read(text);
    assert_eq!(file.escape, '`');
    let all = instructions(text);
    assert_eq!(all[1].arguments().text, "testfile.txt c:\\");
    assert_eq!(all[2].arguments().text, "dir  c:\\");
}

#[test]
fn parser_directives_stand_at_the_top_and_nowhere_else() {
    let text = "# syntax = docker/dockerfile:1\n#ESCAPE=\\\n# check=skip=all\nFROM a\n";
    let found = read(text).directives;
    let found: Vec<_> =
        found.iter().map(|it| (&*it.name, &*it.value, excerpt(text, it.place))).collect();
    assert_eq!(
        found,
        [
            ("syntax", "docker/dockerfile:1", "docker/dockerfile:1".to_owned()),
            ("escape", "\\", "\\".to_owned()),
            ("check", "skip=all", "skip=all".to_owned()),
        ]
    );
    for late in [
        "\n# escape=`\n",
        "# a comment\n# escape=`\n",
        "# unknown=x\n# escape=`\n",
        "FROM a\n# escape=`\n",
    ] {
        assert_eq!(read(late).directives, [], "{late}");
        assert_eq!(read(late).escape, '\\', "{late}");
    }
    assert_eq!(read("#!/usr/bin/env x\n# syntax=x\nFROM a").directives.len(), 1);
}

#[test]
fn a_directive_that_stands_twice_or_says_nothing_sensible_is_a_fault() {
    assert_eq!(
        faults("# escape=`\n# escape=\\\nFROM a"),
        ["2:10 there is a second escape directive"]
    );
    assert_eq!(faults("# escape=^\nFROM a"), ["1:10 \"^\" cannot be the escape"]);
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_change_nothing() {
    let text = "\u{feff}FROM a\r\nRUN one \\\r\n  two\r\nUSER app\r\n";
    let all = instructions(text);
    assert_eq!(all[0].place, Place { line: 1, column: 1, length: 4 });
    assert_eq!(all[1].arguments().text, "one   two");
    assert_eq!(all[2].arguments().text, "app");
    assert_eq!(excerpt(text, all[2].place_of_arguments()), "app");
}

#[test]
fn flags_stand_before_the_arguments_and_may_repeat() {
    let text = "FROM --platform=$BUILDPLATFORM a\nRUN --mount=type=cache,target=/c --mount=type=secret,id=x \\\n --network=none make --all\n";
    let run = instructions(text).pop().unwrap();
    let flags: Vec<_> =
        run.flags.iter().map(|it| (&*it.name, it.value.as_deref().unwrap())).collect();
    assert_eq!(
        flags,
        [("mount", "type=cache,target=/c"), ("mount", "type=secret,id=x"), ("network", "none")]
    );
    assert_eq!(excerpt(text, run.flags[2].place), "--network=none");
    assert_eq!(run.arguments().text, "make --all");
    let copy = instructions("FROM a\nCOPY --link --chown=\"a b\" -- --x /y").pop().unwrap();
    assert_eq!(copy.flag("link").unwrap().value, None);
    assert_eq!(copy.flag("chown").unwrap().value.as_deref(), Some("a b"));
    assert_eq!(copy.arguments().text, "--x /y");
}

#[test]
fn a_flag_that_an_instruction_does_not_have_is_a_fault_with_the_nearest_one() {
    let file = read("FROM a\nCOPY --form=b /x /y\nUSER --x app");
    assert_eq!(file.faults[0].what, "COPY has no flag \"form\"");
    assert_eq!(file.faults[0].help, "write --from");
    assert_eq!(file.faults[1].place, Place { line: 3, column: 6, length: 3 });
}

#[test]
fn the_exec_form_is_json_and_anything_else_is_the_shell_form() {
    let exec = |line: &str| instructions(&format!("FROM a\n{line}")).pop().unwrap().exec();
    let array = |items: &[&str]| Exec::Array(items.iter().map(|it| (*it).to_owned()).collect());
    assert_eq!(exec("CMD [\"a\", \"b c\"]"), array(&["a", "b c"]));
    assert_eq!(exec("CMD [ \"a\\u0041\" ,\\\n \"b\" ]"), array(&["aA", "b"]));
    assert_eq!(exec("CMD []"), array(&[]));
    for shell in ["CMD ['a']", "CMD [\"a\"", "CMD [\"a\"] b", "CMD echo [\"a\"]", "CMD [a]"] {
        assert_eq!(exec(shell), Exec::Shell, "{shell}");
    }
    assert_eq!(faults("FROM a\nCMD [1]"), ["2:5 the array of CMD holds something that is no text"]);
}

#[test]
fn pairs_are_told_apart_by_quotes_and_escapes() {
    let pairs = |line: &str| -> Vec<(String, Option<String>)> {
        let it = instructions(&format!("FROM a\n{line}")).pop().unwrap();
        let pairs = it.pairs();
        pairs.iter().map(|it| (it.key.text.into(), it.value.map(|it| it.text.into()))).collect()
    };
    let both = |key: &str, value: &str| (key.to_owned(), Some(value.to_owned()));
    assert_eq!(
        pairs("ENV A=\"x y\" B=x\\ y C='x\"y' D= \\\n E=1"),
        [
            both("A", "\"x y\""),
            both("B", "x\\ y"),
            both("C", "'x\"y'"),
            both("D", ""),
            both("E", "1")
        ]
    );
    assert_eq!(pairs("ENV KEY  a value = here"), [both("KEY", "a value = here")]);
    assert_eq!(pairs("ARG A B=1 C"), [("A".into(), None), both("B", "1"), ("C".into(), None)]);
    assert_eq!(pairs("LABEL \"a b\"=\"c\""), [both("\"a b\"", "\"c\"")]);
}

#[test]
fn onbuild_holds_an_instruction_of_its_own() {
    let text = "FROM a\nONBUILD COPY --chown=app . \\\n  /src\n";
    let onbuild = instructions(text).pop().unwrap();
    let trigger = onbuild.trigger.unwrap();
    assert_eq!(trigger.keyword, Some(Keyword::Copy));
    assert_eq!(trigger.place, Place { line: 2, column: 9, length: 4 });
    assert_eq!(trigger.flag("chown").unwrap().place, Place { line: 2, column: 14, length: 11 });
    assert_eq!(trigger.place_of(trigger.words()[1]), Place { line: 3, column: 3, length: 4 });
    for (line, what) in [
        ("ONBUILD ONBUILD RUN id", "2:9 ONBUILD cannot put off ONBUILD"),
        ("ONBUILD FROM b", "2:9 ONBUILD cannot put off FROM"),
        ("ONBUILD", "2:1 ONBUILD needs an argument"),
    ] {
        assert_eq!(faults(&format!("FROM a\n{line}")), [what], "{line}");
    }
}

#[test]
fn one_odd_line_is_a_fault_and_the_rest_is_read() {
    let file = read("FROM a\nEVN A=1\nUSER app\nWORKDIR\nCMD [\"x\"]\n");
    assert_eq!(file.stages[0].instructions.len(), 4);
    assert_eq!(file.stages[0].instructions[0].keyword, None);
    let found: Vec<_> = file.faults.iter().map(|it| (&*it.what, &*it.help)).collect();
    assert_eq!(
        found,
        [
            ("there is no instruction \"EVN\"", "write ENV"),
            ("WORKDIR needs an argument", "write it after the instruction"),
        ]
    );
}

#[test]
fn what_no_builder_takes_is_a_fault_at_its_place() {
    for (line, what) in [
        ("FROM", "2:1 FROM takes an image, or an image and AS with a name"),
        ("FROM b AS", "2:6 FROM takes an image, or an image and AS with a name"),
        ("FROM b AS 1st", "2:11 \"1st\" cannot be the name of a stage"),
        ("ENV", "2:1 ENV needs an argument"),
        ("ENV A", "2:5 \"A\" has no value"),
        ("ENV A=1 B", "2:9 \"B\" has no value"),
        ("ENV =x", "2:6 ENV has a value without a name"),
        ("ARG", "2:1 ARG needs an argument"),
        ("COPY a", "2:6 COPY needs a source and a destination"),
        ("HEALTHCHECK", "2:1 HEALTHCHECK needs CMD and a command, or NONE"),
        ("HEALTHCHECK curl x", "2:13 HEALTHCHECK needs CMD and a command, or NONE"),
        ("HEALTHCHECK NONE x", "2:13 HEALTHCHECK NONE takes no arguments"),
        ("HEALTHCHECK --interval=5 CMD x", "2:13 \"5\" is no duration"),
        ("HEALTHCHECK --timeout=1us CMD x", "2:13 1us is less than a millisecond"),
        ("HEALTHCHECK --retries=-1 CMD x", "2:13 \"-1\" is no count"),
        ("SHELL bash -c", "2:7 SHELL needs a JSON array"),
        ("USER", "2:1 USER needs an argument"),
    ] {
        assert_eq!(faults(&format!("FROM a\n{line}")), [what], "{line}");
    }
    assert_eq!(faults("USER app\nFROM a"), ["1:1 USER stands before the first FROM"]);
    assert_eq!(faults("ARG A=1\nFROM a"), [""; 0]);
}
