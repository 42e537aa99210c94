//! The Debian package: made by the one command, installed by dpkg into a root of its own, used,
//! and removed.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory as _;
use deskcast::cli::Cli;
use deskcast::manual::CHAPTERS;
use deskcast::settings::{KEYS, Settings};

use crate::tool::{project, succeed, text, tool};

/// A root with nothing in it but dpkg's own files.
struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Root {
        let root = tempfile::tempdir().unwrap();
        let dpkg = root.path().join("var/lib/dpkg");
        for folder in ["info", "updates", "triggers"] {
            std::fs::create_dir_all(dpkg.join(folder)).unwrap();
        }
        std::fs::write(dpkg.join("status"), "").unwrap();
        Root(root)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// dpkg in this root. What the machine's own settings leave out, such as documentation in a
    /// container, is put in; scripts run outside, since there is no shell inside.
    fn dpkg(&self, arguments: &[&str]) -> String {
        let mut dpkg = as_root("dpkg");
        dpkg.arg(format!("--root={}", self.0.path().display()))
            .args(["--force-depends", "--force-script-chrootless"])
            .args(["--path-include=/usr/share/*", "--log=/dev/null"])
            .args(arguments);
        succeed(&mut dpkg)
    }

    /// Every file that is not dpkg's own, with its permissions.
    fn files(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path
                    .strip_prefix(self.0.path())
                    .unwrap()
                    .display()
                    .to_string();
                if name == "var/lib/dpkg" {
                } else if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                } else {
                    let mode = path.symlink_metadata().unwrap().permissions().mode() & 0o7777;
                    files.insert(format!("{name}  {mode:o}"));
                }
            }
        }
        files
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap()
    }
}

/// A program that changes owners of files, which only root may, or who passes for it.
fn as_root(program: &str) -> Command {
    let id = succeed(tool("id").arg("-u"));
    if id.trim() == "0" {
        return tool(program);
    }
    let mut command = tool("fakeroot");
    command.arg(program);
    command
}

/// Makes the package around the binary of this build, and gives its path.
fn build() -> String {
    let built = ["--built", env!("CARGO_BIN_EXE_deskcast")];
    let said = succeed(tool("deploy/package").current_dir(project("")).args(built));
    let path = said.lines().last().unwrap().to_owned();
    assert!(Path::new(&path).exists(), "{said}");
    path
}

/// The names of the commands.
fn commands() -> Vec<String> {
    let cli = Cli::command();
    cli.get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect()
}

/// The manual pages of a command and of those within it.
fn pages_of(command: &clap::Command, above: &str) -> BTreeSet<String> {
    let page = format!("{above}{}", command.get_name());
    let within = command.get_subcommands();
    let mut pages: BTreeSet<String> = within
        .flat_map(|command| pages_of(command, &format!("{page}-")))
        .collect();
    pages.insert(page);
    pages
}

#[test]
fn it_installs_what_it_should_works_and_leaves_nothing_but_what_is_the_operators() {
    let package = build();
    let name = concat!("deskcast_", env!("CARGO_PKG_VERSION"), "-1_");
    assert!(package.contains(name) && text("deploy/manual/operations.md").contains(name));
    let root = Root::new();
    root.dpkg(&["--install", &package]);
    holds_every_file(&root);
    binary_works(&root);
    settings_are_the_manual_with_debians_places(&root);
    manual_pages_are_there(&root);
    bash_completes(&root);
    nothing_is_enabled(&root);
    depends_on_what_it_needs(&package);

    // What the operator made: settings of their own, a campaign, the token.
    let own = root.text("etc/deskcast/deskcast.toml") + "# mine\n";
    std::fs::write(root.path("etc/deskcast/deskcast.toml"), &own).unwrap();
    std::fs::write(root.path("etc/deskcast/campaigns/spring.toml"), "").unwrap();
    std::fs::write(root.path("etc/deskcast/token"), "secret").unwrap();
    root.dpkg(&["--remove", "deskcast"]);
    let after = root.files().into_iter().collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("after_removal", after);
    assert_eq!(root.text("etc/deskcast/deskcast.toml"), own);

    // A new version leaves them alone.
    root.dpkg(&["--force-confold", "--install", &package]);
    assert_eq!(root.text("etc/deskcast/deskcast.toml"), own);

    root.dpkg(&["--purge", "deskcast"]);
    let after = root.files().into_iter().collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("after_purge", after);
}

