//! Options from all the places they are set in: default < set < `limbeck.toml` < environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::options::{find_option, options};
use crate::{Error, Result};

/// Options as the host set them. Nothing is looked up in the environment before [`Config::resolve`].
#[derive(Clone, Debug, Default)]
pub struct Config {
    set: BTreeMap<&'static str, String>,
    loaded: BTreeMap<&'static str, String>,
    /// What a run was written with, when it is distilled later.
    inherited: BTreeMap<&'static str, String>,
    pub(crate) record: RecordTo,
}

/// Where a session is recorded.
#[derive(Clone, Debug, Default)]
pub(crate) enum RecordTo {
    /// Where `LIMBECK_RECORD` says, if it is set.
    #[default]
    Environment,
    Nowhere,
    Directory(PathBuf),
}

/// Where the value of an option comes from; later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The table.
    Default,
    /// The run that is distilled.
    Run,
    /// [`Config::set`].
    Set,
    /// A file, by [`Config::load`].
    File,
    /// A `LIMBECK_*` variable.
    Environment,
}

/// Options with a value each, and where it comes from.
#[derive(Clone, Debug)]
pub struct Options {
    values: BTreeMap<&'static str, (String, Origin)>,
}

/// Options of which only one can be aimed at.
const TARGETS: [&str; 4] = ["target.ratio", "target.psnr", "target.max_error", "target.max_relative_error"];

impl Config {
    /// Defaults only.
    pub fn new() -> Config {
        Config::default()
    }

    /// Sets one option.
    ///
    /// # Errors
    /// InvalidArgument if there is no such option (names the nearest) or the value is out of its range.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let option = find_option(key)?;
        self.set.insert(option.name, option.normalise(value)?);
        Ok(())
    }

    /// Reads a TOML file: `[target]` and `ratio = 1000`, or `target.ratio = 1000`. A job's file wins over what the
    /// code [sets](Config::set). All or nothing.
    ///
    /// # Errors
    /// Io if it cannot be read; InvalidArgument if it is no TOML, names an unknown option (names the nearest) or holds
    /// a value that is out of range.
    pub fn load(&mut self, path: &Path) -> Result<()> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| Error::Io(format!("cannot read the options in {}: {e}", path.display())))?;
        let whole: toml::Table =
            text.parse().map_err(|e| Error::InvalidArgument(format!("{}{}", path.display(), describe(&text, &e))))?;
        let mut flat = Vec::new();
        flatten("", &whole, &mut flat).map_err(|e| e.during(&path.display().to_string()))?;
        let mut loaded = self.loaded.clone();
        for (key, value) in flat {
            let option = find_option(&key).map_err(|e| e.during(&path.display().to_string()))?;
            let value = option.normalise(&value).map_err(|e| e.during(&path.display().to_string()))?;
            loaded.insert(option.name, value);
        }
        self.loaded = loaded;
        Ok(())
    }

    /// Records sessions that are opened with this to a directory, as `LIMBECK_RECORD` does for those that are not told:
    /// what is handed in is written down call by call, for [`Replay`](crate::Replay).
    pub fn record_to(&mut self, directory: &Path) {
        self.record = RecordTo::Directory(directory.to_owned());
    }

    /// The same with a run's own options below: its target, method and seed hold unless set here. `text` is what
    /// [`Options::to_toml`] wrote; what this build does not know of it is left out.
    pub(crate) fn above(&self, text: &str) -> Config {
        self.inheriting(text, |name| TARGETS.contains(&name) || crate::options::of_method().any(|n| n == name))
    }

    /// The same with the options of a recorded session below, but for those that only its machine can know.
    pub(crate) fn above_recorded(&self, text: &str) -> Config {
        let elsewhere =
            ["open.mode", "journal.dir", "queue.spill_dir", "workers.cores", "device", "workers.device_memory"];
        let wanted = |name: &str| !elsewhere.contains(&name) && !name.starts_with(crate::options::WATCHING);
        Config { record: RecordTo::Nowhere, ..self.inheriting(text, wanted) }
    }

    fn inheriting(&self, text: &str, wanted: impl Fn(&str) -> bool) -> Config {
        let mut flat = Vec::new();
        if let Ok(table) = text.parse::<toml::Table>() {
            // What is neither text nor a number is not from `to_toml`.
            let _ = flatten("", &table, &mut flat);
        }
        let known = |(key, value): (String, String)| {
            let option = find_option(&key).ok()?;
            wanted(option.name).then(|| Some((option.name, option.normalise(&value).ok()?)))?
        };
        Config { inherited: flat.into_iter().filter_map(known).collect(), ..self.clone() }
    }

    /// The value that an option has after all places were looked at.
    ///
    /// # Errors
    /// As [`Config::resolve`]; InvalidArgument if there is no such option.
    pub fn get(&self, key: &str) -> Result<String> {
        let option = find_option(key)?;
        Ok(self.resolve()?.get(option.name).to_owned())
    }

    /// Looks at all places.
    ///
    /// Variables `LIMBECK_GROUP_*` of a known group that name no option are errors, others (`LIMBECK_ROOT` and what
    /// else module systems set) are none of our business.
    ///
    /// # Errors
    /// InvalidArgument if a variable is misspelt or out of range, or two targets are set in the same place.
    pub fn resolve(&self) -> Result<Options> {
        self.resolve_in(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))))
    }

    fn resolve_in(&self, environment: impl Iterator<Item = (String, String)>) -> Result<Options> {
        let mut values: BTreeMap<_, _> = options()
            .iter()
            .map(|o| Ok((o.name, (o.normalise(o.default)?, Origin::Default))))
            .collect::<Result<_>>()?;
        let layers = [
            (Origin::Run, &self.inherited),
            (Origin::Set, &self.set),
            (Origin::File, &self.loaded),
            (Origin::Environment, &from(environment)?),
        ];
        for (origin, layer) in layers {
            let given: Vec<_> = TARGETS.iter().filter(|t| layer.get(**t).is_some_and(|v| !v.is_empty())).collect();
            if let [a, b, ..] = given[..] {
                return Err(Error::InvalidArgument(format!(
                    "{a} and {b} are both set, and only one target can be aimed at: remove one"
                )));
            }
            // A target that is set in a later place is aimed at instead of one from an earlier place.
            if let [target] = given[..] {
                for other in TARGETS.iter().filter(|t| *t != target) {
                    values.insert(other, (String::new(), origin));
                }
            }
            values.extend(layer.iter().map(|(k, v)| (*k, (v.clone(), origin))));
        }
        Ok(Options { values })
    }
}

