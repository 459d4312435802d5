//! The table of calls in docs/abi.md out of limbeck.h: what its comments say, one row per call.

const BEGIN: &str = "<!-- calls -->\n";
const END: &str = "<!-- end of calls -->\n";

/// The document with the table of this header in its place.
pub fn with_table(document: &str, header: &str) -> String {
    let (before, rest) = document.split_once(BEGIN).expect("docs/abi.md has a place for its table");
    let (_, after) = rest.split_once(END).expect("the table of docs/abi.md has an end");
    format!("{before}{BEGIN}{}{END}{after}", table(header))
}

fn table(header: &str) -> String {
    let (definitions, declarations) =
        header.split_once("#ifdef __cplusplus\nextern \"C\" {").expect("limbeck.h has calls");
    let statuses: Vec<&str> = definitions[definitions.find("#define LBK_OK ").expect("the first status")..]
        .lines()
        .filter_map(|line| line.strip_prefix("#define ")?.split_whitespace().next())
        .take_while(|name| !name.starts_with("LBK_FLOAT"))
        .collect();
    let mut text = String::from(
        "\n| call | collective | thread, when | parameters | answers | since |\n|---|---|---|---|---|---|\n",
    );
    let mut comment = Vec::new();
    let mut declaration = String::new();
    for line in declarations.lines() {
        if let Some(said) = line.strip_prefix("//") {
            comment.push(said.strip_prefix(' ').unwrap_or(said));
        } else if !line.starts_with('#') {
            declaration.push_str(line);
            if declaration.ends_with(';') {
                text.push_str(&row(&declaration, &comment, &statuses));
                comment.clear();
                declaration.clear();
            }
        }
    }
    text.push('\n');
    text
}

fn row(declaration: &str, comment: &[&str], statuses: &[&str]) -> String {
    let head = declaration.split('(').next().unwrap_or_default();
    let name = head.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
    let paragraphs: Vec<Vec<&str>> = comment.split(|line| line.is_empty()).map(<[&str]>::to_vec).collect();
    let manner = paragraphs.iter().map(|p| p.join(" ")).find(|p| p.contains("Since "));
    let manner = manner.unwrap_or_else(|| panic!("the comment of {name} does not say since when there is {name}"));
    let sentences: Vec<&str> = manner.trim_end_matches('.').split(". ").collect();
    let collective = match sentences.iter().find(|s| s.to_lowercase().starts_with("collective")) {
        Some(_) => "yes",
        None => "no",
    };
    let since = sentences.iter().find_map(|s| s.strip_prefix("Since ")).unwrap_or_default();
    let returns = paragraphs.iter().find(|p| p.first().is_some_and(|l| l.starts_with("Returns")));
    let returns = returns.unwrap_or_else(|| panic!("the comment of {name} does not say what it returns")).join(" ");
    let thread = sentences[0].replace("Any thread", "any");
    format!(
        "| `{name}` | {collective} | {thread} | {} | {} | {since} |\n",
        parameters(&paragraphs),
        answers(&returns, statuses)
    )
}

/// What is said of the life of parameters: who frees them, whether they are copied.
fn parameters(paragraphs: &[Vec<&str>]) -> String {
    let list = paragraphs.iter().find(|p| p.first().is_some_and(|l| l.starts_with("- ")));
    let mut items: Vec<(String, String)> = Vec::new();
    for line in list.into_iter().flatten() {
        match line.strip_prefix("- ") {
            Some(item) => {
                let (name, said) = item.split_once(' ').unwrap_or((item, ""));
                items.push((name.to_owned(), said.trim().to_owned()));
            }
            None => {
                if let Some((_, said)) = items.last_mut() {
                    said.push(' ');
                    said.push_str(line.trim());
                }
            }
        }
    }
    let lives =
        ["frees it", "free it", "owned by the caller", "lives as long as", "set to NULL", "only read", "not owned"];
    let told = items.iter().filter_map(|(name, said)| {
        let phrase = said.split([';', ',']).find(|part| lives.iter().any(|l| part.contains(l)))?;
        let phrase = phrase.trim().trim_start_matches("which ").trim_start_matches("receives the handle ");
        Some(format!("`{name}`: {phrase}"))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn answers(returns: &str, statuses: &[&str]) -> String {
    let words = returns.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let mut named: Vec<String> = Vec::new();
    for word in words.filter(|w| statuses.contains(w) && *w != "LBK_OK") {
        let short = word.trim_start_matches("LBK_").to_owned();
        if !named.contains(&short) {
            named.push(short);
        }
    }
    if let Some((_, other)) = returns.split_once("Returns what ") {
        let other = other.split_whitespace().next().unwrap_or_default();
        named.insert(0, format!("those of `{other}`"));
    }
    if returns.contains("what failed on a worker") {
        named.push("what failed on a worker".into());
    }
    if returns.contains("any error of the distillation") {
        named.push("those of `limbeck distill`".into());
    }
    if named.is_empty() { "none".into() } else { named.join(", ") }
}
