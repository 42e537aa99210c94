//! From files to a plan: opens what a definition names and streams it through the planner.
//!
//! Reading and planning run on two threads with a few blocks between them, so that a file of any
//! size takes about as long as reading it and as much memory as the set of its ids.

use std::cell::Cell;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, mpsc};

use super::customer_file::CustomerFile;
use super::near_file::near_file;
use super::plain_file;
use super::texts::{message_of, variants_of};
use crate::campaign::{
    AudienceError, AudienceReader, AudienceSpec, Block, CampaignName, Definition, FileLine,
    InnerPath, InvalidRow, ListFile, Seen,
};
use crate::delivery::directory::Directory;
use crate::delivery::plan::{PlanSink, PlanSummary, Planner};
use crate::delivery::request::Template;
use crate::delivery::rules::Rules;
use crate::delivery::variant::{Variant, Varied};

/// Blocks between the two threads.
const BLOCKS: usize = 8;
/// How many blocks are looked at before it is guessed how many rows the file has: so many that
/// what the reader holds back in its buffer does not count.
const SAMPLE_BLOCKS: u32 = 32;
/// The set of ids is not made larger than this on a guess.
const MOST_EXPECTED: u128 = 20_000_000;

/// Something an operator wrote is wrong: the message says what, where and what to do. It may have
/// several lines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mistake(pub String);

/// A definition with the texts and paths it names.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// What the file says.
    pub definition: Definition,
    /// The text of the message; where there are variants, the first one's.
    pub message: String,
    /// Its variants with their texts; none where everybody is told the same.
    pub variants: Vec<Variant>,
    /// The customer files.
    pub customers: Vec<PathBuf>,
    /// The lists of those whom it excludes.
    pub exclude: Vec<ListFile>,
    /// Who is messaged instead of the customers of the file.
    pub chosen: Option<Chosen>,
    /// Who is behind the Sendbird user ids that it lists; nobody else can be planned of those.
    pub directory: Arc<Directory>,
}

/// Who is messaged instead of all customers of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The customers, each with its line or place, in order.
    pub customers: Vec<(u64, u64)>,
    /// What the lines are those of.
    pub from: String,
    /// Who they are, in words.
    pub what: String,
    /// Whether it is a test send.
    pub test: bool,
}

/// The file of a campaign: NAME in the campaigns folder, or a path to a `.toml` file.
pub fn locate(name: &str, folder: &Path) -> Result<(CampaignName, PathBuf), Mistake> {
    let is_path = name.ends_with(".toml") || name.contains('/');
    let path = if is_path {
        PathBuf::from(name)
    } else {
        folder.join(format!("{name}.toml"))
    };
    // A file of the folder by its name alone, where it does not lie here.
    if is_path && !path.exists() && !name.contains('/') && folder.join(name).is_file() {
        return Err(Mistake(format!(
            "{name} does not exist; did you mean \"{}\"?",
            folder.join(name).display()
        )));
    }
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let wrong = |error| {
        if is_path {
            Mistake(format!("{name}: {error}"))
        } else {
            Mistake(format!("{error}"))
        }
    };
    let name = CampaignName::new(&stem).map_err(wrong)?;
    Ok((name, path))
}

impl Campaign {
    /// Whether another version of it means the same.
    pub fn says_the_same(&self, other: &Campaign) -> bool {
        self.definition == other.definition
            && self.message == other.message
            && self.variants == other.variants
    }

    /// Reads the definition in this file, and the message it names. `styled` colours mistakes.
    pub fn read(name: CampaignName, path: &Path, styled: bool) -> Result<Campaign, Mistake> {
        let definition = read_definition(name, path, styled)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let message = message_of(&definition, folder)?;
        let variants = variants_of(&definition, folder)?;
        let all_inside = |files: &[InnerPath]| -> Result<Vec<PathBuf>, Mistake> {
            let paths = files.iter().map(|file| inside(folder, file.as_path()));
            paths.collect()
        };
        let customers = all_inside(&definition.customers.files)?;
        let exclude = definition.customers.exclude.iter();
        let exclude = exclude.map(|list| {
            Ok(ListFile {
                path: inside(folder, list.path.as_path())?,
                may_be_empty: list.may_be_empty,
            })
        });
        let exclude = exclude.collect::<Result<_, Mistake>>()?;
        Ok(Campaign {
            definition,
            message,
            variants,
            customers,
            chosen: None,
            directory: Arc::default(),
            exclude,
        })
    }

