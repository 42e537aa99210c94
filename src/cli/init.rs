//! `deskcast init`: settings, an example campaign and a store, to begin with.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::journal::store::Creation;
use crate::settings::Settings;

const SETTINGS: &str = include_str!("init/deskcast.toml");
const CAMPAIGN: &str = include_str!("init/example.toml");
const CUSTOMERS: &str = include_str!("init/example.csv");

/// Arguments of `deskcast init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The folder to make them in
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

/// Makes what is not there yet; refuses a folder that is set up already.
pub(super) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let folder = std::path::absolute(&args.folder).unwrap_or_else(|_| args.folder.clone());
    let files = [
        ("deskcast.toml", SETTINGS),
        ("campaigns/example.toml", CAMPAIGN),
        ("campaigns/audiences/example.csv", CUSTOMERS),
    ];
    let store = folder.join("deskcast.db");
    let paths = files.iter().map(|(name, _)| folder.join(name));
    if let Some(there) = paths.chain([store]).find(|path| path.exists()) {
        return Err(Failure::mistake(format!(
            "{} is there already: nothing was changed. deskcast init is for a folder without any of its files; for \
             a store alone: deskcast store create",
            there.display()
        )));
    }
    let mut text = String::new();
    for (name, content) in files {
        let path = folder.join(name);
        write_new(&path, content).map_err(|error| {
            Failure::mistake(format!("{} cannot be written: {error}", path.display()))
        })?;
        text += &format!("made {}\n", path.display());
    }
    // As the commands will find it: the environment may name another one.
    let settings = Settings::load_for_process(Some(&folder.join("deskcast.toml")))?;
    let store = settings.store.url;
    let made = store
        .create()
        .map_err(|error| Failure::mistake(error.to_string()))?;
    text += &match made {
        Creation::Made => format!("made {}\n", store.place()),
        Creation::Exists => format!("{} is there already and is used\n", store.place()),
    };
    print(&(text + &next(&folder)))?;
    Ok(Exit::Done)
}

fn next(folder: &Path) -> String {
    let is_here =
        std::env::current_dir().is_ok_and(|here| here == folder.components().collect::<PathBuf>());
    let enter = match is_here {
        true => String::new(),
        false => format!("  cd {}\n", folder.display()),
    };
    format!(
        "\nTo practise, beside deskcast sandbox in a second terminal:\n{enter}  \
         (umask 077; echo sandbox > token)\n  deskcast run example --dry-run\n\
         For your Desk, edit deskcast.toml and put its token into the file token.\n"
    )
}

fn write_new(path: &Path, content: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content.as_bytes())
}
