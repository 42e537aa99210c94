//! The manual's chapters, as they stand in `deploy/manual`: the same text for `deskcast help TOPIC`
//! and for the manual pages of sections 5 and 7.

mod page;
mod roff;
mod screen;

/// One chapter.
#[derive(Clone, Copy, Debug)]
pub struct Chapter {
    /// What it is asked for by, and the name of its file.
    pub name: &'static str,
    /// The section of the manual pages: 5 for what an operator writes, 7 for everything else.
    pub section: u8,
    /// Its Markdown, word for word.
    pub markdown: &'static str,
}

macro_rules! chapters {
    ($($name:literal $section:literal),* $(,)?) => {
        [$(Chapter {
            name: $name,
            section: $section,
            markdown: include_str!(concat!("../../deploy/manual/", $name, ".md")),
        }),*]
    };
}

/// Every chapter, in the order in which they are read.
pub const CHAPTERS: [Chapter; 12] = chapters![
    "campaign" 5, "audience" 5, "texts" 5, "schedule" 5, "pace" 5, "settings" 5, "operations" 7,
    "scripts" 7, "desk-api" 7, "sandbox" 7, "promise" 7, "limits" 7,
];

impl Chapter {
    /// The chapter of this name.
    pub fn named(name: &str) -> Option<&'static Chapter> {
        CHAPTERS.iter().find(|chapter| chapter.name == name)
    }

    /// What it is about, from its first heading.
    pub fn title(&self) -> &'static str {
        let heading = self.markdown.lines().next().unwrap_or_default();
        heading.split_once(": ").map_or(heading, |(_, title)| title)
    }

    /// Its text for a screen of 80 columns; with bold words where it is styled.
    pub fn screen(&self, styled: bool) -> String {
        screen::screen(self.markdown, styled)
    }

    /// The source of its manual page.
    pub fn man_page(&self) -> String {
        roff::page(self)
    }

    /// The file name of its manual page.
    pub fn man_file(&self) -> String {
        format!("deskcast-{}.{}", self.name, self.section)
    }
}