    /// One that no file stands behind, with its text. Who is messaged is chosen.
    pub fn without_file(definition: Definition, message: String) -> Campaign {
        Campaign {
            definition,
            message,
            variants: Vec::new(),
            customers: Vec::new(),
            exclude: Vec::new(),
            chosen: None,
            directory: Arc::default(),
        }
    }

    /// The templates of its requests, in the name of this agent.
    pub fn templates(&self, agent_id: u64) -> Varied<Template> {
        let Definition {
            name,
            group,
            priority,
            ..
        } = &self.definition;
        Varied::of_texts(name, &self.message, &self.variants, |text| {
            Template::new(text, group, agent_id, *priority)
        })
    }

    /// The customer files, for people.
    pub fn customers_shown(&self) -> String {
        let names: Vec<String> = self
            .customers
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        names.join(", ")
    }
}

/// What the definition in this file says. `styled` colours mistakes.
pub(super) fn read_definition(
    name: CampaignName,
    path: &Path,
    styled: bool,
) -> Result<Definition, Mistake> {
    let bytes = plain_file::read(path).map_err(|error| missing(&name, path, &error))?;
    let shown = path.display().to_string();
    Definition::parse_bytes(name, &bytes)
        .map_err(|problems| Mistake(problems.render(&shown, styled).trim_end().to_owned()))
}

fn missing(name: &CampaignName, path: &Path, error: &std::io::Error) -> Mistake {
    if error.kind() != std::io::ErrorKind::NotFound {
        return Mistake(format!(
            "{}: the campaign cannot be read: {error}",
            path.display()
        ));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut with_ending = path.as_os_str().to_owned();
    with_ending.push(".toml");
    if Path::new(&with_ending).is_file() {
        return Mistake(format!(
            "{} does not exist; did you mean \"{}\"?",
            path.display(),
            Path::new(&with_ending).display()
        ));
    }
    if let Some(near) = near_file(path) {
        return Mistake(format!(
            "there is no campaign \"{name}\": {} does not exist; there is {near} beside it, which is no campaign \
             by this name: rename it to {name}.toml",
            path.display()
        ));
    }
    let names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            entry
                .ok()?
                .file_name()
                .to_str()?
                .strip_suffix(".toml")
                .map(str::to_owned)
        })
        // The settings lie there where somebody stands in the wrong folder.
        .filter(|name| name != "deskcast")
        .collect();
    let hint = match crate::campaign::nearest(name.as_str(), names.iter().map(String::as_str)) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None if !folder.is_dir() => format!(
            "; there is no folder {} in {}",
            folder.display(),
            std::env::current_dir().unwrap_or_default().display()
        ),
        None if names.is_empty() => format!("; {} holds no campaign", folder.display()),
        None => format!("; {} holds: {}", folder.display(), listed(names)),
    };
    Mistake(format!(
        "there is no campaign \"{name}\": {} does not exist{hint}",
        path.display()
    ))
}

fn listed(mut names: Vec<String>) -> String {
    names.sort();
    let more = names.len().saturating_sub(8);
    names.truncate(8);
    let shown = names.join(", ");
    if more > 0 {
        format!("{shown} and {more} more")
    } else {
        shown
    }
}

/// The path, which must not lead out of the folder of its definition by a symbolic link either.
pub(super) fn inside(folder: &Path, file: &Path) -> Result<PathBuf, Mistake> {
    let path = folder.join(file);
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    if let (Ok(real), Ok(real_folder)) = (path.canonicalize(), folder.canonicalize())
        && !real.starts_with(&real_folder)
    {
        return Err(Mistake(format!(
            "{}: is a link that leads out of the folder {}; put the file itself there",
            path.display(),
            folder.display()
        )));
    }
    Ok(path)
}

