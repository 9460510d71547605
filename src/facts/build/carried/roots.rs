//! Where package managers install to.

use crate::facts::build::steps::Started;
use crate::parse::dockerfile::{Act, From, Manager};

use super::Carriage;
use super::read::absolute;

impl Carriage<'_> {
    /// The folders to one of which a package manager installs here.
    pub fn roots(&self, started: &Started<'_>, act: &Act<'_>) -> Vec<String> {
        let folder = started.folder.as_deref();
        let whole = |path: &str| absolute(folder, path);
        let named = |options: &'static [&'static str]| act.values(options).last().map(&whole);
        match act.manager {
            Manager::Apt | Manager::Apk | Manager::Dnf | Manager::Zypper => {
                let root = named(&["-p", "--root", "-R", "--installroot"]);
                vec![root.unwrap_or_default()]
            }
            Manager::Npm | Manager::Yarn | Manager::Pnpm if act.is_global() => {
                vec![named(&["--prefix"]).unwrap_or_else(|| "/usr/local".to_owned())]
            }
            Manager::Npm | Manager::Yarn | Manager::Pnpm => {
                let own = named(&["--prefix", "--cwd", "--dir", "-C"]);
                vec![own.unwrap_or_else(|| whole("."))]
            }
            Manager::Pip => {
                let named = named(&["--prefix", "--root", "--target", "-t"]);
                named.map_or_else(|| self.of_python(started), |it| vec![it])
            }
        }
    }

    /// Where Python's packages come to lie.
    pub fn of_python(&self, started: &Started<'_>) -> Vec<String> {
        let program = started.call.program.told().unwrap_or_default();
        if let Some((root, _)) = program.rsplit_once("/bin/") {
            return vec![absolute(started.folder.as_deref(), root)];
        }
        let mut roots = Vec::new();
        let mut stage = Some(started.done.step.stage);
        // A stage rests on one before it, so there is an end to it.
        while let Some(at) = stage {
            roots.extend(self.venvs.get(&at).into_iter().flatten().cloned());
            stage = match self.layout.plan.from.get(at) {
                Some(From::Stage(below)) => Some(*below),
                _ => None,
            };
        }
        roots.extend(["/usr/local", "/usr", "/root/.local"].map(str::to_owned));
        roots
    }
}
