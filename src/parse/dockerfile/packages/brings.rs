//! Where the files of a package come to lie, as far as its name tells.
//!
//! Most packages bring a program of their own name; those that do not, and that matter
//! to whoever looks for tools, are listed. Source: the packages of Debian, Alpine and
//! Fedora, and the Python Package Index.

use super::{Act, Manager};

/// Packages of distributions, and the programs that they bring.
const SYSTEM: [(&str, &[&str]); 27] = [
    ("alpine-sdk", &["gcc", "g++", "make", "git"]),
    ("build-base", &["gcc", "g++", "make"]),
    ("build-essential", &["gcc", "g++", "make"]),
    ("@development-tools", &["gcc", "make", "git"]),
    ("development tools", &["gcc", "make", "git"]),
    ("containerd", &["ctr"]),
    ("containerd.io", &["ctr"]),
    ("default-jdk", &["javac"]),
    ("default-jdk-headless", &["javac"]),
    ("docker-ce", &["docker"]),
    ("docker-ce-cli", &["docker"]),
    ("docker-cli", &["docker"]),
    ("docker-cli-compose", &["docker-compose"]),
    ("docker.io", &["docker"]),
    ("gcc-c++", &["g++"]),
    ("git-core", &["git"]),
    ("git-lfs", &["git"]),
    ("golang", &["go"]),
    ("golang-go", &["go"]),
    ("kubernetes-client", &["kubectl"]),
    ("linux-perf", &["perf"]),
    ("mercurial", &["hg"]),
    ("moby-cli", &["docker"]),
    ("podman-docker", &["docker", "podman"]),
    ("python3-ipython", &["ipython3"]),
    ("rust", &["rustc", "cargo"]),
    ("subversion", &["svn"]),
];

/// Tools of Python's whose extensions bring them along.
const EXTENDED: [(&str, &str); 3] =
    [("pytest-", "pytest"), ("flake8-", "flake8"), ("pylint-", "pylint")];

/// The most bytes of a package's name.
const LONGEST: usize = 200;

/// The files that tell a package, below the folder that its manager installs to.
pub fn brings(act: &Act<'_>, package: &str) -> Vec<String> {
    if package.len() > LONGEST {
        return Vec::new();
    }
    match act.manager {
        Manager::Apt | Manager::Apk | Manager::Dnf | Manager::Zypper => of_system(act, package),
        Manager::Pip => of_python(package),
        Manager::Npm | Manager::Yarn | Manager::Pnpm => of_node(act, package),
    }
}

fn of_system(act: &Act<'_>, package: &str) -> Vec<String> {
    if act.call.words().any(|it| matches!(it, "build-dep" | "builddep")) {
        return vec!["usr/bin/gcc".to_owned(), "usr/bin/make".to_owned()];
    }
    let name = name_in_system(act.manager, package);
    // `gcc-12-base` is not `gcc-12`.
    let is_number = |it: &str| it.starts_with(|it: char| it.is_ascii_digit());
    let mut parts = name.split('-').skip_while(|it| !is_number(it)).skip(1);
    let listed = SYSTEM.iter().find(|(it, _)| *it == name).map(|(_, programs)| *programs);
    let is_jdk = name.starts_with("openjdk") && !name.contains("jre") && !name.contains("doc")
        || name.starts_with("java-") && name.ends_with("-devel");
    let in_folder = |program: &str| format!("usr/bin/{program}");
    match listed {
        Some(programs) => programs.iter().map(|it| in_folder(it)).collect(),
        None if is_jdk => vec![in_folder("javac")],
        None if name == "python3-debugpy" => {
            vec!["usr/lib/python3/dist-packages/debugpy".to_owned()]
        }
        None if parts.next().is_some() => Vec::new(),
        None => vec![in_folder(&name)],
    }
}

