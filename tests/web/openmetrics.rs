//! A reader of the OpenMetrics text format, version 1.0.0, as strict as its specification
//! (<https://prometheus.io/docs/specs/om/open_metrics_spec/>) in what is used here.

use std::collections::BTreeMap;

/// A metric family.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) unit: String,
    /// Samples: the name with its labels, as they stand there, and the value.
    pub(crate) samples: Vec<(String, f64)>,
}

/// Reads a text, or says what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<String, Family>, String> {
    let body = text
        .strip_suffix("# EOF\n")
        .ok_or("it does not end with # EOF")?;
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    for line in body.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (what, name, rest) = (words.next(), words.next(), words.next());
            let (Some(what), Some(name), Some(rest)) = (what, name, rest) else {
                return Err(format!("not understood: {line}"));
            };
            if name != current && families.contains_key(name) {
                return Err(format!("{name} is there twice, or in two places"));
            }
            name.clone_into(&mut current);
            let family = families.entry(name.to_owned()).or_default();
            match what {
                "TYPE" => rest.clone_into(&mut family.kind),
                "HELP" => rest.clone_into(&mut family.help),
                "UNIT" => rest.clone_into(&mut family.unit),
                _ => return Err(format!("not understood: {line}")),
            }
        } else {
            let family = families
                .get_mut(&current)
                .ok_or_else(|| format!("a sample before its family: {line}"))?;
            family.samples.push(sample(line, &current, &family.kind)?);
        }
    }
    for (name, family) in &families {
        check(name, family)?;
    }
    Ok(families)
}

/// A sample of the family `name`, which is of this kind.
fn sample(line: &str, name: &str, kind: &str) -> Result<(String, f64), String> {
    let wrong = || format!("not a sample of {name} ({kind}): {line}");
    let (key, value) = line.rsplit_once(' ').ok_or_else(wrong)?;
    let suffix = key
        .split('{')
        .next()
        .and_then(|full| full.strip_prefix(name))
        .ok_or_else(wrong)?;
    let fits = match kind {
        "counter" => suffix == "_total",
        "gauge" => suffix.is_empty(),
        "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
        _ => false,
    };
    if let Some((_, labels)) = key.split_once('{') {
        let labels = labels.strip_suffix('}').ok_or_else(wrong)?;
        for label in labels.split(',') {
            let (label, quoted) = label.split_once('=').ok_or_else(wrong)?;
            let named = label.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let inner = quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"'));
            if !named || inner.is_none_or(|inner| inner.contains(['"', '\\', '\n'])) {
                return Err(wrong());
            }
        }
    }
    let number = value.parse::<f64>().map_err(|_| wrong())?;
    if fits {
        Ok((key.to_owned(), number))
    } else {
        Err(wrong())
    }
}

fn check(name: &str, family: &Family) -> Result<(), String> {
    if !name.starts_with("deskcast_") || family.help.is_empty() || family.kind.is_empty() {
        return Err(format!("{name} has no type or help"));
    }
    if !family.unit.is_empty() && !name.ends_with(&format!("_{}", family.unit)) {
        return Err(format!("{name} does not end with its unit"));
    }
    let mut keys: Vec<&str> = family.samples.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(format!("{name} has a sample twice"));
    }
    Ok(())
}

#[test]
fn what_is_not_openmetrics_is_refused() {
    let good = "# HELP deskcast_x X.\n# TYPE deskcast_x counter\ndeskcast_x_total{a=\"b\"} 1\n";
    assert!(parse(&format!("{good}# EOF\n")).is_ok());
    assert!(parse(good).is_err(), "no end");
    for wrong in [
        "deskcast_x_total 1\n",
        "# TYPE deskcast_x counter\ndeskcast_x_total 1\n",
        "# HELP deskcast_x X.\n# TYPE deskcast_x counter\ndeskcast_x 1\n",
        "# HELP deskcast_x X.\n# TYPE deskcast_x gauge\ndeskcast_x one\n",
        "# HELP deskcast_x X.\n# TYPE deskcast_x gauge\ndeskcast_x 1\ndeskcast_x 2\n",
        "# HELP deskcast_x X.\n# TYPE deskcast_x gauge\n# UNIT deskcast_x seconds\n",
    ] {
        assert!(parse(&format!("{wrong}# EOF\n")).is_err(), "{wrong}");
    }
}