fn holds_every_file(root: &Root) {
    let files: Vec<String> = root
        .files()
        .into_iter()
        .filter(|file| !file.starts_with("usr/share/man/"))
        .collect();
    insta::assert_snapshot!("installed", files.join("\n"));
}

fn binary_works(root: &Root) {
    let said = succeed(Command::new(root.path("usr/bin/deskcast")).arg("-V"));
    assert_eq!(said, concat!("deskcast ", env!("CARGO_PKG_VERSION"), "\n"));
}

fn settings_are_the_manual_with_debians_places(root: &Root) {
    let file = root.path("etc/deskcast/deskcast.toml");
    let settings = Settings::load(Some(&file), std::iter::empty(), Path::new("/"));
    let settings = settings.expect("good settings");
    let store = settings.store.url.to_string();
    assert_eq!(store, "sqlite:/var/lib/deskcast/deskcast.db");
    let campaigns = Path::new("/etc/deskcast/campaigns");
    assert_eq!(settings.campaigns.folder, campaigns);
    let text = root.text("etc/deskcast/deskcast.toml");
    let secrets = ["desk.api_token", "desk.proxy_password"];
    for key in KEYS.iter().filter(|key| !secrets.contains(key)) {
        let (_, name) = key.split_once('.').unwrap();
        assert!(text.contains(&format!("{name} = ")), "{key}");
    }
}

fn manual_pages_are_there(root: &Root) {
    let pages = root.files();
    let pages: BTreeSet<&str> = pages
        .iter()
        .filter_map(|file| {
            file.strip_prefix("usr/share/man/man1/")?
                .strip_suffix(".1.gz  644")
        })
        .collect();
    let expected = pages_of(&Cli::command(), "");
    assert_eq!(pages, expected.iter().map(String::as_str).collect());
    for chapter in CHAPTERS {
        let page = format!("man{}/{}.gz", chapter.section, chapter.man_file());
        assert!(
            root.path(&format!("usr/share/man/{page}")).exists(),
            "{page}"
        );
    }
    let packed = std::fs::File::open(root.path("usr/share/man/man1/deskcast-run.1.gz"));
    let mut page = String::new();
    let read = flate2::read::GzDecoder::new(packed.unwrap()).read_to_string(&mut page);
    read.unwrap();
    assert!(page.contains(".TH deskcast-run 1"), "{page}");
}

/// A real bash, asked what may follow "deskcast rec".
fn bash_completes(root: &Root) {
    let script = root.path("usr/share/bash-completion/completions/deskcast");
    let ask = format!(
        "source {}; COMP_WORDS=(deskcast rec); COMP_CWORD=1; _deskcast deskcast rec deskcast; echo ${{COMPREPLY[@]}}",
        script.display()
    );
    let offered = succeed(tool("bash").args(["-c", &ask]));
    assert_eq!(offered.trim(), "reconcile");
    for script in [
        "zsh/vendor-completions/_deskcast",
        "fish/vendor_completions.d/deskcast.fish",
    ] {
        let text = root.text(&format!("usr/share/{script}"));
        for command in commands() {
            assert!(text.contains(&command), "{script} does not know {command}");
        }
    }
}

/// The service waits for its token and for somebody who wants it.
fn nothing_is_enabled(root: &Root) {
    let links = root.files();
    assert!(
        !links.iter().any(|file| file.contains(".wants/")),
        "{links:?}"
    );
    let unit = root.text("usr/lib/systemd/system/deskcast.service");
    assert!(unit.contains("\nConditionPathExists=/etc/deskcast/token\n"));
    let script = root.text("var/lib/dpkg/info/deskcast.postinst");
    for word in ["enable", " start ", " restart "] {
        assert!(
            // The unit that makes the store sends nothing.
            !script
                .lines()
                .filter(|line| !line.trim_start().starts_with('#')
                    && !line.contains("deskcast-store.service"))
                .any(|line| line.contains(word))
        );
    }
}

fn depends_on_what_it_needs(package: &str) {
    let depends = succeed(tool("dpkg-deb").args(["--field", package, "Depends"]));
    for needed in ["ca-certificates", "libc6 (>= ", "libgcc-s1"] {
        assert!(depends.contains(needed), "{depends}");
    }
}
