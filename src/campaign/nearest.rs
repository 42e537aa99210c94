//! "Did you mean …?": the known word nearest to one that is not known.

/// The word of `known` that `word` was most likely meant to be, or none when none is near.
///
/// Near is: one typing mistake (a letter added, left out, swapped or wrong) for each three letters
/// begun, upper and lower case alike, or one of the two being the beginning of the other.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.trim().to_lowercase();
    let allowed = word.chars().count().div_ceil(3).min(4);
    known
        .into_iter()
        .filter_map(|candidate| Some((distance(&word, candidate, allowed)?, candidate)))
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

fn distance(word: &str, candidate: &str, allowed: usize) -> Option<usize> {
    let folded = candidate.to_lowercase();
    let typed = strsim::damerau_levenshtein(word, &folded);
    if typed <= allowed && typed < folded.chars().count() {
        return Some(typed);
    }
    let (short, long) = if word.len() < folded.len() {
        (word, folded.as_str())
    } else {
        (folded.as_str(), word)
    };
    // Worse than every typing mistake, better than nothing.
    (short.len() >= 3 && long.starts_with(short)).then_some(allowed + typed)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const KEYS: [&str; 6] = [
        "message",
        "message_file",
        "group",
        "priority",
        "customers",
        "batch_size",
    ];

    #[test]
    fn a_typing_mistake_finds_its_word() {
        assert_eq!(nearest("prioritty", KEYS), Some("priority"));
        assert_eq!(nearest("Mesage", KEYS), Some("message"));
        assert_eq!(nearest("custmoers", KEYS), Some("customers"));
        assert_eq!(nearest("batchsize", KEYS), Some("batch_size"));
    }

    #[test]
    fn a_beginning_finds_its_word() {
        assert_eq!(nearest("batch", KEYS), Some("batch_size"));
        assert_eq!(nearest("groupkey", KEYS), Some("group"));
    }

    #[test]
    fn a_stranger_finds_nothing() {
        assert_eq!(nearest("x", KEYS), None);
        assert_eq!(nearest("", KEYS), None);
        assert_eq!(nearest("timezone", KEYS), None);
        assert_eq!(nearest("ab", ["cd"]), None);
    }
}