/// Why a plan was not made.
#[derive(Debug)]
pub enum PlanError<E> {
    /// The customer file is wrong.
    Mistake(Mistake),
    /// The sink failed.
    Sink(E),
}

/// Streams the customers of a campaign through a planner into `sink`; whom `rules` name is left
/// out.
///
/// Invalid rows are counted, not refused: what to do about them is the caller's decision, once all
/// of them are known.
pub fn plan<S: PlanSink + ?Sized>(
    campaign: &Campaign,
    templates: &Varied<Template>,
    url: &str,
    rules: Rules,
    sink: &mut S,
) -> Result<PlanSummary, PlanError<S::Error>> {
    if let Some(chosen) = &campaign.chosen {
        return plan_chosen(chosen, campaign, templates, url, rules, sink).map_err(PlanError::Sink);
    }
    let mistake = |file: usize, what: String| {
        let path = campaign.customers.get(file).map(|path| path.display());
        let path = path.map_or_else(String::new, |path| path.to_string());
        PlanError::Mistake(Mistake(format!("{path}: {what}")))
    };
    let mut files = Vec::new();
    for (file, path) in campaign.customers.iter().enumerate() {
        files.push(CustomerFile::open(path).map_err(|what| mistake(file, what))?);
    }
    let size = files.iter().map(CustomerFile::size).sum();
    let definition = &campaign.definition;
    let spec = spec_of(definition);
    let by_name = definition.customers.by_sendbird_id;
    let (full, blocks) = mpsc::sync_channel::<Result<Portion, FileError>>(BLOCKS);
    let (empty, spares) = mpsc::sync_channel::<Block>(BLOCKS);
    std::thread::scope(|scope| {
        scope.spawn(move || read_files(files, (&spec, by_name), &full, &spares));
        let mut planner = planner_of(campaign, templates, url, rules);
        let (mut count, mut rows) = (0, 0);
        let mut files = Vec::new();
        for portion in blocks {
            let portion = portion.map_err(|(file, error)| mistake(file, error.to_string()))?;
            let (block, bytes_read) = match portion {
                Portion::Rows { block, bytes_read } => (block, bytes_read),
                Portion::End(seen) => {
                    files.push(*seen);
                    continue;
                }
            };
            count += 1;
            rows += block.rows as u64;
            if count == SAMPLE_BLOCKS {
                planner.expect(expected_rows(size, bytes_read, rows));
            }
            planner.block(&block, sink).map_err(PlanError::Sink)?;
            // The reader may be through already, and then needs no block any more.
            let _ = empty.try_send(block);
        }
        let summary = planner.finish(sink).map_err(PlanError::Sink)?;
        Ok(PlanSummary { files, ..summary })
    })
}

fn planner_of<'a>(
    campaign: &Campaign,
    templates: &'a Varied<Template>,
    url: &str,
    rules: Rules,
) -> Planner<'a> {
    let definition = &campaign.definition;
    let mut planner = Planner::new(templates, url, definition.batch_size.get(), rules);
    let test = campaign.chosen.as_ref().is_some_and(|chosen| chosen.test);
    let canary = definition.restraints.canary.filter(|_| !test);
    planner.look_in(Arc::clone(&campaign.directory));
    planner.cut_after(canary.map(|canary| canary.customers));
    planner
}

fn plan_chosen<S: PlanSink + ?Sized>(
    chosen: &Chosen,
    campaign: &Campaign,
    templates: &Varied<Template>,
    url: &str,
    rules: Rules,
    sink: &mut S,
) -> Result<PlanSummary, S::Error> {
    // A test send goes to whoever is named, whenever they were messaged, unless they are to be left
    // alone.
    let rules = if chosen.test { rules.lists() } else { rules };
    let mut planner = planner_of(campaign, templates, url, rules);
    let (ids, lines) = chosen.customers.iter().copied().unzip();
    let mut block = Block::default();
    (block.ids, block.lines) = (ids, lines);
    planner.block(&block, sink)?;
    planner.finish(sink)
}

