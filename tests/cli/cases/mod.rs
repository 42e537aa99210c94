//! Files and texts that went wrong for real people, one test for each: what is refused, in which
//! words, what is warned of, and who is planned. The files are in `tests/cases`; what is large or no
//! text is made by its test.

mod files;
mod lists;
mod reports;
mod rows;
mod texts;

use std::path::Path;

use serde_json::Value;

use crate::stage::scene::{Ended, Scene, finish};

/// A Desk at which nobody listens: what is tested here is said before anybody is called.
const NOWHERE: &str = "http://127.0.0.1:9/platform/v1";

/// A folder with the files of a case.
struct Case {
    scene: Scene,
}

impl Case {
    /// The files of a folder of `tests/cases`.
    fn of(folder: &str) -> Case {
        let case = Case::empty();
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/cases")
            .join(folder);
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            case.scene.write(name, std::fs::read(&path).unwrap());
        }
        case
    }

    fn empty() -> Case {
        let scene = Scene::new(NOWHERE);
        Case { scene }
    }

    /// A campaign to the customers of a file, with these keys besides.
    fn to(&self, file: &str, keys: &str) -> &Case {
        let customers = format!("files = [\"{file}\"]");
        self.campaign("", &format!("{customers}\n{keys}"))
    }

    /// The same but for a list.
    fn but_for(&self, list: &str, keys: &str) -> &Case {
        let exclude = format!("exclude = [\"{list}\"]\n{keys}");
        self.to("people.csv", &exclude)
    }

    /// A campaign with these keys at the top, and these about its customers.
    fn campaign(&self, top: &str, customers: &str) -> &Case {
        let message = match top.contains("message") {
            true => "",
            false => "message = \"See you on Monday.\"\n",
        };
        let text = format!("{message}{top}\ngroup = \"vip\"\n[customers]\n{customers}\n");
        self.scene.write("c.toml", text);
        self
    }

    fn dry_run(&self) -> Ended {
        let arguments = ["run", "c.toml", "--sandbox", "--dry-run", "--json"];
        finish(self.scene.deskcast(&arguments))
    }

    /// The object of a dry run that is not refused.
    #[track_caller]
    fn object(&self) -> Value {
        let ended = self.dry_run();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.json()
    }

    /// Nothing is planned, and it is said why.
    #[track_caller]
    fn is_refused(&self, words: &[&str]) {
        let ended = self.dry_run();
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{ended:?}");
        let said: Vec<&str> = ended.err.split_whitespace().collect();
        let said = said.join(" ");
        for word in words {
            assert!(said.contains(word), "{word:?} is not said: {}", ended.err);
        }
    }

    /// These are planned, and no others.
    #[track_caller]
    fn plans(&self, customers: &[u64]) {
        assert_eq!(planned(&self.object()), customers);
    }

    /// The warning of this name, which there is; and a strict campaign is refused for it.
    #[track_caller]
    fn warns(&self, name: &str) -> String {
        let object = self.object();
        let all = object["warnings"].as_array().cloned().unwrap_or_default();
        let found = all.iter().find(|it| it["name"] == name);
        let found = found.unwrap_or_else(|| panic!("{name} is not among {all:?}"));
        let strict = self.scene.run(&["run", "c.toml", "--sandbox", "--strict"]);
        assert_eq!(strict.code, Some(2), "{strict:?}");
        found["sentence"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    fn warns_of_nothing(&self) {
        assert_eq!(self.object().get("warnings"), None);
    }
}

/// Who is in the first request, in order.
fn planned(object: &Value) -> Vec<u64> {
    let ids = object["first_request"]["body"]["customerIds"].as_array();
    let ids = ids.into_iter().flatten();
    ids.map(|id| id.as_u64().unwrap()).collect()
}
