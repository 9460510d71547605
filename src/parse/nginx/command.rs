//! Which configuration a process of nginx was told to read.

/// The names of nginx's program.
const NAMES: [&str; 2] = ["nginx", "openresty"];

/// How nginx calls its first process.
const MASTER: &str = "nginx: master process ";

/// Where the packages of distributions and of nginx itself keep the configuration.
const USUAL: &str = "/etc/nginx/nginx.conf";

/// Where others do, who ship images.
const OTHERS: [&str; 3] = [
    "/usr/local/nginx/conf/nginx.conf",
    "/usr/local/openresty/nginx/conf/nginx.conf",
    "/opt/bitnami/nginx/conf/nginx.conf",
];

/// What nginx was told of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The configuration: `-c`.
    pub file: Option<String>,
    /// The prefix: `-p`.
    pub prefix: Option<String>,
}

/// Whether a file of this name is nginx.
pub fn is_program(name: &str) -> bool {
    NAMES.contains(&name)
}

/// What a process was told, by `/proc/<pid>/cmdline`; nothing where it is a worker
/// or another helper, which reads no configuration.
///
/// nginx writes its command over its own arguments, with blanks between them.
pub fn of_process(command: &str) -> Option<Told> {
    let command = command.trim_end_matches(['\0', ' ']);
    if let Some(words) = command.strip_prefix(MASTER) {
        return Some(told(words.split_whitespace().skip(1)));
    }
    let is_helper = command.starts_with("nginx: ");
    (!is_helper).then(|| told(command.split('\0').skip(1)))
}

/// What an image's command tells nginx, if it starts nginx.
pub fn of_words<'w>(words: impl Iterator<Item = &'w str>) -> Option<Told> {
    let mut words = words.flat_map(str::split_whitespace);
    words.find(|it| is_program(it.rsplit('/').next().unwrap_or_default()))?;
    Some(told(words))
}

/// The options as nginx itself reads them (`ngx_get_options`).
fn told<'w>(mut words: impl Iterator<Item = &'w str>) -> Told {
    let mut told = Told::default();
    while let Some(word) = words.next() {
        let letters = word.strip_prefix('-').unwrap_or_default();
        let Some(place) = letters.find(['c', 'e', 'g', 'p', 's']) else { continue };
        let (letter, rest) = letters.split_at(place).1.split_at(1);
        let value = if rest.is_empty() { words.next().unwrap_or_default() } else { rest };
        let value = Some(value.trim_matches(['"', '\'']).to_owned());
        match letter {
            "c" => told.file = value,
            "p" => told.prefix = value,
            _ => {}
        }
    }
    told
}

impl Told {
    /// The files of which one is the configuration. What is compiled into the program
    /// is not known, so where nothing is told it is the one that is there.
    pub fn candidates(&self, program: Option<&str>) -> Vec<String> {
        let below = |folder: &str, file: &str| format!("{}/{file}", folder.trim_end_matches('/'));
        let own = program.and_then(|it| it.strip_suffix("/sbin/nginx"));
        match (&self.file, &self.prefix) {
            (Some(file), _) if file.starts_with('/') => vec![file.clone()],
            (Some(file), Some(prefix)) => vec![below(prefix, file)],
            (Some(file), None) => {
                let own = own.map(|it| below(it, file));
                ["/etc/nginx", "/usr/share/nginx"]
                    .map(|it| below(it, file))
                    .into_iter()
                    .chain(own)
                    .collect()
            }
            (None, prefix) => {
                let own = own.map(|it| below(it, "conf/nginx.conf"));
                let others = || OTHERS.map(str::to_owned);
                let others = own.map_or_else(|| others().to_vec(), |own| vec![own]);
                let told = prefix.iter().map(|it| below(it, "conf/nginx.conf"));
                let all = told.chain([USUAL.to_owned()]).chain(others);
                all.fold(Vec::new(), |mut all, one| {
                    if !all.contains(&one) {
                        all.push(one);
                    }
                    all
                })
            }
        }
    }
}
