//! The tags of an XML text, one after the other: as much of XML as it takes to learn of a sheet what
//! `calamine` does not tell.

use std::borrow::Cow;
use std::io::{self, BufRead};

/// What stands between `<` and `>`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag<'a>(&'a [u8]);

impl<'a> Tag<'a> {
    /// Its name without a prefix, with a `/` before it where the tag closes an element.
    pub(super) fn name(self) -> &'a [u8] {
        let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
        let (slash, rest) = self.0.split_at(usize::from(self.0.first() == Some(&b'/')));
        let end = rest.iter().position(ends).unwrap_or(rest.len());
        let name = &rest[..end];
        match name.iter().position(|byte| *byte == b':') {
            Some(colon) if slash.is_empty() => &name[colon + 1..],
            // A closing tag is asked for with its slash, and has no prefix then.
            _ => &self.0[..slash.len() + end],
        }
    }

    /// Whether it closes the element of this name.
    pub(super) fn closes(self, name: &str) -> bool {
        let closing = self.name().strip_prefix(b"/").unwrap_or_default();
        let local = closing.rsplit(|byte| *byte == b':').next();
        local == Some(name.as_bytes())
    }

    /// Whether the element ends with it, too.
    pub(super) fn is_empty(self) -> bool {
        self.0.ends_with(b"/")
    }

    /// The attribute of this name, whatever its prefix is.
    pub(super) fn attribute(self, wanted: &str) -> Option<Cow<'a, str>> {
        let mut rest = self.0;
        loop {
            let equals = rest.iter().position(|byte| *byte == b'=')?;
            let (before, after) = (&rest[..equals], rest[equals + 1..].trim_ascii_start());
            let (quote, value) = after.split_first()?;
            let end = value.iter().position(|byte| byte == quote)?;
            let before = before.trim_ascii_end();
            let name = before.rsplit(|byte| byte.is_ascii_whitespace() || *byte == b':');
            if name.into_iter().next() == Some(wanted.as_bytes()) {
                return Some(unescape(std::str::from_utf8(&value[..end]).ok()?));
            }
            rest = &value[end + 1..];
        }
    }

    /// The number in an attribute; 1 where there is none, as for repetitions.
    pub(super) fn times(self, wanted: &str) -> u32 {
        let number = self.attribute(wanted);
        number.and_then(|text| text.parse().ok()).unwrap_or(1)
    }
}

/// Hands over every tag.
pub(super) fn each_tag(mut xml: impl BufRead, mut each: impl FnMut(Tag<'_>)) -> io::Result<()> {
    let mut text = Vec::new();
    loop {
        text.clear();
        if xml.skip_until(b'<')? == 0 || xml.read_until(b'>', &mut text)? == 0 {
            return Ok(());
        }
        // A `>` may stand in a comment, and in quotes.
        let goes_on = |text: &[u8]| match text.starts_with(b"!--") {
            true => !text.ends_with(b"-->"),
            false => text.iter().filter(|byte| **byte == b'"').count() % 2 == 1,
        };
        while goes_on(&text) {
            if xml.read_until(b'>', &mut text)? == 0 {
                return Ok(());
            }
        }
        each(Tag(text.strip_suffix(b">").unwrap_or(&text)));
    }
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    let text = named
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_names_and_attributes() {
        let xml = "<?xml version=\"1.0\"?><x:row r=\"7\" hidden = '1'><c t=\"a>b\"/><!-- <row> \" --></x:row>\
                   <sheet name=\"A &amp; B\" r:id=\"rId1\"/>";
        let mut seen = Vec::new();
        each_tag(xml.as_bytes(), |tag| {
            let name = String::from_utf8_lossy(tag.name()).into_owned();
            let attribute = |name| tag.attribute(name).map(Cow::into_owned).unwrap_or_default();
            seen.push(format!(
                "{name} r={} hidden={} name={} id={} {}",
                attribute("r"),
                attribute("hidden"),
                attribute("name"),
                attribute("id"),
                tag.closes("row")
            ));
        })
        .expect("it can be read");
        let expected = [
            "?xml r= hidden= name= id= false",
            "row r=7 hidden=1 name= id= false",
            "c r= hidden= name= id= false",
            "!-- r= hidden= name= id= false",
            "/x:row r= hidden= name= id= true",
            "sheet r= hidden= name=A & B id=rId1 false",
        ];
        assert_eq!(seen, expected);
    }
}
