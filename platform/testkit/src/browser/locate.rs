//! Finding elements: by role and accessible name, which Chromium computes itself, or by selector.

use serde_json::{Value, json};

use super::Page;

/// How an element is named.
#[derive(Debug, Clone, Copy)]
pub(super) enum Locator<'a> {
    /// One of these roles, with this accessible name.
    Role(&'a [&'a str], &'a str),
    /// The first match of a selector.
    Css(&'a str),
}

/// The place on the page at which an element takes a click, in CSS pixels; or why it takes none, as a string.
const POINT: &str = r#"function () {
  let target = this.nodeType === Node.ELEMENT_NODE ? this : this.parentElement;
  if (target.disabled || target.closest("[inert]")) return "is disabled";
  // Boxes that are drawn by their label are clicked there.
  const small = target.getBoundingClientRect();
  if (target.labels?.length && (small.width < 4 || small.height < 4 || getComputedStyle(target).opacity === "0")) target = target.labels[0];
  target.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  // A link that wraps has several boxes, and the middle of them all may be in none.
  const box = [...target.getClientRects()].find(({ width, height }) => width > 0 && height > 0);
  if (!box) return "has no size";
  const x = box.x + box.width / 2, y = box.y + box.height / 2;
  const top = document.elementFromPoint(x, y);
  if (!top) return "is outside of the window";
  const label = top.closest("label");
  if (!target.contains(top) && label?.control !== this) {
    return "is covered by " + top.cloneNode(false).outerHTML;
  }
  return [x, y];
}"#;

/// Puts the cursor into a field with all its text selected.
pub(super) const SELECT: &str = r#"function () {
  this.scrollIntoView({ block: "center", behavior: "instant" });
  if (this.disabled || this.readOnly) return "cannot be changed";
  this.focus();
  this.select?.();
  return document.activeElement === this ? null : "does not take the focus";
}"#;

/// Chooses an option of a select element by its text.
pub(super) const CHOOSE: &str = r#"function (wanted) {
  const option = [...this.options].find(({ label }) => label.trim() === wanted);
  if (!option) return "has no option " + wanted;
  this.value = option.value;
  this.dispatchEvent(new Event("input", { bubbles: true }));
  this.dispatchEvent(new Event("change", { bubbles: true }));
  return null;
}"#;

impl Page {
    /// Where to click; the reason if there is no such place now.
    pub(super) async fn point(&self, locator: Locator<'_>) -> Result<(f64, f64), String> {
        match self.on_element(locator, POINT, &[]).await? {
            Value::Array(point) => match point.as_slice() {
                [x, y] => Ok((
                    x.as_f64().unwrap_or_default(),
                    y.as_f64().unwrap_or_default(),
                )),
                _ => Err("has no place".to_owned()),
            },
            Value::String(reason) => Err(reason),
            other => Err(format!("answers {other}")),
        }
    }

    /// Calls a function on the element, once.
    pub(super) async fn on_element(
        &self,
        locator: Locator<'_>,
        function: &str,
        arguments: &[Value],
    ) -> Result<Value, String> {
        let object = self.find(locator).await?;
        let arguments: Vec<Value> = arguments
            .iter()
            .map(|value| json!({ "value": value }))
            .collect();
        let parameters = json!({
            "objectId": object, "functionDeclaration": function, "arguments": arguments, "returnByValue": true,
        });
        let answer = self.call("Runtime.callFunctionOn", parameters).await?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            return Err(format!("throws {thrown}"));
        }
        Ok(answer["result"]["value"].clone())
    }

    /// The element as an object of the page. It is found anew for each try, because pages replace their parts.
    async fn find(&self, locator: Locator<'_>) -> Result<Value, String> {
        match locator {
            Locator::Css(selector) => {
                let quoted = Value::from(selector);
                let expression = format!("document.querySelector({quoted})");
                let found = self
                    .call("Runtime.evaluate", json!({ "expression": expression }))
                    .await?;
                let object = &found["result"]["objectId"];
                if object.is_null() {
                    return Err("is not there".to_owned());
                }
                Ok(object.clone())
            }
            Locator::Role(roles, name) => {
                let node = self.accessible(roles, name).await?;
                let resolved = self
                    .call("DOM.resolveNode", json!({ "backendNodeId": node }))
                    .await?;
                Ok(resolved["object"]["objectId"].clone())
            }
        }
    }

    /// The node with this role and exactly this name; failing that, the only one whose name begins with it (buttons
    /// often end with a count or a hint).
    async fn accessible(&self, roles: &[&str], name: &str) -> Result<Value, String> {
        let document = self
            .call("Runtime.evaluate", json!({ "expression": "document" }))
            .await?;
        let mut names = Vec::new();
        let mut beginnings = Vec::new();
        for role in roles {
            let parameters = json!({ "objectId": document["result"]["objectId"], "role": role });
            let answer = self.call("Accessibility.queryAXTree", parameters).await?;
            for node in answer["nodes"].as_array().into_iter().flatten() {
                let found = node["name"]["value"]
                    .as_str()
                    .unwrap_or_default()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                if node["ignored"] == true {
                    continue;
                }
                if found == name {
                    return Ok(node["backendDOMNodeId"].clone());
                }
                if found.starts_with(name) {
                    beginnings.push(node["backendDOMNodeId"].clone());
                }
                names.push(found);
            }
        }
        match beginnings.as_slice() {
            [only] => Ok(only.clone()),
            _ => Err(format!("is none of {names:?}")),
        }
    }
}
