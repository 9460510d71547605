//! Which files make a project, where it lies, and which environment files count.

use std::path::{Path, PathBuf};

use super::dotenv::{self, Format, Settings};
use super::environment::{Environment, switch};
use super::interpolate::Variables;
use super::resolve::Resolver;
use super::sources::{join, plain_fault};
use super::{Fault, Remark, Request, address, mask};

/// The names that are looked for, the first before the later.
const NAMES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The names of what is merged into it when it lies beside.
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// The files of a project and its folder, all as absolute as the caller's folder.
pub(super) struct Found {
    pub(super) files: Vec<PathBuf>,
    pub(super) directory: PathBuf,
}

/// Finds a project's files, and adds its environment files to `environment`.
pub(super) fn find<'a>(
    resolver: &mut Resolver<'a>,
    request: &'a Request,
    environment: &mut Environment<'a>,
) -> Result<Found, Fault> {
    environment.fix("PWD", request.folder.to_string_lossy().into_owned());
    let own = request.files.iter().chain(&request.laid_over).chain(&request.env_files);
    let mut own = own.chain(&request.project_directory);
    if let Some(fault) = own.find_map(|it| resolver.sources.remote(it)) {
        return Err(fault);
    }
    let absolute = |path: &PathBuf| resolver.sources.absolute(path);
    let mut files: Vec<PathBuf> = request.files.iter().map(absolute).collect();
    let given = request.project_directory.as_ref().map(absolute);
    let at = request.at.as_ref().map(absolute);
    let directory = |files: &[PathBuf]| {
        let first = files.iter().find(|it| *it != Path::new("-"));
        let folder = first.and_then(|it| it.parent()).map(Path::to_owned);
        given.clone().or(folder).or(at.clone()).unwrap_or_else(|| request.folder.clone())
    };
    // An environment file may name the compose files, and these the folder in
    // which there is another.
    let first = directory(&files);
    add_env_files(resolver, request, environment, &first)?;
    if files.is_empty() {
        let names = named(request, environment);
        if let Some(fault) = names.iter().find_map(|it| resolver.sources.remote(Path::new(it))) {
            return Err(fault);
        }
        let folder = at.as_deref().unwrap_or(&request.folder);
        files = names
            .into_iter()
            .map(|name| if name == "-" { name.into() } else { join(folder, Path::new(name)) })
            .collect();
    }
    if files.is_empty() {
        let is_here = request.at.is_some();
        files = defaults(resolver, at.as_ref().unwrap_or(&first), is_here);
    }
    if files.is_empty() {
        let what = if request.at.is_some() {
            "there is no compose file in this folder"
        } else {
            "there is no compose file here, nor in a folder above"
        };
        let help = "name one, or write a compose.yaml";
        return Err(plain_fault(&resolver.sources.shown(&first), what, help));
    }
    if !request.files.is_empty() {
        left_out(resolver, &files);
    }
    files.extend(request.laid_over.iter().map(|path| resolver.sources.absolute(path)));
    let second = directory(&files);
    if second != first {
        add_env_files(resolver, request, environment, &second)?;
    }
    Ok(Found { files, directory: second })
}

/// Says which override lies beside a file that is named: compose leaves it out then.
fn left_out(resolver: &mut Resolver<'_>, files: &[PathBuf]) {
    let base = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        let name = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))?;
        Some(["yaml", "yml"].map(|end| path.with_file_name(format!("{name}.override.{end}"))))
    };
    for path in files.iter().filter_map(base).flatten() {
        if !files.contains(&path) && resolver.sources.is_file(&path) {
            let path = resolver.sources.shown(&path);
            let what = format!("{} is not laid over a file that is named", path.display());
            let what = format!("{what}: name it too, or the folder");
            resolver.remarks.push(Remark { at: None, what });
        }
    }
}

