//! Heredocs of `RUN`, `COPY` and `ADD`.

use super::*;

/// The names and bodies of the heredocs of a file's second instruction.
fn documents(text: &str) -> Vec<(String, String)> {
    let all = instructions(text);
    let found = all[1].heredocs.iter();
    found.map(|it| (it.name.clone(), it.body.as_str().to_owned())).collect()
}

fn one(name: &str, body: &str) -> (String, String) {
    (name.to_owned(), body.to_owned())
}

#[test]
fn a_heredoc_stands_anywhere_in_a_run() {
    for line in [
        "RUN <<EOF",
        "RUN cat <<EOF > /x",
        "RUN python3 <<EOF",
        "RUN 3<<EOF cat <&3",
        "RUN <<  EOF",
        "RUN <<EOF tr a b",
        "RUN --network=none <<EOF",
        "RUN cat \\\n  <<EOF",
        "COPY <<EOF /x",
        "ADD --chmod=755 <<EOF /x",
    ] {
        let text = format!("FROM a\n{line}\nhello\nUSER root\n\nEOF\n# a comment\nUSER app\n");
        assert_eq!(documents(&text), [one("EOF", "hello\nUSER root\n\n")], "{line}");
        let all = instructions(&text);
        assert_eq!(all.len(), 3, "{line}");
        assert_eq!(all[2].arguments().text, "app");
        assert_eq!(all[1].last_line, all[2].place.line - 2);
    }
}

#[test]
fn several_heredocs_follow_one_another_in_their_order() {
    let text = "FROM a\nCOPY <<one <<'two' /dest/\n1\none\n2\ntwo\nUSER app\n";
    assert_eq!(documents(text), [one("one", "1\n"), one("two", "2\n")]);
    let copy = &instructions(text)[1];
    let places: Vec<_> = copy.heredocs.iter().map(|it| excerpt(text, it.place)).collect();
    assert_eq!(places, ["<<one", "<<'two'"]);
}

#[test]
fn a_dash_takes_leading_tabs_away() {
    let text = "FROM a\nRUN <<-EOF\n\techo a\n\t\techo b\n  \tEOF\n\tEOF\nUSER app\n";
    assert_eq!(documents(text), [one("EOF", "echo a\necho b\n  \tEOF\n")]);
    let body = &instructions(text)[1].heredocs[0].body;
    assert_eq!(body.place(7..11), Place { line: 4, column: 3, length: 4 });
}

#[test]
fn quotes_around_the_name_keep_variables_as_they_are() {
    for (word, expands) in
        [("<<EOF", true), ("<<'EOF'", false), ("<<\"EOF\"", false), ("<<E'O'F", false)]
    {
        let text = format!("FROM a\nCOPY {word} /x\n$HOME\nEOF\n");
        assert_eq!(instructions(&text)[1].heredocs[0].expands, expands, "{word}");
    }
}

#[test]
fn a_heredoc_has_the_file_descriptor_before_it() {
    let text = "FROM a\nRUN 3<<EOF cat\nx\nEOF\n";
    assert_eq!(instructions(text)[1].heredocs[0].descriptor, Some(3));
}

#[test]
fn what_only_looks_like_a_heredoc_is_none() {
    for line in [
        "RUN cat <<<EOF",
        "RUN echo \"<<EOF\"",
        "RUN echo '<<EOF'",
        "RUN echo \\<<EOF",
        "RUN echo $((1<<2))",
        "RUN x<<EOF",
        "RUN [\"cat\", \"<<EOF\"]",
        "CMD cat <<EOF",
        "ENV A=<<EOF",
        "RUN echo <<",
    ] {
        let all = instructions(&format!("FROM a\n{line}\nUSER app\n"));
        assert_eq!(all[1].heredocs, [], "{line}");
        assert_eq!(all.len(), 3, "{line}");
    }
}

#[test]
fn onbuild_puts_off_heredocs_too() {
    let text = "FROM a\nONBUILD RUN <<EOF\nid\nEOF\nUSER app\n";
    let all = instructions(text);
    assert_eq!(all[1].trigger.as_ref().unwrap().heredocs[0].body.as_str(), "id\n");
    assert_eq!(all.len(), 3);
}

#[test]
fn windows_line_ends_end_a_heredoc_too() {
    let text = "FROM a\r\nRUN <<EOF\r\nid\r\nEOF\r\nUSER app\r\n";
    assert_eq!(documents(text), [one("EOF", "id\r\n")]);
    assert_eq!(instructions(text)[2].arguments().text, "app");
}

#[test]
fn a_heredoc_without_an_end_is_a_fault_and_the_rest_is_read() {
    let text = "FROM a\nRUN <<EOF\nUSER app\n  EOF\n";
    assert_eq!(
        faults(text),
        ["2:5 the heredoc \"EOF\" never ends", "4:3 there is no instruction \"EOF\""]
    );
    assert_eq!(built(text).config["User"], "app");
}
