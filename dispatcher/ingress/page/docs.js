// Shows /openapi.json: the operations by tag, each with its parameters, body and answers.
"use strict";

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function table(head, rows) {
  const made = element("table");
  const top = element("tr");
  top.append(...head.map((word) => element("th", word)));
  made.append(top);
  for (const cells of rows) {
    const row = element("tr");
    row.append(...cells.map((cell) => element("td", cell)));
    made.append(row);
  }
  return made;
}

function kind(schema = {}) {
  const options = (schema.anyOf || [schema]).map((one) => (one.enum ? one.enum.join(" | ") : one.type || "any"));
  return options.filter((one) => one !== "null").join(" | ");
}

function operation(path, method, described) {
  const made = element("details", undefined, "operation");
  const title = element("summary");
  title.append(element("b", method.toUpperCase()), element("code", path), ` ${described.summary || ""}`);
  made.append(title, element("p", described.description || ""));
  const parameters = (described.parameters || []).map((one) => [one.name, one.in, kind(one.schema), one.description || ""]);
  if (parameters.length) made.append(table(["Parameter", "in", "type", ""], parameters));
  for (const [type, media] of Object.entries(described.requestBody?.content || {})) {
    made.append(element("h3", `Body, ${type}`), element("pre", JSON.stringify(media.example ?? media.schema, null, 2)));
  }
  made.append(table(["Answer", ""], Object.entries(described.responses).map(([status, one]) => [status, one.description])));
  return made;
}

async function show() {
  const document_ = await (await fetch("/openapi.json")).json();
  const byTag = new Map();
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      const tag = (described.tags || ["other"])[0];
      byTag.set(tag, [...(byTag.get(tag) || []), operation(path, method, described)]);
    }
  }
  const sections = [...byTag].map(([tag, operations]) => {
    const section = element("section");
    section.append(element("h2", tag), ...operations);
    return section;
  });
  document.getElementById("operations").replaceChildren(...sections);
}

show();