/// The files of `COMPOSE_FILE`. A folder that is named goes before what the
/// caller's variables name, though not before its own `.env`.
fn named<'e>(request: &Request, environment: &'e Environment<'_>) -> Vec<&'e str> {
    let text = |name: &str| match &request.at {
        Some(_) => environment.text_of_files(name),
        None => environment.text(name),
    };
    let separator = text("COMPOSE_PATH_SEPARATOR").unwrap_or(":");
    let files = text("COMPOSE_FILE").unwrap_or_default();
    // The colon of an address separates nothing.
    if separator == ":" && address::is_remote(files) {
        return vec![files];
    }
    files.split(separator).filter(|it| !it.is_empty()).collect()
}

/// The file of a default name and its override, in a folder or the nearest above.
fn defaults(resolver: &mut Resolver<'_>, folder: &Path, is_here: bool) -> Vec<PathBuf> {
    let mut next = Some(folder);
    while let Some(folder) = next {
        if let Some(file) = first_of(resolver, folder, &NAMES) {
            let mut files = vec![file];
            files.extend(first_of(resolver, folder, &OVERRIDES));
            return files;
        }
        next = folder.parent().filter(|_| !is_here);
    }
    Vec::new()
}

fn first_of(resolver: &mut Resolver<'_>, folder: &Path, names: &[&str]) -> Option<PathBuf> {
    let all = names.iter().map(|name| join(folder, Path::new(name)));
    let mut there = all.filter(|it| resolver.sources.is_file(it));
    let winner = there.next()?;
    let losers: Vec<PathBuf> = there.collect();
    if let Some(loser) = losers.first() {
        let (winner, loser) = (resolver.sources.shown(&winner), resolver.sources.shown(loser));
        let what = format!("{} is taken, not {}", winner.display(), loser.display());
        resolver.remarks.push(Remark { at: None, what });
    }
    Some(winner)
}

fn add_env_files<'a>(
    resolver: &mut Resolver<'a>,
    request: &'a Request,
    environment: &mut Environment<'a>,
    folder: &Path,
) -> Result<(), Fault> {
    let mut files: Vec<PathBuf> = request.env_files.clone();
    if files.is_empty() {
        // Only the caller's own variables say this: no file could, before it is read.
        let named = request.environment.get("COMPOSE_ENV_FILES").map(String::as_str);
        let names = named.unwrap_or_default().split(',').filter(|it| !it.is_empty());
        files = names.map(PathBuf::from).collect();
    }
    let absolute = |path: &PathBuf| resolver.sources.absolute(path);
    files = files.iter().map(absolute).collect();
    if files.is_empty() {
        if let Some(value) = request.environment.get("COMPOSE_DISABLE_ENV_FILE") {
            match switch(value) {
                Some(true) => return Ok(()),
                Some(false) => {}
                None => {
                    let what = "COMPOSE_DISABLE_ENV_FILE is neither true nor false";
                    return Err(plain_fault(folder, what, "set it to true or to false"));
                }
            }
        }
        let file = join(folder, Path::new(".env"));
        if !resolver.sources.is_file(&file) {
            return Ok(());
        }
        files.push(file);
    }
    let settings = read(resolver, &files, environment)?;
    environment.add(settings);
    Ok(())
}

/// Reads environment files for the values of compose files.
pub(super) fn read(
    resolver: &mut Resolver<'_>,
    files: &[PathBuf],
    environment: &Environment<'_>,
) -> Result<Settings, Fault> {
    let mut settings = Settings::new();
    for file in files {
        resolver.note(file, true);
        read_one(resolver, file, Format::Compose, environment, &mut settings)?;
    }
    Ok(settings)
}

/// Reads one environment file into what others set.
pub(super) fn read_one(
    resolver: &mut Resolver<'_>,
    file: &Path,
    format: Format,
    outer: &dyn Variables,
    settings: &mut Settings,
) -> Result<(), Fault> {
    let (number, text) = resolver.sources.read(file)?;
    let room = &mut resolver.room;
    let read = dotenv::read(&text, number, format, outer, settings, room);
    resolver.sources.show(number, mask::environment(&text, number, settings));
    read.map_err(|wrong| resolver.sources.fault(wrong))
}
