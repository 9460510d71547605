//! Where the code lies that a process runs, as path patterns.

use crate::model::bundle::Bundle;
use crate::model::reading::{Gap, Reason};
use crate::model::source::Source;
use crate::model::untrusted::Untrusted;

use super::path::{DEFAULT_PATH, search_path};
use super::pattern::literal;

/// The files of code, by what they end in: in the languages that run as they
/// are written, and in what is loaded into a process.
const CODE: &str = "*.{bash,beam,cgi,cjs,class,cts,dll,ex,exs,jar,js,jsx,lua,mjs,mts,node,phar,php,\
    pl,pm,py,pyc,pyd,rb,sh,so,so.*,ts,tsx,war,wasm}";

/// Folders in which a process may work and whose files are nobody's code.
const NOT_CODE: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The file that the process executes, the files of code below the folder that
/// it works in, and the folders in which it looks for programs.
///
/// What of it cannot be told is beside what can.
pub fn of_process(bundle: &Bundle, pid: u32) -> (Vec<String>, Option<Gap>) {
    let link = |name| {
        let source = Source::proc(pid, name);
        bundle.text(&source).and_then(|text| plain(text.raw(), source))
    };
    let (exe, cwd) = (link("exe"), link("cwd"));
    let source = Source::proc(pid, "environ");
    let path = bundle.variables(&source).map(|it| search_path(it).unwrap_or(DEFAULT_PATH));
    let path = path.and_then(|path| plain(path, source));
    let gap = [&exe, &cwd, &path].into_iter().find_map(|it| it.as_ref().err().cloned());
    (patterns(exe.ok(), cwd.ok(), path.ok()), gap)
}

/// A path that can be looked for: still there, and text.
fn plain(path: &str, source: Source) -> Result<&str, Gap> {
    let gap = |reason, what| {
        let path = Untrusted::from(path);
        Err(Gap::new(reason, source, format!("{path} {what}, so that nobody can look for it")))
    };
    if path.ends_with(" (deleted)") {
        gap(Reason::Gone, "was deleted or replaced while it was used")
    } else if path.contains('\u{fffd}') {
        gap(Reason::Unsupported, "is no text")
    } else {
        Ok(path)
    }
}

fn patterns(exe: Option<&str>, cwd: Option<&str>, path: Option<&str>) -> Vec<String> {
    let program = exe.filter(|it| it.starts_with('/')).map(literal);
    let folders = path.into_iter().flat_map(|it| it.split(':')).filter_map(|folder| {
        // What does not begin at the root begins where the process works.
        let folder = if folder.starts_with('/') {
            normal(folder)
        } else {
            normal(&format!("{}/{folder}", cwd?))
        };
        let folder = literal(&folder);
        Some([format!("{folder}/*"), folder])
    });
    let work = cwd.map(normal).filter(|it| !NOT_CODE.contains(&it.as_str()));
    let files = work.map(|folder| match folder.as_str() {
        // Nobody keeps his code in all of the root's folders.
        "" => format!("/{CODE}"),
        folder => format!("{}/**/{CODE}", literal(folder)),
    });
    let folders = folders.flatten().filter(|it| !it.is_empty());
    program.into_iter().chain(files).chain(folders).collect()
}

/// A path without `.`, `..` and double slashes; empty for the root.
fn normal(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.iter().map(|name| format!("/{name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_runs_its_program_its_path_and_the_code_where_it_works() {
        let found = patterns(Some("/usr/bin/node"), Some("/srv/[app]"), Some("/bin:/usr//./bin/"));
        let work = format!("/srv/[[]app[]]/**/{CODE}");
        assert_eq!(found, ["/usr/bin/node", &work, "/bin/*", "/bin", "/usr/bin/*", "/usr/bin"]);
    }

    #[test]
    fn a_path_that_is_not_absolute_begins_where_the_process_works() {
        let found = patterns(None, Some("/srv"), Some("bin::../x"));
        assert_eq!(found[1..], ["/srv/bin/*", "/srv/bin", "/srv/*", "/srv", "/x/*", "/x"]);
        assert_eq!(patterns(None, Some("/"), None), [format!("/{CODE}")]);
        assert!(patterns(None, Some("/proc"), None).is_empty());
    }

    #[test]
    fn what_cannot_be_looked_for_is_a_gap() {
        for path in ["/x (deleted)", "/a\u{fffd}"] {
            assert!(plain(path, Source::Clock).is_err(), "{path}");
        }
    }
}
