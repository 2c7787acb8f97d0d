//! Reads README.md and docs/ the way a reader does: code blocks, tables, links.
//!
//! It knows just enough Markdown for our own pages.

use std::path::{Path, PathBuf};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// One page.
pub struct Page {
    /// Its path from the top of the repository.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// README.md and every page of docs/.
pub fn all() -> Vec<Page> {
    let folder = Path::new(REPOSITORY).join("docs");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> =
        names.map(|name| format!("docs/{}", name.to_string_lossy())).collect();
    names.retain(|name| name.ends_with(".md"));
    names.sort();
    names.insert(0, "README.md".to_owned());
    names.iter().map(|name| read(name)).collect()
}

/// One page by its path.
pub fn read(name: &str) -> Page {
    let text = std::fs::read_to_string(Path::new(REPOSITORY).join(name)).unwrap();
    Page { name: name.to_owned(), text }
}

impl Page {
    /// The code blocks of a language, each with the number of its first line.
    pub fn blocks(&self, language: &str) -> Vec<(usize, String)> {
        let (fence, mut blocks) = (format!("```{language}"), Vec::new());
        let mut lines = self.text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            if line == fence {
                let inside = lines.by_ref().take_while(|(_, line)| *line != "```");
                let text: String = inside.map(|(_, line)| format!("{line}\n")).collect();
                blocks.push((number + 2, text));
            }
        }
        blocks
    }

    /// Every line of every `sh` block.
    pub fn commands(&self) -> Vec<(usize, String)> {
        let mut commands = Vec::new();
        for (first, text) in self.blocks("sh") {
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            commands.extend(lines.map(|(number, line)| (first + number, line.to_owned())));
        }
        commands
    }

    /// Whether a line of it reads exactly so.
    pub fn has_line(&self, wanted: &str) -> bool {
        self.text.lines().any(|line| line == wanted)
    }

    /// The folder that its links start from.
    pub fn folder(&self) -> PathBuf {
        let page = Path::new(REPOSITORY).join(&self.name);
        page.parent().unwrap().to_owned()
    }

    /// Links to files of the repository.
    pub fn links(&self) -> Vec<String> {
        let targets = self.text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let inside = targets.filter(|target| !target.contains("://"));
        inside.map(|target| target.split('#').next().unwrap_or_default().to_owned()).collect()
    }

    /// Every row of every table below headings that begin so, as cells.
    fn rows(&self, heading: &str) -> Vec<(String, Vec<String>)> {
        let mut current = String::new();
        let mut rows = Vec::new();
        for line in self.text.lines() {
            if line.starts_with("## ") {
                current = line.to_owned();
            } else if line.starts_with("| `") && current.starts_with(heading) {
                let cells = line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned());
                rows.push((current.clone(), cells.collect()));
            }
        }
        rows
    }

    /// What stands in backquotes in the first column.
    pub fn first_columns(&self, heading: &str) -> Vec<String> {
        self.rows(heading).into_iter().filter_map(|(_, cells)| quoted(&cells[0])).collect()
    }

    /// Table, key and default of each key whose default is a plain value. The
    /// table of the whole file has no name.
    pub fn defaults(&self) -> Vec<(String, String, String)> {
        let table = |heading: &str| {
            let inside = heading.split('[').nth(1).unwrap_or_default();
            inside.split(['.', ']']).next().unwrap_or_default().to_owned()
        };
        let default = |(heading, cells): (String, Vec<String>)| {
            let value = cells.get(1).filter(|cell| cell.starts_with('`'))?;
            Some((table(&heading), quoted(&cells[0])?, quoted(value)?))
        };
        self.rows("## ").into_iter().filter_map(default).collect()
    }
}

fn quoted(cell: &str) -> Option<String> {
    cell.split('`').nth(1).map(str::to_owned)
}

/// Every key that the configuration reader asks for, found in its source.
pub fn keys_of_the_reader() -> Vec<String> {
    let asking = [
        "text", "texts", "boolean", "number", "whole", "range", "duration", "choice", "section",
        "sections", "path", "entries", "time", "starts", "level",
    ];
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(Path::new(REPOSITORY).join("src/config")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in asking {
            for (at, _) in code.match_indices(&format!("{word}(")) {
                let argument = code[at + word.len() + 1..].trim_start();
                let argument = argument.trim_start_matches('&').trim_start_matches("section, ");
                let key = argument.strip_prefix('"').and_then(|rest| rest.split('"').next());
                keys.extend(key.map(str::to_owned));
            }
        }
    }
    // These are asked for by the names in a table.
    keys.extend(sunkeep::actuator::switches::ALL.iter().map(|known| known.key.to_owned()));
    assert!(keys.len() > 15, "the reader has changed its words: {keys:?}");
    keys
}

/// The words of a command line; quotes group, a variable stays as it is.
pub fn words(command: &str) -> Result<Vec<String>, String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for c in command.chars() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(String::new()),
            ('|' | '>' | '<' | '&' | ';' | '`', None) => {
                return Err(format!("`{c}` is for a shell, and there is none here"));
            }
            (c, _) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    if quote.is_some() { Err("a quote is not closed".to_owned()) } else { Ok(words) }
}