/// Options in the environment.
fn from(environment: impl Iterator<Item = (String, String)>) -> Result<BTreeMap<&'static str, String>> {
    let mut layer = BTreeMap::new();
    for (variable, value) in environment {
        let Some(rest) = variable.strip_prefix("LIMBECK_") else { continue };
        if let Some(option) = options().iter().find(|o| o.environment_variable() == variable) {
            layer.insert(option.name, option.normalise(&value).map_err(|e| e.during(&variable))?);
        } else {
            let group = rest.split_once('_').map_or("", |(group, _)| group).to_lowercase();
            if options().iter().any(|o| o.name.split_once('.').is_some_and(|(g, _)| g == group)) {
                let names: Vec<_> = options().iter().map(|o| o.environment_variable()).collect();
                let meant = crate::spelling::meant(&variable, names.iter().map(String::as_str));
                return Err(Error::InvalidArgument(format!(
                    "the environment variable {variable} names no option: {meant}"
                )));
            }
        }
    }
    Ok(layer)
}

/// What is wrong with a TOML file, and where, as the rest of a sentence that begins with its path. The words of the
/// parser alone do not lead to what is wrong most often: text without quotes.
fn describe(text: &str, e: &toml::de::Error) -> String {
    let begin = e.span().map_or(0, |span| span.start);
    let before = text.get(..begin).unwrap_or(text);
    let number = before.matches('\n').count();
    let line = text.lines().nth(number).unwrap_or_default().trim();
    let unquoted = line.split_once('=').map(|(_, v)| v.trim()).is_some_and(|v| v.starts_with(char::is_alphabetic));
    let hint = if unquoted { "; text needs quotes: \"...\"" } else { "" };
    let shown: String = line.chars().take(60).collect();
    format!(", line {}: {} in `{shown}`{hint}", number + 1, e.message())
}

fn flatten(prefix: &str, table: &toml::Table, into: &mut Vec<(String, String)>) -> Result<()> {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let text = match value {
            toml::Value::Table(inner) => {
                flatten(&key, inner, into)?;
                continue;
            }
            toml::Value::String(s) => s.clone(),
            toml::Value::Integer(n) => n.to_string(),
            toml::Value::Float(x) => x.to_string(),
            toml::Value::Boolean(b) => b.to_string(),
            toml::Value::Array(items) if items.iter().all(toml::Value::is_integer) => {
                items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
            }
            _ => {
                return Err(Error::InvalidArgument(format!(
                    "{key} is neither text, number, yes or no, nor a list of cores"
                )));
            }
        };
        into.push((key, text));
    }
    Ok(())
}

