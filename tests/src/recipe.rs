//! What people copy from `envoy/`: a configuration and the commands of the README beside it.

use std::path::PathBuf;

use crate::{Error, Result, files, program};

/// The demo, or one of the recipes.
#[derive(Clone, Debug)]
pub struct Recipe {
    name: String,
    directory: PathBuf,
    sections: Vec<Section>,
}

/// The `sallyport` commands below one heading, without the word itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Section {
    title: String,
    commands: Vec<Vec<String>>,
}

impl Recipe {
    /// `envoy/recipes/<name>`, or `envoy/demo` without a name.
    pub fn open(name: Option<&str>) -> Result<Self> {
        let directory = match name {
            Some(name) => program::repository().join("envoy/recipes").join(name),
            None => program::repository().join("envoy/demo"),
        };
        Ok(Self {
            name: name.unwrap_or("demo").to_owned(),
            sections: sections(&files::read(&directory.join("README.md"))?),
            directory,
        })
    }

    /// Envoy's configuration, with placeholders.
    pub fn configuration(&self) -> Result<String> {
        files::read(&self.directory.join("envoy.yaml"))
    }

    /// The commands below that heading.
    pub fn commands(&self, title: &str) -> Result<&[Vec<String>]> {
        let section = self.sections.iter().find(|section| section.title == title);
        section.map_or_else(
            || Err(Error::Section(self.name.clone(), title.to_owned())),
            |section| Ok(section.commands.as_slice()),
        )
    }

    /// The headings that have commands below them.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|section| section.title.as_str())
    }
}

fn sections(readme: &str) -> Vec<Section> {
    let joined = readme.replace("\\\n", " ");
    let mut sections: Vec<Section> = Vec::new();
    for line in joined.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            sections.push(Section {
                title: title.to_owned(),
                commands: Vec::new(),
            });
        } else if let (Some(command), Some(section)) =
            (line.strip_prefix("    sallyport "), sections.last_mut())
        {
            let words = command.split_whitespace().take_while(|word| *word != "#");
            section.commands.push(words.map(str::to_owned).collect());
        }
    }
    sections.retain(|section| !section.commands.is_empty());
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_below_their_heading() {
        let readme = "# R\n\n## One\n\n    sallyport a b   # why\n    curl c\n    sallyport d \\\n      e\n\
                      ## Two\n\ntext `sallyport f`\n## Three\n    sallyport g\n";
        let found = sections(readme);
        let found: Vec<_> = found
            .iter()
            .map(|section| (section.title.as_str(), section.commands.concat()))
            .collect();
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(found, [("One", words("a b d e")), ("Three", words("g"))]);
    }
}