/// What comes of reading.
enum Portion {
    /// A block, and how many bytes of the files were read by then.
    Rows { block: Block, bytes_read: u64 },
    /// A file is through, and this was seen of it.
    End(Box<Seen>),
}

/// An error and the file it is in, from 0.
type FileError = (usize, AudienceError);

/// Where ids and conditions stand in the files of a campaign.
pub(super) fn spec_of(definition: &Definition) -> AudienceSpec {
    AudienceSpec {
        column: definition.column.clone(),
        delimiter: definition.delimiter,
        sheet: definition.sheet.clone(),
        conditions: definition.customers.conditions.clone(),
    }
}

/// The rows of a file of `size` bytes, going by its beginning. A packed file is read in larger
/// pieces than it looks, so that the guess is low: that costs time and nothing else.
fn expected_rows(size: u64, bytes_read: u64, rows: u64) -> usize {
    let rows = u128::from(size) * u128::from(rows) / u128::from(bytes_read.max(1));
    rows.min(MOST_EXPECTED) as usize
}

/// Reads one file after the other, until nobody listens any more.
fn read_files(
    files: Vec<CustomerFile>,
    spec: (&AudienceSpec, bool),
    full: &mpsc::SyncSender<Result<Portion, FileError>>,
    spares: &mpsc::Receiver<Block>,
) {
    let bytes_read = Rc::new(Cell::new(0));
    for (number, file) in files.into_iter().enumerate() {
        let input = Counted {
            file,
            bytes: Rc::clone(&bytes_read),
        };
        let portion = |mut block: Block| {
            if number > 0 {
                block.set_file(number);
            }
            let bytes_read = bytes_read.get();
            full.send(Ok(Portion::Rows { block, bytes_read })).is_ok()
        };
        match read_blocks(input, spec, spares, portion) {
            Ok(Some(seen)) => {
                let _ = full.send(Ok(Portion::End(Box::new(seen))));
            }
            Ok(None) => return,
            Err(error) => {
                let _ = full.send(Err((number, error)));
                return;
            }
        }
    }
}

/// Hands over the blocks of a file, and gives what was seen of it; nothing when nobody took one.
fn read_blocks(
    input: Counted,
    (spec, by_name): (&AudienceSpec, bool),
    spares: &mpsc::Receiver<Block>,
    hand_over: impl Fn(Block) -> bool,
) -> Result<Option<Seen>, AudienceError> {
    let mut reader = match by_name {
        true => AudienceReader::by_name(input, spec)?,
        false => AudienceReader::new(input, spec)?,
    };
    loop {
        let mut block = spares.try_recv().unwrap_or_default();
        if !reader.next_block(&mut block)? {
            return Ok(Some(reader.seen()));
        }
        if !hand_over(block) {
            return Ok(None);
        }
    }
}

/// A file that counts what is read of it.
struct Counted {
    file: CustomerFile,
    bytes: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}

/// How many rows are invalid, and the first of them by line; where there are several files, with
/// the names of theirs.
pub fn invalid_rows_sentence(names: &[InnerPath], rows: &[InvalidRow], count: u64) -> String {
    let have = if count == 1 { "row has" } else { "rows have" };
    let mut text = format!("{count} {have} no valid customer id");
    for row in rows {
        let FileLine { file, line } = FileLine::unpacked(row.line);
        let of = match (names.len(), names.get(file)) {
            (2.., Some(name)) => format!("{} ", name.as_path().display()),
            _ => String::new(),
        };
        text.push_str(&format!(
            "\n  {of}line {line}: \"{}\" {}",
            row.value.escape_debug(),
            row.why
        ));
    }
    let more = count - rows.len() as u64;
    if more > 0 {
        text.push_str(&format!("\n  and {more} more"));
    }
    text
}
