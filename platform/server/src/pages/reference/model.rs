//! What the reference shows, read from the description.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::schema::{self, Field};

/// All of it.
pub struct Reference {
    /// Operations by their tag, in the order of names.
    pub groups: Vec<Group>,
}

/// The operations of a tag.
pub struct Group {
    /// The tag.
    pub title: String,
    /// The tag in addresses.
    pub slug: String,
    /// Its operations.
    pub operations: Vec<Operation>,
    /// What they take and give, by name.
    pub schemas: Vec<(String, Vec<Field>)>,
}

/// An operation.
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    pub summary: String,
    pub description: String,
    pub permission: Option<String>,
    /// Whether a key may call it at all.
    pub keyed: bool,
    pub scopes: Vec<String>,
    pub parameters: Vec<Parameter>,
    pub body: Option<Body>,
    pub answers: Vec<Answer>,
}

/// A parameter of the path, the query or the headers.
pub struct Parameter {
    pub name: String,
    pub place: String,
    pub required: bool,
    pub kind: String,
    pub description: String,
}

/// What is sent.
pub struct Body {
    /// Its type, with a link to the schema.
    pub link: String,
    /// An example as JSON.
    pub example: String,
}

/// A possible answer.
pub struct Answer {
    pub status: String,
    pub description: String,
    /// Its type, with a link to the schema; empty without a body.
    pub link: String,
}

impl Reference {
    /// Reads the description of this build.
    pub fn of_this_build() -> Self {
        Self::of(&serde_json::to_value(crate::openapi::description()).unwrap_or_default())
    }

    fn of(description: &Value) -> Self {
        let schemas = &description["components"]["schemas"];
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for (path, item) in objects(&description["paths"]) {
            for (method, operation) in objects(item) {
                let title = operation["tags"][0].as_str().unwrap_or("Other").to_owned();
                let group = groups.entry(title.clone()).or_insert_with(|| Group {
                    slug: title.to_lowercase().replace(' ', "-"),
                    title,
                    operations: Vec::new(),
                    schemas: Vec::new(),
                });
                group
                    .operations
                    .push(read(path, method, operation, schemas));
                for name in schema::reached(operation, schemas) {
                    if group.schemas.iter().all(|(known, _)| *known != name) {
                        let fields = schema::fields(&schemas[&name], schemas);
                        group.schemas.push((name, fields));
                    }
                }
            }
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        for group in &mut groups {
            group.operations.sort_by(|one, other| {
                (&one.path, order(&one.method)).cmp(&(&other.path, order(&other.method)))
            });
            group.schemas.sort_by(|one, other| one.0.cmp(&other.0));
        }
        Self { groups }
    }
}

fn order(method: &str) -> usize {
    ["GET", "POST", "PUT", "PATCH", "DELETE"]
        .iter()
        .position(|known| *known == method)
        .unwrap_or(usize::MAX)
}

/// The entries of an object that are objects themselves.
fn objects(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let entries: Option<&Map<String, Value>> = value.as_object();
    entries
        .into_iter()
        .flatten()
        .filter(|(_, value)| value.is_object())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn read(path: &str, method: &str, operation: &Value, schemas: &Value) -> Operation {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let content = &operation["requestBody"]["content"]["application/json"]["schema"];
    let security = || {
        let all = operation["security"].as_array().into_iter().flatten();
        all.filter_map(|one| one["key"].as_array())
    };
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        permission: operation["x-permission"].as_str().map(str::to_owned),
        keyed: security().next().is_some(),
        scopes: security().flatten().map(text).collect(),
        parameters: parameters
            .map(|parameter| Parameter {
                name: text(&parameter["name"]),
                place: text(&parameter["in"]),
                required: parameter["required"].as_bool().unwrap_or_default(),
                kind: schema::in_words(&parameter["schema"]),
                description: text(&parameter["description"]),
            })
            .collect(),
        body: content.is_object().then(|| Body {
            link: schema::link(content),
            example: serde_json::to_string(&schema::example(content, schemas, 0))
                .unwrap_or_default(),
        }),
        answers: objects(&operation["responses"])
            .map(|(status, answer)| {
                let content = objects(&answer["content"]).next();
                Answer {
                    status: status.clone(),
                    description: text(&answer["description"]),
                    link: content.map_or_else(String::new, |(_, of)| schema::link(&of["schema"])),
                }
            })
            .collect(),
    }
}

impl Answer {
    /// Whether it says that the request was refused or failed.
    pub fn is_problem(&self) -> bool {
        self.status.starts_with(['4', '5'])
    }
}

impl Operation {
    /// The statuses of refusals and failures.
    pub fn problems(&self) -> String {
        let problems = self.answers.iter().filter(|answer| answer.is_problem());
        let statuses: Vec<&str> = problems.map(|answer| answer.status.as_str()).collect();
        statuses.join(", ")
    }

    /// Whether all of these words stand in what the operation says of itself.
    pub fn matches(&self, words: &[String]) -> bool {
        let said =
            format!("{} {} {} {}", self.summary, self.path, self.id, self.method).to_lowercase();
        words.iter().all(|word| said.contains(word))
    }

    /// How it is called from a command line.
    pub fn curl(&self, origin: &str) -> String {
        let mut lines = Vec::new();
        let method = if self.method == "GET" {
            String::new()
        } else {
            format!("-X {} ", self.method)
        };
        lines.push(format!("curl {method}\"{origin}{}\"", self.path));
        lines.push("-H \"Authorization: Bearer $ATELIER_KEY\"".to_owned());
        for parameter in &self.parameters {
            if parameter.place == "header" && parameter.required {
                lines.push(format!("-H '{}: \"1\"'", parameter.name));
            }
        }
        if let Some(body) = &self.body {
            lines.push("-H \"Content-Type: application/json\"".to_owned());
            lines.push(format!("-d '{}'", body.example));
        }
        lines.join(" \\\n  ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_build_is_in_the_reference() {
        let reference = Reference::of_this_build();
        let shown: usize = reference
            .groups
            .iter()
            .map(|group| group.operations.len())
            .sum();
        let table = crate::router::Table::new(false).facts();
        assert_eq!(shown, table.iter().filter(|route| route.api).count());
        let posts = reference
            .groups
            .iter()
            .find(|group| group.slug == "posts")
            .unwrap();
        let create = posts
            .operations
            .iter()
            .find(|one| one.id == "blog.posts.create")
            .unwrap();
        assert!(
            create.scopes.contains(&"posts:write".to_owned()),
            "{:?}",
            create.scopes
        );
        let curl = create.curl("https://northlight.example");
        assert!(
            curl.starts_with("curl -X POST \"https://northlight.example/api/v1/blog/posts\""),
            "{curl}"
        );
        assert!(curl.contains("-d '{\"title\":\"…\"}'"), "{curl}");
        // What a schema points to is there as well.
        assert!(posts.schemas.iter().any(|(name, _)| name == "Seo"));
    }

    #[test]
    fn words_are_looked_for_in_what_operations_say() {
        let reference = Reference::of_this_build();
        let count = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let all = reference.groups.iter().flat_map(|group| &group.operations);
            all.filter(|one| one.matches(&words)).count()
        };
        assert!(count(&["publish"]) >= 2);
        assert_eq!(count(&["publish", "moon"]), 0);
        assert!(count(&[]) > count(&["tag"]));
    }
}
