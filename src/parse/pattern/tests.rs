//! What fits which pattern.

use super::*;

fn fits(pattern: &str, path: &str) -> bool {
    let patterns = Patterns::new([pattern]).unwrap();
    let (folder, name) = path.rsplit_once('/').unwrap();
    let mut hits = Vec::new();
    patterns.names(name.as_bytes(), &mut hits);
    !patterns.at(folder.as_bytes()).fits(&hits).is_none()
}

#[test]
fn one_of_several_endings_may_be_none() {
    let set = Patterns::new(["/srv/app{,.min}.js"]).unwrap();
    assert!(set.fit(b"/srv/app.js") && set.fit(b"/srv/app.min.js") && !set.fit(b"/srv/app.x.js"));
}

#[test]
fn a_star_stands_for_a_part_of_one_name_and_two_for_any_folders() {
    for (pattern, path, expected) in [
        ("/etc/nginx/nginx.conf", "/etc/nginx/nginx.conf", true),
        ("/etc/nginx/nginx.conf", "/etc/nginx", false),
        ("/etc/nginx/nginx.conf", "/etc/nginx/nginx.conf/x", false),
        ("/etc/*.conf", "/etc/a.conf", true),
        ("/etc/*.conf", "/etc/a/b.conf", false),
        ("/etc/**/*.conf", "/etc/a.conf", true),
        ("/etc/**/*.conf", "/etc/a/b/c.conf", true),
        ("/**/node_modules", "/node_modules", true),
        ("/**/node_modules", "/app/node_modules", true),
        ("/**/node_modules", "/app/node_modules/x", false),
        ("/**/node_modules/**", "/app/node_modules", false),
        ("/**/node_modules/**", "/app/node_modules/x/y", true),
        ("/a/**/b/**/c", "/a/b/b/x/c", true),
        ("/a/**/b/**/c", "/a/x/c", false),
        ("/{app,srv}/logs", "/srv/logs", true),
        ("/app/[!.]*", "/app/.env", false),
        ("/app/?", "/app/ab", false),
        ("/app/\\*", "/app/*", true),
        ("/app/\\*", "/app/x", false),
    ] {
        assert_eq!(fits(pattern, path), expected, "{pattern} and {path}");
    }
}

#[test]
fn a_name_in_whatever_bytes_can_be_matched() {
    let patterns = Patterns::new(["/app/*.key"]).unwrap();
    let mut hits = Vec::new();
    patterns.names(b"\xff\n\x1b[2J.key", &mut hits);
    assert!(!patterns.at(b"/app").fits(&hits).is_none());
}

#[test]
fn a_place_has_one_mark_by_whichever_path() {
    let patterns = Patterns::new(["/bin/*", "/x"]).unwrap();
    let patterns = patterns.also(|text| Some(text.replace("/bin", "/usr/bin"))).unwrap();
    let mut hits = Vec::new();
    patterns.names(b"sh", &mut hits);
    for folder in ["/bin", "/usr/bin"] {
        let marks = patterns.at(folder.as_bytes()).fits(&hits);
        assert_eq!(marks.places().collect::<Vec<_>>(), [0], "{folder}");
    }
}

#[test]
fn where_nothing_can_fit_any_more_the_set_is_done() {
    let patterns = Patterns::new(["/etc/nginx/**", "/run/secrets/*"]).unwrap();
    assert!(patterns.at(b"/usr").is_done());
    assert!(!patterns.at(b"/etc/nginx/conf.d").is_done());
    assert!(patterns.at(b"/run/secrets/x").is_done());
}

#[test]
fn each_fitting_pattern_is_marked_by_its_place() {
    let patterns = Patterns::new(["/a/*", "/**/x", "/a/x", "/a/*"]).unwrap();
    assert_eq!(patterns.texts().len(), 3);
    let mut hits = Vec::new();
    patterns.names(b"x", &mut hits);
    let marks = patterns.at(b"/a").fits(&hits);
    assert_eq!(marks.places().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(marks.without(marks), Marks::NONE);
}

#[test]
fn what_is_no_pattern_is_refused_in_words() {
    for (text, word) in [
        ("etc", "absolute"),
        ("/", "empty"),
        ("/a//b", "empty"),
        ("/a/../b", ".."),
        ("/a/b**", "part of a name"),
        ("/a/[x", "class"),
        ("/a/{b", "alternate"),
    ] {
        let error = check(text).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
    assert!(Patterns::new((0..300).map(|it| format!("/{it}"))).is_err());
}

#[test]
fn a_path_with_stars_in_it_can_be_taken_literally() {
    assert!(fits(&literal("/a*b/[c]"), "/a*b/[c]"));
    assert!(!fits(&literal("/a*b"), "/axb"));
    assert_eq!(literal_prefix("/etc/nginx/**/*.conf"), "/etc/nginx");
    assert_eq!(literal_prefix("/**/x"), "");
    assert_eq!(literal_prefix("/run/secrets"), "/run/secrets");
}