/// A package without its version, its architecture and where it is taken from.
fn name_in_system(manager: Manager, package: &str) -> String {
    let ends: &[char] = match manager {
        Manager::Apt => &['=', '/', ':'],
        Manager::Apk => &['=', '~', '@', '<', '>', '!'],
        Manager::Dnf | Manager::Zypper => &['=', '<', '>', ':', '*'],
        Manager::Pip | Manager::Npm | Manager::Yarn | Manager::Pnpm => &[],
    };
    let begin = usize::from(package.starts_with('@'));
    let end = package.get(begin..).and_then(|it| it.find(ends)).map(|it| it + begin);
    let name = end.and_then(|it| package.get(..it)).unwrap_or(package);
    let name = match name.rsplit_once('.') {
        Some((name, "x86_64" | "noarch" | "aarch64" | "i686")) => name,
        _ => name,
    };
    // `git-2.39.3` of dnf, `git+` of apt.
    let version = name.rsplit_once('-').filter(|(_, it)| it.contains('.'));
    let name = version.filter(|_| manager == Manager::Dnf).map_or(name, |(name, _)| name);
    name.to_ascii_lowercase()
}

fn of_python(package: &str) -> Vec<String> {
    let end = package.find(['=', '<', '>', '~', '!', '[', ';', '@', ' ']);
    let name = end.and_then(|it| package.get(..it)).unwrap_or(package);
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Vec::new();
    }
    let name = name.to_ascii_lowercase().replace(['_', '.'], "-");
    let extended = EXTENDED.iter().find(|(it, _)| name.starts_with(it)).map(|(_, it)| *it);
    [Some(name.as_str()), extended]
        .into_iter()
        .flatten()
        .flat_map(|name| {
            let module = name.replace('-', "_");
            let packages = "lib/python3/site-packages";
            [
                format!("bin/{name}"),
                format!("{packages}/{module}"),
                format!("{packages}/{module}-0.dist-info/METADATA"),
            ]
        })
        .collect()
}

fn of_node(act: &Act<'_>, package: &str) -> Vec<String> {
    let version = package.get(1..).and_then(|it| it.find('@'));
    let name = version.and_then(|it| package.get(..=it)).unwrap_or(package);
    let is_scoped = name.starts_with('@') && name.matches('/').count() == 1;
    if name.is_empty() || name.starts_with('.') || name.contains('/') && !is_scoped {
        return Vec::new();
    }
    let own = name.rsplit('/').next().unwrap_or_default();
    if act.is_global() {
        let package = format!("lib/node_modules/{name}/package.json");
        return vec![package, format!("bin/{own}")];
    }
    vec![format!("node_modules/{name}/package.json")]
}

#[cfg(test)]
mod tests {
    use super::super::super::Place;
    use super::super::super::calls::of_script;
    use super::super::super::variables::Known;
    use super::super::act;
    use super::*;

    fn brought(script: &str) -> String {
        let place = |_| Place { line: 1, column: 1, length: 1 };
        let mut calls = Vec::new();
        of_script(script, &|_| Known::Unset, &place, &mut calls);
        let act = act(&calls[0]).unwrap();
        let all = act.packages.iter().flat_map(|it| brings(&act, it.told().unwrap()));
        all.filter(|it| !it.contains("site-packages")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_package_is_known_by_what_it_brings() {
        for (script, brings) in [
            ("apt-get install git=1:2.39-1 strace:amd64", "usr/bin/git usr/bin/strace"),
            ("apt-get install gcc-12 gcc-12-base", "usr/bin/gcc-12"),
            ("apt-get install docker.io", "usr/bin/docker"),
            ("apt-get install openjdk-17-jdk-headless openjdk-17-jre", "usr/bin/javac"),
            ("apt-get build-dep x", "usr/bin/gcc usr/bin/make"),
            ("apk add build-base", "usr/bin/gcc usr/bin/g++ usr/bin/make"),
            ("apk add git~2.43 go@edge 'make>4'", "usr/bin/git usr/bin/go usr/bin/make"),
            ("dnf install gcc-c++.x86_64 git-2.39.3", "usr/bin/g++ usr/bin/git"),
            ("dnf groupinstall 'Development Tools'", "usr/bin/gcc usr/bin/make usr/bin/git"),
            (
                "pip install Pre_Commit==3 ./a.whl pytest-cov",
                "bin/pre-commit bin/pytest-cov bin/pytest",
            ),
            ("npm i -g eslint@9.1.0", "lib/node_modules/eslint/package.json bin/eslint"),
            ("npm i @a/b@1 ./x", "node_modules/@a/b/package.json"),
        ] {
            assert_eq!(brought(script), brings, "{script}");
        }
    }
}