impl Options {
    /// The value of an option in its normal form, "" if it has none or there is no such option.
    pub fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", |(value, _)| value)
    }

    /// Where the value comes from.
    pub fn origin(&self, key: &str) -> Origin {
        self.values.get(key).map_or(Origin::Default, |(_, origin)| *origin)
    }

    /// All options with their values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values.iter().map(|(k, (v, _))| (*k, v.as_str()))
    }

    /// As a TOML file that [`Config::load`] reads: what is not at its default, one option per line.
    pub fn to_toml(&self) -> String {
        self.toml_of(|_| true)
    }

    /// What a run keeps of its options: the same run has the same bytes, whoever watched it.
    pub(crate) fn of_run(&self) -> String {
        self.toml_of(|name| !name.starts_with(crate::options::WATCHING))
    }

    fn toml_of(&self, wanted: impl Fn(&str) -> bool) -> String {
        let quoted = |v: &str| toml::Value::String(v.to_owned()).to_string();
        // A target that gave way to another one is empty, and follows from the other.
        let changed = self.values.iter().filter(|(_, (v, origin))| *origin != Origin::Default && !v.is_empty());
        changed.filter(|(k, _)| wanted(k)).map(|(k, (v, _))| format!("{k} = {}\n", quoted(v))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(config: &Config, environment: &[(&str, &str)]) -> Result<Options> {
        config.resolve_in(environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    fn loaded(config: &mut Config, text: &str) -> Result<()> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        config.load(file.path())
    }

    #[test]
    fn later_places_win() {
        let mut c = Config::new();
        assert_eq!(resolve(&c, &[]).unwrap().get("target.ratio"), "1000");
        c.set("target.ratio", "10").unwrap();
        c.set("queue.bytes", "1 MiB").unwrap();
        loaded(&mut c, "queue.policy = \"drop\"\n[target]\nratio = 20\n[workers]\ncores = [1, 2]\n").unwrap();
        let o = resolve(&c, &[("LIMBECK_QUEUE_POLICY", "Block"), ("PATH", "x"), ("LIMBECK_ROOT", "/opt")]).unwrap();
        assert_eq!((o.get("target.ratio"), o.origin("target.ratio")), ("20", Origin::File));
        assert_eq!((o.get("queue.bytes"), o.origin("queue.bytes")), ("1048576", Origin::Set));
        assert_eq!((o.get("queue.policy"), o.origin("queue.policy")), ("block", Origin::Environment));
        assert_eq!(o.get("workers.cores"), "1,2");
        assert_eq!((o.get("nonfinite"), o.origin("nonfinite")), ("error", Origin::Default));
    }

    #[test]
    fn targets_conflict_within_one_place_only() {
        let mut c = Config::new();
        c.set("target.ratio", "10").unwrap();
        c.set("target.psnr", "40").unwrap();
        let e = resolve(&c, &[]).unwrap_err().to_string();
        assert!(e.contains("target.ratio") && e.contains("target.psnr"), "{e}");
        let mut c = Config::new();
        c.set("target.ratio", "10").unwrap();
        let o = resolve(&c, &[("LIMBECK_TARGET_PSNR", "40")]).unwrap();
        assert_eq!((o.get("target.ratio"), o.get("target.psnr")), ("", "40"));
        let o = resolve(&c, &[]).unwrap();
        assert_eq!((o.get("target.ratio"), o.get("target.psnr")), ("10", ""));
    }

    #[test]
    fn files_with_mistakes_change_nothing() {
        let mut c = Config::new();
        for text in
            ["[target]\nratio = 20\nrato = 3", "target.ratio = 2\nqueue.bytes = true", "= 3", "target.ratio = [[1]]"]
        {
            assert!(matches!(loaded(&mut c, text), Err(Error::InvalidArgument(_))), "{text}");
        }
        assert_eq!(resolve(&c, &[]).unwrap().get("target.ratio"), "1000");
        assert!(matches!(c.load(Path::new("/nowhere/limbeck.toml")), Err(Error::Io(_))));
    }

    #[test]
    fn files_with_mistakes_say_where() {
        let mut c = Config::new();
        let e = loaded(&mut c, "seed = 1\ndistil.when = never\n").unwrap_err().to_string();
        assert!(e.contains("line 2") && e.contains("distil.when = never") && e.contains("quotes"), "{e}");
        let e = loaded(&mut c, "seed = 1\n\n[target\nratio = 5").unwrap_err().to_string();
        assert!(e.contains("line 3") && !e.contains("quotes"), "{e}");
    }

    #[test]
    fn misspelt_variables_of_known_groups_are_errors() {
        let e = resolve(&Config::new(), &[("LIMBECK_TARGET_RATO", "3")]).unwrap_err().to_string();
        assert!(e.contains("LIMBECK_TARGET_RATO") && e.contains("LIMBECK_TARGET_RATIO"), "{e}");
        let e = resolve(&Config::new(), &[("LIMBECK_TARGET_RATIO", "many")]).unwrap_err().to_string();
        assert!(e.contains("LIMBECK_TARGET_RATIO") && e.contains("many"), "{e}");
    }

    #[test]
    fn options_survive_as_toml() {
        let mut c = Config::new();
        c.set("queue.spill_dir", "/tmp/a \"quoted\" place").unwrap();
        c.set("target.psnr", "41.5").unwrap();
        let first = resolve(&c, &[]).unwrap();
        let mut d = Config::new();
        loaded(&mut d, &first.to_toml()).unwrap();
        let second = resolve(&d, &[]).unwrap();
        assert!(first.iter().eq(second.iter()));
    }
}
