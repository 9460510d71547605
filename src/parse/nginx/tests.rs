//! What nginx reads, is read here; what it refuses, is refused; and nothing is kept
//! that nobody asks about.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::nginx::Configuration;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;

const FILE: &str = "/etc/nginx/nginx.conf";

/// A directive in one line: its line, its name, what is kept, and its block.
fn shown(directive: &Directive) -> String {
    let arguments: Vec<_> = directive.arguments.iter().map(|it| it.raw()).collect();
    let block: Vec<_> = directive.block.iter().map(shown).collect();
    let block = if block.is_empty() { String::new() } else { format!(" {{{}}}", block.join(" ")) };
    format!("{}:{}({}){block}", directive.line, directive.name, arguments.join("|"))
}

fn read(text: &str) -> String {
    parse(text, FILE).unwrap().iter().map(shown).collect::<Vec<_>>().join(" ")
}

fn refused(text: &str) -> String {
    parse(text, FILE).unwrap_err().to_string()
}

#[test]
fn words_are_split_as_nginx_splits_them() {
    for (text, expected) in [
        ("gzip on;", "1:gzip(on)"),
        ("gzip\n  on # off;\n;", "1:gzip(on)"),
        ("\n\ngzip_types text/css\n a#b;", "3:gzip_types(text/css|a#b)"),
        ("server_tokens 'a;b{c}' ;", "1:server_tokens(a;b{c})"),
        (r#"server_tokens "a \"b\" \d \\";"#, r#"1:server_tokens(a "b" \d \)"#),
        (r"server_tokens a\ b\;c;", r"1:server_tokens(a\ b\;c)"),
        ("server_tokens ${name}x;", "1:server_tokens(${name}x)"),
        ("server_tokens a\"b\"c;", "1:server_tokens(a\"b\"c)"),
        ("server_tokens a}b;", "1:server_tokens(a}b)"),
        ("\"gzip\" \"on\";", "1:gzip(on)"),
        ("gzip \"on\r\n\";", "1:gzip(on\r\n)"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn blocks_that_matter_are_gone_into_and_others_passed_by() {
    let text = "events { }\nhttp {\n map $a $b { gzip on; default \"}\"; }\n types {}\n\
        upstream u { server 1.2.3.4; }\n server {\n  listen 80;\n  location / {\n   gzip on;\n  }\n }\n}\n\
        stream { server { listen 1; } }";
    let expected = "2:http() {6:server() {7:listen(80) 8:location(/) {9:gzip(on)}}}";
    assert_eq!(read(text), expected);
}

#[test]
fn lua_is_passed_by_by_its_own_rules() {
    let text = "http { init_by_lua_block { a = '}' b = \"\\\"}\" -- }\n c = [==[ } ]] ]==] --[[ }\n ]] \
        t = { {}, [1] = {} } }\n server { header_filter_by_lua_block { ngx.header.A = 's3cret' }\n gzip on; } }";
    let expected = "1:http() {4:server() {4:header_filter_by_lua_block() 5:gzip(on)}}";
    assert_eq!(read(text), expected);
    assert_eq!(refused("http { init_by_lua_block { '}' "), "line 1: the file ends within Lua code");
}

#[test]
fn what_nginx_refuses_is_refused_with_its_line() {
    for (text, expected) in [
        ("gzip on", "line 1: the file ends within a directive"),
        ("http {\ngzip on;", "line 2: a block is not closed"),
        ("types {\n", "line 2: a block is not closed"),
        ("}", "line 1: a } that closes nothing"),
        (";", "line 1: a directive without a name"),
        ("http {\ngzip on\n}", "line 3: a directive is not ended by ;"),
        ("gzip \"on\"x;", "line 1: something follows right after quotes"),
        ("gzip 'on;", "line 1: the file ends within quotes"),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
    assert_eq!(
        refused(&format!("a {};", "b".repeat(4097))),
        "line 1: a word is longer than nginx reads"
    );
    assert!(
        refused(&"gzip on;".repeat(10_001)).ends_with("more directives than are read of a file")
    );
    assert!(refused(&"location / {".repeat(100)).ends_with("deeper in each other than is looked"));
}

#[test]
fn of_what_may_be_secret_only_its_presence_is_kept() {
    let text = "proxy_set_header Authorization s3cret; auth_basic_user_file s3cret;\n\
        add_header X-Token s3cret; add_header X-Token $s3cret; add_header X-Frame-Options DENY s3cret;\n\
        more_set_headers 'X-Token: s3cret'; return 301 https://a/s3cret; return 200 s3cret;\n\
        rewrite ^/s3cret https://s3cret permanent; rewrite ^ https://s3cret permanent;\n\
        proxy_pass http://u:s3cret@a; location ~ s3cret { } location = / { }\n\
        if ($http_token = s3cret) { } if ($scheme = http) { } return https://s3cret;";
    let expected = "2:add_header(X-Token|…) 2:add_header(X-Token|$) 2:add_header(X-Frame-Options|DENY) \
        3:more_set_headers(X-Token: …) 3:return(301|https) 3:return(200|…) 4:rewrite(…|https) \
        4:rewrite(all|https) 5:proxy_pass() 5:location(…) 5:location(…) 6:if(…) 6:if(plain) 6:return(302|https)";
    assert_eq!(read(text), expected);
}

#[test]
fn a_value_of_variables_alone_may_be_empty() {
    for (value, expected) in [
        ("$a", true),
        ("${a}$b", true),
        ("", true),
        ("$a-b", false),
        ("x$a", false),
        ("${a}b", false),
    ] {
        assert_eq!(may_be_empty(value), expected, "{value}");
    }
}

#[test]
fn where_authorities_look_for_challenges_is_known() {
    for (location, is_challenge) in [
        ("location /.well-known/acme-challenge/ {}", true),
        ("location ^~ /.well-known/acme-challenge {}", true),
        (r"location ~ ^/\.well-known/acme-challenge/ {}", true),
        ("location /.well-known/ {}", false),
    ] {
        assert_eq!(read(location).contains(CHALLENGES), is_challenge, "{location}");
    }
    assert_eq!(read("location ^~ / {}"), "1:location(/)");
}

#[test]
fn the_configuration_is_the_one_that_nginx_was_told() {
    let told = |command: &str| of_process(command).map(|it| (it.file, it.prefix));
    let some = |file: &str| Some((Some(file.to_owned()), None));
    assert_eq!(told("nginx: master process nginx -g daemon off; -c /a.conf\0\0"), some("/a.conf"));
    assert_eq!(told("nginx\0-c/a.conf\0-g\0daemon off; -c /b\0"), some("/a.conf"));
    assert_eq!(told("/usr/sbin/nginx\0-qc\0/a.conf\0"), some("/a.conf"));
    assert_eq!(told("nginx: worker process\0"), None);
    assert_eq!(told("nginx\0-p\0/srv\0"), Some((None, Some("/srv".to_owned()))));
    let of_image = |words: &[&str]| of_words(words.iter().copied()).map(|it| it.file);
    assert_eq!(of_image(&["/init", "--", "nginx", "-c", "/a"]), Some(Some("/a".to_owned())));
    assert_eq!(of_image(&["sh", "-c", "exec nginx -g 'daemon off;'"]), Some(None));
    assert_eq!(of_image(&["node", "a.js"]), None);
}

/// Files by their paths.
struct Laid(BTreeMap<&'static str, String>);

impl Files for Laid {
    fn read(&mut self, path: &str) -> Result<Option<Vec<Directive>>, Gap> {
        let parsed = self.0.get(path).map(|text| parse(text, path));
        let fault = |fault: Fault| Gap::new(Reason::Malformed, Source::Clock, fault.to_string());
        parsed.transpose().map_err(fault)
    }

    fn list(&mut self, folder: &str) -> Result<Vec<String>, Gap> {
        let names = self.0.keys().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
        Ok(names.filter_map(|it| it.split('/').next()).map(str::to_owned).collect())
    }
}

fn assembled(told: &Told, files: &[(&'static str, &str)]) -> Result<Option<Configuration>, Gap> {
    let mut files = Laid(files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect());
    assemble(told, Some("/usr/sbin/nginx"), &mut files, &Source::Clock)
}

fn included(files: &[(&'static str, &str)]) -> (String, Vec<String>) {
    let found = assembled(&Told::default(), files).unwrap().unwrap();
    let unread = found.unread.iter().map(|it| it.detail.to_string()).collect();
    (found.directives.iter().map(shown).collect::<Vec<_>>().join(" "), unread)
}

#[test]
fn what_is_included_stands_where_it_is_included() {
    let (found, unread) = included(&[
        (FILE, "http {\ngzip on;\ninclude conf.d/*.conf;\ninclude /etc/nginx/x;\nssl on;\n}"),
        ("/etc/nginx/conf.d/b.conf", "server { include snippets/s; }"),
        ("/etc/nginx/conf.d/a.conf", "server_tokens off;"),
        ("/etc/nginx/conf.d/.hidden.conf", "server_tokens on;"),
        ("/etc/nginx/conf.d/c.txt", "server_tokens on;"),
        ("/etc/nginx/snippets/s", "listen 80;"),
        ("/etc/nginx/x", ""),
    ]);
    let expected = "1:http() {2:gzip(on) 1:server_tokens(off) 1:server() {1:listen(80)} 5:ssl(on)}";
    assert_eq!((found.as_str(), unread.len()), (expected, 0));
}

#[test]
fn what_cannot_be_included_is_told_and_a_pattern_may_find_nothing() {
    let missing = "include at /etc/nginx/nginx.conf:1 names a file that is not there";
    assert_eq!(included(&[(FILE, "include a;")]).1, [missing]);
    assert_eq!(included(&[(FILE, "include a/*.conf;")]).1, [""; 0]);
    let faulty = included(&[(FILE, "include a;"), ("/etc/nginx/a", "http {")]);
    assert_eq!(faulty.1, ["line 1: a block is not closed"]);
}

#[test]
fn a_file_that_includes_itself_comes_to_an_end() {
    let (found, unread) = included(&[(FILE, "gzip on; include nginx.conf; include n*.conf;")]);
    assert!(found.len() < 100_000 && !unread.is_empty());
    let (_, unread) = included(&[(FILE, &"include nginx.conf;".repeat(10_000))]);
    assert!(unread.iter().all(|it| it.contains("leads to more files, or deeper")));
}

#[test]
fn of_two_files_that_may_be_meant_none_is_taken() {
    let two = [(FILE, ""), ("/srv/conf/nginx.conf", "")];
    let told = Told { file: None, prefix: Some("/srv".to_owned()) };
    assert_eq!(assembled(&told, &two).unwrap_err().reason, Reason::Unproved);
    let told = Told { file: Some("/srv/conf/nginx.conf".to_owned()), prefix: None };
    assert!(assembled(&told, &two).unwrap().is_some());
    assert_eq!(assembled(&Told::default(), &[]), Ok(None));
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_or_refused_and_every_line_is_one_of_the_file(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "http", "server", "location", "gzip", "on", "\"", "'", "\\", ";", "{", "}", "#", "\n", " ",
                "$", "${", "a_by_lua_block", "[[", "]]", "--", "[=[", "é", "if", "include *",
            ]),
            0..60,
        ),
    ) {
        let text = parts.concat();
        let lines = text.matches('\n').count() + 1;
        fn deepest(directives: &[Directive], lines: usize) -> usize {
            let depth = |it: &Directive| {
                assert!((1..=lines).contains(&(it.line as usize)));
                deepest(&it.block, lines) + 1
            };
            directives.iter().map(depth).max().unwrap_or(0)
        }
        match parse(&text, FILE) {
            Ok(found) => prop_assert!(deepest(&found, lines) <= DEEPEST + 1),
            Err(fault) => prop_assert!((1..=lines).contains(&(fault.line as usize))),
        }
    }

    #[test]
    fn a_directive_in_quotes_reads_back(words in prop::collection::vec("[ -~]{0,20}", 1..5)) {
        let quoted: Vec<String> = words
            .iter()
            .map(|it| format!("\"{}\"", it.replace('\\', r"\\").replace('"', "\\\"")))
            .collect();
        let text = format!("gzip_types {};", quoted.join("\n"));
        let found = parse(&text, FILE).unwrap();
        let read: Vec<_> = found[0].arguments.iter().map(|it| it.raw().to_owned()).collect();
        prop_assert_eq!(read, words);
    }
}
