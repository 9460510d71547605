//! What a Dockerfile does for the sake of hardening, and to no effect.

use super::*;

/// What is told, with the line that it is told of.
fn told(text: &str) -> Vec<(u32, String)> {
    built(text).idle.into_iter().map(|it| (it.place.line, it.what)).collect()
}

#[test]
fn setcap_r_takes_from_one_file_what_it_has_not() {
    let idle = built("FROM nginx\nRUN apk add libcap && \\\n    setcap -r /usr/sbin/nginx\n").idle;
    assert_eq!(idle.len(), 1);
    assert_eq!((idle[0].place.line, idle[0].place.column), (3, 15));
    assert!(idle[0].what.starts_with("setcap -r /usr/sbin/nginx drops no capability"));
    assert!(idle[0].instead.contains("cap_drop: [ALL]"));
    assert_eq!(idle[0].unless, Unless::CapabilitiesDropped);
}

#[test]
fn setcap_r_of_a_file_that_has_capabilities_does_something() {
    for run in ["setcap -r /bin/ping", "setcap cap_net_raw+ep /x && setcap -r /x", "setcap -v x"] {
        assert_eq!(told(&format!("FROM a\nRUN {run}\n")), [], "{run}");
    }
}

#[test]
fn a_mode_protects_nothing_from_the_owner() {
    for (lines, line) in [
        // Whoever changes a mode owns the file, or is root.
        ("USER app\nRUN chmod -R 500 node_modules\n", 4),
        ("RUN chown -R app:app /app\nRUN chmod 444 /app/x.conf\nUSER app\n", 4),
        ("RUN chmod 0555 /app/x && chown app /app\nUSER app:app\n", 3),
        ("COPY --chown=app . .\nRUN chmod a-w /app/*\nUSER app\n", 4),
        ("COPY --chown=app:app --chmod=500 . /app/\nUSER app\n", 3),
        ("RUN useradd -u 1001 app && chown app /app && chmod u=rx /app\nUSER 1001\n", 3),
    ] {
        let found = told(&format!("FROM a\nWORKDIR /app\n{lines}"));
        assert_eq!(found.len(), 1, "{lines}: {found:?}");
        assert_eq!(found[0].0, line, "{lines}");
        assert!(found[0].1.contains("owns it and can change it back"), "{found:?}");
    }
}

#[test]
fn a_mode_holds_where_another_one_owns_the_file() {
    for lines in [
        "RUN chmod -R 500 node_modules\nUSER app\n",
        "RUN chown -R app /app && chmod 500 /app && chown -R root:root /app\nUSER app\n",
        "COPY --chown=root . .\nRUN chmod 444 /app/x\nUSER app\n",
        "COPY --chown=app . .\nRUN chmod 755 /app\nUSER app\n",
        "RUN chown app /app/logs && chmod 444 /app/x\nUSER app\n",
        "RUN chown app /app && chmod 500 /app\nUSER root\n",
        "RUN chown :app /app && chmod go-w /app\nUSER app\n",
        "RUN chown $WHO /app && chmod 500 /app\nUSER app\n",
    ] {
        assert_eq!(told(&format!("FROM a\nWORKDIR /app\n{lines}")), [], "{lines}");
    }
}

#[test]
fn what_another_stage_does_is_that_ones_affair() {
    let text = "FROM a AS build\nRUN setcap -r /x\nFROM b\nCOPY --from=build /x /x\n";
    assert_eq!(told(text), []);
    assert_eq!(told("FROM a AS base\nRUN setcap -r /x\nFROM base\n").len(), 1);
}

#[test]
fn a_hostile_file_is_told_in_bounds() {
    let run = "chown app /a; chmod 500 /a; setcap -r /b;".repeat(5_000);
    let found = told(&format!("FROM a\nRUN {run}\nUSER app\n"));
    assert!(found.len() <= 1_000);
}
